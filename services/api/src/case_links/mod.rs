//! Links between cases over HTTP: for those who may know of both sides. Nobody else learns from here
//! whether there is a link: to them every one of these operations is forbidden, whatever it names.

pub mod end_case_link;
pub mod link_cases;
pub mod read_case_links;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use serde::{Deserialize, Serialize};
use throughline_domain::ids::{EventId, Position};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cases::command::Recorded;
use crate::freshness::POSITION_HEADER;
use crate::problem::{self, Problem};

/// The id in a path. A text that is no id names nothing, like an absent id.
#[derive(Debug, Clone, Deserialize)]
pub struct CaseLinkPath {
    link_id: String,
}

impl CaseLinkPath {
    /// The link.
    ///
    /// # Errors
    /// [`problem::NOT_FOUND`] for a text that is no id.
    pub fn link_id(&self) -> Result<Uuid, Problem> {
        self.link_id.parse().map_err(|_| Problem::new(problem::NOT_FOUND))
    }
}

/// The answer to a change of a link.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct LinkRecorded {
    /// The link: the same for the same two cases.
    link_id: Uuid,
    /// The event that was recorded.
    #[schema(value_type = Uuid)]
    event_id: EventId,
    /// Its place in the tenant's log.
    #[schema(value_type = i64)]
    position: Position,
}

/// 201, with where the link is and the log's position.
fn answer(link_id: Uuid, recorded: Recorded) -> HttpResponse {
    let Recorded { event_id, position, .. } = recorded;
    HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/case-links/{link_id}")))
        .insert_header((POSITION_HEADER, position.to_string()))
        .json(LinkRecorded { link_id, event_id, position })
}
