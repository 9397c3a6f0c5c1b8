//! Who selects which pods: budgets and services; and what pods ask for in vain.

use std::collections::BTreeMap;

use super::{Builder, some_of};
use crate::ids::{BudgetId, ClassId, ServiceId};
use crate::model::{Budget, BudgetLimit, Service, WorkloadKind};
use crate::scenario::objects::Feature;
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
            let classes = by_namespace.get(doc.meta.namespace.as_str());
            for &(class, labels) in classes.unwrap_or(&nobody) {
                if doc.selector.iter().all(|(k, v)| labels.get(k) == Some(v)) {
                    self.model.classes[class].services.push(id);
                }
            }
        }
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
            let class = &mut self.model.classes[workload.class];
            let counts = matches!(
                kind,
                WorkloadKind::Deployment | WorkloadKind::ReplicaSet | WorkloadKind::Pod
            );
            if !counts || !class.services.is_empty() {
                continue;
            }
            names.push(format!("{}/{}", workload.namespace, workload.name));
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

    /// One sentence for each feature that the engine does not look at.
    pub(super) fn features(&mut self) {
        let mut users: BTreeMap<Feature, Vec<String>> = BTreeMap::new();
        for &(_, class, template) in &self.templates {
            let workload = self.model.classes[class].workload;
            let kind = self.model.workloads[workload].kind;
            for &feature in &template.features {
                let own = matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::StaticPod);
                if !own || matches!(feature, Feature::PersistentVolumes | Feature::OtherHook) {
                    let name = self.model.workload_name(workload);
                    users.entry(feature).or_default().push(name);
                }
            }
        }
        for (feature, names) in users {
            let names = some_of(&names, names.len());
            let refuse = "pods may land where a real scheduler would refuse";
            self.assume(match feature {
                Feature::RequiredNodeAffinity => {
                    format!("required node affinity of {names} is not simulated yet: {refuse}")
                }
                Feature::RequiredPodAffinity => {
                    format!("required pod affinity of {names} is not simulated yet: {refuse}")
                }
                Feature::RequiredPodAntiAffinity => {
                    format!("required pod anti-affinity of {names} is not simulated yet: {refuse}")
                }
                Feature::PreferredAffinity => format!(
                    "preferred affinity of {names} is not simulated yet: pods may land where a real scheduler would rather not put them"
                ),
                Feature::TopologySpread => format!(
                    "topology spread constraints of {names} are not simulated yet: pods may be spread otherwise"
                ),
                Feature::OtherHook => format!(
                    "preStop hooks of {names} that do more than to sleep are taken to need no time for that"
                ),
                Feature::PersistentVolumes => format!(
                    "persistent volumes of {names} are not simulated yet: pods move without waiting for their volumes"
                ),
            });
        }
    }
}
