//! What kubeadm puts back (K-17), and certificates that run out (X-1 … X-7), in a run.

use seatrial::metrics::Report;
use seatrial::model::Component;
use seatrial::trace::{Fact, Phase, PlanStatus, Record};

use crate::writing::{EXACT, cluster, deployment, facts, faults, model, plan, times};

fn run(from: &str, nodes: u32, body: &str, trouble: &[&str]) -> (Report, Vec<Record>) {
    let (cluster, plan, faults) = (cluster(from, nodes, 1), plan(body), faults(trouble));
    let mut parts = vec![cluster.as_str(), &plan];
    if !trouble.is_empty() {
        parts.push(&faults);
    }
    facts(&model(&parts), 0)
}

fn restored(records: &[Record]) -> Vec<Component> {
    let component = |r: &Record| match r.fact {
        Fact::ManifestRestored { component, .. } => Some(component),
        _ => None,
    };
    records.iter().filter_map(component).collect()
}

/// O-18, K-17: the controller manager does not come up: it and the API server are put back, the scheduler never changed.
/// Recorded with a scheduler without image (1.20): 300 s of waiting, exit at once, a second outage of 4.8 s, leaders 21 s to
/// 25 s after it.
#[test]
fn o18_k17_what_was_replaced_so_far_is_put_back() {
    let body = "  targetVersion: v1.20.4\n  steps: [{upgradeControlPlane: cp-1}]\n";
    let (report, records) = run("v1.20.2", 1, body, &["{at: 0s, imageMissing: kube-controller-manager}"]);
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
    let reason = report.outcome.reason.as_deref().unwrap();
    assert!(
        reason.contains("the new kube-controller-manager did not come up within 5 minutes"),
        "{reason}"
    );
    assert_eq!(restored(&records), [Component::ApiServer, Component::ControllerManager]);
    let schedulers = times(&records, |f| {
        matches!(
            f,
            Fact::PhaseStarted {
                phase: Phase::Scheduler,
                ..
            }
        )
    });
    assert!(schedulers.is_empty());
    for seed in 0..20 {
        let (cluster, plan) = (cluster("v1.20.2", 1, 1), plan(body));
        let fault = faults(&["{at: 0s, imageMissing: kube-scheduler}"]);
        let (report, records) = facts(&model(&[&cluster, &plan, &fault]), seed);
        assert_eq!(restored(&records).len(), 3);
        let back = times(&records, |f| matches!(f, Fact::ManifestRestored { .. }))[0];
        let moved = times(&records, |f| {
            matches!(
                f,
                Fact::PhaseStarted {
                    phase: Phase::Scheduler,
                    ..
                }
            )
        })[0];
        assert!((300.0..302.0).contains(&(back - moved)), "{}", back - moved);
        assert!(
            (back - report.makespan_seconds.unwrap()).abs() < 0.01,
            "kubeadm waits for nothing"
        );
        let outages = &report.control_plane.outages;
        let last = outages.last().unwrap();
        let api = times(&records, |f| matches!(f, Fact::ApiAvailable)).pop().unwrap() - back;
        assert!((3.6..6.8).contains(&api), "{api}");
        assert!(last.components.contains(&"kube-scheduler".to_owned()));
        let led = times(&records, |f| matches!(f, Fact::LeaderElected { .. }))
            .pop()
            .unwrap()
            - back;
        assert!((16.0..32.0).contains(&led), "{led}");
        assert_eq!(times(&records, |f| matches!(f, Fact::AdminConfRenewed { .. })).len(), 0);
    }
}

/// K-14.5, K-17: a component that crashes as it starts is Running to kubeadm: it goes on, and nobody schedules (recorded
/// with 1.20). The next upgrade repairs it.
#[test]
fn k14_k17_a_crash_loop_is_no_failure() {
    let body = "  steps: [{upgradeControlPlane: {node: cp-1, version: v1.20.4}}, {sleep: 60s}, \
                {upgradeControlPlane: {node: cp-1, version: v1.20.6}}]\n";
    let (report, records) = run(
        "v1.20.2",
        1,
        body,
        &["{at: 0s, componentFails: kube-scheduler, for: 30s}"],
    );
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    assert!(restored(&records).is_empty());
    assert!(report.control_plane.scheduler_leaderless_seconds > 60.0);
}

/// K-13.7, K-17: etcd does not come up: only etcd is put back, nothing else was touched, and the API was away all the time.
#[test]
fn k13_k17_etcd_is_put_back_alone() {
    let body = "  targetVersion: v1.22.0\n  steps: [{upgradeControlPlane: cp-1}]\n";
    let (report, records) = run("v1.21.2", 1, body, &["{at: 0s, imageMissing: etcd}"]);
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
    assert_eq!(restored(&records), [Component::Etcd]);
    assert!(report.control_plane.api_down_seconds > 300.0);
    assert!(
        !times(&records, |f| matches!(f, Fact::ApiAvailable)).is_empty(),
        "it is back at last"
    );
    // With the API server it is the same: the API cannot show a new hash, so kubeadm gives up after five minutes.
    let (report, records) = run("v1.21.2", 1, body, &["{at: 0s, imageMissing: kube-apiserver}"]);
    assert_eq!(report.outcome.status, PlanStatus::Aborted);
    assert_eq!(restored(&records), [Component::ApiServer], "etcd stays new");
}

