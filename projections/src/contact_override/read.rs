//! The present overrides, out of their table: a page of them.

use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::time::Occurred;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::{OverrideRow, Page, Question, whole};
use crate::column::Columns;
use crate::{Place, ReadError};

const READ: &str = include_str!("read.sql");

/// Returns one page of the overrides, the newest first.
///
/// Shape: at most `limit` rows, by [`super::OverrideKey`] downwards.
///
/// # Errors
/// When the database does not answer.
pub async fn read(client: &Client, place: Place, question: Question) -> Result<Page, ReadError> {
    let limit = question.limit;
    let limit_and_one = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let rows = client
        .query_typed(
            &place.sql(READ),
            &[
                (&place.tenant_no, Type::INT4),
                (&question.from, Type::TIMESTAMPTZ),
                (&question.to, Type::TIMESTAMPTZ),
                (&question.after.map(|(at, ..)| at), Type::TIMESTAMPTZ),
                (&question.after.map(|(_, case_id, _)| case_id.0), Type::UUID),
                (&question.after.map(|(.., event_id)| event_id.0), Type::UUID),
                (&limit_and_one, Type::INT8),
            ],
        )
        .await?;
    let more = rows.len() > limit;
    let rows = rows.iter().take(limit).map(decode).collect::<Result<_, _>>()?;
    Ok(Page { rows, more })
}

fn decode(row: &Row) -> Result<OverrideRow, ReadError> {
    let columns = Columns { table: "contact_override", row };
    let objection_id: Option<uuid::Uuid> = columns.get("objection_id")?;
    let objection = match objection_id {
        Some(id) => Some(columns.parse("objection", |kind| whole(kind, EventId(id)))?),
        None => None,
    };
    Ok(OverrideRow {
        case_id: CaseId(columns.get("case_id")?),
        event_id: EventId(columns.get("event_id")?),
        programme: columns.code("programme")?,
        worker: columns.code_opt("worker")?,
        occurred: Occurred {
            at: columns.get("occurred_at")?,
            precision: columns.precision("precision")?,
        },
        channel: columns.listed("channel")?,
        reason: columns.listed("reason")?,
        objection,
    })
}
