//! Where results and talk go.

use std::io::{self, IsTerminal, Write};

use super::args::Color;
use crate::report::Style;

/// The terminal, or what stands in for it.
pub(super) struct Terminal {
    out: Style,
    err: Style,
    quiet: bool,
    verbose: bool,
}

impl Terminal {
    /// Looks at the terminal and the environment.
    #[expect(clippy::disallowed_methods, reason = "the command line honours NO_COLOR")]
    pub(super) fn new(color: Color, quiet: bool, verbose: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let style = |terminal: bool| Style {
            color: match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => terminal && !plain,
            },
        };
        Self {
            out: style(io::stdout().is_terminal()),
            err: style(io::stderr().is_terminal()),
            quiet,
            verbose,
        }
    }

    /// How to write results.
    pub(super) const fn out_style(&self) -> Style {
        self.out
    }

    /// How to write talk.
    pub(super) const fn err_style(&self) -> Style {
        self.err
    }

    /// Whether somebody watches who wants to see how far it is.
    pub(super) fn is_watched(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Whether only what is wrong is wanted.
    pub(super) const fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Writes a result.
    ///
    /// # Errors
    /// When stdout does not take it.
    pub(super) fn result(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Writes talk as it is, unless nobody wants to hear it.
    pub(super) fn talk(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Says something that is worth knowing.
    pub(super) fn note(&self, text: &str) {
        self.talk(&format!("{}: {text}\n", self.err.bold("note")));
    }

    /// Says something that only some want to know.
    pub(super) fn detail(&self, text: &str) {
        if self.verbose {
            self.say(&format!("{}\n", self.err.dim(text)));
        }
    }

    /// Says what is wrong.
    pub(super) fn error(&self, text: &str) {
        self.say(&format!("{}: {text}\n", self.err.bad("error")));
    }

    /// Writes diagnostics, which come with their own colours.
    pub(super) fn say(&self, text: &str) {
        // Nobody is left to be told when stderr is gone.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}
