//! Pod templates.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, PodSpec, Toleration};

use super::node::effect;
use super::placement::PlacementDoc;
use super::{Reading, hook};
use crate::model::{Probe, RestartPolicy, TaintEffect};
use crate::units::{Resources, Span, bytes, millicores};

/// What the model needs of a pod template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Template {
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) requests: Resources,
    pub(crate) nonzero: Resources,
    pub(crate) priority: Option<i32>,
    pub(crate) priority_class: Option<String>,
    pub(crate) host_network: bool,
    pub(crate) host_ports: Vec<(u16, u8)>,
    pub(crate) node_selector: BTreeMap<String, String>,
    pub(crate) tolerations: Vec<TolerationDoc>,
    pub(crate) empty_dir: bool,
    pub(crate) grace: Span,
    pub(crate) readiness: Option<Probe>,
    pub(crate) startup_probe: Option<Probe>,
    pub(crate) init_containers: u32,
    pub(crate) pre_stop: Span,
    /// A preStop hook that does more than to sleep.
    pub(crate) other_hook: bool,
    pub(crate) restart: RestartPolicy,
    /// `preemptionPolicy: Never`, where the pod itself says so or not.
    pub(crate) never_preempts: Option<bool>,
    pub(crate) placement: PlacementDoc,
    /// Names of its claims.
    pub(crate) claims: Vec<String>,
    /// It has generic ephemeral volumes, which nothing looks at.
    pub(crate) ephemeral: bool,
}

/// A toleration as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TolerationDoc {
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) effect: Option<TaintEffect>,
    pub(crate) seconds: Option<Span>,
}

impl Reading<'_> {
    /// Digests a pod's or a template's spec; `path` leads to the pod in the document.
    pub(super) fn template(
        &mut self,
        labels: Option<BTreeMap<String, String>>,
        spec: &PodSpec,
        path: &[&str],
    ) -> Template {
        let path: Vec<&str> = path.iter().copied().chain(["spec"]).collect();
        let (requests, nonzero) = self.requests(spec, &path);
        let grace = spec.termination_grace_period_seconds.unwrap_or(30);
        let restart = match spec.restart_policy.as_deref() {
            Some("OnFailure") => RestartPolicy::OnFailure,
            Some("Never") => RestartPolicy::Never,
            _ => RestartPolicy::Always,
        };
        let volumes = spec.volumes.as_deref().unwrap_or_default();
        let host_network = spec.host_network == Some(true);
        let readiness = spec.containers.iter().find_map(|c| c.readiness_probe.as_ref());
        let startup = spec.containers.iter().find_map(|c| c.startup_probe.as_ref());
        let init = spec.init_containers.iter().flatten();
        let init = init.filter(|c| c.restart_policy.as_deref() != Some("Always")).count();
        let field = |name: &'static str| [path.as_slice(), &[name]].concat();
        Template {
            labels: labels.unwrap_or_default(),
            requests,
            nonzero,
            priority: spec.priority,
            priority_class: spec.priority_class_name.clone().filter(|c| !c.is_empty()),
            host_network,
            host_ports: host_ports(spec, host_network),
            node_selector: spec.node_selector.clone().unwrap_or_default(),
            tolerations: spec.tolerations.iter().flatten().map(toleration).collect(),
            empty_dir: volumes.iter().any(|v| v.empty_dir.is_some()),
            grace: self.seconds(grace, &field("terminationGracePeriodSeconds")),
            readiness: readiness.map(model_probe),
            startup_probe: startup.map(model_probe),
            init_containers: u32::try_from(init).unwrap_or(u32::MAX),
            pre_stop: hook::pre_stop(spec).0,
            other_hook: hook::pre_stop(spec).1,
            restart,
            never_preempts: spec.preemption_policy.as_deref().map(|p| p == "Never"),
            placement: self.placement(spec, &path),
            claims: volumes
                .iter()
                .filter_map(|v| v.persistent_volume_claim.as_ref())
                .map(|claim| claim.claim_name.clone())
                .collect(),
            ephemeral: volumes.iter().any(|v| v.ephemeral.is_some()),
        }
    }

    /// The larger of what the containers request together and what any init container requests, and the overhead.
    fn requests(&mut self, spec: &PodSpec, path: &[&str]) -> (Resources, Resources) {
        let mut together = [Resources::default(); 2];
        let mut most = [Resources::default(); 2];
        for (i, container) in spec.init_containers.iter().flatten().enumerate() {
            let own = self.container(container, path, "initContainers", i);
            let sidecar = container.restart_policy.as_deref() == Some("Always");
            for k in 0..2 {
                let needed = plus(together[k], own[k]);
                most[k] = larger(most[k], needed);
                if sidecar {
                    together[k] = needed;
                }
            }
        }
        for (i, container) in spec.containers.iter().enumerate() {
            let own = self.container(container, path, "containers", i);
            for k in 0..2 {
                together[k] = plus(together[k], own[k]);
            }
        }
        let mut overhead = Resources::default();
        for (name, quantity) in spec.overhead.iter().flatten() {
            let path = [path, &["overhead", name]].concat();
            self.add(&mut overhead, name, &quantity.0, &path);
        }
        let total = |k: usize| plus(larger(together[k], most[k]), overhead);
        (total(0), total(1))
    }

    /// A container's requests, and the same with the scheduler's defaults for scoring.
    fn container(&mut self, container: &Container, path: &[&str], list: &str, index: usize) -> [Resources; 2] {
        let mut own = Resources::default();
        let empty = BTreeMap::new();
        let wishes = container.resources.as_ref();
        let requests = wishes.and_then(|r| r.requests.as_ref()).unwrap_or(&empty);
        let limits = wishes.and_then(|r| r.limits.as_ref()).unwrap_or(&empty);
        let index = index.to_string();
        for (field, map) in [("requests", requests), ("limits", limits)] {
            for (name, quantity) in map {
                if field == "limits" && requests.contains_key(name) {
                    continue;
                }
                let path = [path, &[list, &index, "resources", field, name]].concat();
                self.add(&mut own, name, &quantity.0, &path);
            }
        }
        let mut scored = own;
        if scored.cpu == 0 {
            scored.cpu = 100;
        }
        if scored.memory == 0 {
            scored.memory = 200 << 20;
        }
        [own, scored]
    }

    fn add(&mut self, sum: &mut Resources, name: &str, text: &str, path: &[&str]) {
        match name {
            "cpu" => sum.cpu += self.quantity(text, millicores, path),
            "memory" => sum.memory += self.quantity(text, bytes, path),
            "ephemeral-storage" => sum.storage += self.quantity(text, bytes, path),
            _ => {}
        }
    }
}

