//! What ways cost: each is rehearsed as a whole on the cluster, and cut into its legs.

use std::collections::BTreeMap;
use std::iter;

use super::itinerary::{Cost, NodeCost, Spread, WorkloadCost};
use crate::cluster::{RunOptions, preamble, run};
use crate::ids::{FactId, Id, NodeId};
use crate::metrics::{Metrics, NodeReport, Report, Seconds, WorkloadReport, seconds};
use crate::model::{self, Mode, Model, Pace, Part};
use crate::rng::Streams;
use crate::trace::{Fact, Observer, PlanStatus, Preamble, Record};
use crate::units::Time;
use crate::upgrade::{control_plane_order, ordered};
use crate::versions::path::{Goes, Leg};

/// How often ways are rehearsed, and on which luck.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rehearsals {
    pub(super) trials: u64,
    pub(super) seed: u64,
}

/// What a way costs.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) cost: Cost,
    /// Its legs, each with the nodes that it works on, in order.
    pub(super) legs: Vec<(Cost, Vec<NodeCost>)>,
}

/// Rehearses a way; `None` where nodes are replaced and the scenario has no new ones for each round.
pub(super) fn way(model: &Model, how: Rehearsals, legs: &[Leg]) -> Option<Measured> {
    let rounds = legs.iter().filter(|l| l.who == Goes::Workers).count();
    let plan = model.plan.as_ref()?;
    let lacks = |p: &model::Pool| p.strategy.mode != Mode::InPlace && p.successors.len() < rounds;
    if plan.pools.iter().any(lacks) {
        return None;
    }
    let whole = with_legs(model, legs);
    let runs: Vec<Run> = (0..how.trials).map(|trial| one(&whole, how.seed, trial)).collect();
    let measured = legs.iter().enumerate().map(|(at, leg)| {
        let round = round_of(legs, at);
        let mut nodes = order(&whole, how.seed, leg.who, round);
        for node in &mut nodes {
            measure(node, &runs, at);
        }
        let slices: Vec<Tally> = runs.iter().map(|r| r.slice(at)).collect();
        (cost(&slices, &runs, at), nodes)
    });
    let sums: Vec<Tally> = runs.iter().map(|r| r.last.clone()).collect();
    Some(Measured {
        legs: measured.collect(),
        cost: cost(&sums, &runs, legs.len() - 1),
    })
}

/// So many rounds of the workers come before a leg.
pub(super) fn round_of(legs: &[Leg], at: usize) -> usize {
    legs[..at].iter().filter(|l| l.who == Goes::Workers).count()
}

/// The model with these legs as its plan, and without faults. Whether kubeadm has to be forced is told elsewhere: here only
/// the cost is looked for.
fn with_legs(model: &Model, legs: &[Leg]) -> Model {
    let mut whole = model.clone();
    whole.faults.clear();
    if let Some(plan) = &mut whole.plan {
        let leg = |leg: &Leg| model::Leg {
            part: match leg.who {
                Goes::ControlPlane => Part::ControlPlane,
                Goes::Workers => Part::Workers,
            },
            version: Some(leg.to.clone()),
        };
        plan.legs = legs.iter().map(leg).collect();
        plan.target = legs.last().map(|l| l.to.clone());
        plan.kubeadm.force = true;
        plan.kubeadm.version = None;
    }
    whole
}

fn one(model: &Model, seed: u64, trial: u64) -> Run {
    let options = RunOptions {
        seed,
        trial,
        ..RunOptions::default()
    };
    let preamble = preamble(model, &options);
    let mut watch = Watch {
        preamble: &preamble,
        metrics: Metrics::new(&preamble),
        start: 0.0,
        working: None,
        cuts: Vec::new(),
        work: Vec::new(),
    };
    let end = run(model, &options, &mut watch).end;
    let Watch {
        metrics,
        start,
        cuts,
        work,
        ..
    } = watch;
    let report = metrics.finish(end);
    let last = Tally::of(
        &report,
        report
            .makespan_seconds
            .unwrap_or_else(|| seconds(end.as_micros()) - start),
    );
    Run {
        report,
        last,
        cuts,
        work,
    }
}

/// A run, cut where one leg ends and the next one begins.
struct Run {
    report: Report,
    last: Tally,
    /// When each leg but the last ended, and what had been by then.
    cuts: Vec<(Seconds, Tally)>,
    work: Vec<Work>,
}

/// The work on a node: when it began, and how long it took.
struct Work {
    node: String,
    start: Seconds,
    seconds: Option<Seconds>,
}

