//! The present requests, out of their table: streamed into the one counting, or a page of those
//! overdue.

use futures_util::TryStreamExt as _;
use throughline_domain::code_lists::CodeList;
use throughline_domain::ids::{CaseId, EventId};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::{
    Answer, Outcome, OverduePage, OverdueQuestion, Question, REQUESTS_MAX, RequestRow, Responses,
};
use crate::column::Columns;
use crate::{Place, ReadError};

const READ: &str = include_str!("read.sql");
const OVERDUE: &str = include_str!("overdue.sql");

/// Returns how agencies have responded.
///
/// # Errors
/// When the database does not answer, or there are more than [`REQUESTS_MAX`] requests.
pub async fn read(
    client: &Client,
    place: Place,
    question: Question<'_>,
) -> Result<Responses, ReadError> {
    let limit = i64::try_from(REQUESTS_MAX + 1).unwrap_or(i64::MAX);
    let agency = question.agency.map(CodeList::as_str);
    let parameters: [(&(dyn ToSql + Sync), Type); 6] = [
        (&place.tenant_no, Type::INT4),
        (&question.programme, Type::TEXT),
        (&agency, Type::TEXT),
        (&question.from, Type::TIMESTAMPTZ),
        (&question.to, Type::TIMESTAMPTZ),
        (&limit, Type::INT8),
    ];
    let rows = client.query_typed_raw(&place.sql(READ), parameters).await?;
    let mut rows = std::pin::pin!(rows);
    let mut answer = Answer::new(question);
    while let Some(row) = rows.try_next().await? {
        answer.take(&decode(&row)?);
    }
    answer.finish()
}

/// Returns one page of the requests that are overdue, the longest overdue first.
///
/// Shape: at most `limit` rows, by [`super::OverdueKey`]. `as_of` is the present.
///
/// # Errors
/// When the database does not answer.
pub async fn read_overdue(
    client: &Client,
    place: Place,
    question: OverdueQuestion<'_>,
) -> Result<OverduePage, ReadError> {
    let limit = question.limit;
    let limit_and_one = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let agency = question.agency.map(CodeList::as_str);
    let rows = client
        .query_typed(
            &place.sql(OVERDUE),
            &[
                (&place.tenant_no, Type::INT4),
                (&question.programme, Type::TEXT),
                (&agency, Type::TEXT),
                (&question.worker, Type::TEXT),
                (&question.as_of, Type::TIMESTAMPTZ),
                (&question.after.map(|(due_at, ..)| due_at), Type::TIMESTAMPTZ),
                (&question.after.map(|(_, case_id, _)| case_id.0), Type::UUID),
                (&question.after.map(|(.., request)| request.0), Type::UUID),
                (&limit_and_one, Type::INT8),
            ],
        )
        .await?;
    let more = rows.len() > limit;
    let rows = rows.iter().take(limit).map(decode).collect::<Result<_, _>>()?;
    Ok(OverduePage { rows, more })
}

fn decode(row: &Row) -> Result<RequestRow, ReadError> {
    let columns = Columns { table: "agency_request", row };
    Ok(RequestRow {
        case_id: CaseId(columns.get("case_id")?),
        request: EventId(columns.get("request_id")?),
        programme: columns.code("programme")?,
        worker: columns.code_opt("worker")?,
        agency: columns.listed("agency")?,
        what: columns.code_opt("what")?,
        requested_at: columns.get("requested_at")?,
        due_at: columns.get("due_at")?,
        chases: columns.count("chases")?,
        last_chased_at: columns.get("last_chased_at")?,
        escalations: columns.count("escalations")?,
        outcome: columns.parse("outcome", |text| {
            Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == text)
        })?,
        ended_at: columns.get("ended_at")?,
    })
}
