//! Many trials: how makespan and downtime are spread.

use crate::report::plot::{Axis, Distribution, Histograms};
use crate::study::Study;

/// Makespan, application downtime, and downtime of the workload that is worst off, as SVG.
#[must_use]
pub fn trials(study: &Study) -> String {
    let of = |title: String, values: Vec<(f64, u64)>| Distribution {
        axis: Axis::seconds(&title),
        values,
    };
    let mut distributions = Vec::new();
    let makespans = study.makespans();
    if !makespans.is_empty() {
        distributions.push(of("Makespan of trials that completed".into(), makespans));
    }
    let summed = study.downtimes();
    let worst = study.worst_workload();
    // With one workload that is ever down, both are the same.
    let worst = worst.filter(|(_, values)| *values != summed);
    distributions.push(of("Application downtime, summed over workloads".into(), summed));
    if let Some((name, values)) = worst {
        distributions.push(of(
            format!("Downtime of {name}, the workload that is worst off"),
            values,
        ));
    }
    let count = study.trials();
    Histograms {
        title: study.plan().unwrap_or("no plan").to_owned(),
        subtitle: format!("{count} trials, seed {}. Dashed: median, 95 %, greatest.", study.seed()),
        distributions,
    }
    .draw()
}
