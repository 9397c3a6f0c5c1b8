//! ValidatingWebhookConfiguration, MutatingWebhookConfiguration, and the Namespaces that they select.

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::policy::Selector;
use super::{Meta, Reading};

/// What the model needs of a webhook configuration.
#[derive(Clone, Debug)]
pub(crate) struct WebhookConfigurationDoc {
    pub(crate) meta: Meta,
    /// A MutatingWebhookConfiguration.
    pub(crate) mutating: bool,
    /// Those that are asked when a pod is created and whose failure fails the request.
    pub(crate) webhooks: Vec<WebhookDoc>,
    /// All that are reached by a Service.
    pub(crate) hooks: Vec<HookDoc>,
}

/// What the linter needs of a webhook that is reached by a Service.
#[derive(Clone, Debug)]
pub(crate) struct HookDoc {
    pub(crate) name: String,
    /// Namespace and name.
    pub(crate) service: (String, String),
    pub(crate) fails: bool,
    /// Whether it is asked when pods are created.
    pub(crate) pods: bool,
    /// Whether it is asked when pods are evicted.
    pub(crate) evictions: bool,
}

/// A webhook without which no pod is created.
#[derive(Clone, Debug)]
pub(crate) struct WebhookDoc {
    pub(crate) name: String,
    /// Namespace and name of the Service that it is reached by; `None`: by URL.
    pub(crate) service: Option<(String, String)>,
    pub(crate) namespaces: Option<Selector>,
    pub(crate) objects: Option<Selector>,
    /// It has `matchConditions`, which are not looked at.
    pub(crate) conditional: bool,
}

/// What the model needs of a Namespace: its labels.
#[derive(Clone, Debug)]
pub(crate) struct NamespaceDoc {
    pub(crate) meta: Meta,
}

/// What both kinds of webhooks have in common.
struct Common {
    name: String,
    client: WebhookClientConfig,
    failure_policy: Option<String>,
    rules: Option<Vec<RuleWithOperations>>,
    namespace_selector: Option<LabelSelector>,
    object_selector: Option<LabelSelector>,
    conditional: bool,
}

macro_rules! common {
    ($webhooks:expr) => {
        $webhooks.unwrap_or_default().into_iter().map(|w| Common {
            name: w.name,
            client: w.client_config,
            failure_policy: w.failure_policy,
            rules: w.rules,
            namespace_selector: w.namespace_selector,
            object_selector: w.object_selector,
            conditional: w.match_conditions.is_some_and(|c| !c.is_empty()),
        })
    };
}

impl Reading<'_> {
    /// Reads a Namespace.
    pub(crate) fn namespace(&mut self) -> Option<NamespaceDoc> {
        let object: Namespace = self.typed()?;
        Some(NamespaceDoc {
            meta: self.meta(object.metadata, false),
        })
    }

    /// Reads a ValidatingWebhookConfiguration.
    pub(crate) fn validating_webhooks(&mut self) -> Option<WebhookConfigurationDoc> {
        let fails = self.fails_by_default();
        let object: ValidatingWebhookConfiguration = self.typed()?;
        let meta = self.meta(object.metadata, false);
        let webhooks = common!(object.webhooks).collect();
        Some(self.configuration((meta, false), webhooks, fails))
    }

    /// Reads a MutatingWebhookConfiguration.
    pub(crate) fn mutating_webhooks(&mut self) -> Option<WebhookConfigurationDoc> {
        let fails = self.fails_by_default();
        let object: MutatingWebhookConfiguration = self.typed()?;
        let meta = self.meta(object.metadata, false);
        let webhooks = common!(object.webhooks).collect();
        Some(self.configuration((meta, true), webhooks, fails))
    }

    /// `failurePolicy` is Fail unless given; it was Ignore in v1beta1.
    fn fails_by_default(&self) -> bool {
        self.tree.text("apiVersion") != Some("admissionregistration.k8s.io/v1beta1")
    }

    fn configuration(
        &mut self,
        (meta, mutating): (Meta, bool),
        webhooks: Vec<Common>,
        fails: bool,
    ) -> WebhookConfigurationDoc {
        let fail = |w: &Common| w.failure_policy.as_deref().map_or(fails, |policy| policy == "Fail");
        let matters = |w: &Common| fail(w) && w.rules.iter().flatten().any(creates_pods);
        let hook = |w: &Common| {
            let service = w.client.service.as_ref()?;
            Some(HookDoc {
                name: w.name.clone(),
                service: (service.namespace.clone(), service.name.clone()),
                fails: fail(w),
                pods: w.rules.iter().flatten().any(creates_pods),
                evictions: w.rules.iter().flatten().any(evicts),
            })
        };
        let hooks = webhooks.iter().filter_map(hook).collect();
        let mut found = Vec::new();
        for (i, webhook) in webhooks.into_iter().enumerate().filter(|(_, w)| matters(w)) {
            let index = i.to_string();
            let service = webhook.client.service.map(|s| (s.namespace, s.name));
            let mut selector = |given: Option<LabelSelector>, field| {
                given.map(|s| self.selector(Some(s), false, &["webhooks", &index, field]))
            };
            found.push(WebhookDoc {
                namespaces: selector(webhook.namespace_selector, "namespaceSelector"),
                objects: selector(webhook.object_selector, "objectSelector"),
                conditional: webhook.conditional,
                name: webhook.name,
                service,
            });
        }
        WebhookConfigurationDoc {
            meta,
            mutating,
            webhooks: found,
            hooks,
        }
    }
}

/// Whether a rule covers evictions: that subresource by its name, as wildcards over all pods are not meant for it.
fn evicts(rule: &RuleWithOperations) -> bool {
    rule.resources.iter().flatten().any(|entry| entry == "pods/eviction")
}

/// Whether a rule covers the creation of pods.
fn creates_pods(rule: &RuleWithOperations) -> bool {
    let any = |list: &Option<Vec<String>>, wanted: &[&str]| {
        list.iter().flatten().any(|entry| wanted.contains(&entry.as_str()))
    };
    let scoped = rule.scope.as_deref() != Some("Cluster");
    scoped
        && any(&rule.operations, &["CREATE", "*"])
        && any(&rule.api_groups, &["", "*"])
        && any(&rule.resources, &["pods", "*", "*/*"])
}
