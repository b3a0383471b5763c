//! The present trajectories, out of their table: streamed into the one counting.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use throughline_domain::code_lists::CodeList;
use throughline_domain::ids::{CaseId, EventId};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::{Answer, Question, Stretch, Trajectories};
use crate::column::Columns;
use crate::{Place, ReadError};

const READ: &str = include_str!("read.sql");

/// Returns how risk has gone up to the present.
///
/// # Errors
/// When the database does not answer, or the question is about too many cases.
pub async fn read(
    client: &Client,
    place: Place,
    question: Question<'_>,
) -> Result<Trajectories, ReadError> {
    let role = question.role.map(CodeList::as_str);
    let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
        (&place.tenant_no, Type::INT4),
        (&question.programme, Type::TEXT),
        (&role, Type::TEXT),
        (&question.area, Type::TEXT),
        (&question.as_of, Type::TIMESTAMPTZ),
    ];
    let rows = client.query_typed_raw(&place.sql(READ), parameters).await?;
    let mut rows = pin!(rows);
    let mut answer = Answer::new(question);
    while let Some(row) = rows.try_next().await? {
        answer.take(&decode(&row)?);
    }
    answer.finish()
}

fn decode(row: &Row) -> Result<Stretch, ReadError> {
    let columns = Columns { table: "risk_stretch", row };
    Ok(Stretch {
        case_id: CaseId(columns.get("case_id")?),
        place: columns.count("place")?,
        programme: columns.code("programme")?,
        role: columns.listed("role")?,
        area: columns.code("area")?,
        from: columns.get("from_at")?,
        until: columns.get("until_at")?,
        since: columns.get("since")?,
        level: columns.listed_opt("level")?,
        event_id: columns.get::<Option<_>>("event_id")?.map(EventId),
        is_assessment: columns.get("is_assessment")?,
        level_before: columns.listed_opt("level_before")?,
        is_first: columns.get("is_first")?,
        is_first_at_level: columns.get("is_first_at_level")?,
    })
}
