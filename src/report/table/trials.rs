//! Many trials for people: how many complete, the three answers as distributions, the trial to look at, then details.

use std::fmt::Write;

use super::rows::{is_of_the_system, print, shorten_names, table};
use super::text::{count, decimals, paragraph, span};
use super::{INDENT, ROWS, answer};
use crate::metrics::list;
use crate::report::Style;
use crate::study::{Share, Spread, TrialsReport, Workload};
use crate::trace::PlanStatus;

/// The report of many trials as text. `replay` is the command that plays a trial alone, without its number.
#[must_use]
pub fn render(report: &TrialsReport, replay: &str, style: Style, wide: bool) -> String {
    let mut out = String::new();
    verdict(&mut out, report, style);
    out.push('\n');
    answer(&mut out, style, "Application downtime", &downtime(report));
    answer(&mut out, style, "Eviction churn", &churn(report));
    answer(&mut out, style, "Control plane", &control_plane(report));
    worst(&mut out, report, replay, style);
    workloads(&mut out, report, wide);
    if wide {
        measures(&mut out, report);
        nodes(&mut out, report);
    }
    if let Some(known) = &report.uncertainty {
        let (how_well, of) = (percent(known.share), measure_words(&known.of));
        let text = format!("Means are known to ±{how_well} or better (the least certain: {of})");
        let _ = write!(out, "\n{}\n", style.dim(&text));
    }
    super::assumptions(&mut out, &report.assumptions, style);
    out
}

fn verdict(out: &mut String, report: &TrialsReport, style: Style) {
    let name = report.plan.as_deref().unwrap_or("no plan, only faults");
    let versions = super::versions(&report.versions);
    let done = report.outcome.completes;
    let word = if report.plan.is_none() { "PLAYED" } else { "COMPLETED" };
    let words = format!("{word} in {} of {}", done.count, count(report.trials, "trial"));
    let words = match done.count {
        n if n == report.trials => style.good(&words),
        0 => style.bad(&words),
        _ => style.warning(&words),
    };
    let luck = style.dim(&luck(report));
    let _ = writeln!(out, "{}: {versions}   {words}   {luck}", style.bold(name));
    if let Some(partial) = report.partial {
        let what = format!(
            "of {} were made; this is what is known so far",
            count(partial.asked, "trial")
        );
        let _ = writeln!(out, "  {} {} {what}", style.warning("PARTIAL:"), report.trials);
    }
    if done.count < report.trials {
        paragraph(out, "  ", &others(report), 2);
    }
    if let Some(makespan) = &report.makespan_seconds {
        let text = format!(
            "makespan p50 {}, p95 {}; mean {}; {} to {}",
            span(makespan.p50),
            span(makespan.p95),
            with_margin(makespan, span),
            span(makespan.min),
            span(makespan.max),
        );
        paragraph(out, "  ", &text, 2);
    }
}

/// Which rolls of the dice these were.
fn luck(report: &TrialsReport) -> String {
    let ranges: Vec<String> = report
        .numbers
        .iter()
        .map(|[first, last]| format!("{first}-{last}"))
        .collect();
    match report.numbers.as_slice() {
        [[0, _]] => format!("(seed {})", report.seed),
        _ => format!("(seed {}, trials {})", report.seed, ranges.join(", ")),
    }
}

/// How the trials ended that did not complete.
fn others(report: &TrialsReport) -> String {
    let mut parts = vec![format!("completes: {}", likely(report.outcome.completes))];
    for (status, share) in &report.outcome.statuses {
        let word = match status {
            PlanStatus::Completed => continue,
            PlanStatus::CompletedWithSkips => "completed with nodes left out",
            PlanStatus::Aborted => "aborted",
            PlanStatus::Blocked => "blocked",
            PlanStatus::Refused => "refused",
            PlanStatus::Inconclusive => "inconclusive",
        };
        parts.push(format!("{word} in {}", share.count));
    }
    parts.join("; ")
}

/// A share with its confidence interval: `1.2%, 95% sure: 0.7% to 2.1%`.
fn likely(share: Share) -> String {
    let [low, high] = share.ci95;
    format!(
        "{} (95% confidence {} to {})",
        percent(share.share),
        percent(low),
        percent(high)
    )
}

