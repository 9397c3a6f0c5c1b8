//! Integration tests, in one binary: one link step.

mod cli;
mod docs;
mod kubeadm;
mod kubelets;
mod oracles;
mod properties;
mod reference;
mod report;
mod scenario;
mod support;
mod textbook;
mod tidy;
mod versions;
