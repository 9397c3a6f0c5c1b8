//! Admission of new pods: webhooks that fail closed.

use super::gate::Permit;
use super::hall::Hall;
use crate::ids::WorkloadId;
use crate::trace::Fact;
use crate::units::Span;

/// Why a pod is not created.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    /// Nobody asks: the API or the controller manager is away.
    Away,
    /// A webhook cannot be called; the controller tries again after this pause.
    Webhook(Span),
}

/// The pause after the first failure of a controller's work, which doubles with each (the work queues' limiter, C-9) …
const FIRST_PAUSE: Span = Span::from_millis(5);
/// … up to this long.
const LONGEST_PAUSE: Span = Span::from_secs(1000);

impl Hall<'_> {
    /// Leave for a controller to create a pod of a workload: every webhook that is asked must be there to answer.
    pub(crate) fn admit_creation(&mut self, workload: WorkloadId) -> Result<Permit, Refused> {
        let permit = self.store.gate.admit_controllers().map_err(|_| Refused::Away)?;
        let class = &self.model.classes[self.model.workloads[workload].class];
        let silent = |id: &&crate::ids::WebhookId| self.store.addresses[self.model.webhooks[**id].service] == 0;
        let Some(&webhook) = class.webhooks.iter().find(silent) else {
            self.store.failed_creations[workload] = 0;
            return Ok(permit);
        };
        let failures = self.store.failed_creations[workload];
        self.store.failed_creations[workload] = failures.saturating_add(1);
        if failures == 0 {
            self.emit(Fact::PodNotAdmitted { workload, webhook });
        }
        let pause = (FIRST_PAUSE * (1 << failures.min(18))).at_most(LONGEST_PAUSE);
        Err(Refused::Webhook(pause))
    }
}
