//! Rehearsals of the clusters and plans that were recorded on real control planes (`tests/reference/README.md`).

use std::io::Read;
use std::path::{Path, PathBuf};

use seatrial::cluster::{RunOptions, preamble, run};
use seatrial::metrics::{Metrics, Report};
use seatrial::scenario::{Source, load};

const SCENARIOS: [&str; 12] = [
    "R01", "R02", "R04", "R05", "R07", "R09b", "R12", "R13", "R19", "R21", "R22", "R26",
];
const VERSIONS: [&str; 2] = ["1.20", "1.36"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

fn read(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if path.extension().is_some_and(|e| e == "gz") {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
        return text;
    }
    bytes
}

/// A recorded run: where it stands, and what came of it.
struct Recording {
    version: &'static str,
    scenario: &'static str,
    run: String,
    summary: serde_json::Value,
}

impl Recording {
    fn cluster(&self, key: &str) -> f64 {
        self.summary["cluster"][key].as_f64().unwrap()
    }

    fn name(&self) -> String {
        format!("{}/{}/{}", self.version, self.scenario, self.run)
    }

    /// One rehearsal per seed of the recorded cluster and plan on the recorded machine.
    fn rehearse(&self, seeds: std::ops::Range<u64>) -> Vec<Report> {
        let folder = root().join(self.version).join(self.scenario);
        let sources = [
            folder.join(format!("{}.cluster.json.gz", self.run)),
            folder.join("plan.yaml"),
            root().join(format!("machine-{}.yaml", self.version)),
        ]
        .map(|path| Source {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            text: read(&path),
        });
        let scenario = load(&sources).unwrap_or_else(|e| panic!("{}: {e}", self.name()));
        seeds
            .map(|seed| {
                let options = RunOptions {
                    seed,
                    ..RunOptions::default()
                };
                let preamble = preamble(&scenario.model, &options);
                let mut metrics = Metrics::new(&preamble);
                let cost = run(&scenario.model, &options, &mut metrics);
                metrics.finish(cost.end)
            })
            .collect()
    }
}

fn recordings(scenario: &'static str, version: &'static str) -> Vec<Recording> {
    let folder = root().join(version).join(scenario);
    let mut runs: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(".summary.json").map(str::to_owned))
        .collect();
    runs.sort();
    assert!(runs.len() >= 3, "{version}/{scenario}");
    let summary = |run: &String| {
        let path = folder.join(format!("{run}.summary.json"));
        serde_json::from_slice(&read(&path)).unwrap()
    };
    runs.iter()
        .map(|run| Recording {
            version,
            scenario,
            summary: summary(run),
            run: run.clone(),
        })
        .collect()
}

fn every(scenarios: &'static [&'static str]) -> impl Iterator<Item = Recording> {
    VERSIONS
        .iter()
        .flat_map(move |version| scenarios.iter().flat_map(move |scenario| recordings(scenario, version)))
}

/// The outcome of every recording: completed, or completed with the same number of nodes left out.
#[test]
fn outcomes_are_the_recorded_ones() {
    for recording in every(&SCENARIOS) {
        let skipped = recording.summary["cluster"]["nodes_skipped"].as_array().unwrap().len();
        assert_eq!(recording.summary["cluster"]["aborted"], false);
        let status = if skipped == 0 {
            "Completed"
        } else {
            "CompletedWithSkips"
        };
        for report in recording.rehearse(0..3) {
            let json = serde_json::to_value(&report).unwrap();
            assert_eq!(json["outcome"]["status"], status, "{}", recording.name());
            let nodes = json["nodes"].as_array().unwrap();
            let left_out = nodes.iter().filter(|n| n["result"] == "Skipped").count();
            assert_eq!(left_out, skipped, "{}", recording.name());
        }
    }
}

/// Where placement leaves only one possibility, evictions, refusals and lost pods are exactly the recorded ones.
#[test]
fn d9_d10_p1_evictions_and_refusals_are_the_recorded_ones() {
    for recording in every(&["R01", "R04", "R09b", "R12", "R13", "R26"]) {
        for report in recording.rehearse(0..10) {
            let name = recording.name();
            assert_eq!(
                report.cluster.evictions as f64,
                recording.cluster("evictions"),
                "{name}"
            );
            assert_eq!(
                report.cluster.refusals as f64,
                recording.cluster("refused_429"),
                "{name}"
            );
            assert_eq!(
                report.cluster.pods_lost as f64,
                recording.cluster("lost_for_good"),
                "{name}"
            );
        }
    }
}

