//! From the fold to the report.

use super::attribution;
use super::blame::Words;
use super::findings;
use super::outcome::Ending;
use super::{
    Explainer, Metrics, Moves, PodId, Report, Time, Versions, WorkloadId, WorkloadReport, churn, placement, seconds,
};
use crate::ids::Id;
use crate::metrics::{ClusterReport, ControlPlaneReport};
use crate::trace::PlanStatus;

impl Metrics<'_> {
    /// The report of the run that ended at `end`, the time of the last fact.
    #[must_use]
    pub fn finish(mut self, end: Time) -> Report {
        let end = end.as_micros();
        self.settle(end);
        let p = self.preamble;
        let version = |i: usize| p.versions.get(i).cloned().unwrap_or_default();
        let ending = Ending {
            preamble: p,
            pods: &self.pods,
            nodes: &self.nodes,
            failure: self.versions.failure.as_ref(),
            status: self.plan_ended.map(|(_, status)| status),
            failed_step: self.failed_step,
            end: seconds(end),
        };
        let mut outcome = ending.outcome();
        if !matches!(outcome.status, PlanStatus::Completed | PlanStatus::CompletedWithSkips) {
            outcome.proof = self.deadlock.proof(p, &self.pods, &self.nodes);
        }
        let makespan = self.plan_started.zip(self.plan_ended);
        let lost = churn::gone(p, &self.pods, &self.nodes.machine_down);
        let workloads: Vec<WorkloadReport> = (0..p.workloads.len())
            .filter_map(|i| self.workload(WorkloadId::from_index(i), &lost))
            .collect();
        let report = Report {
            api_version: Report::API_VERSION.into(),
            kind: Report::KIND.into(),
            plan: p.plan.clone(),
            seed: p.seed,
            trial: p.trial,
            trials: 1,
            engine_version: p.engine_version.clone(),
            outcome,
            versions: Versions {
                from: version(p.from),
                to: p.target.map(version),
                hops: p.hops.iter().map(|&hop| version(hop)).collect(),
                skew: self.versions.skew(p),
            },
            makespan_seconds: makespan.map(|(a, (b, _))| seconds(b.saturating_sub(a))),
            cluster: self.cluster(&workloads, end),
            nodes: self.nodes.report(p, end),
            control_plane: ControlPlaneReport {
                certificates: self.versions.certificates(p),
                ..self.control_plane.report(end)
            },
            workloads,
            assumptions: p.assumptions.clone(),
            findings: Vec::new(),
        };
        Report {
            findings: findings::rehearsed(p, &report),
            ..report
        }
    }

    /// All clocks stop.
    fn settle(&mut self, end: u64) {
        self.pending.advance(end, &mut self.pods);
        for workload in &mut self.workloads {
            workload.endpoints.finish(end);
            workload.serving.finish(end);
            workload.client.finish(end);
            for slot in workload.churn.slots.values() {
                let pod: Option<PodId> = slot.pod;
                if let Some(pod) = pod.and_then(|id| self.pods.get_mut(id)) {
                    self.pending.ends(end, pod);
                }
            }
        }
    }

    fn cluster(&self, workloads: &[WorkloadReport], end: u64) -> ClusterReport {
        let mut replicas = 0;
        let mut moves = 0;
        let mut max = 0;
        let mut moved_twice = 0;
        for (info, state) in self.preamble.workloads.iter().zip(&self.workloads) {
            if churn::wanders(info) {
                replicas += u64::from(info.desired);
                moves += state.churn.created;
                max = max.max(state.churn.moves(info.desired).max);
                moved_twice += state.churn.moved_twice();
            }
        }
        ClusterReport {
            evictions: self.evictions,
            refusals: self.refusals,
            pods_created: workloads.iter().map(|w| w.pods_created).sum(),
            pods_lost: workloads.iter().map(|w| w.pods_lost).sum(),
            replicas,
            moves_per_replica: Moves {
                mean: churn::mean(moves, replicas),
                max,
            },
            replicas_moved_twice: moved_twice,
            max_pending: self.pending.max,
            pending_pod_seconds: seconds(self.pending.micros),
            surge_node_seconds: seconds(self.nodes.surge(end)),
            scale_down: Some(self.nodes.scale_down).filter(|s| s.nodes > 0),
            placement_before: self.placement_before.clone(),
            placement_after: placement::placement(self.preamble, &self.pods),
        }
    }

    fn workload(&self, id: WorkloadId, lost: &[u64]) -> Option<WorkloadReport> {
        let info = self.preamble.workloads.get(id.index())?;
        let state = self.workloads.get(id.index())?;
        let words = Words {
            preamble: self.preamble,
            chain: &self.chain,
        };
        let explainer = Explainer {
            words,
            workload: info,
            churn: &state.churn,
            pods: &self.pods,
            control_plane: &self.control_plane,
        };
        let (primary, known) = if info.has_endpoints {
            (&state.endpoints, true)
        } else {
            (&state.serving, false)
        };
        let pods_lost = if info.owned {
            state.churn.vacant(info.desired)
        } else {
            lost.get(id.index()).copied().unwrap_or(0)
        };
        let mut causes = explainer.causes(&primary.missing().downs);
        causes.extend(self.balancers.causes(words, info, state.client.shut_out()));
        causes.sort_by(|a, b| a.interval[0].total_cmp(&b.interval[0]));
        Some(WorkloadReport {
            namespace: info.namespace.clone(),
            name: info.name.clone(),
            kind: info.kind.clone(),
            desired: info.desired,
            endpoints: known.then(|| state.endpoints.report()),
            serving: state.serving.report(),
            client: known.then(|| state.client.report()),
            evictions: state.churn.evictions,
            refusals: state.churn.refusals,
            pods_created: state.churn.created + state.churn.arrived,
            pods_lost,
            moves_per_replica: state.churn.moves(info.desired),
            causes,
            attribution: attribution::shares(words, state, known),
        })
    }
}
