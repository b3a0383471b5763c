//! The present caseload, out of its table.

use throughline_domain::case::CaseStatus;
use throughline_domain::ids::CaseId;
use throughline_domain::rules::case_risk::RiskRule;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::{Caseload, CaseloadRow, Question, Totals};
use crate::column::Columns;
use crate::{Place, ReadError};

const READ: &str = include_str!("read.sql");
const CASE: &str = include_str!("case.sql");

/// Returns one page of the present caseload, with the totals of the whole.
///
/// Shape: at most `limit` open cases, by `case_id`. `as_of` is the present.
///
/// # Errors
/// When the database does not answer.
pub async fn read(
    client: &Client,
    place: Place,
    question: Question<'_>,
) -> Result<Caseload, ReadError> {
    let Question { worker, as_of, after, limit } = question;
    let limit_and_one = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let rows = client
        .query_typed(
            &place.sql(READ),
            &[
                (&place.tenant_no, Type::INT4),
                (&worker, Type::TEXT),
                (&as_of, Type::TIMESTAMPTZ),
                (&after.map(|id| id.0), Type::UUID),
                (&limit_and_one, Type::INT8),
            ],
        )
        .await?;
    let totals = rows.first().map(totals).transpose()?.unwrap_or_default();
    let mut cases = Vec::with_capacity(rows.len());
    for row in &rows {
        if row.try_get::<_, Option<Uuid>>("case_id")?.is_some() {
            cases.push(decode(row)?);
        }
    }
    let more = cases.len() > limit;
    cases.truncate(limit);
    Ok(Caseload { rows: cases, totals, more })
}

/// Returns one case's row; `None` when the case is unknown or not referred.
///
/// # Errors
/// When the database does not answer.
pub async fn read_case(
    client: &Client,
    place: Place,
    case_id: CaseId,
) -> Result<Option<CaseloadRow>, ReadError> {
    client
        .query_typed_opt(
            &place.sql(CASE),
            &[(&place.tenant_no, Type::INT4), (&case_id.0, Type::UUID)],
        )
        .await?
        .as_ref()
        .map(decode)
        .transpose()
}

fn totals(row: &Row) -> Result<Totals, ReadError> {
    let total = |column| {
        let count: i64 = row.try_get(column)?;
        Ok::<_, ReadError>(count.unsigned_abs())
    };
    Ok(Totals {
        open: total("open")?,
        dormant: total("dormant")?,
        high_risk: total("high_risk")?,
        reviews_overdue: total("reviews_overdue")?,
    })
}

fn decode(row: &Row) -> Result<CaseloadRow, ReadError> {
    let columns = Columns { table: "caseload_2", row };
    Ok(CaseloadRow {
        case_id: CaseId(columns.get("case_id")?),
        programme: columns.code("programme")?,
        role: columns.listed("role")?,
        area: columns.code("area")?,
        status: columns.parse("status", CaseStatus::find)?,
        episode: columns.count("episode")?,
        opened_at: columns.get("opened_at")?,
        worker: columns.code_opt("worker")?,
        team: columns.code_opt("team")?,
        risk_level: columns.listed_opt("risk_level")?,
        risk_assessed_at: columns.get("risk_assessed_at")?,
        risk_rule: columns.parse_opt("risk_rule", RiskRule::find)?,
        attempts: columns.count("attempts")?,
        reached: columns.count("reached")?,
        last_attempt_at: columns.get("last_attempt_at")?,
        last_reached_at: columns.get("last_reached_at")?,
        dormant_from: columns.get("dormant_from")?,
        review_due: columns.get("review_due")?,
        open_information_requests: columns.count("open_information_requests")?,
    })
}
