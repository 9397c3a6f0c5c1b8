//! `seatrial explain`: why a run went as it did.

use std::collections::BTreeMap;
use std::fmt::Write;

use seatrial::cluster::{Attempt, Obstacle, RunOptions, attempts};
use seatrial::explain::{Explanation, Question, Run, Sort, Subject, explain, render, select};
use seatrial::ids::PodId;
use seatrial::model::Model;
use seatrial::report::Style;
use seatrial::trace::{Fact, Record};
use seatrial::units::{Span, Time};

use crate::support::{files, model, observe, output, root, snapshot};

fn scenario(name: &str) -> Model {
    model(&root().join(format!("scenarios/{name}.yaml")))
}

fn ask(model: &Model, pods: &[PodId]) -> Vec<Attempt> {
    attempts(model, &RunOptions::default(), pods)
}

/// Explains a scenario; the question is made of what happened.
fn explained(model: &Model, kind: &'static str, name: &str, at: Option<f64>, why_not: Option<&str>) -> Explanation {
    let (preamble, records, report) = observe(model, 0);
    let subject = match kind {
        "" => Subject::Everything,
        _ => select(&preamble, &records, kind, name).unwrap(),
    };
    let why_not = why_not.map(|node| match select(&preamble, &records, "node", node).unwrap() {
        Subject::Node(node) => node,
        other => panic!("{other:?}"),
    });
    let question = Question {
        subject,
        at: at.map(|s| Time::ZERO + Span::from_micros((s * 1e6) as u64)),
        why_not,
    };
    let run = Run {
        preamble: &preamble,
        records: &records,
        report: &report,
    };
    explain(run, &question, |pods| ask(model, pods))
}

fn text(explanation: &Explanation) -> String {
    render(explanation, Style { color: false }, false)
}

/// Every outage, every pod that waited, every refusal and every drain that did not complete is in the explanation of every
/// scenario, each with what led to it.
#[test]
fn everything_that_went_wrong_is_explained() {
    for path in files(&root().join("scenarios"), "yaml") {
        if path.ends_with("five-thousand.yaml") {
            continue;
        }
        let model = model(&path);
        let (_, records, report) = observe(&model, 0);
        let explanation = explained(&model, "", "", None, None);
        let of = |sort: Sort| explanation.findings.iter().filter(move |f| f.sort == sort);
        let place = path.display();
        let outages: usize = report.applications().map(|w| w.causes.len()).sum();
        assert_eq!(of(Sort::Outage).count(), outages, "{place}");
        let refusals: u64 = of(Sort::BlockedDrain).map(|f| f.count).sum();
        assert_eq!(refusals, report.cluster.refusals, "{place}");
        let waiting: BTreeMap<PodId, ()> = records.iter().filter_map(unschedulable).collect();
        let told: u64 = of(Sort::Pending).map(|f| f.count).sum();
        assert!(told >= waiting.len() as u64, "{place}: {told} of {}", waiting.len());
        let degraded = report
            .applications()
            .filter(|w| w.availability().degraded_seconds >= 0.05);
        assert_eq!(of(Sort::Degradation).count(), degraded.count(), "{place}");
        for finding in &explanation.findings {
            assert!(!finding.lines.is_empty(), "{place}: {}", finding.summary);
        }
        let text = text(&explanation);
        let wide = text.lines().find(|l| l.chars().count() > 104);
        assert!(wide.is_none(), "{place}: {wide:?}");
        assert!(text.lines().all(|l| l == l.trim_end()), "{place}");
    }
}

fn unschedulable(record: &Record) -> Option<(PodId, ())> {
    match record.fact {
        Fact::PodUnschedulable { pod, .. } => Some((pod, ())),
        _ => None,
    }
}

/// What people read.
#[test]
fn explanations_read_well() {
    let mut all = String::new();
    for name in [
        "textbook/twins",
        "textbook/single-replica",
        "textbook/webhook-trap",
        "textbook/anti-affinity-deadlock",
        "textbook/headless-faults",
        "textbook/drain-refusals",
        "strategies/pdb-zero",
    ] {
        let explanation = explained(&scenario(name), "", "", None, None);
        let _ = writeln!(all, "== {name}\n{}", text(&explanation));
    }
    let twins = scenario("textbook/twins");
    let questions = [
        explained(&twins, "workload", "default/web", Some(42.0), Some("worker-2")),
        explained(&twins, "node", "worker-2", Some(42.0), None),
        explained(&twins, "pod", "web-vdgb8zbvpn-4m4bv", None, None),
    ];
    for explanation in &questions {
        let _ = writeln!(all, "== twins, asked\n{}", text(explanation));
    }
    snapshot!("explanations", all);
}

