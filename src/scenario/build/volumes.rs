//! Claims become volumes.

use std::collections::BTreeMap;

use super::{Builder, some_of};
use crate::ids::{ClassId, VolumeId, WorkloadId};
use crate::model::{NodeTerm, Volume, WorkloadKind};
use crate::scenario::intake::Documents;
use crate::scenario::objects::{ClaimDoc, StatefulSetDoc, VolumeDoc};

/// The claims of the input, and the volumes that they became.
pub(super) struct Claims<'d> {
    docs: BTreeMap<(&'d str, &'d str), &'d ClaimDoc>,
    volumes: BTreeMap<&'d str, &'d VolumeDoc>,
    known: BTreeMap<(&'d str, &'d str), VolumeId>,
}

impl<'d> Claims<'d> {
    pub(super) fn new(documents: &'d Documents) -> Self {
        let key = |doc: &'d ClaimDoc| (doc.meta.namespace.as_str(), doc.meta.name.as_str());
        Self {
            docs: documents.claims.iter().map(|doc| (key(doc), doc)).collect(),
            volumes: documents
                .volumes
                .iter()
                .map(|doc| (doc.meta.name.as_str(), doc))
                .collect(),
            known: BTreeMap::new(),
        }
    }
}

impl<'d> Builder<'d> {
    /// The volumes of all pods. Pods of one template share those that it names; where pods differ, each slot has its own.
    pub(super) fn volumes(&mut self) {
        let mut unknown = Vec::new();
        let mut ephemeral = Vec::new();
        let mut slots: BTreeMap<ClassId, Vec<&'d [String]>> = BTreeMap::new();
        for (pod, claims) in self.model.pods.iter().zip(&self.pod_claims) {
            let own = slots.entry(pod.class).or_default();
            match pod.ordinal {
                Some(ordinal) => {
                    let at = ordinal as usize;
                    own.resize(own.len().max(at + 1), &[]);
                    own[at] = claims;
                }
                None => own.push(claims),
            }
        }
        for (namespace, class, template) in self.templates.clone() {
            let workload = self.model.classes[class].workload;
            let kind = self.model.workloads[workload].kind;
            if kind == WorkloadKind::StaticPod {
                continue;
            }
            if template.ephemeral {
                ephemeral.push(self.model.workload_name(workload));
            }
            let apart = matches!(kind, WorkloadKind::Unmodelled | WorkloadKind::StatefulSet);
            let own = slots.get(&class).filter(|_| apart);
            if let Some(doc) = self.stateful_set_of(workload, namespace) {
                let members = 0..self.model.workloads[workload].desired;
                let volumes = members.map(|ordinal| self.member_volumes(doc, class, ordinal, &mut unknown));
                self.model.workloads[workload].slot_volumes = volumes.collect();
            } else if let Some(own) = own {
                let volumes = own.iter().map(|c| self.claims_of(namespace, class, c, &mut unknown));
                self.model.workloads[workload].slot_volumes = volumes.collect();
            } else {
                self.model.classes[class].volumes = self.claims_of(namespace, class, &template.claims, &mut unknown);
            }
        }
        for (names, what) in [
            (unknown, "claims that are not in the input"),
            (ephemeral, "generic ephemeral volumes"),
        ] {
            if !names.is_empty() {
                let names = some_of(&names, names.len());
                self.assume(format!(
                    "{what}, of {names}: pods move without waiting for these volumes"
                ));
            }
        }
    }

    /// The object of a StatefulSet, where the input has it.
    fn stateful_set_of(&self, workload: WorkloadId, namespace: &str) -> Option<&'d StatefulSetDoc> {
        let known = &self.model.workloads[workload];
        let mut docs = self.documents.stateful_sets.iter();
        let same = |doc: &&StatefulSetDoc| doc.meta.namespace == namespace && doc.meta.name == known.name;
        docs.find(|doc| known.kind == WorkloadKind::StatefulSet && same(doc))
    }

    /// The volumes of a member: those that its template names, and its own, made from the claim templates under the name
    /// `<template>-<set>-<ordinal>`; where the input does not have the claim, it is made and bound with the member's
    /// first node.
    fn member_volumes(
        &mut self,
        doc: &'d StatefulSetDoc,
        class: ClassId,
        ordinal: u32,
        unknown: &mut Vec<String>,
    ) -> Vec<VolumeId> {
        let namespace = doc.meta.namespace.as_str();
        let mut volumes = self.claims_of(namespace, class, &doc.template.claims, unknown);
        for template in &doc.claims {
            let number = doc.first.saturating_add(ordinal);
            let name = format!("{template}-{}-{number}", doc.meta.name);
            let made = self.claim(namespace, &name).unwrap_or_else(|| {
                self.model.volumes.push(Volume {
                    name: format!("{namespace}/{name}"),
                    single_attach: true,
                    reach: None,
                    unbound: true,
                })
            });
            volumes.push(made);
        }
        volumes
    }

    fn claims_of(
        &mut self,
        namespace: &'d str,
        class: ClassId,
        claims: &[String],
        unknown: &mut Vec<String>,
    ) -> Vec<VolumeId> {
        let mut found = Vec::new();
        for claim in claims {
            match self.claim(namespace, claim) {
                Some(volume) => found.push(volume),
                None => {
                    let name = self.model.workload_name(self.model.classes[class].workload);
                    if !unknown.contains(&name) {
                        unknown.push(name);
                    }
                }
            }
        }
        found
    }

    /// The volume of a claim; `None`: the input does not have the claim.
    pub(super) fn claim(&mut self, namespace: &'d str, name: &str) -> Option<VolumeId> {
        if let Some(&known) = self.claims.known.get(&(namespace, name)) {
            return Some(known);
        }
        let claim = *self.claims.docs.get(&(namespace, name))?;
        let bound = claim.volume.as_ref();
        let bound = bound.and_then(|v| self.claims.volumes.get(v.as_str())).copied();
        let mut classes = self.documents.storage_classes.iter();
        let class = claim.storage_class.as_ref();
        let class = class.and_then(|c| classes.find(|doc| doc.meta.name == *c));
        let allowed = class.filter(|c| claim.volume.is_none() && !c.reach.is_empty());
        let reach = match (bound, allowed) {
            (Some(volume), _) => volume.reach.clone(),
            (None, Some(class)) => vec![class.reach.clone()],
            (None, None) => Vec::new(),
        };
        let single_attach = bound.map_or(claim.single, |v| v.single && v.attachable);
        let reach = self.node_set(&reach);
        let id = self.model.volumes.push(Volume {
            name: format!("{namespace}/{name}"),
            single_attach,
            reach,
            unbound: claim.volume.is_none() && single_attach,
        });
        let key = (namespace, claim.meta.name.as_str());
        self.claims.known.insert(key, id);
        Some(id)
    }

    /// The nodes that meet all conditions; equal sets are kept once.
    fn node_set(&mut self, reach: &[Vec<NodeTerm>]) -> Option<u32> {
        if reach.is_empty() {
            return None;
        }
        let meets = |node| reach.iter().all(|any| any.iter().any(|term| term.matches(node)));
        let set: Vec<bool> = self.model.nodes.iter().map(meets).collect();
        let sets = &mut self.model.node_sets;
        let at = sets.iter().position(|s| *s == set).unwrap_or_else(|| {
            sets.push(set);
            sets.len() - 1
        });
        u32::try_from(at).ok()
    }
}
