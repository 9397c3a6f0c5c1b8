//! What the legs of a way cost: each is rehearsed on the cluster, with the versions that it has by then.

use std::collections::BTreeMap;

use super::itinerary::{Cost, NodeCost, Spread, WorkloadCost};
use crate::cluster::{RunOptions, preamble, run};
use crate::metrics::{Metrics, NodeReport, Report, Seconds, WorkloadReport};
use crate::model::{self, Mode, Model, Part};
use crate::rng::Streams;
use crate::trace::PlanStatus;
use crate::units::KubeVersion;
use crate::upgrade::ordered;
use crate::versions::path::{Goes, Leg, Passage};

/// How often legs are rehearsed, and on which luck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rehearsals {
    pub(super) trials: u64,
    pub(super) seed: u64,
}

/// What a leg measured.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) cost: Cost,
    /// The nodes that it works on, in order.
    pub(super) nodes: Vec<NodeCost>,
    reports: Vec<Report>,
}

/// A leg and the versions at its start: the same legs of different choices are rehearsed once.
type Key = (Leg, KubeVersion, Vec<KubeVersion>);

/// Rehearsals of legs.
pub(super) struct Stage<'a> {
    model: &'a Model,
    how: Rehearsals,
    done: BTreeMap<Key, Measured>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(model: &'a Model, how: Rehearsals) -> Self {
        Self {
            model,
            how,
            done: BTreeMap::new(),
        }
    }

    /// What a leg costs.
    pub(super) fn leg(&mut self, passage: &Passage) -> &Measured {
        let key = (passage.leg.clone(), passage.from.clone(), passage.workers.clone());
        let (model, how) = (self.model, self.how);
        self.done.entry(key).or_insert_with(|| measure(model, how, passage))
    }

    /// What a way costs: leg after leg, run by run.
    pub(super) fn way(&mut self, passages: &[Passage]) -> Cost {
        let mut sums: Vec<Vec<Report>> = vec![Vec::new(); usize::try_from(self.how.trials).unwrap_or(usize::MAX)];
        for passage in passages {
            for (run, report) in self.leg(passage).reports.iter().enumerate() {
                sums[run].push(report.clone());
            }
        }
        cost(&sums)
    }
}

fn measure(model: &Model, how: Rehearsals, passage: &Passage) -> Measured {
    let alone = single(model, passage);
    let one = |trial| {
        let options = RunOptions {
            seed: how.seed,
            trial,
            ..RunOptions::default()
        };
        let preamble = preamble(&alone, &options);
        let mut metrics = Metrics::new(&preamble);
        let cost = run(&alone, &options, &mut metrics);
        metrics.finish(cost.end)
    };
    let reports: Vec<Report> = (0..how.trials).map(one).collect();
    let runs: Vec<Vec<Report>> = reports.iter().map(|r| vec![r.clone()]).collect();
    let nodes = nodes(&alone, how.seed, passage.leg.who, &reports);
    Measured {
        cost: cost(&runs),
        nodes,
        reports,
    }
}

/// The model with a plan that is this leg alone, on the versions that there are by then.
fn single(model: &Model, passage: &Passage) -> Model {
    let mut alone = model.clone();
    alone.version = passage.from.clone();
    alone.faults.clear();
    let mut workers = passage.workers.iter();
    for node in alone.nodes.iter_mut().filter(|n| !n.planned) {
        let version = if node.control_plane {
            Some(&passage.from)
        } else {
            workers.next()
        };
        if let Some(version) = version {
            node.version = version.clone();
        }
    }
    for node in alone.nodes.iter_mut().filter(|n| n.planned) {
        node.version = passage.leg.to.clone();
    }
    if let Some(plan) = &mut alone.plan {
        plan.target = Some(passage.leg.to.clone());
        let part = match passage.leg.who {
            Goes::ControlPlane => Part::ControlPlane,
            Goes::Workers => Part::Workers,
        };
        plan.legs = vec![model::Leg {
            part,
            version: plan.target.clone(),
        }];
        // Whether kubeadm has to be forced is told elsewhere: here only the cost is looked for.
        plan.kubeadm.force = true;
    }
    alone
}

