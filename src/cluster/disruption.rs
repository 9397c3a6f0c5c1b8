//! Budgets: the disruption controller that keeps their status (P-8 … P-14), and the answer of the eviction API (P-1).

use super::gate::Permit;
use super::hall::Hall;
use crate::ids::{BudgetId, PodId};
use crate::model::behaviour;
use crate::trace::{ApiError, RefusalReason};

/// The controller looks at a budget and writes its status.
pub(crate) fn sync(budget: BudgetId, hall: &mut Hall<'_>) {
    hall.store.budgets[budget].queued = false;
    if let Ok(permit) = hall.store.gate.admit_controllers() {
        write_status(&permit, budget, hall);
    }
}

/// All budgets, for a new leader.
pub(crate) fn start(permit: &Permit, hall: &mut Hall<'_>) {
    let ids: Vec<BudgetId> = hall.model.budgets.ids().collect();
    for id in ids {
        hall.store.budgets[id].queued = false;
        write_status(permit, id, hall);
    }
}

fn write_status(_: &Permit, id: BudgetId, hall: &mut Hall<'_>) {
    let (desired, allowed) = hall.store.budget_status(hall.model, id);
    let budget = &mut hall.store.budgets[id];
    let healthy = budget.healthy;
    if (budget.desired_healthy, budget.allowed, budget.current_healthy) != (desired, allowed, healthy) {
        budget.desired_healthy = desired;
        budget.allowed = allowed;
        budget.current_healthy = healthy;
        budget.version += 1;
    }
}

/// What the eviction API makes of a pod at the moment it reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may be deleted; no budget has a say.
    Free,
    /// It may be deleted if this budget's status has not changed meanwhile; one disruption is used up.
    Takes(BudgetId, u32),
    /// 429.
    Refused(BudgetId, RefusalReason),
    /// 500: more than one budget.
    Error(ApiError),
    /// 404.
    Gone,
}

/// Steps 1 to 5 of the decision (P-1).
pub(crate) fn judge(pod: PodId, hall: &Hall<'_>) -> Verdict {
    let state = &hall.store.pods[pod];
    if !state.exists {
        return Verdict::Gone;
    }
    if !state.running || state.finished || state.terminating {
        return Verdict::Free;
    }
    let id = match *hall.selectors.budgets(state.class) {
        [] => return Verdict::Free,
        [id] => id,
        _ => return Verdict::Error(ApiError::ManyBudgets),
    };
    let budget = &hall.store.budgets[id];
    if !state.ready {
        let minor = hall.store.gate.minors.api_server;
        let lenient = behaviour::api_server::unhealthy_policy(minor) && hall.model.budgets[id].always_allow_unhealthy;
        let healthy = budget.current_healthy >= budget.desired_healthy && budget.desired_healthy > 0;
        if lenient || healthy {
            return Verdict::Free;
        }
    }
    if budget.allowed == 0 {
        Verdict::Refused(id, RefusalReason::BudgetExhausted)
    } else {
        Verdict::Takes(id, budget.version)
    }
}

/// Uses up one disruption, unless the status has changed since it was read (optimistic locking). The counted-down
/// status holds until the controller next writes it, so concurrent drains cannot overdraw (D-20).
pub(crate) fn take(_: &Permit, id: BudgetId, version: u32, hall: &mut Hall<'_>) -> bool {
    let budget = &mut hall.store.budgets[id];
    if budget.version != version || budget.allowed == 0 {
        return false;
    }
    budget.allowed -= 1;
    budget.version += 1;
    true
}
