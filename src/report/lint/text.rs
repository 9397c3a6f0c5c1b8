//! Findings as a compiler would show them, and what a rule is about.

use std::collections::BTreeMap;
use std::fmt::Write;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::lint::{Counts, Finding, Rule, Severity, Spot};
use crate::report::Style;
use crate::report::ci::line;

/// So many findings of a rule are shown, where not all are asked for.
const MOST: usize = 3;

/// All findings, those of a rule together. Not all of a rule with many, unless `wide`, which shows figures and patches, too.
#[must_use]
pub fn render(plan: Option<&str>, findings: &[Finding], style: Style, wide: bool) -> String {
    let renderer = if style.color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    // The worst first; within a severity in the order of the rules.
    sorted.sort_by_key(|f| std::cmp::Reverse(f.severity));
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut out = String::new();
    for (at, finding) in sorted.iter().enumerate() {
        let so_far = seen.entry(finding.rule.id).or_default();
        *so_far += 1;
        if *so_far <= MOST || wide {
            let _ = writeln!(out, "{}\n", renderer.render(&[group(finding, wide)]).trim_end());
        }
        let last = !sorted[at + 1..].iter().any(|f| f.rule.id == finding.rule.id);
        if last && *so_far > MOST && !wide {
            let more = *so_far - MOST;
            let _ = writeln!(
                out,
                "{}\n",
                style.dim(&format!("… and {more} more of {}", finding.rule.id))
            );
        }
    }
    out + &summary(plan, findings, style, wide)
}

fn summary(plan: Option<&str>, findings: &[Finding], style: Style, wide: bool) -> String {
    let counts = Counts::of(findings);
    let plan = plan.map_or_else(|| "the cluster".to_owned(), line);
    let noun = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    if findings.is_empty() {
        return format!("{}: nothing found\n", style.good(&plan));
    }
    let errors = noun(counts.errors, "error");
    let warnings = noun(counts.warnings, "warning");
    let mut text = format!(
        "{plan}: {}, {}, {}\n",
        if counts.errors > 0 { style.bad(&errors) } else { errors },
        if counts.warnings > 0 {
            style.warning(&warnings)
        } else {
            warnings
        },
        noun(counts.notes, "note"),
    );
    if !wide {
        let first = findings.iter().max_by_key(|f| f.severity).map_or("B01", |f| f.rule.id);
        let hint = format!("-o wide shows all figures and patches; --explain {first} says more about a rule");
        let _ = writeln!(text, "{}", style.dim(&hint));
    }
    text
}

fn group(finding: &Finding, wide: bool) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = line(&format!("{}: {}", finding.object, finding.message));
    let mut group = Group::with_title(level.primary_title(title).id(finding.rule.id));
    if let Some(spot) = &finding.position {
        group = show(group, spot);
    }
    group = group.element(Level::NOTE.message(line(&finding.why)));
    group = group.element(Level::HELP.message(line(&finding.fix)));
    if wide {
        let figures = finding.evidence.iter().map(|(name, value)| format!("{name} {value}"));
        let figures = line(&figures.collect::<Vec<_>>().join(", "));
        group = group.element(Level::INFO.with_name("figures").message(figures));
        if let Some(patch) = &finding.patch {
            let patch: Vec<String> = patch.lines().map(line).collect();
            group = group.element(Level::INFO.with_name("patch").message(patch.join("\n")));
        }
    }
    group
}

fn show<'a>(group: Group<'a>, spot: &'a Spot) -> Group<'a> {
    let origin = Origin::path(line(&spot.file)).line(spot.line).char_column(spot.column);
    let Some((text, from, to)) = &spot.excerpt else {
        return group.element(origin);
    };
    let before = text.get(..*from).map_or(0, |t| t.chars().count());
    let snippet = Snippet::source(text)
        .line_start(spot.line)
        .annotation(AnnotationKind::Primary.span(*from..*to));
    if before + 1 == spot.column {
        group.element(snippet.path(line(&spot.file)))
    } else {
        // The line is long, and only the part around the place is shown.
        group.element(origin).element(snippet)
    }
}

/// What a rule is about.
#[must_use]
pub fn explain(rule: &Rule, style: Style) -> String {
    let severity = match rule.severity {
        Severity::Error => style.bad("error"),
        Severity::Warning => style.warning("warning"),
        Severity::Note => style.bold("note"),
    };
    format!(
        "{} {severity}: {}\n\n{}\n\n{} {}\n{} {}\n{} {}\n",
        style.bold(rule.id),
        rule.title,
        rule.why,
        style.bold("Fix:"),
        rule.fix,
        style.bold("Needs:"),
        rule.needs,
        style.bold("Source:"),
        rule.source,
    )
}
