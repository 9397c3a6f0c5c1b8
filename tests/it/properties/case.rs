//! Random scenarios, written as a person would write them: a cluster, a plan, trouble, latencies.

use std::fmt::{self, Debug, Formatter, Write as _};

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::case_workload::{Kind, Workload, workload};

/// Versions that clusters start from, and the next minor of each.
const VERSIONS: [(&str, &str); 5] = [
    ("v1.20.2", "v1.21.14"),
    ("v1.25.3", "v1.26.15"),
    ("v1.31.1", "v1.32.13"),
    ("v1.35.4", "v1.36.2"),
    ("v1.36.2", "v1.37.0"),
];
const ON_FAILURE: [&str; 8] = [
    "Abort",
    "UncordonAndAbort",
    "Skip",
    "Quarantine",
    "Retry",
    "WarnAndContinue",
    "ForceDelete",
    "TerminateAnyway",
];
/// How many of [`ON_FAILURE`] kill no pod that a budget protects.
const GENTLE: usize = 6;
const COMPONENTS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// How much goes wrong beside the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing: no faults, no reboots, no deletes; all disruption goes through the eviction API.
    None,
    /// Faults that end.
    Passing,
    /// Faults that may last.
    Lasting,
}

/// A scenario and the seed that it is run with.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) text: String,
}

impl Debug for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}:\n{}", self.seed, self.text)
    }
}

/// Any scenario with so much trouble.
pub(crate) fn any_case(trouble: Trouble) -> impl Strategy<Value = Case> {
    let faults = if trouble == Trouble::None { 0..=0 } else { 0..=3 };
    let parts = (
        cluster(),
        vec(workload(), 1..=5),
        plan(trouble),
        vec(fault(trouble), faults),
        timings(),
        0..1000_u64,
    );
    parts.prop_map(|(cluster, workloads, plan, faults, timings, seed)| {
        let mut text = String::new();
        cluster.write(&mut text);
        for (number, workload) in workloads.iter().enumerate() {
            workload.write(number, cluster.workers, &mut text);
        }
        plan.write(&cluster, workloads.len(), &mut text);
        write_faults(&faults, &cluster, &workloads, &mut text);
        timings.write(&workloads, &mut text);
        Case { seed, text }
    })
}

fn own(kind: &str, out: &mut String) {
    let separator = if out.is_empty() { "" } else { "---\n" };
    let _ = write!(
        out,
        "{separator}apiVersion: seatrial.dev/v1alpha1\nkind: {kind}\nspec:\n"
    );
}

#[derive(Clone, Debug)]
struct Cluster {
    version: usize,
    masters: usize,
    workers: usize,
    zones: usize,
    cpu: u32,
    pods: u32,
    external_etcd: bool,
    elects: bool,
    standbys: u32,
    tcp_check: bool,
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let masters = select(vec![1, 1, 0, 2, 3, 3]);
    let size = (0..VERSIONS.len(), masters, 1..=8_usize, 0..=3_usize);
    let room = (select(vec![4000, 2000, 1000]), select(vec![110, 110, 6]));
    let standbys = select(vec![0, 0, 0, 1]);
    let control = (weighted(0.15), weighted(0.95), standbys, weighted(0.3));
    (size, room, control).prop_map(|(size, room, control)| Cluster {
        version: size.0,
        masters: size.1,
        workers: size.2,
        zones: size.3,
        cpu: room.0,
        pods: room.1,
        external_etcd: control.0,
        elects: control.1,
        standbys: control.2,
        tcp_check: control.3,
    })
}

impl Cluster {
    fn write(&self, out: &mut String) {
        own("Cluster", out);
        let zones: Vec<String> = (0..self.zones).map(|z| format!("z{z}")).collect();
        let etcd = if self.external_etcd { "External" } else { "Stacked" };
        let check = if self.tcp_check { "Tcp" } else { "Readyz" };
        let _ = writeln!(
            out,
            "  version: {}\n  controlPlane: {{replicas: {}, etcd: {etcd}, leaderElection: {}, \
             standbys: {}, loadBalancer: {{check: {check}}}}}",
            VERSIONS[self.version].0, self.masters, self.elects, self.standbys
        );
        let _ = writeln!(
            out,
            "  nodePools:\n  - {{name: worker, replicas: {}, zones: [{}], \
             capacity: {{cpu: {}m, memory: 8Gi, pods: \"{}\"}}}}",
            self.workers,
            zones.join(", "),
            self.cpu,
            self.pods
        );
    }

