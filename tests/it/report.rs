//! From facts to reports: availability, churn, outages, causes, and traces that say the same as the live run.

use seatrial::cluster::{self, RunOptions};
use seatrial::ids::{DrainId, FactId, Id, InstanceId, NodeId, PodId, WorkloadId};
use seatrial::metrics::{Metrics, Report};
use seatrial::model::Component;
use seatrial::report::{self, Style};
use seatrial::scenario::{self, Source};
use seatrial::trace::{
    BudgetInfo, DeletedBy, DrainOutcome, Fact, InstanceInfo, NodeInfo, NodeResult, NotDrainable, Observer, PlanStatus,
    Preamble, Record, RefusalReason, StopReason, TraceReader, TraceWriter, Unfit, VersionId, WorkloadInfo,
};
use seatrial::units::Time;

fn node(index: usize) -> NodeId {
    NodeId::from_index(index)
}

fn pod(index: usize) -> PodId {
    PodId::from_index(index)
}

const WEB: usize = 0;
const DRAIN: fn() -> DrainId = || DrainId::from_index(0);

/// One control-plane node (0), two workers (1, 2), a Deployment `web`.
fn preamble(desired: u32) -> Preamble {
    let node = |name: &str, control_plane| NodeInfo {
        planned: false,
        pool: None,
        zone: None,
        name: name.into(),
        control_plane,
        version: 0,
    };
    let instance = |component| InstanceInfo {
        component,
        node: Some(NodeId::from_index(0)),
    };
    Preamble {
        engine_version: "0.1.0".into(),
        plan: Some("one-by-one".into()),
        seed: 0,
        trial: 0,
        versions: vec!["v1.36.2".into(), "v1.37.0".into()],
        from: 0,
        target: Some(1),
        hops: vec![1],
        certificates_expire: None,
        nodes: vec![node("cp-1", true), node("worker-1", false), node("worker-2", false)],
        workloads: vec![WorkloadInfo {
            created_later: false,
            kept_apart: false,
            first_ordinal: None,
            namespace: "default".into(),
            name: "web".into(),
            kind: "Deployment".into(),
            desired,
            owned: true,
            has_endpoints: true,
            balancers: vec![],
            budgets: vec![],
        }],
        replica_sets: vec![],
        budgets: vec![],
        balancers: Vec::new(),
        webhooks: Vec::new(),
        instances: Component::ALL.map(instance).to_vec(),
        pods: (0..desired).map(|i| format!("web-{i}")).collect(),
        steps: vec![],
        faults: vec![],
        assumptions: vec!["pods start in 3 s".into()],
        findings: Vec::new(),
    }
}

/// Facts, written down by hand.
struct Script {
    preamble: Preamble,
    records: Vec<Record>,
    now: u64,
}

impl Script {
    /// A workload of as many pods as nodes are given; all are ready at the start.
    fn new(mut preamble: Preamble, nodes: &[usize]) -> Self {
        preamble.pods = (0..nodes.len()).map(|i| format!("web-{i}")).collect();
        let mut script = Self {
            preamble,
            records: Vec::new(),
            now: 0,
        };
        for (i, &on) in nodes.iter().enumerate() {
            script.create(i, u32::try_from(i).unwrap(), None);
            script.up(i, on);
        }
        script.say(Fact::RunStarted, None);
        script
    }

    fn at(&mut self, seconds: f64) -> &mut Self {
        self.now = (seconds * 1e6).round() as u64;
        self
    }

    fn say(&mut self, fact: Fact, cause: Option<FactId>) -> FactId {
        let id = FactId::from_index(self.records.len());
        self.records.push(Record {
            at: Time::from_micros(self.now),
            cause,
            fact,
        });
        id
    }

    fn create(&mut self, id: usize, slot: u32, cause: Option<FactId>) -> FactId {
        let fact = Fact::PodCreated {
            pod: pod(id),
            workload: WorkloadId::from_index(WEB),
            slot,
            replica_set: None,
        };
        self.say(fact, cause)
    }