fn percent(share: f64) -> String {
    let hundredths = share * 100.0;
    if hundredths > 0.0 && hundredths < 0.05 {
        return "<0.1%".into();
    }
    let text = format!("{hundredths:.1}");
    format!("{}%", text.trim_end_matches(".0"))
}

/// `4.1s ± 0.2s`; without a margin where there is none, or none that would be seen.
fn with_margin(spread: &Spread, show: fn(f64) -> String) -> String {
    match spread.margin().map(show) {
        Some(margin) if margin != show(0.0) => format!("{} ± {margin}", show(spread.mean)),
        _ => show(spread.mean),
    }
}

/// A number over trials: itself where it is always the same, otherwise `4.1s ± 0.2s (p95 6s, at most 9s)`.
fn about(spread: &Spread, show: fn(f64) -> String) -> String {
    if spread.min >= spread.max {
        return show(spread.max);
    }
    format!(
        "{} (p95 {}, at most {})",
        with_margin(spread, show),
        show(spread.p95),
        show(spread.max)
    )
}

/// Workloads, the worst first: by mean downtime, then by degraded time, then by errors, then as in the input.
fn worst_first(report: &TrialsReport) -> Vec<&Workload> {
    let mut all: Vec<&Workload> = report.workloads.iter().collect();
    all.sort_by(|a, b| {
        let (x, y) = (badness(a), badness(b));
        y[0].total_cmp(&x[0])
            .then(y[1].total_cmp(&x[1]))
            .then(y[2].total_cmp(&x[2]))
    });
    all
}

fn badness(w: &Workload) -> [f64; 3] {
    let errors = w.client.as_ref().map_or(0.0, |c| c.error_seconds.mean);
    [w.downtime_seconds.mean, w.availability().degraded_seconds.mean, errors]
}

fn is_control_plane(w: &Workload) -> bool {
    w.namespace == "kube-system" && w.kind == "Pod"
}

fn downtime(report: &TrialsReport) -> String {
    let of = report.applications.with_downtime;
    if of.count == 0 {
        let most = percent(of.ci95[1]);
        return format!("none in any trial (95% confidence: in less than {most} of all)");
    }
    let mut text = if of.count == report.trials {
        "in every trial".to_owned()
    } else {
        format!("in {} of {}, {}", of.count, count(report.trials, "trial"), likely(of))
    };
    let all = worst_first(report);
    let mut hit = all.iter().filter(|w| !is_control_plane(w) && w.with_downtime.count > 0);
    if let Some(worst) = hit.next() {
        let _ = write!(text, ": {} was down for ", worst.full_name());
        text.push_str(&about(&worst.downtime_seconds, span));
    }
    match hit.count() {
        0 => {}
        1 => text.push_str("; 1 more workload was down"),
        n => {
            let _ = write!(text, "; {n} more workloads were down");
        }
    }
    text
}

fn churn(report: &TrialsReport) -> String {
    let c = &report.cluster;
    let mut text = format!(
        "evictions {}; refused {}; moves per replica {}, at most {}",
        about(&c.numbers.evictions, decimals),
        about(&c.numbers.refusals, decimals),
        with_margin(&c.moves_per_replica.mean, decimals),
        decimals(c.moves_per_replica.max.max),
    );
    if c.numbers.replicas_moved_twice.max > 0.0 {
        let twice = about(&c.numbers.replicas_moved_twice, decimals);
        let _ = write!(text, "; replicas moved twice or more {twice}");
    }
    if c.numbers.max_pending.max > 0.0 {
        let (pending, time) = (&c.numbers.max_pending, &c.numbers.pending_pod_seconds);
        let _ = write!(
            text,
            "; pods waiting for a node {}, {} in all",
            about(pending, decimals),
            about(time, span)
        );
    }
    if c.numbers.pods_lost.max > 0.0 {
        let _ = write!(text, "; pods lost for good {}", about(&c.numbers.pods_lost, decimals));
    }
    text
}

