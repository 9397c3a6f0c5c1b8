//! How long things take. Values that depend on a component's version are `None` here unless the input gives them; the
//! defaults stand in [`behaviour`](super::behaviour).

use crate::units::{Dist, Span};

/// The latency model of a scenario.
#[derive(Clone, Debug)]
pub struct Timings {
    /// A request to the API, from sending it to the answer.
    pub api_call: Dist,
    /// A change in the API, until a watcher sees it.
    pub watch_delivery: Dist,
    /// A controller sees a change, until it acts (queue and sync).
    pub controller_reaction: Dist,
    /// One scheduling cycle.
    pub scheduling_cycle: Dist,
    /// The scheduler has decided, until the pod is bound.
    pub binding: Dist,
    /// The kubelet sees a change, until it acts.
    pub kubelet_reaction: Dist,
    /// The containers have stopped, until the pod's object is gone; `None`: by the kubelet's version.
    pub pod_removal: Option<Dist>,
    /// A pod changes, until the endpoint slices show it.
    pub endpoints_sync: Dist,
    /// The endpoint slices change, until the kernel of a node routes so.
    pub proxy_sync: Dist,
    /// kubectl starts, until its first request that changes something.
    pub kubectl_start: Dist,
    /// The kubelet stops, until it starts with the new version.
    pub node_upgrade: Dist,
    /// A machine goes down, until its kubelet starts.
    pub node_reboot: Dist,
    /// A new machine is asked for, until its kubelet starts and its node is Ready.
    pub node_create: Dist,
    /// A drained machine is told to go, until its Node object is about to be deleted.
    pub node_delete: Dist,
    /// A kubelet starts, until it posts its first node status; `None`: by the kubelet's version.
    pub kubelet_start: Option<Dist>,
    /// From the kubelet seeing the bound pod to Ready, unless a workload says otherwise. `None`: the application answers
    /// after [`Timings::POD_ANSWERS`], and init containers, other pods and probes come on top.
    pub pod_startup: Option<Dist>,
    /// What the init containers of a pod take together, unless a workload says otherwise. `None`:
    /// [`Timings::INIT_CONTAINER`] each where [`Timings::pod_startup`] is not given either, and nothing where it is.
    pub pod_init: Option<Dist>,
    /// From SIGTERM to the end of the containers, unless a workload says otherwise.
    pub pod_shutdown: Dist,
    /// A volume is wanted on a node, until it is attached there.
    pub volume_attach: Dist,
    /// The last pod that used a volume on a node is gone, until the volume is detached from it.
    pub volume_detach: Dist,
    /// The service controller wants another list of nodes for a load balancer, until the cloud has it.
    pub balancer_sync: Dist,
    /// etcd.
    pub etcd: ComponentTimings,
    /// kube-apiserver.
    pub api_server: ComponentTimings,
    /// kube-controller-manager.
    pub controller_manager: ComponentTimings,
    /// kube-scheduler.
    pub scheduler: ComponentTimings,
    /// A pause after each component that kubeadm swaps; `None`: kubeadm's own waits.
    pub settle: Option<Dist>,
    /// kubeadm's phases.
    pub kubeadm: KubeadmTimings,
}

/// How long a control-plane component takes to stop and start.
#[derive(Clone, Debug, Default)]
pub struct ComponentTimings {
    /// SIGTERM, until the process has exited.
    pub stop: Option<Dist>,
    /// Exit, until the process is started again. Given: the swap of a static pod takes exactly this long.
    /// `None`: the kubelet's own way to replace a static pod, by its version (K-15b).
    pub down: Option<Dist>,
    /// Started, until it serves; for elected components: lease won, until it acts.
    pub start: Option<Dist>,
}

/// How long kubeadm's phases take; `None`: by kubeadm's version.
#[derive(Clone, Debug, Default)]
pub struct KubeadmTimings {
    /// Reading the configuration and the first checks.
    pub preflight: Option<Dist>,
    /// The health checks (the CreateJob check above all).
    pub health_check: Option<Dist>,
    /// Pulling the images.
    pub prepull: Option<Dist>,
    /// Checking etcd and copying its data.
    pub etcd_backup: Option<Dist>,
    /// Renewing a component's certificates, API server.
    pub certificates: Option<Dist>,
    /// ConfigMaps, RBAC, add-ons.
    pub post_upgrade: Option<Dist>,
    /// `kubeadm upgrade node` on a worker, before its drain; not given: it is part of the node's upgrade.
    pub upgrade_node: Option<Dist>,
}

impl Timings {
    /// From the kubelet seeing the bound pod until the application can answer, where the input does not say (an
    /// assumption).
    pub const POD_ANSWERS: Dist = Dist::LogNormal {
        median: Span::from_secs(3),
        p95: Span::from_secs(8),
    };
    /// What an init container takes, where the input does not say (an assumption).
    pub const INIT_CONTAINER: Span = Span::from_secs(1);
}

impl Default for Timings {
    /// An ordinary cluster on ordinary machines, without the parts that depend on versions.
    ///
    /// Sources: semantics §12 (assumptions, marked so there) and latencies measured on real control planes of 1.20
    /// and 1.36 (API calls, watches, scheduler, kubectl).
    fn default() -> Self {
        let log_normal = |median: u64, p95: u64| Dist::LogNormal {
            median: Span::from_millis(median),
            p95: Span::from_millis(p95),
        };
        Self {
            api_call: log_normal(8, 45),
            watch_delivery: log_normal(8, 30),
            controller_reaction: log_normal(15, 60),
            scheduling_cycle: log_normal(5, 25),
            binding: log_normal(12, 50),
            kubelet_reaction: log_normal(50, 300),
            pod_removal: None,
            endpoints_sync: log_normal(20, 200),
            proxy_sync: Dist::Uniform(Span::from_millis(50), Span::from_millis(1050)),
            kubectl_start: log_normal(200, 900),
            node_upgrade: log_normal(24_000, 72_000),
            node_reboot: log_normal(60_000, 180_000),
            node_create: log_normal(90_000, 240_000),
            node_delete: Dist::Constant(Span::ZERO),
            kubelet_start: None,
            pod_startup: None,
            pod_init: None,
            pod_shutdown: log_normal(2_000, 10_000),
            volume_attach: log_normal(15_000, 60_000),
            volume_detach: log_normal(15_000, 60_000),
            balancer_sync: log_normal(3_000, 15_000),
            etcd: ComponentTimings::default(),
            api_server: ComponentTimings::default(),
            controller_manager: ComponentTimings::default(),
            scheduler: ComponentTimings::default(),
            settle: None,
            kubeadm: KubeadmTimings::default(),
        }
    }
}
