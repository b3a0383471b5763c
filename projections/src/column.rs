//! Reading columns back into the domain's types.

use throughline_domain::code::Code;
use throughline_domain::code_lists::CodeList;
use throughline_domain::time::Precision;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::ReadError;

/// One row of one table.
pub(crate) struct Columns<'a> {
    pub(crate) table: &'static str,
    pub(crate) row: &'a Row,
}

impl<'a> Columns<'a> {
    pub(crate) fn get<T: FromSql<'a>>(&self, column: &'static str) -> Result<T, ReadError> {
        Ok(self.row.try_get(column)?)
    }

    /// A whole number that is never negative.
    pub(crate) fn count(&self, column: &'static str) -> Result<u32, ReadError> {
        let count: i32 = self.get(column)?;
        u32::try_from(count).map_err(|_| self.unreadable(column))
    }

    /// The version of a definition, or of a part of it.
    pub(crate) fn version(&self, column: &'static str) -> Result<u16, ReadError> {
        self.version_opt(column)?.ok_or_else(|| self.unreadable(column))
    }

    /// The same, if there is one.
    pub(crate) fn version_opt(&self, column: &'static str) -> Result<Option<u16>, ReadError> {
        let version: Option<i32> = self.get(column)?;
        version.map(|no| u16::try_from(no).map_err(|_| self.unreadable(column))).transpose()
    }

    /// A text in the domain's terms.
    pub(crate) fn parse<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ReadError> {
        parse(self.get(column)?).ok_or_else(|| self.unreadable(column))
    }

    /// A text in the domain's terms, if there is one.
    pub(crate) fn parse_opt<T>(
        &self,
        column: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        let Some(text) = self.get::<Option<&str>>(column)? else {
            return Ok(None);
        };
        parse(text).map(Some).ok_or_else(|| self.unreadable(column))
    }

    pub(crate) fn code(&self, column: &'static str) -> Result<Code, ReadError> {
        self.parse(column, |text| text.parse().ok())
    }

    pub(crate) fn code_opt(&self, column: &'static str) -> Result<Option<Code>, ReadError> {
        self.parse_opt(column, |text| text.parse().ok())
    }

    pub(crate) fn listed<T: CodeList>(&self, column: &'static str) -> Result<T, ReadError> {
        self.parse(column, T::from_code)
    }

    pub(crate) fn listed_opt<T: CodeList>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, ReadError> {
        self.parse_opt(column, T::from_code)
    }

    pub(crate) fn precision(&self, column: &'static str) -> Result<Precision, ReadError> {
        let all = [Precision::Instant, Precision::Day, Precision::Month];
        self.parse(column, |text| all.into_iter().find(|precision| precision.as_str() == text))
    }

    pub(crate) fn unreadable(&self, column: &'static str) -> ReadError {
        ReadError::Unreadable { table: self.table, column }
    }
}
