//! Contacts that were made although something spoke against them, for the manager who looks at each.

use std::collections::HashSet;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code_lists::{CodeList as _, ContactChannel, ContactOverrideReason};
use throughline_domain::ids::CaseId;
use throughline_projections::Projection;
use throughline_projections::contact_override::{
    self, Answer, OverrideKey, OverrideRow, Page, Question,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, POSITION_HEADER, Present};
use crate::page;
use crate::problem::Problem;
use crate::query::Query;
use crate::replay;
use crate::schema::{code_list, objection, precision, reading};

/// One page of contacts that were made all the same, the newest first.
#[derive(Serialize, ToSchema)]
pub struct ContactOverridesAnswer {
    /// The contacts.
    overrides: Vec<ContactOverride>,
    /// Made then or later.
    from: Option<Timestamp>,
    /// Made before then.
    to: Option<Timestamp>,
    /// The date in force: made by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// How many of the tenant's cases could not be followed to their last event: what is said of
    /// them is stale, and any of them may belong here. Absent where there is none.
    #[serde(skip_serializing_if = "freshness::is_none")]
    stale_cases: u64,
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A contact that was made although something spoke against it.
#[derive(Serialize, ToSchema)]
pub struct ContactOverride {
    /// The case.
    case_id: Uuid,
    /// The attempt: the event that recorded it.
    event_id: Uuid,
    /// The case's programme.
    programme: String,
    /// The worker who had the case then.
    worker: Option<String>,
    /// When it was made.
    occurred_at: Timestamp,
    /// How exactly that is known.
    #[schema(schema_with = precision)]
    precision: &'static str,
    /// On which channel.
    #[schema(schema_with = code_list::<ContactChannel>)]
    channel: &'static str,
    /// Why it was made all the same.
    #[schema(schema_with = code_list::<ContactOverrideReason>)]
    override_reason: &'static str,
    /// What spoke against it: the `plan` for safe contact, or a `hold`. Absent where nothing does any
    /// more, after a correction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = objection)]
    objection: Option<&'static str>,
    /// The plan or hold, by the event that set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    objection_id: Option<Uuid>,
    /// Present, and true, when the case could not be followed to its last event.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

/// The contacts that were made although something spoke against them.
///
/// # Errors
/// [`crate::problem::INVALID`] for a window or a page that cannot be.
pub async fn read_contact_overrides(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known = ["from", "to", AS_OF, KNOWN_AT, READING, "limit", "cursor"];
    let query = Query::read(&request, &known)?;
    let dates = Dates::read(&query, now())?;
    let (from, to) = query.window()?;
    let topic = topic(&caller, from, to, &dates);
    let question = Question {
        from,
        to,
        after: query
            .text("cursor")
            .map(|c| app.cursors.open::<OverrideKey>(&topic, c))
            .transpose()?,
        limit: query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?,
    };
    let (page, stale, Present { position, asked, stale_cases }) = if dates.are_present() {
        present(&app, &request, &caller, question).await?
    } else {
        past(&app, &request, &caller, question, &dates).await?
    };

    let last = page.rows.last().filter(|_| page.more).map(OverrideRow::key);
    let next = last.map(|key| app.cursors.seal(&topic, &key)).transpose()?;
    let mut response = HttpResponse::Ok();
    response.insert_header((POSITION_HEADER, position.to_string()));
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(&request, cursor));
    }
    if let Some(header) = freshness::stale_header(stale_cases > 0) {
        response.insert_header(header);
    }
    Ok(response.json(ContactOverridesAnswer {
        overrides: page.rows.into_iter().map(|row| shown(&row, &stale)).collect(),
        from,
        to,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases,
        next,
    }))
}

/// The question that a cursor belongs to.
fn topic(caller: &Caller, from: Option<Timestamp>, to: Option<Timestamp>, dates: &Dates) -> String {
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let tenant = caller.tenant.tenant_no.0;
    format!("contact overrides {tenant} {} {} {}", text(from), text(to), dates.topic())
}

async fn present(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    question: Question,
) -> Result<(Page, HashSet<CaseId>, Present), Problem> {
    let tenant = caller.tenant.tenant_no;
    let projection = Projection::ContactOverride;
    let ((page, stale), present) =
        freshness::read_present(app, request, tenant, projection, async |client, place, _| {
            let page = contact_override::read(client, place, question).await?;
            let cases: Vec<CaseId> = page.rows.iter().map(|row| row.case_id).collect();
            let stale = throughline_projector::stale_among(client, projection, place, &cases);
            Ok((page, stale.await?))
        })
        .await?;
    Ok((page, stale, present))
}

async fn past(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    question: Question,
    dates: &Dates,
) -> Result<(Page, HashSet<CaseId>, Present), Problem> {
    let tenant = caller.tenant.tenant_no;
    let (settled, asked) = freshness::reach_log(app, request, tenant, dates).await?;
    let mut answer = Answer::new(question);
    let position = settled.position;
    let unreadable = replay::every_case(
        app,
        caller,
        Projection::ContactOverride,
        position,
        |case_id, history, _| {
            for row in contact_override::overrides(case_id, history, &asked) {
                answer.take(row);
            }
        },
    )
    .await?;
    let stale = unreadable.known_at(asked.known_at);
    let stale_cases = stale.len() as u64;
    Ok((answer.finish(), stale, Present { position, asked, stale_cases }))
}

fn shown(row: &OverrideRow, stale: &HashSet<CaseId>) -> ContactOverride {
    let objection = row.objection.map(contact_override::parts);
    ContactOverride {
        case_id: row.case_id.0,
        event_id: row.event_id.0,
        programme: row.programme.to_string(),
        worker: row.worker.as_ref().map(ToString::to_string),
        occurred_at: row.occurred.at,
        precision: row.occurred.precision.as_str(),
        channel: row.channel.as_str(),
        override_reason: row.reason.as_str(),
        objection: objection.map(|(kind, _)| kind),
        objection_id: objection.map(|(_, event_id)| event_id.0),
        stale: stale.contains(&row.case_id),
    }
}
