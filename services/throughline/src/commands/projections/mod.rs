//! `throughline projections`: the operator's hands. See `ops/runbooks/projections.md`.
//!
//! Whatever changes something, and each verification, is a line of the audit with who did it.

mod audit;
mod cancel;
mod drop;
mod list;
mod park;
mod rebuild;
mod rollback;
mod shown;
mod table;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use throughline_domain::code::Code;
use throughline_log::{Tenant, TenantNo};
use throughline_projections::Projection;
use throughline_projector::operator::{Operator, Origin, Refusal as _};
use throughline_projector::{RebuildError, SwitchError, VerifyError};

use self::cancel::NotCalledOff;
use super::actor::{ROLE, actor};
use super::database::DatabaseArguments;
use super::with_log::OpenLog;
use crate::one_line;

/// Exit codes for scripts: rows that differ; what could not be done or found out; what a rule
/// refuses; what there is none of.
const DIFFERS: u8 = 1;
const NOT_DONE: u8 = 2;
const REFUSED: u8 = 3;
const UNKNOWN: u8 = 4;

/// What `projections` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ProjectionsArguments {
    #[command(subcommand)]
    pub(crate) command: ProjectionsCommand,
}

/// What to do about projections.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum ProjectionsCommand {
    /// How far each projection of each tenant is, build by build.
    List(list::ListArguments),
    /// Make the rows of projections again from the log, beside those in use, then switch to them.
    ///
    /// Works here, or watches whoever works on it already. The first Ctrl-C calls off what this
    /// command asked for; a second one, or SIGTERM, leaves it to whoever takes it up: a service, or
    /// the same command again. Exits with 0 when it was switched, or a dry run found the live rows
    /// right; 1 when a dry run found that they are not; 2 when it failed; 3 when it was called off.
    Rebuild(rebuild::RebuildArguments),
    /// Call a rebuild off. Readers stay where they are.
    Cancel(cancel::CancelArguments),
    /// Fold cases again from the log and compare them with the rows, case by case and column by
    /// column.
    ///
    /// Exits with 0 when nothing differs, 1 when something does, 2 when that cannot be found out.
    Verify(verify::VerifyArguments),
    /// Answer readers from the build before, at once. Once more goes back.
    Rollback(rollback::RollbackArguments),
    /// Drop a build that readers are not answered from.
    Drop(drop::DropArguments),
    /// Cases that projections have set aside because an event cannot be taken.
    Park(park::ParkArguments),
    /// What operators did, the newest first.
    Audit(audit::AuditArguments),
}

/// Where, and who acts.
#[derive(Debug, clap::Args)]
pub(crate) struct ActingArguments {
    /// Who acts, as the audit is to say. The name of the account, or `operator`, when absent.
    #[arg(long, value_name = "ACTOR")]
    pub(crate) actor: Option<Code>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

impl ActingArguments {
    fn operator(&self, tenant: TenantNo) -> Operator {
        Operator {
            tenant,
            actor: actor(self.actor.as_ref()),
            actor_role: ROLE.to_owned(),
            origin: Origin::CommandLine,
        }
    }
}

/// What was named is not there.
#[derive(Debug, thiserror::Error)]
#[error("there is no tenant {0}")]
struct UnknownTenant(Code);

/// Does what was asked, and says in the exit code what came of it.
pub(crate) async fn run(arguments: ProjectionsArguments) -> ExitCode {
    let done = match arguments.command {
        ProjectionsCommand::List(arguments) => list::run(arguments).await,
        ProjectionsCommand::Rebuild(arguments) => Box::pin(rebuild::run(arguments)).await,
        ProjectionsCommand::Cancel(arguments) => cancel::run(arguments).await,
        ProjectionsCommand::Verify(arguments) => Box::pin(verify::run(arguments)).await,
        ProjectionsCommand::Rollback(arguments) => rollback::run(arguments).await,
        ProjectionsCommand::Drop(arguments) => drop::run(arguments).await,
        ProjectionsCommand::Park(arguments) => park::run(arguments).await,
        ProjectionsCommand::Audit(arguments) => audit::run(arguments).await,
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{}", one_line(&error));
            ExitCode::from(code_of(&error))
        }
    }
}

