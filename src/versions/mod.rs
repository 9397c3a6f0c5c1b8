//! Versions of Kubernetes and the rules about them: releases and what each brings, which versions may run together, what
//! kubeadm refuses, and the way from one version to another.
//!
//! Pure functions over plain values: nothing here knows a cluster, a clock or a random number.

pub mod kubeadm;
pub mod path;
pub mod releases;
pub mod skew;
pub mod walk;
