//! `throughline allocation`: computing the draws of a closed schedule of arms again.

use std::process::ExitCode;

use anyhow::bail;
use throughline_domain::allocation_schedule::{ArmDrawn, Flaw, verify};
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_log::{EventLog, TenantNo};
use uuid::Uuid;

use super::database::DatabaseArguments;
use super::with_log::{OpenLog, Sealed, with_log};
use crate::one_line;

/// What `allocation verify` exits with when it could not find out.
const NOT_CHECKED: u8 = 2;

/// What `allocation` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct AllocationArguments {
    #[command(subcommand)]
    pub(crate) command: AllocationCommand,
}

/// What to do with a schedule of arms.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum AllocationCommand {
    /// Compute every draw of a closed schedule from its seed, and name the first that does not hold.
    Verify(VerifyArguments),
}

/// What `allocation verify` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArguments {
    /// The schedule.
    #[arg(value_name = "SCHEDULE")]
    pub(crate) schedule: Uuid,

    /// Tenant whose schedule it is.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// What was found of a schedule.
enum Finding {
    /// Every draw follows from the seed, and each case has the arm that was drawn for it.
    Holds { draws: usize },
    /// It does not hold.
    Flawed(Flaw),
    /// A draw follows, and its case has no such arm.
    CaseDiffers { sequence: u32 },
}

/// Verifies a schedule: 0 when it holds, 1 when it does not, 2 when that could not be found out.
pub(crate) async fn run(arguments: AllocationArguments) -> ExitCode {
    let AllocationCommand::Verify(arguments) = arguments.command;
    let found = with_log(&arguments.database, Sealed::Untouched, async |open: OpenLog| {
        find(&open.log, &arguments).await
    });
    match found.await {
        Ok(finding) => {
            println!("{}", if arguments.json { finding.json() } else { finding.text() });
            if matches!(finding, Finding::Holds { .. }) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("{}", one_line(&error));
            ExitCode::from(NOT_CHECKED)
        }
    }
}

async fn find(log: &EventLog, arguments: &VerifyArguments) -> anyhow::Result<Finding> {
    let name = &arguments.tenant;
    let Some(tenant) = log.find_tenant(name.as_str()).await? else {
        bail!("there is no tenant {name}");
    };
    let Some(schedule) = log.schedule(tenant.tenant_no, arguments.schedule).await? else {
        bail!("there is no schedule {}", arguments.schedule);
    };
    let draws = match verify(&schedule.history) {
        Ok(draws) => draws,
        // Not a flaw of what was drawn: there is nothing yet to compute it from.
        Err(flaw @ (Flaw::Open | Flaw::UnknownMethod)) => bail!("{flaw}"),
        Err(flaw) => return Ok(Finding::Flawed(flaw)),
    };
    for drawn in &draws {
        if !is_of_case(log, tenant.tenant_no, arguments.schedule, drawn).await? {
            return Ok(Finding::CaseDiffers { sequence: drawn.sequence });
        }
    }
    Ok(Finding::Holds { draws: draws.len() })
}

/// Whether the case has the arm that was drawn for it, and no other.
async fn is_of_case(
    log: &EventLog,
    tenant: TenantNo,
    schedule: Uuid,
    drawn: &ArmDrawn,
) -> anyhow::Result<bool> {
    let mut arms = Vec::new();
    for event in log.read_stream(tenant, drawn.case_id.into()).await? {
        if let CaseEvent::ArmAllocated(arm) = event.to_case_event()?.event {
            arms.push(arm);
        }
    }
    let [arm] = arms.as_slice() else { return Ok(false) };
    let told = (arm.schedule, arm.sequence, arm.block, &arm.arm);
    Ok(told == (Some(schedule), Some(drawn.sequence), Some(drawn.block), &drawn.arm))
}

impl Finding {
    fn reason(&self) -> Option<String> {
        match self {
            Self::Holds { .. } => None,
            Self::Flawed(flaw) => Some(flaw.to_string()),
            Self::CaseDiffers { sequence } => {
                Some(format!("the case of draw {sequence} does not have that arm"))
            }
        }
    }

    fn text(&self) -> String {
        match (self, self.reason()) {
            (Self::Holds { draws }, _) => format!("holds, {draws} draws"),
            (_, reason) => format!("does not hold: {}", reason.unwrap_or_default()),
        }
    }

    fn json(&self) -> String {
        let mut members = serde_json::json!({"holds": matches!(self, Self::Holds { .. })});
        match self {
            Self::Holds { draws } => members["draws"] = (*draws).into(),
            Self::Flawed(Flaw::Draw { sequence }) | Self::CaseDiffers { sequence } => {
                members["sequence"] = (*sequence).into();
            }
            Self::Flawed(_) => {}
        }
        if let Some(reason) = self.reason() {
            members["reason"] = reason.into();
        }
        members.to_string()
    }
}
