//! The present assessments, out of their tables: streamed into the one counting, or a page of the
//! cases that are seen differently.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use throughline_domain::case::CaseStatus;
use throughline_domain::case::assessors::Assessor;
use throughline_domain::code_lists::CodeList;
use throughline_domain::ids::{CaseId, EventId};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::{Agreement, Answer, Comparison, Page, PageQuestion, Question, View};
use crate::column::Columns;
use crate::{Place, ReadError};

const READ: &str = include_str!("read.sql");
const PAGE: &str = include_str!("read_page.sql");

/// Returns how often assessors agree at present.
///
/// # Errors
/// When the database does not answer, or there are more than [`super::PAIRS_MAX`] pairs of assessors.
pub async fn read(
    client: &Client,
    place: Place,
    question: Question<'_>,
) -> Result<Agreement, ReadError> {
    let role = question.role.map(CodeList::as_str);
    let status = question.status.map(CaseStatus::as_str);
    let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
        (&place.tenant_no, Type::INT4),
        (&question.programme, Type::TEXT),
        (&role, Type::TEXT),
        (&question.area, Type::TEXT),
        (&status, Type::TEXT),
    ];
    let rows = client.query_typed_raw(&place.sql(READ), parameters).await?;
    let mut rows = pin!(rows);
    let mut answer = Answer::new(question);
    let mut current: Option<Comparison> = None;
    while let Some(row) = rows.try_next().await? {
        if let Some(case) = add(&mut current, &row)? {
            answer.take(&case);
        }
    }
    if let Some(case) = current {
        answer.take(&case);
    }
    answer.finish()
}

/// Returns one page of the cases that are seen differently at present.
///
/// Shape: at most `limit` cases, by [`super::PageKey`].
///
/// # Errors
/// When the database does not answer.
pub async fn read_page(
    client: &Client,
    place: Place,
    asked: PageQuestion<'_>,
) -> Result<Page, ReadError> {
    let PageQuestion { question, after, limit } = asked;
    let limit_and_one = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let role = question.role.map(CodeList::as_str);
    let status = question.status.map(CaseStatus::as_str);
    let rows = client
        .query_typed(
            &place.sql(PAGE),
            &[
                (&place.tenant_no, Type::INT4),
                (&question.programme, Type::TEXT),
                (&role, Type::TEXT),
                (&question.area, Type::TEXT),
                (&status, Type::TEXT),
                (&after.map(|(since, _)| since), Type::TIMESTAMPTZ),
                (&after.map(|(_, case_id)| case_id.0), Type::UUID),
                (&limit_and_one, Type::INT8),
            ],
        )
        .await?;
    let (mut cases, mut current) = (Vec::new(), None);
    for row in &rows {
        cases.extend(add(&mut current, row)?);
    }
    cases.extend(current);
    let more = cases.len() > limit;
    cases.truncate(limit);
    Ok(Page { cases, more })
}

/// Adds a row to its case; gives the case before, which is whole, when the row begins another.
fn add(current: &mut Option<Comparison>, row: &Row) -> Result<Option<Comparison>, ReadError> {
    let columns = Columns { table: "risk_disagreement", row };
    let case_id = CaseId(columns.get("case_id")?);
    let view = view(row)?;
    if let Some(case) = current.as_mut().filter(|case| case.case_id == case_id) {
        case.views.push(view);
        return Ok(None);
    }
    Ok(current.replace(Comparison {
        case_id,
        programme: columns.code("programme")?,
        role: columns.listed("role")?,
        area: columns.code("area")?,
        status: columns.parse("status", CaseStatus::find)?,
        views: vec![view],
    }))
}

fn view(row: &Row) -> Result<View, ReadError> {
    let columns = Columns { table: "risk_view", row };
    Ok(View {
        assessor: Assessor {
            role: columns.code("assessor_role")?,
            organisation: columns.code_opt("source_organisation")?,
        },
        level: columns.listed("level")?,
        own_view: columns.listed_opt("own_view")?,
        assessed_at: columns.get("assessed_at")?,
        instrument: columns.code("instrument")?,
        event_id: EventId(columns.get("event_id")?),
        assessments: columns.count("assessments")?,
    })
}
