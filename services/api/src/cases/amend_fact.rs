//! Correcting and retracting facts.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde::Deserialize;
use serde_json::{Map, Value};
use throughline_domain::case::amend_fact::{
    CorrectFact, FactCorrected, FactRetracted, RetractFact,
};
use throughline_domain::case::{CaseEvent, Intent};
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::time::Occurred;
use throughline_domain::two_clocks::{self, Asked, Entry};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::cases::command::{self, CasePath, Command, Recorded, Timing, answer, now};
use crate::cases::history::{self, History};
use crate::cases::opened_words;
use crate::cases::referral_definition;
use crate::cases::replacement::{self, Replacement};
use crate::cases::returns;
use crate::cases::sealed_words::{SealedWords, Words};
use crate::cases::terms;
use crate::idempotency::{self, CommandKey, NotRecorded};
use crate::preconditions::IfMatch;
use crate::problem::{self, FieldError, Problem};

/// How often a correction is built anew because the case changed under it.
const ATTEMPTS_MAX: u32 = 5;

/// A correction.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionBody {
    /// Why, in words. Stored sealed.
    #[schema(value_type = String)]
    pub reason: Words,
    /// The members to replace, as in the body that recorded the fact (JSON Merge Patch, RFC 7396):
    /// a member given replaces, `null` removes, a member left out stays.
    #[schema(value_type = Object)]
    pub replacement: Map<String, Value>,
    /// When the correction was made: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<jiff::Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<throughline_domain::time::Precision>,
}

/// A retraction.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetractionBody {
    /// Why, in words. Stored sealed.
    #[schema(value_type = String)]
    pub reason: Words,
    /// When the retraction was made: RFC 3339, up to now. Default: now.
    pub occurred_at: Option<jiff::Timestamp>,
    /// How exactly that is known. Default: instant.
    #[schema(schema_with = crate::schema::precision)]
    pub precision: Option<throughline_domain::time::Precision>,
}

/// Corrects a fact: its facts, its time, its words, or all of them.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn correct_fact(
    path: Path<CasePath>,
    caller: Caller,
    if_match: IfMatch,
    body: JsonBody<CorrectionBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (case_id, event_id) = (path.case_id()?, path.event_id()?);
    let JsonBody { value: body, key } = body;
    let correcting =
        Box::pin(correct(&app, &caller, (case_id, event_id), &if_match, body, key.as_ref()));
    let recorded = idempotency::once(&app, &caller, key.as_ref(), correcting).await?;
    Ok(answer(case_id, recorded))
}

