//! Erasing a person: their keys are destroyed, and that is recorded.
//!
//! One transaction under the tenant's lock, so that no append is on its way: it reads the person
//! and their cases from the log, lets the domain decide, records `SubjectErased`, and destroys the
//! keys. Just before its commit the erasure is written into the [`ledger`]. If the commit is lost
//! then, the erasure is made at the next attempt, or when a database is next opened ([`replay`]).
//!
//! Nothing that was recorded changes: the chain goes over ciphertext, and folds read coded facts.

mod ledger;
mod replay;
mod subject;

use throughline_domain::case::Moment;
use throughline_domain::code_lists::ErasureBasis;
use throughline_domain::ids::{CaseId, EventId, PersonId, Position, Version};
use throughline_domain::person::{
    EraseSubject, PersonCommand, PersonError, PersonEvent, SubjectErased, aggregate,
};
use throughline_domain::time::{Occurred, to_microseconds};
use tracing::Instrument as _;

use self::ledger::Format;
pub use self::ledger::{ErasureLedger, LedgerError, LedgerLine};
pub use self::replay::ReplayedErasures;
use self::subject::Subject;
use crate::append::plan::Plan;
use crate::append::stream_reads::Wanted;
use crate::append::transaction::Opened;
use crate::append::{
    Append, AppendError, Appended, CommandMeta, NewEvent, Remembered, StreamWrite,
};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stored::StoredEvent;
use crate::tenant::{Tenant, TenantState};

pub(crate) use self::subject::READ_CASES;

/// A lost connection is worth one more attempt: the ledger keeps both the same erasure.
const TRIES_MAX: u32 = 2;

/// Who is to be erased, and why.
#[derive(Debug, Clone)]
pub struct Erasure {
    /// The id of the event to come.
    pub event_id: EventId,
    /// The person.
    pub person: PersonId,
    /// Why.
    pub basis: ErasureBasis,
    /// When.
    pub occurred: Occurred,
    /// Who erases.
    pub meta: CommandMeta,
}

/// A person who was erased, now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The event that records it.
    pub event_id: EventId,
    /// The person's version after it.
    pub version: Version,
    /// Its place in the tenant's log.
    pub position: Position,
    /// The person's cases at that time.
    pub cases: Vec<CaseId>,
    /// How many keys this call destroyed.
    pub keys_destroyed: i64,
    /// Whether the person had been erased before.
    pub repeated: bool,
}

