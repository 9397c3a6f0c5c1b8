//! SRF and UPG at all sizes beside the floor program: a table of ratios from interleaved processes, then criterion.
//!
//! `cargo bench --bench workloads` does both, with `-- NAME` only the benches of that name, with `-- --test` a smoke.

mod floor;
mod measure;
mod srf;
mod upg;

use std::hint::black_box;

use criterion::{BenchmarkGroup, Criterion, criterion_group, measurement::WallTime};
use measure::{SRF_SIZES, UPG_SIZES};
use seatrial::cluster::{RunOptions, run};
use seatrial::model::Model;

/// A smoke looks only whether the small sizes work.
fn smoke() -> bool {
    std::env::args().any(|arg| arg == "--test")
}

fn sizes(all: &[(u32, u32)]) -> &[(u32, u32)] {
    if smoke() { &all[..1] } else { all }
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, name: String, model: &Model) {
    group.sample_size(10);
    group.bench_function(name, |bencher| {
        bencher.iter(|| run(black_box(model), &RunOptions::default(), &mut ()));
    });
}

fn srf_runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("srf");
    for &(nodes, pods) in sizes(&SRF_SIZES) {
        bench(&mut group, format!("{nodes}/{pods}"), &srf::model(nodes, pods));
    }
    group.finish();
}

fn upg_runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("upg");
    for &(nodes, pods) in sizes(&UPG_SIZES) {
        bench(&mut group, format!("{nodes}/{pods}"), &upg::model(nodes));
    }
    group.finish();
}

criterion_group!(benches, srf_runs, upg_runs);

#[expect(clippy::disallowed_macros, reason = "a bench says what it measured")]
fn main() -> std::io::Result<()> {
    if measure::child() {
        return Ok(());
    }
    // The placements that a plain scan of all nodes makes.
    assert_eq!(floor::run(100, 1_000).placements, 0x7045_4bbc);
    let named = std::env::args().skip(1).any(|arg| !arg.starts_with('-'));
    if !named {
        let rows = measure::compare(sizes(&SRF_SIZES), sizes(&UPG_SIZES), if smoke() { 1 } else { 5 })?;
        print!("{}", measure::table(&rows));
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
    Ok(())
}
