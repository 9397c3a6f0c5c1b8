//! The steps on one node.

use super::commands::{apply, back, control_plane_pods, drain, install, kubelet_version, ready, upgrade_node};
use super::{ADMIN, Block, Book, Step, Tools, times};
use crate::model::behaviour::kubeadm::{always_restarts_etcd, postpones_addons};
use crate::model::{DrainOptions, OnFailure};
use crate::planning::itinerary::{LegPlan, NodeCost, Spread};
use crate::units::KubeVersion;

/// A node among those of its leg.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) at: usize,
    pub(super) of: usize,
    pub(super) name: &'a str,
}

impl Book<'_> {
    /// A node of the control plane: the steps of kubeadm, and those of its kubelet. Where the drain comes before kubeadm, it
    /// is among the first, unless kubelets wait for all API servers.
    pub(super) fn control_plane_node(
        &self,
        leg: &LegPlan,
        place: Place<'_>,
        before: &KubeVersion,
        to: &KubeVersion,
    ) -> (Vec<Step>, Vec<Step>) {
        let node = place.name;
        let plan = self.tools.model.and_then(|m| m.plan.as_ref());
        let drains = plan.is_none_or(|p| p.control_plane.drain);
        let early = plan.is_some_and(|p| p.control_plane.drain_before_apply) && !self.kubelets_last();
        let measured = leg.nodes.iter().find(|n| n.name == node);
        // The first node's kubectl is still the old one while that node is worked on.
        let kubectl = if place.at == 0 { before } else { to };
        let drain = drains
            .then(|| self.tools.drain(node, kubectl.minor(), measured))
            .flatten();
        let drained = drain.is_some();
        let (first, second) = if early { (drain, None) } else { (None, drain) };
        let mut kubeadm = vec![self.tools.packages(node, &["kubeadm"], to, measured)];
        kubeadm.extend(first);
        if place.at == 0 {
            kubeadm.push(look_at_plan(node, to));
        }
        kubeadm.push(self.kubeadm(leg, place, to, measured));
        let mut kubelet = Vec::from_iter(second);
        kubelet.push(self.tools.kubelet(node, before, to, false));
        kubelet.extend(drained.then(|| uncordon(node)));
        (kubeadm, kubelet)
    }

    /// `kubeadm upgrade apply` on the first node, `kubeadm upgrade node` on the others.
    fn kubeadm(&self, leg: &LegPlan, place: Place<'_>, to: &KubeVersion, measured: Option<&NodeCost>) -> Step {
        let node = place.name;
        let (title, command) = if place.at == 0 {
            let force = !leg.refusals.is_empty();
            (
                format!("{node}: kubeadm upgrade apply {to}"),
                apply(to, self.renews(), force) + self.allows(),
            )
        } else {
            (format!("{node}: kubeadm upgrade node"), upgrade_node(self.renews()))
        };
        let mut check = vec!["kubectl get --raw='/readyz'".into(), control_plane_pods(node)];
        let mut shows =
            format!("ok; every image of Kubernetes' own with the tag {to}, every pod ready, RESTARTS not rising");
        let due = if postpones_addons(to.minor()) { place.of - 1 } else { 0 };
        if place.at == due {
            check.push("kubectl -n kube-system rollout status daemonset/kube-proxy --timeout=10m".into());
            check.push("kubectl -n kube-system rollout status deployment/coredns --timeout=5m".into());
            shows.push_str("; kube-proxy and CoreDNS rolled out");
        }
        Step {
            title,
            place: format!("on {node}"),
            blocks: Block::plain(vec![command]),
            check,
            shows,
            takes: measured.and_then(|m| m.kubeadm_seconds).map(times),
            away: Some(self.away(leg, place, to)),
            fails: "when a component does not run within 5 minutes, kubeadm puts back the old manifests (K-17) and ends with \
                    an error; certificates stay renewed. Find out why (`sudo crictl ps -a`, `sudo journalctl -u kubelet -n \
                    100 --no-pager`) and run the same command again. It also says success when a component crashes again \
                    and again: the check counts. Copies of the old manifests and of etcd are in /etc/kubernetes/tmp"
                .into(),
        }
    }

    /// The plan's flags for pre-releases.
    fn allows(&self) -> &'static str {
        match self.tools.model.and_then(|m| m.plan.as_ref()).map(|p| &p.kubeadm) {
            Some(k) if k.allow_experimental => " --allow-experimental-upgrades",
            Some(k) if k.allow_release_candidates => " --allow-release-candidate-upgrades",
            _ => "",
        }
    }

    /// What is away while kubeadm works on a node.
    fn away(&self, leg: &LegPlan, place: Place<'_>, to: &KubeVersion) -> String {
        let restarts = leg.etcd.as_ref().is_some_and(|e| e.restarts) || always_restarts_etcd(to.minor());
        let etcd = if restarts && leg.etcd.is_some() { "etcd, " } else { "" };
        let parts = format!(
            "{etcd}API server, controller manager and scheduler of {}, one after another",
            place.name
        );
        let alone =
            "running pods go on, but nothing is created, evicted or moved, and what dies is replaced only afterwards";
        let Some(cost) = &leg.cost else {
            return match place.of {
                1 => format!("{parts}: {alone}"),
                _ => format!("{parts}: the other nodes serve the API"),
            };
        };
        let away = |spread: Spread| {
            if spread.p95 > 0.0 {
                times(spread)
            } else {
                "0 s".to_owned()
            }
        };
        let of = if place.of == 1 {
            String::new()
        } else {
            format!(", over all {} nodes", place.of)
        };
        let sums = format!(
            "the API for {}, every controller manager for {}, every scheduler for {}{of}",
            away(cost.api_down_seconds),
            away(cost.controller_manager_down_seconds),
            away(cost.scheduler_down_seconds)
        );
        if place.of == 1 {
            format!("{parts} ({sums}): {alone}")
        } else {
            format!("{parts} ({sums})")
        }
    }
}

