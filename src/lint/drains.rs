//! P: how nodes are drained.

use super::case::{Case, count, driven, some};
use super::{Finding, Found, Rule, Severity};
use crate::ids::WorkloadId;
use crate::model::{DrainVia, OnFailure, Predicts, WorkloadKind};

const DRAIN: &str = "https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/ (D-1 … D-16)";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "P04",
        severity: Severity::Error,
        title: "A drain waits for ever for a budget that allows nothing",
        why: "Evictions are refused and tried again every five seconds, and no limit ends that.",
        fix: "Give the drain a `timeout` and say what happens then (`onFailure`), and let the budget allow one eviction.",
        needs: "an UpgradePlan, budgets and the pods that they select",
        source: DRAIN,
        check: waits_for_ever,
    },
    Rule {
        id: "P05",
        severity: Severity::Warning,
        title: "The drain ends before pods had their time to stop",
        why: "A drain with a limit fails while pods are still shutting down as they should.",
        fix: "Set `drain.timeout` to more than the longest termination grace period.",
        needs: "an UpgradePlan with a drain timeout",
        source: DRAIN,
        check: short_timeout,
    },
    Rule {
        id: "P06",
        severity: Severity::Warning,
        title: "The plan gives pods less time to stop than they ask for",
        why: "Containers are killed before they have written what they hold or finished their requests.",
        fix: "Leave out `drain.gracePeriod`, so that each pod has its own.",
        needs: "an UpgradePlan with a grace period",
        source: "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
        check: short_grace,
    },
    Rule {
        id: "P07",
        severity: Severity::Warning,
        title: "The plan goes around budgets",
        why: "Budgets that are not asked protect nothing: replicas go together.",
        fix: "Drain through the eviction API, and decide on failures with `onFailure: Abort` or `Quarantine`.",
        needs: "an UpgradePlan",
        source: DRAIN,
        check: goes_around,
    },
    Rule {
        id: "P08",
        severity: Severity::Error,
        title: "Pods without a controller stand on nodes that are drained",
        why: "`kubectl drain` refuses them without --force; with it they are deleted, and nobody creates them again.",
        fix: "Give them a controller, or remove them before.",
        needs: "an UpgradePlan, pods with their owners and nodes",
        source: "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_drain/ (D-7, W-29)",
        check: unmanaged,
    },
    Rule {
        id: "P09",
        severity: Severity::Error,
        title: "Pods with emptyDir volumes stand on nodes that are drained",
        why: "`kubectl drain` refuses them unless it may delete what is in those volumes.",
        fix: "Set `drain.deleteEmptyDirData: true` where that data may go, or keep it elsewhere.",
        needs: "an UpgradePlan, pods with their volumes",
        source: "https://kubernetes.io/docs/reference/kubectl/generated/kubectl_drain/ (D-7)",
        check: empty_dirs,
    },
];

fn waits_for_ever(case: &Case<'_>, found: &mut Found) {
    let endless = case.drain(|drain| drain.timeout.is_none() && drain.via == DrainVia::Eviction);
    let Some((field, _)) = endless else { return };
    let blocked: Vec<WorkloadId> = case
        .model
        .workloads
        .iter_ids()
        .filter(|(id, w)| driven(w.kind) && w.desired > 0 && case.touches(*id))
        .filter(|(id, _)| case.class(*id).budgets.iter().any(|&b| case.budgets[b].allowed() == 0))
        .map(|(id, _)| id)
        .collect();
    if blocked.is_empty() {
        return;
    }
    let says = format!(
        "drains have no timeout, and {} can never be evicted",
        case.names(&blocked)
    );
    let finding = Finding::new(case.plan_object(), says).field(&format!("{field}.timeout"));
    let finding = finding.figure("blockedWorkloads", blocked.len());
    found.push(
        finding
            .patch("spec:\n  drain: {timeout: 15m, onFailure: Quarantine}\n")
            .predicts(Predicts::Stuck),
    );
}

fn short_timeout(case: &Case<'_>, found: &mut Found) {
    let Some((id, grace)) = case.longest_grace() else {
        return;
    };
    let Some((field, drain)) = case.drain(|drain| drain.timeout.is_some_and(|limit| limit <= grace)) else {
        return;
    };
    let grace = drain.grace_period.unwrap_or(grace);
    let Some(timeout) = drain.timeout.filter(|limit| *limit <= grace) else {
        return;
    };
    let says = format!(
        "drains end after {timeout}; {} may take {grace} to stop",
        case.model.workload_name(id)
    );
    let finding = Finding::new(case.plan_object(), says).field(&format!("{field}.timeout"));
    let finding = finding.figure("timeout", timeout).figure("gracePeriod", grace);
    let enough = grace + crate::units::Span::from_secs(60);
    found.push(finding.patch(format!("spec:\n  drain: {{timeout: {enough}}}\n")));
}

