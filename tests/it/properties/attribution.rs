//! What is to blame for each second that was lost.

use seatrial::ids::{FactId, Id};
use seatrial::metrics::{Lack, Report, Root, Seconds, Share, WorkloadReport};
use seatrial::trace::{Fact, Record};

use super::laws::{Broken, law};

/// Sums of what is to blame are those of the workload, and chains end where the facts say that they do.
pub(super) fn check(records: &[Record], report: &Report) -> Broken {
    for workload in &report.workloads {
        sums(workload)?;
        outages(workload)?;
        let causes = workload.causes.iter().flat_map(|c| &c.losses);
        let causes = causes.map(|l| (l.fact, &l.root));
        let shares = workload.attribution.iter().map(|s| (s.fact, &s.root));
        for (fact, root) in causes.chain(shares) {
            ends(records, fact, root).map_err(|why| format!("{}: {why}", workload.full_name()))?;
        }
    }
    Ok(())
}

/// Each number is rounded to milliseconds, and so is each part of it.
fn same(what: &str, workload: &WorkloadReport, whole: Seconds, parts: &[Seconds]) -> Broken {
    let sum: f64 = parts.iter().sum();
    let rounding = 0.0005 * (parts.len() as f64 + 1.0) + 1e-9;
    let adds_up = (sum - whole).abs() <= rounding;
    law!(
        adds_up,
        "attribution: {} of {}: {sum} of {whole}",
        what,
        workload.full_name()
    );
    Ok(())
}

fn sums(workload: &WorkloadReport) -> Broken {
    let shares = &workload.attribution;
    let lack = |of: &dyn Fn(&Share) -> Option<Lack>, what: fn(&Lack) -> Seconds| -> Vec<Seconds> {
        shares.iter().filter_map(of).map(|l| what(&l)).collect()
    };
    let serving = |s: &Share| Some(s.serving);
    let endpoints = |s: &Share| s.endpoints;
    let mut views = vec![(
        &workload.serving,
        lack(&serving, |l| l.downtime_seconds),
        lack(&serving, |l| l.degraded_seconds),
        lack(&serving, |l| l.deficit_pod_seconds),
    )];
    if let Some(api) = &workload.endpoints {
        views.push((
            api,
            lack(&endpoints, |l| l.downtime_seconds),
            lack(&endpoints, |l| l.degraded_seconds),
            lack(&endpoints, |l| l.deficit_pod_seconds),
        ));
    }
    for (whole, down, degraded, deficit) in views {
        same("downtime", workload, whole.downtime_seconds, &down)?;
        same("degradation", workload, whole.degraded_seconds, &degraded)?;
        same("deficit", workload, whole.deficit_pod_seconds, &deficit)?;
    }
    if let Some(client) = &workload.client {
        let of = |what: fn(&seatrial::metrics::ClientReport) -> Seconds| -> Vec<Seconds> {
            shares.iter().filter_map(|s| s.client.as_ref()).map(what).collect()
        };
        same(
            "hard downtime",
            workload,
            client.hard_downtime_seconds,
            &of(|c| c.hard_downtime_seconds),
        )?;
        same("errors", workload, client.error_seconds, &of(|c| c.error_seconds))?;
    }
    Ok(())
}

/// Each outage has its cause, and each cause says what was lost.
fn outages(workload: &WorkloadReport) -> Broken {
    let outages = &workload.availability().outages;
    law!(
        workload.causes.len() == outages.len(),
        "attribution: {} causes for {} outages of {}",
        workload.causes.len(),
        outages.len(),
        workload.full_name()
    );
    for (cause, outage) in workload.causes.iter().zip(outages) {
        law!(
            cause.interval == *outage,
            "attribution: {:?} explains {outage:?}",
            cause.interval
        );
        law!(!cause.losses.is_empty(), "attribution: nothing was lost at {outage:?}");
    }
    Ok(())
}

/// Walks from a fact to the first cause, by the facts alone.
fn ends(records: &[Record], fact: Option<u64>, root: &Root) -> Broken {
    let start = records.iter().position(|r| r.fact == Fact::RunStarted).unwrap();
    let Some(fact) = fact else {
        law!(
            matches!(root, Root::Initial { .. }),
            "attribution: nothing, and {root:?}"
        );
        return Ok(());
    };
    let mut at = usize::try_from(fact).unwrap();
    let expected = loop {
        let record = &records[at];
        match record.fact {
            Fact::FaultInjected { .. } => break "fault",
            Fact::PlanStarted
            | Fact::HopStarted { .. }
            | Fact::NodeUpgradeStarted { .. }
            | Fact::StepStarted { .. }
            | Fact::PhaseStarted { .. }
            | Fact::DrainStarted { .. } => break "step",
            _ => {}
        }
        let mut cause = record.cause.map(FactId::index);
        if let Fact::NodeNotReady { node } = record.fact {
            let heard = |f: &Fact| matches!(*f, Fact::KubeletStarted { node: n, .. } if n == node);
            let falls =
                |f: &Fact| matches!(*f, Fact::NodeCrashed { node: n } | Fact::KubeletStopped { node: n } if n == node);
            let since = records[..at].iter().rposition(|r| heard(&r.fact)).unwrap_or(0);
            let silenced = records[since..at].iter().position(|r| falls(&r.fact));
            cause = silenced.map(|n| since + n).or(cause);
        }
        match cause {
            Some(cause) => at = cause,
            None => break "initial",
        }
    };
    let found = match root {
        Root::Step { .. } => "step",
        Root::Fault { .. } => "fault",
        Root::Initial { .. } => "initial",
    };
    law!(
        found == expected,
        "attribution: fact {fact} leads to {:?} ({expected}, of {start}), and not to {root:?}",
        records[at].fact
    );
    Ok(())
}
