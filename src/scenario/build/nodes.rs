//! Version, nodes and control plane.

use std::collections::{BTreeMap, BTreeSet};

use super::{Builder, some_of};
use crate::ids::IdVec;
use crate::model::behaviour::cloud_controller_manager::looks_at_roles;
use crate::model::{EXCLUDE_LABEL, Etcd, HealthCheck, Node, Taint, TaintEffect};
use crate::scenario::diagnostic::Problem;
use crate::scenario::limits::MOST_NODES;
use crate::scenario::objects::NodeDoc;
use crate::scenario::own::{
    Capacity, ClientLimitSpec, EtcdSpec, HealthCheckSpec, NodePoolSpec, Quantity, TaintEffectSpec,
};
use crate::scenario::text::{At, Place};
use crate::units::{KubeVersion, ParseQuantityError, Resources, Span, bytes, millicores, whole};

const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
const MASTER: &str = "node-role.kubernetes.io/master";
const ZONES: [&str; 2] = ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"];
const REGIONS: [&str; 2] = [
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/region",
];

type Labels = BTreeMap<String, String>;

/// A node before zones have numbers.
struct Draft {
    labels: Labels,
    taints: Vec<Taint>,
    unschedulable: bool,
    allocatable: Resources,
    pod_slots: u32,
    version: KubeVersion,
    created: i64,
    scale_down_disabled: bool,
    place: Place,
}

/// What every kubelet puts on its node.
fn common_labels(labels: &mut Labels, name: &str) {
    labels.insert("kubernetes.io/hostname".into(), name.to_owned());
    for (key, value) in [("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")] {
        let label = labels.entry(key.to_owned());
        label.or_insert_with(|| value.to_owned());
    }
}

fn is_control_plane(labels: &Labels) -> bool {
    labels.contains_key(CONTROL_PLANE) || labels.contains_key(MASTER)
}