/// What the scheduler says when it is asked is what it does when nobody asks: asking changes nothing.
#[test]
fn asking_the_scheduler_changes_nothing() {
    for name in [
        "textbook/hello-upgrade",
        "textbook/no-room",
        "textbook/spread-across-zones",
        "textbook/anti-affinity-deadlock",
        "textbook/zonal-volumes",
    ] {
        let model = scenario(name);
        let (_, records, _) = observe(&model, 0);
        let bound: BTreeMap<PodId, _> = records
            .iter()
            .filter_map(|r| match r.fact {
                Fact::PodBound { pod, node } => Some((pod, (r.at, node))),
                _ => None,
            })
            .collect();
        let pods: Vec<PodId> = records
            .iter()
            .filter_map(|r| match r.fact {
                Fact::PodCreated { pod, .. } => Some(pod),
                _ => None,
            })
            .collect();
        let found = ask(&model, &pods);
        assert!(!found.is_empty(), "{name}");
        for attempt in &found {
            let chosen = attempt.verdicts.iter().find(|v| Some(v.node) == attempt.chosen);
            match chosen {
                Some(verdict) => {
                    assert_eq!(verdict.obstacle, None, "{name}");
                    let best = attempt.verdicts.iter().filter_map(|v| v.score).max();
                    assert_eq!(verdict.score, best, "{name}: the best score wins (S-13)");
                }
                None => assert!(attempt.verdicts.iter().all(|v| v.obstacle.is_some()), "{name}"),
            }
        }
        for (pod, (at, node)) in bound {
            let last = found.iter().rfind(|a| a.pod == pod);
            if let Some(last) = last {
                assert_eq!(last.chosen, Some(node), "{name}");
                assert!(last.at <= at, "{name}");
            }
        }
    }
}

/// The first refusal by the scheduler says how many nodes fail on what, as the fact counts them.
#[test]
fn s20_verdicts_add_up_to_what_the_scheduler_counts() {
    let model = scenario("textbook/anti-affinity-deadlock");
    let (_, records, _) = observe(&model, 0);
    let mut seen = 0;
    for record in &records {
        let Fact::PodUnschedulable { pod, why } = record.fact else {
            continue;
        };
        let found = ask(&model, &[pod]);
        let attempt = found
            .iter()
            .find(|a| a.at <= record.at && record.at <= a.until)
            .unwrap();
        let count = |is: fn(&Obstacle) -> bool| {
            attempt
                .verdicts
                .iter()
                .filter(|v| v.obstacle.as_ref().is_some_and(is))
                .count()
        };
        assert_eq!(
            count(|o| matches!(o, Obstacle::Unschedulable)),
            usize::from(why.unschedulable)
        );
        assert_eq!(count(|o| matches!(o, Obstacle::Taint { .. })), usize::from(why.tainted));
        assert_eq!(
            count(|o| matches!(o, Obstacle::PodAntiAffinity)),
            usize::from(why.pod_anti_affinity)
        );
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn too_little_left_is_told_in_the_schedulers_words() {
    let text = std::fs::read_to_string(root().join("scenarios/textbook/twins.yaml")).unwrap();
    let text = text.replace("cpu: 200m", "cpu: 3");
    let dir = std::env::temp_dir().join(format!("seatrial-explain-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("tight.yaml");
    std::fs::write(&path, text).unwrap();
    let out = run(&["explain", path.to_str().unwrap()]);
    std::fs::remove_dir_all(&dir).unwrap();
    let flat: Vec<&str> = out
        .split(|c: char| c.is_whitespace() || c == '│')
        .filter(|w| !w.is_empty())
        .collect();
    let flat = flat.join(" ");
    for words in [
        "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint \
         {node-role.kubernetes.io/control-plane: }, 1 node(s) were unschedulable. preemption: 0/3 nodes are available: 1 No \
         preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
        "worker-1: Insufficient cpu: the pod asks for 3, 1 is left",
    ] {
        assert!(flat.contains(words), "{flat}");
    }
}

fn run(args: &[&str]) -> String {
    let out = output(args);
    let talk = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{talk}");
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn the_command_answers_in_json() {
    let twins = "scenarios/textbook/twins.yaml";
    let json: serde_json::Value = serde_json::from_str(&run(&["explain", twins, "-o", "json"])).unwrap();
    assert_eq!(json["kind"], "Explanation");
    assert_eq!(json["findings"][0]["sort"], "outage");
    assert_eq!(json["findings"][0]["object"], "workload/default/web");
    let fact = json["findings"][0]["lines"][0]["below"][0]["fact"].as_u64();
    assert!(fact.is_some(), "{}", json["findings"][0]);
    let why_not = run(&[
        "explain",
        twins,
        "--workload",
        "deployment/web",
        "--at",
        "50s",
        "--why-not",
        "worker-2",
    ]);
    assert!(why_not.contains("not on worker-2 at 50.0 s"), "{why_not}");
}

#[test]
fn wrong_names_are_refused_with_the_nearest_right_one() {
    let twins = "scenarios/textbook/twins.yaml";
    for (args, hint) in [
        (["--workload", "wob"], "did you mean"),
        (["--node", "worker-9"], "did you mean worker-"),
        (["--pod", "nobody-at-all"], "there is no pod nobody-at-all"),
    ] {
        let out = output(&["explain", twins, args[0], args[1]]);
        let talk = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{talk}");
        assert!(talk.contains(hint), "{talk}");
        assert!(out.stdout.is_empty());
    }
    let alone = output(&["explain", twins, "--why-not", "worker-1"]);
    assert_eq!(alone.status.code(), Some(2));
}