/// O-85, 2.2 #11: the version is written down after the components: where one fails, `kubeadm upgrade node` elsewhere still
/// goes to the old version.
#[test]
fn o85_node_follows_what_apply_has_written_down() {
    let steps = |fails: bool| {
        let expect = if fails { "Failure" } else { "Success" };
        format!(
            "  targetVersion: v1.36.2\n  steps:\n  - upgradeControlPlane: {{node: cp-1, expect: {expect}}}\n  \
             - upgradeControlPlane: {{node: cp-2, command: Node}}\n"
        )
    };
    let on_cp2 = |records: &[Record], trouble: bool| {
        let after = times(records, |f| matches!(f, Fact::StepStarted { step: 1 }))[0];
        let renewed = times(records, |f| matches!(f, Fact::CertificatesRenewed { .. }));
        let late = renewed.into_iter().filter(|t| *t > after).count();
        assert_eq!(late == 0, trouble);
    };
    let trouble = ["{at: 0s, imageMissing: kube-scheduler, node: cp-1}"];
    let (report, records) = run("v1.35.4", 2, &steps(true), &trouble);
    assert_eq!(report.outcome.status, PlanStatus::Completed);
    on_cp2(&records, true);
    on_cp2(&run("v1.35.4", 2, &steps(false), &[]).1, false);
}

fn with_certificates(from: &str, nodes: u32, expire: &str, body: &str) -> (Report, Vec<Record>) {
    let cluster = format!(
        "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {{version: {from}, controlPlane: {{replicas: {nodes}, \
         certificatesExpireIn: {expire}}}, nodePools: [{{name: worker, replicas: 2}}]}}"
    );
    let (web, plan) = (deployment("web", 2, ""), plan(body));
    facts(&model(&[EXACT, &cluster, &web, &plan]), 0)
}

/// what is replaced is renewed for a year; etcd that does not change keeps its certificates, and they run out.
#[test]
fn x1_x2_x3_what_is_renewed_and_what_is_not() {
    let expired = |from: &str, to: &str| -> Vec<String> {
        let body = format!("  targetVersion: {to}\n  steps: [{{upgradeControlPlane: cp-1}}, {{sleep: 48h}}]\n");
        let (report, _) = with_certificates(from, 1, "24h", &body);
        let all = report.control_plane.certificates.iter();
        all.filter(|c| c.expired_at.is_some())
            .map(|c| c.owner.clone())
            .collect()
    };
    assert_eq!(expired("v1.20.15", "v1.21.14"), ["etcd"]);
    assert!(expired("v1.21.14", "v1.22.17").is_empty(), "a new etcd");
    assert!(
        expired("v1.35.4", "v1.36.2").is_empty(),
        "restarted for its certificates"
    );
}

/// X-5, C-1: nothing gets through any more, kubeadm neither; applications run on. X-6: `kubeadm certs renew all` mends it.
#[test]
fn x5_x6_when_everything_has_run_out() {
    let steps = "  targetVersion: v1.21.14\n  steps:\n  - sleep: 2h\n  - upgradeControlPlane: {node: cp-1, expect: Failure}\n  \
                 - renewCertificates: cp-1\n  - sleep: 2m\n  - upgradeControlPlane: cp-1\n";
    let (report, records) = with_certificates("v1.20.15", 1, "1h", steps);
    assert_eq!(
        report.outcome.status,
        PlanStatus::Completed,
        "{:?}",
        report.outcome.reason
    );
    assert_eq!(
        times(&records, |f| matches!(f, Fact::CertificateExpired { .. })).len(),
        4
    );
    assert_eq!(times(&records, |f| matches!(f, Fact::CheckFailed { .. })).len(), 1);
    let away = times(&records, |f| matches!(f, Fact::ApiUnavailable))[0];
    assert!((away - 3600.0).abs() < 0.001, "{away}");
    let down = report.control_plane.api_down_seconds;
    assert!((3600.0..3800.0).contains(&down), "{down}");
    let web = &report.workloads[0];
    assert_eq!((web.serving.downtime_seconds, web.pods_created), (0.0, 0));
    // Without that the plan is refused, and says why.
    let late = "  targetVersion: v1.21.14\n  startAt: 2h\n";
    let (report, _) = with_certificates("v1.20.15", 1, "1h", late);
    assert_eq!(report.outcome.status, PlanStatus::Refused);
    assert!(report.outcome.reason.unwrap().contains("admin.conf has expired"));
}

/// kubelets renew their own, so nodes stay Ready; nodes that are upgraded at different times expire at different
/// times.
#[test]
fn x4_x7_each_node_for_itself() {
    let steps =
        "  targetVersion: v1.36.2\n  steps: [{upgradeControlPlane: cp-1}, {upgradeControlPlane: cp-2}, {sleep: 2h}]\n";
    let (report, records) = with_certificates("v1.35.4", 3, "1h", steps);
    let expired = |node: &str| {
        let own = report.control_plane.certificates.iter().filter(|c| c.node == node);
        own.filter(|c| c.expired_at.is_some()).count()
    };
    assert_eq!((expired("cp-1"), expired("cp-2"), expired("cp-3")), (0, 0, 4));
    assert!(
        report.control_plane.api_down_seconds < 10.0,
        "two of three still answer"
    );
    assert!(times(&records, |f| matches!(f, Fact::NodeNotReady { .. })).is_empty());
    let renewed = |node: &str| {
        let own = report.control_plane.certificates.iter().find(|c| c.node == node);
        own.unwrap().renewed_at
    };
    assert!(renewed("cp-1").unwrap() < renewed("cp-2").unwrap());
}
