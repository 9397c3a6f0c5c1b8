//! Documents to begin with: a plan, timings and expectations for a cluster, with comments.

mod origin;
mod sections;

use self::origin::Origin;
use super::{Diagnostics, Source, load, presets};
use crate::model::Model;
use crate::units::KubeVersion;
use crate::versions::releases;

/// The cluster of [`example`].
const EXAMPLE: &str = include_str!("example.yaml");

/// What is known of the upgrade that is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wish<'a> {
    /// The name of a preset; `None`: what the labels of the nodes tell.
    pub preset: Option<&'a str>,
    /// The version to reach; `None`: the newest patch of the next minor that is known.
    pub target: Option<KubeVersion>,
    /// What is typed to rehearse it, for the first comment.
    pub command: &'a str,
}

/// A plan, timings and expectations for a cluster that is read from other files.
#[must_use]
pub fn for_cluster(model: &Model, wish: &Wish<'_>) -> String {
    let sections = [
        heading(wish),
        sections::plan(model, &choice(model, wish)),
        sections::timings(model),
    ];
    let text = sections.join("---\n");
    format!("{text}---\n{}", sections::expectations(model))
}

/// The same for a small cluster, which stands before them.
///
/// # Errors
/// Never with the example that is built in, as tests show.
pub fn example(wish: &Wish<'_>) -> Result<String, Diagnostics> {
    let model = load(&[Source::new("example", EXAMPLE)])?.model;
    let rest = for_cluster(&model, wish);
    // The first comment stands before everything.
    let (first, rest) = rest.split_once("---\n").unwrap_or(("", &rest));
    Ok(format!("{first}\n{EXAMPLE}---\n{rest}"))
}

/// What the plan says, and why.
struct Choice<'a> {
    preset: &'a str,
    origin: Option<Origin>,
    target: Option<KubeVersion>,
    chosen: bool,
}

fn choice<'a>(model: &Model, wish: &Wish<'a>) -> Choice<'a> {
    let origin = origin::of(model);
    let guess = origin.as_ref().map_or("kubeadm", |o| o.preset);
    Choice {
        preset: wish.preset.unwrap_or(guess),
        origin,
        target: wish.target.clone().or_else(|| next(&model.version)),
        chosen: wish.target.is_some(),
    }
}

/// The newest patch of the next minor, or of this one where there is none.
fn next(version: &KubeVersion) -> Option<KubeVersion> {
    let minor = version.minor();
    let known = |minor| releases::newest(minor).filter(|newest| newest > version);
    known(minor + 1).or_else(|| known(minor))
}

fn heading(wish: &Wish<'_>) -> String {
    let (repository, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
    format!(
        "# yaml-language-server: $schema={repository}/raw/v{version}/docs/schema/Scenario.json\n\
         #\n\
         # An upgrade to rehearse:\n\
         #\n\
         #   {}\n\
         #\n\
         # The first line lets editors complete and check this file. Without a network, name a file there that\n\
         # `seatrial schema Scenario` printed.\n",
        wish.command
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_minor_comes_after_this_one() {
        let next = |text: &str| next(&text.parse().unwrap()).map(|v| v.minor());
        assert_eq!(next("v1.20.1"), Some(21));
        assert_eq!(next("v1.900.0"), None);
    }

    #[test]
    fn presets_that_are_guessed_exist() {
        for (_, preset) in origin::LABELS {
            assert!(presets::preset(preset).is_some(), "{preset}");
        }
    }
}
