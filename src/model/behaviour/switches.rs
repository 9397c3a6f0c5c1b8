//! The table of what changes at which minor: the only place where a minor of a change is written down.

/// Whose version decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// kube-apiserver.
    ApiServer,
    /// kube-controller-manager.
    ControllerManager,
    /// cloud-controller-manager, which is as old as kube-controller-manager.
    CloudControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// The kubelet of the node.
    Kubelet,
    /// kube-proxy of the node.
    Proxy,
    /// The kubectl that drains.
    Kubectl,
    /// The kubeadm that upgrades.
    Kubeadm,
}

impl Actor {
    /// Every actor, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::ApiServer,
        Self::ControllerManager,
        Self::CloudControllerManager,
        Self::Scheduler,
        Self::Kubelet,
        Self::Proxy,
        Self::Kubectl,
        Self::Kubeadm,
    ];

    /// The name of the program.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::CloudControllerManager => "cloud-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kubelet => "kubelet",
            Self::Proxy => "kube-proxy",
            Self::Kubectl => "kubectl",
            Self::Kubeadm => "kubeadm",
        }
    }
}

/// How sure a switch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The minor of the change is documented: a change log, a feature gate, a pull request.
    Documented,
    /// Before and after were measured on 1.20 and 1.36; the minor of the change between them is assumed.
    Measured,
    /// Neither; general knowledge.
    Assumed,
}

impl Certainty {
    /// One word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Measured => "measured",
            Self::Assumed => "assumed",
        }
    }
}

/// Something that a component does differently from some minor on.
#[derive(Clone, Copy, Debug)]
pub struct Switch {
    /// Whose version decides.
    pub actor: Actor,
    /// The rule that it is about.
    pub rule: &'static str,
    /// The first minor with the new behaviour.
    pub since: u32,
    /// What older ones do.
    pub before: &'static str,
    /// What this minor and later ones do.
    pub after: &'static str,
    /// How sure that is.
    pub certainty: Certainty,
    /// Where that was read.
    pub source: &'static str,
}

impl Switch {
    /// Whether a component of this minor has the new behaviour.
    #[must_use]
    pub const fn on(&self, minor: u32) -> bool {
        minor >= self.since
    }
}

macro_rules! switches {
    ($($name:ident: $actor:ident, $rule:literal, $since:literal, $certainty:ident, $source:literal;
        $before:literal => $after:literal;)+) => {
        $(
            #[doc = concat!($rule, ": ", $after, " (since 1.", $since, ").")]
            pub const $name: Switch = Switch {
                actor: Actor::$actor,
                rule: $rule,
                since: $since,
                before: $before,
                after: $after,
                certainty: Certainty::$certainty,
                source: $source,
            };
        )+
        /// The whole table.
        pub const ALL: &[Switch] = &[$($name),+];
    };
}

