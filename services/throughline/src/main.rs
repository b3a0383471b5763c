//! The throughline program.

mod bench;
mod cli;
mod commands;
mod demo;
mod history;
mod private_postgres;
mod replay;
mod report;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

/// Commands and events are many small pieces, made on one thread and freed on another: a tenth of a
/// command's time goes into that with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match Box::pin(commands::run(Cli::parse())).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its sources on one line, which a script can read and a log can hold.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    let chain = format!("{error:#}");
    let lines: Vec<&str> = chain.lines().map(str::trim).collect();
    format!("throughline: {}", lines.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_printed_on_one_line() {
        let error = anyhow::anyhow!("db error: ERROR: no\nDETAIL: none").context("could not read");
        assert_eq!(
            one_line(&error),
            "throughline: could not read: db error: ERROR: no DETAIL: none"
        );
    }
}
