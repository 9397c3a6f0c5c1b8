//! A round of the workers: the batches of the plan.

use super::node::uncordon;
use super::{ADMIN, Block, Book, Section, Step, commands, version};
use crate::metrics::list;
use crate::model::{Gate, Mode, Pool, Premark, Strategy};
use crate::planning::itinerary::{LegPlan, NodeCost};
use crate::units::{KubeVersion, Span};
use crate::versions::path::Goes;

/// The taint of nodes that wait for their turn.
const PENDING: &str = "upgrade=pending:PreferNoSchedule";

impl Book<'_> {
    /// A round: every worker once.
    pub(super) fn workers(&self, leg: &LegPlan, control_plane: &KubeVersion) -> Section {
        let to = version(&leg.to);
        let mut notes = self.of_leg(leg);
        let mut steps = Vec::new();
        let pools = self.model.and_then(|m| m.plan.as_ref()).map_or(&[][..], |p| &p.pools);
        match self.model {
            None => {
                let node = plain("worker-1");
                let wave = Wave {
                    strategy: None,
                    leg,
                    to: &to,
                    kubectl: control_plane.minor(),
                };
                steps.extend(self.in_place(&wave, &node).into_iter().flatten());
            }
            Some(model) => {
                for pool in pools {
                    notes.extend(pace(pool));
                    let name = |n: &NodeCost| pool.nodes.iter().any(|&id| model.nodes[id].name == n.name);
                    let members: Vec<&NodeCost> = leg.nodes.iter().filter(|n| name(n)).collect();
                    let wave = Wave {
                        strategy: Some(&pool.strategy),
                        leg,
                        to: &to,
                        kubectl: control_plane.minor(),
                    };
                    steps.extend(premark(&members, pool.strategy.premark));
                    steps.extend(self.pool(&wave, &members));
                }
            }
        }
        Section {
            title: format!("Leg {}: workers {} -> {to}", leg.number, list(&leg.from)),
            notes,
            steps,
        }
    }

    fn pool(&self, wave: &Wave<'_>, members: &[&NodeCost]) -> Vec<Step> {
        let mut steps = Vec::new();
        for batch in members.chunk_by(|a, b| a.batch == b.batch) {
            let replace = wave.strategy.is_some_and(|s| s.mode != Mode::InPlace);
            let done: Vec<Vec<Vec<Step>>> = batch
                .iter()
                .enumerate()
                .map(|(at, node)| {
                    if replace {
                        self.replace(wave, node, at)
                    } else {
                        self.in_place(wave, node)
                    }
                })
                .collect();
            if wave.strategy.is_some_and(|s| s.lockstep) {
                // All are drained, then all upgraded, then all uncordoned.
                let stages = done.iter().map(Vec::len).max().unwrap_or_default();
                for stage in 0..stages {
                    let of_stage = done.iter().filter_map(|node| node.get(stage));
                    steps.extend(of_stage.flatten().cloned());
                }
            } else {
                steps.extend(done.into_iter().flatten().flatten());
            }
        }
        steps
    }

    /// A node that stays: stages, each of some steps.
    fn in_place(&self, wave: &Wave<'_>, node: &NodeCost) -> Vec<Vec<Step>> {
        let (name, to) = (node.name.as_str(), wave.to);
        let reboot = wave.strategy.is_some_and(|s| s.reboot);
        let before = self.version_of(name, wave.leg);
        let mut prepare = vec![self.packages(name, &["kubeadm"], to, Some(node)), configure(name)];
        let drain = self.drain(name, wave.kubectl, Some(node));
        let marked = wave.strategy.is_some_and(|s| s.premark == Premark::Cordon);
        let back = drain.is_some() || marked;
        prepare.extend(drain);
        let kubelet = vec![self.kubelet(name, &before, to, reboot)];
        let mut last = Vec::new();
        last.extend(wave.strategy.and_then(gate));
        last.extend(back.then(|| uncordon(name)));
        last.extend(wave.strategy.and_then(|s| unmark(name, s.premark)));
        last.extend(wave.strategy.and_then(soak));
        vec![prepare, kubelet, last]
    }

    /// A node that gives way to a new machine.
    fn replace(&self, wave: &Wave<'_>, node: &NodeCost, at: usize) -> Vec<Vec<Step>> {
        let (name, to) = (node.name.as_str(), wave.to);
        let successor = node.successor.as_deref().unwrap_or("its successor");
        let total = u32::try_from(wave.leg.nodes.len()).unwrap_or(u32::MAX);
        let surge = wave.strategy.map_or(0, |s| s.max_surge.round_up(total)) as usize;
        let mut drain = Vec::from_iter(self.drain(name, wave.kubectl, Some(node)));
        let (create, delete) = (vec![create(successor, name, to)], delete(name));
        let mut last = Vec::new();
        last.extend(wave.strategy.and_then(gate));
        last.extend(wave.strategy.and_then(soak));
        if at < surge {
            drain.push(delete);
            vec![create, drain, last]
        } else {
            drain.push(delete);
            vec![drain, create, last]
        }
    }

    /// The version of a node's kubelet before this leg.
    fn version_of(&self, name: &str, leg: &LegPlan) -> KubeVersion {
        let rounds = self.way.legs.iter().take_while(|l| l.number < leg.number);
        let earlier = rounds.filter(|l| l.who == Goes::Workers).last().map(|l| version(&l.to));
        let known = self
            .model
            .and_then(|m| m.nodes.iter().find(|n| n.name == name))
            .map(|n| n.version.clone());
        earlier.or(known).unwrap_or_else(|| version(&self.way.from))
    }
}

