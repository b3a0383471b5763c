//! `throughline token`.

use std::process::ExitCode;

use jiff::SignedDuration;

use super::database::DatabaseArguments;

/// What `token` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct TokenArguments {
    /// Tenant that the bearer acts in: one data controller, such as a partnership.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: String,

    /// Role of the bearer.
    #[arg(long, value_name = "ROLE", value_parser = [
        "caseworker",
        "team_manager",
        "evaluator",
        "operator",
        "partner",
        "data_protection_officer",
    ])]
    pub(crate) role: String,

    /// Subject of the token: who the bearer is. The role's name when absent.
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Option<String>,

    /// How long the token is good for, such as 30m or 8h.
    #[arg(long, value_name = "DURATION", default_value = "8h")]
    pub(crate) expires_in: SignedDuration,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// Prints a token of the development issuer.
///
/// # Errors
/// When the issuer's key cannot be read.
#[expect(clippy::unused_async, reason = "it awaits once it is built")]
pub(crate) async fn run(_arguments: TokenArguments) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`token` is not built yet")
}
