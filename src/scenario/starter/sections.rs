//! The documents, one after the other.

use std::collections::BTreeMap;

use super::{Choice, presets};
use crate::model::{Model, Workload, WorkloadKind};
use crate::scenario::own::API_VERSION;
use crate::units::Span;

/// What is assumed unless it is written down.
const TIMINGS: &str = include_str!("timings.yaml");

/// So many workloads are listed.
const LISTED: usize = 40;

/// The plan.
pub(super) fn plan(model: &Model, choice: &Choice<'_>) -> String {
    let mut text = begin("UpgradePlan", "What is done, and in which order.");
    text += "metadata: {name: upgrade}\nspec:\n";
    let why = match &choice.origin {
        Some(origin) if origin.preset == choice.preset => format!("the nodes have the label {}", origin.label),
        _ => "how a tool goes about it".to_owned(),
    };
    text += &format!(
        "  preset: {}  # {why}; `seatrial preset list` has others\n",
        choice.preset
    );
    text += &match &choice.target {
        Some(target) if choice.chosen => format!("  targetVersion: {target}\n"),
        Some(target) => format!("  targetVersion: {target}  # `seatrial plan` tells the way to later ones\n"),
        None => {
            "  # targetVersion: left out, as no newer version is known: nodes are rolled, versions stay\n".to_owned()
        }
    };
    if model.control_plane.nodes.is_empty() {
        text += "  # A cloud runs the control plane: it is not upgraded here.\n";
    }
    let mut stands_for = stands_for(choice.preset);
    let strategy = stands_for.remove("strategy").unwrap_or_default();
    text += &pools(model, choice, &remark("    ", "strategy", &strategy));
    for (part, fields) in &stands_for {
        text += &remark("  ", part, fields);
    }
    text
}

/// What the preset says of a part of the plan.
fn remark(indent: &str, part: &str, fields: &[String]) -> String {
    let mut text = format!("{indent}# {part}:  # what the preset stands for; write down what is different with you\n");
    for field in fields {
        text += &format!("{indent}#   {field}\n");
    }
    text
}

/// The pools of the tool, or one of all nodes. The first one has the remark.
fn pools(model: &Model, choice: &Choice<'_>, remark: &str) -> String {
    let mut pools: Vec<String> = Vec::new();
    if let Some(origin) = &choice.origin {
        pools.extend(origin.pools.iter().map(|(pool, count)| {
            let (name, nodes) = (scalar(pool), nodes(*count));
            format!(
                "  - name: {name}  # {nodes}\n    nodeSelector: {{{}: {name}}}\n",
                origin.label
            )
        }));
    }
    if pools.is_empty() {
        let workers = model.nodes.iter().filter(|node| !node.control_plane && !node.planned);
        let nodes = nodes(workers.count());
        pools.push(format!(
            "  - name: workers  # {nodes}: all that are not control plane\n    nodeSelector: {{}}\n"
        ));
    }
    if let Some(first) = pools.first_mut() {
        *first += remark;
    }
    format!("  pools:  # one after the other, in this order\n{}", pools.concat())
}

fn nodes(count: usize) -> String {
    match count {
        1 => "1 node".to_owned(),
        count => format!("{count} nodes"),
    }
}

/// The figures of a preset by the part of the plan, as `field: value`.
fn stands_for(preset: &str) -> BTreeMap<String, Vec<String>> {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for figure in presets::preset(preset).into_iter().flat_map(|p| p.figures) {
        if let Some((part, field)) = figure.field.split_once('.') {
            let field = format!("{field}: {}", flow(&figure.value));
            parts.entry(part.to_owned()).or_default().push(field);
        }
    }
    parts
}

/// A value of a plan in one line.
fn flow(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) if text.parse::<Span>().is_ok() => text.clone(),
        serde_json::Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// The timings.
pub(super) fn timings(model: &Model) -> String {
    let mut text = TIMINGS.to_owned();
    let served: Vec<&Workload> = served(model).collect();
    if !served.is_empty() {
        text += "  # workloads:\n";
    }
    for workload in served.iter().take(3) {
        text += &format!("  # - {{{}, podStartup: 8s}}\n", name(workload));
    }
    text
}

/// The expectations.
pub(super) fn expectations(model: &Model) -> String {
    let mut text = begin("Expectations", "What must hold.");
    text += "spec:\n  upgrade: {completes: true}\n  controlPlane: {recreatedDuringBlackout: 0}  # nobody can\n";
    let (many, single): (Vec<&Workload>, Vec<&Workload>) = served(model).partition(|w| w.desired > 1);
    if !many.is_empty() {
        text += "  workloads:\n";
    }
    for workload in many.iter().take(LISTED) {
        let replicas = workload.desired;
        text += &format!("  - {{{}, maxDowntime: 0s}}  # {replicas} replicas\n", name(workload));
    }
    text += &left_out(many.len());
    if !single.is_empty() {
        text += "  # One replica: down whenever it moves. How long may that be?\n";
    }
    for workload in single.iter().take(LISTED) {
        text += &format!("  # - {{{}, maxDowntime: 30s}}\n", name(workload));
    }
    text + &left_out(single.len())
}

fn left_out(all: usize) -> String {
    match all.saturating_sub(LISTED) {
        0 => String::new(),
        more => format!("  # … and {more} more\n"),
    }
}

/// Workloads that clients reach through a Service and that drains move.
fn served(model: &Model) -> impl Iterator<Item = &Workload> {
    let drained = |w: &&Workload| {
        !matches!(
            w.kind,
            WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::StaticPod
        )
    };
    let reached = |w: &&Workload| {
        let services = &model.classes[w.class].services;
        w.desired > 0 && services.iter().any(|&service| !model.services[service].implied)
    };
    model.workloads.iter().filter(drained).filter(reached)
}

fn name(workload: &Workload) -> String {
    let (kind, namespace, name) = (workload.kind.as_str(), &workload.namespace, &workload.name);
    format!("kind: {kind}, namespace: {}, name: {}", scalar(namespace), scalar(name))
}

fn begin(kind: &str, comment: &str) -> String {
    format!("# {comment}\napiVersion: {API_VERSION}\nkind: {kind}\n")
}

/// A text as YAML writes it: plain where nothing else can be meant.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c));
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    if plain && !words.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timings;
    use crate::scenario::{Source, load};

    #[test]
    fn the_timings_that_are_written_down_are_those_that_are_assumed() {
        let cluster = "apiVersion: seatrial.dev/v1alpha1\nkind: Cluster\nspec: {version: v1.35.4}\n---\n";
        let model = load(&[Source::new("timings", format!("{cluster}{TIMINGS}"))])
            .unwrap()
            .model;
        let usual = Timings::default();
        assert_eq!(model.timings.node_upgrade, usual.node_upgrade);
        assert_eq!(model.timings.node_reboot, usual.node_reboot);
        assert_eq!(model.timings.node_create, usual.node_create);
        assert_eq!(model.timings.pod_shutdown, usual.pod_shutdown);
    }

    #[test]
    fn texts_that_could_be_something_else_are_quoted() {
        for plain in ["web", "default-pool", "a/b.c_d", "e5"] {
            assert_eq!(scalar(plain), plain);
        }
        for (text, quoted) in [
            ("1e3", "\"1e3\""),
            ("No", "\"No\""),
            ("a: b", "\"a: b\""),
            ("", "\"\""),
            ("a\"\n#", "\"a\\\"\\n#\""),
        ] {
            assert_eq!(scalar(text), quoted);
        }
    }
}
