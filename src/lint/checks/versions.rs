//! V and A: versions on the way, and APIs that end on it.

use std::collections::BTreeSet;

use super::Check;
use crate::ids::Id;
use crate::lint::desk::{Breach, Desk};
use crate::lint::found::{Found, Says, cluster_wide, namespaced, says};
use crate::model::{Part, Prediction, Step};
use crate::units::KubeVersion;
use crate::versions::path::{Flags, Goes, Leg, Rounds, Start, legs};
use crate::versions::releases;
use crate::versions::skew::{self, Running, violations};
use crate::versions::walk::walk;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("A01", ending_apis),
    ("V01", jump),
    ("V02", downgrade),
    ("V03", |desk, found| skewed(desk, found, "V-4", Some(true))),
    ("V04", |desk, found| skewed(desk, found, "V-4", Some(false))),
    ("V06", |desk, found| skewed(desk, found, "V-3", None)),
    ("V07", |desk, found| {
        skewed(desk, found, "V-5", None);
        skewed(desk, found, "V-7", None);
    }),
    ("V08", not_newest),
    ("V09", rounds),
];

/// Versions of the control plane on the way, the first one included.
fn way(desk: &Desk<'_>) -> Vec<KubeVersion> {
    let mut way = vec![desk.model.version.clone()];
    let Some(plan) = desk.plan else { return way };
    let steps = plan.steps.iter().filter_map(|step| match step {
        Step::UpgradeControlPlane { version, .. } => version.as_ref().or(plan.target.as_ref()),
        _ => None,
    });
    way.extend(plan.hops().chain(steps).cloned());
    way.dedup();
    way
}

fn ending_apis(desk: &Desk<'_>, found: &mut Found<'_>) {
    let last = way(desk).iter().map(KubeVersion::minor).max().unwrap_or(0);
    for used in desk.ending_apis {
        let Some(removed) = releases::removal(&used.api, &used.kind) else {
            continue;
        };
        if removed.minor > last || removed.minor <= desk.model.version.minor() {
            continue;
        }
        for name in &used.names {
            let object = match name.split_once('/') {
                Some((namespace, name)) => namespaced(&used.kind, namespace, name),
                None => cluster_wide(&used.kind, name),
            };
            let evidence = format!("{} {} is not served from 1.{} on", used.api, used.kind, removed.minor);
            found.add(says(object, evidence).fix(format!("Change it to {} before that hop.", removed.instead)));
        }
    }
}

fn jump(desk: &Desk<'_>, found: &mut Found<'_>) {
    for hop in way(desk).windows(2) {
        if hop[1].minor() > hop[0].minor() + 1 {
            let evidence = format!("from {} to {} in one hop", hop[0], hop[1]);
            let said = says(found.plan(), evidence);
            found.add(said.predicting(Prediction::Incomplete, Vec::new()));
        }
    }
}

fn downgrade(desk: &Desk<'_>, found: &mut Found<'_>) {
    for hop in way(desk).windows(2) {
        if hop[1] < hop[0] {
            let evidence = format!("from {} back to {}", hop[0], hop[1]);
            let said = says(found.plan(), evidence);
            found.add(said.predicting(Prediction::Incomplete, Vec::new()));
        }
    }
}

/// Who breaks a rule of the policy on the way, in words, and whether as the newer one.
fn breaches(desk: &Desk<'_>) -> Vec<Breach> {
    let Some(plan) = desk.plan else { return Vec::new() };
    if !plan.steps.is_empty() {
        return Steps::new(desk).breaches();
    }
    let model = desk.model;
    let versions = |control_plane: bool| -> Vec<KubeVersion> {
        let nodes = model
            .nodes
            .iter()
            .filter(|n| !n.planned && n.control_plane == control_plane);
        nodes.map(|n| n.version.clone()).collect()
    };
    let names: Vec<String> = model
        .control_plane
        .nodes
        .iter()
        .map(|&n| model.nodes[n].name.clone())
        .collect();
    let (control_plane, mut workers) = (versions(true), versions(false));
    // Workers of one version do the same: one stands for all of them.
    workers.sort();
    workers.dedup();
    let start = Start {
        names: &names,
        version: &model.version,
        flags: Flags {
            kubelets_last: plan.control_plane.kubelets_last,
            ..Flags::default()
        },
        control_plane: &control_plane,
        workers: &workers,
    };
    let legs: Vec<Leg> = plan
        .legs
        .iter()
        .filter_map(|leg| {
            let who = match leg.part {
                Part::ControlPlane => Goes::ControlPlane,
                Part::Workers => Goes::Workers,
            };
            Some(Leg {
                who,
                to: leg.version.clone()?,
            })
        })
        .collect();
    let all = walk(start, &legs).into_iter().flat_map(|passage| passage.skew);
    all.filter(|skew| !skew.kubeadms_way)
        .map(|skew| (skew.rule, skew.too_new, skew.words))
        .collect()
}

