//! W: workloads.

use std::collections::BTreeSet;

use super::case::{Case, count, replicated};
use super::{Finding, Found, Rule, Severity};
use crate::ids::{NodeId, WorkloadId};
use crate::model::{Mode, NodeRule, Placement, PodClass, Predicts, RolloutStrategy, Taint, TaintEffect, WorkloadKind};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "W01",
        severity: Severity::Warning,
        title: "A single replica is evicted",
        why: "Kubernetes starts its replacement only when it is gone: from then until the new pod is ready nobody answers.",
        fix: "Run two replicas with a budget, at least while the plan runs, or take a quiet hour.",
        needs: "workloads",
        source: "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
        check: lone,
    },
    Rule {
        id: "W02",
        severity: Severity::Warning,
        title: "All replicas stand in one place",
        why: "The first drain of that place hits all of them.",
        fix: "Add a topologySpreadConstraint over kubernetes.io/hostname, and restart the rollout once before the upgrade.",
        needs: "pods with their nodes",
        source: "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
        check: together,
    },
    Rule {
        id: "W03",
        severity: Severity::Warning,
        title: "There is no spare place for pods that must stand apart",
        why: "With as many replicas as places, a replacement has nowhere to go until its old node is back.",
        fix: "Bring a node first (`buffer: 1`), or let the rule be a wish (ScheduleAnyway, preferred anti-affinity).",
        needs: "required anti-affinity or hard spread constraints, nodes",
        source: "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/ (S-15, S-17)",
        check: no_spare_place,
    },
    Rule {
        id: "W04",
        severity: Severity::Warning,
        title: "A rollout can never place its first pod",
        why: "It may neither stop an old pod first (`maxUnavailable` comes to 0) nor stand beside one, and every place has one.",
        fix: "Set `maxUnavailable: 1` in the rollout strategy.",
        needs: "Deployments with required anti-affinity, nodes",
        source: "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ (W-10)",
        check: rollout_deadlock,
    },
    Rule {
        id: "W05",
        severity: Severity::Warning,
        title: "A served workload has no readiness probe",
        why: "Its pods count as ready as soon as they run: clients reach cold pods, and budgets let the next one go too early.",
        fix: "Add a readiness probe, and `minReadySeconds`.",
        needs: "workloads with their containers, Services",
        source: "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ (L-6)",
        check: no_probe,
    },
    Rule {
        id: "W06",
        severity: Severity::Warning,
        title: "Pods tolerate the cordon",
        why: "Evicted, they come back to the node that is being drained, again and again.",
        fix: "Tolerate the taints that are meant, not all of them.",
        needs: "workloads with their tolerations",
        source: "https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ (S-14)",
        check: tolerates_cordon,
    },
    Rule {
        id: "W07",
        severity: Severity::Note,
        title: "A Job may be cut off by a drain",
        why: "An evicted pod of a Job starts again from the beginning, and counts as a failure unless a podFailurePolicy ignores \
              disruptions.",
        fix: "Wait until it is done, suspend it, or ignore `DisruptionTarget` in its podFailurePolicy.",
        needs: "Jobs with pods on nodes that are drained",
        source: "https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy (W-27)",
        check: jobs,
    },
    Rule {
        id: "W08",
        severity: Severity::Warning,
        title: "A workload asks for a label that its nodes will lose",
        why: "After the upgrade no node has it: the pods stay Pending.",
        fix: "Ask for a label that stays, or label the new nodes before.",
        needs: "an UpgradePlan, workloads with node selectors",
        source: "change logs of Kubernetes (1.24: node-role.kubernetes.io/master), cloud providers' upgrade guides",
        check: lost_label,
    },
    Rule {
        id: "W09",
        severity: Severity::Note,
        title: "Pods ask not to be moved",
        why: "Some tools heed the annotation and skip or block the node, `kubectl drain` does not.",
        fix: "Remove it while the plan runs, or use a budget, which every tool heeds.",
        needs: "workloads with annotations of their pods",
        source: "https://karpenter.sh/docs/concepts/disruption/, the FAQ of cluster-autoscaler",
        check: holds,
    },
];

