//! How much memory a run takes, and how often it asks for some: counted by the allocator itself.

mod input;
#[path = "../../benches/srf/mod.rs"]
mod srf;
#[path = "../../benches/upg/mod.rs"]
mod upg;

use std::alloc::System;

use seatrial::cluster::{RunOptions, run};
use seatrial::ids::FactId;
use seatrial::model::Model;
use seatrial::trace::{Fact, Observer, Record};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes in use.
fn in_use() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

/// Requests for memory so far.
fn requests() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

/// What a run had taken when its world was complete and when it ended.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    before: isize,
    at_start: isize,
    at_end: isize,
    requests_at_start: usize,
    requests: usize,
    pods: u32,
}

impl Observer for Account {
    fn observe(&mut self, _: FactId, record: &Record) {
        match record.fact {
            Fact::PodCreated { .. } => self.pods += 1,
            Fact::RunStarted => {
                self.at_start = in_use() - self.before;
                self.requests_at_start = requests();
            }
            Fact::RunEnded => {
                self.at_end = in_use() - self.before;
                self.requests = requests() - self.requests_at_start;
            }
            _ => {}
        }
    }
}

fn account(model: &Model) -> (Account, u64) {
    let mut account = Account {
        before: in_use(),
        ..Account::default()
    };
    let cost = run(model, &RunOptions::default(), &mut account);
    (account, cost.events)
}

/// Tests share the allocator, so all of this is one test.
#[test]
fn memory() {
    memory_of_the_running_world();
    input::memory_of_large_input();
}

#[expect(clippy::disallowed_macros, reason = "a test that counts says what it counted")]
fn memory_of_the_running_world() {
    // Tables double as they grow; these sizes fill them by four fifths.
    let (few, _) = account(&srf::model(1000, 0));
    let (many, _) = account(&srf::model(2000, 0));
    let node = (many.at_end - few.at_end) / 1000;
    println!("a node: {node} B");
    assert!(node <= 1024, "{node} B a node");

    let (none, _) = account(&srf::model(1000, 0));
    let (finished, events) = account(&srf::model(1000, 13_000));
    let pod = (finished.at_end - none.at_end) / 13_000;
    println!(
        "a pod that came and went (SRF): {pod} B; {} requests for memory in {events} events",
        finished.requests
    );
    assert!(pod <= 256, "{pod} B a pod");
    assert!(finished.requests < 300, "{} requests for memory", finished.requests);

    let (upgrade, events) = account(&upg::model(200));
    let nodes = 203 * node;
    let start = (upgrade.at_start - nodes) / 6000;
    let end = (upgrade.at_end - nodes) / upgrade.pods as isize;
    println!("a pod that stands (UPG): {start} B; a pod that ever was: {end} B");
    println!("{} requests for memory in {events} events", upgrade.requests);
    assert!(start <= 256, "{start} B a pod");
    // With the drains that took them and the workloads that own them; pods that are gone are not forgotten.
    assert!(end <= 352, "{end} B a pod");
    // A fiftieth of the events that there are where nothing is kept aside.
    assert!(upgrade.requests < 3_950, "{} requests for memory", upgrade.requests);
}
