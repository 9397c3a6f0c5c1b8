//! Presets: data that is a plan, each with where it is from.

use seatrial::model::Model;
use seatrial::scenario::presets::{names, presets};
use seatrial::scenario::{Source, load};

use crate::support::{observe, output};

const CLUSTER: &str = "apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec: {version: v1.35.4, nodePools: [{name: worker, replicas: 4, zones: [a, b]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 5
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: web}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
";

fn plan(spec: &str) -> String {
    format!("{CLUSTER}apiVersion: seatrial.dev/v1alpha1\nkind: UpgradePlan\nspec: {{{spec}}}\n")
}

fn of(text: &str) -> Model {
    load(&[Source::new("plan.yaml", text)])
        .unwrap_or_else(|e| panic!("{e}"))
        .model
}

fn expansion(args: &[&str]) -> String {
    let ran = output(args);
    assert!(
        ran.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// A preset and the plan that `--expand` prints for it are the same plan, with the same results.
#[test]
fn an_expansion_is_what_its_preset_stands_for() {
    for name in names() {
        let short = of(&plan(&format!("preset: {name}")));
        let written = expansion(&["plan", "--preset", name, "--expand"]);
        let mut long = of(&format!("{CLUSTER}{written}"));
        let (a, b) = (short.plan.as_ref().unwrap(), long.plan.as_mut().unwrap());
        b.name.clone_from(&a.name);
        assert_eq!(format!("{a:?}"), format!("{b:?}"), "{name}");
        assert_eq!(observe(&short, 7).1, observe(&long, 7).1, "{name}");
    }
}

/// The plan's own fields override those of its preset, a pool's those of the plan.
#[test]
fn what_a_plan_says_itself_goes_before_its_preset() {
    let own = of(&plan(
        "preset: kops, strategy: {maxSurge: 2}, drain: {timeout: 3m}, pools: [{name: a, strategy: {maxSurge: 3}}]",
    ));
    let plan = own.plan.unwrap();
    let strategy = &plan.pools[0].strategy;
    assert_eq!(strategy.max_surge.round_up(10), 3);
    assert_eq!(strategy.premark, seatrial::model::Premark::PreferNoSchedule);
    assert_eq!(plan.drain.timeout.unwrap().as_micros(), 180_000_000);
    assert!(plan.drain.force);
}

/// A scenario's versions and pools stay; how it drains and in which batches is the preset's.
#[test]
fn a_scenario_expands_under_another_preset() {
    let file = "scenarios/textbook/hello-upgrade.yaml";
    let text = expansion(&["plan", file, "--preset", "gardener", "--expand"]);
    assert!(
        text.contains("targetVersion: v1.36.2") && text.contains("timeout: 2h"),
        "{text}"
    );
    let own = expansion(&["plan", file, "--expand"]);
    assert!(!own.contains("2h") && own.contains("kind: UpgradePlan"), "{own}");
}

#[test]
fn unknown_presets_are_refused_with_the_nearest_name() {
    let text = plan("preset: gardner");
    let error = load(&[Source::new("plan.yaml", text)]).unwrap_err().to_string();
    assert!(
        error.contains("there is no preset `gardner`; did you mean `gardener`?"),
        "{error}"
    );
    for args in [
        &["preset", "show", "koops"][..],
        &["plan", "--preset", "koops", "--expand"],
    ] {
        let ran = output(args);
        assert_eq!(ran.status.code(), Some(2));
        let talk = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(talk.contains("did you mean `kops`?"), "{talk}");
    }
}

/// Every preset can be shown, and says what it does not do.
#[test]
fn presets_are_listed_and_shown() {
    let list = String::from_utf8(output(&["preset", "list"]).stdout).unwrap();
    assert_eq!(list.lines().count(), presets().len());
    for preset in presets() {
        assert!(list.contains(&preset.name));
        let shown = String::from_utf8(output(&["preset", "show", &preset.name]).stdout).unwrap();
        assert!(shown.lines().all(|l| l.chars().count() <= 100), "{shown}");
        for figure in &preset.figures {
            assert!(shown.contains(&figure.field), "{shown}");
        }
    }
}