impl Tools<'_> {
    /// The first step on a node: new packages, the repository of their minor turned on before.
    pub(super) fn packages(&self, node: &str, names: &[&str], to: &KubeVersion, measured: Option<&NodeCost>) -> Step {
        let whole = measured.and_then(|m| m.seconds);
        Step {
            title: format!("{node}: install {} {to}", names.join(" and ")),
            place: format!("on {node}"),
            blocks: install(names, to, true, self.packages),
            check: vec!["kubeadm version -o short".into()],
            shows: to.to_string(),
            takes: whole.map(|s| {
                format!(
                    "the time of a download; the steps of {node} after this one take {}",
                    times(s)
                )
            }),
            away: None,
            fails:
                "nothing has changed yet: look whether the repository holds this version (`apt-cache madison kubeadm`, \
                    `dnf --showduplicates list kubeadm --disableexcludes=kubernetes`)"
                    .into(),
        }
    }

    /// `kubectl drain` as the plan has it; `None`: the plan does not drain.
    pub(super) fn drain(&self, node: &str, kubectl: u32, measured: Option<&NodeCost>) -> Option<Step> {
        let options = self.options();
        let command = drain(&[node], &options, kubectl)?;
        Some(Step {
            title: format!("{node}: drain"),
            place: ADMIN.into(),
            blocks: Block::plain(vec![command]),
            check: vec![format!("kubectl get pods -A --field-selector=spec.nodeName={node}")],
            shows: "pods of DaemonSets and static pods only".into(),
            takes: measured.and_then(|m| m.drain_seconds).map(times),
            away: Some(format!(
                "the pods of {node}, until their replacements are ready elsewhere"
            )),
            fails: drain_fails(node, options.on_failure),
        })
    }

    fn options(&self) -> DrainOptions {
        let plan = self.model.and_then(|m| m.plan.as_ref());
        plan.map_or_else(DrainOptions::default, |p| p.drain.clone())
    }

    /// The kubelet, and kubectl with it; `reboot`: the machine, too.
    pub(super) fn kubelet(&self, node: &str, before: &KubeVersion, to: &KubeVersion, reboot: bool) -> Step {
        let mut blocks = install(&["kubelet", "kubectl"], to, false, self.packages);
        let mut restart = vec![
            "sudo systemctl daemon-reload".to_owned(),
            "sudo systemctl restart kubelet".into(),
        ];
        if reboot {
            restart = vec!["sudo systemctl reboot".into()];
        }
        match blocks.as_mut_slice() {
            [only] => only.lines.extend(restart),
            _ => blocks.push(Block {
                label: Some("then"),
                lines: restart,
            }),
        }
        let away = if reboot {
            format!("{node}, until it is up again")
        } else {
            format!("the kubelet of {node}, for seconds; containers go on")
        };
        Step {
            title: format!(
                "{node}: install and {} {to}",
                if reboot { "boot with kubelet" } else { "restart kubelet" }
            ),
            place: format!("on {node}"),
            blocks,
            check: vec![ready(node), kubelet_version(node)],
            shows: format!("condition met, {to}"),
            takes: None,
            away: Some(away),
            fails: format!(
                "read `sudo journalctl -u kubelet -n 100 --no-pager`: a flag or setting that is gone is the usual cause. The \
                 old kubelet may go back: {}",
                back(before, self.packages)
            ),
        }
    }
}

