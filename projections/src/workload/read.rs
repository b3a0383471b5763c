//! The present series, out of its tables: streamed into the one counting.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use throughline_domain::ids::{CaseId, Position};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::{Answer, Contact, Question, Stretch, Workload};
use crate::column::Columns;
use crate::{Place, ReadError};

const STRETCHES: &str = include_str!("stretches.sql");
const CONTACTS: &str = include_str!("contacts.sql");

/// Returns the present series: `question.steps` end with the present, or before.
///
/// # Errors
/// When the database does not answer, or the question is about too many workers.
pub async fn read(
    client: &Client,
    place: Place,
    question: Question<'_>,
) -> Result<Workload, ReadError> {
    let mut answer = Answer::new(question);
    if let Some((begin, end)) = question.steps.extent() {
        // Nothing is recorded of a time that the database does not know.
        let begin = begin.max(earliest());
        let parameters: [(&(dyn ToSql + Sync), Type); 6] = [
            (&place.tenant_no, Type::INT4),
            (&begin, Type::TIMESTAMPTZ),
            (&end, Type::TIMESTAMPTZ),
            (&question.programme, Type::TEXT),
            (&question.team, Type::TEXT),
            (&question.worker, Type::TEXT),
        ];
        let rows = client.query_typed_raw(&place.sql(STRETCHES), parameters.clone()).await?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            answer.take_stretch(&stretch(&row)?);
        }
        let rows = client.query_typed_raw(&place.sql(CONTACTS), parameters).await?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            answer.take_contact(&contact(&row)?);
        }
    }
    answer.finish()
}

/// The first moment of the common era: within what PostgreSQL can say, and long before any fact.
fn earliest() -> Timestamp {
    Timestamp::from_second(-62_135_596_800).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn stretch(row: &Row) -> Result<Stretch, ReadError> {
    let columns = Columns { table: "workload_stretch", row };
    Ok(Stretch {
        case_id: CaseId(columns.get("case_id")?),
        from: columns.get("from_at")?,
        until: columns.get("until_at")?,
        programme: columns.code("programme")?,
        worker: columns.code("worker")?,
        team: columns.code_opt("team")?,
        is_high_risk: columns.get("is_high_risk")?,
        dormant_from: columns.get("dormant_from")?,
    })
}

fn contact(row: &Row) -> Result<Contact, ReadError> {
    let columns = Columns { table: "workload_contact", row };
    Ok(Contact {
        case_id: CaseId(columns.get("case_id")?),
        position: Position(columns.get("position")?),
        occurred_at: columns.get("occurred_at")?,
        programme: columns.code("programme")?,
        worker: columns.code_opt("worker")?,
        team: columns.code_opt("team")?,
        is_reached: columns.get("is_reached")?,
    })
}