/// The exit code of an error: a script does one thing about what is refused, and another about what
/// may be tried again.
fn code_of(error: &anyhow::Error) -> u8 {
    let is_absent = |error: &VerifyError| matches!(error, VerifyError::NoSuchBuild { .. });
    if error.is::<UnknownTenant>() || error.downcast_ref().is_some_and(is_absent) {
        return UNKNOWN;
    }
    if error.downcast_ref::<NotCalledOff>().is_some_and(|error| error.refusal().is_some()) {
        return REFUSED;
    }
    match (error.downcast_ref::<SwitchError>(), error.downcast_ref::<RebuildError>()) {
        (Some(SwitchError::NoSuchBuild { .. }), _)
        | (_, Some(RebuildError::NoSuchRebuild { .. })) => UNKNOWN,
        (Some(error), _) if error.refusal().is_some() => REFUSED,
        (_, Some(error)) if error.refusal().is_some() => REFUSED,
        _ => NOT_DONE,
    }
}

/// Reads the name of a projection.
fn projection() -> impl TypedValueParser<Value = Projection> {
    let names = Projection::ALL.iter().map(|projection| projection.name());
    PossibleValuesParser::new(names).try_map(|name| Projection::find(&name).ok_or(NoProjection))
}

#[derive(Debug, thiserror::Error)]
#[error("is not a projection")]
struct NoProjection;

/// Those that were named, or all of them.
fn named_or_all(names: &[Projection]) -> Vec<Projection> {
    if names.is_empty() { Projection::ALL.to_vec() } else { names.to_vec() }
}

/// The tenants of these names, or all where none is named, by number.
async fn tenants(open: &OpenLog, names: &[Code]) -> anyhow::Result<Vec<Tenant>> {
    let mut all = open.log.tenants().await?;
    let is_there = |name: &Code| all.iter().any(|tenant| tenant.name == name.as_str());
    if let Some(absent) = names.iter().find(|name| !is_there(name)) {
        return Err(UnknownTenant(absent.clone()).into());
    }
    all.retain(|tenant| names.is_empty() || names.iter().any(|name| name.as_str() == tenant.name));
    Ok(all)
}

async fn tenant(open: &OpenLog, name: &Code) -> anyhow::Result<Tenant> {
    let found = open.log.find_tenant(name.as_str()).await?;
    found.ok_or_else(|| UnknownTenant(name.clone()).into())
}

/// The name that goes with a number.
fn name_of(tenants: &[Tenant], tenant_no: TenantNo) -> String {
    let found = tenants.iter().find(|tenant| tenant.tenant_no == tenant_no);
    found.map_or_else(|| tenant_no.to_string(), |tenant| tenant.name.clone())
}

#[cfg(test)]
mod tests {
    use throughline_log::LogError;

    use super::*;

    #[test]
    fn what_is_refused_is_told_apart_from_what_failed() {
        let code = |error: anyhow::Error| code_of(&error.context("here"));
        assert_eq!(code(SwitchError::NothingBefore.into()), REFUSED);
        assert_eq!(code(SwitchError::IsLive { build: 1 }.into()), REFUSED);
        assert_eq!(code(SwitchError::NoSuchBuild { build: 1 }.into()), UNKNOWN);
        let operation_id = uuid::Uuid::nil();
        assert_eq!(code(RebuildError::NoSuchRebuild { operation_id }.into()), UNKNOWN);
        assert_eq!(code(VerifyError::NoSuchBuild { build: 1 }.into()), UNKNOWN);
        assert_eq!(code(NotCalledOff::IsOver.into()), REFUSED);
        let tenant = TenantNo(1);
        assert_eq!(code(SwitchError::Log(LogError::NoSuchTenant { tenant }).into()), NOT_DONE);
        assert_eq!(code(LogError::NoSuchTenant { tenant }.into()), NOT_DONE);
    }
}
