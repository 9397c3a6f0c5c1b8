//! Presets: data that is a plan, each with where it is from.

use seatrial::model::Model;
use seatrial::scenario::presets::{names, presets};
use seatrial::scenario::{Source, load};
use serde_json::Value;

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

/// What a field of the schema means.
fn meaning(of: &Value) -> String {
    let text = of.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The fields of a part of an UpgradePlan, as a table.
fn fields(part: &str) -> String {
    let schema = seatrial::scenario::schema("UpgradePlan").unwrap();
    let properties = schema["$defs"][part]["properties"].as_object().unwrap();
    let rows = properties
        .iter()
        .map(|(name, of)| format!("| `{name}` | {} |\n", meaning(of).replace('|', "\\|")));
    format!("| field | what it says |\n|---|---|\n{}", rows.collect::<String>())
}

fn chapter(preset: &seatrial::scenario::presets::Preset) -> String {
    let mut text = format!("## {}\n\n{}. {}\n\n", preset.name, preset.tool, preset.summary);
    text += "| figure | value | sure | source |\n|---|---|---|---|\n";
    for figure in &preset.figures {
        let value = figure
            .value
            .as_str()
            .map_or_else(|| figure.value.to_string(), str::to_owned);
        let sure = serde_json::to_value(figure.confidence).unwrap();
        let sure = sure.as_str().unwrap().to_owned();
        text += &format!("| `{}` | {value} | {sure} | {} |\n", figure.field, figure.source);
    }
    if !preset.not_simulated.is_empty() {
        text += "\nNot simulated:\n\n";
        for note in &preset.not_simulated {
            text += &format!("* {note}\n");
        }
    }
    text + "\n"
}

const AUTOSCALER: &str = "
## Beside a cluster autoscaler

A new node is empty until the pods of an old one come. A cluster autoscaler removes empty nodes, and so one pulls against the
other ([Azure/AKS#5340](https://github.com/Azure/AKS/issues/5340)). Where the `Cluster` says that there is one, it is played by
the figures of its [FAQ](https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md):

```yaml
apiVersion: seatrial.dev/v1alpha1
kind: Cluster
spec:
  autoscaler:
    scanInterval: 10s
    scaleDownUnneededTime: 10m
    scaleDownUtilizationThreshold: 0.5
    nodeGroups:                      # left out: one of all workers, with as many as there are at least
    - {nodeSelector: {pool: web}, min: 5}
```

While a group has more nodes than its minimum, a node without pods (daemon pods aside) gets the taint
`DeletionCandidateOfClusterAutoscaler:PreferNoSchedule` at the next scan, and at the first scan after more than the unneeded
time it is removed: a taint, five seconds later the machine, then its Node object. A plan that loses its new node so asks for
another one at once, which gets the same name, and deletes no old node before it is there; after ten losses for one node it
goes on without (an assumption). Nodes with the annotation `cluster-autoscaler.kubernetes.io/scale-down-disabled: \"true\"` stay,
and so do all of a pool with `scaleDownDisabled`, as long as it is worked on.

```console
$ seatrial run scenarios/strategies/tug-of-war.yaml
```

Not simulated: nodes with few pods are not emptied, no nodes come for pods that are pending, and the autoscaler itself never
moves or fails. The report lists that under its assumptions.

";

fn document() -> String {
    let mut text = String::from(
        "# Strategies\n\n\
         Every tool that upgrades nodes is a point in one space. Two things tell tools apart more than all others: what happens\n\
         when a drain does not end, and where evicted pods may go. A strategy is `strategy` of an UpgradePlan (for all pools) or of\n\
         one of its pools; `drain` says how nodes are drained. `preset: NAME` fills both in as a tool does unless it is told\n\
         otherwise; what the plan says itself goes before it.\n\n\
         This page is written from the data: `UPDATE_DOCS=1 cargo test presets`. A preset is one file in\n\
         `src/upgrade/presets/`, its name in `src/scenario/presets.rs`, and this page.\n\n\
         ```console\n$ seatrial preset list -q\n$ seatrial preset show kops -q\n\
         $ seatrial plan --preset kops --expand -q\n\
         $ seatrial run scenarios/strategies/pdb-zero.yaml -q\n```\n\n\
         The scenarios in `scenarios/strategies/` show one trait each; what is asserted of them stands in `tests/it/strategies.rs`.\n\n\
         ## strategy\n\n",
    );
    text += &fields("StrategySpec");
    text += "\nPercentages are rounded up unless `rounding` says otherwise; where neither figure leaves room for a node, one goes.\n\
             \n## drain\n\n";
    text += &fields("DrainSpec");
    text += AUTOSCALER;
    for preset in presets() {
        text += &chapter(&preset);
    }
    text.trim_end().to_owned() + "\n"
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how a document is brought up to date")]
fn the_presets_are_the_documented_ones() {
    let path = crate::support::root().join("docs/strategies.md");
    let document = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document,
        "docs/strategies.md is out of date: UPDATE_DOCS=1 cargo test presets"
    );
}
