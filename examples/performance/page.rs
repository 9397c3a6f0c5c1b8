//! The page `docs/performance.md`.

use std::fmt::Write;

use super::input::{self, Cost};
use super::measure::{Row, SRF_SIZES, UPG_SIZES, Work, compare, table};
use super::series::{self, Grown, Made};
use super::{account, chart, floor, profile, tell};

const HEAD: &str = include_str!("head.md");

/// Sizes at which peers ran SRF.
pub(crate) const PEER_SIZES: [(u32, u32); 5] = SRF_SIZES;
/// CPU seconds of Kubernetriks there, medians of three.
pub(crate) const KUBERNETRIKS: [f64; 5] = [0.04, 0.13, 3.69, 12.8, 394.0];
/// CPU seconds of k8s-cluster-simulator there.
const PFNET: [Option<f64>; 5] = [Some(1.20), Some(3.66), Some(28.4), None, None];
/// CPU seconds of the floor there.
const FLOOR_THERE: [f64; 5] = [0.0005, 0.0016, 0.0061, 0.0147, 0.123];

/// Everything that was measured.
pub(crate) struct Found {
    rows: Vec<Row>,
    pub(crate) by_nodes: Vec<Grown>,
    pub(crate) by_pods: Vec<Grown>,
    pub(crate) trials: Vec<Made>,
    profiled: (u32, u32),
    profile: Vec<(String, u64)>,
    memory: Vec<String>,
    input: Cost,
}

impl Found {
    /// Measures it all: minutes, or seconds where it shall be quick.
    pub(crate) fn measure(rounds: usize, quick: bool) -> Result<Self, String> {
        // The placements that a plain scan of all nodes makes.
        if floor::run(100, 1_000).placements != 0x7045_4bbc {
            return Err("the floor program places pods elsewhere than a plain scan does".to_owned());
        }
        tell("SRF and UPG beside the floor");
        let sizes = |all: &'static [(u32, u32)]| if quick { &all[..2] } else { all };
        let profiled = if quick { (20, 600) } else { (5_000, 150_000) };
        let rows = compare(sizes(&SRF_SIZES), sizes(&UPG_SIZES), rounds).map_err(|e| e.to_string())?;
        tell(&table(&rows));
        Ok(Self {
            rows,
            by_nodes: series::by_nodes(rounds, quick)?,
            by_pods: series::by_pods(rounds, quick)?,
            trials: series::by_trials(quick)?,
            profiled,
            profile: if quick {
                Vec::new()
            } else {
                profile::profile(profiled.0, profiled.1)?
            },
            memory: account::account()?,
            input: input::cost(profiled.0)?,
        })
    }

    /// The chart.
    pub(crate) fn picture(&self) -> String {
        chart::picture(self)
    }

    /// The page.
    pub(crate) fn page(&self, remark: Option<&str>) -> String {
        let (nodes, pods) = self.profiled;
        let size = self.input.size as f64 / 1e6;
        let remark = remark.map_or_else(String::new, |text| format!(", {text}"));
        HEAD.replace("{machine}", &(machine() + &remark))
            .replace("{ratios}", &self.ratios())
            .replace("{peers}", &self.peers())
            .replace("{growth}", &self.growth())
            .replace("{trials}", &self.trials())
            .replace(
                "{profiled}",
                &format!("{} workers and {} pods", thousands(nodes), thousands(pods)),
            )
            .replace("{profiled_args}", &format!("{nodes} {pods}"))
            .replace("{profile}", &self.profile())
            .replace("{memory}", &self.memory())
            .replace(
                "{input_size}",
                &format!(
                    "of {} nodes and {} pods ({size:.0} MB)",
                    thousands(self.input.nodes),
                    thousands(self.input.pods)
                ),
            )
            .replace("{input}", &self.input())
    }

