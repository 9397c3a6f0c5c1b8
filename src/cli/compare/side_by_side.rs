//! The page on which two of the compared strategies play on one clock.

use anyhow::{Context, Result, bail};

use super::{CompareArgs, Kind, Lineup};
use crate::cli::played::Played;
use crate::cluster::RunOptions;
use crate::report::{comparison::sorted, html};
use crate::study::comparison::Comparison;

const TOO_FEW: &str =
    "html shows two strategies side by side, and there are no two that can be tried: add --preset all";

/// Looks whether the two that are asked for are there.
pub(super) fn check(args: &CompareArgs, lineup: &Lineup) -> Result<(), String> {
    let wanted = args.report.iter().any(|w| w.kind == Kind::Html);
    if wanted && lineup.places.iter().filter(|place| place.3.is_ok()).count() < 2 {
        return Err(TOO_FEW.into());
    }
    if args.replay.is_empty() {
        return Ok(());
    }
    if !wanted {
        return Err("--replay chooses what --report html=FILE shows: give both".into());
    }
    let names: Vec<&str> = lineup.places.iter().map(|place| place.0.as_str()).collect();
    let known = names.join(", ");
    let mut wrong = Vec::new();
    for name in &args.replay {
        match lineup.places.iter().find(|place| place.0 == *name) {
            None => wrong.push(format!(
                "--replay {name}: no strategy has this name; strategies are {known}"
            )),
            Some((_, _, _, Err(problem))) => wrong.push(format!("--replay {name}: it cannot be tried here: {problem}")),
            Some(_) => {}
        }
    }
    match &args.replay[..] {
        [a, b] if a == b => wrong.push(format!("--replay {a},{b}: these are the same")),
        [_, _] => {}
        some => wrong.push(format!(
            "--replay takes two names with a comma between, such as {}; here are {}",
            names.iter().take(2).copied().collect::<Vec<_>>().join(","),
            some.len()
        )),
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// The two that are asked for, or else the one that the others are held against and the best of the others.
fn two(comparison: &Comparison, args: &CompareArgs) -> Result<[String; 2]> {
    if let [a, b] = &args.replay[..] {
        return Ok([a.clone(), b.clone()]);
    }
    let tried: Vec<&str> = sorted(comparison)
        .into_iter()
        .filter(|row| row.showing.is_some())
        .map(|row| row.name.as_str())
        .collect();
    let first = comparison.against.as_deref().or(tried.first().copied());
    let second = tried.iter().copied().find(|name| Some(*name) != first);
    match (first, second) {
        (Some(a), Some(b)) => Ok([a.to_owned(), b.to_owned()]),
        _ => bail!(TOO_FEW),
    }
}

/// The page: trial 0 of each.
pub(super) fn page(
    comparison: &Comparison,
    args: &CompareArgs,
    lineup: &Lineup,
    options: &RunOptions,
) -> Result<String> {
    let names = two(comparison, args)?;
    let mut seen = Vec::new();
    for name in &names {
        let place = lineup.places.iter().find(|place| place.0 == *name);
        let model = place.and_then(|place| place.3.as_ref().ok());
        seen.push(Played::new(
            model.with_context(|| format!("{name} cannot be tried"))?,
            options,
        ));
    }
    let [a, b] = &seen[..] else {
        bail!("there are no two strategies");
    };
    let [a, b] = [(a, &names[0]), (b, &names[1])].map(|(seen, name)| html::Shown {
        name,
        preamble: &seen.preamble,
        records: &seen.records,
        report: &seen.report,
    });
    Ok(html::side_by_side(&[a, b])?)
}
