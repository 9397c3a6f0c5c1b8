//! The documents are true: every command in them is run, and what they show of its output is its output.

use crate::support::{files, output, piped, root};

/// Commands that are not run here, each for a reason.
const NOT_RUN: [(&str, &str); 5] = [
    ("cargo test", "this is it"),
    ("cargo bench", "takes minutes; CI runs it as a smoke test"),
    ("kubectl ", "needs a cluster"),
    ("bash .ci/run", "runs this test"),
    ("cargo install", "installs"),
];

/// A command of a document and the output that is shown below it.
struct Shown {
    place: String,
    command: String,
    output: String,
}

fn shown() -> Vec<Shown> {
    let mut documents = files(&root().join("docs"), "md");
    documents.push(root().join("README.md"));
    let mut all = Vec::new();
    for path in documents {
        let text = std::fs::read_to_string(&path).unwrap();
        for block in text
            .split("\n```")
            .collect::<Vec<_>>()
            .chunks(2)
            .filter_map(|c| c.get(1))
        {
            let Some(block) = block.strip_prefix("console\n") else {
                let language = block.lines().next().unwrap_or_default();
                assert!(
                    !["sh", "bash", "shell"].contains(&language),
                    "{}: commands are shown as `console`, with `$` before them",
                    path.display()
                );
                continue;
            };
            for part in format!("\n{block}").split("\n$ ").skip(1) {
                let (command, output) = part.split_once('\n').unwrap_or((part, ""));
                all.push(Shown {
                    place: path.display().to_string(),
                    command: command.to_owned(),
                    output: output.to_owned(),
                });
            }
        }
    }
    all
}

/// Whether a word names a file that a command of the documents writes or reads again.
fn is_file(word: &str) -> bool {
    let endings = [".xml", ".sarif", ".json", ".jsonl", ".html", ".svg", ".md", ".yaml"];
    !word.contains('/') && endings.iter().any(|end| word.ends_with(end))
}

#[test]
fn every_command_of_the_documents_runs() {
    let shown = shown();
    assert!(shown.len() >= 4, "the documents show no commands");
    let scratch = std::env::temp_dir().join(format!("seatrial-docs-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    for Shown {
        place,
        command,
        output: expected,
    } in shown
    {
        if NOT_RUN.iter().any(|(start, _)| command.starts_with(start)) {
            continue;
        }
        let args = command
            .strip_prefix("cargo run --release -- ")
            .or_else(|| command.strip_prefix("seatrial "))
            .unwrap_or_else(|| panic!("{place}: what is `{command}`?"));
        // Files that commands write go to a folder of their own.
        let place_of = |word: &str| {
            let files = word.split(',').map(|part| match part.split_once('=') {
                Some((kind, file)) if is_file(file) => format!("{kind}={}/{file}", scratch.display()),
                None if is_file(part) => format!("{}/{part}", scratch.display()),
                _ => part.to_owned(),
            });
            files.collect::<Vec<_>>().join(",")
        };
        let args: Vec<String> = args.split_whitespace().map(place_of).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = output(&args);
        let code = ran.status.code().unwrap();
        assert!([0, 5].contains(&code), "{place}: `{command}` ended with {code}");
        if !expected.trim().is_empty() {
            let stdout = String::from_utf8_lossy(&ran.stdout);
            assert_eq!(expected.trim_end(), stdout.trim_end(), "{place}: `{command}`");
        }
    }
    std::fs::remove_dir_all(&scratch).unwrap();
}

/// The plan of the README fits a dump that has what it names.
#[test]
fn the_plan_of_the_readme_is_a_good_plan() {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let plan = text.split("\n```yaml\n").nth(1).unwrap().split("\n```").next().unwrap();
    let cluster = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.35.4, nodePools: [{name: worker, \
                   replicas: 2}]}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout, namespace: \
                   shop}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: checkout}}\n  template: {metadata: \
                   {labels: {app: checkout}}, spec: {containers: [{name: main, image: checkout}]}}\n---\n";
    let ran = piped(&["run", "-", "-o", "json"], format!("{cluster}{plan}\n").as_bytes());
    let talk = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(0), "{talk}");
}
