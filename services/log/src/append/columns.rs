//! Rows as columns: the arrays that one statement unnests.

use postgres_types::ToSql;
use uuid::Uuid;

use super::planned_stream::PlannedStream;
use super::transaction::locked;
use crate::row::HashedRow;

pub(crate) const INSERT_EVENTS: &str = concat!(
    "INSERT INTO event (tenant_no, position, stream_no, event_id, version, schema_version, type, \
        occurred_at, occurred_precision, recorded_at, actor, actor_role, source_organisation, \
        command_id, correlation_id, causation_id, traceparent, data, sealed, hash) \
    SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::uuid[], $5::integer[], \
        $6::smallint[], $7::text[], $8::timestamptz[], $9::text[], $10::timestamptz[], \
        $11::text[], $12::text[], $13::text[], $14::uuid[], $15::uuid[], $16::uuid[], \
        $17::text[], $18::text[], $19::bytea[], $20::bytea[]) WHERE ",
    locked!()
);

pub(crate) const INSERT_STREAMS: &str = concat!(
    "INSERT INTO stream (tenant_no, stream_no, kind, id) \
    SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::uuid[]) WHERE ",
    locked!()
);

pub(crate) const INSERT_STREAM_KEYS: &str = concat!(
    "INSERT INTO stream_key (tenant_no, stream_no, wrapped) \
    SELECT $1, * FROM unnest($2::bigint[], $3::bytea[]) WHERE ",
    locked!()
);

/// The columns of [`INSERT_EVENTS`], in its order.
pub(crate) struct EventColumns<'a>([Box<dyn ToSql + Sync + Send + 'a>; 19]);

impl<'a> EventColumns<'a> {
    pub(crate) fn new(rows: &'a [HashedRow<'a>]) -> Self {
        fn column<'a, T: ToSql + Sync + Send + 'a>(
            rows: &'a [HashedRow<'a>],
            of: impl Fn(&'a HashedRow<'a>) -> T,
        ) -> Box<dyn ToSql + Sync + Send + 'a> {
            Box::new(rows.iter().map(of).collect::<Vec<T>>())
        }
        Self([
            column(rows, |r| r.row.position),
            column(rows, |r| r.row.stream_no),
            column(rows, |r| r.row.event_id),
            column(rows, |r| r.row.version),
            column(rows, |r| r.row.schema_version),
            column(rows, |r| r.row.event_type),
            column(rows, |r| r.row.occurred_at),
            column(rows, |r| r.row.occurred_precision.as_str()),
            column(rows, |r| r.row.recorded_at),
            column(rows, |r| r.row.actor),
            column(rows, |r| r.row.actor_role),
            column(rows, |r| r.row.source_organisation),
            column(rows, |r| r.row.command_id),
            column(rows, |r| r.row.correlation_id),
            column(rows, |r| r.row.causation_id),
            column(rows, |r| r.row.traceparent),
            column(rows, |r| r.row.data),
            column(rows, |r| r.row.sealed.as_deref()),
            column(rows, |r| r.hash.as_slice()),
        ])
    }

    /// The statement's parameters after the tenant.
    pub(crate) fn params(&self) -> impl Iterator<Item = &(dyn ToSql + Sync)> {
        self.0.iter().map(|column| &**column as &(dyn ToSql + Sync))
    }
}

/// The columns of [`INSERT_STREAMS`] and [`INSERT_STREAM_KEYS`].
#[derive(Default)]
pub(crate) struct StreamColumns<'a> {
    pub(crate) nos: Vec<i64>,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) ids: Vec<Uuid>,
    pub(crate) key_nos: Vec<i64>,
    pub(crate) keys: Vec<&'a [u8]>,
}

impl<'a> StreamColumns<'a> {
    pub(crate) fn new(streams: impl IntoIterator<Item = (&'a Uuid, &'a PlannedStream)>) -> Self {
        let mut columns = Self::default();
        for (id, stream) in streams.into_iter().filter(|(_, stream)| stream.is_new) {
            columns.nos.push(stream.stream_no);
            columns.kinds.push(stream.kind.as_str());
            columns.ids.push(*id);
            if let Some(wrapped) = &stream.wrapped {
                columns.key_nos.push(stream.stream_no);
                columns.keys.push(wrapped);
            }
        }
        columns
    }
}

/// What is written back of the head.
pub(crate) const UPDATE_HEAD: &str = concat!(
    "UPDATE log_head SET position = $2, recorded_at = $3, hash = $4, streams = $5 \
    WHERE tenant_no = $1 AND position = $6 AND ",
    locked!()
);