switches! {
    UNHEALTHY_POLICY: ApiServer, "P-3", 27, Documented, "feature gate PDBUnhealthyPodEvictionPolicy, beta in 1.27";
        "unhealthyPodEvictionPolicy is ignored" => "unhealthyPodEvictionPolicy decides whether unready pods may be evicted";
    QUICK_API_SERVER: ApiServer, "K-18", 27, Measured, "single control-plane clusters";
        "serves 3.5 s to 5.3 s after its start" => "serves about 1.9 s after its start";

    LONGER_NODE_GRACE: ControllerManager, "N-2", 32, Documented, "kubernetes/kubernetes#126287";
        "a silent node is given up after 40 s" => "a silent node is given up after 50 s";
    TAINTS_IN_SAME_PASS: ControllerManager, "N-5", 29, Documented, "kubernetes/kubernetes#120815, open in September 2023";
        "the NoExecute taint comes one pass (5 s) after the node is given up" => "the NoExecute taint comes with the pass that gives the node up";
    IGNORES_UNMANAGED_PODS: ControllerManager, "P-10", 22, Documented, "kubernetes/kubernetes#103414, change log of 1.22";
        "a budget that matches a pod without owner fails and allows nothing" => "a budget leaves pods without owner out of its scale";
    LOGARITHMIC_VICTIMS: ControllerManager, "W-3", 22, Documented, "feature gate LogarithmicScaleDown, beta in 1.22";
        "the youngest of equal pods is scaled down first" => "ages are compared on a logarithmic scale when scaling down";

    ORDERED_MIN_READY: ControllerManager, "W-16", 23, Documented, "feature gate StatefulSetMinReadySeconds, beta in 1.23";
        "an ordered StatefulSet goes on when a member is ready" => "an ordered StatefulSet goes on when a member has been ready for minReadySeconds";
    DELETED_JOB_PODS_FAIL: ControllerManager, "W-26, W-27", 23, Documented, "feature gate JobTrackingWithFinalizers, beta in 1.23";
        "a pod of a Job that is deleted is replaced at once" => "a pod of a Job that is deleted counts as failed and is replaced after a pause";

    KEEPS_CORDONED: CloudControllerManager, "LB-1", 19, Documented, "kubernetes/kubernetes#90823, change log of 1.19";
        "cordoned nodes leave the load balancers of Services" => "cordoned nodes stay in the load balancers of Services";
    HONOURS_EXCLUSION: CloudControllerManager, "LB-2", 19, Documented, "feature gate ServiceNodeExclusion, beta in 1.19";
        "the label node.kubernetes.io/exclude-from-external-load-balancers is ignored"
            => "nodes with the label node.kubernetes.io/exclude-from-external-load-balancers leave load balancers";
    FORGETS_ROLES: CloudControllerManager, "LB-2", 21, Documented, "feature gate LegacyNodeRoleBehavior, off for good in 1.21; kubernetes/kubeadm#2375";
        "control-plane nodes are left out of load balancers by their role"
            => "control-plane nodes are left out of load balancers where they are labelled so, as kubeadm does";
    LOCAL_IGNORES_READINESS: CloudControllerManager, "LB-3", 26, Documented, "kubernetes/kubernetes#109706 and #111658; #121092 names the minor";
        "nodes that are not ready leave every load balancer"
            => "health checks alone take nodes that are not ready out where externalTrafficPolicy is Local";
    STABLE_NODE_SET: CloudControllerManager, "LB-3", 27, Documented, "KEP-3458, feature gate StableLoadBalancerNodeSet, beta in 1.27";
        "nodes that are not ready leave load balancers with externalTrafficPolicy Cluster"
            => "health checks alone take nodes that are not ready out of any load balancer";

    RELEASES_LEASE: Scheduler, "C-7", 22, Documented, "kubernetes/kubernetes#100305";
        "keeps its lease when it is stopped" => "releases its lease when it is stopped";
    OWN_CONDITION_IS_NO_CHANGE: Scheduler, "S-3", 22, Documented, "kubernetes/kubernetes#100286; recorded 57 of 57 times with 1.20.2, 0 of 67 with 1.36.2";
        "an unschedulable pod is tried a second time when the scheduler sees the condition that it has written"
            => "an unschedulable pod is tried again when something else changes";
    LATE_FLUSH: Scheduler, "S-7", 24, Documented, "kubernetes/kubernetes#108761, change log of 1.24";
        "tries an unschedulable pod again after 60 s at the latest" => "tries an unschedulable pod again after 5 min at the latest";
    MODERN_SCORES: Scheduler, "S-16, S-19", 23, Assumed, "weights of KubeSchedulerConfiguration v1beta3";
        "default spreading needs zone labels, and scores weigh one each" => "default spreading works by hostname alone, and spreading and affinity weigh more";
    QUEUEING_HINTS: Scheduler, "S-6", 32, Documented, "feature gate SchedulerQueueingHints, on in 1.32";
        "every event of a kind wakes unschedulable pods" => "only events that can help wake an unschedulable pod";
    POPS_FROM_BACKOFF: Scheduler, "S-4", 33, Documented, "feature gate SchedulerPopFromBackoffQ, on in 1.33";
        "pods sit out their back-off" => "an idle scheduler takes pods out of back-off early";

    PREFERS_NOMINATED: Scheduler, "S-21", 22, Documented, "feature gate PreferNominatedNode, beta in 1.22";
        "a preemptor looks at all nodes again" => "a preemptor tries its nominated node first";
    NODE_INCLUSION_POLICIES: Scheduler, "S-15", 26, Documented, "feature gate NodeInclusionPolicyInPodTopologySpread, beta in 1.26";
        "spread constraints honour node affinity and ignore taints" => "nodeAffinityPolicy and nodeTaintsPolicy say which nodes count for spread constraints";
    WAITS_FOR_OWN_VICTIMS: Scheduler, "S-22", 26, Assumed, "condition DisruptionTarget of preempted pods";
        "any pod of lower priority that terminates on the nominated node holds up another preemption"
            => "only pods that preemption deletes hold up another preemption";
    MIN_DOMAINS: Scheduler, "S-15", 27, Documented, "feature gate MinDomainsInPodTopologySpread, on in 1.27";
        "minDomains is ignored" => "minDomains counts missing domains as empty ones";
    MATCH_LABEL_KEYS: Scheduler, "S-15", 27, Documented, "feature gate MatchLabelKeysInPodTopologySpread, beta in 1.27";
        "matchLabelKeys is ignored" => "matchLabelKeys narrows a spread constraint down to pods of the same ReplicaSet";
    SPREAD_WAKES_ON_BIND: Scheduler, "S-5", 30, Assumed, "queueing hints of PodTopologySpread";
        "a binding wakes pods that wait for affinity" => "a binding wakes pods that wait for affinity or a spread constraint";

    STATIC_PODS_WAIT: Kubelet, "K-15b", 22, Measured, "single control-plane clusters; pod workers were rewritten in 1.22";
        "a replaced static pod starts beside the old one" => "a replaced static pod starts only after the old one is gone";
    PROBES_AT_ONCE: Kubelet, "L-8", 22, Measured, "kubelets; kubernetes/kubernetes#98376 and #101738 (1.21, 1.22)";
        "the first probe comes at a random phase of its period" => "the first probe comes within a second of the start of the container";
    QUICK_CONTAINERS: Kubelet, "L-1", 27, Measured, "kubelets that start 1, 8 and 12 pods at once";
        "a pod that starts beside others waits 0.13 s for each of them, and the API hears 0.7 s late that it runs"
            => "a pod that starts beside others waits 0.24 s for each of them, and the API hears at once that it runs";
    QUICK_REMOVAL: Kubelet, "L-12", 27, Measured, "kubelets that delete 1, 8 and 12 pods at once";
        "objects go 3.5 s to 12 s after their containers, in bursts some only with the collection of sandboxes once a minute"
            => "objects go 0.8 s to 3 s after their containers";
    QUICK_STATUS: Kubelet, "L-17", 27, Measured, "kubelets that were restarted";
        "the first node status comes 10 s after the start and says not ready for 0.3 s" => "the first node status comes within a second and says ready";
    TELLS_NO_OLD_CRASHES: Kubelet, "C-4", 27, Measured, "containers killed while the API was away";
        "a crash while the API is away is published after it is over, and the pod is unready until its next probe"
            => "what is published after an outage is how things are then";
    ASKS_FOR_CLUSTER_IPS: Kubelet, "V-4", 31, Documented, "kubernetes/kubernetes#127316";
        "a kubelet that is newer than its API server starts pods all the same"
            => "a kubelet starts no pods, but static ones, before it has reached an API server of 1.31 or later";
    KEEPS_READINESS: Kubelet, "L-18", 35, Documented, "feature gate ChangeContainerStatusOnKubeletRestart, off in 1.35";
        "after a restart of the kubelet, probed containers count as unready until they are probed" => "readiness survives a restart of the kubelet";

    TERMINATING_FALLBACK: Proxy, "M-3", 26, Documented, "feature gate ProxyTerminatingEndpoints, beta in 1.26";
        "without a ready endpoint requests are rejected" => "without a ready endpoint requests go to terminating pods that still serve";

    EMPTY_DIR_FLAG: Kubectl, "D-7", 20, Documented, "change log of 1.20";
        "the flag for pods with emptyDir volumes is --delete-local-data" => "the flag for pods with emptyDir volumes is --delete-emptydir-data";
    LOOKS_AT_WHOLE_SECONDS: Kubectl, "D-9", 21, Measured, "drains of pods that take 2 s to stop; the minor of the change is assumed";
        "looks at a pod that has to go every second, counted from the end of the first look"
            => "looks at a pod that has to go every second, counted from the eviction";
    DRAINS_ON: Kubectl, "D-4", 23, Documented, "kubernetes/kubernetes#105571, planned for 1.23 in #100052";
        "a drain of several nodes ends with the first node that fails" => "a drain of several nodes goes on after a node that fails";
    ERROR_IS_NO_END: Kubectl, "D-13", 21, Measured, "drains while the API went away; the fix is assumed in 1.21";
        "an API error while waiting for a pod to go counts as gone" => "an API error while waiting for a pod to go fails the drain";

    ALWAYS_RESTARTS_ETCD: Kubeadm, "K-13", 31, Measured, "single control-plane clusters";
        "etcd with an unchanged manifest is left alone" => "etcd is restarted for its certificates with every upgrade";
    JOB_COUNTS: Kubeadm, "K-11", 30, Documented, "kubernetes/kubernetes#122079, kubernetes/kubeadm#3050";
        "a health check whose Job does not complete is passed over" => "a health check whose Job does not complete stops the upgrade, unless no node is schedulable";
    PATIENT_JOB: Kubeadm, "K-11", 36, Documented, "change log of 1.36";
        "waits 15 s for the Job of the health check" => "waits 60 s for the Job of the health check";
    QUORUM_IS_HEALTHY: Kubeadm, "K-13.2", 36, Documented, "kubernetes/kubernetes#138538";
        "wants every member of etcd to answer" => "wants a quorum of etcd to answer";
    LOCAL_KUBELETS: Kubeadm, "K-19", 33, Documented, "feature gate ControlPlaneKubeletLocalMode of kubeadm, beta in 1.33; kubernetes/kubernetes#129956";
        "kubelets of control-plane nodes go through the load balancer" => "kubelets of control-plane nodes use the API server of their own node";
    POSTPONES_ADDONS: Kubeadm, "K-16", 28, Documented, "feature gate UpgradeAddonsBeforeControlPlane of kubeadm, 1.28";
        "add-ons are upgraded with the first control-plane node" => "add-ons are upgraded with the last control-plane node";
    SUPER_ADMIN: Kubeadm, "X-2", 29, Documented, "KEP-4214";
        "there is no super-admin.conf" => "super-admin.conf is renewed with admin.conf, where it is there";
    CERTS_COMMAND: Kubeadm, "X-6", 20, Documented, "change log of 1.20";
        "certificates are looked at with kubeadm alpha certs" => "certificates are looked at with kubeadm certs";
    OLDER_KUBELETS: Kubeadm, "K-8", 29, Documented, "kubernetes/kubernetes#120825";
        "refuses targets more than one minor above a kubelet" => "refuses targets more than three minors above a kubelet";
    THOROUGH_CHECKS: Kubeadm, "K-14", 27, Measured, "single control-plane clusters";
        "health checks take 1 s to 2 s, and the API server's new hash is seen at once" => "health checks take 4 s, and the API server's new hash is seen after 8 s";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_lie_in_the_range_that_is_simulated() {
        for switch in ALL {
            assert!((19..=36).contains(&switch.since), "{}", switch.after);
            assert!(switch.on(switch.since) && !switch.on(switch.since - 1));
            assert!(!switch.rule.is_empty() && !switch.source.is_empty());
        }
    }
}
