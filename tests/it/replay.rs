//! The page that plays a run, without a browser: what is in it, and what must not be.

use std::path::PathBuf;

use seatrial::metrics::Metrics;
use seatrial::report::html::render;
use seatrial::trace::{Preamble, Record};

use crate::support::{files, model, observe, output, root};

/// What the page may weigh without the data of the run.
const LARGEST: usize = 400_000;

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("replay");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn page(scenario: &str) -> (Preamble, Vec<Record>, String) {
    let (preamble, records, report) = observe(&model(&root().join("scenarios").join(scenario)), 0);
    let page = render(&preamble, &records, &report).unwrap();
    (preamble, records, page)
}

/// The embedded data, as text.
fn data(page: &str) -> &str {
    let after = page
        .split_once(r#"<script type="application/json" id="data">"#)
        .unwrap()
        .1;
    after.split_once("</script>").unwrap().0
}

#[test]
fn a_saved_trace_gives_the_same_page_byte_for_byte() {
    for name in ["textbook/twins", "textbook/headless-faults", "versions/double-hop"] {
        let stem = name.split_once('/').unwrap().1;
        let [live, trace, again] =
            ["live.html", "trace.jsonl", "again.html"].map(|end| scratch(&format!("{stem}-{end}")));
        let scenario = format!("scenarios/{name}.yaml");
        let report = format!("html={}", live.display());
        let run = [
            "run",
            &scenario,
            "--trace",
            trace.to_str().unwrap(),
            "--report",
            &report,
            "-o",
            "json",
        ];
        let first = output(&run);
        assert!(live.exists(), "{}", String::from_utf8_lossy(&first.stderr));
        let report = format!("html={}", again.display());
        let second = output(&["replay", trace.to_str().unwrap(), "--report", &report, "-o", "json"]);
        assert_eq!(first.stdout, second.stdout, "{name}: the printed report");
        assert_eq!(first.status.code(), second.status.code());
        assert!(std::fs::read(live).unwrap() == std::fs::read(again).unwrap(), "{name}");
    }
}

#[test]
fn a_trace_that_is_none_is_refused() {
    let broken = scratch("broken.jsonl");
    std::fs::write(&broken, "{}\n").unwrap();
    for (path, words) in [(broken.to_str().unwrap(), "line 1"), ("no/such.jsonl", "no such file")] {
        let ran = output(&["replay", path]);
        let talk = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(ran.status.code(), Some(2), "{talk}");
        assert!(talk.contains(words), "{talk}");
    }
    let wrong = output(&["run", "scenarios/textbook/twins.yaml", "--report", "htm=x"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean `html`?"));
}

#[test]
fn the_page_is_small_and_reaches_for_nothing() {
    for path in files(&root().join("scenarios"), "yaml") {
        if path.ends_with("five-thousand.yaml") {
            continue;
        }
        let (preamble, records, report) = observe(&model(&path), 0);
        let page = render(&preamble, &records, &report).unwrap();
        let rest = page.replace(data(&page), "");
        let story = rest.split_once("<pre").unwrap().1.split_once("</pre>").unwrap().0;
        let weight = rest.len() - story.len();
        assert!(weight < LARGEST, "{}: {weight} bytes", path.display());
        // The name of SVG is no reference: nothing is loaded by it.
        let rest = rest.replace("http://www.w3.org/2000/svg", "");
        for word in [
            "http:",
            "https:",
            "//cdn",
            "@import",
            "url(",
            "fetch(",
            "XMLHttpRequest",
            "WebSocket",
            "<link rel=\"style",
            "src=",
        ] {
            assert!(!rest.contains(word), "{}: {word}", path.display());
        }
        assert!(rest.contains("default-src 'none'"));
    }
}

/// What is said with scripts is there without them.
#[test]
fn the_page_is_readable_without_scripts() {
    let (_, _, page) = page("textbook/twins.yaml");
    let start = page.find("<script").unwrap();
    let plain = &page[..start];
    for words in [
        "<h1>twins</h1>",
        "Completed after 78.0 s",
        "default/web 4.2 s",
        "both replicas were on worker-2 (no spread constraint, no budget): draining it evicted them at 40.5 s",
        "What helps: add a PodDisruptionBudget with minAvailable 1",
        "<th scope=\"row\">default/web</th><td>Deployment</td><td class=\"number\">0/2</td>",
        "<th scope=\"row\">worker-1</th>",
        "The run as a story",
        "default/web is DOWN: no replica is ready",
        "id=\"replay\" aria-label=\"Replay\" hidden",
    ] {
        assert!(plain.contains(words), "{words}");
    }
}

#[test]
fn hostile_names_stay_names() {
    let hostile = "</script><script>alert(1)</script><img src=x onerror='alert(2)'>{{data}}";
    let (mut preamble, records, _) = page("textbook/twins.yaml");
    preamble.plan = Some(hostile.into());
    preamble.nodes[1].name = hostile.into();
    preamble.nodes[2].pool = Some(hostile.into());
    preamble.workloads[0].name = hostile.into();
    preamble.replica_sets[0].name = format!("{hostile} \u{2028}");
    preamble.versions[0] = hostile.into();
    preamble.assumptions = vec![hostile.into()];
    let mut metrics = Metrics::new(&preamble);
    for (i, record) in records.iter().enumerate() {
        use seatrial::ids::Id;
        seatrial::trace::Observer::observe(&mut metrics, seatrial::ids::FactId::from_index(i), record);
    }
    let report = metrics.finish(records.last().unwrap().at);
    let page = render(&preamble, &records, &report).unwrap();
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<img") && !page.contains("alert(1)</script>"));
    let parsed: serde_json::Value = serde_json::from_str(data(&page)).unwrap();
    assert_eq!(parsed["nodes"]["names"][1], hostile);
    assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)"));
}

/// Every kind of fact has words for the page.
#[test]
fn every_fact_has_words() {
    let facts = std::fs::read_to_string(root().join("src/trace/fact.rs")).unwrap();
    let body = facts
        .split_once("pub enum Fact {\n")
        .unwrap()
        .1
        .split_once("\n}\n")
        .unwrap()
        .0;
    let names = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|l| l.starts_with(char::is_uppercase));
    let words = std::fs::read_to_string(root().join("src/report/html/facts.rs")).unwrap();
    let mut count = 0;
    for name in names.map(|l| l.split([' ', ',']).next().unwrap()) {
        count += 1;
        assert!(words.contains(&format!("\"{name}\"")), "{name}");
    }
    assert!(count > 60, "{count}");
}

/// At 5,000 nodes pods are counted, not drawn, and the data stays small enough for a browser.
#[test]
fn with_very_many_pods_nodes_are_told_and_pods_counted() {
    let text = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.35.4, nodePools: [{name: worker, \
                replicas: 450, zones: [a, b]}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  \
                replicas: 8000\n  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: \
                {containers: [{name: main, image: web}]}}\n---\napiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\n\
                metadata: {name: large}\nspec: {controlPlane: {upgrade: false}, pools: [{name: all, strategy: \
                {maxUnavailable: 25%}}]}\n";
    let scenario = scratch("large.yaml");
    std::fs::write(&scenario, text).unwrap();
    let (preamble, records, report) = observe(&model(&scenario), 0);
    let page = render(&preamble, &records, &report).unwrap();
    let parsed: serde_json::Value = serde_json::from_str(data(&page)).unwrap();
    assert_eq!(parsed["whole"], false);
    let kinds: Vec<&str> = parsed["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|k| k[0].as_str().unwrap())
        .collect();
    assert!(
        kinds.contains(&"NodePods") && kinds.contains(&"DrainStarted"),
        "{kinds:?}"
    );
    assert!(
        !kinds.iter().any(|k| k.starts_with("Pod") || k.starts_with("Eviction")),
        "{kinds:?}"
    );
    assert_eq!(parsed["podTails"], "");
    assert!(data(&page).len() < 600_000, "{}", data(&page).len());
}

/// Numbers as LEB128 in base64.
fn numbers(text: &str) -> Vec<u64> {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let mut all = Vec::new();
    let mut number = (0, 0);
    for byte in bytes {
        number = (number.0 | u64::from(byte & 127) << number.1, number.1 + 7);
        if byte < 128 {
            all.push(number.0);
            number = (0, 0);
        }
    }
    all
}

/// The strips say what the report says: a workload has no ready replica for as long as it is down, and some but not all for as
/// long as it is degraded, in every shipped scenario.
#[test]
fn strips_say_what_the_report_says() {
    for path in files(&root().join("scenarios"), "yaml") {
        if path.to_str().unwrap().contains("/scale/") {
            continue;
        }
        let (preamble, records, report) = observe(&model(&path), 0);
        let page = render(&preamble, &records, &report).unwrap();
        let parsed: serde_json::Value = serde_json::from_str(data(&page)).unwrap();
        let end = parsed["end"].as_u64().unwrap();
        let fixed = preamble.workloads.iter().zip(&report.workloads).enumerate();
        for (n, (_, workload)) in fixed.filter(|(_, (info, _))| !info.created_later) {
            let series = numbers(parsed["workloads"][n]["ready"].as_str().unwrap());
            let desired = u64::from(workload.desired);
            let [mut at, mut ready, mut none, mut some] = [0, 0, 0, 0];
            for change in series.chunks(2).chain([&[u64::MAX, 0][..]]) {
                let next = end.min(at + change[0].min(end));
                match ready {
                    0 if desired > 0 => none += next - at,
                    _ if ready < desired => some += next - at,
                    _ => {}
                }
                [at, ready] = [next, change[1]];
            }
            let said = workload.availability();
            // Times are rounded to milliseconds.
            let slack = 0.002 * (series.len() + 1) as f64;
            let found = [none, some].map(|ms| ms as f64 / 1000.0);
            assert!(
                (found[0] - said.downtime_seconds).abs() < slack && (found[1] - said.degraded_seconds).abs() < slack,
                "{}: {}: {found:?} but {} and {}",
                path.display(),
                workload.full_name(),
                said.downtime_seconds,
                said.degraded_seconds
            );
        }
    }
}

/// The page of two strategies: the same bytes whenever it is written, readable without scripts, and it shows the runs of the
/// two that were asked for.
#[test]
fn two_strategies_on_one_page() {
    let write = |name: &str, more: &[&str]| {
        let path = scratch(name);
        let report = format!("html={}", path.display());
        let start = [
            "compare",
            "scenarios/textbook/twins.yaml",
            "--preset",
            "kubeadm,gke-surge",
            "--trials",
            "2",
            "--no-advice",
            "-q",
            "--report",
            &report,
        ];
        let ran = output(&[&start[..], more].concat());
        (
            ran.status.code(),
            String::from_utf8_lossy(&ran.stderr).into_owned(),
            path,
        )
    };
    let (code, talk, path) = write("pair.html", &[]);
    assert_eq!(code, Some(0), "{talk}");
    let page = std::fs::read_to_string(&path).unwrap();
    let plain = page.split("<script").next().unwrap();
    for words in [
        "twins <span class=\"soft\">and</span> gke-surge",
        "126.5 s shorter in A",
        "<details class=\"whole\"><summary>The report of B, gke-surge</summary>",
        "Workloads of both",
    ] {
        assert!(plain.contains(words), "{words}");
    }
    assert!(page.contains("\"name\":\"gke-surge\"") && page.contains("default-src 'none'"));
    let (_, _, again) = write("pair-again.html", &["-j", "1", "--replay", "twins,gke-surge"]);
    assert!(page == std::fs::read_to_string(again).unwrap());

    for (more, words) in [
        (&["--replay", "twins"][..], "takes two names"),
        (&["--replay", "twins,twins"], "these are the same"),
        (
            &["--replay", "twins,kops"],
            "--replay kops: no strategy has this name; strategies are twins, kubeadm, gke-surge",
        ),
    ] {
        let (code, talk, path) = write("wrong.html", more);
        assert!(code == Some(2) && talk.contains(words), "{talk}");
        assert!(!path.exists());
    }
    let html = format!("html={}", scratch("wrong.html").display());
    for (more, words) in [
        (&["--report", html.as_str()][..], "add --preset all"),
        (
            &["--preset", "kops", "--replay", "twins,kops"],
            "what --report html=FILE shows",
        ),
    ] {
        let ran = output(&[&["compare", "scenarios/textbook/twins.yaml", "-q"], more].concat());
        let talk = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.code() == Some(2) && talk.contains(words), "{talk}");
    }
}
