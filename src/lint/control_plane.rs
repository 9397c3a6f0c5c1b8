//! C: the control plane and etcd.

use super::case::{Case, count, replicated, some};
use super::{Finding, Found, Object, Rule, Severity};
use crate::model::behaviour::api_server;
use crate::model::behaviour::controller_manager::node_monitor_grace;
use crate::model::{Etcd, HealthCheck, Predicts, Step};
use crate::units::{Dist, Span};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "C01",
        severity: Severity::Warning,
        title: "A single control-plane node is upgraded",
        why: "While its API server is swapped nothing can be changed and nothing heals: a pod that dies then stays dead until the \
              control plane is back.",
        fix: "Accept it in a quiet hour, or run three control-plane nodes.",
        needs: "an UpgradePlan and Node objects of the control plane",
        source: "https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/ha-topology/",
        check: single,
    },
    Rule {
        id: "C02",
        severity: Severity::Error,
        title: "The plan takes a majority of the etcd members down at the same time",
        why: "Without a majority etcd answers nobody, and with it the whole API.",
        fix: "Upgrade members one after another, and repair those that are not Ready first.",
        needs: "an UpgradePlan, stacked etcd",
        source: "https://etcd.io/docs/latest/faq/ (failure tolerance)",
        check: quorum,
    },
    Rule {
        id: "C03",
        severity: Severity::Warning,
        title: "An even number of etcd members",
        why: "An even number bears no more failures than one member less, and has one more that can fail.",
        fix: "Run three or five control-plane nodes.",
        needs: "stacked etcd",
        source: "https://etcd.io/docs/latest/faq/ (failure tolerance)",
        check: even,
    },
    Rule {
        id: "C05",
        severity: Severity::Warning,
        title: "The load balancer notices too late that an API server is away",
        why: "Until it does, one call in so many goes to a server that does not answer; a TCP check never notices a server \
              whose etcd is away.",
        fix: "Check `GET /readyz` every 5 s, out after two or three failures.",
        needs: "a Cluster with several control-plane nodes",
        source: "https://kubernetes.io/docs/reference/using-api/health-checks/",
        check: balancer,
    },
    Rule {
        id: "C07",
        severity: Severity::Error,
        title: "Certificates of the control plane run out during the plan",
        why: "From then on API servers reject their clients, and kubelets cannot report.",
        fix: "Run `kubeadm certs renew all` and restart the control plane first, or leave the renewal of kubeadm on.",
        needs: "`controlPlane.certificatesExpireIn` of the Cluster",
        source: "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/ (X-1 … X-7)",
        check: certificates,
    },
    Rule {
        id: "C08",
        severity: Severity::Note,
        title: "The only API server is away for longer than nodes may be silent",
        why: "When it returns, leases of nodes look old: the node lifecycle controller may mark healthy nodes NotReady, and Services \
              drop their pods until the kubelets have reported.",
        fix: "Pull images before, shorten the step, or run several API servers.",
        needs: "an UpgradePlan, Timings of the control plane",
        source: "https://kubernetes.io/docs/concepts/architecture/nodes/ (N-1 … N-3)",
        check: long_outage,
    },
    Rule {
        id: "C09",
        severity: Severity::Warning,
        title: "A workload runs on control-plane nodes only",
        why: "The drain of the control plane takes it down like a drain of its workers.",
        fix: "Taint the control-plane nodes, or run replicas on workers, too.",
        needs: "pods with their nodes, an UpgradePlan that drains the control plane",
        source: "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/",
        check: tenants,
    },
];

fn single(case: &Case<'_>, found: &mut Found) {
    let nodes = &case.model.control_plane.nodes;
    if let ([node], true) = (nodes.as_slice(), case.upgrades_control_plane()) {
        let name = case.node_name(*node);
        let says = format!("{name} is the only control-plane node, and the plan upgrades it");
        let finding = Finding::new(Object::new("Node", "", name), says);
        found.push(finding.figure("controlPlaneNodes", 1).predicts(Predicts::ApiDown));
    }
}

fn quorum(case: &Case<'_>, found: &mut Found) {
    let members = &case.model.control_plane.nodes;
    if case.model.control_plane.etcd != Etcd::Stacked || members.len() < 2 || !case.upgrades_control_plane() {
        return;
    }
    let sick: Vec<_> = members.iter().filter(|n| case.traits.not_ready.contains(n)).collect();
    let bearable = (members.len() - 1) / 2;
    let Some(plan) = &case.model.plan else { return };
    let steps = plan.steps.iter().enumerate().filter_map(|(i, step)| match step {
        Step::UpgradeControlPlane { nodes, .. } => Some((format!("spec.steps.{i}"), nodes.len())),
        _ => None,
    });
    let one_by_one = plan.steps.is_empty().then(|| ("spec.controlPlane".to_owned(), 1));
    for (field, together) in steps.chain(one_by_one) {
        // Two members bear no failure at all: nothing that a plan could do better (C03 tells).
        let away = together + sick.len();
        if away <= bearable || members.len() == 2 && away == 1 {
            continue;
        }
        let says = format!("{away} of {} etcd members are away at the same time", members.len());
        let names: Vec<String> = sick.iter().take(3).map(|n| case.node_name(**n).to_owned()).collect();
        let why = match sick.len() {
            0 => format!(
                "The step upgrades {}, and etcd bears the loss of {bearable}.",
                count(together, "member")
            ),
            _ => format!(
                "{} not Ready already, the plan takes {together} more, and etcd bears the loss of {bearable}.",
                are(&some(&names, sick.len()), sick.len())
            ),
        };
        let finding = Finding::new(case.plan_object(), says).field(&field).why(why);
        let finding = finding
            .figure("members", members.len())
            .figure("away", away)
            .figure("bearable", bearable);
        found.push(finding.predicts(Predicts::NoQuorum));
    }
}

