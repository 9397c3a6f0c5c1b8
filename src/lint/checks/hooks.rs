//! H: webhooks that fail closed.

use super::Check;
use crate::ids::{ServiceId, WebhookId, WorkloadId};
use crate::lint::desk::{Desk, some};
use crate::lint::found::{Found, Says, cluster_wide, says};
use crate::model::{Prediction, Webhook};

pub(super) const CHECKS: &[(&str, Check)] = &[("H01", trap), ("H02", single)];

/// Workloads behind a Service.
fn behind(desk: &Desk<'_>, service: ServiceId) -> Vec<WorkloadId> {
    let all = desk.drainable();
    all.filter(|(_, w)| desk.class(w).services.contains(&service))
        .map(|(id, _)| id)
        .collect()
}

fn webhook(webhook: &Webhook, evidence: String) -> Says {
    says(cluster_wide("WebhookConfiguration", &webhook.name), evidence)
}

fn each(desk: &Desk<'_>, mut check: impl FnMut(WebhookId, &Webhook, &[WorkloadId])) {
    for (id, webhook) in desk.model.webhooks.iter_ids() {
        let backend = behind(desk, webhook.service);
        if backend.iter().any(|&workload| desk.is_moved(workload)) {
            check(id, webhook, &backend);
        }
    }
}

fn trap(desk: &Desk<'_>, found: &mut Found<'_>) {
    each(desk, |id, hook, backend| {
        let asked = |w: &WorkloadId| desk.class(&desk.model.workloads[*w]).webhooks.contains(&id);
        let names: Vec<String> = backend.iter().filter(|w| asked(w)).map(|&w| desk.name(w)).collect();
        if !names.is_empty() {
            let evidence = format!("it is asked about the pods that answer for it: {}", some(&names));
            found.add(webhook(hook, evidence).predicting(Prediction::Downtime, names));
        }
    });
}

fn single(desk: &Desk<'_>, found: &mut Found<'_>) {
    each(desk, |_, hook, backend| {
        let replicas: u32 = backend.iter().map(|&w| desk.model.workloads[w].desired).sum();
        if replicas == 1 {
            let names: Vec<String> = backend.iter().map(|&w| desk.name(w)).collect();
            let evidence = format!("1 replica of {} answers for it", some(&names));
            found.add(webhook(hook, evidence).predicting(Prediction::Downtime, names));
        }
    });
}
