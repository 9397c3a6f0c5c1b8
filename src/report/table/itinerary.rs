//! An itinerary for people: what is refused, what can be chosen, the way leg by leg, support, advice.

use std::fmt::Write;

use super::rows::{print, table};
use super::text::{count, decimals, paragraph, span};
use super::{INDENT, Style, answer};
use crate::metrics::list;
use crate::planning::{Choice, Cost, Itinerary, LegPlan, Legality, Spread, Support, SupportStatus};
use crate::versions::kubeadm::Severity;
use crate::versions::path::Goes;
use crate::versions::releases::Sure;

/// The itinerary as text.
#[must_use]
pub fn render(way: &Itinerary, style: Style) -> String {
    let mut out = String::new();
    head(&mut out, way, style);
    choices(&mut out, way);
    legs(&mut out, way, style);
    costs(&mut out, way, style);
    certificates(&mut out, way, style);
    changes(&mut out, way, style);
    support(&mut out, way, style);
    bullets(&mut out, style, "Worth doing", &way.advice);
    bullets(&mut out, style, "Assumptions", &way.assumptions);
    out
}

fn head(out: &mut String, way: &Itinerary, style: Style) {
    let chosen = &way.choices[way.chosen];
    let hops = count(u64::from(chosen.control_plane_hops), "hop");
    let rounds = count(u64::from(chosen.worker_rounds), "round");
    let verdict = verdict(chosen, style);
    let versions = style.bold(&format!("{} -> {}", way.from, way.to));
    let name = way
        .plan
        .as_ref()
        .map(|n| format!("{}: ", style.bold(n)))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "{name}{versions}   {hops} of the control plane, {rounds} of the workers   {verdict}\n"
    );
    if let Some(direct) = &way.at_once {
        let said: Vec<String> = direct
            .refusals
            .iter()
            .map(|r| format!("{} ({})", r.words, r.rule))
            .collect();
        let said = if direct.allowed {
            "yes".into()
        } else if said.is_empty() {
            "no: an API server may not skip a minor version (V-11)".into()
        } else {
            format!("no. kubeadm: {}", said.join("; "))
        };
        answer(out, style, "In one step", &said);
    }
    let words = match chosen.legality {
        Legality::Clean => format!("yes: {}", chosen.words),
        Legality::NeedsForce => format!("with --force only: {}. {}", chosen.words, chosen.why.join("; ")),
        Legality::Forbidden => format!("no: {}", chosen.why.join("; ")),
    };
    answer(out, style, "Minor by minor", &words);
}

fn verdict(choice: &Choice, style: Style) -> String {
    match choice.legality {
        Legality::Clean => style.good("CLEAN"),
        Legality::NeedsForce => style.warning("NEEDS --force"),
        Legality::Forbidden => style.bad("NO"),
    }
}

/// What can be chosen, with what speaks against it below.
fn choices(out: &mut String, way: &Itinerary) {
    let costs = way.choices.iter().any(|c| c.cost.is_some());
    let mut header = vec!["CHOICE", "VERDICT", "HOPS", "ROUNDS"];
    if costs {
        header.extend(["EVICTIONS", "API AWAY", "TIME"]);
    }
    let mut rows = table(&header, 2);
    for (at, choice) in way.choices.iter().enumerate() {
        let mark = if at == way.chosen { "* " } else { "  " };
        let legality = match choice.legality {
            Legality::Clean => "clean",
            Legality::NeedsForce => "needs --force",
            Legality::Forbidden => "no",
        };
        let mut row = vec![
            format!("{mark}{}", choice.words),
            legality.to_owned(),
            choice.control_plane_hops.to_string(),
            choice.worker_rounds.to_string(),
        ];
        if costs {
            row.extend(match &choice.cost {
                None => ["-", "-", "-"].map(str::to_owned),
                Some(c) => [
                    decimals(c.evictions.p50),
                    span(c.api_down_seconds.p50),
                    span(c.seconds.p50),
                ],
            });
        }
        rows.add_row(row);
    }
    print(out, &rows);
    for choice in way.choices.iter().filter(|c| c.legality != Legality::Clean) {
        let text = format!("{}: {}", choice.words, choice.why.join("; "));
        out.push('\n');
        paragraph(out, "  ", &text, 4);
    }
}

