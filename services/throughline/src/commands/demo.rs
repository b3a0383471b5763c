//! `throughline demo`.

use std::process::ExitCode;

use super::serve::ServeArguments;

/// What `demo` is told: the same as `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArguments {
    #[command(flatten)]
    pub(crate) serve: ServeArguments,
}

/// Loads the demonstration history if there is none, then serves.
///
/// # Errors
/// Whatever keeps the service from starting.
#[expect(clippy::unused_async, reason = "it awaits once it is built")]
pub(crate) async fn run(_arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`demo` is not built yet")
}