const HOSTNAME: &str = "kubernetes.io/hostname";
const MASTER: &str = "node-role.kubernetes.io/master";

fn lone(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.moved().filter(|(_, w)| w.desired == 1) {
        let node = case.placed[id].nodes.keys().next().map(|&n| case.node_name(n));
        let mut finding = Finding::new(case.workload_object(id), "it has 1 replica, and the plan evicts it");
        if case.model.plan.is_none() {
            finding.message = "it has 1 replica: the drain of its node takes it down".to_owned();
        }
        finding = finding.field("spec.replicas").figure("replicas", workload.desired);
        if let Some(node) = node {
            finding = finding.figure("node", node);
        }
        found.push(finding.patch("spec:\n  replicas: 2\n").predicts(Predicts::Downtime(id)));
    }
}

fn together(case: &Case<'_>, found: &mut Found) {
    let zones: BTreeSet<_> = case
        .model
        .nodes
        .iter()
        .filter(|n| !n.planned)
        .filter_map(|n| n.zone)
        .collect();
    for (id, _) in case.moved() {
        let placed = &case.placed[id];
        if placed.pods < 2 || placed.nodes.is_empty() {
            continue;
        }
        let own: BTreeSet<_> = placed.nodes.keys().map(|&n| case.model.nodes[n].zone).collect();
        let finding = |says: String| Finding::new(case.workload_object(id), says).figure("pods", placed.pods);
        let name = placed.nodes.keys().next().map_or("", |&n| case.node_name(n));
        if placed.nodes.len() == 1 {
            let finding = finding(format!("all {} pods run on {name}", placed.pods)).figure("node", name);
            found.push(finding.predicts(Predicts::Downtime(id)));
        } else if let ([Some(zone)], true) = (own.iter().collect::<Vec<_>>().as_slice(), zones.len() > 1) {
            let zone = case.model.zones.get(*zone as usize).map_or("", String::as_str);
            let finding = finding(format!("all {} pods run in the zone {zone}", placed.pods));
            let finding = finding.why("A batch of that zone, or its failure meanwhile, hits all of them.");
            found.push(finding.figure("zone", zone).milder(Severity::Note));
        }
    }
}

/// The label over which pods of a workload must stand apart from each other, if there is one.
fn apart<'a>(case: &Case<'a>, id: WorkloadId, affinity_only: bool) -> Option<&'a str> {
    let own = case.model.workloads[id].class;
    let placement: &Placement = case.class(id).placement.as_deref()?;
    let anti = placement.anti_affinity.iter().find(|term| term.classes.contains(&own));
    let anti = anti.map(|term| term.topology);
    let spread = placement.spread.iter().filter(|_| !affinity_only);
    let spread = spread
        .filter(|c| c.hard && c.max_skew == 1 && c.classes.contains(&own))
        .map(|c| c.topology)
        .next();
    let topology = anti.or(spread)?;
    Some(&case.model.topologies[topology])
}

/// How many places there are for pods of a class: values of a label among its nodes.
fn places(case: &Case<'_>, class: &PodClass, label: &str) -> usize {
    let nodes = case
        .model
        .nodes
        .iter()
        .filter(|n| !n.planned && super::case::takes(class, n));
    nodes.filter_map(|n| n.label(label)).collect::<BTreeSet<_>>().len()
}

