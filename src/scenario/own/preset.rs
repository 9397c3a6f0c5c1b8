//! What a plan leaves out: a preset says it, then the defaults.

use super::drain::{DrainSpec, OnFailureSpec, ViaSpec};
use super::plan::{
    ControlPlanePlanSpec, DrainStepSpec, GateSpec, KubeletsSpec, ModeSpec, OnAbortSpec, OnCreateFailureSpec,
    OnQuotaSpec, OrderSpec, PlanSpec, PoolSpec, PremarkSpec, RoundingSpec, StrategySpec,
};
use super::{Duration, Share};
use crate::scenario::text::{At, Place};
use crate::units::{IntOrPercent, Span};

/// Declares `over`: the fields of the first, and where it says nothing those of the second. A field that is forgotten here
/// does not compile.
macro_rules! over {
    ($type:ty: $($field:ident),+ $(,)?) => {
        impl $type {
            /// What this says, and where it says nothing what `base` says.
            pub(crate) fn over(&self, base: &Self) -> Self {
                Self { $($field: self.$field.clone().or_else(|| base.$field.clone())),+ }
            }
        }
    };
}

over!(ControlPlanePlanSpec: upgrade, drain, drain_before_apply, certificate_renewal, order, kubelets);
over!(StrategySpec: mode, max_unavailable, max_surge, order, premark, ramp, barrier, lockstep, soak, gate, reboot,
    rounding, max_at_once, first_alone, buffer, buffer_per_zone, batch_soak, pool_soak, post_drain_delay, gate_checks,
    gate_interval, gate_timeout, only_evictable, max_blocked_nodes, window, max_nodes, on_quota, create_timeout, on_create_failure, on_abort, scale_down_disabled, rollback_after);
over!(DrainSpec: via, ignore_daemon_sets, delete_empty_dir_data, force, grace_period, timeout, retry_interval, on_failure,
    failure_retry_interval, tries, alert_after, exclude_from_load_balancers, volumes_one_by_one, wait_for_volumes,
    volume_detach_timeout, critical_last);

impl DrainStepSpec {
    /// The step's flags, completed by the plan's.
    pub(crate) fn flags(&self, plan: &DrainSpec) -> DrainSpec {
        self.own_flags().over(plan)
    }
}

impl PlanSpec {
    /// The plan with what a preset says where it says nothing itself.
    pub(crate) fn over(&self, preset: &Self) -> Self {
        let mut plan = self.clone();
        plan.preset = None;
        plan.strategy = self.strategy.over(&preset.strategy);
        plan.drain = self.drain.over(&preset.drain);
        plan.control_plane = match (&self.control_plane, &preset.control_plane) {
            (Some(own), Some(base)) => Some(At {
                value: own.value.over(&base.value),
                place: own.place,
            }),
            (own, base) => own.clone().or_else(|| base.clone()),
        };
        plan
    }

    /// The same cluster, versions and pools, upgraded as a preset does it: how this plan drains and in which batches it goes
    /// is left out, and so is a runbook.
    pub(crate) fn under(&self, preset: &str) -> Self {
        let mut plan = self.clone();
        plan.preset = Some(at(preset.to_owned()));
        plan.strategy = StrategySpec::default();
        plan.drain = DrainSpec::default();
        plan.steps = Vec::new();
        for pool in plan.pools.iter_mut().flatten() {
            pool.value.strategy = StrategySpec::default();
        }
        plan
    }

    /// The plan with every figure written down.
    pub(crate) fn filled(&self) -> Self {
        let mut plan = self.clone();
        plan.drain = self.drain.filled();
        let control_plane = self.control_plane.as_ref().map(|c| c.value.clone());
        plan.control_plane = Some(at(control_plane.unwrap_or_default().filled()));
        match &mut plan.pools {
            None => plan.strategy = self.strategy.filled(),
            Some(pools) => {
                for pool in pools {
                    pool.value.strategy = pool.value.strategy.over(&self.strategy).filled();
                }
                plan.strategy = StrategySpec::default();
            }
        }
        plan
    }

