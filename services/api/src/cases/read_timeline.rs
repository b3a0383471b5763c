//! What happened in a case, at two dates: as the engagement timeline holds it for the present, and
//! folded from the log for any other dates.

use std::collections::HashMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::ids::{EventId, Position};
use throughline_domain::two_clocks::{Asked, Reading};
use throughline_log::StoredEvent;
use throughline_projections::Projection;
use throughline_projections::engagement_timeline::{
    self, Question, Timeline, TimelineEntry, TimelineKey,
};

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::{CasePath, now};
use crate::cases::history::{self, History};
use crate::cases::opened_words;
use crate::cases::timeline_answer::{EntryAnswer, PeriodAnswer, TimelineAnswer};
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, POSITION_HEADER, Present};
use crate::page;
use crate::preconditions::etag;
use crate::problem::{self, Problem};
use crate::query::Query;
use crate::refusal;

/// Where a page ended.
#[derive(Serialize, Deserialize)]
struct Place {
    occurred_at: Timestamp,
    position: Position,
}

/// Reads a case's timeline.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is no case, or nothing was in view at those dates.
pub async fn read_timeline(
    request: HttpRequest,
    path: Path<CasePath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &[AS_OF, KNOWN_AT, READING, "limit", "cursor"])?;
    let dates = Dates::read(&query, now())?;
    let case_id = path.case_id()?;
    let tenant = caller.tenant.tenant_no;
    let topic = format!("timeline {} {case_id} {}", tenant.0, dates.topic());
    let after = query.text("cursor").map(|c| app.cursors.open::<Place>(&topic, c)).transpose()?;
    let question = Question {
        case_id,
        as_of: now(),
        after: after.map(|p| TimelineKey { occurred_at: p.occurred_at, position: p.position }),
        limit: query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?,
    };

    let Answered { history, timeline, asked, position, stale } = if dates.are_present() {
        present(&app, &request, &caller, question).await?
    } else {
        past(&app, &request, &caller, &dates, question).await?
    };
    if timeline.entries.is_empty() && question.after.is_none() && !stale {
        return Err(Problem::new(problem::NOT_FOUND));
    }
    let last = timeline.entries.last().filter(|_| timeline.more).map(TimelineEntry::key);
    let place = last.map(|key| Place { occurred_at: key.occurred_at, position: key.position });
    let next = place.map(|place| app.cursors.seal(&topic, &place)).transpose()?;
    let mut response = HttpResponse::Ok();
    response.insert_header((POSITION_HEADER, position.to_string()));
    response.insert_header(etag(history.version_at(asked.known_at)));
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(&request, cursor));
    }
    if let Some(header) = freshness::stale_header(stale) {
        response.insert_header(header);
    }
    Ok(response.json(TimelineAnswer {
        case_id: case_id.0,
        entries: with_words(&app, &caller, &history, asked.reading, timeline.entries).await?,
        periods: timeline.periods.into_iter().map(PeriodAnswer::from).collect(),
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale,
        next,
    }))
}

/// What an answer is made of.
struct Answered {
    history: History,
    timeline: Timeline,
    asked: Asked,
    position: Position,
    /// Whether the case could not be followed, or read, to its last event.
    stale: bool,
}

async fn present(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    question: Question,
) -> Result<Answered, Problem> {
    let tenant = caller.tenant.tenant_no;
    let projection = Projection::EngagementTimeline;
    let ((timeline, is_parked), present) =
        freshness::read_present(app, request, tenant, projection, async |client, place, as_of| {
            let case = [question.case_id];
            let parked = throughline_projector::stale_among(client, projection, place, &case);
            let (question, parked) = (Question { as_of, ..question }, parked.await?);
            Ok((engagement_timeline::read(client, place, question).await?, !parked.is_empty()))
        })
        .await?;
    // After the projection, so that the words of its latest entry are there.
    let history = history::read(app, caller, question.case_id).await?;
    let Present { position, asked, .. } = present;
    let stale = is_parked || history.is_stale_at(asked.known_at);
    if timeline.entries.is_empty() && question.after.is_none() && !stale {
        // The log has the case: it is not absent, but newer than what is projected.
        return Err(freshness::not_yet());
    }
    Ok(Answered { history, timeline, asked, position, stale })
}

async fn past(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    dates: &Dates,
    question: Question,
) -> Result<Answered, Problem> {
    let (_, asked) = freshness::reach_log(app, request, caller.tenant.tenant_no, dates).await?;
    let history = history::read(app, caller, question.case_id).await?;
    let question = Question { as_of: asked.as_of, ..question };
    let timeline = engagement_timeline::answer(&history.events, &asked, question)
        .map_err(|error| refusal::internal(&error))?;
    let position = history.position_at(asked.known_at);
    let stale = history.is_stale_at(asked.known_at);
    Ok(Answered { history, timeline, asked, position, stale })
}

async fn with_words(
    app: &App,
    caller: &Caller,
    history: &History,
    reading: Reading,
    entries: Vec<TimelineEntry>,
) -> Result<Vec<EntryAnswer>, Problem> {
    let stored: HashMap<EventId, &StoredEvent> =
        history.stored.iter().map(|event| (event.event_id, event)).collect();
    let mut answers = Vec::with_capacity(entries.len());
    for entry in entries {
        let words = opened_words::of_entry(app, caller, &stored, &entry, reading).await?;
        answers.push(EntryAnswer::new(entry, words)?);
    }
    Ok(answers)
}
