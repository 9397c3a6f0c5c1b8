//! How upgrade tools go about it, as data: each file of `src/upgrade/presets/` is one tool's habits.

use serde::{Deserialize, Serialize};

use super::nearest::did_you_mean;
use super::own::{API_VERSION, PlanSpec};
use super::plans::PlanDoc;
use super::text::{decode_strict, yaml_text};

/// Declares the presets: the names of their files.
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../upgrade/presets/", $name, ".yaml")))),+]
    };
}

/// Name and text of each preset, by hand first, then tools, then clouds.
const FILES: &[(&str, &str)] = files![
    "kubeadm-all-at-once",
    "kubeadm",
    "kubeadm-new-nodes",
    "kops",
    "cluster-api",
    "gke-surge",
    "gke-blue-green",
    "aks",
    "aks-quarantine",
    "aks-blue-green",
    "eks-managed",
    "eks-force",
    "karpenter-drift",
    "openshift-mco",
    "system-upgrade-controller",
    "kubespray",
    "talos",
    "k0s-autopilot",
    "gardener",
    "kured",
];

/// How a tool upgrades the nodes of a cluster unless it is told otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preset {
    /// The name that `preset:` of an UpgradePlan takes.
    pub name: String,
    /// The tool, and which way of it.
    pub tool: String,
    /// What it does, in a sentence or two.
    pub summary: String,
    /// The part of an UpgradePlan's `spec` that it stands for.
    pub plan: serde_json::Value,
    /// Where each figure of the plan is from.
    pub figures: Vec<Figure>,
    /// What the tool does and the engine does not.
    pub not_simulated: Vec<String>,
}

/// A figure of a preset.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// The field of the UpgradePlan's `spec`, such as `drain.timeout`.
    pub field: String,
    /// What stands there.
    pub value: serde_json::Value,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where it was read.
    pub source: String,
}

/// How sure a figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Confidence {
    /// Read in the tool's own documentation or source.
    High,
    /// Told by users of it, or read in an old version.
    Medium,
    /// Not confirmed.
    Low,
}

/// A preset as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    tool: String,
    summary: String,
    plan: PlanSpec,
    figures: Vec<WrittenFigure>,
    #[serde(default)]
    not_simulated: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenFigure {
    /// Fields that have their source in common.
    fields: Vec<String>,
    confidence: Confidence,
    source: String,
}

/// The names of the presets.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    FILES.iter().map(|(name, _)| *name)
}

/// What to say to somebody who names a preset that is not there: the nearest one, or all of them.
#[must_use]
pub fn advice(name: &str) -> String {
    did_you_mean(name, names()).unwrap_or_else(|| format!("the presets are {}", names().collect::<Vec<_>>().join(", ")))
}

/// All presets.
#[must_use]
pub fn presets() -> Vec<Preset> {
    names().filter_map(preset).collect()
}

/// The preset of a name; `None`: there is none.
#[must_use]
pub fn preset(name: &str) -> Option<Preset> {
    let written = written(name)?;
    let plan = serde_json::to_value(&written.plan).ok()?;
    let mut figures = Vec::new();
    for WrittenFigure {
        fields,
        confidence,
        source,
    } in written.figures
    {
        for field in fields {
            let value = plan.pointer(&format!("/{}", field.replace('.', "/")));
            figures.push(Figure {
                value: value.cloned().unwrap_or_default(),
                field,
                confidence,
                source: source.clone(),
            });
        }
    }
    Some(Preset {
        name: name.to_owned(),
        tool: written.tool,
        summary: written.summary,
        plan,
        figures,
        not_simulated: written.not_simulated,
    })
}

/// The part of a plan that a preset stands for.
pub(super) fn plan_of(name: &str) -> Option<PlanSpec> {
    written(name).map(|w| w.plan)
}

/// An UpgradePlan as a document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePlan {
    api_version: &'static str,
    kind: &'static str,
    metadata: Name,
    spec: PlanSpec,
}

#[derive(Debug, Serialize)]
struct Name {
    name: String,
}

/// A plan with every figure written down.
pub(super) fn expanded(plan: Option<&PlanDoc>, preset: Option<&str>) -> UpgradePlan {
    let written = plan.map(|p| (*p.spec).clone()).unwrap_or_default();
    let name = plan.and_then(|p| p.name.clone());
    let (name, mut spec) = match preset {
        Some(preset) => (Some(preset.to_owned()), written.under(preset)),
        None => (name, written),
    };
    if let Some(base) = spec.preset.as_ref().and_then(|p| plan_of(&p.value)) {
        spec = spec.over(&base);
    }
    UpgradePlan {
        api_version: API_VERSION,
        kind: "UpgradePlan",
        metadata: Name {
            name: name.unwrap_or_else(|| "upgrade".into()),
        },
        spec: spec.filled(),
    }
}

fn written(name: &str) -> Option<Written> {
    let (_, text) = FILES.iter().find(|(n, _)| *n == name)?;
    decode_strict(&yaml_text(text)?).0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths of everything that a plan says.
    fn fields(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    let path = if path.is_empty() {
                        key.clone()
                    } else {
                        format!("{path}.{key}")
                    };
                    fields(value, &path, found);
                }
            }
            _ => found.push(path.to_owned()),
        }
    }

    #[test]
    fn every_figure_of_a_preset_has_a_source_and_is_in_its_plan() {
        for (name, text) in FILES {
            let tree = yaml_text(text).unwrap_or_else(|| panic!("{name}"));
            let (written, problems) = decode_strict::<Written>(&tree);
            assert!(problems.is_empty() && written.is_some(), "{name}: {problems:?}");
            let preset = preset(name).unwrap();
            let mut said = Vec::new();
            fields(&preset.plan, "", &mut said);
            let mut sourced: Vec<String> = preset.figures.iter().map(|f| f.field.clone()).collect();
            said.sort();
            sourced.sort();
            assert_eq!(said, sourced, "{name}");
            assert!(preset.figures.iter().all(|f| f.source.len() > 10), "{name}");
            assert!(
                preset.plan.get("drain").is_some(),
                "{name}: what does it do about drains?"
            );
        }
    }

    #[test]
    fn every_file_is_a_preset() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/upgrade/presets");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut known: Vec<&str> = names().collect();
        files.sort();
        known.sort_unstable();
        assert_eq!(files, known);
    }
}
