//! The future event list alone: pop one event, schedule one, with so many pending (hold model).

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use seatrial::queue::Queue;
use seatrial::units::{Span, Time};

/// Delays like those of a cluster: mostly milliseconds, some seconds, a few minutes.
fn delay(state: &mut u64) -> Span {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let random = *state >> 33;
    Span::from_micros(match random % 10 {
        0..=6 => random % 50_000,
        7 | 8 => random % 10_000_000,
        _ => random % 300_000_000,
    })
}

fn hold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue");
    group.throughput(Throughput::Elements(1));
    for pending in [1_000_u32, 10_000, 100_000] {
        let (mut queue, mut state) = (Queue::new(), 1);
        for n in 0..pending {
            queue.push(Time::ZERO + delay(&mut state), n);
        }
        group.bench_function(BenchmarkId::from_parameter(pending), |bencher| {
            bencher.iter(|| {
                if let Some((at, event)) = queue.pop() {
                    queue.push(at + delay(&mut state), event);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hold);
criterion_main!(benches);