/// Why a person was not erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// A rule refuses.
    #[error("a rule refuses the erasure")]
    Refused(#[source] PersonError),
    /// The tenant is still loading its history.
    #[error("the tenant is still loading its history")]
    Loading,
    /// A command of the same scope was recorded before ([`CommandMeta::idempotency`]).
    #[error("the command was recorded before")]
    Repeated(Box<Remembered>),
    /// More cases than anybody has.
    #[error("the person has more than {cases_max} cases")]
    TooManyCases {
        /// How many there may be.
        cases_max: usize,
    },
    /// The erasure cannot be written down, so it is not made.
    #[error("the erasure cannot be written down")]
    Ledger(#[from] LedgerError),
    /// The log failed. The erasure may be written down already: then it will be made.
    #[error("the log failed")]
    Log(#[from] LogError),
}

impl EventLog {
    /// Destroys the keys of a person and of their cases, and records it. Done before, it changes
    /// nothing and answers with the first erasure.
    ///
    /// Cancelling this future does not cancel the erasure.
    ///
    /// # Errors
    /// See [`EraseError`]. After [`EraseError::Log`] the person may be erased all the same, now or
    /// later; asking again tells.
    pub async fn erase_person(
        &self,
        ledger: &ErasureLedger,
        tenant: &Tenant,
        erasure: Erasure,
    ) -> Result<Erased, EraseError> {
        let span = tracing::info_span!(
            "log.erase",
            throughline.tenant_no = tenant.tenant_no.0,
            throughline.stream_id = %erasure.person,
        );
        let (log, ledger, tenant) = (self.clone(), ledger.clone(), tenant.clone());
        let erasing = async move {
            let mut tries = 1;
            loop {
                match log.try_erase(&ledger, &tenant, &erasure).await {
                    Err(EraseError::Log(error))
                        if tries < TRIES_MAX && log.database().was_lost(&error) =>
                    {
                        tries += 1;
                    }
                    outcome => return outcome,
                }
            }
        };
        let erasing = tokio::spawn(erasing.instrument(span)).await;
        erasing.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    async fn try_erase(
        &self,
        ledger: &ErasureLedger,
        tenant: &Tenant,
        erasure: &Erasure,
    ) -> Result<Erased, EraseError> {
        let person = erasure.person;
        let Some((opened, subject)) = self.open_subject(tenant, erasure).await? else {
            return Err(EraseError::Loading);
        };
        // Reading the ledger before anything is decided also finds out whether it is of any use.
        let noted = match ledger.find(&tenant.name, person).await {
            Ok(noted) => noted,
            Err(error) => return abandon(opened, error.into()).await,
        };
        let is_noted = noted.is_some();
        let line = noted.unwrap_or_else(|| to_note(tenant, &subject, erasure, &opened));
        let moment = Moment {
            event_id: line.event_id,
            occurred: line.occurred(),
            now: opened.now.timestamp().unwrap_or_default(),
        };
        let intent =
            EraseSubject(SubjectErased { cases: subject.cases.clone(), basis: line.basis }).into();
        let decided = aggregate::decide(&subject.person, PersonCommand { moment, intent });
        let event = match decided {
            Ok(event) => event,
            Err(refusal) => return abandon(opened, EraseError::Refused(refusal)).await,
        };
        let note = (!is_noted).then_some((ledger, line.clone()));
        match (event, &subject.erased) {
            (Some(event), _) => {
                let meta = meta_of(&line, erasure);
                self.record(tenant, opened, &subject, moment, event, meta, note).await
            }
            (None, Some(stored)) => {
                let stored = stored.clone();
                self.erased_before(tenant, opened, &subject, &stored, note).await
            }
            (None, None) => abandon(opened, LogError::Unreadable { column: "data" }.into()).await,
        }
    }

    /// The person as the log has them, under the tenant's lock. `None`: the tenant is loading.
    async fn open_subject(
        &self,
        tenant: &Tenant,
        Erasure { person, meta, .. }: &Erasure,
    ) -> Result<Option<(Opened, Subject)>, EraseError> {
        let mut wanted = Wanted::of([((*person).into(), [].as_slice())]);
        wanted.scopes.extend(meta.idempotency.iter().map(|key| key.scope));
        let opened = Opened::open(self.backend(), tenant.tenant_no, &wanted).await?;
        if opened.state == TenantState::Loading {
            opened.abandon().await?;
            return Ok(None);
        }
        match Subject::read(&opened, tenant.tenant_no, *person).await {
            Ok(subject) => Ok(Some((opened, subject))),
            Err(error) => abandon(opened, error).await,
        }
    }

    /// Records the erasure and destroys the keys; the note is made when nothing else can fail.
    #[expect(clippy::too_many_arguments, reason = "one step of one transaction")]
    async fn record(
        &self,
        tenant: &Tenant,
        mut opened: Opened,
        subject: &Subject,
        moment: Moment,
        event: PersonEvent,
        meta: CommandMeta,
        note: Option<(&ErasureLedger, LedgerLine)>,
    ) -> Result<Erased, EraseError> {
        let append = to_append(subject, moment, &event, meta)?;
        let now = opened.now;
        let mut plan = Plan::new(self.backend(), tenant.tenant_no, &mut opened)?;
        let appended = plan.place(&append, now).map_err(under_the_lock)?;
        opened.write(&plan).await?;
        let keys_destroyed = subject.destroy_keys(&opened, tenant.tenant_no).await?;
        if let Some((ledger, mut line)) = note {
            (line.erased_at, line.position) = (appended.recorded_at, appended.last);
            ledger.append(&line).await?;
        }
        opened.commit().await?;
        self.recorded(tenant, subject, &appended);
        Ok(Erased {
            event_id: moment.event_id,
            version: appended.versions.first().copied().unwrap_or_default(),
            position: appended.last,
            cases: subject.cases.clone(),
            keys_destroyed,
            repeated: false,
        })
    }

    /// Answers with the first erasure. Whatever key came back since is destroyed again, and a
    /// ledger that was lost gets its line again.
    async fn erased_before(
        &self,
        tenant: &Tenant,
        opened: Opened,
        subject: &Subject,
        stored: &StoredEvent,
        note: Option<(&ErasureLedger, LedgerLine)>,
    ) -> Result<Erased, EraseError> {
        let keys_destroyed = subject.destroy_keys(&opened, tenant.tenant_no).await?;
        let PersonEvent::SubjectErased(facts) =
            stored.to_person_event().map_err(LogError::from)?.event
        else {
            return abandon(opened, LogError::Unreadable { column: "type" }.into()).await;
        };
        if let Some((ledger, line)) = note {
            let line = LedgerLine {
                cases: facts.cases.clone(),
                event_id: stored.event_id,
                basis: facts.basis,
                occurred_at: stored.occurred.at,
                precision: stored.occurred.precision,
                erased_at: stored.recorded_at,
                position: stored.position,
                actor: stored.actor.clone(),
                actor_role: stored.actor_role.clone(),
                ..line
            };
            ledger.append(&line).await?;
        }
        opened.commit().await?;
        Ok(Erased {
            event_id: stored.event_id,
            version: stored.version,
            position: stored.position,
            cases: facts.cases,
            keys_destroyed,
            repeated: true,
        })
    }

    fn recorded(&self, tenant: &Tenant, subject: &Subject, appended: &Appended) {
        self.backend().metrics.events.inc();
        self.backend().announcer.reached(tenant.tenant_no, appended.last);
        self.aggregates().forget(tenant.tenant_no, subject.stream());
        for case in &subject.cases {
            self.aggregates().forget(tenant.tenant_no, (*case).into());
        }
    }
}

/// Ends a transaction that changed nothing, and says why.
async fn abandon<T>(opened: Opened, why: EraseError) -> Result<T, EraseError> {
    opened.abandon().await?;
    Err(why)
}

fn to_note(tenant: &Tenant, subject: &Subject, erasure: &Erasure, opened: &Opened) -> LedgerLine {
    LedgerLine {
        format: Format::One,
        tenant: tenant.name.clone(),
        tenant_no: tenant.tenant_no.0,
        person_id: erasure.person,
        cases: subject.cases.clone(),
        event_id: erasure.event_id,
        basis: erasure.basis,
        occurred_at: to_microseconds(erasure.occurred.at),
        precision: erasure.occurred.precision,
        erased_at: opened.now.timestamp().unwrap_or_default(),
        position: Position(opened.head.position + 1),
        actor: erasure.meta.actor.clone(),
        actor_role: erasure.meta.actor_role.clone(),
    }
}

/// The erasure is whose who wrote it down; the command and its trace are the present ones. A command
/// that carries out another one's note is not remembered: its answer is not the one it drew.
fn meta_of(line: &LedgerLine, erasure: &Erasure) -> CommandMeta {
    let mut meta = erasure.meta.clone();
    if line.event_id != erasure.event_id {
        meta.idempotency = None;
    }
    CommandMeta { actor: line.actor.clone(), actor_role: line.actor_role.clone(), ..meta }
}

fn to_append(
    subject: &Subject,
    moment: Moment,
    event: &PersonEvent,
    meta: CommandMeta,
) -> Result<Append, LogError> {
    let event_type = event.type_name();
    let data = event.to_data().map_err(|_| LogError::NoStoredForm { event_type })?;
    let event = NewEvent {
        event_id: moment.event_id,
        event_type,
        schema_version: event.schema_version(),
        occurred: moment.occurred,
        data,
        plaintext: None,
    };
    let write =
        StreamWrite { stream: subject.stream(), expected: subject.version, events: vec![event] };
    Ok(Append { meta, writes: vec![write] })
}

/// The lock keeps the stream where it was read, so nothing conflicts.
fn under_the_lock(error: AppendError) -> EraseError {
    match error {
        AppendError::Log(error) => error.into(),
        AppendError::Repeated(remembered) => EraseError::Repeated(remembered),
        AppendError::Conflict { .. }
        | AppendError::Loading
        | AppendError::Overloaded
        | AppendError::Unavailable(_) => LogError::Unreadable { column: "version" }.into(),
    }
}
