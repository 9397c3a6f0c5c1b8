//! What is expected, with names and conditions that mean something.

use super::Builder;
use super::names::short;
use crate::expect::{Amount, Claim, Comparison, Condition, Ending, Expectation, Measure, Subject};
use crate::ids::Id;
use crate::model::WorkloadKind;
use crate::scenario::diagnostic::Problem;
use crate::scenario::limits;
use crate::scenario::nearest::did_you_mean;
use crate::scenario::objects::Selector;
use crate::scenario::own::{
    ChurnExpectation, ClusterExpectation, Conditions, ControlPlaneExpectation, Duration, OutcomeSpec,
    PlacementExpectation, UpgradeExpectation, WorkloadExpectation,
};
use crate::scenario::text::{At, Place};

/// Expectations of a scenario, and where they are written.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) list: Vec<(Place, Expectation)>,
    pub(crate) trials: Option<u64>,
    /// The first document.
    pub(crate) place: Option<Place>,
}

impl Builder<'_> {
    /// All expectations, in the order of the documents.
    pub(super) fn expectations(&mut self) -> Expected {
        let mut expected = Expected::default();
        let documents = self.documents;
        for (place, spec) in &documents.expectations {
            let before = expected.list.len();
            expected.place = expected.place.or(Some(*place));
            if let Some(trials) = &spec.trials {
                let count = u64::from(self.count(trials, limits::MOST_TRIALS));
                if count == 0 {
                    self.wrong(trials.place, "no trial decides nothing: expected 1 or more");
                }
                expected.trials = expected.trials.max(Some(count));
            }
            let mut list = List {
                builder: self,
                subject: Subject::Upgrade,
                list: &mut expected.list,
                given: 0,
            };
            list.all(spec.upgrade.as_ref(), List::upgrade);
            for workload in &spec.workloads {
                list.workload(workload);
            }
            list.of(Subject::Churn).all(spec.churn.as_ref(), List::churn);
            list.of(Subject::Cluster).all(spec.cluster.as_ref(), List::cluster);
            let control_plane = spec.control_plane.as_ref();
            list.of(Subject::ControlPlane).all(control_plane, List::control_plane);
            list.of(Subject::Placement)
                .all(spec.placement.as_ref(), List::placement);
            if list.given == 0 && expected.list.len() == before {
                self.wrong(*place, "these Expectations expect nothing");
            }
        }
        expected
    }

    /// The workloads that an entry is about, under a name.
    fn subject(&mut self, entry: &At<WorkloadExpectation>) -> Option<Subject> {
        let spec = &entry.value;
        if !self.is_kind(spec.kind.as_ref()) {
            return None;
        }
        let kind = spec.kind.as_ref().map(|k| k.value.as_str());
        let namespace = spec.namespace.as_ref();
        match (&spec.name, &spec.selector) {
            (Some(name), None) if name.value == "*" => {
                let label = namespace.map_or_else(|| "*".to_owned(), |n| format!("{}/*", n.value));
                self.several(entry, label, |_| true)
            }
            (Some(name), None) => {
                let namespace = namespace.map_or("default", |n| n.value.as_str());
                let found = match kind {
                    Some(kind) => self.workload_of(kind, namespace, name)?,
                    None => self.workload_at(&format!("{namespace}/{}", name.value), name.place)?,
                };
                let of = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
                Some(Subject::Workloads {
                    label: format!("{namespace}/{}{of}", name.value),
                    which: vec![found.index()],
                })
            }
            (None, Some(selector)) => {
                let rules = match Selector::parse(&selector.value) {
                    Ok(rules) => rules,
                    Err(why) => {
                        self.wrong(selector.place, why);
                        return None;
                    }
                };
                let label = match namespace {
                    Some(namespace) => format!("{}/{}", namespace.value, selector.value),
                    None => selector.value.clone(),
                };
                self.several(entry, label, |labels| rules.matches(labels))
            }
            _ => {
                self.wrong(entry.place, "expected exactly one of: name, selector");
                None
            }
        }
    }

    /// Whether the kind, if there is one, is a kind of workload.
    fn is_kind(&mut self, kind: Option<&At<String>>) -> bool {
        const KINDS: [&str; 6] = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Pod"];
        let Some(kind) = kind.filter(|kind| !KINDS.contains(&kind.value.as_str())) else {
            return true;
        };
        let text = format!("`{}` is not a kind of workload", short(&kind.value));
        let help = did_you_mean(&kind.value, KINDS).unwrap_or_else(|| format!("expected one of: {}", KINDS.join(", ")));
        self.problems.push(Problem::at(kind.place, text).help(help));
        false
    }

    /// All workloads whose pods have such labels, but not the control plane's own.
    fn several(
        &mut self,
        entry: &At<WorkloadExpectation>,
        label: String,
        fits: impl Fn(&std::collections::BTreeMap<String, String>) -> bool,
    ) -> Option<Subject> {
        let spec = &entry.value;
        let kind = spec.kind.as_ref().map(|k| k.value.as_str());
        let namespace = spec.namespace.as_ref().map(|n| n.value.as_str());
        let labels = |class| self.templates.iter().find(|t| t.1 == class).map(|t| &t.2.labels);
        let which: Vec<usize> = self
            .model
            .workloads
            .iter_ids()
            .filter(|(_, w)| w.kind != WorkloadKind::StaticPod && kind.is_none_or(|kind| w.kind.as_str() == kind))
            .filter(|(_, w)| namespace.is_none_or(|namespace| w.namespace == namespace))
            .filter(|(_, w)| labels(w.class).is_some_and(&fits))
            .map(|(id, _)| id.index())
            .collect();
        if which.is_empty() {
            if !self.documents.damaged {
                self.wrong(entry.place, format!("no workload is selected by `{}`", short(&label)));
            }
            return None;
        }
        Some(Subject::Workloads { label, which })
    }
}

