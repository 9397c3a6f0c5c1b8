//! The page `docs/fidelity.md`.

use std::fmt::Write;

use crate::fidelity::order::OrderScore;
use crate::fidelity::score::{Score, Verdict, score};
use crate::fidelity::{Comparison, VERSIONS};

const HEAD: &str = include_str!("head.md");

/// The whole page.
pub(crate) fn page(comparisons: &[Comparison], seeds: usize) -> String {
    let mut text = HEAD.replace("{seeds}", &seeds.to_string());
    let _ = writeln!(text, "\n## Scores\n");
    scores(comparisons, &mut text);
    let _ = writeln!(text, "\n## Disagreements");
    for comparison in comparisons {
        disagreements(comparison, &mut text);
    }
    text
}

fn ratio((agree, all): (usize, usize)) -> String {
    if all == 0 {
        return "not comparable".to_owned();
    }
    format!("{agree} / {all} ({:.1} %)", 100.0 * agree as f64 / all as f64)
}

fn scores(comparisons: &[Comparison], text: &mut String) {
    let _ = writeln!(
        text,
        "| scenario | version | runs | measures that agree | a flawless simulator | not contradicted |\n\
         |---|---|---|---|---|---|"
    );
    for c in comparisons {
        let runs = c.runs.as_ref().map_or(0, Vec::len);
        let _ = writeln!(
            text,
            "| {} | {} | {runs} | {} |",
            c.scenario,
            c.version,
            Sum::of([c].into_iter()).columns()
        );
    }
    for version in VERSIONS {
        let sum = Sum::of(comparisons.iter().filter(|c| c.version == version));
        let _ = writeln!(text, "| all | {version} | | {} |", sum.columns());
    }
    let _ = writeln!(text, "| **all** | | | {} |", Sum::of(comparisons.iter()).columns());
}

/// Scores of several comparisons.
#[derive(Default)]
struct Sum {
    tally: (usize, usize),
    ceiling: Vec<(usize, usize)>,
    contradicted: usize,
}

impl Sum {
    fn of<'a>(comparisons: impl Iterator<Item = &'a Comparison>) -> Self {
        comparisons.fold(Self::default(), |sum, c| Self {
            tally: (sum.tally.0 + c.tally().0, sum.tally.1 + c.tally().1),
            ceiling: match &sum.ceiling[..] {
                [] => c.ceiling.clone(),
                so_far => so_far
                    .iter()
                    .zip(&c.ceiling)
                    .map(|(a, b)| (a.0 + b.0, a.1 + b.1))
                    .collect(),
            },
            contradicted: sum.contradicted + c.contradicted(),
        })
    }

    fn columns(&self) -> String {
        let all = self.tally.1;
        let shares = || self.ceiling.iter().map(|c| 100.0 * c.0 as f64 / c.1 as f64);
        let mean = shares().sum::<f64>() / self.ceiling.len() as f64;
        let (least, most) = (shares().fold(f64::MAX, f64::min), shares().fold(f64::MIN, f64::max));
        let fine = all - self.contradicted;
        format!(
            "{} | {mean:.1} % ({least:.0} … {most:.0}) | {:.1} %",
            ratio(self.tally),
            100.0 * fine as f64 / all.max(1) as f64
        )
    }
}

fn disagreements(c: &Comparison, text: &mut String) {
    if let Err(problem) = &c.runs {
        let _ = writeln!(
            text,
            "\n### {} {}: not comparable\n\n```text\n{}\n```",
            c.scenario,
            c.version,
            problem.trim()
        );
        return;
    }
    let scores: Vec<&Score> = c.scores.iter().filter(|s| s.verdict != Verdict::Agrees).collect();
    let orders: Vec<&OrderScore> = c.orders.iter().filter(|o| !o.agrees()).collect();
    if scores.is_empty() && orders.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n### {} {}\n\n| measure | recorded | rehearsed: min, 5 %, median, 95 %, max | inside | verdict | cause |\n\
         |---|---|---|---|---|---|",
        c.scenario, c.version
    );
    for score in scores {
        let cause = c.explanation(score);
        row(score, cause.as_deref().unwrap_or("unexplained"), text);
    }
    for order in orders {
        let cause = c.cause(&order.measure());
        order_row(order, cause.as_deref().unwrap_or("unexplained"), text);
    }
}

fn row(score: &Score, cause: &str, text: &mut String) {
    let _ = writeln!(
        text,
        "| {} | {} | {} | {:.0} % | {} | {cause} |",
        score.measure,
        score.recorded_text(),
        score.rehearsed_text(),
        100.0 * score.inside,
        match score.verdict {
            Verdict::Agrees => "agrees",
            Verdict::Misses => "misses",
            Verdict::TooWide => "too wide",
        },
    );
}

fn order_row(order: &OrderScore, cause: &str, text: &mut String) {
    let missing: Vec<&str> = order.missing.iter().map(String::as_str).collect();
    let foreign: Vec<String> = order
        .foreign
        .iter()
        .map(|(words, share)| format!("{words} ({:.1} %)", 100.0 * share))
        .collect();
    let _ = writeln!(
        text,
        "| {} | only recorded: {} | only rehearsed: {} | | misses | {cause} |",
        order.measure(),
        if missing.is_empty() {
            "-".to_owned()
        } else {
            missing.join("; ")
        },
        if foreign.is_empty() {
            "-".to_owned()
        } else {
            foreign.join("; ")
        },
    );
}

/// Each recorded run beside the rehearsals of its own cluster.
pub(crate) fn by_run(comparisons: &[Comparison]) -> String {
    let mut text = String::from("\n## By run\n");
    for c in comparisons {
        for run in c.runs.as_deref().unwrap_or_default() {
            let _ = writeln!(text, "\n### {} {} {}\n", c.scenario, c.version, run.name);
            for name in run.recorded.values.keys() {
                let score = score(name, std::slice::from_ref(run));
                let _ = writeln!(text, "{name}: {} | {}", score.recorded_text(), score.rehearsed_text());
            }
        }
    }
    text
}
