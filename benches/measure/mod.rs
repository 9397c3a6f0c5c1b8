//! Measuring runs, each in a process of its own: CPU seconds of the process, peak memory, events and the simulated end.
//!
//! A program that measures calls [`child`] first: started with `--measure WORKLOAD NODES PODS SECONDS` it is the process
//! that is measured. [`measure`] starts such processes of the same program.

use std::io;
use std::process::Command;
use std::time::Duration;

use cpu_time::ProcessTime;
use seatrial::cluster::{RunOptions, run};
use seatrial::ids::IdVec;
use seatrial::model::Model;

use super::{floor, srf, upg};

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// The floor program.
    Floor,
    /// Schedule, run, finish.
    Srf,
    /// An upgrade of all workers, one at a time; 30 pods a worker.
    Upg,
    /// The same with no Service that follows the pods.
    Unserved,
}

impl Work {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Srf => "SRF",
            Self::Upg => "UPG",
            Self::Unserved => "UPG without Services",
        }
    }
}

/// What one process found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    /// CPU seconds of a run, the median.
    pub(crate) cpu: f64,
    /// The largest resident set of the process in bytes, the program itself included.
    pub(crate) peak: u64,
    /// Events of a run.
    pub(crate) events: u64,
    /// The simulated end in seconds.
    pub(crate) end: f64,
}

/// Nodes and pods of SRF.
pub(crate) const SRF_SIZES: [(u32, u32); 5] = [
    (100, 1_000),
    (100, 3_000),
    (1_000, 10_000),
    (1_000, 30_000),
    (5_000, 150_000),
];
/// Workers and pods of UPG.
pub(crate) const UPG_SIZES: [(u32, u32); 4] = [(20, 600), (100, 3_000), (1_000, 30_000), (5_000, 150_000)];

/// A workload at one size beside the floor program's SRF at the same size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) work: Work,
    pub(crate) nodes: u32,
    pub(crate) pods: u32,
    /// Medians of the rounds.
    pub(crate) ours: Measured,
    pub(crate) floor: Measured,
}

impl Row {
    /// CPU time as a multiple of the floor's.
    pub(crate) fn ratio(&self) -> f64 {
        self.ours.cpu / self.floor.cpu
    }
}

/// Measures floor and workloads in turn, round after round; at the largest size three rounds are enough.
///
/// # Errors
/// As [`measure`].
pub(crate) fn compare(srf: &[(u32, u32)], upg: &[(u32, u32)], rounds: usize) -> io::Result<Vec<Row>> {
    let of = |work: Work| move |&size: &(u32, u32)| (work, size);
    let srf = srf.iter().map(of(Work::Srf));
    let upg = [Work::Upg, Work::Unserved]
        .into_iter()
        .flat_map(|work| upg.iter().map(of(work)));
    srf.chain(upg)
        .map(|(work, size)| {
            let (mut floor, mut ours) = (Vec::new(), Vec::new());
            let patience = u32::from(rounds > 1);
            for _ in 0..if size.1 > 100_000 { rounds.min(3) } else { rounds } {
                floor.push(measure(Work::Floor, size, patience)?);
                ours.push(measure(work, size, patience)?);
            }
            Ok(Row {
                work,
                nodes: size.0,
                pods: size.1,
                ours: middle(&ours),
                floor: middle(&floor),
            })
        })
        .collect()
}

/// The median of the times, and the largest peak.
fn middle(rounds: &[Measured]) -> Measured {
    let mut times: Vec<f64> = rounds.iter().map(|m| m.cpu).collect();
    Measured {
        cpu: median(&mut times),
        peak: rounds.iter().map(|m| m.peak).max().unwrap_or(0),
        ..rounds[0]
    }
}

/// The rows as a table for a terminal.
pub(crate) fn table(rows: &[Row]) -> String {
    use std::fmt::Write;
    let mut text = String::from(
        "work                  nodes     pods  times the floor  CPU s     floor s   pods/s     events      events/s    peak MiB  simulated end s\n",
    );
    for row in rows {
        let (ours, pods) = (row.ours, f64::from(row.pods));
        let _ = writeln!(
            text,
            "{:20} {:6} {:8}  {:15.2}  {:<8.4}  {:<8.4}  {:<9.0}  {:<10}  {:<10.0}  {:<8.1}  {:.1} (floor {:.1})",
            row.work.as_str(),
            row.nodes,
            row.pods,
            row.ratio(),
            ours.cpu,
            row.floor.cpu,
            pods / ours.cpu,
            ours.events,
            ours.events as f64 / ours.cpu,
            ours.peak as f64 / f64::from(1 << 20),
            ours.end,
            row.floor.end,
        );
    }
    text
}

const FLAG: &str = "--measure";

/// Does the work of a measuring process, if this is one; whether it was.
#[expect(clippy::disallowed_macros, reason = "the parent reads it")]
pub(crate) fn child() -> bool {
    let args: Vec<String> = std::env::args().collect();
    let Some(at) = args.iter().position(|a| a == FLAG) else {
        return false;
    };
    let number = |i: usize| args[at + i].parse().unwrap();
    let (nodes, pods, patience) = (number(2), number(3), Duration::from_secs(u64::from(number(4))));
    let found = match args[at + 1].as_str() {
        "floor" => repeat(patience, || {
            let run = floor::run(nodes as usize, pods as usize);
            (run.cpu, run.events, run.end.as_secs_f64())
        }),
        "SRF" => simulate(&srf::model(nodes, pods), patience),
        "UPG" => simulate(&upg::model(nodes), patience),
        _ => simulate(&unserved(upg::model(nodes)), patience),
    };
    println!("{} {} {} {}", found.cpu, found.peak, found.events, found.end);
    true
}

/// A model without its Services.
fn unserved(mut model: Model) -> Model {
    model.services = IdVec::new();
    model.classes.iter_mut().for_each(|class| class.services.clear());
    model
}

fn simulate(model: &Model, patience: Duration) -> Measured {
    repeat(patience, || {
        let start = ProcessTime::now();
        let cost = run(model, &RunOptions::default(), &mut ());
        (start.elapsed(), cost.events, cost.end.as_secs_f64())
    })
}

/// Runs again and again for a while, once at least.
fn repeat(patience: Duration, mut once: impl FnMut() -> (Duration, u64, f64)) -> Measured {
    let start = ProcessTime::now();
    let mut times = Vec::new();
    loop {
        let (cpu, events, end) = once();
        times.push(cpu.as_secs_f64());
        if start.elapsed() >= patience {
            return Measured {
                cpu: median(&mut times),
                peak: peak(),
                events,
                end,
            };
        }
    }
}

/// The value in the middle.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The largest resident set of this process so far, in bytes (`VmHWM`; zero where there is no `/proc`).
pub(crate) fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// Starts a measuring process of this program, which repeats short work for so many seconds.
///
/// # Errors
/// Where the process cannot be started or does not say what it found.
pub(crate) fn measure(work: Work, (nodes, pods): (u32, u32), seconds: u32) -> io::Result<Measured> {
    let numbers = [nodes, pods, seconds].map(|n| n.to_string());
    let output = Command::new(std::env::current_exe()?)
        .args([FLAG, work.as_str()])
        .args(numbers)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().collect();
    let parse = || {
        Some(Measured {
            cpu: words.first()?.parse().ok()?,
            peak: words.get(1)?.parse().ok()?,
            events: words.get(2)?.parse().ok()?,
            end: words.get(3)?.parse().ok()?,
        })
    };
    parse().ok_or_else(|| io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}
