//! B: PodDisruptionBudgets.

use super::case::{BudgetView, Case, count};
use super::{Finding, Found, Rule, Severity};
use crate::ids::BudgetId;
use crate::model::behaviour::api_server::unhealthy_policy;
use crate::model::{BudgetLimit, DrainVia, Predicts};
use crate::units::IntOrPercent;

const BUDGETS: &str = "https://kubernetes.io/docs/tasks/run-application/configure-pdb/ (P-1 … P-17)";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "B01",
        severity: Severity::Error,
        title: "A budget never allows an eviction",
        why: "Even with every pod healthy it allows no disruption: a drain is refused from the start.",
        fix: "Let it allow one (`maxUnavailable: 1`), or run one replica more than it wants.",
        needs: "budgets and the pods that they select",
        source: BUDGETS,
        check: allows_nothing,
    },
    Rule {
        id: "B02",
        severity: Severity::Warning,
        title: "No budget protects a workload with several replicas",
        why: "Replicas that share a node are evicted together, and a drain does not wait until a replacement is ready.",
        fix: "Add a PodDisruptionBudget.",
        needs: "workloads and budgets",
        source: BUDGETS,
        check: no_budget,
    },
    Rule {
        id: "B03",
        severity: Severity::Error,
        title: "Pods are selected by more than one budget",
        why: "The eviction API answers 500, not 429: the drain fails, or tries again for ever.",
        fix: "Leave one budget for each pod.",
        needs: "budgets and the pods that they select",
        source: "https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/ (P-5)",
        check: two_budgets,
    },
    Rule {
        id: "B04",
        severity: Severity::Warning,
        title: "A budget selects nothing, or pods of several owners",
        why: "One that selects nothing protects nothing; one over several workloads lets one block the others.",
        fix: "Make its selector match the pods of one workload.",
        needs: "budgets, workloads",
        source: BUDGETS,
        check: selector,
    },
    Rule {
        id: "B05",
        severity: Severity::Warning,
        title: "Pods that are not ready use up a budget",
        why: "Unless a budget says otherwise, pods that are not ready count as disrupted: a crash loop blocks the drain.",
        fix: "Set `unhealthyPodEvictionPolicy: AlwaysAllow`, and repair the pods.",
        needs: "budgets, pods with their readiness",
        source: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy (P-3)",
        check: unhealthy,
    },
    Rule {
        id: "B06",
        severity: Severity::Warning,
        title: "A percentage comes to nothing or to everything",
        why: "Percentages are rounded up, to pods that must stay as to pods that may go: with few replicas that means none, or all.",
        fix: "Write a number.",
        needs: "budgets with percentages and the pods that they select",
        source: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages (P-2)",
        check: percentage,
    },
    Rule {
        id: "B07",
        severity: Severity::Note,
        title: "The budget of a single replica lets it go",
        why: "Kubernetes starts no replacement before an eviction: with one replica either the drain waits or the application is down.",
        fix: "Run two replicas while the plan runs.",
        needs: "budgets and the pods that they select",
        source: BUDGETS,
        check: lone_replica,
    },
    Rule {
        id: "B08",
        severity: Severity::Warning,
        title: "The budget is tighter than the plan is wide",
        why: "Nodes that are drained at the same time wait for each other: the plan takes longer than its batches say.",
        fix: "Take fewer nodes at a time, or let the budget allow as many.",
        needs: "an UpgradePlan that takes several nodes at a time, budgets, pods with their nodes",
        source: BUDGETS,
        check: serialises,
    },
];

/// `minAvailable 2`, `maxUnavailable 25%`, and the field.
fn limit(case: &Case<'_>, id: BudgetId) -> (String, &'static str) {
    match case.model.budgets[id].limit {
        BudgetLimit::MinAvailable(share) => (format!("minAvailable {share}"), "spec.minAvailable"),
        BudgetLimit::MaxUnavailable(share) => (format!("maxUnavailable {share}"), "spec.maxUnavailable"),
    }
}

