//! Laws that hold for every cluster, plan and fault: random scenarios are run, and their facts are checked by a mirror
//! that the test builds itself.
//!
//! `PROPTEST_CASES` asks for more cases, `PROPTEST_RNG_SEED` for other ones; otherwise they are the same every time.

mod attribution;
mod budgets;
mod case;
mod case_workload;
mod laws;
mod mirror;
mod plans;
mod proofs;
mod regressions;
mod rest;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use seatrial::cluster::{self, RunCost, RunOptions};
use seatrial::ids::{FactId, Id};
use seatrial::metrics::{Metrics, Report, WorkloadReport};
use seatrial::model::Model;
use seatrial::scenario::{Source, load};
use seatrial::trace::{Fact, Observer, PlanStatus, Preamble, Record, TraceReader, TraceWriter, VersionId};
use seatrial::units::{Span, Time};

use case::{Case, Trouble, any_case};
use laws::Broken;
use mirror::Mirror;

/// Two hours are enough for every plan here that ends at all.
const UNTIL: Time = Time::from_micros(2 * 3_600_000_000);
const MAX_EVENTS: u64 = 2_000_000;

/// A run, and everything that is needed to judge it.
struct Run {
    model: Model,
    preamble: Preamble,
    records: Vec<Record>,
    cost: RunCost,
}

fn options(seed: u64) -> RunOptions {
    RunOptions {
        seed,
        until: Some(UNTIL),
        // Leases, tolerations and back-offs have passed by then.
        settle: Span::from_secs(1500),
        max_events: MAX_EVENTS,
        stall: Span::from_secs(600),
        ..RunOptions::default()
    }
}

fn play(case: &Case) -> Run {
    let source = Source::new("case.yaml", case.text.as_str());
    let model = load(&[source]).unwrap_or_else(|wrong| panic!("{wrong}")).model;
    let options = options(case.seed);
    let mut records = Vec::new();
    let cost = cluster::run(&model, &options, &mut records);
    let preamble = cluster::preamble(&model, &options);
    Run {
        model,
        preamble,
        records,
        cost,
    }
}

/// Every law, on one run; the first one that is broken.
fn judge(run: &Run) -> Broken {
    let model = &run.model;
    let target = run.preamble.target.map(|t| VersionId(u16::try_from(t).unwrap()));
    let mut mirror = Mirror::new(model, run.preamble.instances.len());
    let mut budgets = budgets::Watch::new(model);
    let mut plan = plans::Watch::default();
    for (number, record) in run.records.iter().enumerate() {
        let id = FactId::from_index(number);
        laws::check(&mirror, id, record)
            .and_then(|()| budgets.check(&mirror, &record.fact))
            .and_then(|()| plan.check(&mirror, target, &record.fact))
            .map_err(|why| format!("{why} (at {:.3} s)", record.at.as_secs_f64()))?;
        mirror.apply(record);
    }
    let last = run.records.last().map(|r| r.fact);
    laws::law!(last == Some(Fact::RunEnded), "end: {last:?} is last");
    laws::law!(run.cost.events < MAX_EVENTS, "end: too many events");
    laws::law!(
        run.cost.facts == run.records.len() as u64,
        "end: {} facts were counted",
        run.cost.facts
    );
    budgets.finish()?;
    plan.finish(&mirror)?;
    if rest::lasting(model) || plan.status() == Some(PlanStatus::Blocked) {
        return Ok(());
    }
    if run.cost.end < UNTIL {
        return rest::check(&mirror, plan.status());
    }
    let ends = |r: &Record| matches!(r.fact, Fact::DrainEnded { .. } | Fact::PlanEnded { .. });
    let mut facts = run
        .records
        .iter()
        .rev()
        .skip(1)
        .skip_while(|r| r.at == UNTIL && ends(r));
    let quiet = facts.next().is_some_and(|r| UNTIL.since(r.at) > Span::from_secs(2400));
    let machines_last = !rest::may_lose_machines(model);
    if quiet && machines_last && plan.status() == Some(PlanStatus::Inconclusive) {
        rest::silence(&mirror)?;
    }
    Ok(())
}

fn config() -> Config {
    // Reads the environment.
    let given = Config::default();
    Config {
        cases: if given.cases == 256 { 64 } else { given.cases },
        rng_seed: match given.rng_seed {
            RngSeed::Random => RngSeed::Fixed(17),
            fixed => fixed,
        },
        failure_persistence: None,
        ..given
    }
}

