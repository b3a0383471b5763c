//! Times as the database keeps them: microseconds, exchanged as plain integers.
//!
//! The driver's own conversion goes through calendar spans, which costs more than the rest of
//! reading a row.

use std::error::Error;

use bytes::BytesMut;
use jiff::Timestamp;
use postgres_types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// The Unix time, in microseconds, of the moment from which PostgreSQL counts: 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// Microseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Micros(pub(crate) i64);

impl Micros {
    /// `None` when the database holds a time further away than calendars go.
    pub(crate) fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.0).ok()
    }
}

impl From<Timestamp> for Micros {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

impl ToSql for Micros {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let since = self.0.checked_sub(POSTGRES_EPOCH).ok_or("time too early")?;
        out.extend_from_slice(&since.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Micros {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let since = i64::from_be_bytes(raw.try_into()?);
        let micros = since.checked_add(POSTGRES_EPOCH).ok_or("time too late")?;
        Ok(Self(micros))
    }

    accepts!(TIMESTAMPTZ);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_comes_back_as_it_was() {
        let time = Micros::from("2014-03-08T09:10:11.123456Z".parse::<Timestamp>().unwrap());
        let mut raw = BytesMut::new();
        let _ = time.to_sql(&Type::TIMESTAMPTZ, &mut raw).unwrap();
        assert_eq!(Micros::from_sql(&Type::TIMESTAMPTZ, &raw).unwrap(), time);
    }

    #[test]
    fn the_epoch_is_that_of_postgresql() {
        let zero = Micros::from_sql(&Type::TIMESTAMPTZ, &[0; 8]).unwrap();
        assert_eq!(zero.timestamp().unwrap().to_string(), "2000-01-01T00:00:00Z");
    }
}
