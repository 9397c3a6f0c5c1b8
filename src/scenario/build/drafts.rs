//! Workloads put together from controllers, ReplicaSets and pods.

use std::collections::BTreeMap;

use crate::model::{Arrival, Job, PodManagement, RolloutStrategy, WorkloadKind};
use crate::scenario::intake::Documents;
use crate::scenario::objects::{Meta, PodDoc, ReplicaSetDoc, Template};
use crate::scenario::text::Place;
use crate::units::{Span, Time};

/// Namespace, name, and kind as written.
pub(super) type Key<'d> = (&'d str, &'d str, &'d str);

/// A workload before it has an id.
pub(super) struct Draft<'d> {
    pub(super) kind: WorkloadKind,
    /// For DaemonSets not known yet.
    pub(super) desired: u32,
    pub(super) template: &'d Template,
    pub(super) rollout: RolloutStrategy,
    pub(super) min_ready: Span,
    pub(super) management: PodManagement,
    /// The ordinal of a StatefulSet's first member.
    pub(super) first: u32,
    pub(super) job: Option<Job>,
    /// When it is created, where that is during the run.
    pub(super) arrivals: Vec<Arrival>,
    pub(super) sets: Vec<SetDraft>,
    /// The pods, and the index of their ReplicaSet.
    pub(super) pods: Vec<(&'d PodDoc, Option<usize>)>,
    pub(super) place: Place,
    /// Whether only pods (or ReplicaSets) tell of it.
    pub(super) inferred: bool,
}

/// A ReplicaSet before it has an id.
pub(super) struct SetDraft {
    pub(super) name: String,
    pub(super) desired: u32,
    pub(super) revision: u32,
}

/// All workloads.
#[derive(Default)]
pub(super) struct Drafts<'d> {
    pub(super) list: BTreeMap<Key<'d>, Draft<'d>>,
    /// Where each ReplicaSet stands.
    sets: BTreeMap<(&'d str, &'d str), (Key<'d>, usize)>,
    /// Succeeded and failed pods.
    pub(super) finished: usize,
}

impl<'d> Drafts<'d> {
    pub(super) fn new(documents: &'d Documents) -> Self {
        let mut drafts = Self::default();
        for doc in &documents.deployments {
            let draft = drafts.controller(WorkloadKind::Deployment, &doc.meta, &doc.template);
            (draft.desired, draft.rollout, draft.min_ready) = (doc.replicas, doc.rollout, doc.min_ready);
        }
        for doc in &documents.daemon_sets {
            let draft = drafts.controller(WorkloadKind::DaemonSet, &doc.meta, &doc.template);
            (draft.rollout, draft.min_ready) = (doc.rollout, doc.min_ready);
        }
        for doc in &documents.stateful_sets {
            let draft = drafts.controller(WorkloadKind::StatefulSet, &doc.meta, &doc.template);
            (draft.desired, draft.rollout, draft.min_ready) = (doc.replicas, doc.rollout, doc.min_ready);
            (draft.management, draft.first) = (doc.management, doc.first);
        }
        for doc in &documents.jobs {
            let draft = drafts.controller(WorkloadKind::Job, &doc.meta, &doc.template);
            draft.desired = doc.job.parallelism.min(doc.job.completions.unwrap_or(u32::MAX));
            draft.job = Some(doc.job);
            draft.arrivals = arrivals(&doc.meta);
        }
        for doc in &documents.replica_sets {
            drafts.replica_set(doc);
        }
        for doc in &documents.pods {
            drafts.pod(doc);
        }
        drafts.complete();
        drafts
    }