proptest! {
    #![proptest_config(config())]

    /// Safety (P-1, O-22, O-52, O-64, S-9, W-29, V-10 …), and rest at the end, where nothing disturbs.
    #[test]
    fn o22_o52_o64_laws_hold_without_trouble(case in any_case(Trouble::None)) {
        judge(&play(&case)).map_err(TestCaseError::fail)?;
    }

    /// The same, and all is whole again after faults that pass.
    #[test]
    fn laws_hold_and_all_is_whole_after_trouble(case in any_case(Trouble::Passing)) {
        judge(&play(&case)).map_err(TestCaseError::fail)?;
    }

    /// The same where machines and processes may stay dead.
    #[test]
    fn laws_hold_in_lasting_trouble(case in any_case(Trouble::Lasting)) {
        judge(&play(&case)).map_err(TestCaseError::fail)?;
    }

    /// O-80: the same scenario and seed give the same facts at the same cost, whoever looks.
    #[test]
    fn o80_same_seed_same_facts(case in any_case(Trouble::Passing)) {
        let (one, two) = (play(&case), play(&case));
        prop_assert!(one.records == two.records);
        prop_assert_eq!(one.cost, two.cost);
        let unseen = cluster::run(&one.model, &options(case.seed), &mut ());
        prop_assert_eq!(one.cost, unseen);
    }

    /// The report of a trace that was written and read back is that of the live run, and counts what happened.
    #[test]
    fn a_saved_trace_says_the_same(case in any_case(Trouble::Lasting)) {
        let run = play(&case);
        let live = report(&run.preamble, &run.records, run.cost.end);
        prop_assert_eq!(&live, &reread(&run));
        let count = |wanted: fn(&Fact) -> bool| {
            let after = run.records.iter().skip_while(|r| r.fact != Fact::RunStarted);
            after.filter(|r| wanted(&r.fact)).count() as u64
        };
        let sum = |of: fn(&WorkloadReport) -> u64| live.workloads.iter().map(of).sum::<u64>();
        prop_assert_eq!(sum(|w| w.pods_created), count(|f| matches!(f, Fact::PodCreated { .. })));
        prop_assert_eq!(sum(|w| w.evictions), count(|f| matches!(f, Fact::EvictionAccepted { .. })));
        prop_assert_eq!(sum(|w| w.refusals), count(|f| matches!(f, Fact::EvictionRefused { .. })));
    }
}

proptest! {
    #![proptest_config(config())]

    /// All downtime, degradation and errors are attributed (M-6, M-7, M-9), and each chain of causes ends in a step of the
    /// plan, a fault, or an initial condition.
    #[test]
    fn m6_m7_m9_every_second_that_was_lost_has_a_cause(case in any_case(Trouble::Lasting)) {
        let run = play(&case);
        let report = report(&run.preamble, &run.records, run.cost.end);
        attribution::check(&run.records, &report).map_err(TestCaseError::fail)?;
    }
}

/// Where a run says that it is proven that nothing can change, nothing does: for a week, or until the drain that it names.
fn proofs_hold(trouble: Trouble) {
    // A week is long, and a run that goes on for one asks for evictions a hundred thousand times.
    let mut config = config();
    config.cases /= 4;
    let proven = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(config);
    let judged = runner.run(&any_case(trouble), |case| {
        let held = proofs::check(&play(&case), case.seed).map_err(TestCaseError::fail)?;
        proven.set(proven.get() + u32::from(held));
        Ok(())
    });
    judged.unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(proven.get() > 0, "no run was proven to be stuck");
}

#[test]
fn a_proof_holds() {
    proofs_hold(Trouble::None);
}

#[test]
fn a_proof_holds_in_lasting_trouble() {
    proofs_hold(Trouble::Lasting);
}

fn report(preamble: &Preamble, records: &[Record], end: Time) -> Report {
    let mut metrics = Metrics::new(preamble);
    for (number, record) in records.iter().enumerate() {
        metrics.observe(FactId::from_index(number), record);
    }
    metrics.finish(end)
}

/// The report of a run by way of a trace.
fn reread(run: &Run) -> Report {
    let mut writer = TraceWriter::new(Vec::new(), &run.preamble).unwrap();
    for (number, record) in run.records.iter().enumerate() {
        writer.observe(FactId::from_index(number), record);
    }
    let bytes = writer.finish().unwrap();
    let mut reader = TraceReader::new(bytes.as_slice()).unwrap();
    let preamble = reader.preamble().clone();
    let mut metrics = Metrics::new(&preamble);
    let end = reader.replay(&mut metrics).unwrap();
    metrics.finish(end)
}

/// Different seeds are different runs.
#[test]
fn o80_other_seeds_other_runs() {
    let text = include_str!("../../scenarios/textbook/hello-upgrade.yaml").to_owned();
    let run = |seed| {
        play(&Case {
            seed,
            text: text.clone(),
        })
        .records
    };
    let first = run(0);
    assert!((1..10).all(|seed| run(seed) != first));
}
