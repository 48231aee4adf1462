//! The program around [`cloudstack_conformance::cli`]: the only place that prints.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

fn main() -> ExitCode {
    let printed = cloudstack_conformance::cli::main(std::env::args_os());
    // A reader that has gone away (`| head`) is no reason to complain.
    io::stdout().write_all(printed.output.as_bytes()).ok();
    io::stderr().write_all(printed.errors.as_bytes()).ok();
    ExitCode::from(printed.code.number())
}
