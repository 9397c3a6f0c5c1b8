//! Formats for other programs: Chrome's trace events, and the trace as docs/trace.md describes it.

use std::collections::{BTreeMap, BTreeSet};

use seatrial::report::perfetto;
use serde_json::Value;

use crate::support::{model, observe, root};

fn events(scenario: &str) -> (Vec<Value>, seatrial::metrics::Report) {
    let (preamble, records, report) = observe(&model(&root().join("scenarios").join(scenario)), 0);
    let text = perfetto::render(&preamble, &records, &report).unwrap();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    (parsed["traceEvents"].as_array().unwrap().clone(), report)
}

type Track = (u64, u64);

/// The members that an event of a phase has, besides those that it may have.
fn members(phase: &str) -> (&'static [&'static str], &'static [&'static str]) {
    match phase {
        "M" => (&["ph", "pid", "name", "args"], &["tid"]),
        "X" => (&["ph", "pid", "tid", "ts", "dur", "name"], &["args"]),
        "C" => (&["ph", "pid", "ts", "name", "args"], &[]),
        "i" => (&["ph", "pid", "tid", "ts", "name", "s"], &[]),
        "s" => (&["ph", "pid", "tid", "ts", "name", "cat", "id"], &[]),
        "f" => (&["ph", "pid", "tid", "ts", "name", "cat", "id", "bp"], &[]),
        other => panic!("phase {other}"),
    }
}

/// Whether slices of a track lie beside or inside each other: a viewer cannot show two that overlap.
fn nested(slices: &[(u64, u64)]) -> bool {
    let mut sorted = slices.to_vec();
    sorted.sort_by_key(|(from, to)| (*from, u64::MAX - to));
    let mut open: Vec<u64> = Vec::new();
    sorted.iter().all(|(from, to)| {
        open.retain(|end| end > from);
        let fits = open.last().is_none_or(|end| to <= end);
        open.push(*to);
        fits
    })
}

