//! The workload SRF (schedule, run, finish), built through the public library: N nodes of 16 CPUs and 64 GiB; P pods that
//! nobody owns, of 250m and 512 MiB; the i-th is created at 1 + i/100 s and runs for 300 + (7919·i mod 600) s. Delays as in
//! the floor program (`benches/floor/`): 50 ms to store, 89 ms to the scheduler, 152 ms to the node, and a cycle of 1 µs a
//! node. The scheduler's own limit of 50 bindings a second is lifted, for pods come twice as fast.

use seatrial::ids::Id;
use seatrial::model::{
    Arrival, ClientLimit, Model, NeverReady, Node, PodClass, PodManagement, RestartPolicy, RolloutStrategy, Workload,
    WorkloadKind,
};
use seatrial::units::{Dist, KubeVersion, Resources, Span, Time};

/// The model of so many nodes and pods.
#[must_use]
pub(crate) fn model(nodes: u32, pods: u32) -> Model {
    let version = KubeVersion::new(36, 0);
    let mut model = Model::new(version.clone());
    for n in 0..nodes {
        model.nodes.push(node(n, &version));
    }
    let millis = |millis| Dist::Constant(Span::from_millis(millis));
    model.timings.api_call = millis(100);
    model.timings.watch_delivery = millis(89);
    model.timings.scheduling_cycle = Dist::Constant(Span::from_micros(u64::from(nodes)));
    model.timings.binding = millis(23 + 50);
    model.timings.kubelet_reaction = millis(152);
    model.timings.pod_startup = Some(Dist::ZERO);
    model.control_plane.scheduler_client = ClientLimit {
        qps: 1_000_000,
        burst: 1_000_000,
    };
    let class = model.classes.push(class());
    model.workloads.push(Workload {
        kind: WorkloadKind::Pod,
        namespace: "default".to_owned(),
        name: "srf".to_owned(),
        desired: pods,
        class,
        rollout: RolloutStrategy::OnDelete,
        min_ready: Span::ZERO,
        startup: None,
        init: None,
        shutdown: None,
        never_ready: NeverReady::Count(0),
        management: PodManagement::default(),
        first_ordinal: 0,
        job: None,
        run_for: None,
        arrivals: (0..u64::from(pods)).map(arrival).collect(),
        slot_volumes: Vec::new(),
    });
    model
}

fn arrival(i: u64) -> Arrival {
    Arrival {
        at: Time::ZERO + Span::from_millis(1000 + 10 * i),
        run_for: Some(Span::from_secs(300 + 7919 * i % 600)),
    }
}

fn node(number: u32, version: &KubeVersion) -> Node {
    Node {
        name: format!("node-{number:05}"),
        labels: Vec::new(),
        zone: None,
        taints: Vec::new(),
        unschedulable: false,
        allocatable: Resources {
            cpu: 16_000,
            memory: 64 << 30,
            storage: 100 << 30,
        },
        pod_slots: 110,
        control_plane: false,
        version: version.clone(),
        scale_down_disabled: false,
        planned: false,
        created: 0,
    }
}

fn class() -> PodClass {
    let requests = Resources {
        cpu: 250,
        memory: 512 << 20,
        storage: 0,
    };
    PodClass {
        workload: Id::from_index(0),
        requests,
        nonzero: requests,
        priority: 0,
        host_ports: Vec::new(),
        node_selector: Vec::new(),
        tolerations: Vec::new(),
        unreachable_seconds: Some(Span::from_secs(300)),
        empty_dir: false,
        grace: Span::from_secs(30),
        readiness: None,
        startup_probe: None,
        init_containers: 0,
        pre_stop: Span::ZERO,
        restart: RestartPolicy::Never,
        budgets: Vec::new(),
        services: Vec::new(),
        webhooks: Vec::new(),
        preempts: true,
        placement: None,
        counted: false,
        volumes: Vec::new(),
    }
}
