//! Several plans for one cluster: documents are read once, and scenarios are made of them, one with each plan and with
//! what is changed in it.

mod change;
mod words;

use std::rc::Rc;

use super::diagnostic::{Problem, Problems, Texts};
use super::intake::{Documents, Intake};
use super::own::{Document, PlanSpec};
use super::text::{Place, Tree, Value, decode_strict, yaml_text};
use super::{Diagnostics, Input, LoadError, ReadError, Scenario};
use super::{build, lint};
use crate::model::Change;
use crate::units::KubeVersion;

/// A plan as written.
#[derive(Clone)]
pub(crate) struct PlanDoc {
    pub(crate) place: Place,
    pub(crate) name: Option<String>,
    pub(crate) spec: Rc<PlanSpec>,
    /// The whole document, for who changes a part of it.
    tree: Tree,
}

impl PlanDoc {
    pub(crate) fn new(tree: Tree, document: Document<PlanSpec>) -> Self {
        Self {
            place: tree.find(&["kind"]),
            name: document.metadata.and_then(|m| m.name),
            spec: Rc::new(document.spec),
            tree,
        }
    }

    /// Where the value at a path stands; the nearest ancestor that exists otherwise.
    pub(crate) fn find(&self, path: &[String]) -> Place {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let place = self.tree.find(&path);
        if place == self.tree.place { self.place } else { place }
    }

    /// The text of an annotation.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.tree.get("metadata")?.get("annotations")?.text(key)
    }

    /// The plan with another content; or what is wrong with that.
    fn of(tree: Tree) -> Result<Self, Vec<Problem>> {
        match decode_strict(&tree) {
            (Some(document), _) => Ok(Self::new(tree, document)),
            (None, problems) => Err(problems),
        }
    }
}

/// A plan that says nothing.
const NOTHING: &str = "{apiVersion: seatrial.dev/v1alpha1, kind: UpgradePlan, spec: {}}";

/// The documents of a cluster, and plans for it.
pub struct Plans {
    documents: Documents,
    texts: Texts,
    /// Where all of them go, whatever they say.
    target: Option<KubeVersion>,
}

impl Plans {
    /// Reads the documents of a cluster, and others that hold plans for it and nothing else. The plans that stand beside
    /// the cluster come first.
    ///
    /// # Errors
    /// Where a source cannot be read; otherwise everything that is wrong with the documents as such.
    pub fn read(cluster: Vec<Input<'_>>, plans: Vec<Input<'_>>) -> Result<Self, LoadError> {
        let mut intake = Intake::default();
        let files = cluster.len();
        for (file, input) in cluster.into_iter().enumerate() {
            take(&mut intake, input, file)?;
        }
        for (file, input) in plans.into_iter().enumerate() {
            let name = input.name.clone();
            let before = intake.counts();
            take(&mut intake, input, files + file)?;
            let after = intake.counts();
            let (documents, plans) = (after.0 - before.0, after.1 - before.1);
            if documents > plans || plans == 0 && intake.problems.is_empty() {
                let text = format!("{name}: a file with plans holds documents of the kind UpgradePlan and no others");
                intake.problems.push(Problem::general(text));
            }
        }
        let taken = intake.finish();
        if taken.problems.is_empty() {
            Ok(Self {
                documents: taken.documents,
                texts: taken.texts,
                target: None,
            })
        } else {
            Err(taken.problems.finish(&taken.texts).into())
        }
    }

    /// The scenario with the only plan that there is, if there is one.
    ///
    /// # Errors
    /// Everything that is wrong with it; a second plan is.
    pub fn only(&self) -> Result<Scenario, Diagnostics> {
        let mut places = self.documents.plans.iter().map(|plan| plan.place);
        if let (Some(first), Some(second)) = (places.next(), places.next()) {
            let mut problems = Problems::default();
            let text = "a second UpgradePlan; a scenario has at most one";
            problems.push(Problem::at(second, text).and(first, "the first one"));
            return Err(problems.finish(&self.texts));
        }
        let mut scenario = self.scenario(Some(0))?;
        lint::foresee(&mut scenario.model, &self.documents, self.documents.plans.first());
        Ok(scenario)
    }

