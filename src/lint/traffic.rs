//! T: traffic; and P14, which is about it.

use super::case::{Case, count};
use super::plan::strategy_patch;
use super::{Finding, Found, Rule, Severity};
use crate::ids::WorkloadId;
use crate::model::behaviour::cloud_controller_manager::drops_cordoned;
use crate::model::{Predicts, Premark, TrafficPolicy, WorkloadKind};
use crate::units::Span;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "P14",
        severity: Severity::Error,
        title: "Cordoning every node first empties the load balancers",
        why: "Where cordoned nodes are taken off the lists of load balancers and no new node is there yet, nobody is left to send to.",
        fix: "Bring new nodes first (`mode: Replace`, `buffer: 1`), or mark with `premark: PreferNoSchedule`.",
        needs: "an UpgradePlan that cordons first, Services of type LoadBalancer",
        source: "cloud controller managers before 1.19, or `dropsCordoned: true` (LB-1)",
        check: nobody_left,
    },
    Rule {
        id: "T01",
        severity: Severity::Warning,
        title: "A served workload has no preStop hook",
        why: "An evicted pod stops while nodes still send it requests: endpoints take a moment to reach every kube-proxy.",
        fix: "Add `preStop: {sleep: {seconds: 5}}`, or let the application go on serving for some seconds after SIGTERM.",
        needs: "workloads with their containers, Services",
        source: "https://kubernetes.io/docs/tutorials/services/pods-and-endpoint-termination-flow/ (L-10, E-4)",
        check: no_hook,
    },
    Rule {
        id: "T02",
        severity: Severity::Warning,
        title: "Pods behind a load balancer go before it has noticed",
        why: "With `externalTrafficPolicy: Local` it keeps sending to the node until its health checks have failed; no other node takes \
              over.",
        fix: "Let the preStop hook last longer than the checks take.",
        needs: "Services of type LoadBalancer, workloads with their containers",
        source: "https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/#preserving-the-client-source-ip",
        check: local_traffic,
    },
    Rule {
        id: "T03",
        severity: Severity::Warning,
        title: "Pods have too little time to stop",
        why: "The preStop hook counts against the grace period: containers are killed before they have stopped.",
        fix: "Raise `terminationGracePeriodSeconds` above hook and shutdown together.",
        needs: "workloads with their containers, Timings",
        source: "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination (L-10)",
        check: killed,
    },
    Rule {
        id: "T04",
        severity: Severity::Warning,
        title: "A part of the platform has one replica or one place",
        why: "While CoreDNS, an ingress or a network controller moves, every application feels it.",
        fix: "Run two replicas on different nodes, with a budget.",
        needs: "workloads with the images of their containers",
        source: "https://kubernetes.io/docs/tasks/administer-cluster/dns-horizontal-autoscaling/",
        check: platform,
    },
];

fn no_hook(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.moved() {
        let traits = case.traits.workloads.get(id);
        if traits.is_some_and(|t| t.written && !t.pre_stop)
            && case.is_served(id)
            && case.class(id).pre_stop == Span::ZERO
        {
            let says = "a Service lists its pods, and no container has a preStop hook";
            let grace = case.class(id).grace;
            let sync = case.model.timings.endpoints_sync.median() + case.model.timings.proxy_sync.median();
            let why = format!(
                "Each eviction leaves about {sync} in which nodes still send requests to a pod that stops: {}.",
                count(workload.desired as usize, "pod")
            );
            let finding = Finding::new(case.workload_object(id), says)
                .why(why)
                .figure("propagation", sync);
            found.push(finding.figure("gracePeriod", grace).predicts(Predicts::Errors(id)));
        }
    }
}

