//! H: webhooks and aggregated APIs.

use super::case::{Case, count};
use super::{Finding, Found, Hook, Rule, Severity};
use crate::ids::WorkloadId;
use crate::model::{OnFailure, Predicts};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "H01",
        severity: Severity::Error,
        title: "A webhook is needed for its own pods",
        why: "Once its last pod is evicted, no pod it looks at can be created, its own among them: nothing comes back by itself.",
        fix: "Leave its own namespace and kube-system out (`namespaceSelector`), or set `failurePolicy: Ignore`; run two replicas with a \
              budget.",
        needs: "webhook configurations, Services, workloads",
        source: "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#avoiding-deadlocks-in-self-hosted-webhooks",
        check: own_pods,
    },
    Rule {
        id: "H02",
        severity: Severity::Warning,
        title: "A webhook or an aggregated API has one replica",
        why: "While it moves, every request that it is asked about fails.",
        fix: "Run two replicas with a budget.",
        needs: "webhook configurations, APIServices, Services, workloads",
        source: "https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/",
        check: one_replica,
    },
    Rule {
        id: "H03",
        severity: Severity::Warning,
        title: "A webhook decides on evictions",
        why: "It may refuse what budgets allow, so that operators move their pods themselves: tools that give up at the first error fail.",
        fix: "Let drains try again (`onFailure: Retry`) and give them a timeout that the operator keeps.",
        needs: "webhook configurations, an UpgradePlan",
        source: "https://strimzi.io/docs/operators/latest/deploying (drain cleaner)",
        check: evictions,
    },
];

/// Workloads that answer for a Service of the input.
fn behind(case: &Case<'_>, hook: &Hook) -> Vec<WorkloadId> {
    let (namespace, name) = &hook.service;
    let mut services = case.model.services.iter_ids();
    let service = services.find(|(_, s)| !s.implied && s.namespace == *namespace && s.name == *name);
    let Some((service, _)) = service else { return Vec::new() };
    let all = case.model.workloads.iter_ids();
    all.filter(|(id, w)| w.desired > 0 && case.class(*id).services.contains(&service))
        .map(|(id, _)| id)
        .collect()
}

fn own_pods(case: &Case<'_>, found: &mut Found) {
    for hook in case.traits.hooks.iter().filter(|h| h.fails && h.pods) {
        for id in behind(case, hook) {
            let asked = case
                .class(id)
                .webhooks
                .iter()
                .any(|&w| case.model.webhooks[w].name == hook.name);
            if !asked || !case.touches(id) {
                continue;
            }
            let desired = case.model.workloads[id].desired;
            let guarded = case.class(id).budgets.iter().any(|&b| case.budgets[b].wanted > 0);
            let name = case.model.workload_name(id);
            let says = format!(
                "{} is asked when pods of {name} are created, which answer for it",
                hook.name
            );
            let finding = Finding::new(hook.object.clone(), says).figure("replicas", desired);
            let why = format!(
                "{name} has {} on nodes that are drained.",
                count(desired as usize, "replica")
            );
            let finding = finding.why(why).figure("budget", guarded);
            found.push(if desired > 1 && guarded {
                finding.milder(Severity::Warning)
            } else {
                finding.predicts(if desired > 1 {
                    Predicts::Downtime(id)
                } else {
                    Predicts::Stuck
                })
            });
        }
    }
}

fn one_replica(case: &Case<'_>, found: &mut Found) {
    for hook in &case.traits.hooks {
        let backends = behind(case, hook);
        let replicas: u32 = backends.iter().map(|&id| case.model.workloads[id].desired).sum();
        let Some(&id) = backends.first().filter(|&&id| replicas == 1 && case.touches(id)) else {
            continue;
        };
        let says = format!(
            "{} is answered by {}, which has 1 replica",
            hook.name,
            case.model.workload_name(id)
        );
        let finding = Finding::new(hook.object.clone(), says).figure("replicas", replicas);
        let finding = finding.figure("failurePolicy", if hook.fails { "Fail" } else { "Ignore" });
        let finding = finding.predicts(Predicts::Downtime(id));
        found.push(if hook.fails {
            finding
        } else {
            finding.milder(Severity::Note)
        });
    }
}

fn evictions(case: &Case<'_>, found: &mut Found) {
    let Some((field, drain)) = case.drain(|d| d.via == crate::model::DrainVia::Eviction) else {
        return;
    };
    for hook in case.traits.hooks.iter().filter(|h| h.evictions) {
        if drain.on_failure == OnFailure::Retry {
            continue;
        }
        let says = format!("{} is asked about every eviction", hook.name);
        let why = format!(
            "A refusal that is no 429 fails the drain, and the plan then does: {:?} ({field}.onFailure).",
            drain.on_failure
        );
        found.push(
            Finding::new(hook.object.clone(), says)
                .why(why)
                .figure("onFailure", format!("{:?}", drain.on_failure)),
        );
    }
}
