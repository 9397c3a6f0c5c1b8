//! V: versions on the way.

use std::collections::BTreeMap;

use super::case::Case;
use super::{Finding, Found, Object, Rule, Severity};
use crate::ids::NodeId;
use crate::model::{Part, Plan, Predicts, Step};
use crate::units::KubeVersion;
use crate::versions::releases;
use crate::versions::skew::allowed_lag;

const POLICY: &str = "https://kubernetes.io/releases/version-skew-policy/ (V-3 … V-12)";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "V01",
        severity: Severity::Error,
        title: "The control plane jumps over a minor version",
        why: "Components support one minor version per hop; kubeadm refuses a longer one, and objects that only the \
              version between would have converted may be lost.",
        fix: "Go through the minor versions one by one: leave out `path`, or list a version of each.",
        needs: "an UpgradePlan that names versions",
        source: POLICY,
        check: jumps,
    },
    Rule {
        id: "V02",
        severity: Severity::Error,
        title: "The control plane goes back to an older minor version",
        why: "Going back is unsupported: what is stored may be in a form that older components cannot read.",
        fix: "Restore a snapshot of etcd instead, or go on to a later patch that has the fix.",
        needs: "an UpgradePlan that names versions",
        source: POLICY,
        check: back,
    },
    Rule {
        id: "V03",
        severity: Severity::Error,
        title: "A kubelet is newer than an API server that it may talk to",
        why: "A kubelet must not be newer than the oldest API server behind its address.",
        fix: "Upgrade every API server before the first kubelet.",
        needs: "an UpgradePlan, versions of nodes",
        source: POLICY,
        check: kubelet_too_new,
    },
    Rule {
        id: "V04",
        severity: Severity::Error,
        title: "A kubelet is too old for an API server",
        why: "Kubelets may be three minor versions older than the API server, two before 1.25; older ones are unsupported.",
        fix: "Roll the workers before the control plane makes that hop.",
        needs: "an UpgradePlan, versions of nodes",
        source: POLICY,
        check: kubelet_too_old,
    },
    Rule {
        id: "V05",
        severity: Severity::Error,
        title: "A controller manager or scheduler is newer than an API server",
        why: "They must not be newer than the API server they talk to, and behind a load balancer that can be any of them.",
        fix: "Finish the upgrade of the API servers before anything else is done.",
        needs: "pods of the control plane with their images",
        source: POLICY,
        check: controllers_ahead,
    },
    Rule {
        id: "V06",
        severity: Severity::Warning,
        title: "API servers are more than one minor version apart",
        why: "API servers of one cluster may differ by one minor version, for as long as an upgrade takes.",
        fix: "Take one hop on all control-plane nodes before the next one.",
        needs: "an UpgradePlan and several control-plane nodes, or pods of API servers with their images",
        source: POLICY,
        check: servers_apart,
    },
    Rule {
        id: "V07",
        severity: Severity::Warning,
        title: "kube-proxy is too far from the API server or the kubelet",
        why: "kube-proxy must not be newer than the API server, nor more than three minor versions (two before 1.25) away from \
              it or from the kubelet of its node.",
        fix: "Set the image of the kube-proxy DaemonSet to the version of the control plane.",
        needs: "the DaemonSet kube-proxy with its image",
        source: POLICY,
        check: proxy,
    },
    Rule {
        id: "V08",
        severity: Severity::Note,
        title: "The target is not the newest patch of its minor version",
        why: "Known bugs, security fixes among them, are fixed in later patches.",
        fix: "Aim at the newest patch.",
        needs: "an UpgradePlan that names versions",
        source: "https://kubernetes.io/releases/ (the table in docs/versions.md)",
        check: patches,
    },
    Rule {
        id: "V09",
        severity: Severity::Warning,
        title: "Workers are rolled more often than versions ask for",
        why: "Every roll of the workers evicts every pod once more; kubelets may lag three minor versions behind.",
        fix: "Set `workers: Lagging`, so that workers are rolled when they must be, and once at the end.",
        needs: "an UpgradePlan over several minor versions",
        source: "https://kubernetes.io/releases/version-skew-policy/ (V-12)",
        check: needless_rounds,
    },
];