impl Run {
    /// What happened in a leg; nothing where the run did not get there.
    fn slice(&self, leg: usize) -> Tally {
        let before = leg.checked_sub(1).map(|at| self.cuts.get(at).map(|(_, t)| t));
        let after = match self.cuts.get(leg) {
            Some((_, tally)) => tally,
            None if leg == self.cuts.len() => &self.last,
            None => return Tally::default(),
        };
        match before {
            None => after.clone(),
            Some(None) => Tally::default(),
            Some(Some(before)) => after.since(before),
        }
    }

    /// Whether a time is in a leg.
    fn is_in(&self, leg: usize, at: Seconds) -> bool {
        let from = leg
            .checked_sub(1)
            .map_or(Some(Seconds::MIN), |l| self.cuts.get(l).map(|(t, _)| *t));
        let to = self.cuts.get(leg).map_or(Seconds::MAX, |(t, _)| *t);
        from.is_some_and(|from| from <= at && at < to)
    }

    fn completed(&self) -> bool {
        use PlanStatus::{Completed, CompletedWithSkips};
        matches!(self.report.outcome.status, Completed | CompletedWithSkips)
    }
}

/// Sees the facts of a run and cuts it.
struct Watch<'p> {
    preamble: &'p Preamble,
    metrics: Metrics<'p>,
    start: Seconds,
    /// Whether control-plane nodes are worked on; `None`: nothing has begun.
    working: Option<bool>,
    cuts: Vec<(Seconds, Tally)>,
    work: Vec<Work>,
}

impl Watch<'_> {
    fn cut(&mut self, at: Time) {
        let now = seconds(at.as_micros());
        let so_far = self.metrics.clone().finish(at);
        self.cuts.push((now, Tally::of(&so_far, now - self.start)));
    }

    /// Another leg begins when it says so, or where there is one hop only, when other nodes are worked on.
    fn leg_begins(&mut self, at: Time, control_plane: bool) {
        if self.working.is_some() {
            self.cut(at);
        }
        self.working = Some(control_plane);
    }

    fn name(&self, node: NodeId) -> &str {
        self.preamble.nodes.get(node.index()).map_or("", |n| &n.name)
    }
}

impl Observer for Watch<'_> {
    fn observe(&mut self, id: FactId, record: &Record) {
        let now = seconds(record.at.as_micros());
        let says_so = self.preamble.hops.len() > 1;
        match record.fact {
            Fact::PlanStarted => self.start = now,
            Fact::HopStarted { workers, .. } if says_so => self.leg_begins(record.at, !workers),
            Fact::NodeUpgradeStarted { node } => {
                let control_plane = self.preamble.nodes.get(node.index()).is_some_and(|n| n.control_plane);
                if !says_so && self.working != Some(control_plane) {
                    self.leg_begins(record.at, control_plane);
                }
                self.work.push(Work {
                    node: self.name(node).to_owned(),
                    start: now,
                    seconds: None,
                });
            }
            Fact::NodeUpgradeEnded { node, .. } => {
                let name = self.preamble.nodes.get(node.index()).map_or("", |n| &n.name);
                let open = self
                    .work
                    .iter_mut()
                    .rev()
                    .find(|w| w.node == name && w.seconds.is_none());
                if let Some(work) = open {
                    work.seconds = Some(now - work.start);
                }
            }
            _ => {}
        }
        self.metrics.observe(id, record);
    }
}

/// What has been so far, or in a leg.
#[derive(Clone, Default)]
struct Tally {
    seconds: Seconds,
    evictions: f64,
    refusals: f64,
    api: Seconds,
    manager: Seconds,
    scheduler: Seconds,
    down: BTreeMap<String, Seconds>,
}

impl Tally {
    #[expect(clippy::cast_precision_loss, reason = "counts of events of one run")]
    fn of(report: &Report, seconds: Seconds) -> Self {
        let down = |w: &WorkloadReport| w.serving.downtime_seconds.max(w.availability().downtime_seconds);
        // Static pods of the control plane are told as its own outages.
        let apart = |w: &&WorkloadReport| w.namespace != "kube-system" || w.kind != "Pod";
        let control_plane = &report.control_plane;
        Self {
            seconds,
            evictions: report.cluster.evictions as f64,
            refusals: report.cluster.refusals as f64,
            api: control_plane.api_down_seconds,
            manager: control_plane.controller_manager_leaderless_seconds,
            scheduler: control_plane.scheduler_leaderless_seconds,
            down: report
                .workloads
                .iter()
                .filter(apart)
                .map(|w| (w.full_name(), down(w)))
                .collect(),
        }
    }

    fn since(&self, before: &Self) -> Self {
        let down = |(name, now): (&String, &Seconds)| {
            let then = before.down.get(name).copied().unwrap_or_default();
            (name.clone(), now - then)
        };
        Self {
            seconds: self.seconds - before.seconds,
            evictions: self.evictions - before.evictions,
            refusals: self.refusals - before.refusals,
            api: self.api - before.api,
            manager: self.manager - before.manager,
            scheduler: self.scheduler - before.scheduler,
            down: self.down.iter().map(down).collect(),
        }
    }
}

