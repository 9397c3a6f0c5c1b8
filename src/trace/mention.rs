//! Who is mentioned in a fact, and the name that people know it by.

use std::io::{self, Write};

use super::{Fact, Preamble, Skew, VersionId};
use crate::ids::{BudgetId, DrainId, Id, InstanceId, NodeId, PodId, WorkloadId};

/// The things that a fact refers to by id.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mentions {
    pub(crate) node: Option<NodeId>,
    pub(crate) pod: Option<PodId>,
    pub(crate) workload: Option<WorkloadId>,
    pub(crate) budget: Option<BudgetId>,
    pub(crate) drain: Option<DrainId>,
    pub(crate) instance: Option<InstanceId>,
    pub(crate) version: Option<VersionId>,
}

impl Mentions {
    /// Everything that `fact` refers to.
    pub(crate) fn of(fact: &Fact) -> Self {
        let none = Self::default();
        match *fact {
            Fact::RunStarted
            | Fact::RunEnded
            | Fact::PlanStarted
            | Fact::PlanEnded { .. }
            | Fact::StepStarted { .. }
            | Fact::StepEnded { .. }
            | Fact::ApiUnavailable
            | Fact::ApiAvailable
            | Fact::QuorumLost
            | Fact::QuorumRegained
            | Fact::LeaderLost { .. }
            | Fact::SkewBegan {
                skew: Skew { node: None, .. },
            }
            | Fact::SkewEnded { node: None, .. }
            | Fact::FaultInjected { .. }
            | Fact::FaultMissed { .. } => none,
            Fact::HopStarted { version, .. } => Self {
                version: Some(version),
                ..none
            },
            Fact::KubeletStarted { node, version }
            | Fact::VersionsChecked {
                node, target: version, ..
            } => Self {
                node: Some(node),
                version: Some(version),
                ..none
            },
            Fact::DrainStarted { drain, node } | Fact::DrainEnded { drain, node, .. } => Self {
                drain: Some(drain),
                node: Some(node),
                ..none
            },
            Fact::PodNotDrainable { drain, pod, .. }
            | Fact::EvictionAccepted { drain, pod }
            | Fact::EvictionFailed { drain, pod, .. } => Self {
                drain: Some(drain),
                pod: Some(pod),
                ..none
            },
            Fact::EvictionRefused { drain, pod, budget, .. } => Self {
                drain: Some(drain),
                pod: Some(pod),
                budget: Some(budget),
                ..none
            },
            Fact::ComponentStarted { instance, version } => Self {
                instance: Some(instance),
                version: Some(version),
                ..none
            },
            Fact::ComponentStopping { instance }
            | Fact::ComponentStopped { instance, .. }
            | Fact::ComponentServing { instance }
            | Fact::ComponentUnavailable { instance }
            | Fact::LeaderElected { instance, .. } => Self {
                instance: Some(instance),
                ..none
            },
            Fact::RolloutStarted { workload } | Fact::RolloutEnded { workload } => Self {
                workload: Some(workload),
                ..none
            },
            _ => Self::of_node(fact),
        }
    }

    fn of_node(fact: &Fact) -> Self {
        match *fact {
            Fact::NodeUpgradeStarted { node }
            | Fact::DrainOverdue { node }
            | Fact::GateTimedOut { node }
            | Fact::CreationRefused { node }
            | Fact::CreationFailed { node }
            | Fact::ScaleDownStarted { node }
            | Fact::SuccessorLost { node }
            | Fact::NodeUpgradeEnded { node, .. }
            | Fact::PhaseStarted { node, .. }
            | Fact::PhaseEnded { node, .. }
            | Fact::CertificatesRenewed { node, .. }
            | Fact::CheckFailed { node, .. }
            | Fact::ServicesUnread { node }
            | Fact::ServicesRead { node }
            | Fact::SkewBegan {
                skew: Skew { node: Some(node), .. },
            }
            | Fact::SkewEnded { node: Some(node), .. }
            | Fact::PhaseFailed { node, .. }
            | Fact::ManifestRestored { node, .. }
            | Fact::AdminConfRenewed { node }
            | Fact::CertificateExpired { node, .. }
            | Fact::NodeCordoned { node }
            | Fact::NodeUncordoned { node }
            | Fact::NodeExcluded { node }
            | Fact::NodeIncluded { node }
            | Fact::BalancerJoined { node, .. }
            | Fact::BalancerLeft { node, .. }
            | Fact::KubeletStopped { node }
            | Fact::NodeCrashed { node }
            | Fact::NodeBooted { node }
            | Fact::NodeCreated { node }
            | Fact::NodeDeleted { node }
            | Fact::NodeNotReady { node }
            | Fact::NodeReady { node }
            | Fact::NodeTainted { node, .. }
            | Fact::NodeUntainted { node, .. } => Self {
                node: Some(node),
                ..Self::default()
            },
            _ => Self::of_pod(fact),
        }
    }

