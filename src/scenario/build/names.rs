//! Names that documents refer to.

use super::{Builder, Known};
use crate::ids::{NodeId, WorkloadId};
use crate::model::WorkloadKind;
use crate::scenario::diagnostic::Problem;
use crate::scenario::nearest::did_you_mean;
use crate::scenario::text::{At, Place};

impl<'d> Builder<'d> {
    /// The node of a name.
    pub(super) fn node_at(&mut self, name: &str, place: Place) -> Option<NodeId> {
        let found = self.nodes.get(name).copied();
        if found.is_none() && !self.documents.damaged {
            let names = self.nodes.keys().map(String::as_str);
            let help = did_you_mean(name, names).or_else(|| self.some_nodes());
            let text = format!("there is no node `{}`", short(name));
            self.problems.push(Problem::at(place, text).maybe_help(help));
        }
        found
    }

    /// The node of a name.
    pub(super) fn node(&mut self, name: &At<String>) -> Option<NodeId> {
        self.node_at(&name.value, name.place)
    }

    /// The control-plane node of a name.
    pub(super) fn control_plane_node_named(&mut self, name: &At<String>) -> Option<NodeId> {
        let node = self.node(name)?;
        if !self.model.nodes[node].control_plane {
            let text = format!("`{}` is not a control-plane node", short(&name.value));
            self.wrong(name.place, text);
        }
        Some(node)
    }

    fn some_nodes(&self) -> Option<String> {
        let names: Vec<&str> = self.nodes.keys().take(5).map(String::as_str).collect();
        let more = if self.nodes.len() > names.len() { ", …" } else { "" };
        (!names.is_empty()).then(|| format!("the nodes are {}{more}", names.join(", ")))
    }

    /// The workload of `namespace/name` or of a name in the namespace default.
    pub(super) fn workload_at(&mut self, reference: &str, place: Place) -> Option<WorkloadId> {
        let (namespace, name) = reference.split_once('/').unwrap_or(("default", reference));
        let known = self.known(namespace, name);
        let found = known.iter().min_by_key(|k| k.kind).map(|k| k.id);
        if found.is_none() {
            let text = format!("there is no workload `{}`", short(&format!("{namespace}/{name}")));
            self.missing(namespace, name, place, text);
        }
        found
    }

    /// The workload of a kind, namespace and name; `Pod` means bare and static pods.
    pub(super) fn workload_of(&mut self, kind: &str, namespace: &str, name: &At<String>) -> Option<WorkloadId> {
        let known = self.known(namespace, &name.value);
        let found = known.iter().find(|k| k.written == kind).map(|k| k.id);
        if found.is_none() {
            let text = format!(
                "there is no {} `{}`",
                short(kind),
                short(&format!("{namespace}/{}", name.value))
            );
            let other = known.first().map(|k| k.written);
            if let Some(other) = other {
                let help = format!("there is a {other} of this name");
                self.problems.push(Problem::at(name.place, text).help(help));
            } else {
                self.missing(namespace, &name.value, name.place, text);
            }
        }
        found
    }

    fn known(&self, namespace: &str, name: &str) -> Vec<Known<'d>> {
        self.workloads.get(&(namespace, name)).cloned().unwrap_or_default()
    }

    fn missing(&mut self, namespace: &str, name: &str, place: Place, text: String) {
        if self.documents.damaged {
            return;
        }
        let all: Vec<String> = self
            .workloads
            .iter()
            .filter(|(_, known)| known.iter().any(|k| k.kind != WorkloadKind::StaticPod))
            .map(|((namespace, name), _)| format!("{namespace}/{name}"))
            .collect();
        let elsewhere = all
            .iter()
            .find(|full| full.rsplit('/').next() == Some(name))
            .map(|full| format!("did you mean `{full}`?"));
        let wanted = format!("{namespace}/{name}");
        let help = elsewhere
            .or_else(|| did_you_mean(&wanted, all.iter().map(String::as_str)))
            .or_else(|| {
                let names: Vec<&str> = all.iter().take(5).map(String::as_str).collect();
                let more = if all.len() > names.len() { ", …" } else { "" };
                (!names.is_empty()).then(|| format!("the workloads are {}{more}", names.join(", ")))
            });
        self.problems.push(Problem::at(place, text).maybe_help(help));
    }
}

/// A name that is not too long for a message.
pub(super) fn short(name: &str) -> String {
    name.chars().take(120).collect()
}
