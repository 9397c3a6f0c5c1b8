//! A round of the workers: the batches of the plan.

use super::node::uncordon;
use super::{Block, Book, Section, Step, pools, version};
use crate::metrics::list;
use crate::model::{Mode, Pool, Premark, Strategy};
use crate::planning::itinerary::{LegPlan, NodeCost};
use crate::units::KubeVersion;
use crate::versions::path::Goes;

impl Book<'_> {
    /// A round: every worker once.
    pub(super) fn workers(&self, leg: &LegPlan, control_plane: &KubeVersion) -> Section {
        let to = version(&leg.to);
        let mut notes = self.of_leg(leg);
        let mut steps = Vec::new();
        let earlier = self.way.legs.iter().take_while(|l| l.number < leg.number);
        let round = earlier.filter(|l| l.who == Goes::Workers).count();
        let pools = self
            .tools
            .model
            .and_then(|m| m.plan.as_ref())
            .map_or(&[][..], |p| &p.pools);
        match self.tools.model {
            None => {
                let node = plain("worker-1");
                let wave = Wave {
                    strategy: None,
                    leg,
                    to: &to,
                    kubectl: control_plane.minor(),
                    round,
                };
                steps.extend(self.in_place(&wave, &node).into_iter().flatten());
            }
            Some(model) => {
                for pool in pools {
                    notes.extend(pools::pace(pool));
                    let name = |n: &NodeCost| pool.nodes.iter().any(|&id| model.nodes[id].name == n.name);
                    let members: Vec<&NodeCost> = leg.nodes.iter().filter(|n| name(n)).collect();
                    let wave = Wave {
                        strategy: Some(&pool.strategy),
                        leg,
                        to: &to,
                        kubectl: control_plane.minor(),
                        round,
                    };
                    steps.extend(self.pool(&wave, pool, &members));
                }
            }
        }
        Section {
            title: format!("Leg {}: workers {} -> {to}", leg.number, list(&leg.from)),
            notes,
            steps,
        }
    }

    fn pool(&self, wave: &Wave<'_>, pool: &Pool, members: &[&NodeCost]) -> Vec<Step> {
        let extra = self.extra_nodes(pool, wave.round);
        let mut steps: Vec<Step> = extra.iter().map(|name| pools::extra(name, wave.to)).collect();
        if pool.strategy.mode == Mode::BlueGreen {
            steps.extend(self.blue_green(wave, &pool.strategy, members));
        } else {
            steps.extend(pools::premark(members, pool.strategy.premark));
            steps.extend(self.batches(wave, pool, members));
            steps.extend(pools::pause("Let the whole pool settle", pool.strategy.pool_soak));
        }
        for name in &extra {
            steps.extend(self.tools.drain(name, wave.kubectl, None));
            steps.push(pools::delete(name));
        }
        steps
    }

    /// Extra nodes that are there as long as the pool is worked on.
    fn extra_nodes(&self, pool: &Pool, round: usize) -> Vec<String> {
        let spares = pool.spares.get(round).map_or(&[][..], Vec::as_slice);
        let name = |&id| self.tools.model.map(|model| model.nodes[id].name.clone());
        spares.iter().filter_map(name).collect()
    }

    /// A new pool beside the old one: all of it, then the old one is emptied batch by batch, then deleted.
    fn blue_green(&self, wave: &Wave<'_>, strategy: &Strategy, members: &[&NodeCost]) -> Vec<Step> {
        let mut steps: Vec<Step> = members.iter().map(|node| create(node, wave.to)).collect();
        let names: Vec<&str> = members.iter().map(|n| n.name.as_str()).collect();
        steps.push(pools::cordon(&names));
        for (at, batch) in members.chunk_by(|a, b| a.batch == b.batch).enumerate() {
            if at > 0 {
                steps.extend(pools::pause("Let the batch settle", strategy.batch_soak));
            }
            let drains = batch
                .iter()
                .filter_map(|node| self.tools.drain(&node.name, wave.kubectl, Some(node)));
            steps.extend(drains);
        }
        steps.extend(pools::gate(strategy));
        let undo = "Keep the old nodes for a while: `kubectl uncordon` is the way back";
        steps.extend(pools::pause(undo, strategy.pool_soak));
        steps.extend(names.iter().map(|name| pools::delete(name)));
        steps
    }

    fn batches(&self, wave: &Wave<'_>, pool: &Pool, members: &[&NodeCost]) -> Vec<Step> {
        let strategy = &pool.strategy;
        let mut steps = Vec::new();
        for (number, batch) in members.chunk_by(|a, b| a.batch == b.batch).enumerate() {
            if number > 0 {
                steps.extend(pools::pause("Let the batch settle", strategy.batch_soak));
            }
            let surge = strategy
                .max_surge
                .round_up(u32::try_from(pool.nodes.len()).unwrap_or(u32::MAX));
            let of_node = |(at, node): (usize, &&NodeCost)| match strategy.mode {
                Mode::InPlace => self.in_place(wave, node),
                _ => self.replace(wave, node, at < surge as usize),
            };
            let done: Vec<Vec<Vec<Step>>> = batch.iter().enumerate().map(of_node).collect();
            if strategy.lockstep {
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
        let mut prepare = vec![self.tools.packages(name, &["kubeadm"], to, Some(node)), configure(name)];
        let drain = self.tools.drain(name, wave.kubectl, Some(node));
        let marked = wave.strategy.is_some_and(|s| s.premark == Premark::Cordon);
        let back = drain.is_some() || marked;
        prepare.extend(drain);
        let kubelet = vec![self.tools.kubelet(name, &before, to, reboot)];
        let mut last = Vec::new();
        last.extend(wave.strategy.and_then(pools::gate));
        last.extend(back.then(|| uncordon(name)));
        last.extend(wave.strategy.and_then(|s| pools::unmark(name, s.premark)));
        last.extend(wave.strategy.and_then(pools::soak));
        vec![prepare, kubelet, last]
    }

    /// A node that gives way to a new machine, which comes first where there is room for one more.
    fn replace(&self, wave: &Wave<'_>, node: &NodeCost, surge: bool) -> Vec<Vec<Step>> {
        let mut drain = Vec::from_iter(self.tools.drain(&node.name, wave.kubectl, Some(node)));
        let create = vec![create(node, wave.to)];
        let mut last = Vec::new();
        last.extend(wave.strategy.and_then(pools::gate));
        last.extend(wave.strategy.and_then(pools::soak));
        drain.extend(
            wave.strategy
                .and_then(|s| pools::pause("Wait before the machine goes", s.post_drain_delay)),
        );
        drain.push(pools::delete(&node.name));
        if surge {
            vec![create, drain, last]
        } else {
            vec![drain, create, last]
        }
    }

    /// The version of a node's kubelet before this leg.
    fn version_of(&self, name: &str, leg: &LegPlan) -> KubeVersion {
        let rounds = self.way.legs.iter().take_while(|l| l.number < leg.number);
        let earlier = rounds.filter(|l| l.who == Goes::Workers).last().map(|l| version(&l.to));
        let known = self
            .tools
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
    /// Rounds of the workers before this one.
    round: usize,
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

/// `kubeadm upgrade node` on a worker, which only writes the kubelet's configuration (O-15).
pub(super) fn configure(node: &str) -> Step {
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

fn create(node: &NodeCost, to: &KubeVersion) -> Step {
    let successor = node.successor.as_deref().unwrap_or("its successor");
    pools::create(successor, &node.name, to)
}
