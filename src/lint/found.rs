//! Findings as they are made; what is suppressed is left out.

use std::collections::BTreeMap;

use super::rules::Rule;
use crate::ids::{BudgetId, NodeId, WorkloadId};
use crate::model::{Finding, Model, Prediction, Subject, WorkloadKind};

/// Rules that say nothing of an object, or `*`: what its annotation `seatrial.dev/ignore` lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored(pub BTreeMap<Subject, Vec<String>>);

impl Ignored {
    fn has(&self, object: &Subject, rule: &Rule) -> bool {
        let listed = self.0.get(object).map_or(&[][..], Vec::as_slice);
        listed.iter().any(|id| id == "*" || id.eq_ignore_ascii_case(&rule.id))
    }
}

/// Takes findings in.
pub(super) struct Found<'a> {
    model: &'a Model,
    ignored: &'a Ignored,
    rule: Option<&'static Rule>,
    list: Vec<Finding>,
}

/// What a rule says of an object.
pub(super) struct Says {
    object: Subject,
    evidence: String,
    fix: Option<String>,
    patch: Option<String>,
    predicts: Prediction,
    workloads: Vec<String>,
}

impl Says {
    /// What it would show, and in which workloads.
    pub(super) fn predicting(mut self, predicts: Prediction, workloads: Vec<String>) -> Self {
        (self.predicts, self.workloads) = (predicts, workloads);
        self
    }

    /// What to do here, where that is more than the rule's own advice.
    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// What to write.
    pub(super) fn patch(mut self, patch: impl Into<String>) -> Self {
        self.patch = Some(patch.into());
        self
    }
}

/// Something of an object, with the numbers.
pub(super) fn says(object: Subject, evidence: impl Into<String>) -> Says {
    Says {
        object,
        evidence: evidence.into(),
        fix: None,
        patch: None,
        predicts: Prediction::Nothing,
        workloads: Vec::new(),
    }
}

impl<'a> Found<'a> {
    pub(super) const fn new(model: &'a Model, ignored: &'a Ignored) -> Self {
        Self {
            model,
            ignored,
            rule: None,
            list: Vec::new(),
        }
    }

    /// What follows is found by this rule.
    pub(super) const fn by(&mut self, rule: &'static Rule) {
        self.rule = Some(rule);
    }

    pub(super) fn add(&mut self, said: Says) {
        let Some(rule) = self.rule else { return };
        if self.ignored.has(&said.object, rule) {
            return;
        }
        self.list.push(Finding {
            rule: rule.id.clone(),
            severity: rule.severity,
            place: None,
            object: said.object,
            evidence: said.evidence,
            why: rule.why.clone(),
            fix: said.fix.unwrap_or_else(|| rule.fix.clone()),
            patch: said.patch,
            predicts: said.predicts,
            workloads: said.workloads,
        });
    }

    /// The worst first.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.list.sort_by(|a, b| {
            let worse = b.severity.cmp(&a.severity);
            worse
                .then_with(|| a.rule.cmp(&b.rule))
                .then_with(|| a.object.cmp(&b.object))
        });
        self.list
    }

    /// The plan.
    pub(super) fn plan(&self) -> Subject {
        let name = self.model.plan.as_ref().map_or("", |plan| plan.name.as_str());
        cluster_wide("UpgradePlan", name)
    }

    /// A node.
    pub(super) fn node(&self, node: NodeId) -> Subject {
        cluster_wide("Node", &self.model.nodes[node].name)
    }

    /// A workload.
    pub(super) fn workload(&self, workload: WorkloadId) -> Subject {
        let workload = &self.model.workloads[workload];
        let kind = match workload.kind {
            // The kind of its controller is not known here.
            WorkloadKind::Unmodelled => "Pod",
            kind => kind.as_str(),
        };
        namespaced(kind, &workload.namespace, &workload.name)
    }

    /// A budget.
    pub(super) fn budget(&self, budget: BudgetId) -> Subject {
        let budget = &self.model.budgets[budget];
        namespaced("PodDisruptionBudget", &budget.namespace, &budget.name)
    }
}

/// An object without a namespace.
pub(super) fn cluster_wide(kind: &str, name: &str) -> Subject {
    Subject {
        kind: kind.to_owned(),
        namespace: None,
        name: name.to_owned(),
    }
}

/// An object of a namespace.
pub(super) fn namespaced(kind: &str, namespace: &str, name: &str) -> Subject {
    Subject {
        kind: kind.to_owned(),
        namespace: Some(namespace.to_owned()),
        name: name.to_owned(),
    }
}
