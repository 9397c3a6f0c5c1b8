//! `seatrial init` writes what `seatrial run` takes.

use std::path::PathBuf;

use crate::support::{output, piped, snapshot};

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("seatrial-init-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(args: &[&str]) -> String {
    let ran = output(args);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn the_example_is_whole_and_follows_the_schema() {
    let example = text(&["init", "--file", "-"]);
    snapshot!("init-example", example);
    for document in serde_saphyr::from_multiple::<serde_json::Value>(&example).unwrap() {
        assert_eq!(super::schemas::mistakes(&document), [""; 0]);
    }
    let ran = piped(&["run", "-", "--trials", "20", "-o", "json"], example.as_bytes());
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn the_plan_for_a_dump_rehearses_it() {
    let scratch = Scratch::new("dump");
    let (cluster, plan) = ("tests/init/gke.json", scratch.file("upgrade.yaml"));
    snapshot!("init-gke", text(&["init", cluster, "--file", "-"]));
    let ran = output(&["init", cluster, "--file", &plan]);
    assert!(ran.status.success());
    let talk = String::from_utf8_lossy(&ran.stderr);
    assert!(talk.contains(&format!("seatrial run {cluster} {plan}")), "{talk}");
    let written = std::fs::read_to_string(&plan).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text(&["run", cluster, &plan, "-o", "json"])).unwrap();
    assert_eq!(report["outcome"]["status"], "Completed");
    assert_eq!(report["versions"]["to"], "v1.36.5");
    // A second time it would be lost work.
    assert_eq!(output(&["init", cluster, "--file", &plan]).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&plan).unwrap(), written);
    assert!(
        output(&["init", cluster, "--file", &plan, "--force", "--to", "v1.35.6"])
            .status
            .success()
    );
    assert!(
        std::fs::read_to_string(&plan)
            .unwrap()
            .contains("targetVersion: v1.35.6\n")
    );
}

#[test]
fn what_cannot_be_begun_is_refused() {
    let twins = "scenarios/textbook/twins.yaml";
    for (args, word) in [
        (&["init", twins, "--file", "-"][..], "UpgradePlan"),
        (&["init", "--file", "-", "--preset", "gke-surg"], "gke-surge"),
        (&["init", "no-such.yaml", "--file", "-"], "no-such.yaml"),
        (&["init", "--file", "-", "--to", "soon"], "soon"),
    ] {
        let ran = output(args);
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
        let talk = String::from_utf8_lossy(&ran.stderr);
        assert!(talk.contains(word) && ran.stdout.is_empty(), "{args:?}: {talk}");
    }
}