fn nobody_left(case: &Case<'_>, found: &mut Found) {
    let balancers = &case.model.balancers;
    let drops = balancers
        .drops_cordoned
        .unwrap_or(drops_cordoned(case.model.version.minor()));
    if balancers.all.is_empty() || !drops {
        return;
    }
    for pool in &case.pools {
        let strategy = &pool.pool.strategy;
        let brings = pool.surge > 0 || strategy.buffer.round_up(100) > 0 || strategy.buffer_per_zone > 0;
        let mut others = case
            .model
            .nodes
            .iter_ids()
            .filter(|(_, n)| !n.planned && !n.control_plane && !n.unschedulable);
        if strategy.premark != Premark::Cordon || brings || others.any(|(id, _)| !pool.pool.nodes.contains(&id)) {
            continue;
        }
        let services: usize = balancers.all.iter().map(|b| b.services.len()).sum();
        let nodes = pool.pool.nodes.len();
        let says = format!("all {nodes} nodes that load balancers send to are cordoned at the start");
        let why = format!(
            "{} cannot be reached from outside until the first node is back.",
            count(services, "Service")
        );
        let field = case.strategy_field(pool, "premark");
        let finding = Finding::new(case.plan_object(), says)
            .field(&field)
            .why(why)
            .figure("nodes", nodes);
        let finding = finding
            .figure("services", services)
            .patch(strategy_patch("premark: PreferNoSchedule"));
        let balanced = |s: &crate::ids::ServiceId| balancers.all.iter().any(|b| b.services.contains(s));
        let hit = case
            .moved()
            .map(|(id, _)| id)
            .find(|&id: &WorkloadId| case.class(id).services.iter().any(balanced));
        found.push(finding.predicts(hit.map_or(Predicts::Nothing, Predicts::Errors)));
    }
}

fn local_traffic(case: &Case<'_>, found: &mut Found) {
    let balancers = &case.model.balancers;
    let notices = balancers.interval * u64::from(balancers.threshold);
    let local = || {
        balancers
            .all
            .iter()
            .filter(|b| b.policy == TrafficPolicy::Local)
            .flat_map(|b| &b.services)
    };
    for (id, _) in case.moved() {
        let class = case.class(id);
        let Some(&service) = local().find(|service| class.services.contains(service)) else {
            continue;
        };
        if class.pre_stop < notices {
            let name = &case.model.services[service].name;
            let says = format!(
                "its pods go {} after an eviction; the load balancer of {name} needs {notices}",
                class.pre_stop
            );
            let finding = Finding::new(case.workload_object(id), says).figure("preStop", class.pre_stop);
            found.push(finding.figure("noticedAfter", notices).predicts(Predicts::Errors(id)));
        }
    }
}

fn killed(case: &Case<'_>, found: &mut Found) {
    for (id, _) in case
        .model
        .workloads
        .iter_ids()
        .filter(|(id, w)| w.desired > 0 && case.touches(*id))
    {
        let class = case.class(id);
        let takes = class.pre_stop + case.shutdown(id);
        let told = class.pre_stop > Span::ZERO || case.model.workloads[id].shutdown.is_some();
        if told && takes > class.grace {
            let says = format!("its pods take about {takes} to stop and get {}", class.grace);
            let seconds = takes.as_micros().div_ceil(1_000_000) + 5;
            let patch = format!("spec:\n  template:\n    spec:\n      terminationGracePeriodSeconds: {seconds}\n");
            let finding = Finding::new(case.workload_object(id), says).figure("preStop", class.pre_stop);
            let finding = finding
                .figure("shutdown", case.shutdown(id))
                .figure("gracePeriod", class.grace);
            found.push(finding.patch(patch));
        }
    }
}

/// Words in images of what every application needs.
const PLATFORM: [&str; 10] = [
    "coredns",
    "ingress-nginx/controller",
    "nginx-ingress",
    "traefik",
    "istio/pilot",
    "calico/kube-controllers",
    "cilium/operator",
    "metrics-server",
    "cert-manager-webhook",
    "kong/kubernetes-ingress-controller",
];

fn platform(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.moved().filter(|(_, w)| w.kind != WorkloadKind::Pod) {
        let images = case.traits.workloads.get(id).map_or(&[][..], |t| &t.images);
        let Some(part) = PLATFORM.iter().find(|word| images.iter().any(|i| i.contains(**word))) else {
            continue;
        };
        let placed = &case.placed[id];
        let says = match placed.nodes.len() {
            _ if workload.desired < 2 => format!("{part} has 1 replica"),
            1 if placed.pods > 1 => format!("all {} pods of {part} run on one node", placed.pods),
            _ => continue,
        };
        let finding = Finding::new(case.workload_object(id), says).figure("replicas", workload.desired);
        found.push(
            finding
                .figure("nodes", placed.nodes.len())
                .predicts(Predicts::Downtime(id)),
        );
    }
}