impl Builder<'_> {
    /// The API servers' version: as given, else by their pods, else by kubelets.
    pub(super) fn version(&mut self) {
        let documents = self.documents;
        let given = documents.cluster.as_ref().and_then(|(_, c)| c.version.as_ref());
        if let Some(version) = given {
            self.model.version = version.value.0.clone();
            return;
        }
        let servers = documents.pods.iter().filter_map(|p| p.api_server.as_ref());
        let masters = documents.nodes.iter().filter(|n| is_control_plane(&n.meta.labels));
        let masters = masters.filter_map(|n| n.version.as_ref());
        let kubelets = documents.nodes.iter().filter_map(|n| n.version.as_ref());
        if let Some(version) = servers.min().or_else(|| masters.min()) {
            self.model.version = version.clone();
        } else if let Some(version) = kubelets.max() {
            self.model.version = version.clone();
            self.assume(format!(
                "the input does not tell the API server's version: {version}, the highest of the kubelets, is assumed"
            ));
        } else {
            let version = self.model.version.clone();
            self.assume(format!("no version in the input: {version} is assumed"));
        }
    }

    /// All nodes, in the order of their names.
    pub(super) fn nodes(&mut self) {
        let documents = self.documents;
        let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
        if documents.nodes.len() > MOST_NODES as usize {
            let text = format!("more than {MOST_NODES} nodes");
            self.problems.push(Problem::general(text));
            return;
        }
        let mut bare = Vec::new();
        for doc in &documents.nodes {
            if doc.cpu.is_none() || doc.memory.is_none() || doc.pods.is_none() {
                bare.push(doc.meta.name.as_str());
            }
            drafts.insert(doc.meta.name.clone(), self.given(doc));
        }
        if !bare.is_empty() {
            let names = some_of(&bare, bare.len());
            self.assume(format!(
                "nodes without allocatable resources ({names}) offer 4 CPUs, 8 GiB and 110 pods"
            ));
        }
        self.not_ready();
        self.generated(&mut drafts);
        if drafts.is_empty() && !documents.damaged {
            let problem = Problem::general("the cluster has no nodes");
            self.problems
                .push(problem.help("give Node objects (kubectl get nodes -o yaml) or a Cluster with nodePools"));
        }
        self.number(drafts);
    }

    fn not_ready(&mut self) {
        let nodes = self.documents.nodes.iter().filter(|n| n.not_ready);
        let names: Vec<&str> = nodes.map(|n| n.meta.name.as_str()).collect();
        if !names.is_empty() {
            let names = some_of(&names, names.len());
            self.assume(format!("nodes that are not Ready are treated as Ready: {names}"));
        }
    }

    fn given(&self, doc: &NodeDoc) -> Draft {
        let mut labels = doc.meta.labels.clone();
        // Every kubelet sets it; terms with this topology need it.
        let hostname = labels.entry("kubernetes.io/hostname".into());
        hostname.or_insert_with(|| doc.meta.name.clone());
        Draft {
            labels,
            taints: doc.taints.clone(),
            unschedulable: doc.unschedulable,
            allocatable: Resources {
                cpu: doc.cpu.unwrap_or(4000),
                memory: doc.memory.unwrap_or(8 << 30),
                storage: doc.storage.unwrap_or(100 << 30),
            },
            pod_slots: doc.pods.unwrap_or(110),
            version: doc.version.clone().unwrap_or_else(|| self.model.version.clone()),
            created: doc.meta.created,
            scale_down_disabled: doc.meta.scale_down_disabled,
            place: doc.meta.place,
        }
    }

    /// The nodes of the short form.
    fn generated(&mut self, drafts: &mut BTreeMap<String, Draft>) {
        let Some((place, cluster)) = &self.documents.cluster else {
            return;
        };
        let masters = drafts.values().filter(|d| is_control_plane(&d.labels)).count();
        let wish = self.control_plane_spec().and_then(|c| c.replicas.as_ref());
        let replicas = match wish {
            None => u32::from(drafts.is_empty()),
            Some(wish) => self.count(wish, 99),
        };
        if let Some(wish) = wish
            && masters > 0
        {
            if masters != replicas as usize {
                let text = format!("the input has {masters} control-plane nodes already, not {replicas}");
                self.problems
                    .push(Problem::at(wish.place, text).help("leave `replicas` out beside a dump"));
            }
        } else {
            for i in 1..=replicas {
                let node = self.control_plane_node(i, *place);
                self.add(drafts, format!("cp-{i}"), node);
            }
        }
        let mut total = drafts.len() as u64;
        for pool in &cluster.node_pools {
            let replicas = self.count(&pool.value.replicas, MOST_NODES);
            total += u64::from(replicas);
            if total > u64::from(MOST_NODES) {
                let text = format!("more than {MOST_NODES} nodes");
                return self.wrong(pool.value.replicas.place, text);
            }
            self.pool(drafts, &pool.value, replicas);
        }
    }

    fn add(&mut self, drafts: &mut BTreeMap<String, Draft>, name: String, node: Draft) {
        if let Some(first) = drafts.get(&name) {
            let text = format!("a node of the name {name} exists already");
            let problem = Problem::at(node.place, text).and(first.place, "the other one");
            self.problems.push(problem);
        } else {
            drafts.insert(name, node);
        }
    }

    fn control_plane_node(&self, index: u32, place: Place) -> Draft {
        let old = self.model.version.minor() < 24;
        let mut labels = Labels::new();
        common_labels(&mut labels, &format!("cp-{index}"));
        labels.insert(CONTROL_PLANE.into(), String::new());
        if old {
            labels.insert(MASTER.into(), String::new());
        }
        if !looks_at_roles(self.model.version.minor()) {
            labels.insert(EXCLUDE_LABEL.into(), String::new());
        }
        Draft {
            labels,
            taints: vec![Taint {
                key: if old { MASTER } else { CONTROL_PLANE }.into(),
                value: String::new(),
                effect: TaintEffect::NoSchedule,
            }],
            unschedulable: false,
            allocatable: Resources {
                cpu: 4000,
                memory: 8 << 30,
                storage: 100 << 30,
            },
            pod_slots: 110,
            version: self.model.version.clone(),
            created: 0,
            scale_down_disabled: false,
            place,
        }
    }

    fn pool(&mut self, drafts: &mut BTreeMap<String, Draft>, pool: &NodePoolSpec, replicas: u32) {
        let Capacity {
            cpu,
            memory,
            pods,
            ephemeral_storage,
        } = &pool.capacity;
        let allocatable = Resources {
            cpu: self.amount(cpu.as_ref(), millicores, 4000),
            memory: self.amount(memory.as_ref(), bytes, 8 << 30),
            storage: self.amount(ephemeral_storage.as_ref(), bytes, 100 << 30),
        };
        let pod_slots = self.amount(pods.as_ref(), whole, 110);
        let taints: Vec<Taint> = pool
            .taints
            .iter()
            .map(|taint| Taint {
                key: taint.key.clone(),
                value: taint.value.clone(),
                effect: match taint.effect {
                    TaintEffectSpec::NoSchedule => TaintEffect::NoSchedule,
                    TaintEffectSpec::PreferNoSchedule => TaintEffect::PreferNoSchedule,
                    TaintEffectSpec::NoExecute => TaintEffect::NoExecute,
                },
            })
            .collect();
        for i in 1..=replicas {
            let name = format!("{}-{i}", pool.name.value);
            let mut labels = pool.labels.clone();
            common_labels(&mut labels, &name);
            labels.insert("seatrial.dev/pool".into(), pool.name.value.clone());
            if !pool.zones.is_empty() {
                let zone = &pool.zones[(i as usize - 1) % pool.zones.len()];
                labels.insert(ZONES[0].into(), zone.clone());
            }
            let node = Draft {
                labels,
                taints: taints.clone(),
                unschedulable: false,
                allocatable,
                pod_slots: u32::try_from(pod_slots).unwrap_or(u32::MAX),
                version: self.model.version.clone(),
                created: 0,
                scale_down_disabled: false,
                place: pool.name.place,
            };
            self.add(drafts, name, node);
        }
    }

    fn amount(
        &mut self,
        quantity: Option<&At<Quantity>>,
        parse: fn(&str) -> Result<u64, ParseQuantityError>,
        default: u64,
    ) -> u64 {
        let Some(quantity) = quantity else {
            return default;
        };
        parse(&quantity.value.0).unwrap_or_else(|why| {
            let short: String = quantity.value.0.chars().take(40).collect();
            self.wrong(quantity.place, format!("{short:?}: {why}"));
            default
        })
    }

    fn number(&mut self, drafts: BTreeMap<String, Draft>) {
        let zones: BTreeSet<String> = drafts.values().filter_map(|d| zone(&d.labels)).collect();
        self.model.zones = zones.into_iter().collect();
        let mut nodes = IdVec::new();
        for (name, draft) in drafts {
            let zone = zone(&draft.labels)
                .and_then(|zone| self.model.zones.binary_search(&zone).ok())
                .and_then(|i| u32::try_from(i).ok());
            let id = nodes.push(Node {
                name: name.clone(),
                zone,
                taints: draft.taints,
                unschedulable: draft.unschedulable,
                allocatable: draft.allocatable,
                pod_slots: draft.pod_slots,
                control_plane: is_control_plane(&draft.labels),
                labels: draft.labels.into_iter().collect(),
                version: draft.version,
                scale_down_disabled: draft.scale_down_disabled,
                planned: false,
                created: draft.created,
            });
            self.nodes.insert(name, id);
        }
        self.model.nodes = nodes;
    }

    /// Who runs the control plane and how it is reached.
    pub(super) fn control_plane(&mut self) {
        let nodes = self.model.nodes.iter_ids();
        let masters = nodes.filter(|(_, n)| n.control_plane).map(|(id, _)| id);
        self.model.control_plane.nodes = masters.collect();
        let empty = self.model.control_plane.nodes.is_empty();
        if empty && !self.model.nodes.is_empty() && self.documents.cluster.is_none() {
            self.assume("no control-plane nodes in the input: a cloud is assumed to run the control plane");
        }
        let Some(spec) = self.control_plane_spec() else {
            return;
        };
        if let Some(EtcdSpec::External) = spec.etcd {
            self.model.control_plane.etcd = Etcd::External;
        }
        if let Some(election) = spec.leader_election {
            self.model.control_plane.leader_election = election;
        }
        if let Some(standbys) = &spec.standbys {
            self.model.control_plane.standbys = self.count(standbys, 99);
        }
        self.model.control_plane.certificates_expire = spec.certificates_expire_in.as_ref().map(|d| d.0);
        if let Some(client) = &spec.scheduler_client {
            self.scheduler_client(client);
        }
        let Some(balancer) = &spec.load_balancer else {
            return;
        };
        if let Some(HealthCheckSpec::Tcp) = balancer.check {
            self.model.control_plane.load_balancer.check = HealthCheck::Tcp;
        }
        self.model.control_plane.load_balancer.virtual_ip = balancer.virtual_ip.unwrap_or(false);
        if let Some(interval) = &balancer.interval {
            if interval.value.0 == Span::ZERO {
                self.wrong(interval.place, "the interval must be longer than 0s");
            }
            self.model.control_plane.load_balancer.interval = interval.value.0;
        }
        if let Some(threshold) = &balancer.threshold {
            if threshold.value == 0 {
                self.wrong(threshold.place, "the threshold must be at least 1");
            }
            self.model.control_plane.load_balancer.threshold = self.count(threshold, 1000);
        }
    }
}

impl Builder<'_> {
    fn scheduler_client(&mut self, spec: &ClientLimitSpec) {
        let limit = &mut self.model.control_plane.scheduler_client;
        for (given, value, name) in [
            (&spec.qps, &mut limit.qps, "qps"),
            (&spec.burst, &mut limit.burst, "burst"),
        ] {
            let Some(given) = given else { continue };
            match u32::try_from(given.value) {
                Ok(count) if (1..=1_000_000).contains(&count) => *value = count,
                _ => {
                    let text = format!("`{name}` must be between 1 and 1000000, not {}", given.value);
                    self.problems.push(Problem::at(given.place, text));
                }
            }
        }
    }
}

/// The zone as the node lifecycle controller groups nodes: region and zone.
fn zone(labels: &Labels) -> Option<String> {
    let value = |keys: [&str; 2]| {
        let mut values = keys.into_iter().filter_map(|key| labels.get(key));
        values.next().filter(|v| !v.is_empty())
    };
    match (value(REGIONS), value(ZONES)) {
        (Some(region), Some(zone)) => Some(format!("{region}:{zone}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}