fn on(case: &Case<'_>, id: BudgetId, says: String) -> Finding {
    let view = &case.budgets[id];
    let (limit, field) = limit(case, id);
    let finding = Finding::new(case.budget_object(id), says)
        .field(field)
        .figure("limit", limit);
    finding
        .figure("pods", view.expected)
        .figure("allowedDisruptions", view.allowed())
}

/// Budgets whose pods the plan evicts.
fn in_the_way<'c>(case: &'c Case<'_>) -> impl Iterator<Item = (BudgetId, &'c BudgetView)> {
    let touched = |view: &BudgetView| view.workloads.iter().any(|&id| case.touches(id));
    case.budgets
        .iter_ids()
        .filter(move |(_, view)| view.expected > 0 && touched(view))
}

/// A budget that lets one pod go.
fn one(case: &Case<'_>, id: BudgetId) -> String {
    let budget = &case.model.budgets[id];
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {}, namespace: {}}}\nspec:\n  minAvailable: null\n  \
         maxUnavailable: 1\n",
        quoted(&budget.name),
        quoted(&budget.namespace)
    )
}

fn allows_nothing(case: &Case<'_>, found: &mut Found) {
    for (id, view) in in_the_way(case).filter(|(_, v)| v.allowed() == 0) {
        let (limit, _) = limit(case, id);
        let says = format!(
            "{limit} of {} allows no eviction, ever",
            count(view.expected as usize, "pod")
        );
        let asks = case.drain(|d| d.via == DrainVia::Eviction).is_some() || case.model.plan.is_none();
        let nodes: std::collections::BTreeSet<_> = view
            .workloads
            .iter()
            .flat_map(|&w| case.placed[w].nodes.keys())
            .filter(|&&n| case.drained[n])
            .collect();
        let mut finding = on(case, id, says).patch(one(case, id));
        if let Some(&&first) = nodes.first() {
            let why = format!(
                "The drain of {} is refused, as long as it lasts.",
                case.node_name(first)
            );
            finding = finding.figure("nodes", nodes.len()).why(why);
        }
        if let Some(&first) = view.workloads.first() {
            finding = finding.predicts(Predicts::Refused(first));
        }
        found.push(if asks {
            finding
        } else {
            finding.milder(Severity::Note).predicts(Predicts::Nothing)
        });
    }
}

fn no_budget(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.moved() {
        if workload.desired < 2 || !case.class(id).budgets.is_empty() {
            continue;
        }
        let together = case.placed[id].nodes.values().copied().max().unwrap_or(0);
        let says = format!(
            "{} and no PodDisruptionBudget",
            count(workload.desired as usize, "replica")
        );
        let why = if together > 1 {
            format!("{together} of them share a node and are evicted together.")
        } else if case.at_once() > 1 {
            format!("The plan drains {} nodes at a time.", case.at_once())
        } else {
            "A drain does not wait for a replacement: if the next node comes before it is ready, none may be left."
                .to_owned()
        };
        let labels: Vec<_> = case.traits.workloads.get(id).map_or(&[][..], |t| &t.labels).to_vec();
        let mut finding = Finding::new(case.workload_object(id), says)
            .why(why)
            .predicts(Predicts::Downtime(id));
        finding = finding
            .figure("replicas", workload.desired)
            .figure("onOneNode", together);
        if !labels.is_empty() {
            finding = finding.patch(budget_for(&workload.namespace, &workload.name, &labels));
        }
        found.push(finding);
    }
}

/// A budget for pods with these labels.
fn budget_for(namespace: &str, name: &str, labels: &[(String, String)]) -> String {
    let (namespace, name) = (quoted(namespace), quoted(name));
    let lines: String = labels
        .iter()
        .map(|(k, v)| format!("      {}: {}\n", quoted(k), quoted(v)))
        .collect();
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  maxUnavailable: 1\n  \
         unhealthyPodEvictionPolicy: AlwaysAllow\n  selector:\n    matchLabels:\n{lines}"
    )
}

