//! Facts as plain sentences.

use super::facts::{Arg, say_fact};
use crate::ids::{Id, PodId};
use crate::metrics::Kubelets;
use crate::report::narrate::words;
use crate::trace::{Fact, Preamble};

/// The sentence of a fact; `None`: it is not worth telling. `name` knows the names of pods.
pub(crate) fn sentence(
    preamble: &Preamble,
    kubelets: &Kubelets,
    name: &dyn Fn(PodId) -> String,
    fact: &Fact,
) -> Option<String> {
    let said = say_fact(preamble, kubelets, fact);
    if said.words.is_empty() {
        return None;
    }
    let mut text = said.words.to_owned();
    for (place, arg) in said.args.iter().enumerate() {
        let word = match arg {
            Arg::None => continue,
            Arg::Pod(pod) => name(*pod),
            Arg::Node(node) => words::node(preamble, *node).to_owned(),
            Arg::Workload(id) => {
                let known = preamble.workloads.get(id.index());
                known.map_or_else(String::new, |w| format!("{}/{}", w.namespace, w.name))
            }
            Arg::Instance(id) => words::process(preamble, *id),
            Arg::Version(version) => {
                let known = preamble.versions.get(usize::from(version.0));
                known.cloned().unwrap_or_default()
            }
            Arg::Budget(id) => {
                let known = preamble.budgets.get(id.index());
                known.map_or_else(String::new, |b| format!("{}/{} ({})", b.namespace, b.name, b.limit))
            }
            Arg::Number(n) => n.to_string(),
            Arg::Words(words) => words.clone().into_owned(),
        };
        text = text.replace(&format!("{{{place}}}"), &word);
    }
    Some(text)
}
