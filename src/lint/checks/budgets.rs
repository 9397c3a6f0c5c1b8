//! B: budgets, the eviction API's arithmetic.

use super::Check;
use crate::ids::{BudgetId, WorkloadId};
use crate::lint::desk::{Desk, count, some};
use crate::lint::found::{Found, says};
use crate::model::{Budget, BudgetLimit, Prediction, Workload};
use crate::units::IntOrPercent;

pub(super) const CHECKS: &[(&str, Check)] = &[
    ("B01", nothing_allowed),
    ("B02", none),
    ("B03", two),
    ("B04", wrong_pods),
    ("B05", unhealthy),
    ("B06", rounded),
    ("B07", single),
    ("B08", slower_than_the_plan),
];

/// Budgets with their pods, how many there are and how many may go.
fn budgets<'a>(desk: &Desk<'a>) -> impl Iterator<Item = (BudgetId, &'a Budget, u32, u32)> {
    let all = desk.model.budgets.iter_ids();
    let facts: Vec<_> = all
        .map(|(id, budget)| {
            let (expected, allowed) = desk.allowed(id);
            (id, budget, expected, allowed)
        })
        .collect();
    facts.into_iter()
}

/// As it is written: `minAvailable 2`.
fn words(budget: &Budget) -> String {
    match budget.limit {
        BudgetLimit::MinAvailable(min) => format!("minAvailable {min}"),
        BudgetLimit::MaxUnavailable(max) => format!("maxUnavailable {max}"),
    }
}

fn names(desk: &Desk<'_>, budget: BudgetId) -> Vec<String> {
    desk.budgeted(budget)
        .iter()
        .map(|&workload| desk.name(workload))
        .collect()
}

fn is_moved(desk: &Desk<'_>, budget: BudgetId) -> bool {
    desk.budgeted(budget).iter().any(|&workload| desk.is_moved(workload))
}

fn nothing_allowed(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, budget, expected, allowed) in budgets(desk) {
        // A single replica is another matter (B07), whose fix is another one, too.
        if expected > 0 && allowed == 0 && is_moved(desk, id) {
            let evidence = format!(
                "{} of {}: 0 disruptions are allowed with all of them healthy",
                words(budget),
                count(expected as usize, "pod")
            );
            let patch = "spec:\n  maxUnavailable: 1\n";
            let object = found.budget(id);
            let said = says(object, evidence).predicting(Prediction::Refusals, names(desk, id));
            found.add(said.patch(patch));
        }
    }
}

/// A budget that lets one pod go at a time.
fn one_at_a_time(workload: &Workload) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {0}, namespace: {1}}}\nspec:\n  maxUnavailable: 1\n  \
         selector: {{matchLabels: {{}}}}  # the labels of {0}'s pods\n",
        workload.name, workload.namespace
    )
}

fn none(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, workload) in desk.replicated() {
        let bare = desk.class(workload).budgets.is_empty();
        if workload.desired > 1 && bare && desk.is_moved(id) {
            let evidence = format!(
                "{} and no PodDisruptionBudget selects them: a drain evicts all those on its node at once",
                count(workload.desired as usize, "replica")
            );
            let said = says(found.workload(id), evidence).patch(one_at_a_time(workload));
            found.add(said.predicting(Prediction::Downtime, vec![desk.name(id)]));
        }
    }
}

fn two(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, workload) in desk.drainable() {
        let budgets = &desk.class(workload).budgets;
        if budgets.len() > 1 {
            let names: Vec<&str> = budgets.iter().map(|&b| desk.model.budgets[b].name.as_str()).collect();
            let evidence = format!("selected by {}: {}", count(names.len(), "budget"), some(&names));
            let said = says(found.workload(id), evidence);
            found.add(said.predicting(Prediction::Incomplete, vec![desk.name(id)]));
        }
    }
}

fn wrong_pods(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, ..) in budgets(desk) {
        let names = names(desk, id);
        let evidence = match names.len() {
            0 => "selects no pod".to_owned(),
            1 => continue,
            n => format!("selects the pods of {}: {}", count(n, "workload"), some(&names)),
        };
        found.add(says(found.budget(id), evidence).predicting(Prediction::Nothing, names));
    }
}

/// Pods of a workload that are not ready at the start.
fn sick(desk: &Desk<'_>, workload: WorkloadId) -> usize {
    let pods = desk.pods_of(workload).iter().map(|&pod| &desk.model.pods[pod]);
    pods.filter(|pod| pod.node.is_some() && !pod.ready && !pod.terminating)
        .count()
}

fn unhealthy(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, budget, expected, allowed) in budgets(desk) {
        let workloads = desk.budgeted(id);
        let sick: usize = workloads.iter().map(|&workload| sick(desk, workload)).sum();
        let respected = !budget.always_allow_unhealthy || desk.model.version.minor() < 27;
        if sick > 0 && respected && is_moved(desk, id) {
            let left = (allowed as usize).saturating_sub(sick);
            let evidence = format!(
                "{sick} of {} not ready now: {} of {allowed} allowed disruptions left",
                count(expected as usize, "pod"),
                left
            );
            let said = says(found.budget(id), evidence).patch("spec:\n  unhealthyPodEvictionPolicy: AlwaysAllow\n");
            found.add(said.predicting(Prediction::Refusals, names(desk, id)));
        }
    }
}

fn rounded(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, budget, expected, allowed) in budgets(desk) {
        let (BudgetLimit::MinAvailable(share) | BudgetLimit::MaxUnavailable(share)) = budget.limit;
        let IntOrPercent::Percent(percent) = share else {
            continue;
        };
        // 0 % and 100 % mean none or all.
        let meant = percent > 0 && percent < 100;
        let extreme = allowed == 0 || allowed == expected;
        if meant && expected > 0 && extreme && is_moved(desk, id) {
            let evidence = format!(
                "{} of {} comes to {allowed} allowed disruptions",
                words(budget),
                count(expected as usize, "pod")
            );
            let predicts = if allowed == 0 {
                Prediction::Refusals
            } else {
                Prediction::Downtime
            };
            found.add(says(found.budget(id), evidence).predicting(predicts, names(desk, id)));
        }
    }
}

fn single(desk: &Desk<'_>, found: &mut Found<'_>) {
    for (id, budget, expected, allowed) in budgets(desk) {
        if expected == 1 && is_moved(desk, id) {
            let end = if allowed == 0 {
                "the drain cannot end"
            } else {
                "it is down while it moves"
            };
            let evidence = format!("1 pod and {}: {end}", words(budget));
            let predicts = if allowed == 0 {
                Prediction::Refusals
            } else {
                Prediction::Downtime
            };
            found.add(says(found.budget(id), evidence).predicting(predicts, names(desk, id)));
        }
    }
}

fn slower_than_the_plan(desk: &Desk<'_>, found: &mut Found<'_>) {
    let together = desk
        .pools()
        .map(|(pool, pace)| pace.batches(pool.nodes.len()).into_iter().max().unwrap_or(0));
    let together = together.max().unwrap_or(0);
    for (id, budget, expected, allowed) in budgets(desk) {
        let spread = desk
            .budgeted(id)
            .iter()
            .any(|&workload| desk.nodes_of(workload).len() > together.min(2));
        if together > 1 && allowed > 0 && (allowed as usize) < together && expected as usize > together && spread {
            let evidence = format!(
                "{} lets {} go at a time, and the plan drains {together} nodes together",
                words(budget),
                count(allowed as usize, "pod")
            );
            found.add(says(found.budget(id), evidence).predicting(Prediction::Refusals, names(desk, id)));
        }
    }
}
