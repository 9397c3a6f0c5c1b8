//! The formats of `seatrial test`: what their readers accept, whatever names say.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use crate::suites::{Folder, scenario};

/// A text that means something to every format.
const HOSTILE: &str = r##"]]> </failure><b>&amp; "q" 'a' %0A::error::x, a:b | **x** `y` #TODO \ <!-- [z](u) ```"##;

/// A suite that holds, fails, is open and is invalid, with hostile names; all of its reports.
fn reports() -> (Folder, Vec<String>) {
    let folder = Folder::new(&format!("formats-{:?}", std::thread::current().id()));
    let quoted = HOSTILE.replace('\\', "\\\\").replace('"', "\\\"");
    let spec = format!(
        "  upgrade: {{completes: true, reason: \"{quoted}\\e[2J\\n::error::second\"}}\n  workloads: [{{name: web, downtime: p95 < 9s}}]\n"
    );
    let twins = crate::suites::without(&scenario("twins"), "Expectations");
    let name = "s/a,b:c%<&>\"'#|`x` é.yaml";
    folder.write(
        name,
        &format!("{twins}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: Expectations\nspec:\n{spec}"),
    );
    folder.write("s/wrong.yaml", "kind: [<&");
    let kinds = ["junit", "sarif", "github", "gitlab", "tap", "md"];
    let wanted: Vec<String> = kinds.iter().map(|kind| format!("{kind}=out.{kind}")).collect();
    let ran = folder.seatrial(&["test", "s", "--trials", "3", "--report", &wanted.join(",")]);
    assert_eq!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
    let out = String::from_utf8(ran.stdout).unwrap();
    assert!(out.chars().all(|c| c == '\n' || !c.is_control()), "{out:?}");
    let mut all = vec![out];
    all.extend(kinds.iter().map(|kind| folder.read(&format!("out.{kind}"))));
    assert!(all.iter().all(|text| !text.contains('\u{1b}')));
    (folder, all)
}

/// The rules of `junit-10.xsd` of Jenkins' xUnit plugin, which GitLab reads as well: element, its attributes (those with `!` must
/// be there), its children; `#` is text.
const XSD: [(&str, &[&str], &[&str]); 5] = [
    (
        "testsuites",
        &["name", "time", "tests", "failures", "errors"],
        &["testsuite"],
    ),
    (
        "testsuite",
        &[
            "name!",
            "tests!",
            "failures!",
            "errors!",
            "group",
            "time",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
            "file",
            "log",
            "url",
        ],
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name!", "time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &["type", "message"], &["#"]),
    ("error", &["type", "message"], &["#"]),
];

fn check_element(start: &BytesStart<'_>, parents: &[String]) -> BTreeMap<String, String> {
    let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
    let (_, allowed, _) = XSD
        .iter()
        .find(|rule| rule.0 == name)
        .unwrap_or_else(|| panic!("<{name}> is not in the schema"));
    if let Some(parent) = parents.last() {
        let rule = XSD.iter().find(|rule| rule.0 == parent).unwrap();
        assert!(rule.2.contains(&name.as_str()), "<{name}> in <{parent}>");
    } else {
        assert_eq!(name, "testsuites");
    }
    let mut attributes = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.unwrap();
        let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .unwrap()
            .into_owned();
        assert!(
            allowed.iter().any(|a| a.trim_end_matches('!') == key),
            "<{name} {key}=…> is not in the schema"
        );
        attributes.insert(key, value);
    }
    for required in allowed.iter().filter_map(|a| a.strip_suffix('!')) {
        assert!(attributes.contains_key(required), "<{name}> without {required}");
    }
    attributes
}

#[test]
fn junit_is_what_jenkins_and_gitlab_read() {
    let (_folder, all) = reports();
    let mut reader = Reader::from_str(&all[1]);
    let (mut parents, mut cases, mut counted) = (Vec::<String>::new(), 0, (0, 0));
    let mut sums = BTreeMap::new();
    let mut messages = String::new();
    loop {
        let event = reader.read_event().unwrap();
        let (start, open) = match &event {
            Event::Start(start) => (start, true),
            Event::Empty(start) => (start, false),
            Event::End(_) => {
                parents.pop();
                continue;
            }
            Event::Text(text) => {
                let blank = text.iter().all(u8::is_ascii_whitespace);
                let rule = parents.last().and_then(|p| XSD.iter().find(|rule| rule.0 == p));
                assert!(
                    blank || rule.is_some_and(|rule| rule.2.contains(&"#")),
                    "text in {parents:?}"
                );
                continue;
            }
            Event::Eof => break,
            _ => continue,
        };
        let attributes = check_element(start, &parents);
        let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
        match name.as_str() {
            "testcase" => cases += 1,
            "failure" => counted.0 += 1,
            "error" => counted.1 += 1,
            "testsuites" => sums = attributes.clone(),
            _ => {}
        }
        messages += attributes.get("name").map_or("", String::as_str);
        if open {
            parents.push(name);
        }
    }
    assert!(parents.is_empty());
    let sum = |key: &str| sums[key].parse::<i32>().unwrap();
    assert_eq!(
        (sum("tests"), sum("failures"), sum("errors")),
        (cases, counted.0, counted.1)
    );
    assert!(cases >= 4 && counted.0 == 1 && counted.1 == 2, "{cases} {counted:?}");
    assert!(
        messages.contains("]]> </failure><b>&amp;") && messages.contains("s/a,b:c%<&>\"'#|`x` é.yaml"),
        "{messages}"
    );
}