    /// A workload whose own object the input has.
    fn controller(&mut self, kind: WorkloadKind, meta: &'d Meta, template: &'d Template) -> &mut Draft<'d> {
        let key = (meta.namespace.as_str(), meta.name.as_str(), kind.as_str());
        self.list
            .entry(key)
            .or_insert_with(|| Draft::new(kind, template, meta.place))
    }

    fn replica_set(&mut self, doc: &'d ReplicaSetDoc) {
        let namespace = doc.meta.namespace.as_str();
        let deployment = doc.meta.owner.as_ref().filter(|o| o.kind == "Deployment");
        let (key, kind) = match deployment {
            Some(owner) => ((namespace, owner.name.as_str(), "Deployment"), WorkloadKind::Deployment),
            None => (
                (namespace, doc.meta.name.as_str(), "ReplicaSet"),
                WorkloadKind::ReplicaSet,
            ),
        };
        let draft = self.list.entry(key).or_insert_with(|| {
            let mut draft = Draft::new(kind, &doc.template, doc.meta.place);
            draft.min_ready = doc.min_ready;
            draft.inferred = deployment.is_some();
            draft
        });
        if draft.inferred || kind == WorkloadKind::ReplicaSet {
            draft.desired = draft.desired.saturating_add(doc.replicas);
        }
        let revision = doc.meta.revision.as_deref().and_then(|r| r.parse().ok());
        draft.sets.push(SetDraft {
            name: doc.meta.name.clone(),
            desired: doc.replicas,
            revision: revision.unwrap_or(1),
        });
        let index = draft.sets.len() - 1;
        self.sets.insert((namespace, doc.meta.name.as_str()), (key, index));
    }

    fn pod(&mut self, doc: &'d PodDoc) {
        if doc.finished {
            self.finished += 1;
            return;
        }
        let namespace = doc.meta.namespace.as_str();
        let owner = doc.meta.owner.as_ref();
        let owner = owner.map(|o| (o.kind.as_str(), o.name.as_str()));
        match owner {
            _ if doc.meta.mirror => self.alone(doc, WorkloadKind::StaticPod),
            None => self.alone(doc, WorkloadKind::Pod),
            Some(("Node", _)) => self.alone(doc, WorkloadKind::StaticPod),
            Some(("ReplicaSet", set)) => self.of_replica_set(doc, namespace, set),
            Some(("DaemonSet", owner)) => {
                self.of(doc, (namespace, owner, "DaemonSet"), WorkloadKind::DaemonSet);
            }
            Some(("StatefulSet", owner)) => {
                self.of(doc, (namespace, owner, "StatefulSet"), WorkloadKind::StatefulSet);
            }
            Some(("Job", owner)) => self.of(doc, (namespace, owner, "Job"), WorkloadKind::Job),
            Some((kind, owner)) => {
                self.of(doc, (namespace, owner, kind), WorkloadKind::Unmodelled);
            }
        }
    }

    fn alone(&mut self, doc: &'d PodDoc, kind: WorkloadKind) {
        let key = (doc.meta.namespace.as_str(), doc.meta.name.as_str(), "Pod");
        let mut draft = Draft::new(kind, &doc.template, doc.meta.place);
        draft.desired = 1;
        draft.arrivals = arrivals(&doc.meta);
        if draft.arrivals.is_empty() {
            draft.pods.push((doc, None));
        }
        self.list.insert(key, draft);
    }

    fn of_replica_set(&mut self, doc: &'d PodDoc, namespace: &'d str, set: &'d str) {
        if let Some((key, index)) = self.sets.get(&(namespace, set)) {
            if let Some(draft) = self.list.get_mut(key) {
                draft.pods.push((doc, Some(*index)));
            }
            return;
        }
        let key = (namespace, set, "ReplicaSet");
        let mut draft = Draft::new(WorkloadKind::ReplicaSet, &doc.template, doc.meta.place);
        draft.inferred = true;
        draft.sets.push(SetDraft {
            name: set.to_owned(),
            desired: 0,
            revision: 1,
        });
        let draft = self.list.entry(key).or_insert(draft);
        draft.desired += 1;
        draft.sets[0].desired += 1;
        draft.pods.push((doc, Some(0)));
    }

    fn of(&mut self, doc: &'d PodDoc, key: Key<'d>, kind: WorkloadKind) {
        let draft = self.list.entry(key).or_insert_with(|| {
            let mut draft = Draft::new(kind, &doc.template, doc.meta.place);
            draft.inferred = true;
            draft
        });
        if draft.inferred {
            draft.desired = draft.desired.saturating_add(1);
            if kind == WorkloadKind::Job {
                draft.job = Some(inferred_job(draft.desired));
            }
        }
        draft.pods.push((doc, None));
    }

    /// Old ReplicaSets without pods go, Deployments without any get one; Jobs that want none and have none go.
    fn complete(&mut self) {
        self.list
            .retain(|_, draft| draft.kind != WorkloadKind::Job || draft.desired > 0 || !draft.pods.is_empty());
        for (&(namespace, name, _), draft) in &mut self.list {
            if draft.kind == WorkloadKind::Deployment {
                drop_empty_sets(draft);
                if draft.sets.is_empty() {
                    draft.sets.push(SetDraft {
                        name: format!("{name}-{}", stable_hash(namespace, name)),
                        desired: draft.desired,
                        revision: 1,
                    });
                }
            }
            draft.pods.sort_by(|a, b| a.0.meta.name.cmp(&b.0.meta.name));
            if draft.kind == WorkloadKind::StatefulSet && draft.inferred {
                draft.members_from_names(name);
            }
        }
    }
}