fn control_plane(report: &TrialsReport) -> String {
    let (c, outages) = (&report.control_plane, &report.control_plane.outages);
    if outages.count.max <= 0.0 {
        return "never away in any trial; nothing was lost or recreated in an outage".into();
    }
    let names: Vec<&str> = c.components.iter().map(String::as_str).collect();
    let api = match &c.numbers.api_down_seconds {
        away if away.max > 0.0 => format!("the API was away for {}", about(away, span)),
        _ => "the API stayed up".into(),
    };
    let number = about(&outages.count, decimals);
    let noun = if number == "1" { "outage" } else { "outages" };
    let mut text = format!("{number} {noun} of {}; {api}", list(&names));
    let of = [
        (&outages.pods_lost, "pods lost in them"),
        (&outages.restarted_locally, "containers restarted by kubelets meanwhile"),
        (&outages.recreated_during, "pods recreated during them"),
        (&outages.recreated_after, "recreated afterwards"),
    ];
    if of.iter().all(|(spread, _)| spread.max <= 0.0) {
        text.push_str("; no pod was lost or recreated in them in any trial");
        return text;
    }
    for (spread, words) in of {
        let _ = write!(text, "; {words} {}", about(spread, decimals));
    }
    if let Some(delay) = &c.first_recreate_delay_seconds {
        let _ = write!(text, ", the first {} after the end", about(delay, span));
    }
    text
}

fn worst(out: &mut String, report: &TrialsReport, replay: &str, style: Style) {
    let worst = &report.worst_trial;
    let took = worst
        .makespan_seconds
        .map(|s| format!(" after {}", span(s)))
        .unwrap_or_default();
    let mut text = format!(
        "trial {}: {}{took}",
        worst.trial,
        super::status(worst.status, report.plan.is_some())
    );
    match &worst.workload {
        Some(name) => {
            let _ = write!(text, ", {} of downtime, most of {name}", span(worst.downtime_seconds));
        }
        None => text.push_str(", no downtime"),
    }
    if worst.error_seconds >= 0.05 {
        let _ = write!(text, ", errors worth {}", span(worst.error_seconds));
    }
    if let Some(reason) = &worst.reason {
        let _ = write!(text, "; {reason}");
    }
    if let Some(cause) = &worst.cause {
        let [from, to] = cause.interval;
        let _ = write!(text, "; {from:.1} s - {to:.1} s: {}", cause.why);
    }
    answer(out, style, "Worst trial", &text);
    // In one line whatever its length, so that it can be copied.
    let _ = writeln!(out, "{}{replay} --trial {}", " ".repeat(INDENT), worst.trial);
    if let Some(fix) = worst.cause.as_ref().and_then(|cause| cause.fix.as_deref()) {
        paragraph(
            out,
            &format!("{}{}", " ".repeat(INDENT), style.good("fix: ")),
            fix,
            INDENT + 5,
        );
    }
}

fn workloads(out: &mut String, report: &TrialsReport, wide: bool) {
    let mut header = vec![
        "WORKLOAD", "KIND", "DOWN IN", "DOWN", "P50", "P95", "MAX", "ERRORS", "EVICTED", "MOVES",
    ];
    if wide {
        header.extend([
            "READY MIN",
            "DEGRADED P95",
            "ERRORS P95",
            "EVICTED P95",
            "REFUSED P95",
            "HARD DOWN P95",
            "CREATED P95",
            "LOST MAX",
            "WORST",
        ]);
    }
    let mut grid = table(&header, 2);
    let calm = |w: &Workload| badness(w) == [0.0; 3] && w.churn.pods_created.max <= 0.0;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut hidden = 0;
    for w in worst_first(report) {
        let left_out = rows.len() >= ROWS || is_control_plane(w) || (calm(w) && is_of_the_system(&w.namespace));
        if !wide && left_out {
            hidden += 1;
            continue;
        }
        rows.push(row(w, wide));
    }
    if !wide {
        shorten_names(&header, &mut rows);
    }
    let shown = rows.len();
    grid.add_rows(rows);
    if shown > 0 {
        print(out, &grid);
    }
    super::rows::hidden(out, hidden, shown);
}

fn row(w: &Workload, wide: bool) -> Vec<String> {
    let client = |of: fn(&crate::study::ClientNumbers<Spread>) -> f64| {
        w.client.as_ref().map_or_else(|| "-".into(), |c| span(of(c)))
    };
    let (down, available) = (&w.downtime_seconds, w.availability());
    let mut row = vec![
        w.full_name(),
        w.kind.clone(),
        percent(w.with_downtime.share),
        with_margin(down, span),
        span(down.p50),
        span(down.p95),
        span(down.max),
        client(|c| c.error_seconds.mean),
        decimals(w.churn.evictions.mean),
        decimals(w.moves_per_replica.mean.mean),
    ];
    if wide {
        row.extend([
            format!("{}/{}", decimals(available.min_ready.min), w.desired),
            span(available.degraded_seconds.p95),
            client(|c| c.error_seconds.p95),
            decimals(w.churn.evictions.p95),
            decimals(w.churn.refusals.p95),
            client(|c| c.hard_downtime_seconds.p95),
            decimals(w.churn.pods_created.p95),
            decimals(w.churn.pods_lost.max),
            w.worst_trial.map_or_else(|| "-".into(), |trial| trial.to_string()),
        ]);
    }
    row
}

