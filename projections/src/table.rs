//! A read model's table, as the writer, COPY and the comparison know it.

use tokio_postgres::types::Type;

use crate::Place;
use crate::cell::{Kind, Row};

/// A table of a read model. Its first column is `tenant_no`, which is not among [`Self::columns`].
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The name that the migration gave it.
    pub name: &'static str,
    /// Its columns after `tenant_no`; the first is `case_id`.
    pub columns: &'static [Column],
    /// How many of them are its primary key, together with `tenant_no`.
    pub key: usize,
}

/// A column of a read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

impl Column {
    /// A column.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }
}

impl Table {
    /// The statement by which rows are copied into the table of a build, in binary form.
    #[must_use]
    pub fn copy_in(&self, place: Place) -> String {
        let (table, columns) = (place.table(self.name), self.names(self.columns.len(), ""));
        format!("COPY {table} (tenant_no, {columns}) FROM STDIN (FORMAT binary)")
    }

    /// The types of what is copied: those of `tenant_no` and of every column.
    #[must_use]
    pub fn types(&self) -> Vec<Type> {
        let columns = self.columns.iter().map(|column| column.kind.sql_type());
        std::iter::once(Type::INT4).chain(columns).collect()
    }

    /// A statement that gives rows of a build: `$1` is the tenant, and `condition` the rest.
    #[must_use]
    pub fn select(&self, place: Place, condition: &str) -> String {
        let (table, columns) = (place.table(self.name), self.names(self.columns.len(), ""));
        format!("SELECT {columns} FROM {table} WHERE tenant_no = $1 {condition}")
    }

    /// A row of [`Self::select`].
    ///
    /// # Errors
    /// When a column does not hold what it should.
    pub fn read(&self, row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
        self.columns.iter().zip(0..).map(|(column, place)| column.kind.read(row, place)).collect()
    }

    /// `$1` is the tenant; then comes one array a column. A row that is there as it should be is
    /// not written again.
    pub(crate) fn upsert(&self, place: Place) -> String {
        let all = self.columns.len();
        let table = place.table(self.name);
        let (columns, arrays) = (self.names(all, ""), self.arrays(all, 2));
        let key = self.names(self.key, "");
        let rest: Vec<&str> = self.columns[self.key..].iter().map(|column| column.name).collect();
        let action = if rest.is_empty() {
            "NOTHING".to_owned()
        } else {
            let each =
                |of: &str| rest.iter().map(|name| format!("{of}.{name}")).collect::<Vec<_>>();
            let set = rest.iter().map(|name| format!("{name} = excluded.{name}"));
            format!(
                "UPDATE SET {} WHERE ({}) IS DISTINCT FROM ({})",
                set.collect::<Vec<_>>().join(", "),
                each("present").join(", "),
                each("excluded").join(", ")
            )
        };
        format!(
            "INSERT INTO {table} AS present (tenant_no, {columns}) \
             SELECT $1, given.* FROM unnest({arrays}) AS given \
             ON CONFLICT (tenant_no, {key}) DO {action}"
        )
    }

    /// Deletes the rows of cases whose key is not among those given. `$1` is the tenant, `$2` the
    /// cases; then comes one array a column of the key.
    pub(crate) fn delete_others(&self, place: Place) -> String {
        let table = place.table(self.name);
        let (arrays, names) = (self.arrays(self.key, 3), self.names(self.key, ""));
        format!(
            "DELETE FROM {table} AS present \
             WHERE present.tenant_no = $1 AND present.case_id = ANY($2) AND NOT EXISTS ( \
                 SELECT FROM unnest({arrays}) AS stays ({names}) WHERE ({}) = ({}))",
            self.names(self.key, "stays."),
            self.names(self.key, "present."),
        )
    }

    pub(crate) fn delete_all(&self, place: Place) -> String {
        format!("DELETE FROM {} WHERE tenant_no = $1", place.table(self.name))
    }

    fn names(&self, count: usize, before: &str) -> String {
        let names = self.columns[..count].iter().map(|column| format!("{before}{}", column.name));
        names.collect::<Vec<_>>().join(", ")
    }

    fn arrays(&self, count: usize, first: usize) -> String {
        let array = |(column, place): (&Column, usize)| {
            format!("${place}::{}[]", column.kind.sql_type().name())
        };
        self.columns[..count].iter().zip(first..).map(array).collect::<Vec<_>>().join(", ")
    }
}