fn skewed(desk: &Desk<'_>, found: &mut Found<'_>, rule: &str, too_new: Option<bool>) {
    let mut said = BTreeSet::new();
    for (broken, newer, words) in desk.breaches(breaches) {
        let meant = *broken == rule && too_new.is_none_or(|wanted| wanted == *newer);
        if meant && said.insert(words) {
            let says: Says = says(found.plan(), words.as_str());
            found.add(says.predicting(Prediction::Skew, Vec::new()));
        }
    }
}

/// Goes explicit steps on paper.
struct Steps<'a> {
    desk: &'a Desk<'a>,
    running: Vec<Running<usize>>,
}

impl<'a> Steps<'a> {
    fn new(desk: &'a Desk<'a>) -> Self {
        let (model, minor) = (desk.model, desk.model.version.minor());
        let mut running = Vec::new();
        for node in &model.control_plane.nodes {
            for part in [
                skew::Part::ApiServer,
                skew::Part::ControllerManager,
                skew::Part::Scheduler,
            ] {
                running.push(Running::new(part, Some(node.index()), minor));
            }
        }
        if model.control_plane.nodes.is_empty() {
            running.push(Running::new(skew::Part::ApiServer, None, minor));
        }
        for (id, node) in model.nodes.iter_ids().filter(|(_, n)| !n.planned) {
            running.push(Running::new(
                skew::Part::Kubelet,
                Some(id.index()),
                node.version.minor(),
            ));
        }
        running.push(Running::new(skew::Part::Kubectl, None, minor));
        Self { desk, running }
    }

    fn breaches(mut self) -> Vec<Breach> {
        let plan = self.desk.plan;
        let before = violations(&self.running);
        let mut all = Vec::new();
        for step in plan.map_or(&[][..], |plan| &plan.steps) {
            let target = plan.and_then(|plan| plan.target.as_ref());
            let changes: Vec<(skew::Part, Option<usize>, u32)> = match step {
                Step::UpgradeControlPlane { nodes, version, .. } => {
                    let Some(to) = version.as_ref().or(target) else {
                        continue;
                    };
                    let parts = [
                        skew::Part::ApiServer,
                        skew::Part::ControllerManager,
                        skew::Part::Scheduler,
                    ];
                    let of_node = |node: usize| parts.map(|part| (part, Some(node), to.minor()));
                    nodes.iter().flat_map(|node| of_node(node.index())).collect()
                }
                Step::UpgradeNode { node, version, .. } => {
                    let Some(to) = version.as_ref().or(target) else {
                        continue;
                    };
                    let mut changes = vec![(skew::Part::Kubelet, Some(node.index()), to.minor())];
                    // With a control-plane node goes the kubectl that is used there.
                    let kubectl = self.desk.model.nodes[*node].control_plane;
                    changes.extend(kubectl.then_some((skew::Part::Kubectl, None, to.minor())));
                    changes
                }
                _ => continue,
            };
            for (part, host, minor) in changes {
                for one in &mut self.running {
                    if one.part == part && one.host == host {
                        one.minor = minor;
                    }
                }
                let name = |host: usize| self.desk.model.nodes[crate::ids::NodeId::from_index(host)].name.clone();
                let new = violations(&self.running)
                    .into_iter()
                    .filter(|v| !before.iter().any(|b| b.key() == v.key()));
                all.extend(new.map(|v| (v.rule.id(), v.is_too_new(), v.words(name))));
            }
        }
        all
    }
}

fn not_newest(desk: &Desk<'_>, found: &mut Found<'_>) {
    let Some(target) = desk.plan.and_then(|plan| plan.target.as_ref()) else {
        return;
    };
    let newest = releases::newest(target.minor());
    if let Some(newest) = newest.filter(|newest| newest > target) {
        let said = says(found.plan(), format!("{target}, and {newest} is out"));
        found.add(said.patch(format!("spec:\n  targetVersion: {newest}\n")));
    }
}

fn rounds(desk: &Desk<'_>, found: &mut Found<'_>) {
    let (Some(to), planned) = (way(desk).pop(), desk.rounds()) else {
        return;
    };
    let model = desk.model;
    let workers: BTreeSet<&KubeVersion> = model
        .nodes
        .iter()
        .filter(|n| !n.control_plane)
        .map(|n| &n.version)
        .collect();
    let workers: Vec<KubeVersion> = workers.into_iter().cloned().collect();
    let start = Start {
        names: &[],
        version: &model.version,
        flags: Flags::default(),
        control_plane: &[],
        workers: &workers,
    };
    let fewest = legs(start, &to, Rounds::Fewest, false);
    let fewest = fewest.iter().filter(|leg| leg.who == Goes::Workers).count();
    if planned > fewest.max(1) {
        let evidence =
            format!("{planned} rounds of the workers to {to}; versions may differ so far that {fewest} would do",);
        let patch = "spec:\n  workers: Lagging\n";
        let said = says(found.plan(), evidence).patch(patch);
        found.add(said.predicting(Prediction::Churn, Vec::new()));
    }
}
