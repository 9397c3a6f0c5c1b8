//! From a study to its report.

use super::distribution::{Distribution, Share};
use super::gather::{self, Study};
use super::measures::{AvailabilityNumbers, ClientNumbers};
use super::report::{
    Applications, Cluster, ControlPlane, Node, Outcomes, Partial, TrialsReport, Uncertainty, Workload,
};
use crate::metrics::Report;

impl Study {
    /// What the trials showed; `None` where there is none.
    #[must_use]
    pub fn report(&self) -> Option<TrialsReport> {
        let trials = self.trials();
        let share = |count: u64| Share::new(count, trials);
        let worst = self.worst.as_ref()?;
        let statuses = self.statuses.iter().map(|(status, count)| (*status, share(*count)));
        Some(TrialsReport {
            api_version: Report::API_VERSION.into(),
            kind: TrialsReport::KIND.into(),
            plan: self.about.plan.clone(),
            seed: self.about.seed,
            trials,
            numbers: self.numbers.ranges(),
            partial: self.stopped_of.map(|asked| Partial { asked }),
            engine_version: self.about.engine_version.clone(),
            outcome: Outcomes {
                completes: share(self.completed()),
                statuses: statuses.collect(),
            },
            versions: self.about.versions.clone(),
            makespan_seconds: self.makespan.spread(),
            applications: Applications {
                with_downtime: share(self.with_downtime),
                numbers: self.applications.spread(),
            },
            cluster: Cluster {
                replicas: self.about.replicas,
                numbers: self.cluster.spread(),
                moves_per_replica: self.moves.spread(),
            },
            control_plane: ControlPlane {
                numbers: self.control_plane.spread(),
                components: self.components.iter().cloned().collect(),
                with_recreation_during_outage: share(self.with_recreation),
                outages: self.outages.spread(),
                first_recreate_delay_seconds: self.first_delay.spread(),
            },
            nodes: self.nodes.iter().map(|n| node(n, trials)).collect(),
            workloads: self.workloads.iter().map(|w| workload(w, trials)).collect(),
            worst_trial: worst.trial.clone(),
            uncertainty: self.uncertainty(),
            assumptions: self.about.assumptions.clone(),
        })
    }

    /// How many trials completed.
    fn completed(&self) -> u64 {
        let completed = self.statuses.iter().filter(|(status, _)| status.completes());
        completed.map(|(_, count)| count).sum()
    }

    /// How well the means are known: of the measures that a plan is judged by, the one that is known worst. `None` where
    /// there are fewer than two trials.
    #[must_use]
    pub fn uncertainty(&self) -> Option<Uncertainty> {
        let trials = self.trials();
        if trials < 2 {
            return None;
        }
        let [low, high] = Share::new(self.completed(), trials).ci95;
        let mut worst = ((high - low) / 2.0, "completes");
        let measures = [
            ("makespanSeconds", &self.makespan),
            ("downtimeSeconds", &self.applications.downtime_seconds),
            ("errorSeconds", &self.applications.error_seconds),
            ("evictions", &self.cluster.evictions),
        ];
        for (name, distribution) in measures {
            let share = relative(distribution);
            if share > worst.0 {
                worst = (share, name);
            }
        }
        Some(Uncertainty {
            share: libm::round(worst.0 * 1e6) / 1e6,
            of: worst.1.into(),
        })
    }
}

/// Nobody decides by less than a tenth of a second, or of an eviction, however small the mean is.
const GOOD_ENOUGH: f64 = 0.1;

/// How far the confidence interval of a mean reaches to each side, as a share of the mean; zero where that is
/// [`GOOD_ENOUGH`]. A mean of no values is certain: the share of trials that complete tells about those. A single value
/// says nothing of the others, which counts as not knowing the mean at all.
fn relative(distribution: &Distribution) -> f64 {
    match distribution.mean() {
        Some((mean, Some(margin))) if margin > GOOD_ENOUGH => margin / mean,
        Some((mean, None)) if mean > 0.0 => 1.0,
        _ => 0.0,
    }
}

fn node(node: &gather::Node, trials: u64) -> Node {
    Node {
        name: node.name.clone(),
        role: node.role.clone(),
        from_version: node.from_version.clone(),
        upgraded: Share::new(node.upgraded, trials),
        numbers: node.numbers.spread(),
    }
}

fn workload(workload: &gather::Workload, trials: u64) -> Workload {
    Workload {
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
        kind: workload.workload_kind.clone(),
        desired: workload.desired,
        with_downtime: Share::new(workload.with_downtime, trials),
        downtime_seconds: workload.downtime.spread().unwrap_or_default(),
        worst_trial: workload.worst.map(|(_, trial)| trial.0),
        endpoints: workload.endpoints.as_ref().map(AvailabilityNumbers::spread),
        serving: workload.serving.spread(),
        client: workload.client.as_ref().map(ClientNumbers::spread),
        churn: workload.churn.spread(),
        moves_per_replica: workload.moves.spread(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Distribution {
        let mut distribution = Distribution::default();
        for value in values {
            distribution.add(*value);
        }
        distribution
    }

    /// 8 s and 12 s: mean 10 s, s² = 8, and t for 1 degree is 12.706205, so the margin is 2 · 12.706205 s.
    #[test]
    fn certainty_by_hand() {
        assert!((relative(&of(&[8000, 12_000])) - 2.541_241).abs() < 1e-6);
        assert_eq!(relative(&of(&[8000])), 1.0, "one value says nothing of the mean");
        assert_eq!(relative(&of(&[])), 0.0);
        assert_eq!(relative(&of(&[7000; 5])), 0.0);
    }

    /// 1 ms in one of a hundred trials: unknown to 200 %, and of no interest.
    #[test]
    fn a_margin_that_nobody_minds_is_good_enough() {
        let mut values = [0; 100];
        values[7] = 1;
        assert_eq!(relative(&of(&values)), 0.0);
        values[7] = 60_000;
        assert!(relative(&of(&values)) > 1.9);
    }
}