    /// How the nodes of a pool are upgraded.
    pub(crate) fn strategy_of(&self, pool: &PoolSpec) -> StrategySpec {
        pool.strategy.over(&self.strategy)
    }
}

impl StrategySpec {
    /// Whether it says nothing.
    pub(crate) fn is_default(&self) -> bool {
        serde_json::to_value(self).is_ok_and(|value| value.as_object().is_some_and(serde_json::Map::is_empty))
    }

    /// With the defaults.
    pub(crate) fn filled(&self) -> Self {
        // A replacement comes first unless the plan says otherwise.
        let replaces = self.mode.as_ref().is_some_and(|m| m.value == ModeSpec::Replace);
        let surge = u32::from(replaces && self.max_unavailable.is_none());
        self.over(&Self {
            mode: Some(at(ModeSpec::InPlace)),
            max_unavailable: Some(at(Share(IntOrPercent::Int(u32::from(!replaces))))),
            max_surge: Some(at(Share(IntOrPercent::Int(surge)))),
            order: Some(OrderSpec::ByName),
            premark: Some(at(PremarkSpec::None)),
            ramp: Some(Vec::new()),
            barrier: Some(false),
            lockstep: Some(false),
            soak: Some(Duration(Span::ZERO)),
            gate: Some(GateSpec::Ready),
            reboot: Some(false),
            rounding: Some(RoundingSpec::Up),
            max_at_once: None,
            first_alone: Some(false),
            buffer: Some(at(Share(IntOrPercent::Int(0)))),
            buffer_per_zone: Some(at(0)),
            batch_soak: Some(Duration(Span::ZERO)),
            pool_soak: Some(Duration(Span::ZERO)),
            post_drain_delay: Some(Duration(Span::ZERO)),
            gate_checks: Some(at(1)),
            gate_interval: Some(at(Duration(Span::from_secs(1)))),
            gate_timeout: Some(Duration(Span::ZERO)),
            only_evictable: Some(false),
            max_blocked_nodes: None,
            window: None,
            max_nodes: None,
            on_quota: Some(OnQuotaSpec::Abort),
            create_timeout: Some(Duration(Span::ZERO)),
            on_create_failure: Some(OnCreateFailureSpec::Abort),
            on_abort: Some(OnAbortSpec::Finish),
            scale_down_disabled: None,
            rollback_after: None,
        })
    }
}

impl DrainSpec {
    /// With the defaults.
    pub(crate) fn filled(&self) -> Self {
        let five = || Some(at(Duration(Span::from_secs(5))));
        self.over(&Self {
            via: Some(ViaSpec::Eviction),
            ignore_daemon_sets: Some(true),
            delete_empty_dir_data: Some(true),
            force: Some(false),
            grace_period: None,
            timeout: Some(Duration(Span::ZERO)),
            retry_interval: five(),
            on_failure: Some(OnFailureSpec::Abort),
            failure_retry_interval: five(),
            tries: Some(at(1)),
            alert_after: Some(Duration(Span::ZERO)),
            exclude_from_load_balancers: Some(false),
            volumes_one_by_one: Some(false),
            wait_for_volumes: Some(false),
            volume_detach_timeout: Some(Duration(Span::ZERO)),
            critical_last: Some(false),
        })
    }
}

impl ControlPlanePlanSpec {
    /// With the defaults; whether it is upgraded depends on the cluster.
    fn filled(&self) -> Self {
        self.over(&Self {
            upgrade: None,
            drain: Some(true),
            drain_before_apply: Some(false),
            certificate_renewal: Some(true),
            order: None,
            kubelets: Some(KubeletsSpec::WithNode),
        })
    }
}

/// A value that stands in no document.
fn at<T>(value: T) -> At<T> {
    At {
        value,
        place: Place::default(),
    }
}
