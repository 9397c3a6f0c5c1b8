//! How well rehearsals agree with recordings of real control planes.
//!
//! ```text
//! cargo run --release --example fidelity -- [--seeds 200] [--scenario R05] [--verbose] [--write docs/fidelity.md]
//! ```

mod page;

#[path = "../../tests/fidelity/mod.rs"]
mod fidelity;

use std::io::Write;
use std::process::ExitCode;

use fidelity::{Comparison, Options, compare};

/// What was asked for.
struct Asked {
    options: Options,
    verbose: bool,
    write: Option<String>,
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked {
        options: Options {
            seeds: 200,
            scenario: None,
            draws: 40,
        },
        verbose: false,
        write: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
        match arg.as_str() {
            "--seeds" => asked.options.seeds = value()?.parse().map_err(|e| format!("--seeds: {e}"))?,
            "--scenario" => asked.options.scenario = Some(value()?),
            "--write" => asked.write = Some(value()?),
            "--verbose" => asked.verbose = true,
            _ => {
                return Err(format!(
                    "{arg}: use --seeds N, --scenario NAME, --verbose, --write FILE"
                ));
            }
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "{problem}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<(), String> {
    let asked = asked()?;
    let comparisons: Vec<Comparison> = compare(&asked.options);
    let page = page::page(&comparisons, asked.options.seeds);
    let mut out = std::io::stdout();
    let mut print = |text: &str| out.write_all(text.as_bytes()).map_err(|e| e.to_string());
    print(&page)?;
    if asked.verbose {
        print(&page::by_run(&comparisons))?;
    }
    match asked.write {
        Some(file) => std::fs::write(&file, &page).map_err(|e| format!("{file}: {e}")),
        None => Ok(()),
    }
}
