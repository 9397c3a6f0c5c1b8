//! Integration tests, in one binary: one link step.

mod cli;
mod controllers;
mod docs;
mod kubeadm;
mod oracles;
mod properties;
mod reference;
mod replace;
mod report;
mod scenario;
mod support;
mod textbook;
mod tidy;
mod writing;
