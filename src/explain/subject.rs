//! Who is asked about.

use super::Subject;
use crate::ids::{Id, NodeId, PodId, WorkloadId};
use crate::trace::{Fact, Preamble, Record};

/// There is nobody of this name, or more than one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// Nobody has this name.
    #[error("there is no {kind} {name}")]
    Nobody {
        /// `workload`, `pod` or `node`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Several have it.
    #[error("{name} could be {}", .which.join(" or "))]
    Several {
        /// The name.
        name: String,
        /// The names that it could stand for.
        which: Vec<String>,
    },
}

/// The subject of this kind (`workload`, `pod`, `node`) and name, with its namespace or without.
///
/// # Errors
/// When there is nobody of this name, or more than one.
pub fn select(preamble: &Preamble, records: &[Record], kind: &'static str, name: &str) -> Result<Subject, Unknown> {
    match kind {
        "node" => {
            let known: Vec<String> = preamble.nodes.iter().map(|n| n.name.clone()).collect();
            let place = find(kind, name, &known)?;
            Ok(Subject::Node(NodeId::from_index(place)))
        }
        "workload" => {
            let all = preamble.workloads.iter();
            let known: Vec<String> = all.map(|w| format!("{}/{}", w.namespace, w.name)).collect();
            let bare = name.rsplit('/').take(2).collect::<Vec<_>>();
            // kubectl's deployment/web is understood, too.
            let name = match bare[..] {
                [last, kind] if preamble.workloads.iter().any(|w| w.kind.eq_ignore_ascii_case(kind)) => last,
                _ => name,
            };
            let place = find(kind, name, &known)?;
            Ok(Subject::Workload(WorkloadId::from_index(place)))
        }
        _ => {
            let (ids, known): (Vec<PodId>, Vec<String>) = pods(preamble, records).unzip();
            let place = find(kind, name, &known)?;
            Ok(ids.get(place).map_or(Subject::Everything, |id| Subject::Pod(*id)))
        }
    }
}

fn pods<'a>(preamble: &'a Preamble, records: &'a [Record]) -> impl Iterator<Item = (PodId, String)> + 'a {
    records.iter().filter_map(|record| match record.fact {
        Fact::PodCreated {
            pod,
            workload,
            slot,
            replica_set,
        } => {
            let owner = preamble.workloads.get(workload.index())?;
            let name = preamble.pod_name(pod, workload, slot, replica_set);
            Some((pod, format!("{}/{name}", owner.namespace)))
        }
        _ => None,
    })
}

/// The place of a name. Of pods of a StatefulSet that had the same name one after the other it is the last.
fn find(kind: &'static str, name: &str, known: &[String]) -> Result<usize, Unknown> {
    if let Some(place) = known.iter().rposition(|k| k == name) {
        return Ok(place);
    }
    let ends = |k: &str| k.split_once('/').is_some_and(|(_, bare)| bare == name);
    let mut found: Vec<String> = known.iter().filter(|k| ends(k)).cloned().collect();
    found.dedup();
    found.sort();
    found.dedup();
    match &found[..] {
        [] => Err(Unknown::Nobody {
            kind,
            name: name.into(),
            known: known.to_vec(),
        }),
        [only] => Ok(known.iter().rposition(|k| k == only).unwrap_or(0)),
        _ => Err(Unknown::Several {
            name: name.into(),
            which: found,
        }),
    }
}
