//! Deployment, ReplicaSet, DaemonSet.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetUpdateStrategy, Deployment, DeploymentStrategy, ReplicaSet};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};

use super::{Extras, Meta, Reading, Template};
use crate::model::RolloutStrategy;
use crate::scenario::limits::MOST_REPLICAS;
use crate::scenario::text::Place;
use crate::units::{IntOrPercent, Span};

/// What the model needs of a Deployment.
#[derive(Clone, Debug)]
pub(crate) struct DeploymentDoc {
    pub(crate) meta: Meta,
    pub(crate) replicas: u32,
    /// Where that is written.
    pub(crate) replicas_place: Place,
    pub(crate) rollout: RolloutStrategy,
    pub(crate) min_ready: Span,
    pub(crate) template: Template,
    pub(crate) extras: Option<Box<Extras>>,
}

/// What the model needs of a ReplicaSet.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaSetDoc {
    pub(crate) meta: Meta,
    pub(crate) replicas: u32,
    pub(crate) min_ready: Span,
    pub(crate) template: Template,
    pub(crate) extras: Option<Box<Extras>>,
}

/// What the model needs of a DaemonSet.
#[derive(Clone, Debug)]
pub(crate) struct DaemonSetDoc {
    pub(crate) meta: Meta,
    pub(crate) rollout: RolloutStrategy,
    pub(crate) min_ready: Span,
    pub(crate) template: Template,
    pub(crate) extras: Option<Box<Extras>>,
}

impl Reading<'_> {
    /// Reads a Deployment.
    pub(crate) fn deployment(&mut self) -> Option<DeploymentDoc> {
        self.tree.remove("status");
        let object: Deployment = self.typed()?;
        let meta = self.meta(object.metadata, true);
        let Some(spec) = object.spec else {
            self.wrong(&[], "the Deployment has no `spec`");
            return None;
        };
        Some(DeploymentDoc {
            meta,
            replicas_place: self.tree.find(&["spec", "replicas"]),
            replicas: self.replicas(spec.replicas),
            rollout: self.deployment_strategy(spec.strategy),
            min_ready: self.min_ready(spec.min_ready_seconds),
            extras: Some(of_template(&spec.template)),
            template: self.inner(spec.template),
        })
    }

    /// Reads a ReplicaSet.
    pub(crate) fn replica_set(&mut self) -> Option<ReplicaSetDoc> {
        self.tree.remove("status");
        let object: ReplicaSet = self.typed()?;
        let meta = self.meta(object.metadata, true);
        let Some(spec) = object.spec else {
            self.wrong(&[], "the ReplicaSet has no `spec`");
            return None;
        };
        // Those of a Deployment are like it.
        let alone = meta.owner.is_none();
        let template = spec.template.unwrap_or_default();
        Some(ReplicaSetDoc {
            meta,
            replicas: self.replicas(spec.replicas),
            min_ready: self.min_ready(spec.min_ready_seconds),
            extras: alone.then(|| of_template(&template)),
            template: self.inner(template),
        })
    }

    /// Reads a DaemonSet.
    pub(crate) fn daemon_set(&mut self) -> Option<DaemonSetDoc> {
        self.tree.remove("status");
        let object: DaemonSet = self.typed()?;
        let meta = self.meta(object.metadata, true);
        let Some(spec) = object.spec else {
            self.wrong(&[], "the DaemonSet has no `spec`");
            return None;
        };
        Some(DaemonSetDoc {
            meta,
            rollout: self.daemon_set_strategy(spec.update_strategy),
            min_ready: self.min_ready(spec.min_ready_seconds),
            extras: Some(of_template(&spec.template)),
            template: self.inner(spec.template),
        })
    }

    pub(super) fn inner(&mut self, template: PodTemplateSpec) -> Template {
        let labels = template.metadata.and_then(|m| m.labels);
        let spec = template.spec.unwrap_or_default();
        self.template(labels, &spec, &["spec", "template"])
    }

    pub(super) fn replicas(&mut self, replicas: Option<i32>) -> u32 {
        self.count(replicas.unwrap_or(1), MOST_REPLICAS, &["spec", "replicas"])
    }

    pub(super) fn min_ready(&mut self, seconds: Option<i32>) -> Span {
        let path = ["spec", "minReadySeconds"];
        self.seconds(i64::from(seconds.unwrap_or(0)), &path)
    }

    fn deployment_strategy(&mut self, strategy: Option<DeploymentStrategy>) -> RolloutStrategy {
        let strategy = strategy.unwrap_or_default();
        match strategy.type_.as_deref() {
            Some("Recreate") => return RolloutStrategy::Recreate,
            None | Some("RollingUpdate") => {}
            Some(_) => self.wrong(&["spec", "strategy", "type"], "expected RollingUpdate or Recreate"),
        }
        let rolling = strategy.rolling_update.unwrap_or_default();
        let path = |field| ["spec", "strategy", "rollingUpdate", field];
        let quarter = IntOrPercent::Percent(25);
        RolloutStrategy::RollingUpdate {
            max_surge: rolling.max_surge.map_or(quarter, |s| self.share(&s, &path("maxSurge"))),
            max_unavailable: rolling
                .max_unavailable
                .map_or(quarter, |s| self.share(&s, &path("maxUnavailable"))),
        }
    }

    fn daemon_set_strategy(&mut self, strategy: Option<DaemonSetUpdateStrategy>) -> RolloutStrategy {
        let strategy = strategy.unwrap_or_default();
        match strategy.type_.as_deref() {
            Some("OnDelete") => return RolloutStrategy::OnDelete,
            None | Some("RollingUpdate") => {}
            Some(_) => self.wrong(
                &["spec", "updateStrategy", "type"],
                "expected RollingUpdate or OnDelete",
            ),
        }
        let rolling = strategy.rolling_update.unwrap_or_default();
        let path = |field| ["spec", "updateStrategy", "rollingUpdate", field];
        RolloutStrategy::RollingUpdate {
            max_surge: rolling
                .max_surge
                .map_or(IntOrPercent::Int(0), |s| self.share(&s, &path("maxSurge"))),
            max_unavailable: rolling
                .max_unavailable
                .map_or(IntOrPercent::Int(1), |s| self.share(&s, &path("maxUnavailable"))),
        }
    }
}

/// What only the linter looks at.
pub(super) fn of_template(template: &PodTemplateSpec) -> Box<Extras> {
    let annotations = template.metadata.as_ref().and_then(|m| m.annotations.as_ref());
    Extras::of(
        annotations,
        template.spec.as_ref().unwrap_or(&PodSpec::default()),
        false,
    )
}
