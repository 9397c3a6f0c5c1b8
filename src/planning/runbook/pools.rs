//! The steps of a pool that are no node's alone: marks, pauses, machines that come and go.

use super::{ADMIN, Block, Step, commands};
use crate::model::{Gate, Mode, Pace, Pool, Premark, Strategy};
use crate::planning::itinerary::NodeCost;
use crate::units::{KubeVersion, Span};

/// The taint of nodes that wait for their turn.
const PENDING: &str = "upgrade=pending:PreferNoSchedule";

/// How many nodes at a time.
pub(super) fn pace(pool: &Pool) -> Option<String> {
    let strategy = &pool.strategy;
    let (name, total) = (&pool.name, pool.nodes.len());
    let pace = Pace::of(strategy, total);
    let sizes = pace.batches(total);
    let together = sizes.iter().copied().max().unwrap_or_default();
    if together <= 1 {
        return None;
    }
    let wait = match strategy.mode {
        Mode::BlueGreen => "all new nodes come first, and the next batch is drained when this one is empty",
        _ if pace.barrier() => "the next ones start when all of them are done",
        _ if strategy.first_alone => "the first one alone, then the next one starts when one of them is done",
        _ => "the next one starts when one of them is done",
    };
    let at_a_time = if strategy.ramp.is_empty() {
        format!("up to {together} of its {total} nodes at the same time")
    } else {
        let shown: Vec<String> = sizes.iter().take(8).map(ToString::to_string).collect();
        let more = if sizes.len() > shown.len() { ", …" } else { "" };
        format!("its {total} nodes in batches of {}{more}", shown.join(", "))
    };
    Some(format!("Pool {name}: {at_a_time}; {wait}."))
}

pub(super) fn premark(members: &[&NodeCost], premark: Premark) -> Option<Step> {
    let names: Vec<&str> = members.iter().map(|n| n.name.as_str()).collect();
    let names = names.join(" ");
    let (command, shows) = match premark {
        Premark::None => return None,
        Premark::PreferNoSchedule => (
            format!("kubectl taint nodes {names} {PENDING}"),
            "the taint on each of them",
        ),
        Premark::Cordon => (format!("kubectl cordon {names}"), "SchedulingDisabled on each of them"),
    };
    Some(Step {
        title: "Mark the nodes whose turn has not come, so that pods go elsewhere".into(),
        place: ADMIN.into(),
        blocks: Block::plain(vec![command]),
        check: vec![format!(
            "kubectl get nodes {names} -o 'custom-columns=NAME:.metadata.name,TAINTS:.spec.taints'"
        )],
        shows: shows.into(),
        takes: None,
        away: None,
        fails: "the API does not answer: try again".into(),
    })
}

pub(super) fn unmark(node: &str, premark: Premark) -> Option<Step> {
    (premark == Premark::PreferNoSchedule).then(|| Step {
        title: format!("{node}: take the mark away"),
        place: ADMIN.into(),
        blocks: Block::plain(vec![format!("kubectl taint nodes {node} {PENDING}-")]),
        check: vec![format!("kubectl get node {node} -o jsonpath='{{.spec.taints}}'")],
        shows: "no such taint".into(),
        takes: None,
        away: None,
        fails: "the API does not answer: try again".into(),
    })
}

/// The gate of the plan, where it is more than a node that is Ready.
pub(super) fn gate(strategy: &Strategy) -> Option<Step> {
    (strategy.gate == Gate::WorkloadsHealthy).then(|| Step {
        title: "Wait until every workload has all its replicas".into(),
        place: ADMIN.into(),
        blocks: Block::plain(vec![
            "kubectl wait --for=condition=Available deployment --all -A --timeout=30m".into(),
            "kubectl get statefulsets -A".into(),
        ]),
        check: Vec::new(),
        shows: "condition met for each; READY is complete for each".into(),
        takes: None,
        away: None,
        fails: "do not go on: the next drain would take more of them away".into(),
    })
}

/// The pause after each node, where it is worth a step.
pub(super) fn soak(strategy: &Strategy) -> Option<Step> {
    if strategy.soak < Span::from_secs(60) {
        return None;
    }
    pause("Let it settle", strategy.soak)
}

/// A pause of the plan; `None`: there is none.
pub(super) fn pause(title: &str, span: Span) -> Option<Step> {
    let seconds = span.as_micros().div_ceil(1_000_000);
    (seconds > 0).then(|| Step {
        title: title.to_owned(),
        place: ADMIN.into(),
        blocks: Block::plain(vec![format!("sleep {seconds}")]),
        check: vec!["kubectl get nodes".into()],
        shows: "all Ready".into(),
        takes: Some(format!("{seconds} s")),
        away: None,
        fails: "stop here".into(),
    })
}

/// All old nodes at once: nothing new comes to them.
pub(super) fn cordon(names: &[&str]) -> Step {
    let names = names.join(" ");
    Step {
        title: "Cordon the old nodes, so that pods go to the new ones only".into(),
        place: ADMIN.into(),
        blocks: Block::plain(vec![format!("kubectl cordon {names}")]),
        check: vec![format!("kubectl get nodes {names}")],
        shows: "SchedulingDisabled on each of them".into(),
        takes: None,
        away: None,
        fails: "the API does not answer: try again".into(),
    }
}

/// A machine that is there only while a pool is worked on.
pub(super) fn extra(name: &str, to: &KubeVersion) -> Step {
    Step {
        title: format!("{name}: create it, an extra node until the pool is done"),
        fails: "nothing has changed yet: delete the new machine and create it again".into(),
        ..create(name, "", to)
    }
}

pub(super) fn create(successor: &str, old: &str, to: &KubeVersion) -> Step {
    Step {
        title: format!("{successor}: create it, to take the place of {old}"),
        place: ADMIN.into(),
        blocks: Block::plain(vec![
            format!("# create the machine with your own tool, kubelet {to}, and let it join:"),
            "sudo kubeadm token create --print-join-command   # on a control-plane node".into(),
        ]),
        check: vec![commands::ready(successor), commands::kubelet_version(successor)],
        shows: format!("condition met, {to}"),
        takes: None,
        away: None,
        fails: format!("{old} is untouched: delete the new machine and create it again"),
    }
}

pub(super) fn delete(node: &str) -> Step {
    Step {
        title: format!("{node}: delete the machine and its Node"),
        place: ADMIN.into(),
        blocks: Block::plain(vec![
            "# delete the machine with your own tool, then:".into(),
            format!("kubectl delete node {node}"),
        ]),
        check: vec!["kubectl get nodes".into()],
        shows: format!("{node} is gone"),
        takes: None,
        away: Some("what was left on it".into()),
        fails: "the API does not answer: try again; pods of a Node that is gone are removed within a minute".into(),
    }
}