    fn of_pod(fact: &Fact) -> Self {
        let pod = |pod| Self {
            pod: Some(pod),
            ..Self::default()
        };
        match *fact {
            Fact::PodCreated { pod: p, workload, .. } => Self {
                workload: Some(workload),
                ..pod(p)
            },
            Fact::PodNotAdmitted { workload, .. } => Self {
                workload: Some(workload),
                ..Self::default()
            },
            Fact::PodBound { pod: p, node } | Fact::NodeUnfit { pod: p, node, .. } => Self {
                node: Some(node),
                ..pod(p)
            },
            Fact::BudgetLacks { pod: p, .. }
            | Fact::PodUnschedulable { pod: p, .. }
            | Fact::PodReady { pod: p }
            | Fact::PodUnready { pod: p }
            | Fact::PodDeleted { pod: p, .. }
            | Fact::PodFinished { pod: p }
            | Fact::PodFailed { pod: p }
            | Fact::PodRemoved { pod: p }
            | Fact::ContainersStarted { pod: p }
            | Fact::ContainersServing { pod: p }
            | Fact::ContainersStopped { pod: p, .. }
            | Fact::EndpointReady { pod: p }
            | Fact::EndpointUnready { pod: p }
            | Fact::RouteReady { pod: p }
            | Fact::RouteTerminating { pod: p }
            | Fact::RouteRemoved { pod: p } => pod(p),
            _ => Self::default(),
        }
    }
}

/// Writes `,"object":"pod/default/web-x"` for what a fact is about, if it is about one thing.
pub(super) fn object(preamble: &Preamble, pods: &mut Vec<Box<str>>, fact: &Fact, out: &mut Vec<u8>) -> io::Result<()> {
    if let Fact::PodCreated {
        pod,
        workload,
        slot,
        replica_set,
    } = *fact
        && let Some(owner) = preamble.workloads.get(workload.index())
    {
        let name = preamble.pod_name(pod, workload, slot, replica_set);
        let name = serde_json::to_string(&format!("pod/{}/{name}", owner.namespace))?;
        if pods.len() <= pod.index() {
            pods.resize(pod.index() + 1, Box::default());
        }
        if let Some(place) = pods.get_mut(pod.index()) {
            *place = name.into();
        }
    }
    let m = Mentions::of(fact);
    if let Some(pod) = m.pod {
        return match pods.get(pod.index()) {
            Some(name) if !name.is_empty() => write!(out, r#","object":{name}"#),
            _ => Ok(()),
        };
    }
    let name = if let Some(node) = m.node {
        let known = preamble.nodes.get(node.index());
        known.map(|node| format!("node/{}", node.name))
    } else if let Some(instance) = m.instance {
        let known = preamble.instances.get(instance.index());
        known.map(|process| {
            let node = process.node.and_then(|n| preamble.nodes.get(n.index()));
            let component = process.component.as_str();
            node.map_or_else(|| component.into(), |n| format!("{component}/{}", n.name))
        })
    } else if let Some(workload) = m.workload {
        let known = preamble.workloads.get(workload.index());
        known.map(|w| format!("{}/{}/{}", w.kind.to_lowercase(), w.namespace, w.name))
    } else {
        None
    };
    if let Some(name) = name {
        out.extend_from_slice(br#","object":"#);
        serde_json::to_writer(out, &name)?;
    }
    Ok(())
}
