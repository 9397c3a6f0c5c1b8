//! How many outages views tell one by one.

use crate::metrics::WorkloadReport;

/// So many outages of a workload are told one by one.
pub(in crate::report) const OUTAGES: usize = 20;

/// The outages that are not told one by one, summed up.
pub(in crate::report) fn more_outages(workload: &WorkloadReport) -> Option<String> {
    let rest = workload.causes.get(OUTAGES..).filter(|rest| !rest.is_empty())?;
    let sum: f64 = rest.iter().map(|cause| cause.interval[1] - cause.interval[0]).sum();
    let times = if rest.len() == 1 { "time" } else { "times" };
    Some(format!("{} more {times}, for {sum:.1} s together", rest.len()))
}
