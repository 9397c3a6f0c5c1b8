//! Every shipped scenario teaches what its first line says: its table and its story are snapshots.

use std::fmt::Write;
use std::path::PathBuf;

use seatrial::metrics::{Availability, Root, Share};
use seatrial::report::{Style, narrate, table};
use seatrial::trace::PlanStatus;

use crate::support::{files, model, observe, output, root, snapshot};

/// Takes a minute without optimisation; `.ci/run` holds it in release.
const TOO_LARGE: &str = "five-thousand";

fn textbook() -> Vec<PathBuf> {
    files(&root().join("scenarios"), "yaml")
}

fn name(path: &std::path::Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_scenario_says_what_it_teaches() {
    for path in textbook() {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("# ") && first.len() > 40, "{}", path.display());
    }
}

#[test]
fn every_scenario_tells_its_story() {
    let style = Style { color: false };
    let mut short = String::new();
    for path in textbook().into_iter().filter(|path| name(path) != TOO_LARGE) {
        let model = model(&path);
        let (preamble, records, report) = observe(&model, 0);
        let table = table::render(&report, style, false);
        assert!(
            table.lines().all(|line| line.chars().count() <= 100),
            "{}",
            path.display()
        );
        let mut story = narrate::render(&preamble, &records, narrate::Depth::Everything, style);
        // A drain that is refused for an hour says so 720 times.
        if story.lines().count() > 300 {
            let short: Vec<&str> = story.lines().take(12).collect();
            story = short.join("\n") + "\n…\n";
        }
        snapshot!(name(&path), format!("{table}\n{story}"));
        let told = narrate::render(&preamble, &records, narrate::Depth::Important, style);
        let lines = told.lines().count();
        assert!(
            lines
                <= narrate::render(&preamble, &records, narrate::Depth::Everything, style)
                    .lines()
                    .count()
        );
        let beginning: Vec<&str> = told.lines().take(40).collect();
        short += &format!("== {}\n{}\n", name(&path), beginning.join("\n"));
        if lines > beginning.len() {
            short += &format!("… {} more\n", lines - beginning.len());
        }
    }
    snapshot!("stories", short);
}

/// M-6, M-7, M-9: every second of downtime, degradation and errors in every scenario, and what it comes from.
#[test]
fn every_second_that_is_lost_has_a_cause() {
    let mut all = String::new();
    for path in textbook().into_iter().filter(|path| name(path) != TOO_LARGE) {
        let (_, _, report) = observe(&model(&path), 0);
        let mut lines: Vec<String> = Vec::new();
        for workload in &report.workloads {
            let lost = |a: &Availability| a.deficit_pod_seconds > 0.0;
            let is_short = workload.endpoints.as_ref().is_some_and(lost) || lost(&workload.serving);
            assert_eq!(
                is_short || workload.errors() > 0.0,
                !workload.attribution.is_empty(),
                "{}",
                workload.full_name()
            );
            let shares = workload.attribution.iter();
            lines.extend(shares.map(|share| format!("{}: {}", workload.full_name(), line(share))));
            for cause in &workload.causes {
                assert!(!cause.losses.is_empty(), "{}", workload.full_name());
            }
        }
        let more = lines.len().saturating_sub(24);
        lines.truncate(24);
        let _ = writeln!(all, "== {}\n{}", name(&path), lines.join("\n"));
        if more > 0 {
            let _ = writeln!(all, "… {more} more");
        }
    }
    snapshot!("attribution", all);
}

fn line(share: &Share) -> String {
    let lack = share.endpoints.unwrap_or(share.serving);
    let errors = share.client.as_ref().map_or(0.0, |c| c.error_seconds);
    let (down, degraded) = (lack.downtime_seconds, lack.degraded_seconds);
    let (what, end) = match &share.root {
        Root::Step { words, .. } => ("step", words),
        Root::Fault { words, .. } => ("fault", words),
        Root::Initial { words, .. } => ("initial", words),
    };
    let why = &share.why;
    format!("down {down:.1} s, degraded {degraded:.1} s, errors {errors:.1} s: {why} <- {what}: {end}")
}

#[test]
fn no_snapshot_is_left_behind() {
    let names: Vec<String> = textbook().iter().map(|p| name(p)).collect();
    // Those of `seatrial plan` and `seatrial init`, pictures, and what is told in short.
    let others = [
        "init-example",
        "init-gke",
        "stories",
        "attribution",
        "explanations",
        "plan-1.18-to-1.21",
        "plan-1.28-to-1.31",
        "runbook-hello-upgrade",
        "picture-twins",
        "picture-twins-trials",
    ];
    for snapshot in files(&root().join("snapshots"), "snap") {
        let known = name(&snapshot);
        assert!(
            names.contains(&known) || others.contains(&known.as_str()),
            "{} belongs to no scenario",
            snapshot.display()
        );
    }
}