    /// Some node: a worker, or with luck one of the control plane.
    fn node(&self, pick: usize) -> String {
        let pick = pick % (self.workers + self.masters);
        match pick.checked_sub(self.workers) {
            None => format!("worker-{}", pick + 1),
            Some(master) => format!("cp-{}", master + 1),
        }
    }
}

#[derive(Clone, Debug)]
struct Plan {
    here: bool,
    /// The next version, the same one, or none.
    target: u8,
    /// `upgrade`, `drain`, `drainBeforeApply`, `certificateRenewal`.
    control_plane: (bool, bool, bool, bool),
    pool: String,
    drain: String,
    steps: Vec<(u8, usize, String)>,
    start: u32,
}

fn plan(trouble: Trouble) -> impl Strategy<Value = Plan> {
    let calm = trouble == Trouble::None;
    let control_plane = (weighted(0.6), weighted(0.7), any::<bool>(), weighted(0.8));
    // Steps 5 and up disturb.
    let kinds = if calm { 0..5_u8 } else { 0..7_u8 };
    let steps = prop_oneof![
        5 => vec((0..1_u8, 0..1_usize, drain(calm)), 0..=0),
        1 => vec((kinds, 0..11_usize, drain(calm)), 1..=6),
    ];
    let rest = (steps, select(vec![0, 5]), weighted(0.9));
    (0..3_u8, control_plane, pool(calm), drain(calm), rest).prop_map(
        move |(target, control_plane, pool, drain, (steps, start, here))| Plan {
            here: here || calm,
            target,
            control_plane,
            pool,
            drain,
            steps,
            start,
        },
    )
}

fn pool(calm: bool) -> impl Strategy<Value = String> {
    let most = select(vec!["1", "2", "3", "34%", "100%", "1%"]);
    let order = select(vec!["ByName", "OldestFirst", "ByZone", "Random"]);
    let gate = select(vec!["Ready", "Ready", "None", "WorkloadsHealthy"]);
    let flags = (weighted(0.3), weighted(0.3), weighted(0.25));
    let soak = select(vec!["0s", "3s", "40s"]);
    let mode = select(vec![
        "",
        "",
        "",
        "mode: Replace, maxSurge: 1, ",
        "mode: Replace, maxSurge: 50%, premark: Cordon, ",
        "mode: Replace, maxSurge: 0, ",
        "premark: PreferNoSchedule, ",
    ]);
    (mode, most, order, gate, flags, soak).prop_map(move |(mode, most, order, gate, flags, soak)| {
        let (barrier, lockstep, reboot) = (flags.0, flags.1, flags.2 && !calm);
        format!(
            "{mode}maxUnavailable: {most}, order: {order}, gate: {gate}, barrier: {barrier}, \
                 lockstep: {lockstep}, reboot: {reboot}, soak: {soak}"
        )
    })
}

fn drain(calm: bool) -> impl Strategy<Value = String> {
    let via = if calm {
        vec!["Eviction"]
    } else {
        vec!["Eviction", "Eviction", "Eviction", "Delete", "None"]
    };
    let kinds = if calm { &ON_FAILURE[..GENTLE] } else { &ON_FAILURE[..] };
    let flags = (weighted(0.95), weighted(0.8), weighted(0.7));
    let times = (
        option::weighted(0.2, select(vec![0, 5, 40])),
        option::weighted(0.4, select(vec![1, 20, 120])),
        select(vec![5, 1, 30]),
    );
    (select(via), select(kinds.to_vec()), flags, times).prop_map(
        |(via, fails, (daemons, empty, force), (grace, timeout, again))| {
            let mut text = format!(
                "via: {via}, onFailure: {fails}, ignoreDaemonSets: {daemons}, \
                 deleteEmptyDirData: {empty}, force: {force}, failureRetryInterval: {again}s"
            );
            if let Some(grace) = grace {
                let _ = write!(text, ", gracePeriod: {grace}s");
            }
            if let Some(timeout) = timeout {
                let _ = write!(text, ", timeout: {timeout}s");
            }
            text
        },
    )
}