fn no_spare_place(case: &Case<'_>, found: &mut Found) {
    let extra = |pool: &super::case::PoolView<'_>| {
        let strategy = &pool.pool.strategy;
        pool.surge > 0 || strategy.buffer.round_up(100) > 0 || strategy.buffer_per_zone > 0
    };
    if !case.pools.is_empty() && case.pools.iter().all(extra) {
        return;
    }
    for (id, workload) in case.moved().filter(|(_, w)| w.desired > 1) {
        let Some(label) = apart(case, id, false) else { continue };
        let places = places(case, case.class(id), label);
        // A zone keeps other nodes while one of them is drained.
        if label == HOSTNAME && workload.desired as usize >= places && places > 0 {
            let says = format!(
                "{} must stand on different nodes, and there are {places}",
                count(workload.desired as usize, "replica")
            );
            let finding = Finding::new(case.workload_object(id), says).figure("replicas", workload.desired);
            found.push(finding.figure("nodes", places).predicts(Predicts::Pending));
        }
    }
}

fn rollout_deadlock(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.model.workloads.iter_ids() {
        let RolloutStrategy::RollingUpdate {
            max_surge,
            max_unavailable,
        } = workload.rollout
        else {
            continue;
        };
        if workload.kind != WorkloadKind::Deployment || workload.desired == 0 {
            continue;
        }
        let away = max_unavailable.round_down(workload.desired);
        // If both come to nothing, one may be unavailable (W-10).
        let beside = max_surge.round_up(workload.desired);
        let Some(label) = apart(case, id, true) else { continue };
        let places = places(case, case.class(id), label);
        if away == 0 && beside > 0 && places > 0 && workload.desired as usize >= places {
            let says = format!("its rollout may stop no pod first, and all {places} places have one");
            let finding =
                Finding::new(case.workload_object(id), says).field("spec.strategy.rollingUpdate.maxUnavailable");
            let finding = finding.figure("replicas", workload.desired).figure("places", places);
            let finding = finding.figure("maxUnavailable", max_unavailable);
            found.push(finding.patch("spec:\n  strategy:\n    rollingUpdate: {maxUnavailable: 1, maxSurge: 0}\n"));
        }
    }
}

fn no_probe(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.moved() {
        let class = case.class(id);
        let known = case.traits.workloads.get(id).is_some_and(|t| t.written);
        if class.readiness.is_none() && known && case.is_served(id) {
            let says = "a Service lists its pods, and no container has a readiness probe";
            let why = match workload.startup.as_ref() {
                Some(startup) => format!(
                    "They take about {} to start, and get requests before.",
                    startup.median()
                ),
                None => String::new(),
            };
            let finding = Finding::new(case.workload_object(id), says).why(why);
            let finding = finding.figure("minReady", workload.min_ready);
            found.push(finding.predicts(Predicts::Errors(id)));
        }
    }
}

fn tolerates_cordon(case: &Case<'_>, found: &mut Found) {
    let cordon = Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        value: String::new(),
        effect: TaintEffect::NoSchedule,
    };
    for (id, _) in case.moved() {
        let tolerations = &case.class(id).tolerations;
        if let Some(at) = tolerations.iter().position(|t| t.tolerates(&cordon)) {
            let what = if tolerations[at].key.is_none() {
                "every taint"
            } else {
                "node.kubernetes.io/unschedulable"
            };
            let finding = Finding::new(case.workload_object(id), format!("its pods tolerate {what}"));
            found.push(
                finding
                    .figure("tolerations", tolerations.len())
                    .predicts(Predicts::Moves),
            );
        }
    }
}

fn jobs(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.model.workloads.iter_ids() {
        let runs = workload.kind == WorkloadKind::Job && workload.desired > 0 && case.touches(id);
        let Some(job) = workload.job.filter(|_| runs && workload.arrivals.is_empty()) else {
            continue;
        };
        let timeout = case.drain(|d| d.timeout.is_some()).and_then(|(_, d)| d.timeout);
        let lasts = workload.run_for.as_ref().map(crate::units::Dist::median);
        if let (Some(lasts), Some(timeout)) = (lasts, timeout)
            && lasts <= timeout
            && job.ignores_disruptions
        {
            continue;
        }
        let says = format!(
            "its {} may be evicted before it is done",
            count(workload.desired as usize, "pod")
        );
        let mut finding = Finding::new(case.workload_object(id), says).figure("backoffLimit", job.backoff_limit);
        if let Some(lasts) = lasts {
            finding = finding.figure("runs", lasts);
        }
        if !job.ignores_disruptions && job.backoff_limit == 0 {
            finding = finding.why("With `backoffLimit: 0` its first eviction fails it for good.");
        }
        found.push(finding);
    }
}

