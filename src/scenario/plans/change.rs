//! Changes of documents: what a person would write is what is done.

use super::PlanDoc;
use super::words::yaml;
use crate::model::{BudgetLimit, Change, Owner, PlanPart, Setting, WorkloadKind};
use crate::scenario::intake::{Documents, Intake};
use crate::scenario::objects::{Meta, SpreadDoc, Template};
use crate::scenario::text::{Tree, Value};

/// The label of host names.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// Sets fields of a plan; false where it cannot have them.
pub(super) fn plan(plan: &mut PlanDoc, settings: &[Setting]) -> bool {
    let mut tree = plan.tree.clone();
    let set = settings.iter().all(|setting| set(&mut tree, setting).is_some());
    match PlanDoc::of(tree) {
        Ok(changed) if set => *plan = changed,
        _ => return false,
    }
    true
}

fn set(plan: &mut Tree, setting: &Setting) -> Option<()> {
    let spec = plan.entry("spec")?;
    match setting.part {
        PlanPart::Drain => spec.entry("drain")?.set(setting.key, scalar(&setting.value)),
        PlanPart::Strategy => match pools(spec) {
            Some(pools) => {
                for pool in pools {
                    pool.entry("strategy")?.set(setting.key, scalar(&setting.value));
                }
            }
            None => spec.entry("strategy")?.set(setting.key, scalar(&setting.value)),
        },
    }
    Some(())
}

/// The pools that a plan names; `None`: none, so that `spec.strategy` is that of all workers.
fn pools(spec: &mut Tree) -> Option<&mut Vec<Tree>> {
    spec.get("pools")?;
    match &mut spec.entry("pools")?.value {
        Value::List(list) if !list.is_empty() => Some(list),
        _ => None,
    }
}

/// A value as YAML reads it.
fn scalar(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if text.parse::<i64>().is_ok() => Value::Number(text.into()),
        _ => Value::Text(text.into()),
    }
}

/// Changes objects of the cluster; false where they are not there.
pub(super) fn cluster(documents: &mut Documents, change: &Change) -> bool {
    match change {
        Change::Plan(_) => false,
        Change::AddBudget { workload, .. } => {
            if labels(documents, workload).is_none_or(|l| l.is_empty()) {
                return false;
            }
            let text = yaml(documents, None, change);
            let mut intake = Intake::default();
            // A text in memory can always be read.
            let _ = intake.read("(a new budget)", &mut text.as_bytes(), 0);
            let added = intake.finish();
            documents.budgets.extend(added.documents.budgets);
            added.problems.is_empty()
        }
        Change::Budget { namespace, name, limit } => {
            let found = documents.budgets.iter_mut().find(|b| is(&b.meta, namespace, name));
            found.is_some_and(|budget| {
                budget.limit = Some(*limit);
                true
            })
        }
        Change::Replicas { workload, count } => replicas(documents, workload, *count),
        Change::SpreadOverNodes { workload } => spread(documents, workload),
    }
}

fn is(meta: &Meta, namespace: &str, name: &str) -> bool {
    meta.namespace == namespace && meta.name == name
}

fn replicas(documents: &mut Documents, workload: &Owner, count: u32) -> bool {
    let Owner { namespace, name, .. } = workload;
    match workload.kind {
        WorkloadKind::Deployment => {
            let mut deployments = documents.deployments.iter_mut();
            let Some(deployment) = deployments.find(|d| is(&d.meta, namespace, name)) else {
                return false;
            };
            deployment.replicas = count;
            // Of a dump: the revision that is rolled out.
            let sets = documents.replica_sets.iter_mut();
            let own = sets.filter(|set| set.replicas > 0 && belongs(&set.meta, workload));
            own.for_each(|set| set.replicas = count);
            true
        }
        WorkloadKind::ReplicaSet => {
            let found = documents.replica_sets.iter_mut().find(|d| is(&d.meta, namespace, name));
            found.is_some_and(|set| {
                set.replicas = count;
                true
            })
        }
        WorkloadKind::StatefulSet => {
            let found = documents
                .stateful_sets
                .iter_mut()
                .find(|d| is(&d.meta, namespace, name));
            found.is_some_and(|set| {
                set.replicas = count;
                true
            })
        }
        _ => false,
    }
}

fn belongs(meta: &Meta, workload: &Owner) -> bool {
    let owner = meta.owner.as_ref();
    meta.namespace == workload.namespace
        && owner.is_some_and(|o| o.kind == workload.kind.as_str() && o.name == workload.name)
}

fn spread(documents: &mut Documents, workload: &Owner) -> bool {
    let Some(labels) = labels(documents, workload) else {
        return false;
    };
    let constraint = SpreadDoc::over_nodes(HOSTNAME, &labels);
    let mut found = false;
    for template in templates(documents, workload) {
        template.placement.spread.push(constraint.clone());
        found = true;
    }
    found
}

/// The templates that new pods of a workload are made from.
fn templates<'d>(documents: &'d mut Documents, workload: &'d Owner) -> Vec<&'d mut Template> {
    let Owner { kind, namespace, name } = workload;
    let mut found: Vec<&mut Template> = Vec::new();
    match kind {
        WorkloadKind::Deployment => {
            let own = documents
                .deployments
                .iter_mut()
                .filter(|d| is(&d.meta, namespace, name));
            found.extend(own.map(|d| &mut d.template));
            let sets = documents.replica_sets.iter_mut().filter(|s| belongs(&s.meta, workload));
            found.extend(sets.map(|s| &mut s.template));
        }
        WorkloadKind::ReplicaSet => {
            let own = documents
                .replica_sets
                .iter_mut()
                .filter(|d| is(&d.meta, namespace, name));
            found.extend(own.map(|d| &mut d.template));
        }
        WorkloadKind::StatefulSet => {
            let own = documents
                .stateful_sets
                .iter_mut()
                .filter(|d| is(&d.meta, namespace, name));
            found.extend(own.map(|d| &mut d.template));
        }
        _ => {}
    }
    found
}

/// Labels that a controller gives its pods, which nobody selects by.
const OF_CONTROLLERS: [&str; 4] = [
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
];

/// The labels by which a budget finds the pods of a workload.
pub(super) fn labels(documents: &Documents, workload: &Owner) -> Option<Vec<(String, String)>> {
    let Owner { kind, namespace, name } = workload;
    let template = match kind {
        WorkloadKind::Deployment => {
            let mut all = documents.deployments.iter();
            all.find(|d| is(&d.meta, namespace, name)).map(|d| &d.template)
        }
        WorkloadKind::ReplicaSet => {
            let mut all = documents.replica_sets.iter();
            all.find(|d| is(&d.meta, namespace, name)).map(|d| &d.template)
        }
        WorkloadKind::StatefulSet => {
            let mut all = documents.stateful_sets.iter();
            all.find(|d| is(&d.meta, namespace, name)).map(|d| &d.template)
        }
        _ => None,
    }?;
    let own = template
        .labels
        .iter()
        .filter(|(k, _)| !OF_CONTROLLERS.contains(&k.as_str()));
    Some(own.map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// A limit as a budget writes it.
pub(super) fn limit_words(limit: BudgetLimit) -> String {
    match limit {
        BudgetLimit::MinAvailable(share) => format!("minAvailable: {}", share_words(share)),
        BudgetLimit::MaxUnavailable(share) => format!("maxUnavailable: {}", share_words(share)),
    }
}

fn share_words(share: crate::units::IntOrPercent) -> String {
    match share {
        crate::units::IntOrPercent::Int(n) => n.to_string(),
        crate::units::IntOrPercent::Percent(n) => format!("{n}%"),
    }
}
