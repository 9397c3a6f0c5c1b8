//! What could help, from the smallest change to greater ones.

use super::super::report::{TrialsReport, Workload as Seen};
use crate::model::{
    Budget, BudgetLimit, Change, Gate, Mode, Model, NodeOrder, OnFailure, Owner, Plan, Premark, Setting, Workload,
    WorkloadKind,
};
use crate::trace::PlanStatus;
use crate::units::IntOrPercent;

/// So many workloads are looked at one by one; the worst of them.
const WORST: usize = 3;

/// A change to be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// In a few words.
    pub title: String,
    /// What is changed.
    pub changes: Vec<Change>,
}

impl Candidate {
    fn new(title: impl Into<String>, changes: Vec<Change>) -> Self {
        let title = title.into();
        Self { title, changes }
    }

    fn plan(settings: Vec<Setting>) -> Self {
        let words: Vec<String> = settings.iter().map(|s| format!("{}: {}", s.key, s.value)).collect();
        Self::new(words.join(", "), vec![Change::Plan(settings)])
    }
}

/// What could help a model whose trials showed this.
#[must_use]
pub fn candidates(model: &Model, seen: &TrialsReport) -> Vec<Candidate> {
    let blocked = seen.outcome.completes.share < 1.0;
    let mut list = Vec::new();
    let hurt = hurt(model, seen, blocked);
    for (workload, seen) in hurt.iter().take(WORST) {
        of_workload(model, workload, seen, blocked, &mut list);
    }
    let unprotected: Vec<Change> = (hurt.iter())
        .filter(|(w, seen)| w.desired > 1 && is_down(seen) && budgets(model, w).next().is_none())
        .map(|(w, _)| add_budget(w))
        .collect();
    if unprotected.len() > 1 {
        let title = format!("budgets for all {} that are down and have none", unprotected.len());
        list.push(Candidate::new(title, unprotected));
    }
    if let Some(plan) = model.plan.as_ref().filter(|plan| plan.steps.is_empty()) {
        of_drain(plan, seen, &mut list);
        of_strategy(model, plan, &mut list);
    }
    list
}

/// Workloads that are down, or whose evictions are refused in a plan that does not complete; the worst first.
fn hurt<'a>(model: &'a Model, seen: &'a TrialsReport, blocked: bool) -> Vec<(&'a Workload, &'a Seen)> {
    let badness = |seen: &Seen| (down(seen), if blocked { seen.churn.refusals.mean } else { 0.0 });
    let mut found: Vec<(&Workload, &Seen)> = (model.workloads.iter().zip(&seen.workloads))
        .filter(|(w, seen)| can_change(w) && badness(seen) > (0.0, 0.0))
        .collect();
    found.sort_by(|(_, a), (_, b)| {
        let ((down_a, refused_a), (down_b, refused_b)) = (badness(a), badness(b));
        down_b.total_cmp(&down_a).then(refused_b.total_cmp(&refused_a))
    });
    found
}

fn can_change(workload: &Workload) -> bool {
    use WorkloadKind::{Deployment, ReplicaSet, StatefulSet};
    matches!(workload.kind, Deployment | ReplicaSet | StatefulSet)
}

fn down(seen: &Seen) -> f64 {
    let endpoints = seen.endpoints.as_ref().map_or(0.0, |e| e.downtime_seconds.mean);
    endpoints.max(seen.serving.downtime_seconds.mean)
}

fn is_down(seen: &Seen) -> bool {
    down(seen) > 0.0
}

fn owner(workload: &Workload) -> Owner {
    Owner {
        kind: workload.kind,
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
    }
}

fn budgets<'m>(model: &'m Model, workload: &Workload) -> impl Iterator<Item = &'m Budget> {
    model.classes[workload.class]
        .budgets
        .iter()
        .map(|&id| &model.budgets[id])
}

/// One pod may be missing.
const ONE: BudgetLimit = BudgetLimit::MaxUnavailable(IntOrPercent::Int(1));

fn add_budget(workload: &Workload) -> Change {
    Change::AddBudget {
        workload: owner(workload),
        limit: ONE,
    }
}

