//! Integration tests, in one binary: one link step.

mod cli;
mod controllers;
mod coverage;
mod docs;
mod fidelity;
mod kubeadm;
mod kubelets;
mod oracles;
mod properties;
mod published;
mod reference;
mod replace;
mod report;
mod scale;
mod scenario;
mod scheduling;
mod support;
mod textbook;
mod tidy;
mod trials;
mod versions;
mod writing;