impl<'d> Draft<'d> {
    fn new(kind: WorkloadKind, template: &'d Template, place: Place) -> Self {
        use crate::units::IntOrPercent::{Int, Percent};
        let (max_surge, max_unavailable) = match kind {
            WorkloadKind::DaemonSet => (Int(0), Int(1)),
            _ => (Percent(25), Percent(25)),
        };
        let rollout = if kind == WorkloadKind::StatefulSet {
            RolloutStrategy::Partition(0)
        } else {
            RolloutStrategy::RollingUpdate {
                max_surge,
                max_unavailable,
            }
        };
        Self {
            kind,
            desired: 0,
            template,
            rollout,
            min_ready: Span::ZERO,
            management: PodManagement::default(),
            first: 0,
            job: None,
            arrivals: Vec::new(),
            sets: Vec::new(),
            pods: Vec::new(),
            place,
            inferred: false,
        }
    }
}

impl Draft<'_> {
    /// A StatefulSet that is known by its pods has the members from the lowest to the highest of them.
    fn members_from_names(&mut self, name: &str) {
        let ordinals = || self.pods.iter().filter_map(|(pod, _)| ordinal(&pod.meta.name, name));
        if let (Some(first), Some(last)) = (ordinals().min(), ordinals().max()) {
            (self.first, self.desired) = (first, (last - first).saturating_add(1));
        }
    }
}

/// Which member of a StatefulSet a pod is: its name ends in that number.
pub(super) fn ordinal(pod: &str, owner: &str) -> Option<u32> {
    pod.strip_prefix(owner)?.strip_prefix('-')?.parse().ok()
}

/// Something that is there at the start has none.
fn arrivals(meta: &Meta) -> Vec<Arrival> {
    let at = meta.create_at.iter();
    at.map(|&at| Arrival {
        at: Time::ZERO + at,
        run_for: None,
    })
    .collect()
}

/// A Job that is known by its pods: it wants as many, each to succeed once.
const fn inferred_job(pods: u32) -> Job {
    Job {
        parallelism: pods,
        completions: Some(pods),
        backoff_limit: 6,
        waits_for_end: false,
        ignores_disruptions: false,
    }
}

/// Drops ReplicaSets that neither have nor want pods, except the latest.
fn drop_empty_sets(draft: &mut Draft<'_>) {
    let latest = draft.sets.iter().map(|s| s.revision).max();
    let mut used = vec![false; draft.sets.len()];
    for index in draft.pods.iter().filter_map(|(_, set)| *set) {
        used[index] = true;
    }
    let mut renumbered = vec![0; draft.sets.len()];
    let mut kept = Vec::new();
    for (i, set) in std::mem::take(&mut draft.sets).into_iter().enumerate() {
        renumbered[i] = kept.len();
        if used[i] || set.desired > 0 || Some(set.revision) == latest {
            kept.push(set);
        }
    }
    draft.sets = kept;
    for (_, set) in &mut draft.pods {
        *set = set.map(|index| renumbered[index]);
    }
}

/// Ten characters as in a `pod-template-hash`, the same on every machine (FNV-1a).
fn stable_hash(namespace: &str, name: &str) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in namespace.bytes().chain([b'/']).chain(name.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let count = LETTERS.len() as u64;
    let mut text = String::new();
    for _ in 0..10 {
        let index = usize::try_from(hash % count).unwrap_or(0);
        text.push(char::from(LETTERS[index]));
        hash /= count;
    }
    text
}
