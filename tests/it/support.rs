//! What the tests share.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use seatrial::cluster::{RunOptions, preamble, run};
use seatrial::metrics::{Metrics, Report};
use seatrial::model::Model;
use seatrial::scenario::{inputs_of, load_inputs};
use seatrial::trace::{Preamble, Record};

/// The folder of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files of a folder with an ending, sorted.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The model of a scenario file of the project.
pub(crate) fn model(path: &Path) -> Model {
    let mut nothing = std::io::empty();
    let inputs = inputs_of(&[path.to_owned()], &mut nothing).unwrap();
    load_inputs(inputs).unwrap_or_else(|e| panic!("{e}")).model
}

/// A run with everything that was observed.
pub(crate) fn observe(model: &Model, seed: u64) -> (Preamble, Vec<Record>, Report) {
    let options = RunOptions {
        seed,
        ..RunOptions::default()
    };
    let preamble = preamble(model, &options);
    let mut observers = (Metrics::new(&preamble), Vec::new());
    let cost = run(model, &options, &mut observers);
    let (metrics, records) = observers;
    let report = metrics.finish(cost.end);
    (preamble, records, report)
}

/// The command, in the project's folder, without colours from the environment.
pub(crate) fn seatrial(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    command
        .current_dir(root())
        .args(args)
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    command
}

/// What the command did.
pub(crate) fn output(args: &[&str]) -> Output {
    seatrial(args).output().unwrap()
}

/// The same with a text on standard input.
pub(crate) fn piped(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = seatrial(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let text = stdin.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(&text));
    let output = child.wait_with_output().unwrap();
    // A command that refuses its input early closes the pipe.
    let _ = writer.join().unwrap();
    output
}

/// How many trials are asked for where [`interrupted`] does not let them come to an end.
#[cfg(unix)]
pub(crate) const ENDLESS: u64 = 100_000_000;

/// What a command did that plays [`ENDLESS`] trials on one thread and gets a signal as soon as it listens: its exit code, what it
/// said on stderr after that, and its JSON.
#[cfg(unix)]
pub(crate) fn interrupted(args: &[&str], signal: &str) -> (Option<i32>, String, serde_json::Value) {
    use std::io::{BufRead, BufReader, Read};
    let mut child = seatrial(args)
        .args(["--trials", &ENDLESS.to_string(), "-j", "1", "-o", "json", "-v"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    // It listens for Ctrl-C when it says so.
    said.read_line(&mut line).unwrap();
    assert!(line.contains(&format!("{ENDLESS} trials")), "{line}");
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let ran = child.wait_with_output().unwrap();
    let json = serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {rest}"));
    (ran.status.code(), rest, json)
}

/// Compares with a file in `snapshots/`.
macro_rules! snapshot {
    ($name:expr, $value:expr) => {{
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!($name, $value));
    }};
}
pub(crate) use snapshot;