    fn ratios(&self) -> String {
        let mut text = String::from(
            "| work | nodes / pods | **times the floor** | CPU s | floor, CPU s | pods/s | events/s | peak MiB |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let _ = writeln!(
                text,
                "| {} | {} / {} | **{:.1}** | {} | {} | {} | {} | {:.1} |",
                row.work.as_str(),
                thousands(row.nodes),
                thousands(row.pods),
                row.ratio(),
                digits(row.ours.cpu),
                digits(row.floor.cpu),
                rate(f64::from(row.pods) / row.ours.cpu),
                rate(row.ours.events as f64 / row.ours.cpu),
                mib(row.ours.peak),
            );
        }
        text.trim_end().to_owned()
    }

    fn peers(&self) -> String {
        let mut text = String::from(
            "| nodes / pods | seatrial | Kubernetriks | k8s-cluster-simulator | CPU s there: floor | Kubernetriks | \
             k8s-cluster-simulator |\n|---|---|---|---|---|---|---|\n",
        );
        for (n, size) in PEER_SIZES.iter().enumerate() {
            let ours = self
                .rows
                .iter()
                .find(|r| r.work == Work::Srf && (r.nodes, r.pods) == *size);
            let ratio = |cpu: f64| format!("{:.0} ×", cpu / FLOOR_THERE[n]);
            let or_not = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
            let _ = writeln!(
                text,
                "| {} / {} | **{}** | {} | {} | {} | {} | {} |",
                thousands(size.0),
                thousands(size.1),
                or_not(ours.map(|r| format!("{:.1} ×", r.ratio()))),
                ratio(KUBERNETRIKS[n]),
                or_not(PFNET[n].map(ratio)),
                FLOOR_THERE[n],
                KUBERNETRIKS[n],
                or_not(PFNET[n].map(|cpu| cpu.to_string())),
            );
        }
        text.trim_end().to_owned()
    }

    fn growth(&self) -> String {
        let mut text =
            String::from("| work | nodes / pods | CPU s | CPU us a pod | peak MiB |\n|---|---|---|---|---|\n");
        for grown in self.by_nodes.iter().chain(&self.by_pods) {
            let _ = writeln!(
                text,
                "| {} | {} / {} | {} | {:.2} | {:.1} |",
                grown.work.as_str(),
                thousands(grown.nodes),
                thousands(grown.pods),
                digits(grown.cpu),
                1e6 * grown.cpu / f64::from(grown.pods),
                mib(grown.peak),
            );
        }
        text.trim_end().to_owned()
    }

    fn trials(&self) -> String {
        let mut text = String::from(
            "| trials | CPU s, one thread | trials/s, one thread | trials/s, all cores | speed-up |\n|---|---|---|---|---|\n",
        );
        for made in &self.trials {
            let trials = made.trials as f64;
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {:.2} |",
                made.trials,
                digits(made.cpu),
                rate(trials / made.cpu),
                rate(trials / made.all_cores),
                made.cpu / made.all_cores,
            );
        }
        text.trim_end().to_owned()
    }

    fn profile(&self) -> String {
        let all: u64 = self.profile.iter().map(|room| room.1).sum();
        let share = |cost: u64| 100.0 * cost as f64 / all.max(1) as f64;
        let mut text = String::from("| room | share | million instructions |\n|---|---|---|\n");
        let mut rest = 0;
        for (room, cost) in &self.profile {
            if share(*cost) < 1.0 {
                rest += cost;
                continue;
            }
            let _ = writeln!(
                text,
                "| {room} | {:.1} % | {} |",
                share(*cost),
                thousands((cost / 1_000_000) as u32)
            );
        }
        let _ = writeln!(
            text,
            "| rooms below 1 % | {:.1} % | {} |",
            share(rest),
            thousands((rest / 1_000_000) as u32)
        );
        let _ = write!(text, "| **all** | | {} |", thousands((all / 1_000_000) as u32));
        text
    }

    fn memory(&self) -> String {
        let mut text = String::from("| what | bytes |\n|---|---|\n");
        let mut also = String::new();
        for part in self.memory.iter().flat_map(|line| line.split("; ")) {
            match part.rsplit_once(": ") {
                Some((what, bytes)) if bytes.ends_with(" B") => {
                    let _ = writeln!(text, "| {what} | {} |", bytes.trim_end_matches(" B"));
                }
                _ => {
                    let _ = writeln!(also, "* {part}");
                }
            }
        }
        format!("{text}\n{also}").trim_end().to_owned()
    }

    fn input(&self) -> String {
        let row = |what: &str, read: input::Read| {
            format!(
                "| {what} | {} | {:.0} | {:.0} |",
                digits(read.cpu),
                self.input.size as f64 / 1e6 / read.cpu,
                read.peak / f64::from(1 << 20)
            )
        };
        format!(
            "| | CPU s | MB/s | peak MiB |\n|---|---|---|---|\n{}\n{}",
            row("seatrial, to a checked model", self.input.ours),
            row("`serde_json`, keeping nothing", self.input.walk)
        )
    }
}

/// The processor, as Linux names it, and the cores.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|l| l.strip_prefix("model name"))
        .map(|l| l.trim_start_matches([':', '\t', ' ']));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores", name.unwrap_or("an unknown processor"))
}

fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Two digits that say something.
fn digits(seconds: f64) -> String {
    let places = match seconds {
        s if s >= 10.0 => 0,
        s if s >= 1.0 => 1,
        s if s >= 0.1 => 2,
        s if s >= 0.01 => 3,
        _ => 4,
    };
    format!("{seconds:.places$}")
}

fn rate(per_second: f64) -> String {
    match per_second {
        r if r >= 1e6 => format!("{:.1} M", r / 1e6),
        r if r >= 1e3 => format!("{:.0} k", r / 1e3),
        r if r >= 100.0 => format!("{r:.0}"),
        r => format!("{r:.1}"),
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
