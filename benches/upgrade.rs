//! One upgrade of 100 nodes with 3,000 pods and one of 1,000 with 30,000 (UPG).

mod upg;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use seatrial::cluster::{RunOptions, run};

#[expect(clippy::disallowed_macros, reason = "a bench says what it measured")]
fn upgrades(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("upg");
    group.sample_size(10);
    for workers in [20, 100, 1000] {
        let model = upg::model(workers);
        let cost = run(&model, &RunOptions::default(), &mut ());
        println!(
            "upg/{workers}: {} pods, {} events, simulated end {}",
            workers * 30,
            cost.events,
            cost.end
        );
        group.bench_function(workers.to_string(), |bencher| {
            bencher.iter(|| run(black_box(&model), &RunOptions::default(), &mut ()));
        });
    }
    group.finish();
}

criterion_group!(benches, upgrades);
criterion_main!(benches);
