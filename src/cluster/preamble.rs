//! Who is who in the facts of a run.

use super::control_plane::members;
use super::options::RunOptions;
use crate::ids::{BalancerId, IdVec, NodeId};
use crate::model::{
    Balancer, BreakMode, BudgetLimit, Fault, FaultAction, FaultTarget, Model, Moment, Plan, PodClass, Step, StopMode,
    TrafficPolicy, Trigger, WorkloadKind,
};
use crate::trace::{BalancerInfo, BudgetInfo, InstanceInfo, NodeInfo, Preamble, ReplicaSetInfo, WorkloadInfo};
use crate::units::{KubeVersion, Span};

/// All versions that a run meets: that of the API servers first, then the kubelets', then the target.
pub(super) fn versions(model: &Model) -> Vec<KubeVersion> {
    let mut versions = vec![model.version.clone()];
    let named = model.plan.iter().flat_map(Plan::versions);
    for version in model.nodes.iter().map(|n| &n.version).chain(named) {
        if !versions.contains(version) {
            versions.push(version.clone());
        }
    }
    versions
}

/// Who is who in the facts of a run of a model.
#[must_use]
pub fn preamble(model: &Model, options: &RunOptions) -> Preamble {
    let versions = versions(model);
    let index = |version: &KubeVersion| versions.iter().position(|v| v == version).unwrap_or(0);
    let target = model.plan.as_ref().and_then(|p| p.target.as_ref()).map(&index);
    Preamble {
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
        plan: model.plan.as_ref().map(|p| p.name.clone()),
        seed: options.seed,
        trial: options.trial,
        from: 0,
        target,
        hops: model.plan.iter().flat_map(Plan::hops).map(index).collect(),
        certificates_expire: model.control_plane.certificates_expire.map(Span::as_micros),
        nodes: nodes(model, index),
        workloads: model.workloads.iter().map(|w| workload(w, model)).collect(),
        replica_sets: model
            .replica_sets
            .iter()
            .map(|rs| ReplicaSetInfo {
                workload: rs.workload,
                name: rs.name.clone(),
            })
            .collect(),
        budgets: model.budgets.iter().map(budget).collect(),
        balancers: model.balancers.all.iter().map(|b| balancer(b, model)).collect(),
        webhooks: model.webhooks.iter().map(|w| w.name.clone()).collect(),
        instances: members(model)
            .into_iter()
            .map(|m| InstanceInfo {
                component: m.component,
                node: m.node,
            })
            .collect(),
        pods: model.pods.iter().map(|p| p.name.clone()).collect(),
        steps: model
            .plan
            .iter()
            .flat_map(|p| &p.steps)
            .map(|s| step(s, model))
            .collect(),
        faults: model.faults.iter().map(|f| fault(f, model)).collect(),
        assumptions: model.assumptions.clone(),
        findings: model.findings.clone(),
        versions: versions.iter().map(ToString::to_string).collect(),
    }
}

fn nodes(model: &Model, index: impl Fn(&KubeVersion) -> usize) -> Vec<NodeInfo> {
    let mut pools: IdVec<NodeId, Option<&str>> = model.nodes.iter().map(|_| None).collect();
    for pool in model.plan.iter().flat_map(|p| &p.pools) {
        for node in pool.nodes.iter().chain(pool.successors.iter().flatten()) {
            pools[*node] = Some(&pool.name);
        }
    }
    let zone = |zone: u32| model.zones.get(zone as usize).cloned();
    let info = |(id, n): (NodeId, &crate::model::Node)| NodeInfo {
        name: n.name.clone(),
        control_plane: n.control_plane,
        version: index(&n.version),
        planned: n.planned,
        pool: pools[id].map(str::to_owned),
        zone: n.zone.and_then(zone),
    };
    model.nodes.iter_ids().map(info).collect()
}

fn workload(workload: &crate::model::Workload, model: &Model) -> WorkloadInfo {
    let class = &model.classes[workload.class];
    WorkloadInfo {
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
        kind: workload.kind.as_str().to_owned(),
        desired: workload.desired,
        first_ordinal: (workload.kind == WorkloadKind::StatefulSet).then_some(workload.first_ordinal),
        owned: matches!(
            workload.kind,
            WorkloadKind::Deployment
                | WorkloadKind::ReplicaSet
                | WorkloadKind::StatefulSet
                | WorkloadKind::DaemonSet
                | WorkloadKind::Job
                | WorkloadKind::StaticPod
        ),
        created_later: !workload.arrivals.is_empty(),
        has_endpoints: !class.services.is_empty(),
        kept_apart: class
            .placement
            .as_ref()
            .is_some_and(|p| p.spread.iter().any(|s| s.hard && s.hostname) || !p.anti_affinity.is_empty()),
        balancers: balancers(class, model),
        budgets: class.budgets.clone(),
    }
}