async fn correct(
    app: &App,
    caller: &Caller,
    (case_id, event_id): (CaseId, EventId),
    if_match: &IfMatch,
    body: CorrectionBody,
    key: Option<&CommandKey>,
) -> Result<Recorded, NotRecorded> {
    let CorrectionBody { reason, replacement: changes, occurred_at, precision } = body;
    let occurred = Timing { occurred_at, precision }.occurred(now());
    if occurred.is_after(now()) {
        // Here, since further down a time in the future is the replacement's.
        let error = FieldError::at("/occurred_at", problem::IN_FUTURE.title);
        return Err(Problem::new(problem::IN_FUTURE).with(error).into());
    }
    for _ in 0..ATTEMPTS_MAX {
        let history = history::read(app, caller, case_id).await?.whole()?;
        let entries = two_clocks::entries(&history.events, &Asked::LATEST);
        let amends =
            history.events.iter().any(|e| e.event_id == event_id && e.event.amends().is_some());
        let Some(entry) = entries.iter().find(|e| e.recorded.event_id == event_id) else {
            let kind = if amends { problem::NOT_A_FACT } else { problem::NOT_FOUND };
            return Err(Problem::new(kind).into());
        };
        let Replacement { mut event, occurred: corrected, narrative } =
            replacement::build(entry.event, entry.occurred, changes.clone())
                .map_err(|problem| problem.below("/replacement"))?;
        if matches!(event, CaseEvent::ReferralReceived(_)) {
            let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
            let (was, is) = ((entry.event, entry.occurred), (&mut event, corrected));
            referral_definition::settle_again(&programmes, was, is)
                .map_err(|problem| problem.below("/replacement"))?;
            may_return(app, caller, case_id, (entry.event, (&event, corrected)))
                .await
                .map_err(|problem| problem.below("/replacement"))?;
        }
        terms::settle_correction(app, caller, &history, entry, &event)
            .await
            .map_err(|problem| problem.below("/replacement"))?;
        let narrative = match narrative {
            Some(narrative) => Some(narrative),
            None if changes.contains_key("narrative") => None,
            None => present_narrative(app, caller, &history, entry).await?,
        };
        let words = SealedWords { narrative, reason: Some(reason.clone()) };
        let version = history.events.last().map(|event| event.version).unwrap_or_default();
        // The replacement rests on the version that was read, so it is recorded on that or not at
        // all; a caller without `If-Match` has it built anew.
        if_match.optional(version)?;
        let intent = correction(event_id, corrected, event);
        let meta = caller.command_meta(None);
        let plaintext = words.into_plaintext()?;
        let command = Command { occurred, intent, plaintext, meta, key: key.cloned() };
        let insist = IfMatch::Versions(vec![version]);
        let outcome = command::execute(app, caller, case_id, &insist, command).await;
        if !outcome.as_ref().is_err_and(NotRecorded::is_stale) {
            let renamed =
                |problem: Problem| problem.renaming("/occurred_at", "/replacement/occurred_at");
            return outcome.map_err(|error| error.map_refusal(renamed));
        }
    }
    Err(Problem::new(problem::CONTENDED).into())
}

/// Whether a referral, as corrected, may come back to the case that it names; one that it named
/// before is nobody's business here.
async fn may_return(
    app: &App,
    caller: &Caller,
    case_id: CaseId,
    (was, (is, received)): (&CaseEvent, (&CaseEvent, Occurred)),
) -> Result<(), Problem> {
    let (CaseEvent::ReferralReceived(was), CaseEvent::ReferralReceived(is)) = (was, is) else {
        return Ok(());
    };
    match is.returns_from {
        Some(earlier) if is.returns_from != was.returns_from => {
            if earlier == case_id {
                return Err(returns::unknown_case());
            }
            returns::may_return(app, caller, earlier, is.person_id, received).await.map(|_| ())
        }
        Some(_) | None => Ok(()),
    }
}

/// The words of a fact as it now stands: a correction holds them whole, like the facts.
async fn present_narrative(
    app: &App,
    caller: &Caller,
    history: &History,
    entry: &Entry<'_>,
) -> Result<Option<Words>, Problem> {
    let says = entry.corrected_by.unwrap_or(entry.recorded.event_id);
    match history.stored.iter().find(|event| event.event_id == says) {
        Some(event) => Ok(opened_words::open(app, caller, event).await?.narrative),
        None => Ok(None),
    }
}

fn correction(corrects: EventId, occurred: Occurred, event: CaseEvent) -> Intent {
    CorrectFact(FactCorrected { corrects, occurred, replacement: Box::new(event) }).into()
}

/// Takes a fact back.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn retract_fact(
    path: Path<CasePath>,
    caller: Caller,
    if_match: IfMatch,
    body: JsonBody<RetractionBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (case_id, retracts) = (path.case_id()?, path.event_id()?);
    let JsonBody { value: RetractionBody { reason, occurred_at, precision }, key } = body;
    let words = SealedWords { narrative: None, reason: Some(reason) };
    let command = Command {
        occurred: Timing { occurred_at, precision }.occurred(now()),
        intent: RetractFact(FactRetracted { retracts }).into(),
        plaintext: words.into_plaintext()?,
        meta: caller.command_meta(None),
        key: key.clone(),
    };
    let retracting = Box::pin(command::execute(&app, &caller, case_id, &if_match, command));
    let recorded = idempotency::once(&app, &caller, key.as_ref(), retracting).await?;
    Ok(answer(case_id, recorded))
}
