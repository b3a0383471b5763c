//! Persons over HTTP: legal holds and erasure. There is no reading of persons here: whoever may
//! know who somebody is reads it elsewhere.

pub mod erase_subject;
pub mod legal_hold;

use actix_web::HttpResponse;
use serde::Deserialize;
use throughline_domain::ids::{EventId, PersonId};

use crate::cases::command::Recorded;
use crate::freshness::POSITION_HEADER;
use crate::problem::{self, Problem};

/// The ids in a path. A text that is no id names nothing, like an absent id.
#[derive(Debug, Clone, Deserialize)]
pub struct PersonPath {
    person_id: String,
    hold_id: Option<String>,
}

impl PersonPath {
    /// The person.
    ///
    /// # Errors
    /// [`problem::NOT_FOUND`] for a text that is no id.
    pub fn person_id(&self) -> Result<PersonId, Problem> {
        self.person_id.parse().map_err(|_| Problem::new(problem::NOT_FOUND))
    }

    /// The legal hold.
    ///
    /// # Errors
    /// [`problem::NOT_FOUND`] for a text that is no id.
    pub fn hold_id(&self) -> Result<EventId, Problem> {
        let hold = self.hold_id.as_ref().and_then(|text| text.parse().ok());
        hold.ok_or_else(|| Problem::new(problem::NOT_FOUND))
    }
}

/// 201, with the person's version and the log's position.
fn answer(recorded: Recorded) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((POSITION_HEADER, recorded.position.to_string()))
        .json(recorded)
}
