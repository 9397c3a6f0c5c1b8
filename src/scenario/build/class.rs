//! Templates become classes.

use super::Builder;
use crate::ids::{ClassId, WorkloadId};
use crate::model::{Node, PodClass, Taint, TaintEffect, Toleration, WorkloadKind};
use crate::scenario::objects::{Template, TolerationDoc};
use crate::units::Span;

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

impl Builder<'_> {
    /// The class of a workload's pods, without budgets and services.
    pub(super) fn class(
        &mut self,
        workload: WorkloadId,
        kind: WorkloadKind,
        template: &Template,
        pod: Option<&Template>,
    ) -> ClassId {
        let mut tolerations: Vec<Toleration> = template
            .tolerations
            .iter()
            .filter(|t| !waits(t))
            .map(|t| Toleration {
                key: t.key.clone(),
                value: t.value.clone(),
                effect: t.effect,
            })
            .collect();
        let mut unreachable_seconds = unreachable(&template.tolerations);
        if kind == WorkloadKind::DaemonSet {
            built_in(template.host_network, &mut tolerations);
            unreachable_seconds = None;
        }
        let (priority, preempts) = self.priority(template, pod);
        self.model.classes.push(PodClass {
            workload,
            requests: template.requests,
            nonzero: template.nonzero,
            priority,
            host_ports: template.host_ports.clone(),
            node_selector: template.node_selector.clone().into_iter().collect(),
            tolerations,
            unreachable_seconds,
            empty_dir: template.empty_dir,
            grace: template.grace,
            readiness: template.readiness,
            startup_probe: template.startup_probe,
            init_containers: template.init_containers,
            pre_stop: template.pre_stop,
            restart: template.restart,
            budgets: Vec::new(),
            services: Vec::new(),
            webhooks: Vec::new(),
            preempts,
            placement: None,
            counted: false,
            volumes: Vec::new(),
        })
    }

    /// The priority, and whether pods of it may push others away.
    fn priority(&mut self, template: &Template, pod: Option<&Template>) -> (i32, bool) {
        let classes = &self.documents.priorities;
        let class = match &template.priority_class {
            Some(name) => classes.iter().find(|c| c.meta.name == *name),
            None => classes.iter().find(|c| c.global_default),
        };
        let never = template.never_preempts.or_else(|| pod.and_then(|p| p.never_preempts));
        let never = never.unwrap_or_else(|| class.is_some_and(|c| c.never_preempts));
        (self.priority_value(template, pod), !never)
    }

    fn priority_value(&mut self, template: &Template, pod: Option<&Template>) -> i32 {
        let written = template.priority.or_else(|| pod.and_then(|p| p.priority));
        if let Some(priority) = written {
            return priority;
        }
        let classes = &self.documents.priorities;
        let Some(name) = &template.priority_class else {
            let default = classes.iter().find(|c| c.global_default);
            return default.map_or(0, |c| c.value);
        };
        if let Some(class) = classes.iter().find(|c| c.meta.name == *name) {
            return class.value;
        }
        match name.as_str() {
            "system-cluster-critical" => 2_000_000_000,
            "system-node-critical" => 2_000_001_000,
            _ => {
                let text = format!("PriorityClass {name} is not in the input: priority 0 is assumed");
                if !self.model.assumptions.contains(&text) {
                    self.assume(text);
                }
                0
            }
        }
    }
}

/// Whether this toleration ends after some time: one of those that the API server adds by default, or their like.
fn waits(t: &TolerationDoc) -> bool {
    t.seconds.is_some() && t.key.as_deref().is_some_and(|k| k == NOT_READY || k == UNREACHABLE)
}

/// How long pods stay on a node that is not ready or unreachable: 300 s unless they tolerate it otherwise (N-6).
fn unreachable(tolerations: &[TolerationDoc]) -> Option<Span> {
    let stay = |key: &str| -> Option<Span> {
        let taint = Taint {
            key: key.to_owned(),
            value: String::new(),
            effect: TaintEffect::NoExecute,
        };
        let mut covering = tolerations.iter().filter(|t| {
            let toleration = Toleration {
                key: t.key.clone(),
                value: t.value.clone(),
                effect: t.effect,
            };
            toleration.tolerates(&taint)
        });
        let Some(first) = covering.next() else {
            return Some(Span::from_secs(300));
        };
        // The shortest of all that are limited counts.
        std::iter::once(first).chain(covering).filter_map(|t| t.seconds).min()
    };
    match (stay(NOT_READY), stay(UNREACHABLE)) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// What the DaemonSet controller adds to its pods (W-21).
fn built_in(host_network: bool, tolerations: &mut Vec<Toleration>) {
    let mut add = |key: &str, effect| {
        let toleration = Toleration {
            key: Some(format!("node.kubernetes.io/{key}")),
            value: None,
            effect: Some(effect),
        };
        if !tolerations.contains(&toleration) {
            tolerations.push(toleration);
        }
    };
    add("not-ready", TaintEffect::NoExecute);
    add("unreachable", TaintEffect::NoExecute);
    add("disk-pressure", TaintEffect::NoSchedule);
    add("memory-pressure", TaintEffect::NoSchedule);
    add("pid-pressure", TaintEffect::NoSchedule);
    add("unschedulable", TaintEffect::NoSchedule);
    if host_network {
        add("network-unavailable", TaintEffect::NoSchedule);
    }
}

/// Whether a DaemonSet runs a pod of this class on a node.
pub(super) fn runs_on(class: &PodClass, node: &Node) -> bool {
    class.selects(node)
        && node
            .taints
            .iter()
            .all(|t| t.effect == TaintEffect::PreferNoSchedule || class.tolerates(t))
}
