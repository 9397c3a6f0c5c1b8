//! The cluster autoscaler and its groups of nodes.

use std::collections::BTreeMap;

use super::Builder;
use crate::ids::NodeId;
use crate::model::{Autoscaler, NodeGroup};
use crate::scenario::limits::MOST_NODES;
use crate::scenario::own::{AutoscalerSpec, NodeGroupSpec};
use crate::scenario::text::{At, Place};
use crate::units::Span;

impl Builder<'_> {
    pub(super) fn autoscaler(&mut self) {
        let documents = self.documents;
        let Some((_, cluster)) = &documents.cluster else { return };
        let Some(At { value: spec, place }) = &cluster.autoscaler else {
            return;
        };
        let groups = self.node_groups(spec, *place);
        self.model.autoscaler = Some(Autoscaler {
            scan_interval: self.positive(spec.scan_interval.as_ref(), Span::from_secs(10)),
            unneeded_time: spec
                .scale_down_unneeded_time
                .as_ref()
                .map_or(Span::from_secs(600), |d| d.0),
            threshold: self.thousandths(spec.scale_down_utilization_threshold.as_ref(), "the threshold", 500),
            groups,
        });
        self.assume(
            "the cluster autoscaler removes empty nodes only: nodes whose few pods would fit elsewhere stay, and no \
             nodes come for pods that are pending",
        );
    }

    fn node_groups(&mut self, spec: &AutoscalerSpec, place: Place) -> Vec<NodeGroup> {
        let Some(groups) = &spec.node_groups else {
            let all = NodeGroupSpec::default();
            return self.node_group(&all, place, &mut Vec::new()).into_iter().collect();
        };
        let mut taken = Vec::new();
        let built = groups.iter().map(|g| self.node_group(&g.value, g.place, &mut taken));
        built.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    fn node_group(
        &mut self,
        group: &NodeGroupSpec,
        place: Place,
        taken: &mut Vec<(NodeId, Place)>,
    ) -> Option<NodeGroup> {
        let selector: &BTreeMap<String, String> = &group.node_selector;
        let nodes = self.workers(selector);
        if nodes.is_empty() {
            if !self.documents.damaged && !self.model.nodes.is_empty() {
                self.wrong(place, "the autoscaler's group selects no worker node");
            }
            return None;
        }
        for &node in &nodes {
            if let Some(&(_, first)) = taken.iter().find(|(n, _)| *n == node) {
                let text = format!("the node `{}` is in two groups", self.model.nodes[node].name);
                let problem = crate::scenario::diagnostic::Problem::at(place, text);
                self.problems.push(problem.and(first, "the other one"));
                return None;
            }
        }
        taken.extend(nodes.iter().map(|&n| (n, place)));
        let size = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let min = group.min.as_ref().map_or(size, |min| self.count(min, MOST_NODES));
        let flags = self.model.nodes.ids().map(|n| nodes.contains(&n)).collect();
        self.model.node_sets.push(flags);
        Some(NodeGroup {
            min,
            nodes: self.model.node_sets.len() - 1,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000"
    )]
    pub(super) fn thousandths(&mut self, given: Option<&At<f64>>, what: &str, default: u64) -> u64 {
        let Some(given) = given else { return default };
        if !(0.0..=1.0).contains(&given.value) {
            let text = format!("{what} must be between 0 and 1, not {}", given.value);
            self.wrong(given.place, text);
            return default;
        }
        (given.value * 1000.0).round() as u64
    }
}
