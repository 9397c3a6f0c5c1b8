//! The rules as functions, by what they look at.

mod budgets;
mod control_plane;
mod drains;
mod hooks;
mod rollout;
mod room;
mod traffic;
mod versions;
mod workloads;

use super::desk::Desk;
use super::found::Found;

/// Looks for what a rule finds.
pub(super) type Check = fn(&Desk<'_>, &mut Found<'_>);

/// All checks with the names of their rules.
pub(super) const ALL: [&[(&str, Check)]; 9] = [
    versions::CHECKS,
    control_plane::CHECKS,
    rollout::CHECKS,
    drains::CHECKS,
    room::CHECKS,
    budgets::CHECKS,
    workloads::CHECKS,
    traffic::CHECKS,
    hooks::CHECKS,
];
