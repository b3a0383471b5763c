//! `throughline person`: `erase`, `hold` and `release`. See `ops/runbooks/erasure.md`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::Timestamp;
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CodeList, ErasureBasis, HoldReason};
use throughline_domain::ids::{EventId, PersonId};
use throughline_domain::person::{
    LegalHoldPlaced, LegalHoldReleased, Person, PersonCommand, PersonError, PersonIntent,
    PlaceLegalHold, ReleaseLegalHold,
};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::{
    CommandMeta, EraseError, Erased, Erasure, ExecuteError, Executed, LogError, Tenant, pool,
};
use uuid::Uuid;

use super::actor::{ROLE, actor};
use super::confirm::confirm;
use super::database::DatabaseArguments;
use super::with_log::{OpenLog, Sealed, with_log};

/// Exit codes for scripts: what a rule refuses, and whom nobody knows.
const REFUSED: u8 = 3;
const UNKNOWN: u8 = 4;

/// What `person` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct PersonArguments {
    #[command(subcommand)]
    pub(crate) command: PersonVerb,
}

/// What to do about a person.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum PersonVerb {
    /// Destroy the keys of a person and of their cases: what was written about them is gone.
    ///
    /// Exit code 3: a legal hold refuses. 4: there is no such tenant or person.
    Erase(EraseArguments),
    /// Place a legal hold: the person cannot be erased until it is released.
    Hold(HoldArguments),
    /// Release a legal hold.
    Release(ReleaseArguments),
}

/// Whom it is about, and who acts.
#[derive(Debug, clap::Args)]
pub(crate) struct SubjectArguments {
    /// Id of the person.
    #[arg(value_name = "PERSON_ID")]
    pub(crate) person: PersonId,

    /// Tenant that knows the person.
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Code,

    /// Who acts, as the log is to say. The name of the account, or `operator`, when absent.
    #[arg(long, value_name = "ACTOR")]
    pub(crate) actor: Option<Code>,

    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
}

/// What `person erase` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct EraseArguments {
    #[command(flatten)]
    pub(crate) subject: SubjectArguments,

    /// Why.
    #[arg(long, value_name = "CODE", value_parser = code_list::<ErasureBasis>())]
    pub(crate) basis: ErasureBasis,

    /// Do not ask. Needed where nobody can be asked.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// What `person hold` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct HoldArguments {
    #[command(flatten)]
    pub(crate) subject: SubjectArguments,

    /// Why.
    #[arg(long, value_name = "CODE", value_parser = code_list::<HoldReason>())]
    pub(crate) reason: HoldReason,

    /// What the hold goes by elsewhere, such as a court's number. Never a name: it is kept.
    #[arg(long, value_name = "CODE")]
    pub(crate) reference: Option<Code>,
}

/// What `person release` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct ReleaseArguments {
    #[command(flatten)]
    pub(crate) subject: SubjectArguments,

    /// Id of the hold, as `person hold` printed it.
    #[arg(value_name = "HOLD_ID")]
    pub(crate) hold: EventId,
}

fn code_list<L: CodeList + Send + Sync>() -> impl TypedValueParser<Value = L> {
    let codes = L::ALL.iter().map(|code| code.as_str());
    PossibleValuesParser::new(codes).try_map(|text| L::from_code(&text).ok_or(NotInList))
}

#[derive(Debug, thiserror::Error)]
#[error("is not in the list")]
struct NotInList;

/// What came of it: what to print, or why a rule refused.
enum Outcome {
    Done(String),
    Refused(PersonError),
    NoTenant,
}

/// Does what was asked about a person.
///
/// # Errors
/// When the log or the ledger fails, or nobody confirmed.
pub(crate) async fn run(arguments: PersonArguments) -> anyhow::Result<ExitCode> {
    let (outcome, person) = match arguments.command {
        PersonVerb::Erase(arguments) => {
            let EraseArguments { subject, basis, yes } = arguments;
            let SubjectArguments { person, tenant, .. } = &subject;
            let question = format!("Erase person {person} of tenant {tenant} for good?");
            confirm(&question, "nothing was erased", yes)?;
            (erase(&subject, basis).await?, subject.person)
        }
        PersonVerb::Hold(HoldArguments { subject, reason, reference }) => {
            let intent = PlaceLegalHold(LegalHoldPlaced { reason, reference }).into();
            (execute(&subject, intent, "hold", "placed").await?, subject.person)
        }
        PersonVerb::Release(ReleaseArguments { subject, hold }) => {
            let intent = ReleaseLegalHold(LegalHoldReleased { hold_id: hold }).into();
            (execute(&subject, intent, "event", "released").await?, subject.person)
        }
    };
    let code = match &outcome {
        Outcome::Done(said) => {
            println!("{said}");
            return Ok(ExitCode::SUCCESS);
        }
        Outcome::NoTenant => {
            eprintln!("throughline: there is no such tenant");
            UNKNOWN
        }
        Outcome::Refused(refusal) => {
            eprintln!("throughline: person {person}: {refusal}");
            match refusal {
                PersonError::NotRegistered | PersonError::UnknownHold { .. } => UNKNOWN,
                PersonError::AlreadyRegistered
                | PersonError::InFuture { .. }
                | PersonError::Erased
                | PersonError::LegalHold { .. }
                | PersonError::HoldReleased { .. } => REFUSED,
            }
        }
    };
    Ok(ExitCode::from(code))
}

