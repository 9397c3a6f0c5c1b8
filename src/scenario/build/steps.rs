//! Explicit runbooks.

use super::Builder;
use super::names::short;
use crate::ids::NodeId;
use crate::model::{Expectation, Step};
use crate::scenario::own::{DrainSpec, DrainStepSpec, ExpectSpec, PlanSpec, StepSpec};
use crate::scenario::text::{At, Place};

impl Builder<'_> {
    /// The steps of a plan.
    pub(super) fn steps(&mut self, spec: &PlanSpec) -> Vec<Step> {
        let mut steps = Vec::new();
        for step in &spec.steps {
            steps.extend(self.step(step, &spec.drain));
        }
        steps
    }

    fn step(&mut self, step: &At<StepSpec>, plan: &DrainSpec) -> Option<Step> {
        Some(match &step.value {
            StepSpec::Drain(drain) => return self.drain_step(drain, step.place, plan),
            StepSpec::UpgradeNode(upgrade) => Step::UpgradeNode {
                node: self.node(&upgrade.node)?,
                reboot: upgrade.reboot,
            },
            StepSpec::Cordon(name) => Step::Cordon(self.node(name)?),
            StepSpec::Uncordon(name) => Step::Uncordon(self.node(name)?),
            StepSpec::Sleep(span) => Step::Sleep(span.0),
            StepSpec::DeletePod(delete) => {
                let workload = &delete.workload;
                Step::DeletePod(self.workload_at(&workload.value, workload.place)?)
            }
            StepSpec::UpgradeControlPlane(name) => Step::UpgradeControlPlane(self.control_plane_node_named(name)?),
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
                Step::CreateNode(self.successor(like, name.map(|n| n.value.as_str())))
            }
            StepSpec::DeleteNode(name) => Step::DeleteNode(self.node(name)?),
        })
    }

    fn drain_step(&mut self, step: &DrainStepSpec, place: Place, plan: &DrainSpec) -> Option<Step> {
        let options = self.drain(&step.flags(plan));
        Some(Step::Drain {
            nodes: self.drained_nodes(step, place)?,
            options,
            expect: match step.expect {
                None | Some(ExpectSpec::Success) => Expectation::Success,
                Some(ExpectSpec::Failure) => Expectation::Failure,
                Some(ExpectSpec::Any) => Expectation::Any,
            },
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
