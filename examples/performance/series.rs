//! How cost grows: by pods, by nodes, by trials.

use std::time::Instant;

use cpu_time::ProcessTime;
use seatrial::study::Trials;

use super::measure::{Work, measure, median};
use super::{tell, upg};

/// A measured point of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grown {
    pub(crate) work: Work,
    pub(crate) nodes: u32,
    pub(crate) pods: u32,
    pub(crate) cpu: f64,
    pub(crate) peak: u64,
}

/// So many trials, on one core and on all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) trials: u64,
    /// CPU seconds on one core.
    pub(crate) cpu: f64,
    /// Seconds that pass on all cores.
    pub(crate) all_cores: f64,
}

/// Sizes of SRF by pods at 1,000 nodes.
const PODS: [u32; 5] = [1_000, 3_000, 10_000, 30_000, 100_000];
/// Workers of UPG; each has 30 pods.
const WORKERS: [u32; 6] = [20, 100, 300, 1_000, 2_000, 5_000];
const TRIALS: [u64; 6] = [1, 3, 10, 30, 100, 300];

fn point(work: Work, size: (u32, u32), rounds: usize) -> Result<Grown, String> {
    tell(&format!("growth: {} {}/{}", work.as_str(), size.0, size.1));
    let mut cpu = Vec::new();
    let mut peak = 0;
    for _ in 0..rounds.min(3) {
        let found = measure(work, size, u32::from(rounds > 1)).map_err(|e| e.to_string())?;
        cpu.push(found.cpu);
        peak = peak.max(found.peak);
    }
    Ok(Grown {
        work,
        nodes: size.0,
        pods: size.1,
        cpu: median(&mut cpu),
        peak,
    })
}

/// SRF and its floor with 1,000 nodes and ever more pods.
pub(crate) fn by_pods(rounds: usize, quick: bool) -> Result<Vec<Grown>, String> {
    let sizes = if quick { &PODS[..3] } else { &PODS };
    let works = [Work::Floor, Work::Srf];
    sizes
        .iter()
        .flat_map(|&pods| works.map(|work| point(work, (1_000, pods), rounds)))
        .collect()
}

/// UPG, SRF and the floor with ever more nodes of 30 pods each.
pub(crate) fn by_nodes(rounds: usize, quick: bool) -> Result<Vec<Grown>, String> {
    let sizes = if quick { &WORKERS[..3] } else { &WORKERS };
    let works = [Work::Floor, Work::Srf, Work::Upg];
    sizes
        .iter()
        .flat_map(|&nodes| works.map(|work| point(work, (nodes, 30 * nodes), rounds)))
        .collect()
}

/// UPG with 100 workers, ever more often.
#[expect(clippy::disallowed_methods, reason = "a program that measures reads the clock")]
pub(crate) fn by_trials(quick: bool) -> Result<Vec<Made>, String> {
    let model = upg::model(100);
    let sizes = if quick { &TRIALS[..3] } else { &TRIALS[..] };
    let mut made = Vec::new();
    for &trials in sizes {
        tell(&format!("trials: {trials}"));
        let (clock, start) = (ProcessTime::now(), Instant::now());
        let run = |threads| {
            Trials::new(&model, trials)
                .threads(threads)
                .run()
                .map_err(|e| e.to_string())
        };
        run(1)?;
        let cpu = clock.elapsed().as_secs_f64();
        let before = start.elapsed();
        run(0)?;
        made.push(Made {
            trials,
            cpu,
            all_cores: (start.elapsed() - before).as_secs_f64(),
        });
    }
    Ok(made)
}
