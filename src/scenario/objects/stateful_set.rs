//! StatefulSet.

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetUpdateStrategy};

use super::workload::of_template;
use super::{Extras, Meta, Reading, Template};
use crate::model::{PodManagement, RolloutStrategy};
use crate::units::Span;

/// What the model needs of a StatefulSet.
#[derive(Clone, Debug)]
pub(crate) struct StatefulSetDoc {
    pub(crate) meta: Meta,
    pub(crate) replicas: u32,
    /// The ordinal of its first member.
    pub(crate) first: u32,
    pub(crate) management: PodManagement,
    pub(crate) rollout: RolloutStrategy,
    pub(crate) min_ready: Span,
    pub(crate) template: Template,
    pub(crate) extras: Option<Box<Extras>>,
    /// Names of the claim templates.
    pub(crate) claims: Vec<String>,
}

impl Reading<'_> {
    /// Reads a StatefulSet.
    pub(crate) fn stateful_set(&mut self) -> Option<StatefulSetDoc> {
        self.tree.remove("status");
        let object: StatefulSet = self.typed()?;
        let meta = self.meta(object.metadata, true);
        let Some(spec) = object.spec else {
            self.wrong(&[], "the StatefulSet has no `spec`");
            return None;
        };
        let start = spec.ordinals.and_then(|o| o.start).unwrap_or(0);
        Some(StatefulSetDoc {
            meta,
            replicas: self.replicas(spec.replicas),
            first: self.count(start, u32::MAX >> 1, &["spec", "ordinals", "start"]),
            management: self.pod_management(spec.pod_management_policy.as_deref()),
            rollout: self.stateful_set_strategy(spec.update_strategy),
            min_ready: self.min_ready(spec.min_ready_seconds),
            extras: Some(of_template(&spec.template)),
            template: self.inner(spec.template),
            claims: spec
                .volume_claim_templates
                .unwrap_or_default()
                .into_iter()
                .filter_map(|claim| claim.metadata.name)
                .collect(),
        })
    }

    fn pod_management(&mut self, policy: Option<&str>) -> PodManagement {
        match policy {
            Some("Parallel") => return PodManagement::Parallel,
            None | Some("OrderedReady") => {}
            Some(_) => self.wrong(&["spec", "podManagementPolicy"], "expected OrderedReady or Parallel"),
        }
        PodManagement::OrderedReady
    }

    fn stateful_set_strategy(&mut self, strategy: Option<StatefulSetUpdateStrategy>) -> RolloutStrategy {
        let strategy = strategy.unwrap_or_default();
        match strategy.type_.as_deref() {
            Some("OnDelete") => return RolloutStrategy::OnDelete,
            None | Some("RollingUpdate") => {}
            Some(_) => self.wrong(
                &["spec", "updateStrategy", "type"],
                "expected RollingUpdate or OnDelete",
            ),
        }
        let partition = strategy.rolling_update.and_then(|r| r.partition).unwrap_or(0);
        let path = ["spec", "updateStrategy", "rollingUpdate", "partition"];
        RolloutStrategy::Partition(self.count(partition, u32::MAX >> 1, &path))
    }
}
