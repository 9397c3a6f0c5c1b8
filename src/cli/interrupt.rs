//! Ctrl-C: the first one asks for what is known so far, the second one ends the program.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Exit;

/// Whether somebody wants the program to end.
pub(super) struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system does not let it.
    pub(super) fn listen() -> io::Result<Self> {
        let asked = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for (signal, number) in [(SIGINT, SIGINT as usize), (SIGTERM, SIGTERM as usize)] {
            // In this order: the first signal finds `again` unset.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            flag::register_usize(signal, Arc::clone(&asked), number)?;
        }
        Ok(Self(asked))
    }

    /// Whether to go on.
    pub(super) fn flow(&self) -> ControlFlow<()> {
        match self.asked() {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    }

    /// How the program should end, if somebody wants it to.
    pub(super) fn asked(&self) -> Option<Exit> {
        match i32::try_from(self.0.load(Ordering::Relaxed)) {
            Ok(SIGTERM) => Some(Exit::Terminated),
            Ok(SIGINT) => Some(Exit::Interrupted),
            _ => None,
        }
    }
}
