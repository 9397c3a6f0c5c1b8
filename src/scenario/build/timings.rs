//! How long things take.

use std::collections::BTreeSet;

use super::names::short;
use super::{Builder, some_of};
use crate::model::{ComponentTimings, KubeadmTimings, NeverReady, RestartPolicy, Timings, Workload, WorkloadKind};
use crate::scenario::diagnostic::Problem;
use crate::scenario::nearest::did_you_mean;
use crate::scenario::own::{Latency, NeverReadySpec, TimingsSpec, WorkloadTimingSpec};
use crate::units::{Dist, Span};

/// Kinds of workloads that a document may name.
const KINDS: [&str; 7] = [
    "Deployment",
    "ReplicaSet",
    "DaemonSet",
    "Pod",
    "StatefulSet",
    "Job",
    "ReplicationController",
];

fn set(value: &mut Dist, given: Option<&Latency>) {
    if let Some(Latency(dist)) = given {
        *value = dist.clone();
    }
}

fn fill(value: &mut Option<Dist>, given: Option<&Latency>) {
    if let Some(Latency(dist)) = given {
        *value = Some(dist.clone());
    }
}

/// Lets the fields of one document win over those before it.
macro_rules! merge {
    ($how:ident: $from:expr => $to:expr; $($given:ident => $field:ident),+ $(,)?) => {
        $($how(&mut $to.$field, $from.$given.as_ref());)+
    };
}

fn machine(timings: &mut Timings, spec: &TimingsSpec) {
    merge!(set: spec => timings;
        api_call => api_call, watch_delivery => watch_delivery, controller_reaction => controller_reaction,
        scheduling_cycle => scheduling_cycle, binding => binding, kubelet_reaction => kubelet_reaction,
        endpoints_sync => endpoints_sync, proxy_sync => proxy_sync, kubectl_start => kubectl_start,
        node_upgrade => node_upgrade, node_reboot => node_reboot, node_create => node_create,
        node_delete => node_delete, pod_shutdown => pod_shutdown,
        volume_attach => volume_attach, volume_detach => volume_detach, balancer_sync => balancer_sync,
    );
    merge!(fill: spec => timings;
        kubelet_start => kubelet_start, pod_removal => pod_removal, pod_startup => pod_startup, pod_init => pod_init,
    );
    let spec = &spec.control_plane;
    let component = |to: &mut ComponentTimings, stop, down, start| {
        fill(&mut to.stop, stop);
        fill(&mut to.down, down);
        fill(&mut to.start, start);
    };
    component(
        &mut timings.etcd,
        spec.etcd_stop.as_ref(),
        spec.etcd_down.as_ref(),
        spec.etcd_start.as_ref(),
    );
    component(
        &mut timings.api_server,
        spec.apiserver_stop.as_ref(),
        spec.apiserver_down.as_ref(),
        spec.apiserver_start.as_ref(),
    );
    component(
        &mut timings.controller_manager,
        spec.controller_manager_stop.as_ref(),
        spec.controller_manager_down.as_ref(),
        spec.controller_manager_start.as_ref(),
    );
    component(
        &mut timings.scheduler,
        spec.scheduler_stop.as_ref(),
        spec.scheduler_down.as_ref(),
        spec.scheduler_start.as_ref(),
    );
    fill(&mut timings.settle, spec.settle.as_ref());
}

fn kubeadm(timings: &mut KubeadmTimings, spec: &TimingsSpec) {
    let spec = &spec.kubeadm;
    merge!(fill: spec => timings;
        preflight => preflight, health_check => health_check, prepull => prepull, etcd_backup => etcd_backup,
        certificates => certificates, post_upgrade => post_upgrade, upgrade_node => upgrade_node,
    );
}