/// A text that YAML reads as this text, whatever it is.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn two_budgets(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.model.workloads.iter_ids() {
        let budgets = &case.class(id).budgets;
        if budgets.len() < 2 || workload.desired == 0 || !case.touches(id) {
            continue;
        }
        let names: Vec<&str> = budgets.iter().map(|&b| case.model.budgets[b].name.as_str()).collect();
        let says = format!(
            "{} select its pods: {}",
            count(budgets.len(), "budget"),
            names.join(", ")
        );
        let finding = Finding::new(case.workload_object(id), says).figure("budgets", names.len());
        found.push(finding.predicts(Predicts::Stuck));
    }
}

fn selector(case: &Case<'_>, found: &mut Found) {
    for (id, view) in case.budgets.iter_ids() {
        let says = match view.workloads.len() {
            0 => "it selects no pod".to_owned(),
            1 => continue,
            many => format!("it selects pods of {many} workloads: {}", case.names(&view.workloads)),
        };
        let finding = Finding::new(case.budget_object(id), says).field("spec.selector");
        found.push(finding.figure("workloads", view.workloads.len()));
    }
}

fn unhealthy(case: &Case<'_>, found: &mut Found) {
    for (id, view) in in_the_way(case) {
        let lenient = case.model.budgets[id].always_allow_unhealthy && unhealthy_policy(case.model.version.minor());
        if lenient || view.allowed() == 0 || view.healthy > view.wanted || view.healthy >= view.expected {
            continue;
        }
        let sick = view.expected - view.healthy;
        let says = format!(
            "{sick} of {} are not ready, and {} must be",
            count(view.expected as usize, "pod"),
            view.wanted
        );
        let finding = on(case, id, says)
            .figure("healthy", view.healthy)
            .figure("wanted", view.wanted);
        let patch = "spec:\n  unhealthyPodEvictionPolicy: AlwaysAllow\n";
        let finding = match view.workloads.first() {
            Some(&first) => finding.predicts(Predicts::Refused(first)),
            None => finding,
        };
        found.push(if unhealthy_policy(case.model.version.minor()) {
            finding.patch(patch)
        } else {
            finding
        });
    }
}

fn percentage(case: &Case<'_>, found: &mut Found) {
    for (id, view) in in_the_way(case) {
        let (BudgetLimit::MinAvailable(share) | BudgetLimit::MaxUnavailable(share)) = case.model.budgets[id].limit;
        let IntOrPercent::Percent(percent) = share else {
            continue;
        };
        if percent == 0 || percent >= 100 {
            continue;
        }
        let what = match view.allowed() {
            0 => "none may go",
            all if all >= view.expected => "all may go",
            _ => continue,
        };
        let says = format!("{share} of {}: {what}", count(view.expected as usize, "pod"));
        found.push(on(case, id, says).patch(one(case, id)));
    }
}

fn lone_replica(case: &Case<'_>, found: &mut Found) {
    for (id, view) in in_the_way(case) {
        if view.expected == 1 && view.allowed() == 1 {
            let finding = on(case, id, "it lets the only replica go".to_owned());
            let predicts = view
                .workloads
                .first()
                .map_or(Predicts::Nothing, |&w| Predicts::Downtime(w));
            found.push(finding.predicts(predicts));
        }
    }
}

fn serialises(case: &Case<'_>, found: &mut Found) {
    let Some(pool) = case.pools.iter().max_by_key(|p| p.at_once) else {
        return;
    };
    for (id, view) in in_the_way(case) {
        let nodes = view.workloads.iter().flat_map(|&w| case.placed[w].nodes.keys());
        let nodes = nodes
            .filter(|n| pool.pool.nodes.contains(n))
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        let allowed = view.allowed();
        if allowed > 0 && pool.at_once > allowed as usize && nodes > allowed as usize {
            let says = format!(
                "it allows {} at a time; the plan drains {} nodes",
                count(allowed as usize, "eviction"),
                pool.at_once
            );
            let finding = on(case, id, says).figure("atOnce", pool.at_once).figure("nodes", nodes);
            let predicts = view
                .workloads
                .first()
                .map_or(Predicts::Nothing, |&w| Predicts::Refused(w));
            found.push(finding.predicts(predicts));
        }
    }
}
