//! `throughline token`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::SignedDuration;
use throughline_api::access::Role;
use throughline_api::authentication::DevelopmentIssuer;
use throughline_domain::code::Code;

use super::data_dir;

/// A token is for a trial, not for good.
const LIFETIME_MAX: SignedDuration = SignedDuration::from_hours(24 * 31);

/// What `token` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct TokenArguments {
    /// Tenant that the bearer acts in: one data controller, such as a partnership.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Role of the bearer.
    #[arg(long, value_name = "ROLE", value_parser = roles())]
    pub(crate) role: Role,

    /// Subject of the token: who the bearer is. A caseworker's is the `worker` of their cases.
    ///
    /// The role's name when absent, with `-` for `_`.
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Option<Code>,

    /// How long the token is good for, such as 30m or 8h; 31 days at most.
    #[arg(long, value_name = "DURATION", default_value = "8h")]
    pub(crate) expires_in: SignedDuration,

    /// Directory that holds the development issuer's key: that of `serve`.
    #[arg(long, value_name = "DIR", default_value = ".data")]
    pub(crate) data_dir: PathBuf,
}

fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.iter().map(|role| role.as_str()))
        .try_map(|text| text.parse::<Role>())
}

/// Prints a token of the development issuer, and nothing else.
///
/// # Errors
/// When the issuer's key cannot be used, or the lifetime is none that a token can have.
#[expect(clippy::unused_async, reason = "every subcommand is run alike")]
pub(crate) async fn run(arguments: TokenArguments) -> anyhow::Result<ExitCode> {
    let lifetime = arguments.expires_in;
    ensure!(
        lifetime >= SignedDuration::from_secs(1) && lifetime <= LIFETIME_MAX,
        "--expires-in is from 1 second to 31 days"
    );
    data_dir::create(&arguments.data_dir)?;
    let issuer = DevelopmentIssuer::open(&arguments.data_dir)?;
    let subject = match arguments.subject {
        Some(subject) => subject,
        None => default_subject(arguments.role)?,
    };
    let token = issuer.issue(arguments.tenant, subject, arguments.role, lifetime)?;
    println!("{token}");
    Ok(ExitCode::SUCCESS)
}

fn default_subject(role: Role) -> anyhow::Result<Code> {
    Ok(role.as_str().replace('_', "-").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_names_a_subject() {
        for role in Role::ALL {
            assert!(default_subject(*role).is_ok(), "{role}");
        }
        let officer = default_subject(Role::DataProtectionOfficer).unwrap();
        assert_eq!(officer.as_str(), "data-protection-officer");
    }
}
