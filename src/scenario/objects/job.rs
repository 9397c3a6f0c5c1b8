//! Job.

use k8s_openapi::api::batch::v1::{Job, JobSpec, PodFailurePolicy};

use super::workload::of_template;
use super::{Extras, Meta, Reading, Template};
use crate::model;
use crate::scenario::limits::MOST_REPLICAS;

/// What the model needs of a Job.
#[derive(Clone, Debug)]
pub(crate) struct JobDoc {
    pub(crate) meta: Meta,
    pub(crate) job: model::Job,
    pub(crate) template: Template,
    pub(crate) extras: Option<Box<Extras>>,
}

impl Reading<'_> {
    /// Reads a Job.
    pub(crate) fn job(&mut self) -> Option<JobDoc> {
        let object: Job = self.typed()?;
        let meta = self.meta(object.metadata, true);
        let Some(spec) = object.spec else {
            self.wrong(&[], "the Job has no `spec`");
            return None;
        };
        let status = object.status.unwrap_or_default();
        let over = |c: &k8s_openapi::api::batch::v1::JobCondition| {
            c.status == "True" && matches!(c.type_.as_str(), "Complete" | "Failed")
        };
        let over = status.conditions.iter().flatten().any(over);
        let succeeded = u32::try_from(status.succeeded.unwrap_or(0)).unwrap_or(0);
        let mut job = self.job_spec(&spec, succeeded);
        if over || spec.suspend == Some(true) {
            (job.parallelism, job.completions) = (0, Some(0));
        }
        Some(JobDoc {
            job,
            extras: Some(of_template(&spec.template)),
            template: self.inner(spec.template),
            meta,
        })
    }

    fn job_spec(&mut self, spec: &JobSpec, succeeded: u32) -> model::Job {
        let mut count = |value: i32, field| self.count(value, MOST_REPLICAS, &["spec", field]);
        let parallelism = count(spec.parallelism.unwrap_or(1), "parallelism");
        // Without either field a Job wants one pod to succeed; with `parallelism` alone it is a work queue.
        let completions = match (spec.completions, spec.parallelism) {
            (Some(completions), _) => Some(count(completions, "completions")),
            (None, None) => Some(1),
            (None, Some(_)) => None,
        };
        let backoff_limit = count(spec.backoff_limit.unwrap_or(6).min(i32::from(u16::MAX)), "backoffLimit");
        let policy = spec.pod_failure_policy.as_ref();
        model::Job {
            parallelism,
            completions: completions.map(|c| c.saturating_sub(succeeded)),
            backoff_limit,
            waits_for_end: policy.is_some() || spec.pod_replacement_policy.as_deref() == Some("Failed"),
            ignores_disruptions: policy.is_some_and(ignores_disruptions),
        }
    }
}

/// Whether the first rule that matches an evicted pod ignores it.
fn ignores_disruptions(policy: &PodFailurePolicy) -> bool {
    let disruption = policy.rules.iter().find(|rule| {
        let mut conditions = rule.on_pod_conditions.iter().flatten();
        conditions.any(|c| c.type_ == "DisruptionTarget")
    });
    disruption.is_some_and(|rule| rule.action == "Ignore")
}