fn balancer(balancer: &Balancer, model: &Model) -> BalancerInfo {
    let services = balancer.services.iter().map(|&id| &model.services[id]);
    BalancerInfo {
        services: services.map(|s| format!("{}/{}", s.namespace, s.name)).collect(),
        local: balancer.policy == TrafficPolicy::Local,
    }
}

/// The load balancers of the Services that select pods of a class.
fn balancers(class: &PodClass, model: &Model) -> Vec<BalancerId> {
    let all = model.balancers.all.iter_ids();
    all.filter(|(_, b)| b.services.iter().any(|s| class.services.contains(s)))
        .map(|(id, _)| id)
        .collect()
}

fn budget(budget: &crate::model::Budget) -> BudgetInfo {
    BudgetInfo {
        namespace: budget.namespace.clone(),
        name: budget.name.clone(),
        limit: match budget.limit {
            BudgetLimit::MinAvailable(min) => format!("minAvailable {min}"),
            BudgetLimit::MaxUnavailable(max) => format!("maxUnavailable {max}"),
        },
    }
}

fn step(step: &Step, model: &Model) -> String {
    let name = |node: &NodeId| model.nodes[*node].name.as_str();
    match step {
        Step::Drain { nodes, .. } => {
            let names: Vec<&str> = nodes.iter().map(name).collect();
            format!("drain {}", names.join(" "))
        }
        Step::UpgradeNode { node, version, .. } => {
            let to = version.as_ref().map_or_else(String::new, |v| format!(" to {v}"));
            format!("upgrade {}{to}", name(node))
        }
        Step::Cordon(node) => format!("cordon {}", name(node)),
        Step::Uncordon(node) => format!("uncordon {}", name(node)),
        Step::Sleep(span) => format!("sleep {span}"),
        Step::CreateNode(node) => format!("create node {}", name(node)),
        Step::DeleteNode(node) => format!("delete node {}", name(node)),
        Step::DeletePod(workload) => format!("delete a pod of {}", model.workload_name(*workload)),
        Step::UpgradeControlPlane { nodes, version, .. } => {
            let nodes: Vec<&str> = nodes.iter().map(name).collect();
            let to = version.as_ref().map_or_else(String::new, |v| format!(" to {v}"));
            format!("kubeadm upgrade on {}{to}", nodes.join(" and "))
        }
        Step::RenewCertificates(node) => format!("kubeadm certs renew on {}", name(node)),
    }
}

fn fault(fault: &Fault, model: &Model) -> String {
    let workload = |id| model.workload_name(id);
    let what = match &fault.action {
        FaultAction::ComponentDown {
            components,
            mode,
            duration,
            ..
        } => {
            let names: Vec<&str> = components.iter().map(|c| c.as_str()).collect();
            let how = match mode {
                StopMode::Kill => "killed",
                StopMode::Terminate => "terminated",
            };
            let back = duration.map_or_else(|| "for good".to_owned(), |d| format!("for {d}"));
            format!("{} {how} {back}", names.join(", "))
        }
        FaultAction::ComponentBreaks { component, how, .. } => {
            let component = component.as_str();
            match how {
                BreakMode::NoImage => format!("the image of the new {component} cannot be had"),
                BreakMode::Crashes => format!("the new {component} crashes when it starts"),
            }
        }
        FaultAction::NodeCrash { target, .. } => match target {
            FaultTarget::Node(node) => format!("{} crashes", model.nodes[*node].name),
            FaultTarget::Hosting(id) => format!("the node that hosts {} crashes", workload(*id)),
        },
        FaultAction::PodDelete(id) => format!("a pod of {} is deleted", workload(*id)),
        FaultAction::ContainerCrash(id) => format!("a container of {} crashes", workload(*id)),
        FaultAction::Rollout(id) => format!("a new revision of {} is rolled out", workload(*id)),
    };
    match fault.trigger {
        Trigger::At(at) => format!("at {at}: {what}"),
        Trigger::After { moment, delay } => format!("{delay} after {}: {what}", moment_words(moment, model)),
    }
}

fn moment_words(moment: Moment, model: &Model) -> String {
    let name = |node: NodeId| &model.nodes[node].name;
    match moment {
        Moment::DrainStarts(node) => format!("the drain of {} starts", name(node)),
        Moment::DrainEnds(node) => format!("the drain of {} ends", name(node)),
        Moment::NodeUpgraded(node) => format!("{} is upgraded", name(node)),
        Moment::ComponentDown(component) => format!("{} stops", component.as_str()),
        Moment::ComponentUp(component) => format!("{} starts", component.as_str()),
    }
}