/// Every measure of the cluster.
fn measures(out: &mut String, report: &TrialsReport) {
    let header = ["MEASURE", "MEAN", "95% CONFIDENCE", "P5", "P50", "P95", "MIN", "MAX"];
    let mut grid = table(&header, 1);
    let (a, c, p) = (&report.applications.numbers, &report.cluster, &report.control_plane);
    let time: fn(f64) -> String = span;
    let number: fn(f64) -> String = decimals;
    let rows = [
        ("makespan", report.makespan_seconds.as_ref(), time),
        ("application downtime", Some(&a.downtime_seconds), time),
        ("client errors", Some(&a.error_seconds), time),
        ("evictions", Some(&c.numbers.evictions), number),
        ("refusals", Some(&c.numbers.refusals), number),
        ("pods created", Some(&c.numbers.pods_created), number),
        ("pods lost", Some(&c.numbers.pods_lost), number),
        ("moves per replica", Some(&c.moves_per_replica.mean), number),
        ("most moves of a replica", Some(&c.moves_per_replica.max), number),
        ("replicas moved twice", Some(&c.numbers.replicas_moved_twice), number),
        ("most pods pending", Some(&c.numbers.max_pending), number),
        ("pending, summed over pods", Some(&c.numbers.pending_pod_seconds), time),
        ("surge nodes, summed", Some(&c.numbers.surge_node_seconds), time),
        ("API down", Some(&p.numbers.api_down_seconds), time),
        ("etcd without quorum", Some(&p.numbers.etcd_no_quorum_seconds), time),
        (
            "no controller manager",
            Some(&p.numbers.controller_manager_leaderless_seconds),
            time,
        ),
        ("no scheduler", Some(&p.numbers.scheduler_leaderless_seconds), time),
        ("outages", Some(&p.outages.count), number),
        ("pods lost in outages", Some(&p.outages.pods_lost), number),
        ("restarted by kubelets", Some(&p.outages.restarted_locally), number),
        ("recreated during outages", Some(&p.outages.recreated_during), number),
        ("recreated after outages", Some(&p.outages.recreated_after), number),
        ("first one after", p.first_recreate_delay_seconds.as_ref(), time),
    ];
    for (name, spread, show) in rows {
        let Some(s) = spread else { continue };
        let sure = s
            .ci95
            .map_or_else(|| "-".into(), |[a, b]| format!("{} - {}", show(a), show(b)));
        let cells = [s.p5, s.p50, s.p95, s.min, s.max].map(show);
        grid.add_row([name.to_owned(), show(s.mean), sure].into_iter().chain(cells));
    }
    print(out, &grid);
}

fn nodes(out: &mut String, report: &TrialsReport) {
    let header = [
        "NODE",
        "ROLE",
        "UPGRADED IN",
        "CORDONED P50",
        "P95",
        "DRAIN P50",
        "P95",
        "EVICTED P95",
        "REFUSED P95",
    ];
    let mut grid = table(&header, 2);
    for node in &report.nodes {
        let n = &node.numbers;
        grid.add_row([
            node.name.clone(),
            node.role.clone(),
            percent(node.upgraded.share),
            span(n.cordoned_seconds.p50),
            span(n.cordoned_seconds.p95),
            span(n.drain_seconds.p50),
            span(n.drain_seconds.p95),
            decimals(n.evictions.p95),
            decimals(n.refusals.p95),
        ]);
    }
    print(out, &grid);
}

fn measure_words(of: &str) -> &str {
    match of {
        "makespanSeconds" => "makespan",
        "downtimeSeconds" => "application downtime",
        "errorSeconds" => "client errors",
        "completes" => "the share that completes",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_as_people_read_them() {
        let shown = [0.0, 0.0001, 0.012, 0.5, 0.9996, 1.0].map(percent);
        assert_eq!(shown, ["0%", "<0.1%", "1.2%", "50%", "100%", "100%"]);
    }
}
