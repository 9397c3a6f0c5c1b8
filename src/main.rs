//! The program: see `seatrial --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    seatrial::cli::main(std::env::args_os()).into()
}