    fn bind(&mut self, id: usize, on: usize) {
        let (pod, node) = (pod(id), node(on));
        self.say(Fact::PodBound { pod, node }, None);
    }

    fn ready(&mut self, id: usize) {
        let pod = pod(id);
        self.say(Fact::ContainersStarted { pod }, None);
        self.say(Fact::ContainersServing { pod }, None);
        self.say(Fact::PodReady { pod }, None);
        self.say(Fact::EndpointReady { pod }, None);
        self.say(Fact::RouteReady { pod }, None);
    }

    fn up(&mut self, id: usize, on: usize) {
        self.bind(id, on);
        self.ready(id);
    }

    /// The pod gets its deletion timestamp and leaves endpoints and routes at once.
    fn delete(&mut self, id: usize, by: DeletedBy, cause: Option<FactId>) -> FactId {
        let pod = pod(id);
        let deleted = self.say(Fact::PodDeleted { pod, by }, cause);
        self.say(Fact::EndpointUnready { pod }, Some(deleted));
        self.say(Fact::RouteRemoved { pod }, Some(deleted));
        deleted
    }

    fn stop(&mut self, id: usize, why: StopReason) {
        let pod = pod(id);
        self.say(Fact::ContainersStopped { pod, why }, None);
    }

    fn drain(&mut self, on: usize) -> FactId {
        let (drain, node) = (DRAIN(), node(on));
        let drain = self.say(Fact::DrainStarted { drain, node }, None);
        self.say(Fact::NodeCordoned { node }, Some(drain));
        drain
    }

    fn evict(&mut self, id: usize, drain: FactId) -> FactId {
        let accepted = Fact::EvictionAccepted {
            drain: DRAIN(),
            pod: pod(id),
        };
        let accepted = self.say(accepted, Some(drain));
        self.delete(id, DeletedBy::Drain, Some(accepted))
    }

    fn refuse(&mut self, id: usize, drain: FactId) {
        let refused = Fact::EvictionRefused {
            drain: DRAIN(),
            pod: pod(id),
            budget: Id::from_index(0),
            reason: RefusalReason::BudgetExhausted,
        };
        self.say(refused, Some(drain));
    }

    fn end_drain(&mut self, on: usize, outcome: DrainOutcome) {
        let (drain, node) = (DRAIN(), node(on));
        let ended = Fact::DrainEnded { drain, node, outcome };
        self.say(ended, None);
    }

    fn end(&mut self, seconds: f64) -> Report {
        self.at(seconds).say(Fact::RunEnded, None);
        let mut metrics = Metrics::new(&self.preamble);
        for (i, record) in self.records.iter().enumerate() {
            metrics.observe(FactId::from_index(i), record);
        }
        metrics.finish(Time::from_micros(self.now))
    }
}

/// Both replicas sit on worker-2, which is drained at 20 s; replacements are ready at 24 s and 26 s.
fn twins() -> Script {
    let mut s = Script::new(preamble(2), &[2, 2]);
    s.at(10.0).say(Fact::PlanStarted, None);
    s.at(20.0).say(Fact::NodeUpgradeStarted { node: node(2) }, None);
    let drain = s.drain(2);
    let first = s.evict(0, drain);
    let second = s.evict(1, drain);
    s.at(20.01).create(2, 0, Some(first));
    s.create(3, 1, Some(second));
    s.at(20.02).bind(2, 1);
    s.bind(3, 1);
    s.at(22.0).stop(0, StopReason::Terminated);
    s.stop(1, StopReason::Terminated);
    s.say(Fact::PodRemoved { pod: pod(0) }, None);
    s.say(Fact::PodRemoved { pod: pod(1) }, None);
    s.at(23.0).end_drain(2, DrainOutcome::Completed);
    s.at(24.0).ready(2);
    s.at(26.0).ready(3);
    s.say(Fact::KubeletStopped { node: node(2) }, None);
    s.at(36.0).say(
        Fact::KubeletStarted {
            node: node(2),
            version: VersionId(1),
        },
        None,
    );
    s.say(Fact::NodeUncordoned { node: node(2) }, None);
    s.say(
        Fact::NodeUpgradeEnded {
            node: node(2),
            result: NodeResult::Upgraded,
        },
        None,
    );
    s.at(39.0).say(
        Fact::PlanEnded {
            status: PlanStatus::Completed,
        },
        None,
    );
    s
}

