//! The one place that writes the caseload's table.

use jiff::Timestamp;
use throughline_domain::code::Code;
use throughline_domain::code_lists::CodeList;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Transaction};
use uuid::Uuid;

use super::{CaseloadRow, Change};

const UPSERT: &str = include_str!("upsert.sql");

/// Writes the rows of the touched cases; a case without a referral in view has none.
pub(crate) async fn write(
    transaction: &Transaction<'_>,
    tenant_no: i32,
    changes: Vec<Change>,
) -> Result<(), Error> {
    let gone: Vec<Uuid> = changes
        .iter()
        .filter(|change| change.row.is_none())
        .map(|change| change.case_id.0)
        .collect();
    if !gone.is_empty() {
        transaction
            .execute_typed(
                "DELETE FROM caseload WHERE tenant_no = $1 AND case_id = ANY($2)",
                &[(&tenant_no, Type::INT4), (&gone, Type::UUID_ARRAY)],
            )
            .await?;
    }
    if gone.len() < changes.len() {
        upsert(transaction, tenant_no, &changes).await?;
    }
    Ok(())
}

pub(crate) async fn erase(transaction: &Transaction<'_>, tenant_no: i32) -> Result<(), Error> {
    transaction
        .execute_typed("DELETE FROM caseload WHERE tenant_no = $1", &[(&tenant_no, Type::INT4)])
        .await?;
    Ok(())
}

async fn upsert(
    transaction: &Transaction<'_>,
    tenant_no: i32,
    changes: &[Change],
) -> Result<(), Error> {
    let present = || changes.iter().filter_map(|c| Some((c.row.as_ref()?, c)));
    let positions: Vec<i64> = present().map(|(_, change)| change.position.0).collect();
    let rows: Vec<&CaseloadRow> = present().map(|(row, _)| row).collect();
    let all = Gathered(&rows);

    let parameters: [(&(dyn ToSql + Sync), Type); 20] = [
        (&tenant_no, Type::INT4),
        (&all.of(|row| row.case_id.0), Type::UUID_ARRAY),
        (&positions, Type::INT8_ARRAY),
        (&all.of(|row| row.programme.as_str()), Type::TEXT_ARRAY),
        (&all.of(|row| row.role.as_str()), Type::TEXT_ARRAY),
        (&all.of(|row| row.area.as_str()), Type::TEXT_ARRAY),
        (&all.of(|row| row.status.as_str()), Type::TEXT_ARRAY),
        (&all.counts(|row| row.episode), Type::INT4_ARRAY),
        (&all.times(|row| Some(row.opened_at)), Type::TIMESTAMPTZ_ARRAY),
        (&all.codes(|row| row.worker.as_ref()), Type::TEXT_ARRAY),
        (&all.codes(|row| row.team.as_ref()), Type::TEXT_ARRAY),
        (&all.of(|row| row.risk_level.map(CodeList::as_str)), Type::TEXT_ARRAY),
        (&all.times(|row| row.risk_assessed_at), Type::TIMESTAMPTZ_ARRAY),
        (&all.counts(|row| row.attempts), Type::INT4_ARRAY),
        (&all.counts(|row| row.reached), Type::INT4_ARRAY),
        (&all.times(|row| row.last_attempt_at), Type::TIMESTAMPTZ_ARRAY),
        (&all.times(|row| row.last_reached_at), Type::TIMESTAMPTZ_ARRAY),
        (&all.times(|row| row.dormant_from), Type::TIMESTAMPTZ_ARRAY),
        (&all.times(|row| row.review_due), Type::TIMESTAMPTZ_ARRAY),
        (&all.counts(|row| row.open_information_requests), Type::INT4_ARRAY),
    ];
    transaction.execute_typed(UPSERT, &parameters).await?;
    Ok(())
}

/// Rows turned into columns.
struct Gathered<'a>(&'a [&'a CaseloadRow]);

impl<'a> Gathered<'a> {
    fn of<T>(&self, column: impl Fn(&'a CaseloadRow) -> T) -> Vec<T> {
        self.0.iter().map(|row| column(row)).collect()
    }

    fn codes(&self, column: impl Fn(&'a CaseloadRow) -> Option<&'a Code>) -> Vec<Option<&'a str>> {
        self.of(|row| column(row).map(Code::as_str))
    }

    fn counts(&self, column: impl Fn(&CaseloadRow) -> u32) -> Vec<i32> {
        self.of(|row| i32::try_from(column(row)).unwrap_or(i32::MAX))
    }

    fn times(&self, column: impl Fn(&CaseloadRow) -> Option<Timestamp>) -> Vec<Option<Timestamp>> {
        self.of(column)
    }
}
