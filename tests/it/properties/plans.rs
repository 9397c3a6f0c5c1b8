//! What a plan promises: the order of nodes, how many at a time, and what stands at the end of each.

use seatrial::ids::NodeId;
use seatrial::model::{DrainVia, Mode, Plan};
use seatrial::trace::{Fact, LifecycleTaint, NodeResult, PlanStatus, VersionId};

use super::laws::{Broken, law};
use super::mirror::Mirror;

/// What was seen of the plan.
#[derive(Default)]
pub(crate) struct Watch {
    working: Vec<NodeId>,
    done: Vec<(NodeId, NodeResult)>,
    status: Option<PlanStatus>,
}

impl Watch {
    /// The laws for one fact; the mirror does not know it yet.
    pub(crate) fn check(&mut self, mirror: &Mirror<'_>, target: Option<VersionId>, fact: &Fact) -> Broken {
        let Some(plan) = &mirror.model.plan else {
            return Ok(());
        };
        law!(
            self.status.is_none() || !matches!(fact, Fact::DrainStarted { .. } | Fact::NodeUpgradeStarted { .. }),
            "plan: {fact:?} after its end"
        );
        match *fact {
            Fact::NodeUpgradeStarted { node } => self.starts(mirror, plan, node)?,
            Fact::NodeUpgradeEnded { node, result } => {
                law!(self.working.contains(&node), "plan: {node:?} ends before it starts");
                self.working.retain(|&n| n != node);
                self.done.push((node, result));
                ends(mirror, plan, target, node, result)?;
            }
            Fact::PlanEnded { status } => {
                self.status = Some(status);
                self.complete(mirror, plan, status)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// V-10: the control plane first, one by one (O-14); then so many nodes of a pool as its strategy says.
    fn starts(&mut self, mirror: &Mirror<'_>, plan: &Plan, node: NodeId) -> Broken {
        let masters = &mirror.model.control_plane.nodes;
        let is_master = masters.contains(&node);
        law!(
            self.done.iter().all(|d| d.0 != node) && !self.working.contains(&node),
            "plan: {node:?} twice"
        );
        self.working.push(node);
        let pool = plan.pools.iter().find(|p| p.nodes.contains(&node));
        let limit = match pool {
            Some(pool) if !is_master => {
                let size = u32::try_from(pool.nodes.len()).unwrap();
                let surge = match pool.strategy.mode {
                    Mode::InPlace | Mode::BlueGreen => 0,
                    Mode::Replace => pool.strategy.max_surge.round_up(size),
                };
                (pool.strategy.max_unavailable.round_up(size) + surge).max(1)
            }
            _ => 1,
        };
        law!(
            self.working.len() <= limit as usize,
            "plan: {:?} at a time, not {limit}",
            self.working
        );
        let early = is_master || !plan.control_plane.upgrade;
        let missing = masters.iter().find(|m| self.done.iter().all(|d| d.0 != **m));
        law!(early || missing.is_none(), "V-10: {node:?} before {missing:?}");
        Ok(())
    }

    /// A plan that says that it dealt with every node did.
    fn complete(&self, mirror: &Mirror<'_>, plan: &Plan, status: PlanStatus) -> Broken {
        use PlanStatus::{Completed, CompletedWithSkips};
        if !matches!(status, Completed | CompletedWithSkips) || !plan.steps.is_empty() {
            return Ok(());
        }
        law!(self.working.is_empty(), "plan: ends with work on {:?}", self.working);
        let masters = &mirror.model.control_plane.nodes;
        let masters = masters.iter().filter(|_| plan.control_plane.upgrade);
        for &node in masters.chain(plan.pools.iter().flat_map(|p| &p.nodes)) {
            let result = self.done.iter().find(|d| d.0 == node).map(|d| d.1);
            let fine = match status {
                Completed => matches!(result, Some(NodeResult::Upgraded | NodeResult::Replaced)),
                _ => result.is_some(),
            };
            law!(fine, "plan: {status:?}, but {node:?} is {result:?}");
        }
        Ok(())
    }

    /// A plan that does not need more time ends by itself.
    pub(crate) fn finish(&self, mirror: &Mirror<'_>) -> Broken {
        law!(mirror.model.plan.is_none() || self.status.is_some(), "plan: no end");
        Ok(())
    }

    pub(crate) fn status(&self) -> Option<PlanStatus> {
        self.status
    }
}

/// An upgraded node runs the target, its kubelet is up, and it takes pods again.
fn ends(mirror: &Mirror<'_>, plan: &Plan, target: Option<VersionId>, node: NodeId, result: NodeResult) -> Broken {
    let state = &mirror.nodes[node];
    let drains = plan.drain.via != DrainVia::None
        && (plan.control_plane.drain || !mirror.model.control_plane.nodes.contains(&node));
    let returns = matches!(result, NodeResult::Upgraded | NodeResult::Skipped);
    law!(
        !(returns && drains) || state.cordoned.is_none(),
        "plan: {node:?} is {result:?} and cordoned"
    );
    let marked = |t: &(LifecycleTaint, _)| t.0 == LifecycleTaint::UpgradePending;
    law!(
        !returns || !state.taints.iter().any(marked),
        "plan: {node:?} is {result:?} and marked for an upgrade to come"
    );
    if result == NodeResult::Upgraded
        && let Some(target) = target
    {
        law!(
            // A tool that looks at no gate does not see that the machine is dead: it runs that version once it is back.
            state.version == Some(target) || !state.machine,
            "plan: {node:?} runs {:?}, not {target:?}",
            state.version
        );
    }
    Ok(())
}
