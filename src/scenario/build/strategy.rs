//! How the nodes of a pool are upgraded.

use super::Builder;
use crate::model::{Gate, Mode, NodeOrder, OnAbort, OnCreateFailure, OnQuota, Premark, Rounding, Strategy, Window};
use crate::scenario::diagnostic::Problem;
use crate::scenario::own::{
    Duration, GateSpec, ModeSpec, OnAbortSpec, OnCreateFailureSpec, OnQuotaSpec, OrderSpec, PremarkSpec, RoundingSpec,
    Share, StrategySpec,
};
use crate::scenario::text::At;
use crate::units::{IntOrPercent, Span};

impl Builder<'_> {
    /// The strategy of a pool, with its defaults.
    pub(super) fn strategy(&mut self, spec: &StrategySpec) -> Strategy {
        let mode = match spec.mode.as_ref().map(|m| m.value) {
            None | Some(ModeSpec::InPlace) => Mode::InPlace,
            Some(ModeSpec::Replace) => Mode::Replace,
            Some(ModeSpec::BlueGreen) => Mode::BlueGreen,
        };
        // A replacement comes first unless the plan says otherwise.
        let (missing, beyond) = match mode {
            Mode::InPlace | Mode::BlueGreen => (1, 0),
            Mode::Replace => (0, u32::from(spec.max_unavailable.is_none())),
        };
        let max_unavailable = self.share_of(spec.max_unavailable.as_ref(), missing);
        let max_surge = self.share_of(spec.max_surge.as_ref(), beyond);
        self.makes_sense(spec, mode, max_unavailable, max_surge);
        let long = |given: &Option<Duration>| given.as_ref().map_or(Span::ZERO, |d| d.0);
        let ramp = spec.ramp.iter().flatten().collect::<Vec<_>>();
        let ramp = ramp.into_iter().map(|size| self.batch(size)).collect();
        Strategy {
            mode,
            max_unavailable,
            max_surge,
            premark: match spec.premark.as_ref().map(|p| p.value) {
                None | Some(PremarkSpec::None) => Premark::None,
                Some(PremarkSpec::PreferNoSchedule) => Premark::PreferNoSchedule,
                Some(PremarkSpec::Cordon) => Premark::Cordon,
            },
            order: order(spec.order),
            barrier: spec.barrier.unwrap_or(false),
            lockstep: spec.lockstep.unwrap_or(false),
            soak: long(&spec.soak),
            gate: match spec.gate {
                Some(GateSpec::None) => Gate::None,
                None | Some(GateSpec::Ready) => Gate::Ready,
                Some(GateSpec::WorkloadsHealthy) => Gate::WorkloadsHealthy,
            },
            reboot: spec.reboot.unwrap_or(false),
            rounding: match spec.rounding {
                None | Some(RoundingSpec::Up) => Rounding::Up,
                Some(RoundingSpec::Down) => Rounding::Down,
            },
            max_at_once: spec.max_at_once.as_ref().map(|m| self.at_least_one(Some(m))),
            ramp,
            first_alone: spec.first_alone.unwrap_or(false),
            buffer: self.share_of(spec.buffer.as_ref(), 0),
            buffer_per_zone: spec.buffer_per_zone.as_ref().map_or(0, |b| self.few(b)),
            batch_soak: long(&spec.batch_soak),
            pool_soak: long(&spec.pool_soak),
            post_drain_delay: long(&spec.post_drain_delay),
            gate_checks: self.at_least_one(spec.gate_checks.as_ref()),
            gate_interval: self.positive(spec.gate_interval.as_ref(), Span::from_secs(1)),
            gate_timeout: spec.gate_timeout.as_ref().map(|d| d.0).filter(|&t| t > Span::ZERO),
            only_evictable: spec.only_evictable.unwrap_or(false),
            max_blocked_nodes: spec.max_blocked_nodes.as_ref().map(|m| self.share_of(Some(m), 0)),
            window: spec.window.as_ref().map(|w| self.window(w)),
            max_nodes: spec.max_nodes.as_ref().map(|m| m.value),
            on_quota: on_quota(spec.on_quota),
            create_timeout: spec.create_timeout.as_ref().map(|d| d.0).filter(|&t| t > Span::ZERO),
            on_create_failure: match spec.on_create_failure {
                None | Some(OnCreateFailureSpec::Abort) => OnCreateFailure::Abort,
                Some(OnCreateFailureSpec::Retry) => OnCreateFailure::Retry,
            },
            on_abort: match spec.on_abort {
                None | Some(OnAbortSpec::Finish) => OnAbort::Finish,
                Some(OnAbortSpec::Stop) => OnAbort::Stop,
            },
            scale_down_disabled: spec.scale_down_disabled.unwrap_or(false),
            rollback_after: spec.rollback_after.as_ref().map(|d| d.value.0),
        }
    }

    fn window(&mut self, given: &At<crate::scenario::own::WindowSpec>) -> Window {
        let spec = &given.value;
        if spec.open.0 == Span::ZERO || spec.every.0 < spec.open.0 {
            let text = "a window must be open for longer than 0s, and not for longer than it is until the next one";
            self.wrong(given.place, text);
        }
        Window {
            every: spec.every.0,
            open: spec.open.0,
            offset: spec.offset.as_ref().map_or(Span::ZERO, |d| d.0),
        }
    }

    fn share_of(&mut self, given: Option<&At<Share>>, default: u32) -> IntOrPercent {
        let Some(given) = given else {
            return IntOrPercent::Int(default);
        };
        if matches!(given.value.0, IntOrPercent::Percent(percent) if percent > 100) {
            self.wrong(given.place, "more than 100%");
        }
        given.value.0
    }

    /// The size of a batch.
    fn batch(&mut self, given: &At<Share>) -> IntOrPercent {
        let share = self.share_of(Some(given), 1);
        if is_zero(share) {
            self.wrong(given.place, "a batch of no nodes");
        }
        share
    }

    /// A number of nodes that a pool can sensibly have more of.
    fn few(&mut self, given: &At<u32>) -> u32 {
        if given.value > 100 {
            self.wrong(given.place, "more than 100 extra nodes for each zone");
        }
        given.value.min(100)
    }

    /// Complains about figures that mean nothing together.
    fn makes_sense(&mut self, spec: &StrategySpec, mode: Mode, unavailable: IntOrPercent, surge: IntOrPercent) {
        let nobody = is_zero(unavailable) && (mode == Mode::BlueGreen || is_zero(surge));
        if let Some(place) = spec.max_unavailable.as_ref().map(|s| s.place)
            && nobody
        {
            let text = match mode {
                Mode::InPlace => "with `maxUnavailable: 0` no node can be upgraded in place",
                Mode::Replace => "with `maxUnavailable: 0` and no `maxSurge` no node can be replaced",
                Mode::BlueGreen => "with `maxUnavailable: 0` no old node can be drained",
            };
            self.wrong(place, text);
        }
        if let Some(At { value, place }) = &spec.max_surge
            && mode != Mode::Replace
            && !is_zero(value.0)
        {
            let (text, help) = match mode {
                Mode::BlueGreen => (
                    "`maxSurge` has no meaning with `mode: BlueGreen`, which brings a whole new pool",
                    "`maxUnavailable` is the size of a batch",
                ),
                _ => (
                    "`maxSurge` above 0 has no meaning in place",
                    "with `mode: Replace` new nodes come first; `buffer` brings nodes that stay until the end",
                ),
            };
            self.problems.push(Problem::at(*place, text).help(help));
        }
        if let Some(after) = &spec.rollback_after
            && mode != Mode::BlueGreen
        {
            let text = "`rollbackAfter` has a meaning with `mode: BlueGreen` only";
            self.wrong(after.place, text);
        }
        if let Some(buffer) = &spec.buffer
            && mode == Mode::BlueGreen
            && !is_zero(buffer.value.0)
        {
            self.wrong(
                buffer.place,
                "`buffer` has no meaning with `mode: BlueGreen`, which brings a whole new pool",
            );
        }
    }
}

const fn is_zero(share: IntOrPercent) -> bool {
    matches!(share, IntOrPercent::Int(0) | IntOrPercent::Percent(0))
}

const fn order(spec: Option<OrderSpec>) -> NodeOrder {
    match spec {
        None | Some(OrderSpec::ByName) => NodeOrder::ByName,
        Some(OrderSpec::OldestFirst) => NodeOrder::OldestFirst,
        Some(OrderSpec::ByZone) => NodeOrder::ByZone,
        Some(OrderSpec::ByZoneThenAge) => NodeOrder::ByZoneThenAge,
        Some(OrderSpec::FewestPods) => NodeOrder::FewestPods,
        Some(OrderSpec::Random) => NodeOrder::Random,
        Some(OrderSpec::Listed) => NodeOrder::Listed,
    }
}

const fn on_quota(given: Option<OnQuotaSpec>) -> OnQuota {
    match given {
        None | Some(OnQuotaSpec::Abort) => OnQuota::Abort,
        Some(OnQuotaSpec::Retry) => OnQuota::Retry,
        Some(OnQuotaSpec::GoWithout) => OnQuota::GoWithout,
    }
}
