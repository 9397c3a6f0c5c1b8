//! Pictures of runs and of trials.

use std::path::Path;

use seatrial::cluster::RunOptions;
use seatrial::ids::{FactId, Id};
use seatrial::report::picture::{self, Timeline};
use seatrial::report::plot::boxes;
use seatrial::study::Trials;
use seatrial::trace::{Observer, TraceReader, TraceWriter};

use crate::support::{files, model, observe, output, root, snapshot};

fn scenario(name: &str) -> std::path::PathBuf {
    root().join("scenarios").join(name)
}

fn nothing_overlaps(svg: &str, what: &Path) {
    let found = boxes(svg);
    assert!(found.len() > 5, "{}: no text", what.display());
    for (n, a) in found.iter().enumerate() {
        assert!(a.room[0] >= 0.0 && a.room[2] <= 900.0, "{}: {a:?}", what.display());
        for b in &found[n + 1..] {
            assert!(!a.overlaps(b), "{}: {a:?} {b:?}", what.display());
        }
    }
}

/// Of every shipped scenario: no text runs into another one, as many workloads are down as the report says, and the
/// picture of a large cluster is no longer than a page.
#[test]
fn pictures_of_all_scenarios_are_legible_and_true() {
    let all = files(&root().join("scenarios"), "yaml");
    for path in all.iter().filter(|path| !path.ends_with("five-thousand.yaml")) {
        let (preamble, records, report) = observe(&model(path), 0);
        let svg = picture::run(&preamble, &records);
        nothing_overlaps(&svg, path);
        let down = |w: &&seatrial::metrics::WorkloadReport| w.availability().downtime_seconds > 0.0;
        let later = preamble.workloads.iter().any(|w| w.created_later);
        let down: Vec<_> = report.workloads.iter().filter(down).collect();
        let said = match &down[..] {
            [] => "no workload was down".to_owned(),
            [one] => format!("{}/{} was down for", one.namespace, one.name),
            many => format!("{} of {} workloads were down", many.len(), report.workloads.len()),
        };
        assert!(later || svg.contains(&said), "{}: {said}", path.display());
        let height = svg.split("height=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(height.parse::<u32>().unwrap() < 1_600, "{}: {height}", path.display());
    }
}

#[test]
fn the_picture_of_a_saved_trace_is_that_of_the_run() {
    let (preamble, records, _) = observe(&model(&scenario("textbook/headless-faults.yaml")), 0);
    let mut writer = TraceWriter::new(Vec::new(), &preamble).unwrap();
    for (n, record) in records.iter().enumerate() {
        writer.observe(FactId::from_index(n), record);
    }
    let text = writer.finish().unwrap();
    let mut reader = TraceReader::new(&text[..]).unwrap();
    let saved = reader.preamble().clone();
    let mut timeline = Timeline::new(&saved);
    reader.replay(&mut timeline).unwrap();
    assert_eq!(timeline.draw(), picture::run(&preamble, &records));
}

/// The picture of the README is what its command draws; `UPDATE_DOCS=1` writes it.
#[test]
#[expect(clippy::disallowed_methods, reason = "whoever wants the picture written says so")]
fn the_picture_of_the_readme_is_true() {
    let (preamble, records, _) = observe(&model(&scenario("textbook/hello-upgrade.yaml")), 0);
    let svg = picture::run(&preamble, &records);
    let path = root().join("docs/hello-upgrade.svg");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &svg).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).is_ok_and(|old| old == svg),
        "UPDATE_DOCS=1 cargo test pictures"
    );
}

#[test]
fn a_small_run_and_its_trials_look_like_this() {
    let model = model(&scenario("textbook/twins.yaml"));
    let (preamble, records, _) = observe(&model, 0);
    snapshot!("picture-twins", picture::run(&preamble, &records));
    let study = Trials::new(&model, 20).options(RunOptions::default()).run().unwrap();
    let svg = picture::trials(&study);
    nothing_overlaps(&svg, Path::new("trials"));
    snapshot!("picture-twins-trials", svg);
}

#[test]
fn reports_are_written_whole_or_not_at_all() {
    let folder = std::env::temp_dir().join(format!("seatrial-pictures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str| format!("svg={}", folder.join(name).display());
    let twins = "scenarios/textbook/twins.yaml";
    let ran = output(&["run", twins, "-q", "--report", &file("run.svg")]);
    assert_eq!(ran.status.code(), Some(0));
    let ran = output(&["run", twins, "-q", "--trials", "3", "--report", &file("trials.svg")]);
    assert_eq!(ran.status.code(), Some(0));
    let both = format!("{},{}", file("good.svg"), file("no/folder.svg"));
    let ran = output(&["run", twins, "--report", &both]);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("there is no folder"), "{said}");
    let ran = output(&["run", twins, "--report", "png=a.png"]);
    assert_eq!(ran.status.code(), Some(2));
    let mut written: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    written.sort();
    assert_eq!(written, ["run.svg", "trials.svg"]);
    std::fs::remove_dir_all(&folder).unwrap();
}
