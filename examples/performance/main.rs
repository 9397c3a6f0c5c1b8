//! What rehearsals cost: writes `docs/performance.md` and `docs/performance.svg`.
//!
//! ```text
//! cargo run --release --example performance -- [--rounds 5] [--quick] [--remark TEXT] [--write docs]
//! ```
//!
//! Without `--write` the page is only printed; `--quick` leaves out the large sizes and the profile;
//! `--remark` says beside the machine what else is to be known of it, such as other work that ran on it.

#[path = "../../benches/floor/mod.rs"]
mod floor;
#[path = "../../benches/measure/mod.rs"]
mod measure;
#[path = "../../benches/srf/mod.rs"]
mod srf;
#[path = "../../benches/upg/mod.rs"]
mod upg;

mod account;
mod chart;
mod input;
mod page;
mod profile;
mod series;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What was asked for.
struct Asked {
    rounds: usize,
    quick: bool,
    remark: Option<String>,
    write: Option<PathBuf>,
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked {
        rounds: 5,
        quick: false,
        remark: None,
        write: None,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} wants a value"));
        match arg.as_str() {
            "--rounds" => asked.rounds = value()?.parse().map_err(|e| format!("--rounds: {e}"))?,
            "--write" => asked.write = Some(value()?.into()),
            "--quick" => asked.quick = true,
            "--remark" => asked.remark = Some(value()?),
            _ => return Err(format!("{arg}: use --rounds N, --quick, --remark TEXT, --write FOLDER")),
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    if measure::child() || input::child() {
        return ExitCode::SUCCESS;
    }
    match asked().and_then(|asked| work(&asked)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "{problem}");
            ExitCode::FAILURE
        }
    }
}

fn work(asked: &Asked) -> Result<(), String> {
    let found = page::Found::measure(asked.rounds.max(1), asked.quick)?;
    let (page, picture) = (found.page(asked.remark.as_deref()), found.picture());
    match &asked.write {
        None => std::io::stdout().write_all(page.as_bytes()).map_err(|e| e.to_string()),
        Some(folder) => {
            write(&folder.join("performance.md"), &page)?;
            write(&folder.join("performance.svg"), &picture)
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// Says on stderr what is measured now.
fn tell(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

/// Cargo, in this project.
fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}
