//! Where pods are at the end of a run.

use std::collections::BTreeMap;

use crate::metrics::Report;
use crate::trace::{NodeResult, Preamble};

/// Pods by node.
pub(super) type Pods<'a> = BTreeMap<&'a str, u64>;

/// A node that can run them.
pub(super) struct Place<'a> {
    zone: Option<&'a str>,
    /// How many it runs.
    pub(super) pods: u64,
}

/// How many pods run where at the end: of one workload, or of all that are recreated elsewhere.
pub(super) fn pods<'a>(report: &'a Report, workload: Option<&str>) -> Pods<'a> {
    let mut pods = Pods::new();
    for (name, places) in &report.cluster.placement_after {
        if workload.is_none_or(|wanted| wanted == name) {
            for (node, count) in places {
                *pods.entry(node).or_default() += u64::from(*count);
            }
        }
    }
    pods
}

/// The nodes that are there at the end and are not control plane.
pub(super) fn nodes<'a>(report: &Report, preamble: &'a Preamble, pods: &Pods<'_>) -> Vec<Place<'a>> {
    let known = preamble.nodes.iter();
    known
        .filter(|node| !node.control_plane)
        .filter(|node| {
            let reported = report.nodes.iter().find(|r| r.name == node.name);
            // A replaced node is gone; one that the plan was to create may never have come.
            reported.is_some_and(|r| r.result != Some(NodeResult::Replaced))
                && (!node.planned || pods.contains_key(node.name.as_str()))
        })
        .map(|node| Place {
            zone: node.zone.as_deref(),
            pods: pods.get(node.name.as_str()).copied().unwrap_or(0),
        })
        .collect()
}

/// The most less the fewest; `None` where there are no nodes.
pub(super) fn node_skew(nodes: &[Place<'_>]) -> Option<u64> {
    spread(nodes.iter().map(|n| n.pods))
}

/// The same over zones; `None` where no node has one.
pub(super) fn zone_skew(nodes: &[Place<'_>]) -> Option<u64> {
    let mut zones: BTreeMap<&str, u64> = BTreeMap::new();
    for node in nodes {
        if let Some(zone) = node.zone {
            *zones.entry(zone).or_default() += node.pods;
        }
    }
    spread(zones.values().copied())
}

fn spread(counts: impl Iterator<Item = u64> + Clone) -> Option<u64> {
    Some(counts.clone().max()? - counts.min()?)
}
