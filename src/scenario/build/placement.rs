//! Affinities and spread constraints: their selectors become sets of classes.

use std::collections::{BTreeMap, BTreeSet};

use super::drafts::Draft;
use super::{Builder, some_of};
use crate::ids::{ClassId, TopologyId};
use crate::model::{NodeTerm, Placement, PodTerm, SpreadConstraint, WorkloadKind};
use crate::scenario::objects::{PlacementDoc, PodTermDoc, Selector, SpreadDoc, Template};

type Labels = BTreeMap<String, String>;

/// Which namespace a label key of every namespace names.
const NAMESPACE: &str = "kubernetes.io/metadata.name";
const HOSTNAME: &str = "kubernetes.io/hostname";
const REVISION: &str = "pod-template-hash";

/// Classes by namespace.
type Pods<'d> = BTreeMap<&'d str, Vec<(ClassId, &'d Labels)>>;

impl<'d> Builder<'d> {
    /// Node affinity, which decides at once where DaemonSets run. A DaemonSet that only its pods tell of does not run on
    /// the one node that its controller wrote into the first of them (W-21).
    pub(super) fn node_affinity(&mut self, class: ClassId, draft: &Draft<'d>) {
        let doc = &draft.template.placement;
        let mut nodes = doc.nodes.clone();
        if draft.kind == WorkloadKind::DaemonSet && draft.inferred {
            nodes = nodes.and_then(|terms| {
                let terms = terms.into_iter().map(|term| NodeTerm {
                    names: Vec::new(),
                    ..term
                });
                let terms: Vec<NodeTerm> = terms.collect();
                (!terms.iter().any(|t| t.labels.is_empty())).then_some(terms)
            });
        }
        if nodes.is_some() || !doc.preferred_nodes.is_empty() {
            let placement = self.model.classes[class].placement.get_or_insert_default();
            placement.nodes = nodes;
            placement.preferred_nodes.clone_from(&doc.preferred_nodes);
        }
    }

    /// Resolves everything that looks at other pods.
    pub(super) fn placement(&mut self) {
        let mut pods: Pods<'d> = BTreeMap::new();
        for &(namespace, class, template) in &self.templates {
            pods.entry(namespace).or_default().push((class, &template.labels));
        }
        for classes in pods.values_mut() {
            classes.sort_by_key(|&(class, _)| class);
        }
        let (mut told, mut hard) = (BTreeMap::new(), Vec::new());
        for (namespace, class, template) in self.templates.clone() {
            let workload = self.model.classes[class].workload;
            if self.model.workloads[workload].kind == WorkloadKind::StaticPod {
                continue;
            }
            let doc = &template.placement;
            let term = |builder: &mut Self, doc: &PodTermDoc| builder.term(doc, namespace, class, &pods, &mut told);
            self.own_terms(class, doc, &mut hard, term);
            let spread: Vec<SpreadConstraint> = doc
                .spread
                .iter()
                .map(|c| self.constraint(c, namespace, template, &pods))
                .collect();
            if !spread.is_empty() {
                self.of(class).spread = spread;
            }
            self.default_spread(class, namespace, &pods);
        }
        self.toward_others(hard);
        self.mark_counted();
        for (what, names) in told {
            let names: Vec<String> = names.into_iter().collect();
            self.assume(format!("{what} of {} are not looked at", some_of(&names, names.len())));
        }
    }

    fn of(&mut self, class: ClassId) -> &mut Placement {
        self.model.classes[class].placement.get_or_insert_default()
    }

    fn own_terms(
        &mut self,
        class: ClassId,
        doc: &'d PlacementDoc,
        hard: &mut Vec<(ClassId, PodTerm)>,
        mut term: impl FnMut(&mut Self, &PodTermDoc) -> PodTerm,
    ) {
        if doc.affinity.is_empty() && doc.anti_affinity.is_empty() && doc.preferred.is_empty() {
            return;
        }
        let mut affinity: Vec<PodTerm> = doc.affinity.iter().map(|t| term(self, t)).collect();
        hard.extend(affinity.iter().map(|t| (class, t.clone())));
        // Only pods that match all terms count for any of them.
        if let Some((first, others)) = affinity.split_first() {
            let all = |c: &ClassId| others.iter().all(|t| t.classes.binary_search(c).is_ok());
            let common: Vec<ClassId> = first.classes.iter().copied().filter(all).collect();
            for term in &mut affinity {
                term.classes.clone_from(&common);
            }
        }
        let anti: Vec<PodTerm> = doc.anti_affinity.iter().map(|t| term(self, t)).collect();
        let attraction = doc.preferred.iter().map(|(t, w)| (term(self, t), *w)).collect();
        let own = self.of(class);
        (own.affinity, own.anti_affinity, own.attraction) = (affinity, anti, attraction);
    }

    fn term(
        &mut self,
        doc: &PodTermDoc,
        namespace: &'d str,
        class: ClassId,
        pods: &Pods<'d>,
        told: &mut BTreeMap<&'static str, BTreeSet<String>>,
    ) -> PodTerm {
        let name = || self.model.workload_name(self.model.classes[class].workload);
        if doc.label_keys {
            let what = "matchLabelKeys and mismatchLabelKeys of the pod affinity";
            told.entry(what).or_default().insert(name());
        }
        // A dump of everything but Namespaces does not tell their labels.
        if self.documents.namespaces.is_empty()
            && doc
                .namespace_selector
                .as_ref()
                .is_some_and(|s| s.uses_other_than(NAMESPACE))
        {
            let what = "labels of namespaces, which the input does not have, in the pod affinity";
            told.entry(what).or_default().insert(name());
        }
        let own = doc.namespaces.is_empty() && doc.namespace_selector.is_none();
        let looked_at = |n: &str| {
            (own && n == namespace)
                || doc.namespaces.iter().any(|listed| listed == n)
                || doc
                    .namespace_selector
                    .as_ref()
                    .is_some_and(|s| s.matches(&self.labels_of(n)))
        };
        let looked_at = pods.iter().filter(|(n, _)| looked_at(n)).flat_map(|(_, c)| c);
        let classes = matching(&doc.selector, looked_at);
        PodTerm {
            topology: self.topology(&doc.topology),
            classes,
        }
    }

    fn constraint(
        &mut self,
        doc: &SpreadDoc,
        namespace: &str,
        template: &Template,
        pods: &Pods<'d>,
    ) -> SpreadConstraint {
        let there = pods.get(namespace).map_or(&[][..], Vec::as_slice);
        let all_classes = matching(&doc.selector, there);
        let keys = doc.match_label_keys.iter().filter(|k| *k != REVISION);
        let same = |labels: &Labels| {
            let mut keys = keys.clone().filter(|key| template.labels.contains_key(*key));
            keys.all(|key| labels.get(key) == template.labels.get(key))
        };
        let alike: Vec<_> = there.iter().filter(|(_, labels)| same(labels)).copied().collect();
        SpreadConstraint {
            topology: self.topology(&doc.topology),
            hostname: doc.topology == HOSTNAME,
            max_skew: doc.max_skew,
            hard: doc.hard,
            min_domains: doc.min_domains,
            ignores_affinity: doc.ignores_affinity,
            honors_taints: doc.honors_taints,
            same_replica_set: doc.match_label_keys.iter().any(|k| k == REVISION),
            classes: matching(&doc.selector, &alike),
            all_classes,
        }
    }

    /// What the system's default constraints count for pods that no ReplicaSet owns (S-17): the pods that match the
    /// selectors of all their Services and of their StatefulSet.
    fn default_spread(&mut self, class: ClassId, namespace: &str, pods: &Pods<'d>) {
        let pod_class = &self.model.classes[class];
        let workload = pod_class.workload;
        let kind = self.model.workloads[workload].kind;
        let own = pod_class.placement.as_ref().is_some_and(|p| !p.spread.is_empty());
        if own
            || matches!(
                kind,
                WorkloadKind::Deployment | WorkloadKind::ReplicaSet | WorkloadKind::DaemonSet
            )
        {
            return;
        }
        let stateful = |k: &super::Known<'_>| k.id == workload && k.written == "StatefulSet";
        let name = self.model.workloads[workload].name.as_str();
        let known = self.workloads.get(&(namespace, name));
        let classes: Vec<ClassId> = if known.is_some_and(|k| k.iter().any(stateful)) {
            vec![class]
        } else {
            let services = &pod_class.services;
            let real = |&&s: &&crate::ids::ServiceId| !self.model.services[s].implied;
            let services: Vec<_> = services.iter().filter(real).collect();
            if services.is_empty() {
                return;
            }
            let there = pods.get(namespace).map_or(&[][..], Vec::as_slice).iter();
            let all = |c: &ClassId| services.iter().all(|s| self.model.classes[*c].services.contains(s));
            there.map(|&(c, _)| c).filter(all).collect()
        };
        self.of(class).default_spread = classes;
    }

    /// Terms of pods that stand, seen from those that come.
    fn toward_others(&mut self, hard: Vec<(ClassId, PodTerm)>) {
        let mut toward: Vec<(ClassId, PodTerm, Option<i64>)> = Vec::new();
        // `hardPodAffinityWeight`: each required term weighs 1 for the pods that match it (S-16).
        for (id, term) in hard {
            let (topology, classes) = (term.topology, vec![id]);
            let seen = PodTerm { topology, classes };
            toward.extend(term.classes.iter().map(|&other| (other, seen.clone(), Some(1))));
        }
        for (id, class) in self.model.classes.iter_ids() {
            let Some(placement) = &class.placement else { continue };
            let mut add = |term: &PodTerm, weight| {
                let seen = PodTerm {
                    topology: term.topology,
                    classes: vec![id],
                };
                toward.extend(term.classes.iter().map(|&other| (other, seen.clone(), weight)));
            };
            for term in &placement.anti_affinity {
                add(term, None);
            }
            for (term, weight) in &placement.attraction {
                add(term, Some(*weight));
            }
        }
        for (class, term, weight) in toward {
            let placement = self.of(class);
            match weight {
                None => placement.repelled_by.push(term),
                Some(weight) => placement.attraction.push((term, weight)),
            }
        }
    }

    fn mark_counted(&mut self) {
        let mut counted = BTreeSet::new();
        for class in &self.model.classes {
            let Some(p) = &class.placement else { continue };
            let preferred = p.attraction.iter().map(|(term, _)| term);
            let terms = p.affinity.iter().chain(&p.anti_affinity).chain(&p.repelled_by);
            counted.extend(terms.chain(preferred).flat_map(|t| &t.classes));
            counted.extend(p.spread.iter().flat_map(|c| &c.all_classes));
            counted.extend(&p.default_spread);
        }
        for class in counted {
            self.model.classes[class].counted = true;
        }
    }

    fn topology(&mut self, key: &str) -> TopologyId {
        let known = self.model.topologies.iter_ids().find(|(_, k)| *k == key);
        match known {
            Some((id, _)) => id,
            None => self.model.topologies.push(key.to_owned()),
        }
    }
}

/// The classes that a selector matches, sorted.
fn matching<'a>(selector: &Selector, classes: impl IntoIterator<Item = &'a (ClassId, &'a Labels)>) -> Vec<ClassId> {
    let found = classes.into_iter().filter(|(_, labels)| selector.matches(labels));
    let mut found: Vec<ClassId> = found.map(|&(class, _)| class).collect();
    found.sort_unstable();
    found
}