/// Spreads over the runs. Runs that did not get past the leg count as incomplete.
fn cost(slices: &[Tally], runs: &[Run], leg: usize) -> Cost {
    let spread = |of: fn(&Tally) -> f64| Spread::of(&slices.iter().map(of).collect::<Vec<_>>());
    let mut stuck = runs.iter().filter(|r| !r.completed() && r.cuts.len() <= leg).peekable();
    let reason = stuck.peek().map(|r| {
        let status = format!("{:?}", r.report.outcome.status).to_lowercase();
        r.report.outcome.reason.clone().unwrap_or(status)
    });
    Cost {
        trials: runs.len() as u64,
        incomplete: stuck.count() as u64,
        reason,
        seconds: spread(|t| t.seconds),
        evictions: spread(|t| t.evictions),
        refusals: spread(|t| t.refusals),
        api_down_seconds: spread(|t| t.api),
        controller_manager_down_seconds: spread(|t| t.manager),
        scheduler_down_seconds: spread(|t| t.scheduler),
        workloads: workloads(slices),
    }
}

/// Workloads that were down in some run, the worst first.
fn workloads(slices: &[Tally]) -> Vec<WorkloadCost> {
    let mut found: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (at, slice) in slices.iter().enumerate() {
        for (name, &down) in slice.down.iter().filter(|(_, down)| **down > 0.000_5) {
            found.entry(name).or_insert_with(|| vec![0.0; slices.len()])[at] = down;
        }
    }
    let told = |(name, values): (&str, Vec<f64>)| WorkloadCost {
        name: name.to_owned(),
        down_seconds: Spread::of(&values),
    };
    let mut all: Vec<WorkloadCost> = found.into_iter().map(told).collect();
    all.sort_by(|a, b| {
        let worse = b.down_seconds.p95.total_cmp(&a.down_seconds.p95);
        worse
            .then(b.down_seconds.mean.total_cmp(&a.down_seconds.mean))
            .then(a.name.cmp(&b.name))
    });
    all
}

/// The nodes that a leg works on, in the order and the batches of the plan; `round` counts earlier rounds of the workers.
pub(super) fn order(model: &Model, seed: u64, who: Goes, round: usize) -> Vec<NodeCost> {
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
        let nodes = control_plane_order(model).iter().zip(0..);
        return nodes.map(|(&id, batch)| plain(name(id), batch, None)).collect();
    }
    let mut found = Vec::new();
    let mut batch = 0;
    let streams = Streams::new(seed, 0);
    for (at, pool) in model.plan.iter().flat_map(|p| &p.pools).enumerate() {
        let sizes = Pace::of(&pool.strategy, pool.nodes.len()).batches(pool.nodes.len());
        let numbers = sizes
            .iter()
            .enumerate()
            .flat_map(|(number, &size)| iter::repeat_n(number, size));
        for (number, (id, successor)) in numbers.zip(ordered(pool, at, round, model, &streams)) {
            let successor = successor.map(|s| name(s).to_owned());
            found.push(plain(
                name(id),
                batch + u32::try_from(number).unwrap_or(u32::MAX),
                successor,
            ));
        }
        batch += u32::try_from(sizes.len()).unwrap_or(u32::MAX);
    }
    found
}

/// What was measured on a node in a leg.
fn measure(node: &mut NodeCost, runs: &[Run], leg: usize) {
    let spread = |of: &dyn Fn(&Run, &NodeReport) -> Option<Seconds>| {
        let values: Vec<f64> = runs
            .iter()
            .filter_map(|run| of(run, run.report.nodes.iter().find(|n| n.name == node.name)?))
            .collect();
        (!values.is_empty()).then(|| Spread::of(&values))
    };
    let kubeadm = spread(&|run, report| {
        let mut phases = report.phases.iter().filter(|p| run.is_in(leg, p.start));
        let (first, last) = (phases.clone().next()?, phases.next_back()?);
        Some(last.start + last.seconds? - first.start)
    });
    let drain = spread(&|run, report| {
        let drains = report.drains.iter().filter(|d| run.is_in(leg, d.start));
        let all: Vec<Seconds> = drains.map(|d| d.seconds).collect();
        (!all.is_empty()).then(|| all.iter().sum())
    });
    let whole = spread(&|run, report| {
        let work = run
            .work
            .iter()
            .filter(|w| w.node == report.name && run.is_in(leg, w.start));
        work.map(|w| w.seconds).sum::<Option<Seconds>>().filter(|s| *s > 0.0)
    });
    (node.kubeadm_seconds, node.drain_seconds, node.seconds) = (kubeadm, drain, whole);
}