/// Hops of the control plane: from, to, and the field of the plan.
fn hops(case: &Case<'_>) -> Vec<(KubeVersion, KubeVersion, String)> {
    let Some(plan) = &case.model.plan else {
        return Vec::new();
    };
    let mut now = case.model.version.clone();
    let mut found = Vec::new();
    let mut go = |to: &KubeVersion, field: String| {
        if *to != now {
            found.push((std::mem::replace(&mut now, to.clone()), to.clone(), field));
        }
    };
    for to in plan.hops() {
        go(to, "spec.targetVersion".into());
    }
    for (i, step) in plan.steps.iter().enumerate() {
        if let Step::UpgradeControlPlane { version, .. } = step
            && let Some(to) = version.as_ref().or(plan.target.as_ref())
        {
            go(to, format!("spec.steps.{i}"));
        }
    }
    found
}

fn jumps(case: &Case<'_>, found: &mut Found) {
    for (from, to, field) in hops(case) {
        if to.minor() > from.minor() + 1 {
            let says = format!("the control plane goes from {from} to {to} in one hop");
            let why = format!(
                "{} minor versions at once: kubeadm refuses this hop.",
                to.minor() - from.minor()
            );
            let finding = Finding::new(case.plan_object(), says).field(&field).why(why);
            let finding = finding.figure("from", &from).figure("to", &to);
            found.push(finding.predicts(Predicts::Stuck));
        }
    }
}

fn back(case: &Case<'_>, found: &mut Found) {
    for (from, to, field) in hops(case) {
        if to.minor() < from.minor() {
            let says = format!("the control plane goes back from {from} to {to}");
            let finding = Finding::new(case.plan_object(), says).field(&field);
            found.push(
                finding
                    .figure("from", &from)
                    .figure("to", &to)
                    .predicts(Predicts::Stuck),
            );
        }
    }
}

/// A moment of the way: versions of API servers and of kubelets by node.
struct Moment {
    field: String,
    servers: Vec<u32>,
    kubelets: BTreeMap<NodeId, u32>,
}

impl Moment {
    fn start(case: &Case<'_>) -> Self {
        let minor = case.model.version.minor();
        let nodes = case.model.nodes.iter_ids().filter(|(_, n)| !n.planned);
        Self {
            field: String::new(),
            servers: vec![minor; case.model.control_plane.nodes.len().max(1)],
            kubelets: nodes.map(|(id, n)| (id, n.version.minor())).collect(),
        }
    }
}

/// Calls `look` after each change of versions on the way.
fn walk(case: &Case<'_>, mut look: impl FnMut(&Moment)) {
    let Some(plan) = &case.model.plan else { return };
    let mut now = Moment::start(case);
    for leg in &plan.legs {
        let Some(to) = &leg.version else { continue };
        now.field = "spec.targetVersion".into();
        match leg.part {
            Part::Workers => {
                let workers = plan.pools.iter().flat_map(|p| &p.nodes);
                now.kubelets.extend(workers.map(|&n| (n, to.minor())));
                look(&now);
            }
            Part::ControlPlane => {
                for at in 0..now.servers.len() {
                    now.servers[at] = to.minor();
                    if at == 0 || at + 1 == now.servers.len() {
                        look(&now);
                    }
                }
                let nodes = case.model.control_plane.nodes.iter();
                now.kubelets.extend(nodes.map(|&n| (n, to.minor())));
            }
        }
    }
    steps(case, plan, &mut now, look);
}