impl Plan {
    fn write(&self, cluster: &Cluster, workloads: usize, out: &mut String) {
        if !self.here {
            return;
        }
        own("UpgradePlan", out);
        let (same, next) = VERSIONS[cluster.version];
        let _ = match self.target {
            0 => writeln!(out, "  targetVersion: {next}"),
            1 => writeln!(out, "  targetVersion: {same}"),
            _ => Ok(()),
        };
        let _ = writeln!(out, "  startAt: {}s\n  drain: {{{}}}", self.start, self.drain);
        if !self.steps.is_empty() {
            out.push_str("  steps:\n");
            for step in &self.steps {
                let _ = writeln!(out, "  - {}", step_text(step, cluster, workloads));
            }
            return;
        }
        let (upgrade, drain, early, renew) = self.control_plane;
        if cluster.masters > 0 {
            let _ = writeln!(
                out,
                "  controlPlane: {{upgrade: {upgrade}, drain: {drain}, \
                 drainBeforeApply: {early}, certificateRenewal: {renew}}}"
            );
        }
        let pool = &self.pool;
        let _ = writeln!(out, "  pools:\n  - {{name: workers, strategy: {{{pool}}}}}");
    }
}

fn step_text(step: &(u8, usize, String), cluster: &Cluster, workloads: usize) -> String {
    let (kind, pick, drain) = step;
    let node = cluster.node(*pick);
    match kind {
        0 | 1 => {
            let flags = drain.replace("onFailure: ", "expect: Any, onFailure: ");
            let next = cluster.node(pick + 1);
            if *kind == 1 && next != node {
                return format!("drain: {{nodes: [{node}, {next}], {flags}}}");
            }
            format!("drain: {{node: {node}, {flags}}}")
        }
        2 => format!("cordon: {node}"),
        3 => format!("uncordon: {node}"),
        4 if cluster.masters > 0 => {
            format!("upgradeControlPlane: cp-{}", pick % cluster.masters + 1)
        }
        4 => "sleep: 20s".to_owned(),
        5 => format!("deletePod: {{workload: default/w{}}}", pick % workloads),
        _ => format!("upgradeNode: {{node: {node}, reboot: {}}}", pick % 2 == 0),
    }
}

#[derive(Clone, Debug)]
struct Fault {
    after: Option<u8>,
    at: u32,
    what: u8,
    pick: usize,
    components: Vec<usize>,
    everywhere: bool,
    kill: bool,
    lasts: Option<u32>,
}

fn fault(trouble: Trouble) -> impl Strategy<Value = Fault> {
    let moment = option::weighted(0.4, 0..5_u8);
    let when = (moment, select(vec![0, 1, 5, 20, 60, 150, 400]));
    let what = (0..8_u8, 0..40_usize, vec(0..4_usize, 1..=2));
    let how = (any::<bool>(), any::<bool>());
    let lasts = (weighted(0.3), select(vec![5, 0, 1, 10, 20, 60, 200, 500]));
    (when, what, how, lasts).prop_map(move |(when, what, how, lasts)| Fault {
        after: when.0,
        at: when.1,
        what: what.0,
        pick: what.1,
        components: what.2,
        everywhere: how.0,
        kill: how.1,
        lasts: (trouble != Trouble::Lasting || !lasts.0).then_some(lasts.1),
    })
}

fn write_faults(faults: &[Fault], cluster: &Cluster, workloads: &[Workload], out: &mut String) {
    if faults.is_empty() {
        return;
    }
    own("Faults", out);
    out.push_str("  events:\n");
    for fault in faults {
        let (when, action) = (fault.when(cluster), fault.action(cluster, workloads));
        let _ = writeln!(out, "  - {{{when}, {action}}}");
    }
}