/// Elsewhere the recorded number of evictions is one of those that chance brings.
#[test]
fn evictions_lie_in_the_range_that_chance_leaves() {
    for recording in every(&["R02", "R05", "R07", "R19", "R21", "R22"]) {
        let evictions: Vec<f64> = recording
            .rehearse(0..40)
            .iter()
            .map(|r| r.cluster.evictions as f64)
            .collect();
        let (low, high) = range(&evictions);
        let recorded = recording.cluster("evictions");
        // R21 ran on a busy machine: its API server was away for 8.8 … 15.5 s, up to 3 s longer than its timings say,
        // which lets one eviction more or less fall into the outage.
        let slack = if recording.scenario == "R21" { 1.0 } else { 0.0 };
        assert!(
            (low - slack..=high + slack).contains(&recorded),
            "{}: {recorded} recorded, {low}..{high} rehearsed",
            recording.name()
        );
    }
}

/// R01: "two workers and two replicas" is down for exactly the start-up time (O-72).
#[test]
fn o72_two_replicas_on_two_workers_are_down_for_their_start_up_time() {
    for recording in every(&["R01"]) {
        let recorded = recording.summary["workloads"]["web"]["downtime_s"].as_f64().unwrap();
        for report in recording.rehearse(0..10) {
            let web = report.workloads.iter().find(|w| w.name == "web").unwrap();
            let down = web.endpoints.as_ref().unwrap().downtime_seconds;
            assert!(
                (down - recorded).abs() < 0.5,
                "{}: {down} for {recorded}",
                recording.name()
            );
        }
    }
}

/// O-24, M-13: what is lost while the control plane is away is not recreated in that time, and the delay afterwards is
/// the recorded one within 3 s. Recorded delays: R09b from the API's first answer, R22 from the start of the controller
/// manager, until the replacement was created; medians of three runs.
#[test]
fn o24_m13_what_an_outage_loses_comes_back_when_the_recordings_say() {
    let recorded = [
        ("1.20", "R09b", 19.4),
        ("1.36", "R09b", 19.0),
        ("1.20", "R22", 20.1),
        ("1.36", "R22", 17.6),
    ];
    for (version, scenario, seconds) in recorded {
        let runs = recordings(scenario, version);
        let mut delays: Vec<f64> = runs[0]
            .rehearse(0..40)
            .iter()
            .map(|report| {
                let outages = &report.control_plane.outages;
                let lossy: Vec<_> = outages.iter().filter(|o| o.pods_lost > 0).collect();
                assert_eq!(lossy.len(), 1, "{version}/{scenario}");
                assert!(outages.iter().all(|o| o.recreated_during == 0), "{version}/{scenario}");
                lossy[0].first_recreate_delay_seconds.unwrap()
            })
            .collect();
        let default_seed = delays[0];
        delays.sort_by(f64::total_cmp);
        let median = delays[delays.len() / 2];
        for delay in [default_seed, median] {
            assert!(
                (delay - seconds).abs() <= 3.0,
                "{version}/{scenario}: {delay} s for {seconds} s"
            );
        }
    }
}

/// C-2a: the container that crashes while the API is away is restarted by its kubelet (R09b).
#[test]
fn c2_a_crashed_container_is_restarted_without_the_api() {
    for recording in every(&["R09b"]) {
        for report in recording.rehearse(0..3) {
            let healed: u64 = report.control_plane.outages.iter().map(|o| o.restarted_locally).sum();
            assert_eq!(healed, 1, "{}", recording.name());
        }
    }
}

/// Makespans: the recorded one lies in the rehearsed range, widened by the larger of 1 s and 5 %.
#[test]
fn makespans_agree_with_the_recordings() {
    for recording in every(&["R01", "R02", "R04", "R05", "R12", "R13", "R19", "R22", "R26"]) {
        let spans: Vec<f64> = recording
            .rehearse(0..30)
            .iter()
            .map(|r| r.makespan_seconds.unwrap())
            .collect();
        let (low, high) = range(&spans);
        let recorded = recording.cluster("makespan_s");
        let slack = (recorded * 0.05).max(1.0);
        assert!(
            (low - slack..=high + slack).contains(&recorded),
            "{}: {recorded} s recorded, {low}..{high} s rehearsed",
            recording.name()
        );
    }
}

fn range(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)))
}
