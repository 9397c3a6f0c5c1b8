//! The pipelines of `docs/ci.md` and the action are run, step by step, as shell.

use std::process::Command;

use crate::suites::{Folder, scenario, without};
use crate::support::root;

/// What makes `seatrial` there; here it is there already.
const INSTALL: &str = "cargo install";

fn blocks(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/ci.md")).unwrap();
    let start = format!("\n```{language}\n");
    let all = text.split(&start).skip(1);
    all.map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

/// The commands after a key: on its line, or in the block below it.
fn commands(text: &str, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (n, line) in lines.iter().enumerate() {
        let Some(rest) = line.trim_start().trim_start_matches("- ").strip_prefix(key) else {
            continue;
        };
        if rest.trim() != "|" {
            found.push(rest.trim().to_owned());
            continue;
        }
        let indent = |l: &str| l.len() - l.trim_start().len();
        let inside = lines[n + 1..]
            .iter()
            .take_while(|l| l.trim().is_empty() || indent(l) > indent(line));
        found.push(inside.map(|l| format!("{}\n", l.trim_start())).collect());
    }
    found
}

struct Runner(Folder);

impl Runner {
    /// A checkout with good plans, or with one whose budget is gone.
    fn new(name: &str, good: bool) -> Self {
        let folder = Folder::new(name);
        let whole = scenario("twins-with-budget");
        let plan = if good {
            whole
        } else {
            without(&whole, "PodDisruptionBudget")
        };
        folder.write("plans/twins.yaml", &plan);
        folder.write("plans/single.yaml", &scenario("single-replica"));
        Self(folder)
    }

    #[expect(clippy::disallowed_methods, reason = "a runner has programs on its path")]
    /// Runs a step as a runner does: `bash -e`; its exit code and output.
    fn step(&self, command: &str, env: &[(&str, &str)]) -> (i32, String) {
        if command.starts_with(INSTALL) {
            return (0, String::new());
        }
        let bin = std::path::Path::new(env!("CARGO_BIN_EXE_seatrial")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let ran = Command::new("bash")
            .args(["-e", "-c", command])
            .current_dir(&self.0.0)
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("GITHUB_STEP_SUMMARY", self.0.0.join("step-summary.md"))
            .envs(env.iter().copied())
            .output()
            .unwrap();
        let out = format!(
            "{}{}",
            String::from_utf8_lossy(&ran.stdout),
            String::from_utf8_lossy(&ran.stderr)
        );
        (ran.status.code().unwrap(), out)
    }
}

/// Good plans pass every step; a plan whose budget is gone fails, the steps that always run still run, and files are there.
#[test]
fn the_steps_for_github_run() {
    for (good, expected) in [(true, 0), (false, 4)] {
        let runner = Runner::new(&format!("github-{good}"), good);
        let steps = commands(&blocks("yaml")[0], "run:");
        assert_eq!(steps.len(), 3);
        let codes: Vec<(i32, String)> = steps.iter().map(|step| runner.step(step, &[])).collect();
        assert_eq!(
            codes.iter().map(|c| c.0).collect::<Vec<_>>(),
            [0, expected, 0],
            "{codes:?}"
        );
        assert_eq!(
            codes[1].1.contains("::error file=plans/twins.yaml,line="),
            !good,
            "{}",
            codes[1].1
        );
        assert!(runner.0.read("step-summary.md").starts_with("## seatrial: "));
        assert!(
            runner.0.read("seatrial.sarif").contains("2.1.0") && runner.0.read("junit.xml").contains("<testsuites")
        );
    }
}

#[test]
fn the_shards_for_github_share_the_suite() {
    let runner = Runner::new("github-shards", true);
    let step = commands(&blocks("yaml")[1], "run:").pop().unwrap();
    let ran: Vec<(i32, String)> = ["0", "1"]
        .iter()
        .map(|shard| runner.step(&step.replace("${{ matrix.shard }}", shard), &[]))
        .collect();
    assert!(
        ran.iter().all(|(code, out)| *code == 0 && out.contains("1 scenario,")),
        "{ran:?}"
    );
}

#[test]
fn the_action_runs() {
    let action = std::fs::read_to_string(root().join("action.yml")).unwrap();
    let steps = commands(&action, "run:");
    assert_eq!(steps.len(), 2);
    assert!(steps[0].starts_with(INSTALL));
    for (good, expected) in [(true, 0), (false, 4)] {
        let runner = Runner::new(&format!("action-{good}"), good);
        let (code, out) = runner.step(&steps[1], &[("PATHS", "plans/"), ("WITH", ""), ("ARGS", "--seed 0")]);
        assert_eq!(code, expected, "{out}");
        assert!(runner.0.read("step-summary.md").starts_with("## seatrial: "));
        assert!(runner.0.read("seatrial-junit.xml").contains("plans/twins.yaml"));
    }
}

#[test]
fn the_steps_for_gitlab_and_jenkins_run() {
    let gitlab = blocks("yaml").into_iter().find(|b| b.contains("script:")).unwrap();
    let script = gitlab
        .split("script:\n")
        .nth(1)
        .unwrap()
        .split("  artifacts:")
        .next()
        .unwrap();
    let jenkins = blocks("groovy").pop().unwrap();
    let gitlab: Vec<String> = script
        .lines()
        .map(|l| l.trim().trim_start_matches("- ").to_owned())
        .collect();
    let jenkins: Vec<String> = commands(&jenkins, "sh ")
        .iter()
        .map(|c| c.trim_matches('\'').to_owned())
        .collect();
    for (name, steps, file) in [
        ("gitlab", gitlab, "gl-code-quality-report.json"),
        ("jenkins", jenkins, "seatrial.tap"),
    ] {
        assert_eq!(steps.len(), 2, "{name}");
        for (good, expected) in [(true, 0), (false, 4)] {
            let runner = Runner::new(&format!("{name}-{good}"), good);
            let codes: Vec<i32> = steps.iter().map(|step| runner.step(step, &[]).0).collect();
            assert_eq!(codes, [0, expected], "{name}");
            assert!(!runner.0.read(file).is_empty() && runner.0.read("junit.xml").contains("testcase"));
        }
    }
}

#[test]
fn the_hook_runs() {
    let hook = blocks("yaml").into_iter().find(|b| b.contains("entry:")).unwrap();
    let entry = commands(&hook, "entry:").pop().unwrap();
    assert_eq!(Runner::new("hook-good", true).step(&entry, &[]).0, 0);
    assert_eq!(Runner::new("hook-bad", false).step(&entry, &[]).0, 4);
}

/// All of them are YAML.
#[test]
fn the_pipelines_are_yaml() {
    let action = std::fs::read_to_string(root().join("action.yml")).unwrap();
    for text in blocks("yaml").iter().chain([&action]) {
        let value: Result<serde_json::Value, _> = serde_saphyr::from_str(text);
        assert!(value.is_ok_and(|v| v.is_object()), "{text}");
    }
}
