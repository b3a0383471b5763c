//! The one place that writes the outcome tables.

use throughline_domain::code_lists::CodeList as _;
use throughline_domain::ids::CaseId;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Transaction};
use uuid::Uuid;

use super::{CaseOutcomes, Change, Value, ValueKey};

const UPSERT_CASES: &str = include_str!("upsert_cases.sql");
const UPSERT_VALUES: &str = include_str!("upsert_values.sql");
const DELETE_STALE_VALUES: &str = include_str!("delete_stale_values.sql");

/// Writes the touched cases whole: what they no longer have goes away.
pub(crate) async fn write(
    transaction: &Transaction<'_>,
    tenant_no: i32,
    changes: Vec<Change>,
) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let rows = Rows::of(&changes);
    let cases: Vec<Uuid> = changes.iter().map(|change| change.case_id.0).collect();
    let stays: Vec<Uuid> = rows.cases.iter().map(|(id, _)| id.0).collect();
    transaction
        .execute_typed(
            "DELETE FROM outcome_case
             WHERE tenant_no = $1 AND case_id = ANY($2) AND case_id <> ALL($3)",
            &[(&tenant_no, Type::INT4), (&cases, Type::UUID_ARRAY), (&stays, Type::UUID_ARRAY)],
        )
        .await?;
    rows.upsert_cases(transaction, tenant_no).await?;
    rows.replace_values(transaction, tenant_no, &cases).await
}

pub(crate) async fn erase(transaction: &Transaction<'_>, tenant_no: i32) -> Result<(), Error> {
    for statement in [
        "DELETE FROM outcome_value WHERE tenant_no = $1",
        "DELETE FROM outcome_case WHERE tenant_no = $1",
    ] {
        transaction.execute_typed(statement, &[(&tenant_no, Type::INT4)]).await?;
    }
    Ok(())
}

struct Rows<'a> {
    cases: Vec<(CaseId, &'a CaseOutcomes)>,
    values: Vec<(CaseId, &'a ValueKey, &'a Value)>,
}

impl<'a> Rows<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let cases: Vec<_> = changes
            .iter()
            .filter_map(|change| Some((change.case_id, change.outcomes.as_ref()?)))
            .collect();
        let values = cases
            .iter()
            .flat_map(|(id, case)| case.values.iter().map(|(key, value)| (*id, key, value)))
            .collect();
        Self { cases, values }
    }

    async fn upsert_cases(
        &self,
        transaction: &Transaction<'_>,
        tenant_no: i32,
    ) -> Result<(), Error> {
        let parameters: [(&(dyn ToSql + Sync), Type); 6] = [
            (&tenant_no, Type::INT4),
            (&self.of_cases(|id, _| id.0), Type::UUID_ARRAY),
            (&self.of_cases(|_, case| case.programme.as_str()), Type::TEXT_ARRAY),
            (&self.of_cases(|_, case| case.role.as_str()), Type::TEXT_ARRAY),
            (&self.of_cases(|_, case| case.area.as_str()), Type::TEXT_ARRAY),
            (&self.of_cases(|_, case| case.is_accepted), Type::BOOL_ARRAY),
        ];
        transaction.execute_typed(UPSERT_CASES, &parameters).await?;
        Ok(())
    }

    async fn replace_values(
        &self,
        transaction: &Transaction<'_>,
        tenant_no: i32,
        cases: &[Uuid],
    ) -> Result<(), Error> {
        let case_ids = self.of_values(|id, _, _| id.0);
        let instruments = self.of_values(|_, key, _| key.instrument.as_str());
        let keys = self.of_values(|_, key, _| key.key.as_str());
        let stages = self.of_values(|_, key, _| key.stage.as_str());
        let stays: [(&(dyn ToSql + Sync), Type); 6] = [
            (&tenant_no, Type::INT4),
            (&cases, Type::UUID_ARRAY),
            (&case_ids, Type::UUID_ARRAY),
            (&instruments, Type::TEXT_ARRAY),
            (&keys, Type::TEXT_ARRAY),
            (&stages, Type::TEXT_ARRAY),
        ];
        transaction.execute_typed(DELETE_STALE_VALUES, &stays).await?;
        if self.values.is_empty() {
            return Ok(());
        }
        let values = self.of_values(|_, _, v| v.value.as_deref().ok());
        let missing = self.of_values(|_, _, v| v.value.as_ref().err().map(|m| m.as_str()));
        let parameters: [(&(dyn ToSql + Sync), Type); 9] = [
            (&tenant_no, Type::INT4),
            (&case_ids, Type::UUID_ARRAY),
            (&instruments, Type::TEXT_ARRAY),
            (&keys, Type::TEXT_ARRAY),
            (&stages, Type::TEXT_ARRAY),
            (&values, Type::TEXT_ARRAY),
            (&missing, Type::TEXT_ARRAY),
            (&self.of_values(|_, _, v| v.occurred_at), Type::TIMESTAMPTZ_ARRAY),
            (&self.of_values(|_, _, v| v.position.0), Type::INT8_ARRAY),
        ];
        transaction.execute_typed(UPSERT_VALUES, &parameters).await?;
        Ok(())
    }

    fn of_cases<T>(&self, column: impl Fn(CaseId, &'a CaseOutcomes) -> T) -> Vec<T> {
        self.cases.iter().map(|(id, case)| column(*id, case)).collect()
    }

    fn of_values<T>(&self, column: impl Fn(CaseId, &'a ValueKey, &'a Value) -> T) -> Vec<T> {
        self.values.iter().map(|(id, key, value)| column(*id, key, value)).collect()
    }
}