async fn erase(subject: &SubjectArguments, basis: ErasureBasis) -> anyhow::Result<Outcome> {
    let outcome = with_log(&subject.database, Sealed::Handled, async |open: OpenLog| {
        let Some(tenant) = find(&open, subject).await? else {
            return Ok(Outcome::NoTenant);
        };
        let erasure = Erasure {
            event_id: EventId(Uuid::now_v7()),
            person: subject.person,
            basis,
            occurred: Occurred::at(to_microseconds(Timestamp::now())),
            meta: meta(subject),
        };
        let erased = open.log.erase_person(&open.erasures, &tenant, erasure).await;
        let erased = match erased {
            Ok(erased) => erased,
            Err(EraseError::Refused(refusal)) => return Ok(Outcome::Refused(refusal)),
            Err(error) => return Err(error.into()),
        };
        let vacuumed = vacuum(&open).await;
        Ok(Outcome::Done(describe(subject.person, &erased, vacuumed)))
    });
    outcome.await
}

fn describe(person: PersonId, erased: &Erased, vacuumed: bool) -> String {
    let when = if erased.repeated { "had been erased before" } else { "is erased" };
    let mut said = format!(
        "person {person} {when}: event {} at position {}; {} keys destroyed",
        erased.event_id, erased.position, erased.keys_destroyed
    );
    for case in &erased.cases {
        let _ = write!(said, "\ncase {case}");
    }
    if !vacuumed {
        said.push_str("\nthe dead rows are not gone yet: run VACUUM stream_key as the owner");
    }
    said
}

/// Lets the dead rows of the keys go at once, as far as this account may.
async fn vacuum(open: &OpenLog) -> bool {
    let work = async {
        let pool = pool(open.owner.clone(), 1)?;
        let client = pool.get().await?;
        let owner = "SELECT pg_has_role(session_user, relowner, 'USAGE') \
                     FROM pg_class WHERE oid = 'stream_key'::regclass";
        client.batch_execute("SET ROLE NONE").await?;
        let is_owner: bool = client.query_one(owner, &[]).await?.try_get(0)?;
        if is_owner {
            client.batch_execute("VACUUM stream_key").await?;
        }
        Ok::<bool, LogError>(is_owner)
    };
    work.await.unwrap_or(false)
}

async fn execute(
    subject: &SubjectArguments,
    intent: PersonIntent,
    what: &str,
    done: &str,
) -> anyhow::Result<Outcome> {
    with_log(&subject.database, Sealed::Handled, async |open: OpenLog| {
        let Some(tenant) = find(&open, subject).await? else {
            return Ok(Outcome::NoTenant);
        };
        let now = to_microseconds(Timestamp::now());
        let event_id = EventId(Uuid::now_v7());
        let moment = Moment { event_id, occurred: Occurred::at(now), now };
        let command = PersonCommand { moment, intent };
        let (tenant, id) = (tenant.tenant_no, subject.person.0);
        let executed = open.log.execute::<Person>(tenant, id, None, command, meta(subject), None);
        match executed.await {
            Ok(Executed { position, .. }) => {
                Ok(Outcome::Done(format!("{what} {event_id} {done} at position {position}")))
            }
            Err(ExecuteError::Refused(refusal)) => Ok(Outcome::Refused(refusal)),
            Err(error) => bail!(error),
        }
    })
    .await
}

async fn find(open: &OpenLog, subject: &SubjectArguments) -> anyhow::Result<Option<Tenant>> {
    Ok(open.log.find_tenant(subject.tenant.as_str()).await?)
}

fn meta(subject: &SubjectArguments) -> CommandMeta {
    let command_id = Uuid::now_v7();
    CommandMeta {
        actor: actor(subject.actor.as_ref()),
        actor_role: ROLE.to_owned(),
        source_organisation: None,
        command_id,
        correlation_id: command_id,
        causation_id: None,
        traceparent: None,
        idempotency: None,
    }
}
