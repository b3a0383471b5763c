//! One way for every command on a case: read the body, execute, answer.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use throughline_domain::case::{Case, CaseCommand, Intent, Moment};
use throughline_domain::ids::{CaseId, EventId, Position, Version};
use throughline_domain::time::{Occurred, Precision, to_microseconds};
use throughline_log::{AppendError, CommandMeta, ExecuteError, Plaintext, Remembered};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::sealed_words::{SealedWords, Words};
use crate::cases::terms;
use crate::freshness::POSITION_HEADER;
use crate::idempotency::{self, CommandKey, NotRecorded, Recalled};
use crate::preconditions::{IfMatch, etag};
use crate::problem::{self, Problem};
use crate::staff::{self, giving};

/// The ids in a command's path. A text that is no id names nothing, like an absent id.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the path's parameters")]
pub struct CasePath {
    case_id: String,
    /// The event that a follow-up is about, by whatever name the path has for it.
    #[serde(alias = "need_id", alias = "hold_id", alias = "proposal_id")]
    request_id: Option<String>,
    event_id: Option<String>,
}

impl CasePath {
    /// The case.
    ///
    /// # Errors
    /// [`problem::NOT_FOUND`] for a text that is no id.
    pub fn case_id(&self) -> Result<CaseId, Problem> {
        self.case_id.parse().map_err(|_| Problem::new(problem::NOT_FOUND))
    }

    /// The event: a fact to be corrected, or the request, need, hold or proposal to be followed
    /// up.
    ///
    /// # Errors
    /// [`problem::NOT_FOUND`] for a text that is no id.
    pub fn event_id(&self) -> Result<EventId, Problem> {
        let text = self.request_id.as_ref().or(self.event_id.as_ref());
        text.and_then(|text| text.parse().ok()).ok_or_else(|| Problem::new(problem::NOT_FOUND))
    }
}

/// When a body says its fact happened.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timing {
    /// When; the present, if not said.
    pub occurred_at: Option<Timestamp>,
    /// How exactly that is known.
    pub precision: Option<Precision>,
}

impl Timing {
    /// The time to record. A caller's clock may run ahead a little: a time within the forgiven
    /// skew becomes the present, so that no recorded fact lies in the future.
    #[must_use]
    pub fn occurred(self, now: Timestamp) -> Occurred {
        let at = to_microseconds(self.occurred_at.unwrap_or(now));
        let occurred = Occurred { at, precision: self.precision.unwrap_or_default() };
        if at > now && !occurred.is_after(now) {
            Occurred { at: now, ..occurred }
        } else {
            occurred
        }
    }
}

/// The body of a command on a case.
pub trait CommandBody: DeserializeOwned + 'static {
    /// Whether the command is a step of the lifecycle, which needs `If-Match`.
    const IS_STEP: bool = false;

    /// When the fact happened.
    fn timing(&self) -> Timing;
    /// Takes the words out, to be sealed.
    fn take_narrative(&mut self) -> Option<Words>;
    /// The organisation that the fact comes from.
    fn source_organisation(&self) -> Option<String> {
        None
    }
    /// What the caller wants. `about` is the event that a follow-up names.
    fn into_intent(self, about: Option<EventId>) -> Intent;
}

/// Writes a body's type with the members that every command has.
macro_rules! command_body {
    ($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(serde::Deserialize, utoipa::ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$attr])* pub $field: $type,)*
            /// When it happened: RFC 3339, up to now. Default: now.
            pub occurred_at: Option<jiff::Timestamp>,
            /// How exactly that is known. Default: instant.
            #[schema(schema_with = crate::schema::precision)]
            pub precision: Option<throughline_domain::time::Precision>,
            /// What happened, in words. Stored sealed.
            #[schema(value_type = Option<String>)]
            pub narrative: Option<crate::cases::sealed_words::Words>,
        }

        impl $name {
            fn common_timing(&self) -> crate::cases::command::Timing {
                crate::cases::command::Timing {
                    occurred_at: self.occurred_at,
                    precision: self.precision,
                }
            }
        }
    };
}
pub(crate) use command_body;

/// Writes the members of [`CommandBody`] that are the same for every body.
macro_rules! common_members {
    () => {
        fn timing(&self) -> crate::cases::command::Timing {
            self.common_timing()
        }

        fn take_narrative(&mut self) -> Option<crate::cases::sealed_words::Words> {
            self.narrative.take()
        }
    };
}
pub(crate) use common_members;

/// The answer to a command.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Recorded {
    /// The event that was recorded; also how a correction or follow-up names it.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// The case's version after it.
    #[schema(value_type = i32)]
    pub version: Version,
    /// Its place in the tenant's log.
    #[schema(value_type = i64)]
    pub position: Position,
}

/// What a command's answer holds that only its caller and the log know.
#[derive(Serialize, Deserialize)]
pub(crate) struct RecordedIds {
    pub(crate) event_id: EventId,
}

impl Recalled for Recorded {
    fn recall(remembered: &Remembered) -> serde_json::Result<Self> {
        let RecordedIds { event_id } = serde_json::from_str(&remembered.answer)?;
        let version = remembered.versions.first().copied().unwrap_or_default();
        Ok(Self { event_id, version, position: remembered.last })
    }
}