fn look_at_plan(node: &str, to: &KubeVersion) -> Step {
    Step {
        title: format!("{node}: see what kubeadm thinks of it"),
        place: format!("on {node}"),
        blocks: Block::plain(vec![format!("sudo kubeadm upgrade plan {to}")]),
        check: Vec::new(),
        shows: "a table with this version and no error; kubelets that \"must be upgraded manually\" are the ones of the steps \
                below"
            .into(),
        takes: None,
        away: None,
        fails: "nothing has changed yet: do what it says, then look again".into(),
    }
}

pub(super) fn uncordon(node: &str) -> Step {
    Step {
        title: format!("{node}: uncordon"),
        place: ADMIN.into(),
        blocks: Block::plain(vec![format!("kubectl uncordon {node}")]),
        check: vec![format!("kubectl get node {node}")],
        shows: "Ready, without SchedulingDisabled".into(),
        takes: None,
        away: None,
        fails: "the API does not answer: try again; until then the node takes no new pods".into(),
    }
}

/// What the plan does when a drain fails, as an order.
pub(super) fn drain_fails(node: &str, then: OnFailure) -> String {
    let find = "find what does not go (`kubectl get pdb -A`, `kubectl get pods -A --field-selector=spec.nodeName=";
    let find = format!("{find}{node}`)");
    match then {
        OnFailure::Abort => format!(
            "stop here: {node} stays cordoned; {find}, then run the same drain again, or give up with `kubectl uncordon {node}`"
        ),
        OnFailure::UncordonAndAbort => format!("`kubectl uncordon {node}` and stop here; {find}"),
        OnFailure::Skip => {
            format!("`kubectl uncordon {node}`, leave it at its version, go on with the next node; {find} later")
        }
        OnFailure::Quarantine => format!("leave {node} cordoned, go on with the next node; {find} later"),
        OnFailure::ForceDelete => {
            format!("run it again with --disable-eviction: pods are deleted without asking their budgets; first {find}")
        }
        OnFailure::TerminateAnyway => format!("go on: pods that are left die with {node}; {find}"),
        OnFailure::WarnAndContinue => format!("go on and tell who owns the pods that are left; {find}"),
        OnFailure::Retry => format!("wait, and run the same drain again; {find} meanwhile"),
    }
}
