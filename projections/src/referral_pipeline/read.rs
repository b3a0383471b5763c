//! The present referrals, streamed out of their table into the one counting.

use futures_util::TryStreamExt as _;
use throughline_domain::code_lists::CodeList;
use throughline_domain::ids::CaseId;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::{Answer, Criteria, Decision, Pipeline, Question, REFERRALS_MAX, ReferralRow};
use crate::column::Columns;
use crate::{Place, ReadError};

const READ: &str = include_str!("read.sql");

/// Returns what has become of the referrals.
///
/// # Errors
/// When the database does not answer, or there are more than [`REFERRALS_MAX`].
pub async fn read(
    client: &Client,
    place: Place,
    question: Question<'_>,
) -> Result<Pipeline, ReadError> {
    let limit = i64::try_from(REFERRALS_MAX + 1).unwrap_or(i64::MAX);
    let role = question.role.map(CodeList::as_str);
    let source = question.source.map(CodeList::as_str);
    let parameters: [(&(dyn ToSql + Sync), Type); 8] = [
        (&place.tenant_no, Type::INT4),
        (&question.programme, Type::TEXT),
        (&role, Type::TEXT),
        (&question.area, Type::TEXT),
        (&source, Type::TEXT),
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

fn decode(row: &Row) -> Result<ReferralRow, ReadError> {
    let columns = Columns { table: "referral_pipeline_2", row };
    let decision = match columns.get("decision")? {
        "pending" => Decision::Pending,
        "waiting" => Decision::Waiting,
        "accepted" => Decision::Accepted,
        "declined" => Decision::Declined(columns.listed("decline_reason")?),
        _ => return Err(columns.unreadable("decision")),
    };
    Ok(ReferralRow {
        case_id: CaseId(columns.get("case_id")?),
        programme: columns.code("programme")?,
        criteria: Criteria {
            programme_version: columns.version("programme_version")?,
            version: columns.version_opt("criteria_version")?,
        },
        role: columns.listed("role")?,
        area: columns.code("area")?,
        source: columns.listed("source")?,
        received_at: columns.get("received_at")?,
        latest_incident_at: columns.get("latest_incident_at")?,
        decision,
        decided_at: columns.get("decided_at")?,
        first_attempt_at: columns.get("first_attempt_at")?,
        first_reached_at: columns.get("first_reached_at")?,
    })
}
