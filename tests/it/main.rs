//! Integration tests, in one binary: one link step.

mod cli;
mod controllers;
mod coverage;
mod docs;
mod fidelity;
mod hops;
mod kubeadm;
mod kubelets;
mod lessons;
mod oracles;
mod plan;
mod properties;
mod published;
mod reference;
mod replace;
mod report;
mod rollback;
mod scenario;
mod scheduling;
mod support;
mod textbook;
mod tidy;
mod versions;
mod ways;
mod writing;
