//! Integration tests, in one binary: one link step.

mod arrivals;
mod cli;
mod controllers;
mod coverage;
mod docs;
mod fidelity;
mod kubeadm;
mod kubelets;
mod large;
mod oracles;
mod properties;
mod published;
mod reference;
mod replace;
mod report;
mod scenario;
mod scheduling;
mod srf;
mod support;
mod textbook;
mod tidy;
mod versions;
mod writing;
