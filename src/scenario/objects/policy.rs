//! PodDisruptionBudget, Service, PriorityClass: what selects or ranks pods.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{Meta, Reading};
use crate::model::{BudgetLimit, TrafficPolicy};
use crate::scenario::text::Place;
use crate::units::IntOrPercent;

/// What the model needs of a PodDisruptionBudget.
#[derive(Clone, Debug)]
pub(crate) struct BudgetDoc {
    pub(crate) meta: Meta,
    /// `None`: neither field is given, which allows no disruption.
    pub(crate) limit: Option<BudgetLimit>,
    pub(crate) always_allow_unhealthy: bool,
    pub(crate) selector: Selector,
    /// Where its limit is written.
    pub(crate) limit_place: Place,
}

/// What the model needs of a Service.
#[derive(Clone, Debug)]
pub(crate) struct ServiceDoc {
    pub(crate) meta: Meta,
    /// Empty: the endpoints are somebody else's business.
    pub(crate) selector: BTreeMap<String, String>,
    pub(crate) publish_not_ready: bool,
    /// How clients from outside come in, where the type is LoadBalancer and nodes have ports for it.
    pub(crate) balanced: Option<TrafficPolicy>,
    /// With a `loadBalancerClass`.
    pub(crate) foreign: bool,
}

/// What the model needs of a PriorityClass.
#[derive(Clone, Debug)]
pub(crate) struct PriorityDoc {
    pub(crate) meta: Meta,
    pub(crate) value: i32,
    pub(crate) global_default: bool,
    /// `preemptionPolicy: Never`.
    pub(crate) never_preempts: bool,
}

/// A label selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selector {
    pub(super) rules: Vec<Rule>,
    pub(super) nothing: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    DoesNotExist(String),
}

impl Selector {
    /// `matchLabels`.
    pub(crate) fn of_labels(labels: &[(String, String)]) -> Self {
        let rule = |(key, value): &(String, String)| Rule::In(key.clone(), vec![value.clone()]);
        Self {
            rules: labels.iter().map(rule).collect(),
            nothing: false,
        }
    }

    /// Whether it asks for another label than this one.
    pub(crate) fn uses_other_than(&self, wanted: &str) -> bool {
        self.rules.iter().any(|rule| {
            let (Rule::In(key, _) | Rule::NotIn(key, _) | Rule::Exists(key) | Rule::DoesNotExist(key)) = rule;
            key != wanted
        })
    }

    /// Whether labels match.
    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.nothing
            && self.rules.iter().all(|rule| match rule {
                Rule::In(key, values) => labels.get(key).is_some_and(|v| values.contains(v)),
                Rule::NotIn(key, values) => !labels.get(key).is_some_and(|v| values.contains(v)),
                Rule::Exists(key) => labels.contains_key(key),
                Rule::DoesNotExist(key) => !labels.contains_key(key),
            })
    }
}

impl Reading<'_> {
    /// Reads a PodDisruptionBudget.
    pub(crate) fn budget(&mut self) -> Option<BudgetDoc> {
        let old = self.tree.text("apiVersion") == Some("policy/v1beta1");
        self.tree.remove("status");
        let object: PodDisruptionBudget = self.typed()?;
        let meta = self.meta(object.metadata, true);
        let spec = object.spec.unwrap_or_default();
        let written = if spec.min_available.is_some() {
            "minAvailable"
        } else {
            "maxUnavailable"
        };
        let limit_place = self.tree.find(&["spec", written]);
        let limit = match (&spec.min_available, &spec.max_unavailable) {
            (Some(_), Some(_)) => {
                let text = "a budget has `minAvailable` or `maxUnavailable`, not both";
                self.wrong(&["spec", "maxUnavailable"], text);
                None
            }
            (Some(min), None) => {
                let min = self.share(min, &["spec", "minAvailable"]);
                Some(BudgetLimit::MinAvailable(min))
            }
            (None, Some(max)) => {
                let max: IntOrPercent = self.share(max, &["spec", "maxUnavailable"]);
                Some(BudgetLimit::MaxUnavailable(max))
            }
            (None, None) => None,
        };
        Some(BudgetDoc {
            meta,
            limit,
            always_allow_unhealthy: spec.unhealthy_pod_eviction_policy.as_deref() == Some("AlwaysAllow"),
            selector: self.selector(spec.selector, old, &["spec", "selector"]),
            limit_place,
        })
    }

    /// A selector that is not given matches nothing. In `policy/v1` an empty selector matches every pod of the namespace, in `policy/v1beta1` none.
    pub(super) fn selector(
        &mut self,
        selector: Option<LabelSelector>,
        empty_is_nothing: bool,
        path: &[&str],
    ) -> Selector {
        let Some(selector) = selector else {
            return Selector {
                rules: Vec::new(),
                nothing: true,
            };
        };
        let labels = selector.match_labels.unwrap_or_default();
        let mut rules: Vec<Rule> = labels
            .into_iter()
            .map(|(key, value)| Rule::In(key, vec![value]))
            .collect();
        let expressions = selector.match_expressions.unwrap_or_default();
        for (i, expression) in expressions.into_iter().enumerate() {
            let values = expression.values.unwrap_or_default();
            let key = expression.key;
            rules.push(match expression.operator.as_str() {
                "In" => Rule::In(key, values),
                "NotIn" => Rule::NotIn(key, values),
                "Exists" => Rule::Exists(key),
                "DoesNotExist" => Rule::DoesNotExist(key),
                _ => {
                    let i = i.to_string();
                    let path = [path, &["matchExpressions", &i, "operator"]].concat();
                    self.wrong(&path, "expected In, NotIn, Exists or DoesNotExist");
                    continue;
                }
            });
        }
        Selector {
            nothing: empty_is_nothing && rules.is_empty(),
            rules,
        }
    }

    /// Reads a Service.
    pub(crate) fn service(&mut self) -> Option<ServiceDoc> {
        self.tree.remove("status");
        let object: Service = self.typed()?;
        let meta = self.meta(object.metadata, true);
        let spec = object.spec.unwrap_or_default();
        let policy = self.traffic_policy(
            spec.external_traffic_policy.as_deref(),
            &["spec", "externalTrafficPolicy"],
        );
        let enters =
            spec.type_.as_deref() == Some("LoadBalancer") && spec.allocate_load_balancer_node_ports != Some(false);
        Some(ServiceDoc {
            meta,
            balanced: policy.filter(|_| enters),
            foreign: spec.load_balancer_class.is_some(),
            selector: spec.selector.unwrap_or_default(),
            publish_not_ready: spec.publish_not_ready_addresses.unwrap_or(false),
        })
    }

    /// `externalTrafficPolicy`; Cluster where it is not given.
    fn traffic_policy(&mut self, policy: Option<&str>, path: &[&str]) -> Option<TrafficPolicy> {
        match policy {
            None | Some("Cluster") => Some(TrafficPolicy::Cluster),
            Some("Local") => Some(TrafficPolicy::Local),
            Some(_) => {
                self.wrong(path, "expected Cluster or Local");
                None
            }
        }
    }

    /// Reads a PriorityClass.
    pub(crate) fn priority_class(&mut self) -> Option<PriorityDoc> {
        let object: PriorityClass = self.typed()?;
        let meta = self.meta(object.metadata, false);
        Some(PriorityDoc {
            meta,
            value: object.value.unwrap_or(0),
            global_default: object.global_default.unwrap_or(false),
            never_preempts: object.preemption_policy.as_deref() == Some("Never"),
        })
    }
}
