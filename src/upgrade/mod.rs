//! What people do to a cluster: drains, kubeadm, the rollout over nodes, faults.

pub(crate) mod drain;
pub(crate) mod driver;
pub(crate) mod fault;
pub(crate) mod kubeadm;
mod order;
mod pool;

pub(crate) use order::{control_plane_order, ordered};