/// The rules of the Trace Event Format as Perfetto's importer reads it, for every shipped scenario: known phases with exactly
/// the members that they have, whole microseconds, processes and tracks that are named once and before they are used, slices
/// that nest, counters of numbers in the order of time, and flows with one start and one end that lie inside slices.
#[test]
fn perfetto_traces_are_well_formed() {
    let mut flows_of_all = 0;
    for path in crate::support::files(&root().join("scenarios"), "yaml") {
        if path.to_str().unwrap().contains("/scale/") {
            continue;
        }
        let (preamble, records, report) = observe(&model(&path), 0);
        let end = records.last().unwrap().at.as_micros();
        let text = perfetto::render(&preamble, &records, &report).unwrap();
        let parsed: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed["displayTimeUnit"], "ms");
        let place = path.display();
        let mut named = BTreeSet::new();
        let mut slices: BTreeMap<Track, Vec<(u64, u64)>> = BTreeMap::new();
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        let mut flows: BTreeMap<u64, Vec<(String, Track, u64)>> = BTreeMap::new();
        for event in parsed["traceEvents"].as_array().unwrap() {
            let phase = event["ph"].as_str().unwrap();
            let (must, may) = members(phase);
            let object = event.as_object().unwrap();
            assert!(must.iter().all(|m| object.contains_key(*m)), "{place}: {event}");
            let known = |m: &String| must.contains(&m.as_str()) || may.contains(&m.as_str());
            assert!(object.keys().all(known), "{place}: {event}");
            assert!(!event["name"].as_str().unwrap().is_empty(), "{place}: {event}");
            let number = |name: &str| {
                let number = event[name].as_u64();
                number.unwrap_or_else(|| panic!("{place}: {name} of {event} is no whole number"))
            };
            let track = (
                number("pid"),
                if object.contains_key("tid") { number("tid") } else { 0 },
            );
            if phase != "M" {
                assert!(number("ts") <= end, "{place}: {event} after the end");
                assert!(named.contains(&(track, "name")), "{place}: {event} before its name");
                assert!(
                    named.contains(&((track.0, 0), "name")),
                    "{place}: {event} before its process"
                );
            }
            match phase {
                "M" => {
                    let what = event["name"].as_str().unwrap();
                    let process = what.starts_with("process_");
                    assert_eq!(process, track.1 == 0, "{place}: {event}");
                    let kind = match what.trim_start_matches("process_").trim_start_matches("thread_") {
                        "name" => event["args"]["name"].as_str().map(|_| "name"),
                        "sort_index" => event["args"]["sort_index"].as_u64().map(|_| "order"),
                        other => panic!("{place}: {other}"),
                    };
                    let kind = kind.unwrap_or_else(|| panic!("{place}: {event}"));
                    assert!(named.insert((track, kind)), "{place}: {event} once more");
                }
                "X" => {
                    assert!(number("ts") + number("dur") <= end, "{place}: {event}");
                    let slice = (number("ts"), number("ts") + number("dur"));
                    slices.entry(track).or_default().push(slice);
                }
                "C" => {
                    assert!(event["args"].as_object().unwrap().values().all(Value::is_u64));
                    let before = counted.insert(event["name"].to_string(), number("ts"));
                    assert!(before.is_none_or(|b| b <= number("ts")), "{place}: {event}");
                }
                "i" => assert_eq!(event["s"], "t"),
                _ => flows
                    .entry(number("id"))
                    .or_default()
                    .push((phase.to_owned(), track, number("ts"))),
            }
        }
        for (track, slices) in &slices {
            assert!(nested(slices), "{place}: {track:?} {slices:?}");
        }
        for (id, ends) in &flows {
            let [(start, from, begun), (finish, to, ended)] = &ends[..] else {
                panic!("{place}: flow {id} has {} ends", ends.len());
            };
            assert!(start == "s" && finish == "f" && begun <= ended, "{place}: flow {id}");
            for (track, at) in [(from, begun), (to, ended)] {
                let inside = |slice: &(u64, u64)| (slice.0..=slice.1).contains(at);
                assert!(
                    slices[track].iter().any(inside),
                    "{place}: flow {id} at {at} in no slice"
                );
            }
        }
        flows_of_all += flows.len();
    }
    assert!(flows_of_all > 5, "{flows_of_all} flows");
}

#[test]
fn slices_nest_or_do_not() {
    assert!(nested(&[(0, 10), (10, 12), (2, 5), (5, 10), (3, 3)]));
    assert!(!nested(&[(0, 10), (5, 12)]));
}

#[test]
fn perfetto_shows_nodes_components_and_workloads() {
    let (all, report) = events("textbook/twins.yaml");
    let names: Vec<&str> = all
        .iter()
        .filter(|e| e["name"] == "thread_name")
        .filter_map(|e| e["args"]["name"].as_str())
        .collect();
    for name in [
        "plan",
        "worker-1",
        "worker-2 drain",
        "worker-2 cordoned",
        "kube-apiserver on cp-1",
        "default/web",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let down: Vec<&Value> = all.iter().filter(|e| e["name"] == "down").collect();
    let web = &report.workloads[0];
    assert_eq!(down.len(), 1);
    let [from, to] = web.availability().outages[0];
    assert_eq!(down[0]["ts"].as_f64().unwrap(), (from * 1e6).round());
    assert_eq!(down[0]["dur"].as_f64().unwrap(), ((to - from) * 1e6).round());
    assert_eq!(down[0]["args"]["why"], web.causes[0].why.as_str());
    let least = all
        .iter()
        .filter(|e| e["ph"] == "C" && e["name"] == "default/web")
        .filter_map(|e| e["args"]["ready"].as_u64())
        .min();
    assert_eq!(least, Some(0));
}

/// Variants of an enum or members of a struct of the source: name, members as written, and the comment.
fn items(file: &str, begin: &str) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let body = text.split_once(begin).unwrap_or_else(|| panic!("{begin}")).1;
    let body = body.split_once("\n}\n").unwrap().0;
    let (mut found, mut words, mut open): (Vec<(String, String, String)>, String, bool) =
        (Vec::new(), String::new(), false);
    for line in body.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("/// ") {
            words = format!("{words} {comment}").trim().to_owned();
        } else if open {
            open = line != "},";
            if open {
                let member = line.split(':').next().unwrap();
                let members = &mut found.last_mut().unwrap().1;
                *members = format!("{members} {member}").trim().to_owned();
            }
        } else if !line.is_empty() && !line.starts_with("#[") {
            let name: String = line
                .trim_start_matches("pub ")
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let inside = line.split_once('{').map_or("", |p| p.1);
            open = line.ends_with('{');
            let members: Vec<&str> = inside
                .split(',')
                .filter_map(|m| m.split_once(':'))
                .map(|m| m.0.trim())
                .collect();
            found.push((name, members.join(" "), std::mem::take(&mut words)));
        }
    }
    found
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + &part[..1].to_uppercase() + &part[1..])
}