fn are(names: &str, number: usize) -> String {
    format!("{names} {}", if number == 1 { "is" } else { "are" })
}

fn even(case: &Case<'_>, found: &mut Found) {
    let members = case.model.control_plane.nodes.len();
    if case.model.control_plane.etcd == Etcd::Stacked && members > 0 && members.is_multiple_of(2) {
        let node = case.node_name(case.model.control_plane.nodes[0]);
        let says = format!("{members} etcd members bear the loss of {}", (members - 1) / 2);
        let why = if case.upgrades_control_plane() {
            format!(
                "While the plan has one of them in hand, etcd bears the loss of {} more.",
                (members - 1) / 2 - usize::from(members > 2)
            )
        } else {
            String::new()
        };
        let finding = Finding::new(Object::new("Node", "", node), says).why(why);
        let predicts = if members == 2 && case.upgrades_control_plane() {
            Predicts::NoQuorum
        } else {
            Predicts::Nothing
        };
        found.push(finding.figure("members", members).predicts(predicts));
    }
}

/// What a load balancer may take to notice (3 checks of 5 s).
const NOTICED: Span = Span::from_secs(15);

fn balancer(case: &Case<'_>, found: &mut Found) {
    let plane = &case.model.control_plane;
    let balancer = &plane.load_balancer;
    let late = balancer.interval * u64::from(balancer.threshold);
    let tcp = balancer.check == HealthCheck::Tcp;
    if plane.nodes.len() < 2 || !case.upgrades_control_plane() || !tcp && late <= NOTICED {
        return;
    }
    let says = if tcp {
        "the load balancer of the API checks a TCP connection only".to_owned()
    } else {
        format!("the load balancer of the API takes {late} to notice that a server is away")
    };
    let why = format!("Meanwhile 1 call in {} fails.", plane.nodes.len());
    let finding = Finding::new(Object::new("Cluster", "", ""), says)
        .field("spec.controlPlane.loadBalancer")
        .why(why);
    let finding = finding
        .figure("noticedAfter", late)
        .figure("apiServers", plane.nodes.len());
    found
        .push(finding.patch("spec:\n  controlPlane:\n    loadBalancer: {check: Readyz, interval: 5s, threshold: 2}\n"));
}

fn certificates(case: &Case<'_>, found: &mut Found) {
    let Some(plan) = &case.model.plan else { return };
    let Some(expire) = case.model.control_plane.certificates_expire else {
        return;
    };
    let start = plan.start_at;
    let end = start + super::plan::estimate(case);
    let renews = plan.control_plane.renew_certificates && case.upgrades_control_plane();
    if expire <= start || expire <= end && !renews {
        let says = format!("certificates of the control plane run out {expire} after the start");
        let why = if expire <= start {
            format!("The plan starts at {start}, when they have run out already.")
        } else {
            format!("The plan takes about {}, and does not renew them.", end - start)
        };
        let finding = Finding::new(case.plan_object(), says)
            .field("spec.controlPlane")
            .why(why);
        found.push(
            finding
                .figure("expire", expire)
                .figure("expectedEnd", end)
                .predicts(Predicts::ApiDown),
        );
    }
}

fn long_outage(case: &Case<'_>, found: &mut Found) {
    let model = case.model;
    if model.control_plane.nodes.len() != 1 || !case.upgrades_control_plane() {
        return;
    }
    let times = &model.timings.api_server;
    let minor = model.version.minor();
    let stop = times.stop.clone().unwrap_or_else(api_server::stop).median();
    let start = times.start.clone().unwrap_or_else(|| api_server::start(minor)).median();
    let away = stop + times.down.as_ref().map_or(Span::ZERO, Dist::median) + start;
    let grace = node_monitor_grace(minor);
    if away > grace {
        let says = format!("the API server is away for about {away}; nodes may be silent for {grace}");
        let finding = Finding::new(case.plan_object(), says).field("spec.controlPlane");
        found.push(
            finding
                .figure("away", away)
                .figure("nodeMonitorGracePeriod", grace)
                .predicts(Predicts::ApiDown),
        );
    }
}

fn tenants(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.model.workloads.iter_ids() {
        let nodes = &case.placed[id].nodes;
        let there = |node| case.model.nodes[node].control_plane && case.drained[node];
        if workload.namespace == "kube-system" || !replicated(workload.kind) || nodes.is_empty() {
            continue;
        }
        if nodes.keys().all(|&node| there(node)) {
            let names: Vec<String> = nodes.keys().take(3).map(|&n| case.node_name(n).to_owned()).collect();
            let says = format!("all pods run on the control plane: {}", some(&names, nodes.len()));
            let finding = Finding::new(case.workload_object(id), says).figure("pods", case.placed[id].pods);
            let predicts = if nodes.len() == 1 {
                Predicts::Downtime(id)
            } else {
                Predicts::Degraded(id)
            };
            found.push(finding.predicts(predicts));
        }
    }
}
