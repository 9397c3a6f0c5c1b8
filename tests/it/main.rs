//! Integration tests, in one binary: one link step.

mod cli;
#[expect(dead_code, unused_imports, reason = "the example uses the rest")]
#[path = "../fidelity/mod.rs"]
mod comparison;
mod controllers;
mod docs;
mod fidelity;
mod kubeadm;
mod kubelets;
mod oracles;
mod properties;
mod reference;
mod replace;
mod report;
mod scenario;
mod scheduling;
mod support;
mod textbook;
mod tidy;
mod versions;
mod writing;
