//! Recorded runs.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use seatrial::scenario::Source;

use super::folder as root;
use super::measures::{Availability, Chain, Measures};

/// A recorded run.
pub(crate) struct Recording {
    folder: PathBuf,
    version: &'static str,
    scenario: String,
    pub(crate) run: String,
    pub(crate) digest: Digest,
}

/// What is kept of a recorded run.
#[derive(Deserialize)]
pub(crate) struct Digest {
    cluster: Cluster,
    pub(crate) workloads: BTreeMap<String, Workload>,
    replacements: Vec<Replacement>,
}

/// Workload; old pod deleted, new pod created, bound, ready, old pod gone.
type Replacement = (String, Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<f64>);

#[derive(Deserialize)]
struct Cluster {
    plan_start: f64,
    makespan_s: f64,
    observed_until_s: f64,
    aborted: bool,
    nodes_skipped: Vec<String>,
    evictions: f64,
    refused_429: f64,
    pending_max: f64,
    pending_pod_s: f64,
    drains: Vec<Drain>,
    placement_after: BTreeMap<String, BTreeMap<String, u32>>,
    created_in_outage: f64,
    settled: bool,
}

#[derive(Deserialize)]
struct Drain {
    node: String,
    start: f64,
    took: f64,
    rc: i32,
}

/// What is kept of a workload.
#[derive(Deserialize)]
pub(crate) struct Workload {
    pub(crate) kind: String,
    pub(crate) desired: u32,
    pods_created: f64,
    lost: f64,
    pub(crate) endpoints: Option<Truth>,
    pods: Option<Truth>,
    pub(crate) serving: Option<Truth>,
}

/// Availability as one of the observers saw it.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Truth {
    min: f64,
    down_s: f64,
    degraded_s: f64,
    deficit_pod_s: f64,
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

/// The recorded runs of a scenario.
pub(crate) fn all(version: &'static str, scenario: &str) -> Vec<Recording> {
    let folder = root().join(version).join(scenario);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut runs: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(".summary.json").map(str::to_owned))
        .collect();
    runs.sort_by_key(|run| run.trim_start_matches("run").parse::<u32>().unwrap_or(u32::MAX));
    let recording = |run: String| {
        let path = folder.join(format!("{run}.summary.json"));
        let digest = serde_json::from_slice(&read(&path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Recording {
            folder: folder.clone(),
            version,
            scenario: scenario.to_owned(),
            run,
            digest,
        }
    };
    runs.into_iter().map(recording).collect()
}

impl Recording {
    /// The documents of the rehearsal: cluster, plan, machine.
    pub(crate) fn sources(&self) -> [Source; 3] {
        [
            self.folder.join(format!("{}.cluster.json.gz", self.run)),
            self.folder.join("plan.yaml"),
            root().join(format!("machine-{}.yaml", self.version)),
        ]
        .map(|path| Source::new(path.file_name().unwrap().to_string_lossy(), read(&path)))
    }

    /// Whether the control plane, or a part of it, was away for a time.
    pub(crate) fn has_outage(&self) -> bool {
        ["R09", "R21", "R22", "R27"]
            .iter()
            .any(|s| self.scenario.starts_with(s))
    }

    /// Whether there was a plan.
    pub(crate) fn has_plan(&self) -> bool {
        self.digest.cluster.makespan_s > 0.0
    }

    /// For how long it was observed after the plan had ended, or at all where there was no plan, in seconds.
    pub(crate) fn window(&self) -> f64 {
        let cluster = &self.digest.cluster;
        let start = if self.has_plan() { cluster.plan_start } else { 0.0 };
        cluster.observed_until_s - cluster.makespan_s - start
    }

    /// Whether everything was up again when the recorder stopped: 5 s after that, as rehearsals do.
    pub(crate) const fn settled(&self) -> bool {
        self.digest.cluster.settled
    }

    /// The recorded workloads and their kinds.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        let workloads = self.digest.workloads.iter();
        workloads.map(|(name, w)| (name.as_str(), w.kind.as_str()))
    }

    /// What was recorded.
    pub(crate) fn measures(&self) -> Measures {
        let cluster = &self.digest.cluster;
        let mut m = Measures::default();
        if self.has_plan() {
            m.label("outcome", outcome(cluster.aborted, cluster.nodes_skipped.len()));
            m.seconds("makespan", cluster.makespan_s);
            m.count("evictions", cluster.evictions);
            m.count("refusals", cluster.refused_429);
        }
        if self.has_outage() {
            m.count("recreated during the outage", cluster.created_in_outage);
        }
        let mut drains: Vec<&Drain> = cluster.drains.iter().collect();
        drains.sort_by(|a, b| a.start.total_cmp(&b.start));
        m.drains(drains.into_iter().map(|d| (d.node.as_str(), d.took, d.rc == 0)));
        m.count("pending max", cluster.pending_max);
        m.seconds("pending pod-seconds", cluster.pending_pod_s);
        for (name, w) in &self.digest.workloads {
            let truths = [
                ("endpoints", w.endpoints),
                ("pods", if w.endpoints.is_none() { w.pods } else { None }),
                ("serving", w.serving),
            ];
            for (truth, seen) in truths {
                if let Some(seen) = seen {
                    m.availability(name, truth, seen.into());
                }
            }
            m.count(format!("{name} created"), w.pods_created);
            if w.kind != "DaemonSet" {
                m.count(format!("{name} lost"), w.lost);
                let nodes = cluster.placement_after.get(name);
                m.placement(name, nodes.into_iter().flat_map(|n| n.values().copied()));
            }
        }
        m.chains = self.digest.replacements.iter().map(|r| self.chain(r)).collect();
        m
    }

    fn chain(&self, row: &Replacement) -> Chain {
        Chain {
            kind: self.digest.workloads[&row.0].kind.clone(),
            at: [row.1, row.2, row.3, row.4, row.5],
        }
    }
}

/// How a plan ended, in words.
pub(crate) fn outcome(aborted: bool, skipped: usize) -> String {
    match (aborted, skipped) {
        (true, _) => "aborted".to_owned(),
        (false, 0) => "completed".to_owned(),
        (false, n) => format!("completed, {n} left out"),
    }
}

impl From<Truth> for Availability {
    fn from(truth: Truth) -> Self {
        Self {
            min: truth.min,
            down: truth.down_s,
            degraded: truth.degraded_s,
            deficit: truth.deficit_pod_s,
        }
    }
}
