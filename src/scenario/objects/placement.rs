//! Affinities and topology spread constraints of a pod template, as written.

use k8s_openapi::api::core::v1::{
    Affinity, NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, PodSpec,
    TopologySpreadConstraint, WeightedPodAffinityTerm,
};

use super::Reading;
use super::policy::Selector;
use crate::model::{NodeRule, NodeTerm};

/// What a template asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PlacementDoc {
    pub(crate) nodes: Option<Vec<NodeTerm>>,
    pub(crate) preferred_nodes: Vec<(NodeTerm, i64)>,
    pub(crate) spread: Vec<SpreadDoc>,
    pub(crate) affinity: Vec<PodTermDoc>,
    pub(crate) anti_affinity: Vec<PodTermDoc>,
    /// Weights of anti-affinity are negative.
    pub(crate) preferred: Vec<(PodTermDoc, i64)>,
}

/// A term of pod affinity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PodTermDoc {
    pub(crate) topology: String,
    pub(crate) selector: Selector,
    pub(crate) namespaces: Vec<String>,
    /// `None`: only the namespaces of the list, or the pod's own.
    pub(crate) namespace_selector: Option<Selector>,
    /// It has `matchLabelKeys` or `mismatchLabelKeys`.
    pub(crate) label_keys: bool,
}

/// A topology spread constraint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SpreadDoc {
    pub(crate) topology: String,
    pub(crate) selector: Selector,
    pub(crate) max_skew: u32,
    pub(crate) hard: bool,
    pub(crate) min_domains: u32,
    pub(crate) ignores_affinity: bool,
    pub(crate) honors_taints: bool,
    pub(crate) match_label_keys: Vec<String>,
}

impl SpreadDoc {
    /// Pods with these labels stand on different nodes as far as they can, and wait where they cannot.
    pub(crate) fn over_nodes(hostname: &str, labels: &[(String, String)]) -> Self {
        Self {
            topology: hostname.to_owned(),
            selector: Selector::of_labels(labels),
            max_skew: 1,
            hard: true,
            min_domains: 1,
            ignores_affinity: false,
            honors_taints: false,
            match_label_keys: Vec::new(),
        }
    }
}

