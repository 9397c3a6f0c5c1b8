//! The estimate that people make on the back of an envelope.

use crate::model::{Mode, Model, Pace, Part, Pool, Strategy};
use crate::units::Span;

/// How long a plan takes by the formula that runbooks use: for each leg of the way batches × (rebuild + soak) and the pauses
/// of the plan, the control plane's nodes one by one; `None` for explicit steps, or without a plan.
///
/// Rebuild is what a node takes by itself, at the median of its timings: the upgrade of its kubelet and a reboot, or the
/// creation of a machine and the deletion of the old one. Batches are those of the strategy: its limits, ramp and first node
/// alone. Machines of a blue-green upgrade, and extra ones, come all at once and go all at once. What is not in it is what a
/// rehearsal is for: kubeadm's phases, drains, budgets, start-up of pods, nodes that wait for others, windows.
#[must_use]
pub fn naive(model: &Model) -> Option<Span> {
    let plan = model.plan.as_ref().filter(|plan| plan.steps.is_empty())?;
    let upgrade = model.timings.node_upgrade.median();
    let mut total = Span::ZERO;
    let mut round = 0;
    for leg in &plan.legs {
        match leg.part {
            Part::ControlPlane => total += times(upgrade, model.control_plane.nodes.len()),
            Part::Workers => {
                for pool in plan.pools.iter().filter(|pool| !pool.nodes.is_empty()) {
                    total += of_pool(model, pool, round);
                }
                round += 1;
            }
        }
    }
    Some(total)
}

/// How long a pool takes in a round of the workers.
fn of_pool(model: &Model, pool: &Pool, round: usize) -> Span {
    let strategy = &pool.strategy;
    let (create, delete) = (model.timings.node_create.median(), model.timings.node_delete.median());
    let pace = Pace::of(strategy, pool.nodes.len());
    let batches = pace.batches(pool.nodes.len()).len();
    let paused = pace.barrier() || strategy.mode == Mode::BlueGreen;
    let pauses = times(strategy.batch_soak, if paused { batches - 1 } else { 0 });
    let looks = times(strategy.gate_interval, strategy.gate_checks.saturating_sub(1) as usize);
    let each = strategy.post_drain_delay;
    let last = looks + strategy.soak;
    let rest = pauses + strategy.pool_soak;
    let whole = match strategy.mode {
        // Drains go in batches, machines all at once.
        Mode::BlueGreen => create + times(each, batches) + rest + delete + last,
        _ => times(rebuild(model, strategy) + each + last, batches) + rest,
    };
    let extra = pool.spares.get(round).is_some_and(|spares| !spares.is_empty());
    if extra { whole + create + delete } else { whole }
}

fn rebuild(model: &Model, strategy: &Strategy) -> Span {
    let timings = &model.timings;
    match strategy.mode {
        Mode::InPlace if strategy.reboot => timings.node_upgrade.median() + timings.node_reboot.median(),
        Mode::InPlace => timings.node_upgrade.median(),
        _ => timings.node_create.median() + timings.node_delete.median(),
    }
}

fn times(span: Span, count: usize) -> Span {
    Span::from_micros(span.as_micros().saturating_mul(count as u64))
}
