//! From documents to the checked model.

mod autoscaler;
mod balancers;
mod class;
mod drafts;
mod expectations;
mod faults;
mod names;
mod nodes;
mod path;
mod placement;
mod plan;
mod planned;
mod pools;
mod select;
mod steps;
mod strategy;
mod timings;
mod volumes;
mod webhooks;
mod workloads;

use std::collections::BTreeMap;

use super::Scenario;
use super::diagnostic::{Problem, Problems, Texts};
use super::intake::Documents;
use super::objects::Template;
use super::own::ControlPlaneSpec;
use super::plans::PlanDoc;
use super::text::{At, Place};
use crate::expect::{Expectation, Expectations, Origin};
use crate::ids::{ClassId, NodeId, WorkloadId};
use crate::model::{Model, WorkloadKind};
use crate::units::KubeVersion;
use crate::versions::releases::ApiUse;
use expectations::Expected;
use volumes::Claims;

/// Builds the model with one of the plans, or none; what is wrong goes to `problems`, in which case the model is not to be
/// used.
pub(crate) fn build(documents: &Documents, plan: Option<&PlanDoc>, problems: &mut Problems) -> Built {
    let mut builder = Builder {
        documents,
        problems,
        notes: Vec::new(),
        nodes: BTreeMap::new(),
        workloads: BTreeMap::new(),
        templates: Vec::new(),
        bare: BTreeMap::new(),
        claims: Claims::new(documents),
        pod_claims: Vec::new(),
        model: Model::new(KubeVersion::new(36, 0)),
    };
    builder.notes_on_kinds();
    builder.version();
    builder.nodes();
    builder.control_plane();
    builder.workloads();
    builder.select();
    builder.webhooks();
    builder.placement();
    builder.volumes();
    builder.autoscaler();
    builder.timings();
    builder.hooks();
    builder.plan(plan);
    builder.faults();
    let expected = builder.expectations();
    Built {
        model: builder.model,
        notes: builder.notes,
        expected,
    }
}

/// What documents mean.
pub(crate) struct Built {
    model: Model,
    notes: Vec<String>,
    expected: Expected,
}

impl Built {
    /// The scenario, with what is known of the sources.
    pub(crate) fn scenario(self, texts: &Texts, ending_apis: Vec<ApiUse>) -> Scenario {
        let Expected { list, trials, place } = self.expected;
        let origin = |place| {
            let (file, line, column) = texts.position(place)?;
            Some(Origin { file, line, column })
        };
        let list = list.into_iter().map(|(place, expectation)| Expectation {
            origin: origin(place),
            ..expectation
        });
        Scenario {
            expectations: Expectations {
                list: list.collect(),
                trials,
                origin: place.and_then(origin),
            },
            model: self.model,
            notes: self.notes,
            ending_apis,
        }
    }
}

struct Builder<'d> {
    documents: &'d Documents,
    problems: &'d mut Problems,
    notes: Vec<String>,
    nodes: BTreeMap<String, NodeId>,
    /// Workloads by namespace and name: their kinds as written, and ids.
    workloads: BTreeMap<(&'d str, &'d str), Vec<Known<'d>>>,
    /// Namespace, class and template of each workload; pods that nobody owns and that are alike stand here once.
    templates: Vec<(&'d str, ClassId, &'d Template)>,
    /// Classes of pods that nobody owns, by namespace and template.
    bare: BTreeMap<(&'d str, &'d Template), ClassId>,
    claims: Claims<'d>,
    /// The claims of each pod of the model.
    pod_claims: Vec<&'d [String]>,
    model: Model,
}

/// A workload that documents can refer to.
#[derive(Clone, Copy)]
struct Known<'d> {
    /// The kind of the controller: `StatefulSet` for pods of one.
    written: &'d str,
    kind: WorkloadKind,
    id: WorkloadId,
}

impl<'d> Builder<'d> {
    fn wrong(&mut self, place: Place, message: impl Into<String>) {
        self.problems.push(Problem::at(place, message));
    }

    fn assume(&mut self, sentence: impl Into<String>) {
        self.model.assumptions.push(sentence.into());
    }

    fn control_plane_spec(&self) -> Option<&'d ControlPlaneSpec> {
        let (_, cluster) = self.documents.cluster.as_ref()?;
        cluster.control_plane.as_ref()
    }

    /// A count that is neither negative nor above the limit.
    fn count(&mut self, count: &At<i64>, limit: u32) -> u32 {
        match u32::try_from(count.value) {
            Ok(small) if small <= limit => small,
            _ => {
                let value = count.value;
                self.wrong(
                    count.place,
                    format!("{value} is not between 0 and the limit of {limit}"),
                );
                0
            }
        }
    }

    fn notes_on_kinds(&mut self) {
        let documents = self.documents;
        let list = |counts: Vec<(usize, &String)>| -> String {
            let texts: Vec<String> = counts.iter().map(|(n, k)| format!("{n} {k}")).collect();
            texts.join(", ")
        };
        if !documents.ignored.is_empty() {
            let counts = documents.ignored.iter().map(|(k, &n)| (n, k)).collect();
            self.notes
                .push(format!("ignored: {} (not part of the model)", list(counts)));
        }
        if !documents.later.is_empty() {
            let counts = documents.later.iter().map(|(k, (n, _))| (*n, k)).collect();
            self.notes
                .push(format!("ignored: {} (not simulated yet)", list(counts)));
        }
        for (kind, (count, names)) in &documents.later {
            let names = some_of(names, *count);
            self.assume(format!("{kind} is not simulated yet: {names}"));
        }
    }
}

/// The first three names, and how many there are.
fn some_of<S: AsRef<str>>(names: &[S], count: usize) -> String {
    let shown: Vec<&str> = names.iter().take(3).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    if count > 3 {
        format!("{shown}, … ({count} in all)")
    } else {
        shown
    }
}