/// Comments of the code as sentences of a document: links to code become code.
fn plain(words: &str) -> String {
    let mut out = words.to_owned();
    while let Some((before, rest)) = out.split_once("[`")
        && let Some((name, after)) = rest.split_once("`]")
    {
        let after = match after.strip_prefix('(') {
            Some(target) => target.split_once(')').map_or("", |p| p.1),
            None => after,
        };
        out = format!("{before}`\u{1}{}`{after}", name.rsplit("::").next().unwrap());
    }
    out.replace('\u{1}', "").replace('|', "\\|")
}

fn tables() -> (String, String) {
    let row = |(name, members, words): &(String, String, String)| {
        let members: Vec<String> = members.split_whitespace().map(|m| format!("`{}`", camel(m))).collect();
        format!("| `{name}` | {} | {} |\n", members.join(" "), plain(words))
    };
    let facts = items("src/trace/fact.rs", "pub enum Fact {\n");
    let facts: String = facts.iter().map(row).collect();
    let who = items("src/trace/preamble.rs", "pub struct Preamble {\n");
    let who: String = who
        .iter()
        .map(|(name, _, words)| format!("| `{}` | {} |\n", camel(name), plain(words)))
        .collect();
    (
        format!("| member | meaning |\n|---|---|\n{who}"),
        format!("| what | members | meaning |\n|---|---|---|\n{facts}"),
    )
}

/// The document has every fact and every member as the code has them; `UPDATE_DOCS=1` writes the tables anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test is told to write")]
fn the_document_of_the_trace_is_complete() {
    let path = root().join("docs/trace.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (who, facts) = tables();
    let parts: Vec<&str> = text.split("<!-- table -->\n").collect();
    assert_eq!(parts.len(), 5, "two tables, each between two marks");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let parts = [parts[0], &who, parts[2], &facts, parts[4]];
        return std::fs::write(&path, parts.join("<!-- table -->\n")).unwrap();
    }
    assert_eq!(parts[1], who, "UPDATE_DOCS=1 cargo test the_document_of_the_trace");
    assert_eq!(parts[3], facts, "UPDATE_DOCS=1 cargo test the_document_of_the_trace");
    assert!(facts.lines().count() > 70);
}

/// Every line that the document shows is one of the run that it names.
#[test]
fn the_examples_of_the_document_are_real() {
    let text = std::fs::read_to_string(root().join("docs/trace.md")).unwrap();
    let trace = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documented.jsonl");
    let args = [
        "run",
        "scenarios/textbook/twins.yaml",
        "--trace",
        trace.to_str().unwrap(),
    ];
    assert!(crate::support::output(&args).status.success());
    let trace = std::fs::read_to_string(trace).unwrap();
    let lines: BTreeSet<&str> = trace.lines().collect();
    let shown = text.split_once("```json\n").unwrap().1.split_once("```").unwrap().0;
    assert!(shown.lines().count() >= 5);
    for line in shown.lines() {
        assert!(lines.contains(line), "{line}");
    }
}