impl Fault {
    fn when(&self, cluster: &Cluster) -> String {
        let node = cluster.node(self.pick);
        let component = COMPONENTS[self.pick % 4];
        let Some(moment) = self.after else {
            return format!("at: {}s", self.at);
        };
        let moment = match moment {
            0 => format!("drainStarts: {node}"),
            1 => format!("drainEnds: {node}"),
            2 => format!("nodeUpgraded: {node}"),
            3 => format!("componentDown: {component}"),
            _ => format!("componentUp: {component}"),
        };
        format!("after: {{{moment}}}, delay: {}s", self.at)
    }

    fn action(&self, cluster: &Cluster, workloads: &[Workload]) -> String {
        let lasts = self.lasts.map_or_else(String::new, |s| format!(", for: {s}s"));
        let workload = self.pick % workloads.len();
        let kind = workloads[workload].kind;
        match self.what {
            0..=2 => {
                let names: Vec<&str> = self.components.iter().map(|&c| COMPONENTS[c]).collect();
                let mode = if self.kill { "Kill" } else { "Terminate" };
                let node = if self.everywhere || cluster.masters == 0 {
                    String::new()
                } else {
                    format!(", node: cp-{}", self.pick % cluster.masters + 1)
                };
                let names = names.join(", ");
                format!("componentDown: [{names}], mode: {mode}{node}{lasts}")
            }
            3 => format!("nodeCrash: worker-{}{lasts}", self.pick % cluster.workers + 1),
            4 => format!("nodeCrash: {{hosting: default/w{workload}}}{lasts}"),
            5 => format!("podDelete: default/w{workload}"),
            6 if matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet) => {
                format!("rollout: default/w{workload}")
            }
            _ => format!("containerCrash: default/w{workload}"),
        }
    }
}

#[derive(Clone, Debug)]
struct Timings {
    node_upgrade: u32,
    reboot: u32,
    /// `None`: containers, init containers and probes take their own time.
    startup: Option<u32>,
    shutdown: u32,
    removal: Option<u32>,
    api_server_down: Option<u32>,
}

fn timings() -> impl Strategy<Value = Timings> {
    let node = (select(vec![5, 30, 90]), select(vec![10, 90]));
    let pod = (option::weighted(0.8, select(vec![4, 0, 1, 20])), select(vec![2, 0, 45]));
    let removal = option::weighted(0.3, select(vec![0, 1]));
    let down = option::weighted(0.2, select(vec![1, 15]));
    (node, pod, removal, down).prop_map(|(node, pod, removal, api_server_down)| Timings {
        node_upgrade: node.0,
        reboot: node.1,
        startup: pod.0,
        shutdown: pod.1,
        removal,
        api_server_down,
    })
}

impl Timings {
    fn write(&self, workloads: &[Workload], out: &mut String) {
        own("Timings", out);
        let _ = writeln!(
            out,
            "  nodeUpgrade: {}s\n  nodeReboot: {}s\n  podShutdown: {}s",
            self.node_upgrade, self.reboot, self.shutdown
        );
        if let Some(startup) = self.startup {
            let _ = writeln!(out, "  podStartup: {startup}s");
        }
        if let Some(removal) = self.removal {
            let _ = writeln!(out, "  podRemoval: {removal}s");
        }
        if let Some(down) = self.api_server_down {
            let _ = writeln!(
                out,
                "  controlPlane: {{apiserverDown: {down}s, schedulerDown: 2s, settle: 1s}}"
            );
        }
        if workloads.iter().any(|w| w.never_ready || w.kind == Kind::Job) {
            out.push_str("  workloads:\n");
        }
        for (number, _) in workloads.iter().enumerate().filter(|(_, w)| w.kind == Kind::Job) {
            let _ = writeln!(out, "  - {{kind: Job, name: w{number}, runFor: 45s}}");
        }
        for (number, workload) in workloads.iter().enumerate().filter(|(_, w)| w.never_ready) {
            let kind = workload.kind.as_str();
            let _ = writeln!(out, "  - {{kind: {kind}, name: w{number}, neverReady: 1}}");
        }
    }
}
