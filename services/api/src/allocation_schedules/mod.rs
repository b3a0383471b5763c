//! Schedules of arms over HTTP: opening, looking at and closing them. A case is drawn at
//! `POST /v1/cases/{case_id}/arm` ([`crate::cases::draw_arm`]).
//!
//! Deliberately absent, until a schedule is closed: its seed, the sizes of its blocks, and
//! whatever it will give next.

pub mod close_schedule;
pub mod open_schedule;
pub mod read_schedules;

use serde::Deserialize;
use throughline_domain::case::Moment;
use throughline_domain::ids::EventId;
use throughline_domain::time::Occurred;
use uuid::Uuid;

use crate::cases::command::now;
use crate::problem::{self, Problem};

/// How often a command on a schedule is tried, when others are faster.
pub(crate) const ATTEMPTS_MAX: u32 = 16;

/// The id in a path. A text that is no id names nothing, like an absent id.
#[derive(Debug, Clone, Deserialize)]
pub struct SchedulePath {
    schedule_id: String,
}

impl SchedulePath {
    /// The schedule.
    ///
    /// # Errors
    /// [`problem::NOT_FOUND`] for a text that is no id.
    pub fn schedule_id(&self) -> Result<Uuid, Problem> {
        self.schedule_id.parse().map_err(|_| Problem::new(problem::NOT_FOUND))
    }
}

/// Now, for an event with a new id: nothing about a schedule is dated otherwise.
pub(crate) fn at_present() -> Moment {
    let now = now();
    Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now }
}