/// What the pods ask of labels: required of every node that they may run on.
fn asks<'a>(class: &'a PodClass, key: &str) -> Option<Vec<&'a str>> {
    let plain = class
        .node_selector
        .iter()
        .find(|(k, _)| k == key)
        .map(|(_, v)| vec![v.as_str()]);
    let terms = class.placement.as_ref().and_then(|p| p.nodes.as_ref());
    let affinity = terms.filter(|terms| !terms.is_empty()).and_then(|terms| {
        let rules = terms
            .iter()
            .map(|t| t.labels.iter().find(|(k, _)| k == key).map(|(_, rule)| rule));
        let values = rules.map(|rule| match rule {
            Some(NodeRule::In(values)) => Some(values.iter().map(String::as_str).collect::<Vec<_>>()),
            Some(NodeRule::Exists) => Some(Vec::new()),
            _ => None,
        });
        values.collect::<Option<Vec<_>>>().map(|all| all.concat())
    });
    plain.or(affinity)
}

fn lost_label(case: &Case<'_>, found: &mut Found) {
    let Some(plan) = &case.model.plan else { return };
    let crosses = case.model.version.minor() < 24 && plan.versions().any(|v| v.minor() >= 24);
    let replaced: BTreeSet<NodeId> = case
        .pools
        .iter()
        .filter(|p| p.pool.strategy.mode != Mode::InPlace)
        .flat_map(|p| p.pool.nodes.iter().copied())
        .collect();
    for (id, workload) in case.model.workloads.iter_ids().filter(|(_, w)| w.desired > 0) {
        let class = case.class(id);
        if !replicated(workload.kind) && workload.kind != WorkloadKind::DaemonSet {
            continue;
        }
        if crosses && asks(class, MASTER).is_some() {
            let says = format!("it asks for the label {MASTER}, which kubeadm removes with 1.24");
            let finding = Finding::new(case.workload_object(id), says).field("spec.template.spec.nodeSelector");
            let patch =
                "spec:\n  template:\n    spec:\n      nodeSelector: {node-role.kubernetes.io/control-plane: \"\"}\n";
            found.push(finding.figure("label", MASTER).patch(patch).predicts(Predicts::Pending));
        }
        let Some(hosts) = asks(class, HOSTNAME).filter(|hosts| !hosts.is_empty()) else {
            continue;
        };
        let goes = |host: &&str| {
            replaced
                .iter()
                .any(|&n| case.model.nodes[n].label(HOSTNAME) == Some(host))
        };
        if hosts.iter().all(goes) {
            let says = format!("it runs on {} only, which the plan replaces", hosts.join(", "));
            let why = "The node that comes for it has another name: the pods stay Pending.";
            let finding = Finding::new(case.workload_object(id), says)
                .why(why)
                .figure("label", HOSTNAME);
            found.push(finding.predicts(Predicts::Pending));
        }
    }
}

fn holds(case: &Case<'_>, found: &mut Found) {
    for (id, _) in case.model.workloads.iter_ids() {
        let holds = case.traits.workloads.get(id).map_or(&[][..], |t| &t.holds);
        if let (Some(first), true) = (holds.first(), case.touches(id)) {
            let says = format!("its pods have the annotation {first}");
            let finding = Finding::new(case.workload_object(id), says).field("spec.template.metadata.annotations");
            found.push(finding.figure("annotations", holds.join(", ")));
        }
    }
}
