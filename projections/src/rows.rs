//! The one place that writes read models.

use std::pin::pin;

use throughline_domain::ids::CaseId;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Transaction};
use uuid::Uuid;

use crate::cell::{Cell, Row};
use crate::table::Table;
use crate::{Place, Projection};

/// What to write of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRows {
    /// The case.
    pub case_id: CaseId,
    /// One entry for each table of the projection, in their order.
    pub tables: Vec<TableRows>,
}

/// What to write of one case into one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// The rows.
    pub rows: Vec<Row>,
    /// How much of the case they are.
    pub extent: Extent,
}

/// How much of a case some rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All: any other row of the case goes.
    Whole,
    /// Those that have changed: the others stay.
    Changed,
}

impl Projection {
    /// Writes rows of cases, each case at most once. Writing them twice changes nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn write(
        self,
        transaction: &Transaction<'_>,
        place: Place,
        cases: &[CaseRows],
    ) -> Result<(), Error> {
        for (table, number) in self.tables().iter().zip(0..) {
            let rows: Vec<&Row> = cases.iter().flat_map(|case| &case.tables[number].rows).collect();
            delete_others(transaction, place, table, cases, number).await?;
            if !rows.is_empty() {
                upsert(transaction, place, table, &rows).await?;
            }
        }
        Ok(())
    }

    /// Deletes the tenant's rows of a build, so that they can be written anew.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn erase(self, transaction: &Transaction<'_>, place: Place) -> Result<(), Error> {
        for table in self.tables() {
            let tenant_no: (&(dyn ToSql + Sync), Type) = (&place.tenant_no, Type::INT4);
            transaction.execute_typed(&table.delete_all(place), &[tenant_no]).await?;
        }
        Ok(())
    }
}

impl Table {
    /// Copies rows into the table of a build, where none of them may be yet; returns how many.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn copy(
        &self,
        transaction: &Transaction<'_>,
        place: Place,
        rows: impl IntoIterator<Item = &Row>,
    ) -> Result<u64, Error> {
        let sink = transaction.copy_in(&self.copy_in(place)).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &self.types()));
        for row in rows {
            let mut values: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(1 + row.len());
            values.push(&place.tenant_no);
            values.extend(row.iter().map(|cell| cell as &(dyn ToSql + Sync)));
            writer.as_mut().write(&values).await?;
        }
        writer.finish().await
    }
}

async fn upsert(
    transaction: &Transaction<'_>,
    place: Place,
    table: &Table,
    rows: &[&Row],
) -> Result<(), Error> {
    let columns = columns(rows, table.columns.len());
    let mut parameters: Vec<Parameter<'_>> = vec![(&place.tenant_no, Type::INT4)];
    parameters.extend(arrays(table, &columns));
    execute(transaction, &table.upsert(place), &parameters).await
}

/// Deletes what the cases written whole no longer have.
async fn delete_others(
    transaction: &Transaction<'_>,
    place: Place,
    table: &Table,
    cases: &[CaseRows],
    number: usize,
) -> Result<(), Error> {
    // Where a case has one row, the case is its key: only a case without it has one to delete.
    let may_have_others = |case: &&CaseRows| table.key > 1 || case.tables[number].rows.is_empty();
    let whole = cases.iter().filter(|case| case.tables[number].extent == Extent::Whole);
    let whole: Vec<&CaseRows> = whole.filter(may_have_others).collect();
    if whole.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = whole.iter().map(|case| case.case_id.0).collect();
    let rows: Vec<&Row> = whole.iter().flat_map(|case| &case.tables[number].rows).collect();
    let keys = columns(&rows, table.key);
    let mut parameters: Vec<Parameter<'_>> =
        vec![(&place.tenant_no, Type::INT4), (&ids, Type::UUID_ARRAY)];
    parameters.extend(arrays(table, &keys));
    execute(transaction, &table.delete_others(place), &parameters).await
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Runs a statement that may carry many rows.
///
/// It is prepared first, so that its rows are the first message after an answer. A process may be
/// stopped while it sends them, and only then does the server still count its session as idle in
/// the transaction, and end it in time (ADR 0019).
async fn execute(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<(), Error> {
    let types: Vec<Type> = parameters.iter().map(|(_, of)| of.clone()).collect();
    let values: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|(value, _)| *value).collect();
    let statement = transaction.prepare_typed(sql, &types).await?;
    transaction.execute(&statement, &values).await?;
    Ok(())
}

/// Rows turned into columns.
fn columns<'a>(rows: &[&'a Row], count: usize) -> Vec<Vec<&'a Cell>> {
    (0..count).map(|place| rows.iter().map(|row| &row[place]).collect()).collect()
}

fn arrays<'a>(
    table: &'a Table,
    columns: &'a [Vec<&'a Cell>],
) -> impl Iterator<Item = Parameter<'a>> {
    let types = table.columns.iter().map(|column| column.kind.array_type());
    columns.iter().map(|column| column as &(dyn ToSql + Sync)).zip(types)
}