impl Builder<'_> {
    /// Merges all Timings documents; the later one wins, field by field.
    pub(super) fn timings(&mut self) {
        let documents = self.documents;
        let mut idle = BTreeSet::new();
        for spec in &documents.timings {
            machine(&mut self.model.timings, spec);
            kubeadm(&mut self.model.timings.kubeadm, spec);
            for (name, value) in [("nodeRegister", &spec.node_register), ("imagePull", &spec.image_pull)] {
                if value.is_some() {
                    idle.insert(name);
                }
            }
            for workload in &spec.workloads {
                self.workload_timing(workload);
            }
        }
        // A plan that says how long a node's upgrade takes means all of it, a reboot included, unless it gives that a time
        // of its own.
        let given = |field: fn(&TimingsSpec) -> bool| documents.timings.iter().any(|t| field(t));
        if given(|t| t.node_upgrade.is_some()) && !given(|t| t.node_reboot.is_some()) {
            self.model.timings.node_reboot = Dist::Constant(Span::ZERO);
        }
        // Whoever times the reactions of kubelets says that this is all the time they take.
        let timed = documents.timings.iter().any(|t| t.kubelet_reaction.is_some());
        if timed && self.model.timings.kubelet_start.is_none() {
            self.model.timings.kubelet_start = Some(Dist::ZERO);
        }
        self.assumed_init();
        if !idle.is_empty() {
            let names: Vec<&str> = idle.into_iter().collect();
            self.notes
                .push(format!("Timings without effect yet: {}", names.join(", ")));
        }
    }

    /// Says whose init containers take a time that nobody gave.
    fn assumed_init(&mut self) {
        let timings = &self.model.timings;
        if timings.pod_startup.is_some() || timings.pod_init.is_some() {
            return;
        }
        let guessed = |w: &&Workload| {
            let untimed = w.startup.is_none() && w.init.is_none();
            untimed && w.kind != WorkloadKind::StaticPod && self.model.classes[w.class].init_containers > 0
        };
        let names = self.model.workloads.iter().filter(guessed);
        let names: Vec<String> = names.map(|w| format!("{}/{}", w.namespace, w.name)).collect();
        if !names.is_empty() {
            let names = some_of(&names, names.len());
            self.assume(format!(
                "init containers take {} each: {names} (podInit in Timings says otherwise)",
                Timings::INIT_CONTAINER
            ));
        }
    }

    fn workload_timing(&mut self, spec: &WorkloadTimingSpec) {
        let kind = spec.kind.as_ref().map_or("Deployment", |k| k.value.as_str());
        if let Some(at) = &spec.kind
            && !KINDS.contains(&kind)
            && !self.workloads.values().flatten().any(|k| k.written == kind)
        {
            let text = format!("`{}` is not a kind of workload", short(kind));
            let help = did_you_mean(kind, KINDS);
            self.problems.push(Problem::at(at.place, text).maybe_help(help));
            return;
        }
        let namespace = spec.namespace.as_deref().unwrap_or("default");
        if self.left_out(kind) {
            return;
        }
        let Some(id) = self.workload_of(kind, namespace, &spec.name) else {
            return;
        };
        let restart = self.model.classes[self.model.workloads[id].class].restart;
        if spec.run_for.is_some() && restart == RestartPolicy::Always {
            let text = "`runFor` has a meaning where `restartPolicy` is OnFailure or Never only";
            let name = short(&spec.name.value);
            let problem = Problem::at(spec.name.place, text);
            self.problems
                .push(problem.help(format!("containers of `{name}` are restarted whenever they end")));
        }
        let workload = &mut self.model.workloads[id];
        fill(&mut workload.run_for, spec.run_for.as_ref());
        fill(&mut workload.startup, spec.pod_startup.as_ref());
        fill(&mut workload.init, spec.pod_init.as_ref());
        fill(&mut workload.shutdown, spec.pod_shutdown.as_ref());
        match spec.never_ready {
            None => {}
            Some(NeverReadySpec::Count(count)) => workload.never_ready = NeverReady::Count(count),
            Some(NeverReadySpec::All) => workload.never_ready = NeverReady::All,
        }
    }

    /// Whether the input has objects of this kind that are not simulated, and nothing of it became a workload.
    fn left_out(&self, kind: &str) -> bool {
        self.documents.later.contains_key(kind) && !self.workloads.values().flatten().any(|k| k.written == kind)
    }
}
