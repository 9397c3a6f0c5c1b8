//! Explicit runbooks.

use super::Builder;
use super::names::short;
use crate::ids::NodeId;
use crate::model::{Command, Expectation, Step};
use crate::scenario::own::{
    CommandSpec, DrainSpec, DrainStepSpec, ExpectSpec, PlanSpec, StepSpec, UpgradeControlPlaneForm,
    UpgradeControlPlaneSpec,
};
use crate::scenario::text::{At, Place};

impl Builder<'_> {
    /// The steps of a plan.
    pub(super) fn steps(&mut self, spec: &PlanSpec) -> Vec<Step> {
        let mut steps = Vec::new();
        for step in &spec.steps {
            steps.extend(self.step(step, spec));
        }
        steps
    }

    fn step(&mut self, step: &At<StepSpec>, plan: &PlanSpec) -> Option<Step> {
        let plan_target = plan.target_version.as_ref();
        Some(match &step.value {
            StepSpec::Drain(drain) => return self.drain_step(drain, step.place, &plan.drain),
            StepSpec::UpgradeNode(upgrade) => Step::UpgradeNode {
                node: self.node(&upgrade.node)?,
                reboot: upgrade.reboot,
                version: upgrade.version.as_ref().map(|v| v.value.0.clone()),
            },
            StepSpec::Cordon(name) => Step::Cordon(self.node(name)?),
            StepSpec::Uncordon(name) => Step::Uncordon(self.node(name)?),
            StepSpec::Sleep(span) => Step::Sleep(span.0),
            StepSpec::DeletePod(delete) => {
                let workload = &delete.workload;
                Step::DeletePod(self.workload_at(&workload.value, workload.place)?)
            }
            StepSpec::UpgradeControlPlane(spec) => return self.upgrade_step(spec),
            StepSpec::RenewCertificates(name) => Step::RenewCertificates(self.control_plane_node_named(name)?),
            StepSpec::CreateNode(create) => {
                let like = self.node(&create.like)?;
                let name = create.name.as_ref();
                if let Some(name) = name
                    && self.nodes.contains_key(&name.value)
                {
                    let text = format!("a node of the name `{}` exists already", short(&name.value));
                    self.wrong(name.place, text);
                    return None;
                }
                let version = plan_target.map(|v| &v.value.0);
                Step::CreateNode(self.successor(like, name.map(|n| n.value.as_str()), version))
            }
            StepSpec::DeleteNode(name) => Step::DeleteNode(self.node(name)?),
        })
    }

    fn upgrade_step(&mut self, spec: &At<UpgradeControlPlaneSpec>) -> Option<Step> {
        let form = match &spec.value {
            UpgradeControlPlaneSpec::Node(name) => {
                let node = self.control_plane_node_named(&At {
                    value: name.clone(),
                    place: spec.place,
                })?;
                return Some(Step::UpgradeControlPlane {
                    nodes: vec![node],
                    version: None,
                    command: None,
                    expect: Expectation::Success,
                });
            }
            UpgradeControlPlaneSpec::Form(form) => form,
        };
        Some(Step::UpgradeControlPlane {
            nodes: self.upgraded_at_once(form, spec.place)?,
            version: form.version.as_ref().map(|v| v.value.0.clone()),
            command: form.command.map(|c| match c {
                CommandSpec::Apply => Command::Apply,
                CommandSpec::Node => Command::Node,
            }),
            expect: expectation(form.expect),
        })
    }

    fn upgraded_at_once(&mut self, form: &UpgradeControlPlaneForm, place: Place) -> Option<Vec<NodeId>> {
        let names: Vec<&At<String>> = match (&form.node, &form.nodes) {
            (Some(name), None) => vec![name],
            (None, Some(names)) if !names.is_empty() => names.iter().collect(),
            _ => {
                self.wrong(place, "expected exactly one of: node, nodes");
                return None;
            }
        };
        let mut nodes = Vec::new();
        for name in names {
            let node = self.control_plane_node_named(name)?;
            if nodes.contains(&node) {
                self.wrong(name.place, format!("`{}` stands here twice", short(&name.value)));
            }
            nodes.push(node);
        }
        Some(nodes)
    }

    fn drain_step(&mut self, step: &DrainStepSpec, place: Place, plan: &DrainSpec) -> Option<Step> {
        let options = self.drain(&step.flags(plan));
        Some(Step::Drain {
            nodes: self.drained_nodes(step, place)?,
            options,
            expect: expectation(step.expect),
        })
    }

    /// The nodes of one drain command, each once.
    fn drained_nodes(&mut self, step: &DrainStepSpec, place: Place) -> Option<Vec<NodeId>> {
        let names = match (&step.node, &step.nodes) {
            (Some(node), None) => std::slice::from_ref(node),
            (None, Some(nodes)) if nodes.value.is_empty() => {
                self.wrong(nodes.place, "expected the name of a node at least");
                return None;
            }
            (None, Some(nodes)) => &nodes.value[..],
            (Some(_), Some(nodes)) => {
                self.wrong(
                    nodes.place,
                    "`node` names one node and `nodes` several: leave one of them out",
                );
                return None;
            }
            (None, None) => {
                self.wrong(place, "expected the field `node` or `nodes`");
                return None;
            }
        };
        let mut ids = Vec::new();
        for name in names {
            let id = self.node(name)?;
            if ids.contains(&id) {
                self.wrong(name.place, format!("`{}` is named twice", short(&name.value)));
            } else {
                ids.push(id);
            }
        }
        Some(ids)
    }
}

fn expectation(spec: Option<ExpectSpec>) -> Expectation {
    match spec {
        None | Some(ExpectSpec::Success) => Expectation::Success,
        Some(ExpectSpec::Failure) => Expectation::Failure,
        Some(ExpectSpec::Any) => Expectation::Any,
    }
}
