//! Integration tests, in one binary.

mod kubeadm;
mod oracles;
mod reference;
