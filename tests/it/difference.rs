//! `seatrial diff`: two saved reports.

use serde_json::Value;

use crate::suites::Folder;
use crate::support::output;

fn saved(folder: &Folder, name: &str, args: &[&str]) -> String {
    let all: Vec<&str> = ["run", "-o", "json", "-q"].iter().chain(args).copied().collect();
    let ran = output(&all);
    folder
        .write(name, &String::from_utf8(ran.stdout).unwrap())
        .display()
        .to_string()
}

const TWINS: &str = "scenarios/textbook/twins.yaml";
const BUDGET: &str = "scenarios/textbook/twins-with-budget.yaml";

#[test]
fn two_runs_are_compared() {
    let folder = Folder::new("diff-runs");
    let budget = saved(&folder, "a.json", &[BUDGET]);
    let twins = saved(&folder, "b.json", &[TWINS]);
    let ran = output(&["diff", &budget, &twins]);
    let out = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.status.code(), Some(0));
    assert!(out.starts_with("twins-with-budget -> twins\n"), "{out}");
    let row = out.lines().find(|l| l.contains("downtimeSeconds")).unwrap();
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(
        cells,
        ["default/web", "downtimeSeconds", "0", "4.193", "+4.193", "worse"],
        "{out}"
    );
    assert!(
        out.lines()
            .any(|l| l.contains("makespanSeconds") && l.contains("-4.") && l.ends_with("better")),
        "{out}"
    );
    assert_eq!(
        output(&["diff", &budget, &twins, "--fail-on-worse"]).status.code(),
        Some(4)
    );
    let same = output(&["diff", &twins, &twins, "--fail-on-worse"]);
    assert_eq!(same.status.code(), Some(0));
    assert!(String::from_utf8(same.stdout).unwrap().contains("no number differs"));
}

/// Another seed is luck, another plan is not: means are compared within their confidence intervals.
#[test]
fn luck_is_no_difference() {
    let folder = Folder::new("diff-trials");
    let one = saved(&folder, "a.json", &[TWINS, "--trials", "200"]);
    let other = saved(&folder, "b.json", &[TWINS, "--trials", "200", "--seed", "5"]);
    let budget = saved(&folder, "c.json", &[BUDGET, "--trials", "200"]);
    let verdicts = |a: &str, b: &str| -> Vec<(String, String)> {
        let ran = output(&["diff", a, b, "-o", "json"]);
        let diff: Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!(diff["kind"], "ReportDiff");
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        diff["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| (text(&c["metric"]), text(&c["verdict"])))
            .collect()
    };
    assert!(
        !verdicts(&one, &other)
            .iter()
            .any(|(metric, verdict)| metric == "downtimeSeconds" && verdict == "Worse")
    );
    assert!(verdicts(&budget, &one).contains(&("downtimeSeconds".into(), "Worse".into())));
    assert!(verdicts(&one, &budget).contains(&("downtimeSeconds".into(), "Better".into())));
}

#[test]
fn what_is_no_report_is_said() {
    let folder = Folder::new("diff-wrong");
    let no = folder.write("no.json", "{\"kind\": \"List\"}").display().to_string();
    let broken = folder.write("broken.json", "{").display().to_string();
    let ran = output(&["diff", &no, &broken]);
    let talk = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(
        talk.contains("its kind is `List`") && talk.contains("broken.json: not a report"),
        "{talk}"
    );
}