impl Reading<'_> {
    pub(super) fn placement(&mut self, spec: &PodSpec, path: &[&str]) -> PlacementDoc {
        let mut found = PlacementDoc::default();
        if let Some(affinity) = &spec.affinity {
            self.affinity(affinity, &mut found, &[path, &["affinity"]].concat());
        }
        for (i, constraint) in spec.topology_spread_constraints.iter().flatten().enumerate() {
            let i = i.to_string();
            let path = [path, &["topologySpreadConstraints", &i]].concat();
            let constraint = self.constraint(constraint, &path);
            found.spread.push(constraint);
        }
        found
    }

    fn affinity(&mut self, affinity: &Affinity, found: &mut PlacementDoc, path: &[&str]) {
        if let Some(node) = &affinity.node_affinity {
            self.node_affinity(node, found, &[path, &["nodeAffinity"]].concat());
        }
        if let Some(pod) = &affinity.pod_affinity {
            let path = [path, &["podAffinity"]].concat();
            let required = pod.required_during_scheduling_ignored_during_execution.iter();
            for term in required.flatten() {
                let term = self.pod_term(term, &path);
                found.affinity.push(term);
            }
            let preferred = pod.preferred_during_scheduling_ignored_during_execution.as_deref();
            self.preferred(preferred, 1, found, &path);
        }
        if let Some(pod) = &affinity.pod_anti_affinity {
            let path = [path, &["podAntiAffinity"]].concat();
            let required = pod.required_during_scheduling_ignored_during_execution.iter();
            for term in required.flatten() {
                let term = self.pod_term(term, &path);
                found.anti_affinity.push(term);
            }
            let preferred = pod.preferred_during_scheduling_ignored_during_execution.as_deref();
            self.preferred(preferred, -1, found, &path);
        }
    }

    fn node_affinity(&mut self, affinity: &NodeAffinity, found: &mut PlacementDoc, path: &[&str]) {
        if let Some(required) = &affinity.required_during_scheduling_ignored_during_execution {
            let terms = required.node_selector_terms.iter();
            found.nodes = Some(terms.map(|t| self.node_term(t, path)).collect());
        }
        let preferred = affinity.preferred_during_scheduling_ignored_during_execution.iter();
        for wish in preferred.flatten() {
            let term = self.node_term(&wish.preference, path);
            found.preferred_nodes.push((term, i64::from(wish.weight)));
        }
    }

    pub(super) fn node_term(&mut self, term: &NodeSelectorTerm, path: &[&str]) -> NodeTerm {
        let mut found = NodeTerm::default();
        for rule in term.match_expressions.iter().flatten() {
            let key = rule.key.clone();
            found.labels.extend(self.node_rule(rule, path).map(|rule| (key, rule)));
        }
        for rule in term.match_fields.iter().flatten() {
            if rule.key != "metadata.name" {
                self.wrong(path, "the only field that a node can be chosen by is metadata.name");
            }
            found.names.extend(self.node_rule(rule, path));
        }
        found
    }

    fn node_rule(&mut self, rule: &NodeSelectorRequirement, path: &[&str]) -> Option<NodeRule> {
        let values = rule.values.clone().unwrap_or_default();
        let number = values
            .first()
            .and_then(|v| v.parse().ok())
            .filter(|_| values.len() == 1);
        let compared = match (rule.operator.as_str(), number) {
            ("In", _) => return Some(NodeRule::In(values)),
            ("NotIn", _) => return Some(NodeRule::NotIn(values)),
            ("Exists", _) => return Some(NodeRule::Exists),
            ("DoesNotExist", _) => return Some(NodeRule::DoesNotExist),
            ("Gt", Some(than)) => return Some(NodeRule::Gt(than)),
            ("Lt", Some(than)) => return Some(NodeRule::Lt(than)),
            (compared, _) => matches!(compared, "Gt" | "Lt"),
        };
        self.wrong(
            path,
            if compared {
                "Gt and Lt need one whole number"
            } else {
                "expected In, NotIn, Exists, DoesNotExist, Gt or Lt"
            },
        );
        None
    }

    fn preferred(
        &mut self,
        terms: Option<&[WeightedPodAffinityTerm]>,
        sign: i64,
        found: &mut PlacementDoc,
        path: &[&str],
    ) {
        for term in terms.unwrap_or_default() {
            let weight = sign * i64::from(term.weight);
            let term = self.pod_term(&term.pod_affinity_term, path);
            found.preferred.push((term, weight));
        }
    }

    fn pod_term(&mut self, term: &PodAffinityTerm, path: &[&str]) -> PodTermDoc {
        if term.topology_key.is_empty() {
            self.wrong(path, "a term of pod affinity needs a `topologyKey`");
        }
        let some = |keys: &Option<Vec<String>>| keys.as_ref().is_some_and(|k| !k.is_empty());
        PodTermDoc {
            topology: term.topology_key.clone(),
            selector: self.selector(term.label_selector.clone(), false, path),
            namespaces: term.namespaces.clone().unwrap_or_default(),
            namespace_selector: term
                .namespace_selector
                .clone()
                .map(|selector| self.selector(Some(selector), false, path)),
            label_keys: some(&term.match_label_keys) || some(&term.mismatch_label_keys),
        }
    }

    fn constraint(&mut self, constraint: &TopologySpreadConstraint, path: &[&str]) -> SpreadDoc {
        let mut at_least_1 = |value: i32, field: &str| {
            u32::try_from(value).ok().filter(|&n| n > 0).unwrap_or_else(|| {
                self.wrong(&[path, &[field]].concat(), format!("{value} is not at least 1"));
                1
            })
        };
        let max_skew = at_least_1(constraint.max_skew, "maxSkew");
        let min_domains = at_least_1(constraint.min_domains.unwrap_or(1), "minDomains");
        let hard = match constraint.when_unsatisfiable.as_str() {
            "ScheduleAnyway" => false,
            "DoNotSchedule" => true,
            _ => {
                let path = [path, &["whenUnsatisfiable"]].concat();
                self.wrong(&path, "expected DoNotSchedule or ScheduleAnyway");
                true
            }
        };
        if constraint.topology_key.is_empty() {
            self.wrong(path, "a spread constraint needs a `topologyKey`");
        }
        SpreadDoc {
            topology: constraint.topology_key.clone(),
            selector: self.selector(constraint.label_selector.clone(), false, path),
            max_skew,
            hard,
            min_domains,
            ignores_affinity: constraint.node_affinity_policy.as_deref() == Some("Ignore"),
            honors_taints: constraint.node_taints_policy.as_deref() == Some("Honor"),
            match_label_keys: constraint.match_label_keys.clone().unwrap_or_default(),
        }
    }
}
