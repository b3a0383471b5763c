//! `throughline serve`.

use std::net::SocketAddr;
use std::process::ExitCode;

use super::database::DatabaseArguments;

/// What `serve` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArguments {
    /// Address to serve the REST interface on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Address to serve health and metrics on.
    ///
    /// Without it they are served on the main address when that is a loopback address, and not
    /// at all otherwise.
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin_listen: Option<SocketAddr>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,

    /// Issuer whose tokens are accepted, by its OpenID Connect discovery document.
    ///
    /// Without it the program runs its own development issuer, which is for trials only.
    #[arg(
        long,
        value_name = "URL",
        env = "THROUGHLINE_OIDC_ISSUER",
        requires = "oidc_audience"
    )]
    pub(crate) oidc_issuer: Option<String>,

    /// Audience that a token must be meant for.
    #[arg(long, value_name = "NAME", env = "THROUGHLINE_OIDC_AUDIENCE")]
    pub(crate) oidc_audience: Option<String>,
}

/// Serves until it is told to stop.
///
/// # Errors
/// Whatever keeps the service from starting.
#[expect(clippy::unused_async, reason = "it awaits once it is built")]
pub(crate) async fn run(_arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`serve` is not built yet")
}
