//! The upgrade plan.

use super::Builder;
use super::names::short;
use crate::ids::NodeId;
use crate::model::{ControlPlanePlan, DrainOptions, DrainVia, OnFailure, Plan};
use crate::scenario::diagnostic::Problem;
use crate::scenario::own::{DrainSpec, KubeletsSpec, OnFailureSpec, PlanSpec, ViaSpec};
use crate::scenario::plans::PlanDoc;
use crate::scenario::presets;
use crate::scenario::text::At;
use crate::units::Span;

impl Builder<'_> {
    /// The plan, if there is one.
    pub(super) fn plan(&mut self, plan: Option<&PlanDoc>) {
        let Some(PlanDoc {
            place,
            name,
            spec: written,
            ..
        }) = plan
        else {
            return;
        };
        let spec = &self.with_preset(written);
        let control_plane = self.control_plane_plan(spec);
        let drain = self.drain(&spec.drain);
        let target = spec.target_version.as_ref().map(|v| v.value.0.clone());
        let mut pools = self.pools(spec, *place, control_plane.upgrade);
        let kubeadm = Self::kubeadm(spec);
        let legs = self.legs(spec, control_plane.upgrade, &pools, &kubeadm);
        self.successors(&mut pools, &legs);
        let steps = self.steps(spec);
        self.check_target(spec, control_plane.upgrade);
        self.model.plan = Some(Plan {
            name: name.clone().unwrap_or_else(|| "upgrade".into()),
            target,
            start_at: spec.start_at.as_ref().map_or(Span::ZERO, |d| d.0),
            legs,
            kubeadm,
            control_plane,
            pools,
            drain,
            steps,
        });
    }

    /// The plan, completed by its preset.
    fn with_preset(&mut self, spec: &PlanSpec) -> PlanSpec {
        let Some(At { value: name, place }) = &spec.preset else {
            return spec.clone();
        };
        let Some(preset) = presets::plan_of(name) else {
            let text = format!("there is no preset `{}`", short(name));
            self.problems
                .push(Problem::at(*place, text).help(presets::advice(name)));
            return spec.clone();
        };
        spec.over(&preset)
    }

    fn control_plane_plan(&mut self, spec: &PlanSpec) -> ControlPlanePlan {
        let here = !self.model.control_plane.nodes.is_empty();
        let given = spec.control_plane.as_ref();
        let wish = given.map(|g| g.value.clone()).unwrap_or_default();
        let place = given.map(|g| g.place).unwrap_or_default();
        let explicit = wish.upgrade == Some(true);
        if explicit && !spec.steps.is_empty() {
            let problem = Problem::at(place, "explicit `steps` stand instead of the control plane's upgrade");
            self.problems
                .push(problem.help("use a step `upgradeControlPlane: NODE`, or leave `upgrade` out"));
        } else if explicit && !here && !self.model.nodes.is_empty() && !self.documents.damaged {
            let problem = Problem::at(place, "the cluster has no control-plane nodes to upgrade");
            self.problems.push(problem.help(
                "control-plane nodes have the label node-role.kubernetes.io/control-plane; leave `upgrade` out where a cloud runs the control plane",
            ));
        }
        ControlPlanePlan {
            upgrade: wish.upgrade.unwrap_or(here) && spec.steps.is_empty(),
            drain: wish.drain.unwrap_or(true),
            drain_before_apply: wish.drain_before_apply.unwrap_or(false),
            renew_certificates: wish.certificate_renewal.unwrap_or(true),
            order: self.control_plane_order(wish.order.as_deref()),
            kubelets_last: wish.kubelets == Some(KubeletsSpec::AfterAll),
        }
    }

    /// The order of the control-plane nodes, which has each of them once; empty where none is given.
    fn control_plane_order(&mut self, names: Option<&[At<String>]>) -> Vec<NodeId> {
        let Some(names) = names else { return Vec::new() };
        let mut order = Vec::new();
        for name in names {
            let Some(node) = self.control_plane_node_named(name) else {
                return Vec::new();
            };
            if order.contains(&node) {
                self.wrong(name.place, format!("`{}` stands here twice", short(&name.value)));
            }
            order.push(node);
        }
        let nodes = &self.model.control_plane.nodes;
        if let Some(&left) = nodes.iter().find(|n| !order.contains(n)) {
            let text = format!(
                "the order lacks the control-plane node `{}`",
                self.model.nodes[left].name
            );
            match names.last() {
                Some(last) => self.wrong(last.place, text),
                None => self.problems.push(Problem::general(text)),
            }
        }
        order
    }

    /// The flags of a drain, with their defaults.
    pub(super) fn drain(&mut self, spec: &DrainSpec) -> DrainOptions {
        let five = Span::from_secs(5);
        DrainOptions {
            via: match spec.via {
                None | Some(ViaSpec::Eviction) => DrainVia::Eviction,
                Some(ViaSpec::Delete) => DrainVia::Delete,
                Some(ViaSpec::None) => DrainVia::None,
            },
            ignore_daemon_sets: spec.ignore_daemon_sets.unwrap_or(true),
            delete_empty_dir_data: spec.delete_empty_dir_data.unwrap_or(true),
            force: spec.force.unwrap_or(false),
            grace_period: spec.grace_period.as_ref().map(|d| d.0),
            timeout: limit(spec.timeout.as_ref()),
            retry_interval: self.positive(spec.retry_interval.as_ref(), five),
            on_failure: match spec.on_failure {
                None | Some(OnFailureSpec::Abort) => OnFailure::Abort,
                Some(OnFailureSpec::UncordonAndAbort) => OnFailure::UncordonAndAbort,
                Some(OnFailureSpec::Skip) => OnFailure::Skip,
                Some(OnFailureSpec::Quarantine) => OnFailure::Quarantine,
                Some(OnFailureSpec::ForceDelete) => OnFailure::ForceDelete,
                Some(OnFailureSpec::TerminateAnyway) => OnFailure::TerminateAnyway,
                Some(OnFailureSpec::WarnAndContinue) => OnFailure::WarnAndContinue,
                Some(OnFailureSpec::Retry) => OnFailure::Retry,
            },
            failure_retry_interval: self.positive(spec.failure_retry_interval.as_ref(), five),
            tries: self.at_least_one(spec.tries.as_ref()),
            volumes_one_by_one: spec.volumes_one_by_one.unwrap_or(false),
            wait_for_volumes: spec.wait_for_volumes.unwrap_or(false),
            volume_detach_timeout: limit(spec.volume_detach_timeout.as_ref()),
            critical_last: spec.critical_last.unwrap_or(false),
            exclude_from_balancers: spec.exclude_from_load_balancers.unwrap_or(false),
            alert_after: limit(spec.alert_after.as_ref()),
        }
    }

    /// A count of one or more, one unless given.
    pub(super) fn at_least_one(&mut self, given: Option<&At<u32>>) -> u32 {
        if let Some(given) = given
            && given.value == 0
        {
            self.wrong(given.place, "expected 1 or more");
        }
        given.map_or(1, |g| g.value)
    }

    pub(super) fn positive(&mut self, given: Option<&At<crate::scenario::own::Duration>>, default: Span) -> Span {
        let Some(given) = given else {
            return default;
        };
        if given.value.0 == Span::ZERO {
            self.wrong(given.place, "the interval must be longer than 0s");
        }
        given.value.0
    }
}

/// A limit of time; zero: none.
fn limit(given: Option<&crate::scenario::own::Duration>) -> Option<Span> {
    given.map(|d| d.0).filter(|&t| t > Span::ZERO)
}