    /// The names of the plans; a plan without one is called `upgrade`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name = |plan: &PlanDoc| plan.name.clone().unwrap_or_else(|| "upgrade".into());
        self.documents.plans.iter().map(name).collect()
    }

    /// Gives all plans another target.
    ///
    /// # Errors
    /// Where a plan cannot have one.
    pub fn aim(&mut self, target: &KubeVersion) -> Result<(), Diagnostics> {
        let mut problems = Problems::default();
        self.target = Some(target.clone());
        for plan in &mut self.documents.plans {
            let mut tree = plan.tree.clone();
            goes_to(&mut tree, target);
            match PlanDoc::of(tree) {
                Ok(changed) => *plan = changed,
                Err(list) => list.into_iter().for_each(|p| problems.push(p)),
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.finish(&self.texts))
        }
    }

    /// Adds the first plan as a tool would carry it out, under the name of the preset: the same target, control plane and
    /// pools, and the tool's way to go about it. Without a plan all nodes are rolled. Its number.
    pub fn add_preset(&mut self, preset: &str) -> Option<usize> {
        let mut tree = match self.documents.plans.first() {
            Some(plan) => plan.tree.clone(),
            None => yaml_text(NOTHING)?,
        };
        let spec = tree.entry("spec")?;
        for own in ["strategy", "drain", "steps"] {
            spec.remove(own);
        }
        if let Some(Value::List(pools)) = spec.entry("pools").map(|pools| &mut pools.value) {
            for pool in pools {
                pool.remove("strategy");
            }
        } else {
            spec.remove("pools");
        }
        spec.set("preset", Value::Text(preset.into()));
        if let Some(target) = &self.target {
            goes_to(&mut tree, target);
        }
        tree.entry("metadata")?.set("name", Value::Text(preset.into()));
        self.documents.plans.push(PlanDoc::of(tree).ok()?);
        Some(self.documents.plans.len() - 1)
    }

    /// The scenario with one of the plans, counted from 0, or with none.
    ///
    /// # Errors
    /// Everything that is wrong with it, with positions.
    pub fn scenario(&self, plan: Option<usize>) -> Result<Scenario, Diagnostics> {
        let plan = plan.and_then(|at| self.documents.plans.get(at));
        self.built(&self.documents, plan)
    }

    /// The scenario with one of the plans, or none, and with these changes; `None` where there is nothing to be changed.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn changed(&self, plan: Option<usize>, changes: &[Change]) -> Result<Option<Scenario>, Diagnostics> {
        let mut documents = self.documents.clone();
        let mut plan = plan.and_then(|at| self.documents.plans.get(at)).cloned();
        for change in changes {
            let done = match (change, &mut plan) {
                (Change::Plan(settings), Some(plan)) => change::plan(plan, settings),
                (Change::Plan(_), None) => false,
                _ => change::cluster(&mut documents, change),
            };
            if !done {
                return Ok(None);
            }
        }
        self.built(&documents, plan.as_ref()).map(Some)
    }

    /// Changes as YAML: what has to be written where.
    #[must_use]
    pub fn yaml(&self, plan: Option<usize>, changes: &[Change]) -> String {
        let plan = plan.and_then(|at| self.documents.plans.get(at));
        let written = changes.iter().map(|change| words::yaml(&self.documents, plan, change));
        written.collect::<Vec<String>>().join("---\n")
    }

    fn built(&self, documents: &Documents, plan: Option<&PlanDoc>) -> Result<Scenario, Diagnostics> {
        let mut problems = Problems::default();
        let built = build::build(documents, plan, &mut problems);
        if problems.is_empty() {
            let ending_apis = documents.ending_apis.values().cloned().collect();
            Ok(built.scenario(&self.texts, ending_apis))
        } else {
            Err(problems.finish(&self.texts))
        }
    }
}

fn goes_to(plan: &mut Tree, target: &KubeVersion) {
    if let Some(spec) = plan.entry("spec") {
        spec.set("targetVersion", Value::Text(target.to_string().into()));
    }
}

fn take(intake: &mut Intake, input: Input<'_>, file: usize) -> Result<(), ReadError> {
    let name = input.name.clone();
    let mut from = input.open().map_err(|error| ReadError::new(name.as_str(), error))?;
    let read = intake.read(&name, &mut from, file);
    read.map_err(|error| ReadError::new(name, error))
}

#[cfg(test)]
mod tests;
