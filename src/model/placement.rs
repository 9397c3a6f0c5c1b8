//! What a template asks of the scheduler beyond resources, with label selectors resolved into classes.

use super::Node;
use crate::ids::{ClassId, TopologyId};

/// Affinities and spreading of a class, those that other classes impose on it included.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    /// Required node affinity: any of these terms; `None`: not asked for.
    pub nodes: Option<Vec<NodeTerm>>,
    /// Preferred node affinity with weights of 1 … 100.
    pub preferred_nodes: Vec<(NodeTerm, i64)>,
    /// `topologySpreadConstraints`.
    pub spread: Vec<SpreadConstraint>,
    /// For pods that no ReplicaSet owns and that have no constraints of their own: the classes that their Services and
    /// their StatefulSet select, over which the system's default constraints spread (S-17). Empty: no constraint.
    pub default_spread: Vec<ClassId>,
    /// Required pod affinity. Kubernetes counts pods that match all terms, so all terms hold the same classes.
    pub affinity: Vec<PodTerm>,
    /// Required pod anti-affinity.
    pub anti_affinity: Vec<PodTerm>,
    /// Required anti-affinity of other pods against these: the classes are theirs.
    pub repelled_by: Vec<PodTerm>,
    /// Preferred pod affinity (weight above 0) and anti-affinity (below 0) of these pods; and of pods that stand already
    /// toward these, whose required affinity counts as a weight of 1 (S-16).
    pub attraction: Vec<(PodTerm, i64)>,
}

/// Pods of these classes in the same domain of a topology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodTerm {
    /// Which nodes count as one place.
    pub topology: TopologyId,
    /// The classes that the selector matches, sorted.
    pub classes: Vec<ClassId>,
}

/// A topology spread constraint.
#[derive(Clone, Debug)]
pub struct SpreadConstraint {
    /// Which nodes count as one place.
    pub topology: TopologyId,
    /// Whether the topology is `kubernetes.io/hostname`.
    pub hostname: bool,
    /// `maxSkew`, at least 1.
    pub max_skew: u32,
    /// `DoNotSchedule` as opposed to `ScheduleAnyway`.
    pub hard: bool,
    /// `minDomains`; 1 where it is not given.
    pub min_domains: u32,
    /// `nodeAffinityPolicy: Ignore`.
    pub ignores_affinity: bool,
    /// `nodeTaintsPolicy: Honor`.
    pub honors_taints: bool,
    /// `matchLabelKeys` holds `pod-template-hash`: only pods of the same ReplicaSet count.
    pub same_replica_set: bool,
    /// The classes that the selector matches, sorted.
    pub classes: Vec<ClassId>,
    /// The same without what `matchLabelKeys` takes away, for schedulers that do not know it.
    pub all_classes: Vec<ClassId>,
}

/// A term of node affinity: all of its rules must hold. One without rules matches no node.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeTerm {
    /// `matchExpressions`: keys of labels and what they must be.
    pub labels: Vec<(String, NodeRule)>,
    /// `matchFields`, whose only key is `metadata.name`.
    pub names: Vec<NodeRule>,
}

/// What a label of a node must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeRule {
    /// One of these.
    In(Vec<String>),
    /// Absent, or none of these.
    NotIn(Vec<String>),
    /// There.
    Exists,
    /// Absent.
    DoesNotExist,
    /// A whole number above this one.
    Gt(i64),
    /// A whole number below this one.
    Lt(i64),
}

impl NodeTerm {
    /// Whether a node matches.
    #[must_use]
    pub fn matches(&self, node: &Node) -> bool {
        let empty = self.labels.is_empty() && self.names.is_empty();
        !empty
            && self.labels.iter().all(|(key, rule)| rule.holds(node.label(key)))
            && self.names.iter().all(|rule| rule.holds(Some(&node.name)))
    }
}

impl NodeRule {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|v| v.parse::<i64>().ok());
        match self {
            Self::In(values) => value.is_some_and(|v| values.iter().any(|w| w == v)),
            Self::NotIn(values) => !value.is_some_and(|v| values.iter().any(|w| w == v)),
            Self::Exists => value.is_some(),
            Self::DoesNotExist => value.is_none(),
            Self::Gt(than) => number().is_some_and(|n| n > *than),
            Self::Lt(than) => number().is_some_and(|n| n < *than),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NodeRule;

    #[test]
    fn s15_operators_of_node_affinity() {
        let list = || vec!["a".to_owned(), "b".to_owned()];
        for (rule, value, holds) in [
            (NodeRule::In(list()), Some("b"), true),
            (NodeRule::In(list()), Some("c"), false),
            (NodeRule::In(list()), None, false),
            (NodeRule::NotIn(list()), Some("b"), false),
            (NodeRule::NotIn(list()), None, true),
            (NodeRule::Exists, Some(""), true),
            (NodeRule::DoesNotExist, None, true),
            (NodeRule::DoesNotExist, Some(""), false),
            (NodeRule::Gt(5), Some("6"), true),
            (NodeRule::Gt(5), Some("5"), false),
            (NodeRule::Gt(5), Some("six"), false),
            (NodeRule::Lt(5), Some("-6"), true),
            (NodeRule::Lt(5), None, false),
        ] {
            assert_eq!(rule.holds(value), holds, "{rule:?} {value:?}");
        }
    }
}