fn of_workload(model: &Model, workload: &Workload, seen: &Seen, blocked: bool, list: &mut Vec<Candidate>) {
    let name = format!("{}/{}", workload.namespace, workload.name);
    let own: Vec<&Budget> = budgets(model, workload).collect();
    if own.is_empty() && workload.desired > 1 && is_down(seen) {
        let title = format!("a budget for {name} with maxUnavailable: 1");
        list.push(Candidate::new(title, vec![add_budget(workload)]));
    }
    if blocked && seen.churn.refusals.mean > 0.0 {
        for budget in own.iter().filter(|b| b.limit != ONE) {
            let change = Change::Budget {
                namespace: budget.namespace.clone(),
                name: budget.name.clone(),
                limit: ONE,
            };
            let title = format!("maxUnavailable: 1 in the budget {}/{}", budget.namespace, budget.name);
            list.push(Candidate::new(title, vec![change]));
        }
    }
    of_replicas(workload, &name, own.is_empty(), list);
    if workload.desired > 1 && !keeps_apart(model, workload) {
        let change = Change::SpreadOverNodes {
            workload: owner(workload),
        };
        let title = format!("a spread constraint over nodes for {name}");
        list.push(Candidate::new(title, vec![change]));
    }
}

fn of_replicas(workload: &Workload, name: &str, unprotected: bool, list: &mut Vec<Candidate>) {
    let count = workload.desired.saturating_add(1);
    let more = Change::Replicas {
        workload: owner(workload),
        count,
    };
    let title = format!("{count} replicas of {name} instead of {}", workload.desired);
    list.push(Candidate::new(title.clone(), vec![more.clone()]));
    if workload.desired == 1 && unprotected {
        let title = format!("{title}, and a budget with maxUnavailable: 1");
        list.push(Candidate::new(title, vec![more, add_budget(workload)]));
    }
}

/// Whether its pods stand on different nodes already, by a rule that binds the scheduler.
fn keeps_apart(model: &Model, workload: &Workload) -> bool {
    let placement = model.classes[workload.class].placement.as_ref();
    placement.is_some_and(|p| p.spread.iter().any(|s| s.hard && s.hostname) || !p.anti_affinity.is_empty())
}

/// Other drains, where the plan does not complete.
fn of_drain(plan: &Plan, seen: &TrialsReport, list: &mut Vec<Candidate>) {
    let ended = |status: PlanStatus| seen.outcome.statuses.get(&status).is_some_and(|s| s.count > 0);
    let drain = &plan.drain;
    if ended(PlanStatus::Aborted) {
        for (key, given) in [
            ("force", drain.force),
            ("ignoreDaemonSets", drain.ignore_daemon_sets),
            ("deleteEmptyDirData", drain.delete_empty_dir_data),
        ] {
            if !given {
                list.push(Candidate::plan(vec![Setting::drain(key, "true")]));
            }
        }
    }
    if ended(PlanStatus::Blocked) || ended(PlanStatus::Aborted) || ended(PlanStatus::Inconclusive) {
        for (ending, word) in [
            (OnFailure::ForceDelete, "ForceDelete"),
            (OnFailure::Quarantine, "Quarantine"),
            (OnFailure::Skip, "Skip"),
        ] {
            if drain.timeout.is_some() && drain.on_failure == ending {
                continue;
            }
            let mut settings = vec![Setting::drain("onFailure", word)];
            if drain.timeout.is_none() {
                settings.insert(0, Setting::drain("timeout", "15m"));
            }
            list.push(Candidate::plan(settings));
        }
    }
}

/// Another way through the nodes.
fn of_strategy(model: &Model, plan: &Plan, list: &mut Vec<Candidate>) {
    let any = |is: fn(&crate::model::Strategy) -> bool| plan.pools.iter().any(|pool| is(&pool.strategy));
    let one = |key, value: &str| Candidate::plan(vec![Setting::strategy(key, value)]);
    if any(|s| s.max_unavailable.round_up(100) > 1) {
        list.push(one("maxUnavailable", "1"));
    }
    if any(|s| s.lockstep) {
        list.push(one("lockstep", "false"));
    }
    if any(|s| s.gate != Gate::WorkloadsHealthy) {
        list.push(one("gate", "WorkloadsHealthy"));
    }
    if any(|s| s.premark == Premark::None) {
        list.push(one("premark", "PreferNoSchedule"));
    }
    if any(|s| s.premark == Premark::Cordon) {
        list.push(one("premark", "None"));
    }
    if any(|s| s.order != NodeOrder::OldestFirst) {
        list.push(one("order", "OldestFirst"));
    }
    if model.zones.len() > 1 && any(|s| s.order != NodeOrder::ByZone) {
        list.push(one("order", "ByZone"));
    }
    if any(|s| s.mode == Mode::InPlace) {
        list.push(Candidate::plan(vec![
            Setting::strategy("mode", "Replace"),
            Setting::strategy("maxSurge", "1"),
            Setting::strategy("maxUnavailable", "0"),
        ]));
    }
}
