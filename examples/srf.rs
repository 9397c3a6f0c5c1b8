//! The workload SRF once: `cargo run --release --example srf -- NODES PODS`. `.ci/instructions` counts its instructions.

#[path = "../benches/srf/mod.rs"]
mod srf;

use seatrial::cluster::{RunOptions, run};

#[expect(clippy::disallowed_macros, reason = "a program says what it did")]
fn main() {
    let numbers: Vec<u32> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let [nodes, pods] = numbers[..] else {
        eprintln!("usage: srf NODES PODS");
        std::process::exit(2);
    };
    let cost = run(&srf::model(nodes, pods), &RunOptions::default(), &mut ());
    println!("{} events, simulated end {}", cost.events, cost.end);
}
