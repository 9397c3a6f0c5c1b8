//! Explicit runbooks.

use super::Builder;
use super::names::short;
use crate::model::{Expectation, Step};
use crate::scenario::own::{DrainSpec, DrainStepSpec, ExpectSpec, PlanSpec, StepSpec};
use crate::scenario::text::At;

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
            StepSpec::Drain(drain) => return self.drain_step(drain, plan),
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

    fn drain_step(&mut self, step: &DrainStepSpec, plan: &DrainSpec) -> Option<Step> {
        let options = self.drain(&step.flags(plan));
        Some(Step::Drain {
            node: self.node(&step.node)?,
            options,
            expect: match step.expect {
                None | Some(ExpectSpec::Success) => Expectation::Success,
                Some(ExpectSpec::Failure) => Expectation::Failure,
                Some(ExpectSpec::Any) => Expectation::Any,
            },
        })
    }
}