#[test]
fn twins_are_down_while_both_move() {
    let report = twins().end(40.0);
    let web = &report.workloads[WEB];
    let endpoints = web.endpoints.as_ref().unwrap();
    assert_eq!(endpoints.min_ready, 0);
    assert_eq!(endpoints.outages, [[20.0, 24.0]]);
    assert_eq!(endpoints.downtime_seconds, 4.0);
    assert_eq!(endpoints.degraded_seconds, 2.0);
    assert_eq!(endpoints.deficit_pod_seconds, 10.0);
    assert_eq!(web.serving.outages, [[22.0, 24.0]]);
    let client = web.client.as_ref().unwrap();
    assert_eq!(client.hard_downtime_seconds, 4.0);
    assert_eq!(client.error_seconds, 4.0);
    assert_eq!((web.evictions, web.pods_created, web.pods_lost), (2, 2, 0));
    assert_eq!(web.causes.len(), 1);
    assert_eq!(
        web.causes[0].why,
        "both replicas were on worker-2 (no spread constraint, no budget): draining it evicted them at 20.0 s; \
         the first replacement was created at 20.0 s, scheduled to worker-1 and ready at 24.0 s (start-up 4.0 s)"
    );
    assert_eq!(
        web.causes[0].fix.as_deref(),
        Some("add a PodDisruptionBudget with minAvailable 1")
    );
    assert_eq!(report.makespan_seconds, Some(29.0));
    let worker = &report.nodes[2];
    assert_eq!(worker.drains[0].seconds, 3.0);
    assert_eq!(worker.cordoned_seconds, 16.0);
    assert_eq!(worker.upgraded_at, Some(36.0));
    assert_eq!(worker.to_version, "v1.37.0");
    assert_eq!(report.cluster.max_pending, 0, "20 ms without a node is not waiting");
    assert_eq!(report.cluster.placement_before["default/web"]["worker-2"], 2);
    assert_eq!(report.cluster.placement_after["default/web"]["worker-1"], 2);
}

