//! Load balancers of Services: how clients from outside come in.

use crate::ids::{BalancerId, IdVec, ServiceId};
use crate::units::Span;

/// The label that keeps a node out of the load balancers of Services (LB-2).
pub const EXCLUDE_LABEL: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// The load balancers of the Services of type `LoadBalancer`, and how they find out which nodes to send to.
#[derive(Clone, Debug)]
pub struct Balancers {
    /// One for all Services with `externalTrafficPolicy: Cluster`, for they send to the same nodes, and one for each with
    /// `Local`.
    pub all: IdVec<BalancerId, Balancer>,
    /// Time between two health checks of a node.
    pub interval: Span,
    /// So many failed checks in a row take a node out; one good check takes it in.
    pub threshold: u32,
    /// Whether who lists the nodes takes cordoned ones off; `None`: as the cloud controller manager of that version does
    /// (LB-1).
    pub drops_cordoned: Option<bool>,
}

impl Default for Balancers {
    /// No load balancers. A check every 10 s, out after three failures: an assumption, between 8 s times 3 (GKE) and 10 s
    /// times 6 (classic load balancers of AWS).
    fn default() -> Self {
        Self {
            all: IdVec::new(),
            interval: Span::from_secs(10),
            threshold: 3,
            drops_cordoned: None,
        }
    }
}

/// Load balancers that send to the same nodes.
#[derive(Clone, Debug)]
pub struct Balancer {
    /// Which nodes answer its health checks.
    pub policy: TrafficPolicy,
    /// Whose they are; exactly one with [`TrafficPolicy::Local`].
    pub services: Vec<ServiceId>,
}

/// `externalTrafficPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrafficPolicy {
    /// Every node passes requests on to any pod.
    Cluster,
    /// A node passes requests on to its own pods only, and fails health checks while it has no ready one.
    Local,
}
