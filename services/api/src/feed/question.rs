//! What a client asks the feed for: from where on, and which kinds.

use actix_web::HttpRequest;
use throughline_domain::ids::Position;

use super::kind::Kind;
use crate::problem::{self, FieldError, Problem};
use crate::query::{Query, invalid};

/// The position that a client has, by the standard's own name.
pub const LAST_EVENT_ID: &str = "Last-Event-ID";

/// Which kinds of event a client wants: all, or some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds(Option<Vec<Kind>>);

impl Kinds {
    /// Reads `type`: one or more of them, separated by commas.
    ///
    /// # Errors
    /// [`problem::INVALID`] for a type that the feed does not tell of.
    pub fn read(query: &Query) -> Result<Self, Problem> {
        let Some(text) = query.text("type") else {
            return Ok(Self(None));
        };
        let unknown = || invalid("type", "is one or more types of the feed, separated by commas");
        let mut kinds = Vec::new();
        for name in text.split(',') {
            let kind = Kind::find(name).ok_or_else(unknown)?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(Self(Some(kinds)))
    }

    /// Whether the client wants this kind.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.0.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }
}

/// Reads `after`: the position that the client has.
///
/// # Errors
/// [`problem::INVALID`] for anything but a number from 0 on.
pub fn after(query: &Query) -> Result<Option<Position>, Problem> {
    let no_position = || invalid("after", "is a position: a number from 0 on");
    query.text("after").map(|text| position(text).ok_or_else(no_position)).transpose()
}

/// Reads `Last-Event-ID`. A client that comes back sends it with the address it first asked, so it
/// goes before `after`.
///
/// # Errors
/// [`problem::UNREADABLE`] for anything but a number from 0 on.
pub fn last_event_id(request: &HttpRequest) -> Result<Option<Position>, Problem> {
    let Some(value) = request.headers().get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|text| !text.is_empty());
    text.and_then(position).map(Some).ok_or_else(|| {
        let fault = FieldError::parameter(LAST_EVENT_ID, "is a whole number from 0 on");
        Problem::new(problem::UNREADABLE).with(fault)
    })
}

/// Refuses a position that the log does not have: its client followed another log, or one of which
/// the end was lost, and would miss whatever comes up to there.
///
/// # Errors
/// [`problem::INVALID`].
pub fn require_within(name: &'static str, after: Position, head: Position) -> Result<(), Problem> {
    if after <= head {
        return Ok(());
    }
    let error = FieldError::parameter(name, "is beyond the end of the log: begin anew");
    Err(Problem::new(problem::INVALID).with(error))
}

fn position(text: &str) -> Option<Position> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_digits_and_no_more_than_there_can_be() {
        assert_eq!(position("0"), Some(Position(0)));
        assert_eq!(position("0000000000000000042"), Some(Position(42)));
        for other in ["", "-1", "+1", "1.0", " 1", "9223372036854775808"] {
            assert_eq!(position(other), None, "{other}");
        }
    }
}