fn steps(case: &Case<'_>, plan: &Plan, now: &mut Moment, mut look: impl FnMut(&Moment)) {
    for (i, step) in plan.steps.iter().enumerate() {
        now.field = format!("spec.steps.{i}");
        match step {
            Step::UpgradeControlPlane { nodes, version, .. } => {
                let Some(to) = version.as_ref().or(plan.target.as_ref()) else {
                    continue;
                };
                for node in nodes {
                    let at = case.model.control_plane.nodes.iter().position(|n| n == node);
                    if let Some(server) = at.and_then(|at| now.servers.get_mut(at)) {
                        *server = to.minor();
                    }
                }
            }
            Step::UpgradeNode { node, version, .. } => {
                let Some(to) = version.as_ref().or(plan.target.as_ref()) else {
                    continue;
                };
                now.kubelets.insert(*node, to.minor());
            }
            _ => continue,
        }
        look(now);
    }
}

fn kubelet_too_new(case: &Case<'_>, found: &mut Found) {
    let mut told = false;
    walk(case, |now| {
        let Some(&oldest) = now.servers.iter().min() else {
            return;
        };
        let newer: Vec<_> = now.kubelets.iter().filter(|(_, minor)| **minor > oldest).collect();
        if let (Some(&(&node, &minor)), false) = (newer.first(), told) {
            told = true;
            let name = case.node_name(node);
            let says = format!("the kubelet of {name} is at 1.{minor} while an API server is at 1.{oldest}");
            let finding = Finding::new(case.plan_object(), says).field(&now.field);
            let finding = finding
                .figure("kubelet", format!("1.{minor}"))
                .figure("nodes", newer.len());
            found.push(
                finding
                    .figure("apiServer", format!("1.{oldest}"))
                    .predicts(Predicts::Skew),
            );
        }
    });
}

fn kubelet_too_old(case: &Case<'_>, found: &mut Found) {
    let mut told = false;
    walk(case, |now| {
        let Some(&newest) = now.servers.iter().max() else {
            return;
        };
        let late = |minor: u32| newest.saturating_sub(minor) > allowed_lag(minor);
        let older: Vec<_> = now.kubelets.iter().filter(|(_, minor)| late(**minor)).collect();
        if let (Some(&(&node, &minor)), false) = (older.first(), told) {
            told = true;
            let name = case.node_name(node);
            let says = format!("the kubelet of {name} is still at 1.{minor} when an API server is at 1.{newest}");
            let finding = Finding::new(case.plan_object(), says).field(&now.field);
            let finding = finding
                .figure("kubelet", format!("1.{minor}"))
                .figure("nodes", older.len());
            let finding = finding.figure("allowedLag", allowed_lag(minor));
            found.push(
                finding
                    .figure("apiServer", format!("1.{newest}"))
                    .predicts(Predicts::Skew),
            );
        }
    });
}

fn controllers_ahead(case: &Case<'_>, found: &mut Found) {
    let running = &case.traits.running;
    let servers = running.iter().filter(|r| r.component == "kube-apiserver");
    let Some(oldest) = servers.map(|r| r.version.minor()).min() else {
        return;
    };
    for other in running {
        let follows = matches!(
            other.component.as_str(),
            "kube-controller-manager" | "kube-scheduler" | "cloud-controller-manager"
        );
        if follows && other.version.minor() > oldest {
            let says = format!(
                "{} is at {} while an API server is at 1.{oldest}",
                other.component, other.version
            );
            let finding = Finding::new(Object::new("Pod", "kube-system", &other.pod), says);
            let finding = finding
                .figure("component", &other.version)
                .figure("apiServer", format!("1.{oldest}"));
            found.push(finding.predicts(Predicts::Skew));
        }
    }
}

fn servers_apart(case: &Case<'_>, found: &mut Found) {
    let servers = case.traits.running.iter().filter(|r| r.component == "kube-apiserver");
    let minors = || servers.clone().map(|r| r.version.minor());
    if let (Some(old), Some(new)) = (minors().min(), minors().max())
        && new > old + 1
        && let Some(first) = servers.clone().find(|r| r.version.minor() == old)
    {
        let says = format!("API servers are at 1.{old} and at 1.{new}");
        let finding = Finding::new(Object::new("Pod", "kube-system", &first.pod), says);
        found.push(finding.figure("oldest", old).figure("newest", new));
    }
    let mut told = false;
    walk(case, |now| {
        let (Some(&old), Some(&new)) = (now.servers.iter().min(), now.servers.iter().max()) else {
            return;
        };
        if new > old + 1 && !told {
            told = true;
            let says = format!("API servers are at 1.{old} and at 1.{new} at the same time");
            let finding = Finding::new(case.plan_object(), says).field(&now.field);
            found.push(
                finding
                    .figure("oldest", old)
                    .figure("newest", new)
                    .predicts(Predicts::Skew),
            );
        }
    });
}