#[test]
fn the_table_answers_first_and_fits() {
    let report = twins().end(40.0);
    let mut long = report.clone();
    long.workloads[WEB].name = "a-name-that-somebody-made-up-on-a-friday-afternoon-".repeat(3);
    let text = report::table::render(&long, Style::default(), false);
    let rows = text.lines().filter(|l| l.starts_with("default/"));
    assert!(
        rows.clone().count() == 1 && rows.clone().all(|l| l.chars().count() <= 100),
        "{text}"
    );
    let text = report::table::render(&report, Style::default(), false);
    assert!(text.starts_with("one-by-one: v1.36.2 -> v1.37.0   COMPLETED after 29.0s   (seed 0)\n"));
    assert!(
        text.contains("default/web was down for 4.0s (endpoints), 2.0s (serving), 4.0s (clients)"),
        "{text}"
    );
    assert!(text.contains("Why default/web was down"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert_eq!(line, line.trim_end());
    }
    let wide = report::table::render(&report, Style { color: true }, true);
    assert!(wide.contains("\x1b[1;32mCOMPLETED\x1b[0m"));
    assert!(wide.contains("worker-2"));
}

#[test]
fn the_story_names_what_matters() {
    let mut s = twins();
    s.end(40.0);
    let story = report::narrate::render(
        &s.preamble,
        &s.records,
        report::narrate::Depth::Everything,
        Style::default(),
    );
    for sentence in [
        "    20.0s    worker-2: drain starts; 2 pods have to leave\n",
        "    20.0s    default/web is DOWN: no replica is ready\n",
        "    24.0s    default/web is up again, after 4.0s without a ready replica\n",
        "    39.0s  one-by-one is completed\n",
    ] {
        assert!(story.contains(sentence), "{sentence} is missing in\n{story}");
    }
}

#[test]
fn refusals_are_counted_and_block() {
    let mut p = preamble(1);
    p.budgets.push(BudgetInfo {
        namespace: "default".into(),
        name: "web".into(),
        limit: "minAvailable 1".into(),
    });
    p.workloads[WEB].budgets.push(Id::from_index(0));
    let mut s = Script::new(p, &[1]);
    s.at(1.0).say(Fact::PlanStarted, None);
    s.say(Fact::NodeUpgradeStarted { node: node(1) }, None);
    let drain = s.drain(1);
    for i in 0..720 {
        s.at(1.0 + 5.0 * f64::from(i)).refuse(0, drain);
    }
    s.at(3601.0).say(
        Fact::DrainEnded {
            drain: DRAIN(),
            node: node(1),
            outcome: DrainOutcome::Unfinished,
        },
        None,
    );
    s.say(
        Fact::PlanEnded {
            status: PlanStatus::Blocked,
        },
        None,
    );
    let report = s.end(3601.0);
    assert_eq!(report.outcome.status, PlanStatus::Blocked);
    assert_eq!(
        report.outcome.reason.as_deref(),
        Some(
            "drain of worker-1 waits for pod default/web-0 (Deployment web): budget default/web \
             (minAvailable 1) allows 0 disruptions; refused 720 times"
        )
    );
    assert_eq!((report.cluster.refusals, report.workloads[WEB].refusals), (720, 720));
    assert_eq!(report.nodes[1].drains[0].refusals, 720);
    assert_eq!(report.nodes[1].drains[0].outcome, DrainOutcome::Unfinished);
    assert!(report.workloads[WEB].causes.is_empty());
    let story = report::narrate::render(
        &s.preamble,
        &s.records,
        report::narrate::Depth::Everything,
        Style::default(),
    );
    assert!(story.contains("719 more evictions are refused"), "{story}");
}

#[test]
fn a_refused_drain_speaks_as_kubectl() {
    let mut s = Script::new(preamble(1), &[1]);
    s.say(Fact::PlanStarted, None);
    s.drain(1);
    s.say(
        Fact::PodNotDrainable {
            drain: DRAIN(),
            pod: pod(0),
            reason: NotDrainable::LocalStorage,
        },
        None,
    );
    s.end_drain(1, DrainOutcome::Refused);
    s.say(
        Fact::PlanEnded {
            status: PlanStatus::Aborted,
        },
        None,
    );
    assert_eq!(
        s.end(1.0).outcome.reason.as_deref(),
        Some(
            "drain of worker-1 failed: cannot delete Pods with local storage \
             (use --delete-emptydir-data to override): default/web-0"
        )
    );
}

#[test]
fn moves_are_counted_by_slot() {
    let mut s = Script::new(preamble(2), &[1, 2]);
    s.at(1.0).delete(0, DeletedBy::User, None);
    s.create(2, 0, None);
    s.up(2, 2);
    s.at(2.0).delete(2, DeletedBy::User, None);
    s.create(3, 0, None);
    s.up(3, 1);
    s.at(3.0).delete(1, DeletedBy::User, None);
    let report = s.end(4.0);
    let web = &report.workloads[WEB];
    assert_eq!((web.moves_per_replica.mean, web.moves_per_replica.max), (1.0, 2));
    assert_eq!(report.cluster.replicas_moved_twice, 1);
    assert_eq!(web.pods_lost, 1, "nobody has taken the slot of the last one");
}

#[test]
fn bare_pods_that_go_are_lost() {
    let mut p = preamble(1);
    p.workloads[WEB].kind = "Pod".into();
    p.workloads[WEB].owned = false;
    let mut s = Script::new(p, &[1]);
    let drain = s.at(1.0).drain(1);
    s.evict(0, drain);
    let report = s.end(2.0);
    assert_eq!(report.cluster.pods_lost, 1);
    assert!(report.cluster.placement_before.is_empty());
    let cause = &report.workloads[WEB].causes[0];
    assert!(cause.why.ends_with("nobody recreates it"), "{}", cause.why);
}

fn stop_component(s: &mut Script, component: Component) {
    let index = Component::ALL.iter().position(|&c| c == component).unwrap();
    let instance = InstanceId::from_index(index);
    let why = StopReason::Killed;
    s.say(Fact::ComponentStopped { instance, why }, None);
}

fn start_component(s: &mut Script, component: Component) {
    let index = Component::ALL.iter().position(|&c| c == component).unwrap();
    let instance = InstanceId::from_index(index);
    let version = VersionId(0);
    s.say(Fact::ComponentStarted { instance, version }, None);
}

/// M-13: one pod is deleted while the controller manager is away, another crashes; API away inside.
#[test]
fn pods_lost_in_an_outage_come_back_after_it() {
    let mut s = Script::new(preamble(2), &[1, 2]);
    s.at(5.0);
    stop_component(&mut s, Component::ControllerManager);
    s.say(
        Fact::LeaderLost {
            component: Component::ControllerManager,
        },
        None,
    );
    let lost = s.at(6.0).delete(0, DeletedBy::User, None);
    s.at(7.0).say(Fact::ApiUnavailable, None);
    s.at(8.0).stop(1, StopReason::Crashed);
    s.at(9.0).say(Fact::ContainersStarted { pod: pod(1) }, None);
    s.at(10.0).say(Fact::ApiAvailable, None);
    s.at(15.0);
    start_component(&mut s, Component::ControllerManager);
    s.at(31.5).say(
        Fact::LeaderElected {
            component: Component::ControllerManager,
            instance: InstanceId::from_index(2),
        },
        None,
    );
    s.at(32.0).create(2, 0, Some(lost));
    let report = s.end(40.0);
    let plane = &report.control_plane;
    assert_eq!(plane.api_down_seconds, 3.0);
    assert_eq!(plane.controller_manager_leaderless_seconds, 26.5);
    let [outage] = &plane.outages[..] else {
        panic!("{:?}", plane.outages)
    };
    assert_eq!((outage.start, outage.end), (5.0, 15.0));
    assert_eq!(outage.components, ["kube-apiserver", "kube-controller-manager"]);
    assert_eq!((outage.pods_lost, outage.restarted_locally), (1, 1));
    assert_eq!((outage.recreated_during, outage.recreated_after), (0, 1));
    assert_eq!(outage.first_recreate_delay_seconds, Some(17.0));
}

/// The explanation of a downtime names what kept the replacement away.
#[test]
fn a_late_replacement_is_explained() {
    let mut s = Script::new(preamble(1), &[1]);
    let component = Component::ControllerManager;
    let instance = InstanceId::from_index(2);
    s.at(5.0);
    stop_component(&mut s, component);
    s.say(Fact::LeaderLost { component }, None);
    let lost = s.at(6.0).delete(0, DeletedBy::User, None);
    s.at(15.0);
    start_component(&mut s, component);
    s.at(31.5).say(Fact::LeaderElected { component, instance }, None);
    s.at(32.0).create(1, 0, Some(lost));
    s.at(42.0).bind(1, 2);
    s.at(45.0).ready(1);
    let report = s.end(50.0);
    assert_eq!(
        report.workloads[WEB].causes[0].why,
        "a user deleted its only replica at 6.0 s; the replacement was created only at 32.0 s (no \
         kube-controller-manager led until 31.5 s), waited 10.0 s for worker-2 and was ready at 45.0 s (start-up 3.0 s)"
    );
    assert_eq!(
        report.workloads[WEB].causes[0].fix.as_deref(),
        Some("run at least 2 replicas")
    );
    let text = report::table::render(&report, Style::default(), false);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("1 outage of kube-controller-manager"), "{text}");
    assert!(
        flat.contains("1 pod lost in it, 0 recreated during it, 1 recreated afterwards"),
        "{text}"
    );
    assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
}