/// Who goes where, and what comes with it.
fn legs(out: &mut String, way: &Itinerary, style: Style) {
    let _ = write!(out, "\n{}", style.bold("The way"));
    let mut rows = table(&["LEG", "WHO", "FROM", "TO", "ETCD", "COREDNS", "PAUSE", "KUBEADM"], 8);
    for leg in &way.legs {
        let etcd = leg.etcd.as_ref().map_or_else(String::new, |e| {
            let restarts = if e.restarts { "restarts" } else { "untouched" };
            format!("{} {restarts}", e.to)
        });
        let to = |swap: &Option<crate::planning::Swap>| swap.as_ref().map_or_else(String::new, |s| s.to.clone());
        let severity = leg.refusals.iter().map(|r| r.severity).min();
        let kubeadm = match (leg.who, severity) {
            (Goes::Workers, _) => "",
            _ if way.control_plane_nodes == 0 => "the cloud's",
            (_, None) => "accepts",
            (_, Some(Severity::Skippable)) => "needs --force",
            (_, Some(Severity::Mandatory)) => "refuses",
        };
        rows.add_row([
            leg.number.to_string(),
            who(leg).to_owned(),
            leg.from.join(", "),
            leg.to.clone(),
            etcd,
            to(&leg.core_dns),
            to(&leg.pause),
            kubeadm.to_owned(),
        ]);
    }
    print(out, &rows);
    let kept = |l: &&LegPlan| l.etcd.as_ref().is_some_and(|e| e.why.contains("go back"));
    for leg in way.legs.iter().filter(kept) {
        let _ = writeln!(
            out,
            "  in leg {}: kubeadm does not take etcd back to an older version",
            leg.number
        );
    }
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for leg in &way.legs {
        for skew in &leg.skew {
            let text = match (skew.kubeadms_way, skew.passes) {
                // kubeadm's own order: once for all legs is enough.
                (true, _) => "kube-proxy is newer than kubelets that have still to follow: kubeadm's own order, \
                              without harm (V-14)"
                    .to_owned(),
                (false, true) => format!("for a while, {} ({})", skew.words, skew.rule),
                (false, false) => format!("{} ({})", skew.words, skew.rule),
            };
            match said.iter_mut().find(|(known, _)| *known == text) {
                Some((_, legs)) if legs.last() == Some(&leg.number.to_string()) => {}
                Some((_, legs)) => legs.push(leg.number.to_string()),
                None => said.push((text, vec![leg.number.to_string()])),
            }
        }
    }
    for (text, legs) in said {
        paragraph(
            out,
            "  ",
            &format!(
                "in {} {}: {text}",
                if legs.len() == 1 { "leg" } else { "legs" },
                list(&legs)
            ),
            4,
        );
    }
}

fn who(leg: &LegPlan) -> &'static str {
    match leg.who {
        Goes::ControlPlane => "control plane",
        Goes::Workers => "workers",
    }
}

/// What rehearsals measured, leg by leg.
fn costs(out: &mut String, way: &Itinerary, style: Style) {
    let measured: Vec<(&LegPlan, &Cost)> = way.legs.iter().filter_map(|l| Some((l, l.cost.as_ref()?))).collect();
    let Some((_, first)) = measured.first() else { return };
    let title = format!(
        "What it costs ({}: median, and 95 % are below)",
        count(first.trials, "rehearsal")
    );
    let _ = write!(out, "\n{}", style.bold(&title));
    let header = [
        "LEG",
        "NODES",
        "TIME",
        "EVICTED",
        "REFUSED",
        "API AWAY",
        "MANAGER AWAY",
        "SCHEDULER AWAY",
    ];
    let mut rows = table(&header, 2);
    for (leg, cost) in &measured {
        let nodes: Vec<&str> = leg.nodes.iter().map(|n| n.name.as_str()).collect();
        let nodes = if nodes.len() > 3 {
            count(nodes.len() as u64, "node")
        } else {
            nodes.join(", ")
        };
        rows.add_row([
            leg.number.to_string(),
            nodes,
            both(cost.seconds, span),
            both(cost.evictions, decimals),
            both(cost.refusals, decimals),
            both(cost.api_down_seconds, span),
            both(cost.controller_manager_down_seconds, span),
            both(cost.scheduler_down_seconds, span),
        ]);
    }
    print(out, &rows);
    for (leg, cost) in &measured {
        if cost.incomplete > 0 {
            let why = cost.reason.as_deref().unwrap_or("no reason was given");
            let lead = format!(
                "  leg {} did not complete in {} of {}: ",
                leg.number, cost.incomplete, cost.trials
            );
            paragraph(out, &style.bad(&lead), why, 4);
        }
        for w in cost.workloads.iter().filter(|w| w.down_seconds.p95 >= 0.05).take(3) {
            let _ = writeln!(
                out,
                "  leg {}: {} is down for {}",
                leg.number,
                w.name,
                both(w.down_seconds, span)
            );
        }
    }
}

