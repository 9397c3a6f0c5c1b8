//! Changes as the YAML that a person would write.

use super::PlanDoc;
use super::change::{HOSTNAME, labels, limit_words};
use crate::model::{Change, Owner, PlanPart, Setting};
use crate::scenario::intake::Documents;
use crate::scenario::text::{Tree, Value};

/// What has to be written, and where.
pub(super) fn yaml(documents: &Documents, plan: Option<&PlanDoc>, change: &Change) -> String {
    match change {
        Change::Plan(settings) => plan_yaml(plan, settings),
        Change::AddBudget { workload, limit } => format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\n{}\nspec: {{{}, selector: {{matchLabels: {{{}}}}}}}\n",
            names(&workload.namespace, &workload.name),
            limit_words(*limit),
            matching(documents, workload),
        ),
        Change::Budget { namespace, name, limit } => {
            let mut budgets = documents.budgets.iter();
            let old = budgets.find(|b| b.meta.namespace == *namespace && b.meta.name == *name);
            let was = old.and_then(|b| b.limit).map(limit_words);
            let was = was.map_or_else(String::new, |was| format!("   # instead of {was}"));
            let names = names(namespace, name);
            format!(
                "kind: PodDisruptionBudget\n{names}\nspec: {{{}}}{was}\n",
                limit_words(*limit)
            )
        }
        Change::Replicas { workload, count } => {
            let Owner { kind, namespace, name } = workload;
            let (kind, names) = (kind.as_str(), names(namespace, name));
            format!("kind: {kind}\n{names}\nspec: {{replicas: {count}}}\n")
        }
        Change::SpreadOverNodes { workload } => {
            let Owner { kind, namespace, name } = workload;
            let (kind, names, labels) = (kind.as_str(), names(namespace, name), matching(documents, workload));
            format!(
                "kind: {kind}\n{names}\nspec:\n  template:\n    spec:\n      topologySpreadConstraints:\n      - maxSkew: 1\n        \
                 topologyKey: {HOSTNAME}\n        whenUnsatisfiable: DoNotSchedule\n        labelSelector: {{matchLabels: {{{labels}}}}}\n"
            )
        }
    }
}

fn plan_yaml(plan: Option<&PlanDoc>, settings: &[Setting]) -> String {
    let of = |part: PlanPart| {
        let own = settings.iter().filter(|s| s.part == part);
        let fields: Vec<String> = own.map(|s| format!("{}: {}", s.key, s.value)).collect();
        fields.join(", ")
    };
    let (strategy, drain) = (of(PlanPart::Strategy), of(PlanPart::Drain));
    let mut text = "kind: UpgradePlan\nspec:\n".to_owned();
    let pools = pools(plan);
    if !strategy.is_empty() && pools.is_empty() {
        text += &format!("  strategy: {{{strategy}}}\n");
    } else if !strategy.is_empty() {
        text += "  pools:\n";
        for name in pools {
            text += &format!("  - name: {}\n    strategy: {{{strategy}}}\n", quoted(&name));
        }
    }
    if !drain.is_empty() {
        text += &format!("  drain: {{{drain}}}\n");
    }
    text
}

/// The names of the pools, where the plan has some.
fn pools(plan: Option<&PlanDoc>) -> Vec<String> {
    let pools = plan.and_then(|p| p.tree.get("spec")?.get("pools"));
    let named = |pool: &Tree| pool.text("name").map(str::to_owned);
    match pools.map(|p| &p.value) {
        Some(Value::List(list)) => list.iter().filter_map(named).collect(),
        _ => Vec::new(),
    }
}

fn names(namespace: &str, name: &str) -> String {
    format!("metadata: {{name: {}, namespace: {}}}", quoted(name), quoted(namespace))
}

fn matching(documents: &Documents, workload: &Owner) -> String {
    let labels = labels(documents, workload).unwrap_or_default();
    let pairs: Vec<String> = labels.iter().map(|(k, v)| format!("{k}: {}", quoted(v))).collect();
    pairs.join(", ")
}

/// A text as YAML reads it as one.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_word = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain) && !is_word {
        text.to_owned()
    } else {
        format!("\"{text}\"")
    }
}