fn report_of(scenario: &str, seed: u64) -> seatrial::metrics::Report {
    let path = root().join(format!("scenarios/textbook/{scenario}.yaml"));
    observe(&model(&path), seed).2
}

fn downtime(report: &seatrial::metrics::Report) -> f64 {
    let down = |w: &seatrial::metrics::WorkloadReport| w.endpoints.as_ref().map_or(0.0, |e| e.downtime_seconds);
    report.workloads.iter().map(down).sum()
}

/// O-72, O-73: the textbook claim fails at the second worker; a budget saves it.
#[test]
fn o72_o73_twins_are_down_without_a_budget_and_not_with_one() {
    for seed in 0..20 {
        assert!(downtime(&report_of("twins", seed)) > 0.0);
        assert_eq!(downtime(&report_of("twins-with-budget", seed)), 0.0);
    }
}

/// C-1: a lone control plane goes away and no application notices.
#[test]
fn c1_a_lone_master_takes_no_application_with_it() {
    for seed in 0..20 {
        let report = report_of("lone-master", seed);
        assert_eq!(downtime(&report), 0.0);
        assert!(report.control_plane.api_down_seconds > 3.0);
        assert!(!report.control_plane.outages.is_empty());
        assert_eq!(report.cluster.pods_created, 0);
    }
}

/// C-2: healed by the kubelet, recreated only afterwards, recreated after grace and toleration.
#[test]
fn c2_three_fates_without_a_head() {
    for seed in 0..20 {
        let report = report_of("headless-faults", seed);
        let outage = &report.control_plane.outages[0];
        assert!(outage.pods_lost >= 1);
        assert_eq!((outage.restarted_locally, outage.recreated_during), (1, 0));
        assert!(outage.recreated_after >= 1 && outage.first_recreate_delay_seconds.unwrap() > 15.0);
        let created = |name: &str| report.workloads.iter().find(|w| w.name == name).unwrap().pods_created;
        assert_eq!((created("crashes"), created("deleted"), created("stranded")), (0, 1, 1));
    }
}

/// P-17, D-9: a budget that allows nothing blocks for ever: exit code 5, and the report says who blocks whom.
#[test]
fn p17_a_budget_of_zero_blocks_and_is_named() {
    let report = report_of("budget-of-zero", 0);
    assert_eq!(report.outcome.status, PlanStatus::Blocked);
    let reason = report.outcome.reason.unwrap();
    for word in [
        "budget default/web",
        "maxUnavailable 0",
        "Deployment web",
        "pod default/web-",
    ] {
        assert!(reason.contains(word), "{reason}");
    }
    assert_eq!(
        output(&["run", "scenarios/textbook/budget-of-zero.yaml", "-q"])
            .status
            .code(),
        Some(5),
        "blocked, although it is expected"
    );
}

fn ends(name: &str) -> (PlanStatus, seatrial::metrics::Report) {
    let model = model(&root().join(format!("scenarios/textbook/{name}.yaml")));
    let (_, _, report) = observe(&model, 0);
    (report.outcome.status, report)
}

/// W-15, W-22, L-10, O-70, P-5, S-15: each of these teaches what it says, in numbers.
#[test]
fn what_moves_pods_ends_as_its_first_line_says() {
    for (name, status) in [
        ("statefulset-ordered", PlanStatus::Completed),
        ("daemonset", PlanStatus::Completed),
        ("zonal-volumes", PlanStatus::Completed),
        ("spread-across-zones", PlanStatus::Completed),
        ("anti-affinity-deadlock", PlanStatus::Blocked),
        ("crashloop-budget", PlanStatus::CompletedWithSkips),
        ("long-grace", PlanStatus::Completed),
        ("rollout-meets-drain", PlanStatus::Completed),
        ("webhook-trap", PlanStatus::Completed),
    ] {
        assert_eq!(ends(name).0, status, "{name}");
    }
    let down = |name: &str, of: &str| {
        let (_, report) = ends(name);
        let workload = report.workloads.iter().find(|w| w.name == of).unwrap();
        (workload.endpoints.as_ref().unwrap().min_ready, workload.pods_lost)
    };
    assert_eq!(down("statefulset-ordered", "db"), (2, 0));
    assert_eq!(down("zonal-volumes", "db"), (0, 0));
    assert_eq!(down("spread-across-zones", "web"), (2, 0));
    assert_eq!(down("rollout-meets-drain", "web").1, 0);
    assert_eq!(down("node-dies-for-good", "web").1, 0);
    assert_eq!(down("node-dies-for-good", "db"), (2, 1));
    assert_eq!(down("webhook-trap", "policy"), (0, 1));
    assert_eq!(down("webhook-trap", "web"), (0, 2));
    let (_, long) = ends("long-grace");
    assert!(long.nodes.iter().flat_map(|n| &n.drains).any(|d| d.seconds > 600.0));
}