fn short_grace(case: &Case<'_>, found: &mut Found) {
    let Some((id, grace)) = case.longest_grace() else {
        return;
    };
    let Some((field, drain)) = case.drain(|drain| drain.grace_period.is_some_and(|own| own < grace)) else {
        return;
    };
    let own = drain.grace_period.unwrap_or_default();
    let says = format!(
        "pods get {own} to stop; {} asks for {grace}",
        case.model.workload_name(id)
    );
    let takes = case.shutdown(id);
    let finding = Finding::new(case.plan_object(), says).field(&format!("{field}.gracePeriod"));
    let finding = if takes > own {
        finding.why(format!("It takes about {takes} to stop, and is killed after {own}."))
    } else {
        finding
    };
    let finding = finding.figure("gracePeriod", own).figure("asked", grace);
    found.push(finding.patch("spec:\n  drain: {gracePeriod: null}\n"));
}

fn goes_around(case: &Case<'_>, found: &mut Found) {
    for (field, drain) in case.drains() {
        let (part, what) = match (drain.via, drain.on_failure) {
            (DrainVia::Delete, _) => ("via", "deletes pods instead of evicting them"),
            (DrainVia::Eviction, OnFailure::ForceDelete) => ("onFailure", "deletes pods whose eviction is refused"),
            (DrainVia::Eviction, OnFailure::TerminateAnyway) => ("onFailure", "upgrades nodes with pods left on them"),
            (DrainVia::Eviction, OnFailure::WarnAndContinue) => ("onFailure", "goes on when a drain fails"),
            _ => continue,
        };
        let guarded = case
            .budgets
            .iter()
            .filter(|b| b.workloads.iter().any(|&id| case.touches(id)))
            .count();
        let says = format!("the plan {what}");
        let why = match guarded {
            0 => String::new(),
            _ => format!(
                "{} of pods on drained nodes: the plan need not heed them.",
                count(guarded, "budget")
            ),
        };
        let finding = Finding::new(case.plan_object(), says)
            .field(&format!("{field}.{part}"))
            .why(why);
        found.push(finding.figure("budgets", guarded));
        return;
    }
}

fn unmanaged(case: &Case<'_>, found: &mut Found) {
    if case.model.plan.is_none() {
        return;
    }
    let bare = case.model.workloads.iter_ids().filter(|(id, w)| {
        w.kind == WorkloadKind::Pod && w.arrivals.is_empty() && case.placed[*id].pods > 0 && case.touches(*id)
    });
    let pods: Vec<WorkloadId> = bare.map(|(id, _)| id).collect();
    let (Some(&first), Some((field, drain))) = (pods.first(), case.drain(|_| true)) else {
        return;
    };
    let nodes: Vec<String> = case.placed[first]
        .nodes
        .keys()
        .take(1)
        .map(|&n| case.node_name(n).to_owned())
        .collect();
    let says = format!(
        "{} on a drained node has no controller ({})",
        case.names(&pods),
        some(&nodes, nodes.len())
    );
    let finding = Finding::new(case.workload_object(first), says)
        .figure("pods", pods.len())
        .figure("setting", field);
    found.push(if drain.force {
        let why = "With `force: true` they are deleted, and nobody creates them again.";
        finding
            .why(why)
            .milder(Severity::Warning)
            .predicts(Predicts::Lost(first))
    } else {
        finding
            .why("The drain of the node fails: `force` is not set.")
            .predicts(Predicts::Stuck)
    });
}

fn empty_dirs(case: &Case<'_>, found: &mut Found) {
    let Some((field, _)) = case.drain(|drain| !drain.delete_empty_dir_data) else {
        return;
    };
    let all = case.model.workloads.iter_ids();
    let hit: Vec<WorkloadId> = all
        .filter(|(id, w)| driven(w.kind) && w.desired > 0 && case.class(*id).empty_dir && case.touches(*id))
        .map(|(id, _)| id)
        .collect();
    if hit.is_empty() {
        return;
    }
    let says = format!("drains may not delete emptyDir data, and {} has some", case.names(&hit));
    let finding = Finding::new(case.plan_object(), says).field(&format!("{field}.deleteEmptyDirData"));
    let finding = finding.figure("workloads", hit.len());
    found.push(
        finding
            .patch("spec:\n  drain: {deleteEmptyDirData: true}\n")
            .predicts(Predicts::Stuck),
    );
}