/// A machine that dies in an outage: its pod is lost then, though the object goes minutes later.
#[test]
fn a_node_lost_in_an_outage_takes_its_pods() {
    let mut s = Script::new(preamble(2), &[1, 2]);
    s.at(5.0).say(Fact::ApiUnavailable, None);
    let crash = s.at(6.0).say(Fact::NodeCrashed { node: node(1) }, None);
    s.stop(0, StopReason::NodeDown);
    s.at(10.0).say(Fact::ApiAvailable, None);
    let gone = s.at(350.0).delete(0, DeletedBy::TaintManager, Some(crash));
    s.create(2, 0, Some(gone));
    s.up(2, 2);
    let report = s.end(360.0);
    let outage = &report.control_plane.outages[0];
    assert_eq!((outage.pods_lost, outage.recreated_after), (1, 1));
    assert_eq!(outage.first_recreate_delay_seconds, Some(340.0));
}

/// M-3, M-9: a terminating pod that still serves is used where no ready one is left; then nothing is.
#[test]
fn clients_fall_back_to_terminating_pods() {
    let mut s = Script::new(preamble(1), &[1]);
    s.at(1.0).say(Fact::EndpointUnready { pod: pod(0) }, None);
    s.say(Fact::RouteTerminating { pod: pod(0) }, None);
    s.at(4.0).stop(0, StopReason::Terminated);
    s.at(5.0).say(Fact::RouteRemoved { pod: pod(0) }, None);
    s.create(1, 0, None);
    s.at(7.0).up(1, 2);
    let report = s.end(10.0);
    let client = report.workloads[WEB].client.as_ref().unwrap();
    assert_eq!(client.hard_downtime_seconds, 3.0);
    assert_eq!(client.error_seconds, 3.0);
    let endpoints = report.workloads[WEB].endpoints.as_ref().unwrap();
    assert_eq!(endpoints.downtime_seconds, 6.0);
}

