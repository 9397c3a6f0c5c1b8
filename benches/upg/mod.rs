//! The upgrade workload UPG, built through the public library: three control-plane nodes and N workers with 30 pods
//! each (a third in one big Deployment, a third in Deployments of 120, a third in Deployments of 10), a budget of
//! `maxUnavailable: 10%` for each, one node at a time, five minutes a node. A Service for each, as the reader of files
//! supposes one.

use seatrial::ids::{ClassId, WorkloadId};
use seatrial::model::{
    Budget, BudgetLimit, ControlPlanePlan, DrainOptions, KubeadmOptions, Leg, Model, NeverReady, Node, Part, Plan,
    PodClass, PodManagement, Pool, ReplicaSet, RestartPolicy, RolloutStrategy, Service, Strategy, Taint, TaintEffect,
    Workload, WorkloadKind,
};
use seatrial::units::{Dist, IntOrPercent, KubeVersion, Resources, Span};

/// The model for so many workers.
#[must_use]
pub(crate) fn model(workers: u32) -> Model {
    let version = KubeVersion::new(35, 2);
    let mut model = Model::new(version.clone());
    model.zones = ["a", "b", "c"].map(str::to_owned).to_vec();
    model.timings.node_upgrade = Dist::Constant(Span::from_secs(300));
    for n in 0..3 {
        let id = model.nodes.push(node(&format!("cp-{n}"), true, &version));
        model.control_plane.nodes.push(id);
    }
    let mut pool = Vec::new();
    for n in 0..workers {
        pool.push(model.nodes.push(node(&format!("worker-{n:05}"), false, &version)));
    }
    let third = workers * 10;
    add_deployment(&mut model, "big", third);
    add_many(&mut model, "medium", third, 120);
    add_many(&mut model, "small", third, 10);
    model.plan = Some(plan(Pool {
        name: "workers".to_owned(),
        nodes: pool,
        successors: Vec::new(),
        spares: Vec::new(),
        strategy: Strategy::default(),
    }));
    model
}

fn node(name: &str, control_plane: bool, version: &KubeVersion) -> Node {
    let digits: u32 = name.bytes().map(u32::from).sum();
    let taint = Taint {
        key: "node-role.kubernetes.io/control-plane".to_owned(),
        value: String::new(),
        effect: TaintEffect::NoSchedule,
    };
    Node {
        name: name.to_owned(),
        labels: Vec::new(),
        zone: Some(digits % 3),
        taints: if control_plane { vec![taint] } else { Vec::new() },
        unschedulable: false,
        allocatable: Resources {
            cpu: 16_000,
            memory: 64 << 30,
            storage: 100 << 30,
        },
        pod_slots: 110,
        control_plane,
        version: version.clone(),
        scale_down_disabled: false,
        planned: false,
        created: 0,
    }
}

fn add_many(model: &mut Model, name: &str, pods: u32, replicas: u32) {
    for n in 0..pods.div_ceil(replicas) {
        let left = pods - n * replicas;
        add_deployment(model, &format!("{name}-{n}"), left.min(replicas));
    }
}

fn add_deployment(model: &mut Model, name: &str, replicas: u32) {
    let request = Resources {
        cpu: 250,
        memory: 512 << 20,
        storage: 0,
    };
    let (namespace, name) = ("default".to_owned(), name.to_owned());
    let budget = model.budgets.push(Budget {
        namespace: namespace.clone(),
        name: name.clone(),
        limit: BudgetLimit::MaxUnavailable(IntOrPercent::Percent(10)),
        always_allow_unhealthy: false,
    });
    let service = model.services.push(Service {
        namespace: namespace.clone(),
        name: name.clone(),
        publish_not_ready: false,
        implied: false,
    });
    let next: WorkloadId = model.workloads.ids().next_back().map_or_else(first, following);
    let class: ClassId = model.classes.push(PodClass {
        workload: next,
        requests: request,
        nonzero: request,
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
        restart: RestartPolicy::Always,
        budgets: vec![budget],
        services: vec![service],
        webhooks: Vec::new(),
        preempts: true,
        placement: None,
        counted: false,
        volumes: Vec::new(),
    });
    let workload = model.workloads.push(Workload {
        kind: WorkloadKind::Deployment,
        namespace,
        name: name.clone(),
        desired: replicas,
        class,
        rollout: RolloutStrategy::RollingUpdate {
            max_surge: IntOrPercent::Percent(25),
            max_unavailable: IntOrPercent::Percent(25),
        },
        min_ready: Span::ZERO,
        startup: None,
        init: None,
        shutdown: None,
        never_ready: NeverReady::Count(0),
        management: PodManagement::default(),
        first_ordinal: 0,
        job: None,
        run_for: None,
        arrivals: Vec::new(),
        slot_volumes: Vec::new(),
    });
    model.replica_sets.push(ReplicaSet {
        workload,
        name: format!("{name}-1"),
        desired: replicas,
        revision: 1,
    });
}

fn first() -> WorkloadId {
    seatrial::ids::Id::from_index(0)
}

fn following(id: WorkloadId) -> WorkloadId {
    seatrial::ids::Id::from_index(seatrial::ids::Id::index(id) + 1)
}

fn plan(pool: Pool) -> Plan {
    Plan {
        name: "upg".to_owned(),
        target: Some(KubeVersion::new(36, 0)),
        start_at: Span::ZERO,
        legs: [Part::ControlPlane, Part::Workers]
            .map(|part| Leg {
                part,
                version: Some(KubeVersion::new(36, 0)),
            })
            .to_vec(),
        kubeadm: KubeadmOptions::default(),
        control_plane: ControlPlanePlan {
            upgrade: true,
            drain: true,
            drain_before_apply: false,
            renew_certificates: true,
            order: Vec::new(),
            kubelets_last: false,
        },
        pools: vec![pool],
        drain: DrainOptions::default(),
        steps: Vec::new(),
    }
}
