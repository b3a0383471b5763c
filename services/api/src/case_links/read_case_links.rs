//! The links between cases, at two dates.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case_link::{CaseLink, Linking};
use throughline_domain::code_lists::{CodeList as _, LinkEndReason, LinkReason};
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::two_clocks::Asked;
use throughline_log::{StoredEvent, StreamHistory, StreamId, StreamKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::CaseLinkPath;
use crate::answering::respond;
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, Present};
use crate::page;
use crate::problem::{self, Problem};
use crate::query::{self, Query};
use crate::refusal;
use crate::schema::{code_list, reading};

/// How many bytes of facts are read at a time.
const PART_BYTES: usize = 4 << 20;

/// One page of links, by their id.
#[derive(Serialize, ToSchema)]
pub struct CaseLinksAnswer {
    /// The links, those that have ended among them.
    links: Vec<LinkAnswer>,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// Continues the list; absent on its last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One link.
#[derive(Serialize, ToSchema)]
pub struct CaseLinkAnswer {
    /// The link.
    #[serde(flatten)]
    link: LinkAnswer,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
}

/// Two cases, and when they were linked.
#[derive(Serialize, ToSchema)]
pub struct LinkAnswer {
    /// The link: the same for the same two cases.
    link_id: Uuid,
    /// The two cases.
    #[schema(min_items = 2, max_items = 2)]
    cases: Vec<Uuid>,
    /// Whether they are linked at those dates.
    linked: bool,
    /// The times in which they were linked, in their order.
    linkings: Vec<LinkingAnswer>,
}

/// A time in which two cases were linked.
#[derive(Serialize, ToSchema)]
pub struct LinkingAnswer {
    /// Why.
    #[schema(schema_with = code_list::<LinkReason>)]
    reason: &'static str,
    /// Since when.
    linked_at: Timestamp,
    /// Until when; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// Why it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = code_list::<LinkEndReason>)]
    end_reason: Option<&'static str>,
}

/// The links between cases, or those of one case.
///
/// # Errors
/// [`problem::INVALID`] for a page that cannot be.
pub async fn read_case_links(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["case_id", AS_OF, KNOWN_AT, READING, "limit", "cursor"])?;
    let dates = Dates::read(&query, now())?;
    let case: Option<CaseId> = query
        .text("case_id")
        .map(|text| text.parse().map_err(|_| query::invalid("case_id", "is not an id")))
        .transpose()?;
    let tenant = caller.tenant.tenant_no;
    let of_case = case.map(|case| case.to_string()).unwrap_or_default();
    let topic = format!("case links {tenant} {of_case} {}", dates.topic());
    let after: Option<Uuid> =
        query.text("cursor").map(|cursor| app.cursors.open(&topic, cursor)).transpose()?;
    let limit = query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?;
    let (settled, asked) = freshness::reach_log(&app, &request, tenant, &dates).await?;
    let position = settled.position;

    let mut streams = streams(&app, &caller, case, after, limit + 1).await?;
    let has_more = streams.len() > limit;
    streams.truncate(limit);
    let last = streams.last().filter(|_| has_more).map(|last| last.id);
    let next = last.map(|last| app.cursors.seal(&topic, &last)).transpose()?;
    let mut response = respond(&Present { position, asked, stale_cases: 0 });
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(&request, cursor));
    }
    Ok(response.json(CaseLinksAnswer {
        links: links(&app, &caller, streams, position, &asked).await?,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        next,
    }))
}

/// One link.
///
/// # Errors
/// [`problem::NOT_FOUND`] where there is none, or none was in view at those dates.
pub async fn read_case_link(
    request: HttpRequest,
    path: Path<CaseLinkPath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &[AS_OF, KNOWN_AT, READING])?;
    let dates = Dates::read(&query, now())?;
    let stream = StreamId { kind: StreamKind::CaseLink, id: path.link_id()? };
    let tenant = caller.tenant.tenant_no;
    let (settled, asked) = freshness::reach_log(&app, &request, tenant, &dates).await?;
    let position = settled.position;
    let read = links(&app, &caller, vec![stream], position, &asked).await?;
    let link = read.into_iter().next().ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
    Ok(respond(&Present { position, asked, stale_cases: 0 }).json(CaseLinkAnswer {
        link,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
    }))
}

/// The links that come after one, by their id.
async fn streams(
    app: &App,
    caller: &Caller,
    case: Option<CaseId>,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<StreamId>, Problem> {
    let tenant = caller.tenant.tenant_no;
    let Some(case) = case else {
        return Ok(app.log.list_links(tenant, after.unwrap_or(Uuid::nil()), limit).await?);
    };
    let mut links = app.log.links_of(tenant, &[case]).await?;
    links.retain(|link| after.is_none_or(|after| link.id > after));
    links.truncate(limit);
    Ok(links)
}

/// What these links are at two dates, in their order; none that was not in view.
async fn links(
    app: &App,
    caller: &Caller,
    mut wanted: Vec<StreamId>,
    upto: Position,
    asked: &Asked,
) -> Result<Vec<LinkAnswer>, Problem> {
    let mut links = Vec::with_capacity(wanted.len());
    while !wanted.is_empty() {
        let tenant = caller.tenant.tenant_no;
        let part = app.log.read_streams(tenant, &wanted, upto, PART_BYTES).await?;
        for history in part.histories.iter().filter(|h| h.stream.kind == StreamKind::CaseLink) {
            links.extend(LinkAnswer::of(history, asked)?);
        }
        // Each part has one stream at least, or leaves none.
        wanted = part.left;
    }
    links.sort_by_key(|link| link.link_id);
    Ok(links)
}

impl LinkAnswer {
    fn of(history: &StreamHistory, asked: &Asked) -> Result<Option<Self>, Problem> {
        let events = history.events.iter().map(StoredEvent::to_case_link_event);
        let events = events.collect::<Result<Vec<_>, _>>();
        let link = CaseLink::at(&events.map_err(|error| refusal::internal(&error))?, asked);
        let is_linked = link.present().is_some();
        Ok(link.cases.map(|pair| Self {
            link_id: history.stream.id,
            cases: pair.both().iter().map(|case| case.0).collect(),
            linked: is_linked,
            linkings: link.linkings.iter().map(LinkingAnswer::of).collect(),
        }))
    }
}

impl LinkingAnswer {
    fn of(linking: &Linking) -> Self {
        Self {
            reason: linking.reason.as_str(),
            linked_at: linking.linked_at,
            ended_at: linking.ended.map(|(at, _)| at),
            end_reason: linking.ended.map(|(_, reason)| reason.as_str()),
        }
    }
}