/// M-9: a third of the requests fails while one of three routes leads nowhere.
#[test]
fn stale_routes_cost_their_share() {
    let mut s = Script::new(preamble(3), &[1, 1, 2]);
    s.at(1.0).stop(0, StopReason::Crashed);
    s.at(2.0).say(Fact::RouteRemoved { pod: pod(0) }, None);
    let report = s.end(10.0);
    let client = report.workloads[WEB].client.as_ref().unwrap();
    assert_eq!(client.hard_downtime_seconds, 0.0);
    assert_eq!(client.error_seconds, 0.333);
}

#[test]
fn pods_without_a_node_are_pending() {
    let mut s = Script::new(preamble(2), &[1, 2]);
    s.at(1.0).delete(0, DeletedBy::User, None);
    s.create(2, 0, None);
    let why = Unfit {
        unschedulable: 1,
        ..Unfit::default()
    };
    s.say(Fact::PodUnschedulable { pod: pod(2), why }, None);
    s.at(31.0).bind(2, 1);
    s.at(40.0).delete(1, DeletedBy::User, None);
    s.create(3, 1, None);
    let report = s.end(42.0);
    assert_eq!(report.cluster.max_pending, 1);
    assert_eq!(report.cluster.pending_pod_seconds, 32.0);
}

#[test]
fn a_workload_without_a_service_shows_what_its_processes_do() {
    let mut p = preamble(1);
    p.workloads[WEB].has_endpoints = false;
    let mut s = Script::new(p, &[1]);
    s.at(1.0).stop(0, StopReason::Crashed);
    s.at(3.0).say(Fact::ContainersStarted { pod: pod(0) }, None);
    s.say(Fact::ContainersServing { pod: pod(0) }, None);
    let report = s.end(5.0);
    let web = &report.workloads[WEB];
    assert!(web.endpoints.is_none() && web.client.is_none());
    assert_eq!(web.serving.outages, [[1.0, 3.0]]);
    assert_eq!(
        web.causes[0].why,
        "the containers of its only replica crashed at 1.0 s; it was ready again at 3.0 s"
    );
    let json = report::json::render(&report).unwrap();
    assert!(json.contains("\"endpoints\": null"));
}

#[test]
fn without_desired_replicas_nothing_is_missed() {
    let report = Script::new(preamble(0), &[]).end(10.0);
    let web = &report.workloads[WEB];
    assert_eq!(web.serving.downtime_seconds, 0.0);
    assert_eq!(web.client.as_ref().unwrap().error_seconds, 0.0);
    assert!(web.causes.is_empty());
}