/// What the nodes of a round have in common.
struct Wave<'a> {
    strategy: Option<&'a Strategy>,
    leg: &'a LegPlan,
    to: &'a KubeVersion,
    /// The minor of kubectl by then.
    kubectl: u32,
}

fn plain(name: &str) -> NodeCost {
    NodeCost {
        name: name.to_owned(),
        batch: 0,
        successor: None,
        kubeadm_seconds: None,
        drain_seconds: None,
        seconds: None,
    }
}

/// How many nodes at a time.
fn pace(pool: &Pool) -> Option<String> {
    let total = u32::try_from(pool.nodes.len()).unwrap_or(u32::MAX);
    let strategy = &pool.strategy;
    let surge = if strategy.mode == Mode::Replace {
        strategy.max_surge.round_up(total)
    } else {
        0
    };
    let together = strategy.max_unavailable.round_up(total) + surge;
    (together > 1 && total > 1).then(|| {
        let wait = if strategy.barrier || strategy.lockstep {
            "the next ones start when all of them are done"
        } else {
            "the next one starts when one of them is done"
        };
        format!(
            "Pool {}: up to {together} of its {total} nodes at the same time; {wait}.",
            pool.name
        )
    })
}

/// `kubeadm upgrade node` on a worker, which only writes the kubelet's configuration (O-15).
fn configure(node: &str) -> Step {
    Step {
        title: format!("{node}: kubeadm upgrade node"),
        place: format!("on {node}"),
        blocks: Block::plain(vec!["sudo kubeadm upgrade node".into()]),
        check: vec!["sudo ls -l /var/lib/kubelet/config.yaml".into()],
        shows: "a file that has just been written; no pod and no process is touched".into(),
        takes: None,
        away: None,
        fails: "it needs the API: see that it answers (`kubectl get --raw='/readyz'`), then run it again".into(),
    }
}

fn premark(members: &[&NodeCost], premark: Premark) -> Option<Step> {
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

fn unmark(node: &str, premark: Premark) -> Option<Step> {
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
fn gate(strategy: &Strategy) -> Option<Step> {
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

fn soak(strategy: &Strategy) -> Option<Step> {
    let seconds = strategy.soak.as_micros().div_ceil(1_000_000);
    (strategy.soak >= Span::from_secs(60)).then(|| Step {
        title: "Let it settle".into(),
        place: ADMIN.into(),
        blocks: Block::plain(vec![format!("sleep {seconds}")]),
        check: vec!["kubectl get nodes".into()],
        shows: "all Ready".into(),
        takes: Some(format!("{seconds} s")),
        away: None,
        fails: "stop here".into(),
    })
}

fn create(successor: &str, old: &str, to: &KubeVersion) -> Step {
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

fn delete(node: &str) -> Step {
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
