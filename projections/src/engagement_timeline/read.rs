//! The present timeline, out of its table.

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{EventId, Position};
use throughline_domain::time::Occurred;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::periods::TYPES;
use super::{Period, Periods, Question, Timeline, TimelineEntry};
use crate::column::Columns;
use crate::{Place, ReadError};

/// The most facts of one case that its periods are laid out from.
pub const PERIOD_FACTS_MAX: usize = 20_000;

const READ: &str = include_str!("read.sql");
const TABLE: &str = "engagement_timeline";

/// Returns one page of the present timeline, with the periods of the whole.
///
/// Shape: at most `limit` entries, by `(occurred_at, position)`; none for an unknown case.
///
/// # Errors
/// When the database does not answer, or the case has more than [`PERIOD_FACTS_MAX`] facts.
pub async fn read(
    client: &Client,
    place: Place,
    question: Question,
) -> Result<Timeline, ReadError> {
    let limit = question.limit;
    let and_one = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let rows = client
        .query_typed(
            &place.sql(READ),
            &[
                (&place.tenant_no, Type::INT4),
                (&question.case_id.0, Type::UUID),
                (&question.after.map(|key| key.occurred_at), Type::TIMESTAMPTZ),
                (&question.after.map(|key| key.position.0), Type::INT8),
                (&and_one(limit), Type::INT8),
                (&TYPES.as_slice(), Type::TEXT_ARRAY),
                (&and_one(PERIOD_FACTS_MAX), Type::INT8),
            ],
        )
        .await?;
    // False comes before true: first the facts that periods are laid out from, then the page.
    let mut facts = 0;
    while rows.get(facts).map(|row| row.try_get("is_page")).transpose()? == Some(false) {
        facts += 1;
    }
    let (facts, page) = rows.split_at(facts);
    Ok(Timeline {
        more: page.len() > limit,
        entries: page.iter().take(limit).map(decode).collect::<Result<_, _>>()?,
        periods: periods(facts, question.as_of)?,
    })
}

fn periods(facts: &[Row], as_of: Timestamp) -> Result<Vec<Period>, ReadError> {
    if facts.len() > PERIOD_FACTS_MAX {
        return Err(ReadError::TooManyFacts { facts_max: PERIOD_FACTS_MAX });
    }
    let mut periods = Periods::default();
    for row in facts {
        let columns = Columns { table: TABLE, row };
        let event = CaseEvent::from_stored(
            columns.get("type")?,
            columns.get("schema_version")?,
            columns.get("data")?,
        )
        .map_err(|_| columns.unreadable("data"))?;
        periods.take(columns.get("occurred_at")?, &event);
    }
    Ok(periods.finish(as_of))
}

fn decode(row: &Row) -> Result<TimelineEntry, ReadError> {
    let columns = Columns { table: TABLE, row };
    Ok(TimelineEntry {
        position: Position(columns.get("position")?),
        event_id: EventId(columns.get("event_id")?),
        event_type: columns.parse("type", type_name)?,
        schema_version: columns.get("schema_version")?,
        occurred: Occurred {
            at: columns.get("occurred_at")?,
            precision: columns.precision("precision")?,
        },
        recorded_at: columns.get("recorded_at")?,
        data: columns.get("data")?,
        corrected_by: columns.get::<Option<_>>("corrected_by")?.map(EventId),
        retracted_by: columns.get::<Option<_>>("retracted_by")?.map(EventId),
    })
}

fn type_name(text: &str) -> Option<&'static str> {
    CaseEvent::TYPES.iter().map(|(name, _)| *name).find(|name| *name == text)
}