#[test]
fn tap_has_a_line_for_each_case() {
    let (_folder, all) = reports();
    let tap = &all[5];
    let mut lines = tap.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let plan: usize = lines.next().unwrap().strip_prefix("1..").unwrap().parse().unwrap();
    let points: Vec<&str> = tap
        .lines()
        .filter(|l| l.starts_with("ok ") || l.starts_with("not ok "))
        .collect();
    assert_eq!(points.len(), plan);
    for (n, point) in points.iter().enumerate() {
        let rest = point.trim_start_matches("not ").strip_prefix("ok ").unwrap();
        assert!(rest.starts_with(&format!("{} - ", n + 1)), "{point}");
        // A directive would begin with a `#` that is not escaped.
        assert!(!rest.replace("\\\\", "").replace("\\#", "").contains('#'), "{point}");
    }
    // What stands between `---` and `...` is YAML.
    for block in tap.split("\n  ---\n").skip(1) {
        let block = block.split("\n  ...\n").next().unwrap();
        let value: Result<Value, _> = serde_saphyr::from_str(block);
        assert!(
            value.is_ok_and(|v| v["message"].is_array() && v["severity"].is_string()),
            "{block}"
        );
    }
}

#[test]
fn github_gets_one_command_a_line() {
    let (_folder, all) = reports();
    let github = &all[3];
    assert_eq!(github.lines().count(), 3);
    for line in github.lines() {
        let rest = line
            .strip_prefix("::error ")
            .or_else(|| line.strip_prefix("::warning "))
            .unwrap();
        let (properties, message) = rest.split_once("::").unwrap();
        let names: Vec<&str> = properties.split(',').map(|p| p.split_once('=').unwrap().0).collect();
        assert_eq!(names, ["file", "line", "title"], "{line}");
        assert!(!message.is_empty());
        let percent = rest.split('%').skip(1);
        assert!(
            percent
                .clone()
                .all(|p| ["25", "0A", "0D", "3A", "2C"].contains(&p.get(..2).unwrap_or(""))),
            "{line}"
        );
    }
    assert!(github.contains("file=s/a%2Cb%3Ac%25<&>"), "{github}");
}

#[test]
fn gitlab_has_what_code_quality_needs() {
    let (_folder, all) = reports();
    let found: Vec<Value> = serde_json::from_str(&all[4]).unwrap();
    assert_eq!(found.len(), 3);
    let mut fingerprints: Vec<&str> = Vec::new();
    for one in &found {
        assert!(one["description"].is_string() && one["check_name"].is_string());
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&one["severity"].as_str().unwrap()));
        assert!(one["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
        assert!(!one["location"]["path"].as_str().unwrap().starts_with("./"));
        fingerprints.push(one["fingerprint"].as_str().unwrap());
    }
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 3, "fingerprints are unique");
}

/// It follows the schema of SARIF 2.1.0, and its parts refer to each other.
#[test]
fn sarif_is_whole() {
    let (_folder, all) = reports();
    let log: Value = serde_json::from_str(&all[2]).unwrap();
    let schema = crate::lint::validator("sarif-2.1.0.json");
    assert_eq!(crate::lint::complaints(&schema, &log), Vec::<String>::new());
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules: Vec<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index], result["ruleId"]);
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
        assert!(uri.chars().all(plain), "{uri}");
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
    }
}

#[test]
fn markdown_shows_names_as_they_are() {
    let (_folder, all) = reports();
    let md = &all[6];
    assert!(md.starts_with("## seatrial: not as expected\n"));
    let rows: Vec<&str> = md
        .lines()
        .filter(|l| l.starts_with("| **failed**") || l.starts_with("| open") || l.starts_with("| invalid"))
        .collect();
    assert_eq!(rows.len(), 3);
    for row in rows {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 5, "{row}");
        assert!(!row.contains(" <b>"), "{row}");
    }
    // Blocks of code end where they should: their fences come in pairs.
    let fences = md.lines().filter(|l| l.starts_with("```")).count();
    assert_eq!(fences % 2, 0);
}
