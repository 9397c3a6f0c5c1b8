//! Random workloads with their budgets and services.

use std::fmt::Write as _;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    /// A bare pod, on the worker of this number or not scheduled yet.
    Pod(Option<usize>),
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::Pod(_) => "Pod",
        }
    }
}

/// A workload; its number among the others is its name.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    pub(crate) kind: Kind,
    pub(crate) never_ready: bool,
    replicas: u32,
    cpu: u32,
    grace: u32,
    probe: Option<u32>,
    empty_dir: bool,
    host_port: bool,
    tolerates_all: bool,
    unreachable: Option<u32>,
    rollout: &'static str,
    budgets: Vec<String>,
    service: bool,
}

/// Any workload.
pub(crate) fn workload() -> impl Strategy<Value = Workload> {
    let kind = prop_oneof![
        6 => Just(Kind::Deployment),
        2 => Just(Kind::ReplicaSet),
        2 => Just(Kind::StatefulSet),
        1 => Just(Kind::DaemonSet),
        1 => Just(Kind::Job),
        1 => option::weighted(0.8, 0..8_usize).prop_map(Kind::Pod),
    ];
    let cpu = select(vec![50, 0, 200, 700, 1500, 3900]);
    let size = (1..=12_u32, cpu, select(vec![30, 0, 1, 60]));
    let probe = option::weighted(0.3, select(vec![1, 5, 10]));
    let unreachable = option::weighted(0.5, select(vec![10, 60]));
    let flags = (weighted(0.15), weighted(0.05), weighted(0.07));
    let rollout = select(vec![
        "{}",
        "{type: Recreate}",
        "{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}",
        "{rollingUpdate: {maxSurge: 2, maxUnavailable: 50%}}",
    ]);
    let budgets = prop_oneof![
        4 => vec(budget(), 0..=0),
        5 => vec(budget(), 1..=1),
        1 => vec(budget(), 2..=2),
    ];
    let rest = (rollout, budgets, weighted(0.7), weighted(0.05));
    (kind, size, (probe, unreachable, flags), rest).prop_map(|(kind, size, pod, rest)| Workload {
        kind,
        never_ready: rest.3,
        replicas: size.0,
        cpu: size.1,
        grace: size.2,
        probe: pod.0,
        empty_dir: pod.2.0,
        host_port: pod.2.1,
        tolerates_all: pod.2.2,
        unreachable: pod.1,
        rollout: rest.0,
        budgets: rest.1,
        service: rest.2,
    })
}

/// What a budget asks for, and its policy for unhealthy pods.
fn budget() -> impl Strategy<Value = String> {
    let share = prop_oneof![
        3 => (0..=4_u32).prop_map(|n| n.to_string()),
        2 => select(vec![25_u32, 0, 50, 100]).prop_map(|p| format!("{p}%")),
    ];
    let what = select(vec!["maxUnavailable", "minAvailable"]);
    let policy = select(vec!["IfHealthyBudget", "IfHealthyBudget", "AlwaysAllow"]);
    (what, share, policy)
        .prop_map(|(what, share, policy)| format!("{what}: {share}, unhealthyPodEvictionPolicy: {policy}"))
}

impl Workload {
    /// Writes its documents; `workers`: how many nodes a bare pod may be on.
    pub(crate) fn write(&self, number: usize, workers: usize, out: &mut String) {
        let name = format!("w{number}");
        match self.kind {
            Kind::Pod(at) => self.write_bare(&name, number, at.map(|n| n % workers + 1), out),
            kind => self.write_owned(&name, number, kind, out),
        }
        for (n, budget) in self.budgets.iter().enumerate() {
            let _ = write!(
                out,
                "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\n\
                 metadata: {{name: {name}-{n}, namespace: default}}\n\
                 spec: {{{budget}, selector: {{matchLabels: {{app: {name}}}}}}}\n"
            );
        }
        if self.service {
            let _ = write!(
                out,
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: default}}\n\
                 spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}\n"
            );
        }
    }

    fn write_bare(&self, name: &str, number: usize, node: Option<usize>, out: &mut String) {
        let place = node.map_or_else(String::new, |n| format!("nodeName: worker-{n}, "));
        let _ = write!(
            out,
            "---\napiVersion: v1\nkind: Pod\n\
             metadata: {{name: {name}, namespace: default, labels: {{app: {name}}}}}\n\
             spec: {{{place}{}}}\n",
            self.pod_spec(number)
        );
        if node.is_some() {
            out.push_str("status: {phase: Running, conditions: [{type: Ready, status: \"True\"}]}\n");
        }
    }

    fn write_owned(&self, name: &str, number: usize, kind: Kind, out: &mut String) {
        let _ = write!(
            out,
            "---\napiVersion: {}/v1\nkind: {}\n\
             metadata: {{name: {name}, namespace: default}}\nspec:\n",
            if kind == Kind::Job { "batch" } else { "apps" },
            kind.as_str()
        );
        match kind {
            Kind::DaemonSet => {}
            Kind::Job => {
                let count = self.replicas;
                let _ = writeln!(out, "  parallelism: {count}\n  completions: {}", count * 2);
            }
            _ => {
                let _ = writeln!(out, "  replicas: {}", self.replicas);
            }
        }
        if kind == Kind::StatefulSet {
            let policy = if self.empty_dir { "Parallel" } else { "OrderedReady" };
            let _ = writeln!(out, "  serviceName: {name}\n  podManagementPolicy: {policy}");
        }
        if kind == Kind::Deployment {
            let _ = writeln!(out, "  strategy: {}", self.rollout);
        }
        let _ = write!(
            out,
            "  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
             metadata: {{labels: {{app: {name}}}}}\n    spec: {{{}{}}}\n",
            if kind == Kind::Job {
                "restartPolicy: Never, "
            } else {
                ""
            },
            self.pod_spec(number)
        );
    }

    fn pod_spec(&self, number: usize) -> String {
        let mut spec = format!("terminationGracePeriodSeconds: {}, ", self.grace);
        let mut tolerations = Vec::new();
        if self.tolerates_all {
            tolerations.push("{operator: Exists}".to_owned());
        }
        if let Some(seconds) = self.unreachable {
            for key in ["not-ready", "unreachable"] {
                tolerations.push(format!(
                    "{{key: node.kubernetes.io/{key}, operator: Exists, effect: NoExecute, \
                     tolerationSeconds: {seconds}}}"
                ));
            }
        }
        if !tolerations.is_empty() {
            let _ = write!(spec, "tolerations: [{}], ", tolerations.join(", "));
        }
        if self.empty_dir {
            spec.push_str("volumes: [{name: scratch, emptyDir: {}}], ");
        }
        if self.probe == Some(1) {
            spec.push_str("initContainers: [{name: init, image: app}], ");
        }
        spec.push_str("containers: [{name: main, image: app");
        if self.cpu > 0 {
            let cpu = self.cpu;
            let _ = write!(spec, ", resources: {{requests: {{cpu: {cpu}m, memory: 64Mi}}}}");
        }
        if let Some(period) = self.probe {
            // Whoever probes also starts and stops with care.
            spec.push_str(", lifecycle: {preStop: {sleep: {seconds: 3}}}");
            if period == 5 {
                spec.push_str(", startupProbe: {periodSeconds: 2, initialDelaySeconds: 1}");
            }
            let _ = write!(spec, ", readinessProbe: {{periodSeconds: {period}}}");
        }
        if self.host_port {
            let port = 8000 + number;
            let _ = write!(spec, ", ports: [{{containerPort: 80, hostPort: {port}}}]");
        }
        spec.push_str("}]");
        spec
    }
}