#[test]
fn a_plan_that_did_not_end_is_inconclusive() {
    let mut s = Script::new(preamble(1), &[1]);
    s.say(Fact::PlanStarted, None);
    assert_eq!(s.end(5.0).outcome.status, PlanStatus::Inconclusive);
    let mut p = preamble(1);
    p.plan = None;
    let report = Script::new(p, &[1]).end(5.0);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert_eq!(report.makespan_seconds, None);
}

fn trace_of(s: &Script) -> Vec<u8> {
    let mut writer = TraceWriter::new(Vec::new(), &s.preamble).unwrap();
    for (i, record) in s.records.iter().enumerate() {
        writer.observe(FactId::from_index(i), record);
    }
    writer.finish().unwrap()
}

#[test]
fn a_saved_trace_says_the_same_as_the_live_run() {
    let mut s = twins();
    s.at(39.123_457).say(Fact::FaultMissed { fault: 7 }, None);
    let live = s.end(1e9 + 0.000_001);
    let text = trace_of(&s);
    let line = text.split(|&b| b == b'\n').nth(18).unwrap();
    assert!(
        line.starts_with(br#"{"id":17,"t":20,"what":""#),
        "{}",
        String::from_utf8_lossy(line)
    );
    let mut reader = TraceReader::new(&text[..]).unwrap();
    assert_eq!(reader.preamble(), &s.preamble);
    let preamble = reader.preamble().clone();
    let mut saved = (Vec::new(), Metrics::new(&preamble));
    let end = reader.replay(&mut saved).unwrap();
    assert_eq!(saved.0, s.records);
    let saved = saved.1.finish(end);
    assert_eq!(
        report::json::render(&saved).unwrap(),
        report::json::render(&live).unwrap()
    );
    assert_eq!(
        report::yaml::render(&saved).unwrap(),
        report::yaml::render(&live).unwrap()
    );
}

/// The same with facts of the engine: faults, crashes, a refused drain that times out.
#[test]
fn a_saved_trace_of_a_real_run_says_the_same() {
    let text = r"
apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec:
  version: v1.36.2
  controlPlane: {replicas: 1}
  nodePools: [{name: worker, replicas: 3, capacity: {cpu: '4', memory: 8Gi, pods: '110'}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: x}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: default}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: seatrial.dev/v1alpha1
kind: UpgradePlan
metadata: {name: one-by-one}
spec: {targetVersion: v1.37.0}
---
apiVersion: seatrial.dev/v1alpha1
kind: Faults
spec:
  events:
  - {at: 5s, podDelete: default/web}
  - {at: 6s, containerCrash: default/web}
  - {at: 150s, nodeCrash: worker-3, for: 400s}
";
    let source = Source {
        name: "test.yaml".into(),
        text: text.into(),
    };
    let scenario = scenario::load(&[source]).map_err(|e| e.render(false));
    let model = scenario.unwrap_or_else(|e| panic!("{e}")).model;
    let options = RunOptions::default();
    let preamble = cluster::preamble(&model, &options);
    let writer = TraceWriter::new(Vec::new(), &preamble).unwrap();
    let mut live = (writer, Metrics::new(&preamble));
    let cost = cluster::run(&model, &options, &mut live);
    let text = live.0.finish().unwrap();
    let live = live.1.finish(cost.end);
    let mut reader = TraceReader::new(&text[..]).unwrap();
    let preamble = reader.preamble().clone();
    let mut saved = (Vec::new(), Metrics::new(&preamble));
    let end = reader.replay(&mut saved).unwrap();
    assert_eq!(end, cost.end);
    let report = saved.1.finish(end);
    assert_eq!(
        report::json::render(&report).unwrap(),
        report::json::render(&live).unwrap()
    );
    let table = report::table::render(&report, Style::default(), false);
    assert!(table.lines().all(|l| l.chars().count() <= 100), "{table}");
    let story = report::narrate::render(
        &preamble,
        &saved.0,
        report::narrate::Depth::Everything,
        Style::default(),
    );
    assert!(story.ends_with("the run ends\n"), "{story}");
}

#[test]
fn a_trace_names_things_for_people() {
    let mut s = twins();
    s.end(40.0);
    let text = String::from_utf8(trace_of(&s)).unwrap();
    assert!(text.starts_with(r#"{"apiVersion":"seatrial.dev/v1alpha1","kind":"Trace","engineVersion""#));
    assert!(
        text.contains(r#""t":20,"what":"EvictionAccepted","object":"pod/default/web-0","drain":0,"pod":0,"cause":"#)
    );
    assert!(text.contains(r#""what":"KubeletStopped","object":"node/worker-2","node":2}"#));
    assert!(text.contains(r#""what":"RunStarted"}"#));
}

#[test]
fn junk_is_refused_with_its_line() {
    let mut s = twins();
    s.end(40.0);
    let text = String::from_utf8(trace_of(&s)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let read = |lines: &[String]| -> Result<(), String> {
        let text = lines.join("\n");
        let mut reader = TraceReader::new(text.as_bytes()).map_err(|e| e.to_string())?;
        let preamble = reader.preamble().clone();
        let mut metrics = Metrics::new(&preamble);
        reader.replay(&mut metrics).map_err(|e| e.to_string())?;
        Ok(())
    };
    let with = |index: usize, line: &str| {
        let mut all: Vec<String> = lines.iter().map(|&l| l.to_owned()).collect();
        all[index] = line.to_owned();
        read(&all).unwrap_err()
    };
    assert!(with(0, "\u{0}\u{1}junk").contains("line 1: not a trace"));
    assert!(with(0, r#"{"apiVersion":"v1","kind":"Pod"}"#).contains("expected a Trace"));
    for (junk, message) in [
        ("", "EOF"),
        ("[1]", "line 2"),
        (r#"{"id":5,"t":0,"what":"RunStarted"}"#, "expected id 0, found 5"),
        (r#"{"id":0,"t":-1,"what":"RunStarted"}"#, "a time that no run"),
        (r#"{"id":0,"t":1e300,"what":"RunStarted"}"#, "a time that no run"),
        (r#"{"id":0,"t":0,"what":"RunStarted","cause":0}"#, "before it"),
        (r#"{"id":0,"t":0,"what":"Sunk"}"#, "Sunk"),
        (
            r#"{"id":0,"t":0,"what":"NodeCrashed","node":9}"#,
            "node 9 does not exist",
        ),
        (r#"{"id":0,"t":0,"what":"PodReady","pod":4000000000}"#, "pod 4000000000"),
        (r#"{"id":0,"t":0,"what":"NodeCrashed","node":99999999999}"#, "line 2"),
    ] {
        let error = with(1, junk);
        assert!(error.contains(message) && error.contains("line 2"), "{junk}: {error}");
    }
    let all: Vec<String> = lines.iter().map(|&l| l.to_owned()).collect();
    assert!(
        read(&all[..all.len() - 1])
            .unwrap_err()
            .contains("stops before the end")
    );
    assert!(read(&all).is_ok());
    let long = format!("{}{}", all[1], " ".repeat(70_000));
    assert!(with(1, &long).contains("longer than"));
}

/// Facts that make no sense together are the writer's fault, and still no reason to panic.
#[test]
fn facts_in_any_order_do_not_panic() {
    let mut s = twins();
    s.end(40.0);
    let mut records = s.records.clone();
    let mut state = 1_u64;
    for _ in 0..200 {
        for i in 0..records.len() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            records.swap(i, (state >> 33) as usize % s.records.len());
        }
        let mut metrics = Metrics::new(&s.preamble);
        for (i, record) in records.iter().enumerate() {
            metrics.observe(FactId::from_index(i), record);
        }
        let report = metrics.finish(Time::from_micros(40_000_000));
        let _ = report::table::render(&report, Style::default(), true);
        let _ = report::narrate::render(
            &s.preamble,
            &records,
            report::narrate::Depth::Everything,
            Style::default(),
        );
    }
}
