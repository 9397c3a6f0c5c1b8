//! Who selects which pods: budgets and services.

use std::collections::BTreeMap;

use super::{Builder, some_of};
use crate::ids::{BudgetId, ClassId, ServiceId};
use crate::model::{Budget, BudgetLimit, Service, WorkloadKind};
use crate::units::IntOrPercent;

type Labels = BTreeMap<String, String>;

impl<'d> Builder<'d> {
    /// Resolves the selectors of budgets and services.
    pub(super) fn select(&mut self) {
        let mut by_namespace: BTreeMap<&str, Vec<(ClassId, &'d Labels)>> = BTreeMap::new();
        for &(namespace, class, template) in &self.templates {
            let classes = by_namespace.entry(namespace).or_default();
            classes.push((class, &template.labels));
        }
        let nobody = Vec::new();
        for doc in &self.documents.budgets {
            let id = self.budget(doc);
            let classes = by_namespace.get(doc.meta.namespace.as_str());
            for &(class, labels) in classes.unwrap_or(&nobody) {
                if doc.selector.matches(labels) {
                    self.model.classes[class].budgets.push(id);
                }
            }
        }
        for doc in &self.documents.services {
            if doc.selector.is_empty() {
                continue;
            }
            let id: ServiceId = self.model.services.push(Service {
                namespace: doc.meta.namespace.clone(),
                name: doc.meta.name.clone(),
                publish_not_ready: doc.publish_not_ready,
                implied: false,
            });
            if let Some(policy) = doc.balanced {
                self.balance(id, policy);
            }
            let classes = by_namespace.get(doc.meta.namespace.as_str());
            for &(class, labels) in classes.unwrap_or(&nobody) {
                if doc.selector.iter().all(|(k, v)| labels.get(k) == Some(v)) {
                    self.model.classes[class].services.push(id);
                }
            }
        }
        self.balancers();
        self.implied();
    }

    fn budget(&mut self, doc: &crate::scenario::objects::BudgetDoc) -> BudgetId {
        let limit = doc.limit.unwrap_or(BudgetLimit::MaxUnavailable(IntOrPercent::Int(0)));
        if doc.limit.is_none() {
            self.assume(format!(
                "the budget {}/{} asks for nothing, which allows no eviction",
                doc.meta.namespace, doc.meta.name
            ));
        }
        self.model.budgets.push(Budget {
            namespace: doc.meta.namespace.clone(),
            name: doc.meta.name.clone(),
            limit,
            always_allow_unhealthy: doc.always_allow_unhealthy,
        })
    }

    /// A Service for each workload that none selects, so that its readiness is reported.
    fn implied(&mut self) {
        let mut names = Vec::new();
        for workload in &self.model.workloads {
            let kind = workload.kind;
            let counts = matches!(
                kind,
                WorkloadKind::Deployment | WorkloadKind::ReplicaSet | WorkloadKind::StatefulSet | WorkloadKind::Pod
            );
            let class = &mut self.model.classes[workload.class];
            let services = &self.model.services;
            if !counts || class.services.iter().any(|&s| !services[s].implied) {
                continue;
            }
            names.push(format!("{}/{}", workload.namespace, workload.name));
            // Pods that nobody owns and that are alike share a class.
            if !class.services.is_empty() {
                continue;
            }
            class.services.push(self.model.services.push(Service {
                namespace: workload.namespace.clone(),
                name: workload.name.clone(),
                publish_not_ready: false,
                implied: true,
            }));
        }
        if !names.is_empty() {
            let count = names.len();
            let (noun, verb) = if count == 1 {
                ("workload", "its")
            } else {
                ("workloads", "their")
            };
            let names = some_of(&names, 3.min(count));
            let more = if count > 3 { ", …" } else { "" };
            self.assume(format!(
                "no Service selects {count} {noun} ({names}{more}): readiness in the API stands for {verb} endpoints"
            ));
        }
    }

    /// A sentence for hooks that are taken to need no time.
    pub(super) fn hooks(&mut self) {
        let users = self.templates.iter().filter(|(_, _, template)| template.other_hook);
        let workload = |class: ClassId| self.model.classes[class].workload;
        let names: Vec<String> = users
            .map(|&(_, class, _)| self.model.workload_name(workload(class)))
            .collect();
        if !names.is_empty() {
            let names = some_of(&names, names.len());
            self.assume(format!(
                "preStop hooks of {names} that do more than to sleep are taken to need no time for that"
            ));
        }
    }
}