/// The path names the event that a follow-up is about; a nil id is no event's, and is refused as
/// unknown.
#[must_use]
pub fn named(about: Option<EventId>) -> EventId {
    about.unwrap_or(EventId(Uuid::nil()))
}

/// Records what the body says: the handler of every command on an existing case.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn record<B: CommandBody>(
    path: Path<CasePath>,
    caller: Caller,
    if_match: IfMatch,
    body: JsonBody<B>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let case_id = path.case_id()?;
    let about = path.request_id.is_some().then(|| path.event_id()).transpose()?;
    let JsonBody { value: mut body, key } = body;
    let occurred = body.timing().occurred(now());
    let plaintext = SealedWords::narrative(body.take_narrative()).into_plaintext()?;
    let meta = caller.command_meta(body.source_organisation());
    if B::IS_STEP && if_match == IfMatch::Absent {
        return Err(Problem::new(problem::PRECONDITION_REQUIRED));
    }
    let intent = body.into_intent(about);
    let command = Command { occurred, intent, plaintext, meta, key: key.clone() };
    let recording = Box::pin(execute(&app, &caller, case_id, &if_match, command));
    let recorded = idempotency::once(&app, &caller, key.as_ref(), recording).await?;
    Ok(answer(case_id, recorded))
}

/// A command on its way to the log.
#[derive(Clone)]
pub struct Command {
    /// When its fact happened.
    pub occurred: Occurred,
    /// What is wanted.
    pub intent: Intent,
    /// What is to be sealed beside the event.
    pub plaintext: Option<Plaintext>,
    /// Who, and in which trace.
    pub meta: CommandMeta,
    /// What it is known by when it comes again.
    pub key: Option<CommandKey>,
}

/// Executes a command on the version that `If-Match` names, if it names one.
///
/// # Errors
/// The refusal; [`problem::NOT_FOUND`] for a case that is absent, whatever `If-Match` says.
pub async fn execute(
    app: &App,
    caller: &Caller,
    case_id: CaseId,
    if_match: &IfMatch,
    command: Command,
) -> Result<Recorded, NotRecorded> {
    let expected: Vec<Option<Version>> = match if_match {
        IfMatch::Absent | IfMatch::Any => vec![None],
        IfMatch::Versions(versions) => versions.iter().copied().map(Some).collect(),
    };
    let mut outcome = Err(Problem::new(problem::STALE_VERSION).into());
    for expected in expected {
        outcome = execute_once(app, caller, case_id, expected, command.clone()).await;
        // Only a stale version may still match as another of the list.
        if !outcome.as_ref().is_err_and(NotRecorded::is_stale) {
            break;
        }
    }
    outcome
}

async fn execute_once(
    app: &App,
    caller: &Caller,
    case_id: CaseId,
    expected: Option<Version>,
    command: Command,
) -> Result<Recorded, NotRecorded> {
    let Command { occurred, intent, plaintext, mut meta, key } = command;
    let event_id = EventId(Uuid::now_v7());
    meta.idempotency = key.map(|key| key.remembering(&RecordedIds { event_id })).transpose()?;
    let moment = Moment { event_id, occurred, now: now() };
    let tenant = caller.tenant.tenant_no;
    let mut command = CaseCommand { moment, intent };
    for _ in 0..staff::ATTEMPTS_MAX {
        let settled = terms::settle(app, caller, case_id, expected, &mut command).await?;
        let condition = giving::condition(app, caller, case_id, expected, &command).await?;
        let rests_on = condition.as_ref().map(|condition| condition.stream);
        let (command, meta, words) = (command.clone(), meta.clone(), plaintext.clone());
        let id = case_id.0;
        let executing = app.log.execute_on::<Case>(
            tenant,
            id,
            settled.or(expected),
            command,
            meta,
            words,
            condition,
        );
        match executing.await {
            Ok(executed) => {
                let (version, position) = (executed.version, executed.position);
                return Ok(Recorded { event_id, version, position });
            }
            Err(ExecuteError::Stale { current: Version(0) }) => {
                return Err(Problem::new(problem::NOT_FOUND).into());
            }
            // The case has changed since it was held against its programme, and the caller did not
            // say on which version it was to be: it is held against it again.
            Err(ExecuteError::Stale { .. }) if settled.is_some() && expected.is_none() => {}
            // Whoever is given the case has changed: they are looked at again.
            Err(ExecuteError::Append(AppendError::Conflict { stream, .. }))
                if rests_on == Some(stream) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::new(problem::CONTENDED).into())
}

/// 201, with where the event is, the case's new version and the log's position.
#[must_use]
pub fn answer(case_id: CaseId, recorded: Recorded) -> HttpResponse {
    let Recorded { event_id, version, position } = recorded;
    HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/cases/{case_id}/events/{event_id}")))
        .insert_header(etag(version))
        .insert_header((POSITION_HEADER, position.to_string()))
        .json(recorded)
}

/// The present, in the resolution of the log.
#[must_use]
pub fn now() -> Timestamp {
    to_microseconds(Timestamp::now())
}
