//! The estimate that people make on the back of an envelope.

use crate::model::{Mode, Model, Part, Strategy};
use crate::units::{IntOrPercent, Span};

/// How long a plan takes by the formula that runbooks use: for each leg of the way ⌈nodes / batch⌉ × (rebuild + soak), the
/// control plane's nodes one by one; `None` for explicit steps, or without a plan.
///
/// Rebuild is what a node takes by itself, at the median of its timings: the upgrade of its kubelet and a reboot, or the
/// creation of a machine and the deletion of the old one. The batch is `maxUnavailable` and `maxSurge` together. What is
/// not in it is what a rehearsal is for: kubeadm's phases, drains, budgets, start-up of pods, nodes that wait for others.
#[must_use]
pub fn naive(model: &Model) -> Option<Span> {
    let plan = model.plan.as_ref().filter(|plan| plan.steps.is_empty())?;
    let upgrade = model.timings.node_upgrade.median();
    let mut total = Span::ZERO;
    for leg in &plan.legs {
        match leg.part {
            Part::ControlPlane => total += times(upgrade, model.control_plane.nodes.len()),
            Part::Workers => {
                for pool in &plan.pools {
                    let rebuild = rebuild(model, &pool.strategy) + pool.strategy.soak;
                    total += times(
                        rebuild,
                        pool.nodes.len().div_ceil(batch(&pool.strategy, pool.nodes.len())),
                    );
                }
            }
        }
    }
    Some(total)
}

fn rebuild(model: &Model, strategy: &Strategy) -> Span {
    let timings = &model.timings;
    match strategy.mode {
        Mode::InPlace if strategy.reboot => timings.node_upgrade.median() + timings.node_reboot.median(),
        Mode::InPlace => timings.node_upgrade.median(),
        _ => timings.node_create.median() + timings.node_delete.median(),
    }
}

/// So many nodes at a time, one at least.
fn batch(strategy: &Strategy, nodes: usize) -> usize {
    let nodes = u32::try_from(nodes).unwrap_or(u32::MAX);
    let share = |of: IntOrPercent| of.round_up(nodes);
    let surge = match strategy.mode {
        Mode::InPlace => 0,
        _ => share(strategy.max_surge),
    };
    let batch = share(strategy.max_unavailable)
        .saturating_add(surge)
        .clamp(1, nodes.max(1));
    usize::try_from(batch).unwrap_or(1)
}

fn times(span: Span, count: usize) -> Span {
    Span::from_micros(span.as_micros().saturating_mul(count as u64))
}
