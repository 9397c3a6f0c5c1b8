//! What would have prevented it, as far as a rehearsal showed it.

use super::{Explanation, Finding, Prevention, Sort};
use crate::metrics::Report;
use crate::study::advice::Rehearsed;

/// Less than this, in seconds, is no downtime to speak of.
const WORTH: f64 = 0.05;
/// So many changes are named.
const NAMED: usize = 3;

impl Explanation {
    /// Names the changes with which an outage does not happen, or a plan completes that did not: those that cost no more
    /// downtime all in all, the best first. `before` is the report of the run that is explained.
    pub fn prevent(&mut self, before: &Report, rehearsed: &[Rehearsed]) {
        for finding in &mut self.findings {
            let mut helps: Vec<&Rehearsed> = rehearsed
                .iter()
                .filter(|r| prevents(finding, before, &r.report) && !harms(before, &r.report))
                .collect();
            helps.sort_by(|a, b| {
                let makespan = |r: &Rehearsed| r.report.makespan_seconds.unwrap_or(f64::INFINITY);
                (down(&a.report).total_cmp(&down(&b.report))).then(makespan(a).total_cmp(&makespan(b)))
            });
            let named = helps.into_iter().take(NAMED);
            finding.prevented_by = named.map(|r| prevention(finding, r)).collect();
        }
    }
}

fn prevention(finding: &Finding, rehearsed: &Rehearsed) -> Prevention {
    let report = &rehearsed.report;
    Prevention {
        change: rehearsed.change.clone(),
        yaml: rehearsed.yaml.clone(),
        downtime_seconds: of_workload(finding, report).unwrap_or_else(|| down(report)),
        makespan_seconds: report.makespan_seconds.filter(|_| report.outcome.status.completes()),
    }
}

fn prevents(finding: &Finding, before: &Report, after: &Report) -> bool {
    match finding.sort {
        Sort::Outage => {
            let was = of_workload(finding, before).is_some_and(|down| down >= WORTH);
            was && of_workload(finding, after).is_some_and(|down| down < WORTH)
        }
        Sort::Standstill => !before.outcome.status.completes() && after.outcome.status.completes(),
        _ => false,
    }
}

/// Whether it makes something else worse: the plan does not complete any more, or more is down.
fn harms(before: &Report, after: &Report) -> bool {
    let stuck = before.outcome.status.completes() && !after.outcome.status.completes();
    // A plan that did not get far has taken nothing down yet.
    stuck || before.outcome.status.completes() && down(after) > down(before) + WORTH
}

fn of_workload(finding: &Finding, report: &Report) -> Option<f64> {
    let name = finding.object.strip_prefix("workload/")?;
    let workload = report.workloads.iter().find(|w| w.full_name() == name)?;
    Some(workload.down())
}

fn down(report: &Report) -> f64 {
    report.applications().map(crate::metrics::WorkloadReport::down).sum()
}
