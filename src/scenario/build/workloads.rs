//! Drafts become workloads, ReplicaSets and pods.

use super::class::runs_on;
use super::drafts::{Draft, Drafts, Key, ordinal};
use super::{Builder, Known, some_of};
use crate::ids::{ClassId, Id, ReplicaSetId, WorkloadId};
use crate::model::{NeverReady, Pod, ReplicaSet, Workload, WorkloadKind};
use crate::scenario::diagnostic::Problem;
use crate::scenario::limits::MOST_PODS;
use crate::scenario::nearest::did_you_mean;
use crate::scenario::objects::PodDoc;

impl<'d> Builder<'d> {
    /// All workloads, in the order of namespaces, names and kinds.
    pub(super) fn workloads(&mut self) {
        let drafts = Drafts::new(self.documents);
        let mut total = 0_u64;
        for (key, draft) in &drafts.list {
            let id = self.workload(*key, draft);
            total += u64::from(self.model.workloads[id].desired) + draft.pods.len() as u64;
            if total > MOST_PODS {
                let text = format!("more than {MOST_PODS} pods in all");
                self.wrong(draft.place, text);
                break;
            }
        }
        if drafts.finished > 0 {
            let count = drafts.finished;
            self.notes
                .push(format!("ignored: {count} pods that have succeeded or failed"));
        }
        self.about_inferred(&drafts);
    }

    fn workload(&mut self, key: Key<'d>, draft: &Draft<'d>) -> WorkloadId {
        let (namespace, name, written) = key;
        let class = self.class_of(namespace, draft);
        let desired = match draft.kind {
            WorkloadKind::DaemonSet => self.eligible(class),
            _ => draft.desired,
        };
        let id = self.model.workloads.push(Workload {
            kind: draft.kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            desired,
            class,
            rollout: draft.rollout,
            min_ready: draft.min_ready,
            startup: None,
            init: None,
            shutdown: None,
            never_ready: NeverReady::Count(0),
            management: draft.management,
            first_ordinal: draft.first,
            job: draft.job,
            run_for: None,
            arrivals: draft.arrivals.clone(),
            slot_volumes: Vec::new(),
        });
        self.workloads.entry((namespace, name)).or_default().push(Known {
            written,
            kind: draft.kind,
            id,
        });
        let sets: Vec<ReplicaSetId> = draft
            .sets
            .iter()
            .map(|set| {
                self.model.replica_sets.push(ReplicaSet {
                    workload: id,
                    name: set.name.clone(),
                    desired: set.desired,
                    revision: set.revision,
                })
            })
            .collect();
        for (pod, set) in &draft.pods {
            let ordinal = (draft.kind == WorkloadKind::StatefulSet).then(|| self.ordinal(pod, name, draft.first));
            self.pod(pod, (id, class), set.map(|i| sets[i]), ordinal.flatten());
        }
        id
    }

    /// The class of a workload's pods. Many pods that nobody owns and that are alike have one together.
    fn class_of(&mut self, namespace: &'d str, draft: &Draft<'d>) -> ClassId {
        let alike = (namespace, draft.template);
        let known = self.bare.get(&alike).filter(|_| draft.kind == WorkloadKind::Pod);
        if let Some(&class) = known {
            return class;
        }
        let next = WorkloadId::from_index(self.model.workloads.len());
        let pod = draft.pods.first().map(|(pod, _)| &*pod.template);
        let class = self.class(next, draft.kind, draft.template, pod);
        self.node_affinity(class, draft);
        self.templates.push((namespace, class, draft.template));
        if draft.kind == WorkloadKind::Pod {
            self.bare.insert(alike, class);
        }
        class
    }

    /// Which member of its StatefulSet a pod is: its name ends in that number.
    fn ordinal(&mut self, pod: &PodDoc, owner: &str, first: u32) -> Option<u32> {
        let ordinal = ordinal(&pod.meta.name, owner).and_then(|n| n.checked_sub(first));
        let ordinal = ordinal.filter(|&n| u64::from(n) <= MOST_PODS);
        if ordinal.is_none() {
            let text = format!("the name of a pod of the StatefulSet {owner} does not end in the number of a member");
            self.wrong(pod.meta.place, text);
        }
        ordinal
    }

    fn eligible(&self, class: ClassId) -> u32 {
        let class = &self.model.classes[class];
        let count = self.model.nodes.iter().filter(|n| runs_on(class, n)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn pod(
        &mut self,
        doc: &'d PodDoc,
        (workload, class): (WorkloadId, ClassId),
        replica_set: Option<ReplicaSetId>,
        ordinal: Option<u32>,
    ) {
        let node = doc.node.as_deref().and_then(|name| {
            let node = self.nodes.get(name).copied();
            if node.is_none() && !self.documents.damaged && !self.nodes.is_empty() {
                let meta = &doc.meta;
                let text = format!(
                    "pod {}/{} is on the node `{name}`, which is not in the input",
                    meta.namespace, meta.name
                );
                let help = did_you_mean(name, self.nodes.keys().map(String::as_str));
                self.problems.push(Problem::at(meta.place, text).maybe_help(help));
            }
            node
        });
        self.pod_claims.push(&doc.template.claims);
        self.model.pods.push(Pod {
            name: doc.meta.name.clone(),
            workload,
            class,
            ordinal,
            replica_set,
            node,
            running: node.is_some() && doc.running,
            ready: node.is_some() && doc.running && doc.ready,
            terminating: doc.meta.deleting,
        });
    }

    /// Workloads whose own object is missing.
    fn about_inferred(&mut self, drafts: &Drafts<'_>) {
        for (kind, sentence) in [
            (
                WorkloadKind::Unmodelled,
                "controllers that are not simulated yet never replace their pods",
            ),
            (
                WorkloadKind::Deployment,
                "Deployments that are not in the input are known by their ReplicaSets",
            ),
            (
                WorkloadKind::ReplicaSet,
                "ReplicaSets that are not in the input are known by their pods and want as many",
            ),
            (
                WorkloadKind::StatefulSet,
                "StatefulSets that are not in the input are known by their pods and want as many",
            ),
            (
                WorkloadKind::Job,
                "Jobs that are not in the input are known by their pods, each of which has to succeed once",
            ),
            (
                WorkloadKind::DaemonSet,
                "DaemonSets that are not in the input are known by their pods",
            ),
        ] {
            let names: Vec<String> = drafts
                .list
                .iter()
                .filter(|(_, d)| d.inferred && d.kind == kind)
                .map(|((namespace, name, written), _)| match kind {
                    WorkloadKind::Unmodelled => format!("{written} {namespace}/{name}"),
                    _ => format!("{namespace}/{name}"),
                })
                .collect();
            if !names.is_empty() {
                self.assume(format!("{sentence}: {}", some_of(&names, names.len())));
            }
        }
    }
}
