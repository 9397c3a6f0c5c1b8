//! Admission of new pods: webhooks that fail closed.

use super::event::Event as World;
use super::gate::{Permit, Unavailable};
use super::hall::Hall;
use super::replica_set;
use crate::ids::{WebhookId, WorkloadId};
use crate::model::WorkloadKind;
use crate::trace::Fact;
use crate::units::Span;

/// What webhooks make of a workload's new pods.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    /// Rounds of creations that have failed since one went through.
    failures: u8,
    /// Its controller will try again.
    retries: bool,
}

/// The pause after the first failure of a controller's work, which doubles with each (the work queues' limiter, C-9) …
const FIRST_PAUSE: Span = Span::from_millis(5);
/// … up to this long.
const LONGEST_PAUSE: Span = Span::from_secs(1000);

impl Hall<'_> {
    /// Leave for a controller to create a pod of a workload: every webhook that is asked must be there to answer.
    /// Otherwise the controller tries again later, once for all pods that failed meanwhile: a key is in its work queue
    /// only once.
    pub(crate) fn admit_creation(&mut self, workload: WorkloadId) -> Result<Permit, Unavailable> {
        let permit = self.store.gate.admit_controllers()?;
        let Some(webhook) = self.silent_webhook(workload) else {
            self.store.admission[workload].failures = 0;
            return Ok(permit);
        };
        let state = &mut self.store.admission[workload];
        if !std::mem::replace(&mut state.retries, true) {
            let failures = state.failures;
            state.failures = failures.saturating_add(1);
            if failures == 0 {
                self.emit(Fact::PodNotAdmitted { workload, webhook });
            }
            let pause = (FIRST_PAUSE * (1 << failures.min(18))).at_most(LONGEST_PAUSE);
            self.after(pause, World::CreateAgain(workload));
        }
        Err(Unavailable)
    }

    /// Leave for somebody outside to create a pod or a Job. Pods are asked about, Jobs are not.
    pub(super) fn admit_request(&mut self, workload: WorkloadId) -> Result<Permit, Unavailable> {
        let permit = self.admit()?;
        let pod = self.model.workloads[workload].kind == WorkloadKind::Pod;
        let Some(webhook) = self.silent_webhook(workload).filter(|_| pod) else {
            self.store.admission[workload].failures = 0;
            return Ok(permit);
        };
        if std::mem::replace(&mut self.store.admission[workload].failures, 1) == 0 {
            self.emit(Fact::PodNotAdmitted { workload, webhook });
        }
        Err(Unavailable)
    }

    /// A webhook that has to be asked about a workload's pods and has nobody to answer.
    pub(super) fn silent_webhook(&self, workload: WorkloadId) -> Option<WebhookId> {
        if self.model.webhooks.is_empty() {
            return None;
        }
        let class = self.template(self.store.workloads[workload].class);
        let silent = |id: &&WebhookId| self.store.addresses[self.model.webhooks[**id].service] == 0;
        class.webhooks.iter().find(silent).copied()
    }

    /// The pause is over: the workload's controller looks at it.
    pub(super) fn create_again(&mut self, workload: WorkloadId) {
        self.store.admission[workload].retries = false;
        for rs in self.store.workloads[workload].replica_sets.clone() {
            self.after(Span::ZERO, World::ReplicaSet(replica_set::Event::Sync(rs)));
        }
        self.after(Span::ZERO, self.sync_of(workload));
    }
}
