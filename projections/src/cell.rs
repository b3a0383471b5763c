//! One value of one column, whichever table it is in.

use std::borrow::Cow;
use std::error::Error;

use bytes::BytesMut;
use jiff::Timestamp;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `uuid`
    Uuid,
    /// `text`
    Text,
    /// `boolean`
    Bool,
    /// `smallint`
    SmallInt,
    /// `integer`
    Int,
    /// `bigint`
    BigInt,
    /// `timestamptz`, to the microsecond
    Time,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cell {
    /// None.
    Null,
    /// Of a column of [`Kind::Uuid`].
    Uuid(Uuid),
    /// Of [`Kind::Text`].
    Text(Cow<'static, str>),
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::SmallInt`].
    SmallInt(i16),
    /// Of [`Kind::Int`].
    Int(i32),
    /// Of [`Kind::BigInt`].
    BigInt(i64),
    /// Of [`Kind::Time`].
    Time(Timestamp),
}

/// The values of one row, a cell for each of its table's columns.
pub type Row = Vec<Cell>;

impl Kind {
    /// The database's type.
    #[must_use]
    pub fn sql_type(self) -> Type {
        match self {
            Self::Uuid => Type::UUID,
            Self::Text => Type::TEXT,
            Self::Bool => Type::BOOL,
            Self::SmallInt => Type::INT2,
            Self::Int => Type::INT4,
            Self::BigInt => Type::INT8,
            Self::Time => Type::TIMESTAMPTZ,
        }
    }

    pub(crate) fn array_type(self) -> Type {
        match self {
            Self::Uuid => Type::UUID_ARRAY,
            Self::Text => Type::TEXT_ARRAY,
            Self::Bool => Type::BOOL_ARRAY,
            Self::SmallInt => Type::INT2_ARRAY,
            Self::Int => Type::INT4_ARRAY,
            Self::BigInt => Type::INT8_ARRAY,
            Self::Time => Type::TIMESTAMPTZ_ARRAY,
        }
    }

    /// The value at a place of a row that was read.
    pub(crate) fn read(
        self,
        row: &tokio_postgres::Row,
        place: usize,
    ) -> Result<Cell, tokio_postgres::Error> {
        let cell = match self {
            Self::Uuid => row.try_get::<_, Option<Uuid>>(place)?.map(Cell::Uuid),
            Self::Text => row.try_get::<_, Option<String>>(place)?.map(Cell::from),
            Self::Bool => row.try_get::<_, Option<bool>>(place)?.map(Cell::Bool),
            Self::SmallInt => row.try_get::<_, Option<i16>>(place)?.map(Cell::SmallInt),
            Self::Int => row.try_get::<_, Option<i32>>(place)?.map(Cell::Int),
            Self::BigInt => row.try_get::<_, Option<i64>>(place)?.map(Cell::BigInt),
            Self::Time => row.try_get::<_, Option<Timestamp>>(place)?.map(Cell::Time),
        };
        Ok(cell.unwrap_or(Cell::Null))
    }
}

impl Cell {
    /// A count in an integer column.
    pub(crate) fn count(count: u32) -> Self {
        Self::Int(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// The value, or none.
    pub(crate) fn opt<T: Into<Self>>(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Uuid> for Cell {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl From<&'static str> for Cell {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<&throughline_domain::code::Code> for Cell {
    fn from(value: &throughline_domain::code::Code) -> Self {
        Self::from(value.as_str().to_owned())
    }
}

impl From<Timestamp> for Cell {
    fn from(value: Timestamp) -> Self {
        Self::Time(value)
    }
}

impl ToSql for Cell {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Uuid(value) => value.to_sql_checked(of, out),
            Self::Text(value) => value.as_ref().to_sql_checked(of, out),
            Self::Bool(value) => value.to_sql_checked(of, out),
            Self::SmallInt(value) => value.to_sql_checked(of, out),
            Self::Int(value) => value.to_sql_checked(of, out),
            Self::BigInt(value) => value.to_sql_checked(of, out),
            Self::Time(value) => value.to_sql_checked(of, out),
        }
    }

    /// Whether a value fits is for the value to say.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
