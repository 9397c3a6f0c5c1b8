//! What is created while the run goes on: pods that nobody owns, and Jobs. Somebody outside asks for them, again every
//! second until an API server answers; later ones wait their turn.

use super::event::Event as World;
use super::hall::Hall;
use super::job;
use super::write::{Identity, NewPod};
use crate::ids::WorkloadId;
use crate::model::{Arrival, WorkloadKind};
use crate::units::Span;

/// The time between two requests where nobody answers.
const PAUSE: Span = Span::from_secs(1);

/// Schedules the first arrival of each workload; the run waits for all of them.
pub(crate) fn start(hall: &mut Hall<'_>) {
    let model = hall.model;
    for (id, workload) in model.workloads.iter_ids() {
        let count = count(workload);
        if let Some(first) = workload.arrivals.first().filter(|_| count > 0) {
            hall.expected += count;
            hall.at(first.at, World::Arrival(id));
        }
    }
}

/// How many things are created later for a workload.
fn count(workload: &crate::model::Workload) -> u32 {
    match workload.kind {
        WorkloadKind::Pod => workload.arrivals.len() as u32,
        WorkloadKind::Job => u32::from(!workload.arrivals.is_empty()),
        _ => 0,
    }
}

/// The next arrival of a workload is due.
pub(crate) fn handle(workload: WorkloadId, hall: &mut Hall<'_>) {
    let Ok(permit) = hall.admit_request(workload) else {
        return hall.after(PAUSE, World::Arrival(workload));
    };
    hall.expected -= 1;
    if hall.model.workloads[workload].kind == WorkloadKind::Job {
        return job::arrives(workload, hall);
    }
    let number = hall.store.workloads[workload].slots;
    if let Some(next) = hall.model.workloads[workload].arrivals.get(number as usize + 1) {
        hall.at(next.at, World::Arrival(workload));
    }
    let new = NewPod {
        workload,
        replica_set: None,
        identity: Identity::Arrival(number),
    };
    hall.store.arriving += 1;
    let pod = hall.create_pod(&permit, new);
    hall.announce_pod(pod);
}

/// The arrival that brought a pod.
pub(crate) fn of(workload: &crate::model::Workload, slot: u32) -> Option<&Arrival> {
    let arrivals = (workload.kind == WorkloadKind::Pod).then_some(&workload.arrivals);
    arrivals?.get(slot as usize)
}

/// Whether a run without a plan waits for the work of this workload's pods: it is what the run is about.
pub(crate) fn awaited(workload: WorkloadId, hall: &Hall<'_>) -> bool {
    hall.model.plan.is_none() && count(&hall.model.workloads[workload]) > 0
}