/// Expectations of one document as they are read.
struct List<'l, 'b, 'd> {
    builder: &'b mut Builder<'d>,
    subject: Subject,
    list: &'l mut Vec<(Place, Expectation)>,
    /// How many are written down, good or bad.
    given: usize,
}

impl List<'_, '_, '_> {
    fn of(&mut self, subject: Subject) -> &mut Self {
        self.subject = subject;
        self
    }

    fn all<S>(&mut self, spec: Option<&S>, read: fn(&mut Self, &S)) {
        if let Some(spec) = spec {
            read(self, spec);
        }
    }

    fn push(&mut self, place: Place, claim: Claim) {
        let subject = self.subject.clone();
        let expectation = Expectation {
            origin: None,
            subject,
            claim,
        };
        self.given += 1;
        // What is written down twice need not be looked at twice.
        if !self.list.iter().any(|(_, known)| *known == expectation) {
            self.list.push((place, expectation));
        }
    }

    fn bound(&mut self, measure: Measure, comparison: Comparison, amount: Option<(Place, Amount)>) {
        if let Some((place, amount)) = amount {
            self.push(place, Claim::Measured(measure, Condition::every(comparison, amount)));
        }
    }

    fn at_most(&mut self, measure: Measure, limit: Option<&At<Duration>>) {
        self.bound(measure, Comparison::AtMost, limit.map(|l| (l.place, duration(l))));
    }

    fn count(&mut self, measure: Measure, comparison: Comparison, limit: Option<&At<i64>>) {
        let limit = limit.map(|l| (l.place, Amount::count(self.builder.count(l, u32::MAX))));
        self.bound(measure, comparison, limit);
    }

    fn conditions(&mut self, fields: &[(Measure, &Option<Conditions>)]) {
        for (measure, conditions) in fields {
            for text in conditions.iter().flat_map(|c| &c.value.0) {
                let place = conditions.as_ref().map(|c| c.place).unwrap_or_default();
                self.given += 1;
                if *measure == Measure::ZoneSkew && self.builder.model.zones.is_empty() {
                    self.builder
                        .wrong(place, "no node has a zone (the label topology.kubernetes.io/zone)");
                }
                match Condition::parse(text, measure.unit(), measure.name()) {
                    Ok(parsed) => parsed
                        .into_iter()
                        .for_each(|condition| self.push(place, Claim::Measured(*measure, condition))),
                    Err(why) => self.builder.wrong(place, why),
                }
            }
        }
    }

    fn upgrade(&mut self, spec: &UpgradeExpectation) {
        if let Some(completes) = &spec.completes {
            self.push(completes.place, Claim::Completes(completes.value));
        }
        if let Some(outcome) = &spec.outcome {
            let ways: Vec<Ending> = outcome.value.0.iter().map(|o| Ending::from(*o)).collect();
            if ways.is_empty() {
                self.builder.wrong(outcome.place, "the list of outcomes is empty");
            }
            self.push(outcome.place, Claim::Ends(ways));
        }
        if let Some(reason) = &spec.reason {
            self.push(reason.place, Claim::Reason(reason.value.clone()));
        }
        if let Some(within) = &spec.within {
            self.push(within.place, Claim::Within(duration(within)));
        }
        self.conditions(&[
            (Measure::Makespan, &spec.makespan),
            (Measure::NodesUpgraded, &spec.nodes_upgraded),
            (Measure::SkewViolations, &spec.skew_violations),
        ]);
    }

    fn workload(&mut self, entry: &At<WorkloadExpectation>) {
        let before = self.given;
        // Where the subject is wrong its conditions are looked at all the same.
        let (subject, kept) = (self.builder.subject(entry), self.list.len());
        let known = subject.is_some();
        self.subject = subject.unwrap_or(Subject::Cluster);
        let spec = &entry.value;
        self.at_most(Measure::Downtime, spec.max_downtime.as_ref());
        let least = spec.min_downtime.as_ref().map(|l| (l.place, duration(l)));
        self.bound(Measure::Downtime, Comparison::AtLeast, least);
        self.count(Measure::Ready, Comparison::AtLeast, spec.min_ready.as_ref());
        self.at_most(Measure::Gap, spec.max_gap.as_ref());
        self.at_most(Measure::Degraded, spec.max_degraded.as_ref());
        self.count(
            Measure::MostMoves,
            Comparison::AtMost,
            spec.max_moves_per_replica.as_ref(),
        );
        self.conditions(&[
            (Measure::Downtime, &spec.downtime),
            (Measure::ClientDowntime, &spec.client_downtime),
            (Measure::Errors, &spec.errors),
            (Measure::Gap, &spec.gap),
            (Measure::Availability, &spec.availability),
            (Measure::Degraded, &spec.degraded),
            (Measure::Ready, &spec.ready),
            (Measure::Moves, &spec.moves_per_replica),
            (Measure::MostMoves, &spec.most_moves_per_replica),
            (Measure::Evictions, &spec.evictions),
            (Measure::Refusals, &spec.refusals),
            (Measure::PodsLost, &spec.pods_lost),
            (Measure::NodeSkew, &spec.node_skew),
            (Measure::ZoneSkew, &spec.zone_skew),
        ]);
        if !known {
            self.list.truncate(kept);
        } else if self.given == before {
            self.builder.wrong(entry.place, "nothing is expected of this workload");
        }
    }

    fn churn(&mut self, spec: &ChurnExpectation) {
        self.count(Measure::MostMoves, Comparison::AtMost, spec.max.as_ref());
        self.conditions(&[
            (Measure::Moves, &spec.mean),
            (Measure::MostMoves, &spec.most_moves_per_replica),
            (Measure::MovedTwice, &spec.moved_twice),
            (Measure::Evictions, &spec.evictions),
            (Measure::Refusals, &spec.refusals),
        ]);
    }

    fn cluster(&mut self, spec: &ClusterExpectation) {
        self.count(Measure::Pending, Comparison::AtMost, spec.max_pending.as_ref());
        self.conditions(&[
            (Measure::Pending, &spec.pending),
            (Measure::PendingTime, &spec.pending_time),
            (Measure::SurgeTime, &spec.surge_time),
            (Measure::PodsLost, &spec.pods_lost),
        ]);
    }

    fn control_plane(&mut self, spec: &ControlPlaneExpectation) {
        self.at_most(Measure::Blackout, spec.max_blackout.as_ref());
        self.conditions(&[
            (Measure::Blackout, &spec.blackout),
            (Measure::QuorumLost, &spec.quorum_lost),
            (Measure::ControllersAway, &spec.controllers_away),
            (Measure::SchedulerAway, &spec.scheduler_away),
            (Measure::Outages, &spec.outages),
            (Measure::RecreatedDuring, &spec.recreated_during_blackout),
            (Measure::RecreatedAfter, &spec.recreated_after_blackout),
            (Measure::RestartedLocally, &spec.restarted_locally),
        ]);
    }

    fn placement(&mut self, spec: &PlacementExpectation) {
        self.conditions(&[
            (Measure::NodeSkew, &spec.node_skew),
            (Measure::ZoneSkew, &spec.zone_skew),
            (Measure::EmptyNodes, &spec.empty_nodes),
        ]);
    }
}

fn duration(limit: &At<Duration>) -> Amount {
    Amount::seconds(limit.value.0.as_secs_f64())
}

impl From<OutcomeSpec> for Ending {
    fn from(spec: OutcomeSpec) -> Self {
        match spec {
            OutcomeSpec::Completed => Self::Completed,
            OutcomeSpec::CompletedWithSkips => Self::CompletedWithSkips,
            OutcomeSpec::Aborted => Self::Aborted,
            OutcomeSpec::Blocked => Self::Blocked,
            OutcomeSpec::Refused => Self::Refused,
        }
    }
}
