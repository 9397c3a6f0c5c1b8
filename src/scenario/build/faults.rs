//! Injected trouble.

use super::Builder;
use crate::ids::NodeId;
use crate::model::{BreakMode, Component, Fault, FaultAction, FaultTarget, Moment, StopMode, Trigger, WorkloadKind};
use crate::scenario::diagnostic::Problem;
use crate::scenario::own::{AfterSpec, CrashSpec, EventSpec, StopModeSpec};
use crate::scenario::text::{At, Place};
use crate::units::{Span, Time};

/// The fields of which an event has exactly one.
const ACTIONS: &str = "componentDown, componentFails, imageMissing, nodeCrash, podDelete, containerCrash, rollout";

impl Builder<'_> {
    /// All faults, in the order of the documents.
    pub(super) fn faults(&mut self) {
        let documents = self.documents;
        for event in documents.faults.iter().flat_map(|spec| &spec.events) {
            let trigger = self.trigger(event);
            let action = self.action(event);
            if let (Some(trigger), Some(action)) = (trigger, action) {
                self.model.faults.push(Fault { trigger, action });
            }
        }
        for creation in documents.faults.iter().filter_map(|spec| spec.node_creation.as_ref()) {
            let share = self.thousandths(Some(&creation.failure_probability), "the probability", 0);
            self.model.creation_failure = u32::try_from(share).unwrap_or(1000);
        }
    }

    fn trigger(&mut self, event: &At<EventSpec>) -> Option<Trigger> {
        let spec = &event.value;
        match (&spec.at, &spec.after) {
            (Some(at), None) => {
                if let Some(delay) = &spec.delay {
                    self.wrong(delay.place, "`delay` has a meaning with `after` only");
                }
                Some(Trigger::At(Time::ZERO + at.0))
            }
            (None, Some(after)) => {
                if let (Some(one), Some(two)) = (&spec.delay, &after.value.delay) {
                    let text = "`delay` stands here twice";
                    self.problems
                        .push(Problem::at(one.place, text).and(two.place, "the other one"));
                }
                let delay = spec.delay.as_ref().or(after.value.delay.as_ref());
                Some(Trigger::After {
                    moment: self.moment(after)?,
                    delay: delay.map_or(Span::ZERO, |d| d.value.0),
                })
            }
            _ => {
                self.wrong(event.place, "an event has exactly one of: at, after");
                None
            }
        }
    }

    fn moment(&mut self, after: &At<AfterSpec>) -> Option<Moment> {
        let spec = &after.value;
        let nodes = [&spec.drain_starts, &spec.drain_ends, &spec.node_upgraded];
        let components = [spec.component_down, spec.component_up];
        let given = nodes.iter().filter(|n| n.is_some()).count() + components.iter().filter(|c| c.is_some()).count();
        if given != 1 {
            let text = "expected exactly one of: drainStarts, drainEnds, nodeUpgraded, componentDown, componentUp";
            self.wrong(after.place, text);
            return None;
        }
        Some(if let Some(name) = &spec.drain_starts {
            Moment::DrainStarts(self.node(name)?)
        } else if let Some(name) = &spec.drain_ends {
            Moment::DrainEnds(self.node(name)?)
        } else if let Some(name) = &spec.node_upgraded {
            Moment::NodeUpgraded(self.node(name)?)
        } else if let Some(component) = spec.component_down {
            Moment::ComponentDown(component.into())
        } else {
            Moment::ComponentUp(spec.component_up?.into())
        })
    }

    fn action(&mut self, event: &At<EventSpec>) -> Option<FaultAction> {
        let spec = &event.value;
        let given = usize::from(spec.component_down.is_some())
            + usize::from(spec.component_fails.is_some())
            + usize::from(spec.image_missing.is_some())
            + usize::from(spec.node_crash.is_some())
            + usize::from(spec.pod_delete.is_some())
            + usize::from(spec.container_crash.is_some())
            + usize::from(spec.rollout.is_some());
        if given != 1 {
            let text = format!("an event has exactly one of: {ACTIONS}");
            self.wrong(event.place, text);
            return None;
        }
        self.misplaced(spec);
        let duration = spec.duration.as_ref().map(|d| d.value.0);
        if let Some(names) = &spec.component_down {
            if names.is_empty() {
                self.wrong(event.place, "`componentDown` lists no component");
            }
            let mut components: Vec<Component> = names.iter().map(|&n| n.into()).collect();
            components.sort_unstable();
            components.dedup();
            let node = self.node_of_fault(spec)?;
            let mode = match spec.mode.as_ref().map(|m| m.value) {
                None | Some(StopModeSpec::Kill) => StopMode::Kill,
                Some(StopModeSpec::Terminate) => StopMode::Terminate,
            };
            return Some(FaultAction::ComponentDown {
                components,
                node,
                mode,
                duration,
            });
        }
        let breaks = [
            (spec.component_fails, BreakMode::Crashes),
            (spec.image_missing, BreakMode::NoImage),
        ];
        if let Some((component, how)) = breaks.into_iter().find_map(|(c, how)| Some((c?, how))) {
            return Some(FaultAction::ComponentBreaks {
                component: component.into(),
                node: self.node_of_fault(spec)?,
                how,
                duration,
            });
        }
        if let Some(crash) = &spec.node_crash {
            let target = match &crash.value {
                CrashSpec::Node(name) => FaultTarget::Node(self.node_at(name, crash.place)?),
                CrashSpec::Hosting(name) => FaultTarget::Hosting(self.workload_at(name, crash.place)?),
            };
            return Some(FaultAction::NodeCrash { target, duration });
        }
        self.workload_action(spec)
    }

    /// The control-plane node of a fault; `Some(None)`: all of them.
    fn node_of_fault(&mut self, spec: &EventSpec) -> Option<Option<NodeId>> {
        match &spec.node {
            None => Some(None),
            Some(name) => Some(Some(self.control_plane_node_named(name)?)),
        }
    }

    fn workload_action(&mut self, spec: &EventSpec) -> Option<FaultAction> {
        if let Some(name) = &spec.pod_delete {
            let workload = self.workload_at(&name.value, name.place)?;
            return Some(FaultAction::PodDelete(workload));
        }
        if let Some(name) = &spec.container_crash {
            let workload = self.workload_at(&name.value, name.place)?;
            return Some(FaultAction::ContainerCrash(workload));
        }
        let name = spec.rollout.as_ref()?;
        let id = self.workload_at(&name.value, name.place)?;
        let kind = self.model.workloads[id].kind;
        if !matches!(
            kind,
            WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::DaemonSet
        ) {
            let text = format!(
                "`{}` is neither a Deployment nor a StatefulSet nor a DaemonSet: it cannot be rolled out",
                self.model.workload_name(id)
            );
            self.wrong(name.place, text);
        }
        Some(FaultAction::Rollout(id))
    }

    /// Fields that mean nothing beside the action.
    fn misplaced(&mut self, spec: &EventSpec) {
        let breaks = spec.component_fails.is_some() || spec.image_missing.is_some();
        let lasts = spec.component_down.is_some() || spec.node_crash.is_some() || breaks;
        let mut complain = |place: Option<Place>, text: &str| {
            if let Some(place) = place {
                self.wrong(place, text);
            }
        };
        if !lasts {
            let text = "`for` has a meaning with componentDown, componentFails, imageMissing and nodeCrash only";
            complain(spec.duration.as_ref().map(|d| d.place), text);
        }
        if spec.component_down.is_none() {
            let text = "`mode` has a meaning with componentDown only";
            complain(spec.mode.as_ref().map(|m| m.place), text);
        }
        if spec.component_down.is_none() && !breaks {
            let text = "`node` has a meaning with componentDown, componentFails and imageMissing only";
            complain(spec.node.as_ref().map(|n| n.place), text);
        }
    }
}
