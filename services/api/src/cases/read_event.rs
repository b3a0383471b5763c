//! One event of a case, as it was recorded: where a command's `Location` leads.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use jiff::Timestamp;
use throughline_domain::two_clocks::{Asked, Reading};
use throughline_projections::engagement_timeline;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::CasePath;
use crate::cases::timeline_answer::EntryAnswer;
use crate::cases::{history, opened_words};
use crate::problem::Problem;
use crate::refusal;

/// Reads an event.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`] when the case has no such event.
pub async fn read_event(
    path: Path<CasePath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (case_id, event_id) = (path.case_id()?, path.event_id()?);
    let history = history::read(&app, &caller, case_id).await?;
    let asked = Asked { reading: Reading::Recorded, ..Asked::LATEST };
    let entries = engagement_timeline::entries(&history.events, &asked)
        .map_err(|error| refusal::internal(&error))?;
    let entry = entries
        .into_iter()
        .find(|entry| entry.event_id == event_id)
        .ok_or_else(|| history.absent_at(Timestamp::MAX))?;
    let stored: HashMap<_, _> =
        history.stored.iter().map(|event| (event.event_id, event)).collect();
    let words = opened_words::of_entry(&app, &caller, &stored, &entry, Reading::Recorded).await?;
    Ok(HttpResponse::Ok().json(EntryAnswer::new(entry, words)?))
}