/// The nodes that a leg works on, in the order and the batches of the plan.
pub(super) fn order(model: &Model, seed: u64, who: Goes) -> Vec<NodeCost> {
    let plain = |name: &str, batch, successor| NodeCost {
        name: name.to_owned(),
        batch,
        successor,
        kubeadm_seconds: None,
        drain_seconds: None,
        seconds: None,
    };
    let name = |id| model.nodes[id].name.as_str();
    if who == Goes::ControlPlane {
        let nodes = model.control_plane.nodes.iter().zip(0..);
        return nodes.map(|(&id, batch)| plain(name(id), batch, None)).collect();
    }
    let mut found = Vec::new();
    let mut batch = 0;
    for (number, pool) in model.plan.iter().flat_map(|p| &p.pools).enumerate() {
        let total = u32::try_from(pool.nodes.len()).unwrap_or(u32::MAX);
        let strategy = &pool.strategy;
        let surge = match strategy.mode {
            Mode::InPlace => 0,
            Mode::Replace => strategy.max_surge.round_up(total),
        };
        let together = (surge + strategy.max_unavailable.round_up(total)).max(1);
        for (at, (id, successor)) in (0_u32..).zip(ordered(pool, number, 0, model, &Streams::new(seed, 0))) {
            found.push(plain(
                name(id),
                batch + at / together,
                successor.map(|s| name(s).to_owned()),
            ));
        }
        batch += total.div_ceil(together);
    }
    found
}

fn nodes(model: &Model, seed: u64, who: Goes, reports: &[Report]) -> Vec<NodeCost> {
    let mut found = order(model, seed, who);
    for node in &mut found {
        let of_node = || {
            reports
                .iter()
                .filter_map(|r| r.nodes.iter().find(|n| n.name == node.name))
        };
        let spread = |of: fn(&NodeReport) -> Option<Seconds>| {
            let values: Vec<f64> = of_node().filter_map(of).collect();
            (!values.is_empty()).then(|| Spread::of(&values))
        };
        node.kubeadm_seconds = spread(kubeadm_seconds);
        node.drain_seconds = spread(|n| (!n.drains.is_empty()).then(|| n.drains.iter().map(|d| d.seconds).sum()));
        node.seconds = spread(node_seconds);
    }
    found
}

/// From the first phase of kubeadm to the end of the last.
fn kubeadm_seconds(node: &NodeReport) -> Option<Seconds> {
    let first = node.phases.first()?.start;
    let last = node.phases.last()?;
    Some(last.start + last.seconds? - first)
}

/// From the first thing that is done to a node to the last.
fn node_seconds(node: &NodeReport) -> Option<Seconds> {
    let starts = node
        .phases
        .iter()
        .map(|p| p.start)
        .chain(node.drains.iter().map(|d| d.start));
    Some(node.upgraded_at? - starts.min_by(f64::total_cmp)?)
}

/// Sums over the legs of each run, then spreads over the runs.
fn cost(runs: &[Vec<Report>]) -> Cost {
    let spread = |of: &dyn Fn(&Report) -> f64| {
        let sums: Vec<f64> = runs.iter().map(|legs| legs.iter().map(of).sum()).collect();
        Spread::of(&sums)
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of events of one run")]
    let count = |n: u64| n as f64;
    let failed = |r: &&Report| !matches!(r.outcome.status, PlanStatus::Completed | PlanStatus::CompletedWithSkips);
    let mut incomplete = runs.iter().filter_map(|legs| legs.iter().find(failed)).peekable();
    let reason = incomplete.peek().map(|r| {
        let status = format!("{:?}", r.outcome.status).to_lowercase();
        r.outcome.reason.clone().unwrap_or(status)
    });
    Cost {
        trials: runs.len() as u64,
        incomplete: incomplete.count() as u64,
        reason,
        seconds: spread(&|r| r.makespan_seconds.unwrap_or_default()),
        evictions: spread(&|r| count(r.cluster.evictions)),
        refusals: spread(&|r| count(r.cluster.refusals)),
        api_down_seconds: spread(&|r| r.control_plane.api_down_seconds),
        controller_manager_down_seconds: spread(&|r| r.control_plane.controller_manager_leaderless_seconds),
        scheduler_down_seconds: spread(&|r| r.control_plane.scheduler_leaderless_seconds),
        workloads: workloads(runs),
    }
}

/// Workloads that were down in some run, the worst first.
fn workloads(runs: &[Vec<Report>]) -> Vec<WorkloadCost> {
    let down = |w: &WorkloadReport| w.serving.downtime_seconds.max(w.availability().downtime_seconds);
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (at, legs) in runs.iter().enumerate() {
        // Static pods of the control plane are told as its own outages.
        let apart = |w: &&WorkloadReport| w.namespace != "kube-system" || w.kind != "Pod";
        for w in legs
            .iter()
            .flat_map(|r| &r.workloads)
            .filter(apart)
            .filter(|w| down(w) > 0.0)
        {
            found.entry(w.full_name()).or_insert_with(|| vec![0.0; runs.len()])[at] += down(w);
        }
    }
    let told = |(name, values): (String, Vec<f64>)| WorkloadCost {
        name,
        down_seconds: Spread::of(&values),
    };
    let mut all: Vec<WorkloadCost> = found.into_iter().map(told).collect();
    all.sort_by(|a, b| {
        b.down_seconds
            .p95
            .total_cmp(&a.down_seconds.p95)
            .then(a.name.cmp(&b.name))
    });
    all
}
