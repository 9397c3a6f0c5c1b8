//! `seatrial completions` and `seatrial man`.

use anyhow::Result;
use clap::CommandFactory;

use super::Exit;
use super::args::{Cli, CompletionsArgs};
use super::output::Terminal;

/// Prints the completion script of a shell.
pub(super) fn completions(args: &CompletionsArgs, name: &'static str, terminal: &Terminal) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), name, &mut script);
    terminal.result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}

/// Prints the manual: a page for the program, then one for each command.
pub(super) fn man(name: &'static str, terminal: &Terminal) -> Result<Exit> {
    let mut command = Cli::command().name(name);
    command.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    for sub in command.get_subcommands() {
        let title = format!("{name}-{}", sub.get_name());
        clap_mangen::Man::new(sub.clone()).title(title).render(&mut page)?;
    }
    terminal.result(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Ok)
}
