//! The command line: terminal, files, exit codes. One file per command.

mod advise;
mod args;
mod compare;
mod completions;
mod diff;
mod expected;
mod explain;
mod file;
mod init;
mod interrupt;
mod lint;
mod load;
mod merge;
mod output;
mod plan;
mod played;
mod preset;
mod replay;
mod reports;
mod run;
mod schema;
mod test;
mod trials;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Cli, Command};
use output::Terminal;

/// What the program says when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Ok = 0,
    /// Something inside, or reading or writing, went wrong.
    Failure = 1,
    /// The command line or the input is wrong.
    Usage = 2,
    /// The linter found something that is bad enough.
    Findings = 3,
    /// Something is not as it was expected.
    Violated = 4,
    /// The upgrade did not complete.
    Incomplete = 5,
    /// Time or events ran out first.
    Inconclusive = 6,
    /// Ctrl-C came first (128 and the number of SIGINT, as shells count).
    Interrupted = 130,
    /// Somebody asked the program to end (128 and the number of SIGTERM).
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Runs a command line; `args` starts with the program's own name.
///
/// Whatever goes wrong has been said on stderr when this returns.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let matches = match command(&args).try_get_matches_from(&args) {
        Ok(matches) => matches,
        Err(error) => return refuse(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let terminal = Terminal::new(cli.color, cli.quiet, cli.verbose);
    let name = program_name(&args);
    let result = match cli.command {
        Command::Run(args) => run::run(&args, name, &terminal),
        Command::Explain(args) => explain::run(&args, &terminal),
        Command::Test(args) => test::run(&args, name, &terminal),
        Command::Diff(args) => diff::run(&args, &terminal),
        Command::Replay(args) => replay::run(&args, &terminal),
        Command::Lint(args) => lint::run(&args, &terminal),
        Command::Plan(args) => plan::run(&args, &terminal),
        Command::Preset(args) => preset::run(&args, &terminal),
        Command::Init(args) => init::run(&args, name, &terminal),
        Command::Compare(args) => compare::run(&args, &terminal),
        Command::Merge(args) => merge::run(&args, name, &terminal),
        Command::Schema(args) => schema::run(&args, &terminal),
        Command::Completions(args) => completions::completions(&args, name, &terminal),
        Command::Man => completions::man(name, &terminal),
    };
    match result {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::Ok,
        Err(error) => {
            terminal.error(&format!("{error:#}"));
            Exit::Failure
        }
    }
}

/// The command line under the name that the program was called by.
fn command(args: &[OsString]) -> clap::Command {
    let command = Cli::command();
    match program_name(args) {
        "kubectl-seatrial" => command.name("kubectl-seatrial").bin_name("kubectl seatrial"),
        _ => command,
    }
}

/// As kubectl's plugin or on its own.
fn program_name(args: &[OsString]) -> &'static str {
    let path = args.first().map(std::path::Path::new);
    let stem = path.and_then(|p| p.file_stem()).and_then(|s| s.to_str());
    // kubectl wants underscores in the file name where the command has a dash.
    if stem.is_some_and(|s| s.starts_with("kubectl-") || s.starts_with("kubectl_")) {
        "kubectl-seatrial"
    } else {
        "seatrial"
    }
}

/// Help goes to stdout and is a success, a wrong command line goes to stderr.
fn refuse(error: &clap::Error) -> Exit {
    match error.print() {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Exit::Failure,
        _ if error.use_stderr() => Exit::Usage,
        _ => Exit::Ok,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|e| {
        let io = e.downcast_ref::<io::Error>();
        io.is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command(&["seatrial".into()]).debug_assert();
        command(&["/usr/bin/kubectl-seatrial".into()]).debug_assert();
    }

    #[test]
    fn a_kubectl_plugin_knows_its_name() {
        assert_eq!(program_name(&["/x/kubectl-seatrial".into()]), "kubectl-seatrial");
        assert_eq!(program_name(&["target/debug/seatrial".into()]), "seatrial");
        assert_eq!(program_name(&[]), "seatrial");
    }

    #[test]
    fn wrong_usage_is_2_and_help_is_0() {
        let main = |args: &[&str]| main(args.iter().map(OsString::from));
        assert_eq!(main(&["seatrial", "run"]), Exit::Usage);
        assert_eq!(main(&["seatrial", "sail"]), Exit::Usage);
        assert_eq!(main(&["seatrial", "run", "x.yaml", "--until", "5"]), Exit::Usage);
        assert_eq!(main(&["seatrial", "--version"]), Exit::Ok);
    }
}
