//! Annotations of seatrial: what is created while the run goes on.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;

use super::Reading;
use crate::lint;
use crate::scenario::diagnostic::Problem;
use crate::scenario::nearest::did_you_mean;
use crate::units::Span;

/// What all annotations of seatrial begin with.
const OWN: &str = "seatrial.dev/";
/// When a Pod or a Job is created, since the start of the run.
pub(super) const CREATE_AT: &str = "seatrial.dev/create-at";
/// Rules of the linter that leave an object alone, with commas between, or `all`.
pub(crate) const IGNORE: &str = "seatrial.dev/ignore";

impl Reading<'_> {
    /// What `seatrial.dev/create-at` says; annotations of seatrial that it does not know are slips.
    pub(super) fn create_at(&mut self, annotations: &BTreeMap<String, String>) -> Option<Span> {
        for key in annotations
            .keys()
            .filter(|k| k.starts_with(OWN) && *k != CREATE_AT && *k != IGNORE)
        {
            let place = self.tree.find(&["metadata", "annotations", key]);
            let short: String = key.chars().take(60).collect();
            let problem = Problem::at(place, format!("unknown annotation `{short}`"));
            let help = did_you_mean(key, [CREATE_AT, IGNORE])
                .or_else(|| Some(format!("`{CREATE_AT}` and `{IGNORE}` are the only ones")));
            self.problems.push(problem.maybe_help(help));
        }
        let text = annotations.get(CREATE_AT)?;
        let path = ["metadata", "annotations", CREATE_AT];
        let kind = self.tree.text("kind").unwrap_or_default().to_owned();
        if kind != "Pod" && kind != "Job" {
            self.wrong(&path, format!("only a Pod or a Job is created at a time, not a {kind}"));
        }
        match text.parse() {
            Ok(at) => Some(at),
            Err(why) => {
                let short: String = text.chars().take(60).collect();
                self.wrong(&path, format!("{short:?}: {why}"));
                None
            }
        }
    }

    /// What `seatrial.dev/ignore` says; rules that there are not are slips.
    pub(super) fn ignored_rules(&mut self, annotations: &BTreeMap<String, String>) -> Option<Box<str>> {
        let text = annotations.get(IGNORE)?;
        let known = |id: &&str| lint::rule(id).is_none() && *id != "all";
        if let Some(wrong) = lint::listed(text).find(known) {
            let place = self.tree.find(&["metadata", "annotations", IGNORE]);
            let short: String = wrong.chars().take(60).collect();
            let problem = Problem::at(place, format!("the linter has no rule `{short}`"));
            let help = did_you_mean(wrong, lint::rules().map(|rule| rule.id));
            self.problems
                .push(problem.maybe_help(help.or_else(|| Some("`seatrial lint --explain all` lists them".into()))));
        }
        Some(text.as_str().into())
    }

    /// A pod that is created at a time is not there yet: it has neither a node nor an owner.
    pub(super) fn not_there_yet(&mut self, pod: &Pod) {
        let path = ["metadata", "annotations", CREATE_AT];
        let owned = pod.metadata.owner_references.iter().flatten().next().is_some();
        let bound = pod.spec.as_ref().is_some_and(|s| s.node_name.is_some());
        for (wrong, what) in [(owned, "an owner"), (bound, "a node (`spec.nodeName`)")] {
            if wrong {
                self.wrong(
                    &path,
                    format!("a pod that is created during the run cannot have {what} yet"),
                );
            }
        }
    }
}