fn proxy(case: &Case<'_>, found: &mut Found) {
    for (id, workload) in case.model.workloads.iter_ids() {
        if workload.name != "kube-proxy" || workload.namespace != "kube-system" {
            continue;
        }
        let images = case.traits.workloads.get(id).map_or(&[][..], |t| &t.images);
        let tag = |image: &String| Some(image.rsplit_once(':')?.1.to_owned());
        let Some(minor) = images
            .iter()
            .filter_map(tag)
            .find_map(|t| t.parse::<KubeVersion>().ok())
        else {
            continue;
        };
        let (own, server) = (minor.minor(), case.model.version.minor());
        let kubelets = case.model.nodes.iter().map(|n| n.version.minor());
        let far = kubelets.clone().find(|&k| k.abs_diff(own) > allowed_lag(k.min(own)));
        let (other, what) = match far {
            _ if own > server => (server, "the API server"),
            _ if server - own > allowed_lag(own) => (server, "the API server"),
            Some(kubelet) => (kubelet, "a kubelet"),
            None => continue,
        };
        let says = format!("kube-proxy is at {minor}, {what} at 1.{other}");
        let finding = Finding::new(case.workload_object(id), says);
        let finding = finding.figure("proxy", &minor).figure("other", format!("1.{other}"));
        found.push(finding.patch(format!(
            "kubectl -n kube-system set image daemonset/kube-proxy kube-proxy=registry.k8s.io/kube-proxy:{}",
            case.model.version
        )));
    }
}

fn patches(case: &Case<'_>, found: &mut Found) {
    let Some(plan) = &case.model.plan else { return };
    let Some(target) = &plan.target else { return };
    let newest = releases::newest(target.minor()).filter(|newest| newest > target);
    if let Some(newest) = newest {
        let says = format!("the target is {target}; the newest patch known is {newest}");
        let finding = Finding::new(case.plan_object(), says).field("spec.targetVersion");
        let finding = finding.figure("target", target).figure("newest", &newest);
        found.push(finding.patch(format!("spec:\n  targetVersion: {newest}\n")));
    }
}

fn needless_rounds(case: &Case<'_>, found: &mut Found) {
    let Some(plan) = &case.model.plan else { return };
    let rounds = plan.legs.iter().filter(|l| l.part == Part::Workers).count();
    let hops = plan.hops().count();
    let oldest = case
        .pools
        .iter()
        .flat_map(|p| &p.pool.nodes)
        .map(|&n| case.model.nodes[n].version.minor())
        .min();
    let (Some(oldest), Some(last)) = (oldest, plan.hops().last()) else {
        return;
    };
    let lag = last.minor().saturating_sub(oldest);
    // One at the end, and one each time that they would be too far behind.
    let needed = 1 + lag.saturating_sub(1) / allowed_lag(oldest).max(1);
    if hops > 1 && rounds > needed as usize {
        let says = format!("workers are rolled {rounds} times; versions ask for {needed}");
        let pods: u32 = case.moved().map(|(_, w)| w.desired).sum();
        let why = format!(
            "Each roll evicts some {pods} pods: {} rolls more than needed.",
            rounds - needed as usize
        );
        let finding = Finding::new(case.plan_object(), says).field("spec.workers").why(why);
        let finding = finding
            .figure("rounds", rounds)
            .figure("needed", needed)
            .figure("hops", hops);
        found.push(finding.patch("spec:\n  workers: Lagging\n").predicts(Predicts::Moves));
    }
}
