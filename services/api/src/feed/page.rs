//! The feed in pages: for those who come when it suits them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use throughline_domain::ids::Position;
use utoipa::ToSchema;

use super::envelope::Envelope;
use super::question::{Kinds, after, require_within};
use super::read::{FeedError, READ_POSITIONS_MAX, read_after};
use crate::app::App;
use crate::caller::Caller;
use crate::freshness::{self, POSITION_HEADER};
use crate::problem::Problem;
use crate::query::Query;

/// The most positions looked at for one page, and the most bytes of events in it.
const LOOKED_AT_MAX: i64 = 10_000;
const PAGE_BYTES_MAX: usize = 4 << 20;

/// A page of the feed.
#[derive(Serialize, ToSchema)]
pub struct EventsAnswer {
    /// What happened, in the order of recording.
    #[schema(value_type = Vec<Envelope>)]
    pub events: Vec<Box<RawValue>>,
    /// The position up to which this is all: the next page's `after`.
    pub next_after: i64,
    /// The log's last position. When `next_after` is the same, there is no more yet.
    pub head: i64,
}

/// Reads a page of the feed.
///
/// # Errors
/// The problem that the caller is answered with.
pub async fn read_events(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &["after", "limit", "type"])?;
    let kinds = Kinds::read(&query)?;
    let limit = query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?;
    let begin = after(&query)?.unwrap_or_default();
    let tenant = caller.tenant.tenant_no;
    let head = freshness::reach_head(&app, &request, tenant).await?;
    require_within("after", begin, head)?;

    let mut page = Page { events: Vec::new(), bytes: 0, end: begin };
    let last = Position(head.0.min(begin.0 + LOOKED_AT_MAX));
    'looking: while page.end < last {
        let entries =
            read_after(&app.log, tenant, page.end, READ_POSITIONS_MAX, usize::MAX).await?;
        if entries.is_empty() {
            return Err(FeedError::Gap { expected: Position(page.end.0 + 1) }.into());
        }
        for entry in entries {
            if page.events.len() >= limit || page.bytes >= PAGE_BYTES_MAX || entry.position > last {
                break 'looking;
            }
            page.end = entry.position;
            if let Some(told) = entry.event.filter(|told| kinds.has(told.kind)) {
                page.bytes += told.json.len();
                page.events.push(told.json);
            }
        }
    }
    page.answer(head)
}

struct Page {
    events: Vec<actix_web::web::Bytes>,
    bytes: usize,
    end: Position,
}

impl Page {
    fn answer(self, head: Position) -> Result<HttpResponse, Problem> {
        let events = self.events.iter().map(|json| serde_json::from_slice(json));
        let events = events.collect::<Result<_, _>>().map_err(FeedError::from)?;
        let answer = EventsAnswer { events, next_after: self.end.0, head: head.0 };
        let position = (POSITION_HEADER, self.end.to_string());
        Ok(HttpResponse::Ok().insert_header(position).json(answer))
    }
}