/// `4s, 7s`; one number where both are the same.
fn both(spread: Spread, say: fn(f64) -> String) -> String {
    let (half, most) = (say(spread.p50), say(spread.p95));
    if half == most { half } else { format!("{half}, {most}") }
}

/// Certificates of all hops: what each hop renews, what only some do, what none does.
fn certificates(out: &mut String, way: &Itinerary, style: Style) {
    let hops: Vec<(&LegPlan, _)> = way.hops().filter_map(|l| Some((l, l.certificates.as_ref()?))).collect();
    if hops.is_empty() {
        return;
    }
    let _ = write!(out, "\n{}\n", style.bold("Certificates"));
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    let mut note = |text: String, to| match lines.iter_mut().find(|(known, _)| *known == text) {
        Some((_, hops)) => hops.push(to),
        None => lines.push((text, vec![to])),
    };
    for (leg, certificates) in &hops {
        for leaf in &certificates.renewed {
            note(format!("+{leaf}"), leg.to.as_str());
        }
        for kept in &certificates.not_renewed {
            note(format!("-{kept}"), leg.to.as_str());
        }
    }
    let all = hops.len();
    let every: Vec<&str> = lines
        .iter()
        .filter(|(t, h)| t.starts_with('+') && h.len() == all)
        .map(|(t, _)| &t[1..])
        .collect();
    if !every.is_empty() {
        let when = if all == 1 { "" } else { " with every hop" };
        paragraph(out, "  ", &format!("renewed{when}: {}", every.join(", ")), 4);
    }
    for (text, hops) in lines.iter().filter(|(t, h)| !(t.starts_with('+') && h.len() == all)) {
        let what = if text.starts_with('+') {
            "renewed"
        } else {
            "not renewed"
        };
        let with = match hops.len() {
            n if n == all => String::new(),
            _ => format!(" with {}", list(hops)),
        };
        paragraph(out, "  ", &format!("{what}{with}: {}", &text[1..]), 4);
    }
}

fn changes(out: &mut String, way: &Itinerary, style: Style) {
    let changes: Vec<_> = way.legs.iter().flat_map(|l| &l.changes).collect();
    if !changes.is_empty() {
        let _ = write!(out, "\n{}\n", style.bold("What changes on the way"));
    }
    for change in changes {
        paragraph(out, &format!("  1.{}  ", change.minor), &change.text, 8);
    }
    if way.ending_apis.is_empty() {
        return;
    }
    let _ = write!(out, "\n{}\n", style.bold("Objects in APIs that end on the way"));
    for api in &way.ending_apis {
        let manifests = if api.by_manifest { "manifests of " } else { "" };
        let text = format!(
            "{} {} is not served any more: {manifests}{}; use {}",
            api.kind,
            api.api,
            list(&api.objects),
            api.instead
        );
        paragraph(out, &format!("  1.{}  ", api.minor), &text, 8);
    }
}

fn support(out: &mut String, way: &Itinerary, style: Style) {
    let Some(date) = &way.date else { return };
    let _ = write!(out, "\n{}", style.bold(&format!("Support on {date}")));
    let mut rows = table(&["VERSION", "FIXES", "NEWEST THREE", "DATES"], 4);
    for s in &way.support {
        let three = match s.in_newest_three {
            None => "unknown: newer minors may be out",
            Some(true) => "yes",
            Some(false) => "no",
        };
        let sure = match s.sure {
            None => "",
            Some(Sure::Official) => "official",
            Some(Sure::Secondary) => "partly from listings of others",
            Some(Sure::Inferred) => "partly inferred",
        };
        rows.add_row([s.version.clone(), fixes(s), three.to_owned(), sure.to_owned()]);
    }
    print(out, &rows);
}

fn fixes(s: &Support) -> String {
    let date = s.date.as_deref().unwrap_or_default();
    match s.status {
        None => "unknown".into(),
        Some(SupportStatus::Unreleased) => format!("not released before {date}"),
        Some(SupportStatus::Full) => format!("all, until {date}"),
        Some(SupportStatus::Maintenance) => format!("critical ones only, until {date}"),
        Some(SupportStatus::Ended) => format!("none since {date}"),
    }
}

fn bullets(out: &mut String, style: Style, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(out, "\n{}\n", style.bold(title));
    for line in lines {
        paragraph(out, "  - ", line, 4);
    }
}

const _: () = assert!(INDENT > "Minor by minor".len());
