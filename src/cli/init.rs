//! `seatrial init`: a scenario to begin with.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::args::InitArgs;
use super::output::Terminal;
use super::{Exit, file, load, preset};
use crate::model::Model;
use crate::scenario::starter::{self, Wish};

/// Writes a plan, timings and expectations.
pub(super) fn run(args: &InitArgs, program: &str, terminal: &Terminal) -> Result<Exit> {
    if let Some(wrong) = wrong(args) {
        terminal.error(&wrong);
        return Ok(Exit::Usage);
    }
    let command = command(args, program);
    let wish = Wish {
        preset: args.preset.as_deref(),
        target: args.to.clone(),
        command: &command,
    };
    let text = if args.cluster.is_empty() {
        starter::example(&wish)?
    } else {
        match cluster(&args.cluster, terminal) {
            Ok(model) => starter::for_cluster(&model, &wish),
            Err(exit) => return Ok(exit),
        }
    };
    if args.file == Path::new("-") {
        terminal.result(&text)?;
        return Ok(Exit::Ok);
    }
    file::write(&args.file, &text)?;
    terminal.note(&format!("wrote {}; now: {command}", args.file.display()));
    Ok(Exit::Ok)
}

/// What is wrong with the arguments.
fn wrong(args: &InitArgs) -> Option<String> {
    let unknown = args.preset.as_deref().and_then(preset::unknown);
    unknown.or_else(|| {
        let there = args.file != Path::new("-") && !args.force && args.file.exists();
        there.then(|| format!("{} is there already; --force writes over it", args.file.display()))
    })
}

/// The cluster that a plan is wanted for.
fn cluster(paths: &[PathBuf], terminal: &Terminal) -> Result<Model, Exit> {
    let model = load::cluster(paths, terminal)?;
    if model.plan.is_some() {
        terminal.error("there is an UpgradePlan in the input already; init writes the first one");
        return Err(Exit::Usage);
    }
    Ok(model)
}

/// What is typed to rehearse it.
fn command(args: &InitArgs, program: &str) -> String {
    let program = if program == "kubectl-seatrial" {
        "kubectl seatrial"
    } else {
        program
    };
    let named = |path: &PathBuf| {
        if path == Path::new("-") {
            "cluster.json".to_owned()
        } else {
            word(path)
        }
    };
    let mut words = vec![program.to_owned(), "run".to_owned()];
    words.extend(args.cluster.iter().map(named));
    words.push(if args.file == Path::new("-") {
        "upgrade.yaml".to_owned()
    } else {
        word(&args.file)
    });
    words.join(" ")
}

/// A path as one word of a shell, and of one line.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/+=:,@%".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace(char::is_control, "?").replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_words_of_a_shell() {
        assert_eq!(word(Path::new("a/b-1.yaml")), "a/b-1.yaml");
        assert_eq!(word(Path::new("my plan.yaml")), "'my plan.yaml'");
        assert_eq!(word(Path::new("it's\n#.yaml")), "'it'\\''s?#.yaml'");
    }
}