const fn plus(a: Resources, b: Resources) -> Resources {
    Resources {
        cpu: a.cpu.saturating_add(b.cpu),
        memory: a.memory.saturating_add(b.memory),
        storage: a.storage.saturating_add(b.storage),
    }
}

fn larger(a: Resources, b: Resources) -> Resources {
    Resources {
        cpu: a.cpu.max(b.cpu),
        memory: a.memory.max(b.memory),
        storage: a.storage.max(b.storage),
    }
}

fn host_ports(spec: &PodSpec, host_network: bool) -> Vec<(u16, u8)> {
    let mut found = Vec::new();
    let ports = spec.containers.iter().flat_map(|c| c.ports.iter().flatten());
    for port in ports {
        let number = match port.host_port {
            Some(number) if number > 0 => number,
            _ if host_network => port.container_port,
            _ => continue,
        };
        let protocol = match port.protocol.as_deref() {
            Some("UDP") => 1,
            Some("SCTP") => 2,
            _ => 0,
        };
        if let Ok(number) = u16::try_from(number) {
            found.push((number, protocol));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn model_probe(probe: &k8s_openapi::api::core::v1::Probe) -> Probe {
    let seconds = |given: Option<i32>, default: u32| Span::from_secs(u64::from(given.map_or(default, count)));
    Probe {
        initial_delay: seconds(probe.initial_delay_seconds, 0),
        period: seconds(probe.period_seconds.filter(|&p| p != 0), 10).max(Span::from_secs(1)),
        successes: probe.success_threshold.map_or(1, count).max(1),
    }
}

fn count(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn toleration(t: &Toleration) -> TolerationDoc {
    let exists = t.operator.as_deref() == Some("Exists");
    let text = |t: &Option<String>| t.clone().filter(|t| !t.is_empty());
    TolerationDoc {
        key: text(&t.key),
        value: (!exists).then(|| t.value.clone().unwrap_or_default()),
        effect: t.effect.as_deref().and_then(effect),
        seconds: t
            .toleration_seconds
            .map(|s| Span::from_secs(u64::try_from(s).unwrap_or(0)).min(Span::LONGEST)),
    }
}
