//! Commands that may be sent again: each is recorded once, and remembered with its events.
//!
//! Keys are read and written in the append transaction, under the tenant's lock. So what is read
//! there is exact: of two commands with one scope, on whichever process, the second finds the
//! first, and writes nothing. A key that is a day old is free again.
//!
//! Deliberately absent: what a scope, a fingerprint and an answer are made of. The log compares
//! them and gives them back.

use std::collections::HashMap;

use futures_util::future::try_join3;
use postgres_types::ToSql;
use throughline_domain::ids::{Position, Version};
use tokio_postgres::{Row, Statement};

use super::plan::Plan;
use super::transaction::locked;
use super::{Append, AppendError, Appended};
use crate::database::Connection;
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stored;
use crate::tenant::TenantNo;

/// Expired rows are purged by the batch that passes a position which is a multiple of this,
const PURGE_POSITIONS: i64 = 64;
/// and so many of them at most: more than batches of the default size can have added since the last
/// time, so that purging keeps up.
const PURGE_ROWS_MAX: i64 = 1024;

/// How long a key is remembered, by the database's clock.
macro_rules! remembered_for {
    () => {
        "interval '24 hours'"
    };
}

/// Joins `k`, the key of each wanted scope. It is asked for as the first in the order of the primary
/// key, since the planner has no other way to that ([`begin`](crate::database::begin)).
macro_rules! key_by_scope {
    ($columns:literal) => {
        concat!(
            "FROM unnest($2::bytea[]) AS wanted (scope) \
             CROSS JOIN LATERAL (SELECT ",
            $columns,
            " FROM idempotency_key i \
                 WHERE i.tenant_no = $1 AND i.scope >= wanted.scope ORDER BY i.scope LIMIT 1) k \
             WHERE k.scope = wanted.scope",
        )
    };
}

pub(crate) const READ_KEYS: &str = concat!(
    "SELECT k.scope, k.fingerprint, k.answer, k.first_position, k.last_position, k.versions, \
         k.created_at <= now() - ",
    remembered_for!(),
    " ",
    key_by_scope!("i.*"),
);

/// Under the tenant's lock no row of the tenant moves between being found and being deleted.
pub(crate) const DELETE_KEYS: &str = concat!(
    "DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(SELECT k.ctid ",
    key_by_scope!("i.scope, i.ctid"),
    "))",
);

pub(crate) const INSERT_KEYS: &str = concat!(
    "INSERT INTO idempotency_key (tenant_no, scope, fingerprint, answer, first_position, \
        last_position, versions, created_at) \
    SELECT $1, k.scope, k.fingerprint, k.answer, k.first_position, k.last_position, \
        k.versions::integer[], now() \
    FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::bigint[], $6::bigint[], $7::text[]) \
        AS k (scope, fingerprint, answer, first_position, last_position, versions) WHERE ",
    locked!()
);

/// As [`DELETE_KEYS`], oldest first.
pub(crate) const PURGE_EXPIRED: &str = concat!(
    "DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(SELECT i.ctid FROM idempotency_key i \
         WHERE i.tenant_no = $1 AND i.created_at <= now() - ",
    remembered_for!(),
    " ORDER BY i.created_at LIMIT $2))",
);

/// By what a repetition of a command is known, and what is answered then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Whose key it is, for what: a second command of the tenant with this scope is not recorded.
    pub scope: [u8; 32],
    /// What was asked: a repetition has the same.
    pub fingerprint: [u8; 32],
    /// What the caller needs to answer the same again and the log does not know. Stored in the
    /// clear: ids and nothing of what was sent.
    pub answer: String,
}

/// A command that was recorded within the last 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What was asked.
    pub fingerprint: [u8; 32],
    /// What the caller kept for its answer.
    pub answer: String,
    /// The position of its first event.
    pub first: Position,
    /// The position of its last event.
    pub last: Position,
    /// The version of each write's stream after it, in the order of the writes.
    pub versions: Vec<Version>,
}

impl EventLog {
    /// The command of this scope, if one was recorded within the last 24 hours.
    ///
    /// One that is on its way at this moment is not found; its append is the authority
    /// ([`AppendError::Repeated`]).
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn remembered(
        &self,
        tenant: TenantNo,
        scope: &[u8; 32],
    ) -> Result<Option<Remembered>, LogError> {
        let scopes = [scope.as_slice()];
        let rows = self.database().read(READ_KEYS, &[&tenant.0, &scopes.as_slice()]).await?;
        let mut keys = Keys::from_rows(&rows)?;
        Ok(keys.known.remove(scope))
    }
}

/// The scopes that a batch has to know of.
pub(super) fn scopes(appends: &[&Append]) -> Vec<[u8; 32]> {
    let keys = appends.iter().filter_map(|append| append.meta.idempotency.as_ref());
    let mut scopes: Vec<_> = keys.map(|key| key.scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

/// The statement that reads these scopes; none where there are none.
pub(super) async fn prepare_read(
    connection: &Connection,
    scopes: &[[u8; 32]],
) -> Result<Option<Statement>, LogError> {
    if scopes.is_empty() {
        return Ok(None);
    }
    Ok(Some(connection.client().prepare_cached(READ_KEYS).await?))
}

/// Reads what is remembered of these scopes.
pub(super) async fn read(
    connection: &Connection,
    statement: Option<&Statement>,
    tenant: TenantNo,
    scopes: &[[u8; 32]],
) -> Result<Keys, LogError> {
    let Some(statement) = statement else {
        return Ok(Keys::default());
    };
    let scopes: Vec<&[u8]> = scopes.iter().map(<[u8; 32]>::as_slice).collect();
    let rows = connection.client().query(statement, &[&tenant.0, &scopes]).await?;
    Keys::from_rows(&rows)
}

/// The keys of a batch: those in the database, and those that the batch adds.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    known: HashMap<[u8; 32], Remembered>,
    /// In the database and too old.
    expired: Vec<[u8; 32]>,
    /// Known, and not in the database yet.
    added: Vec<[u8; 32]>,
}

impl Keys {
    /// Reads rows of [`READ_KEYS`].
    fn from_rows(rows: &[Row]) -> Result<Self, LogError> {
        let mut keys = Self::default();
        for row in rows {
            let scope = stored::hash(row.try_get(0)?)?;
            if row.try_get(6)? {
                keys.expired.push(scope);
                continue;
            }
            let versions: Vec<i32> = row.try_get(5)?;
            let remembered = Remembered {
                fingerprint: stored::hash(row.try_get(1)?)?,
                answer: row.try_get(2)?,
                first: Position(row.try_get(3)?),
                last: Position(row.try_get(4)?),
                versions: versions.into_iter().map(Version).collect(),
            };
            keys.known.insert(scope, remembered);
        }
        Ok(keys)
    }

    /// Refuses a command that was recorded before, or earlier in the batch.
    pub(super) fn check(&self, append: &Append) -> Result<(), AppendError> {
        let key = append.meta.idempotency.as_ref();
        match key.and_then(|key| self.known.get(&key.scope)) {
            Some(remembered) => Err(AppendError::Repeated(Box::new(remembered.clone()))),
            None => Ok(()),
        }
    }

    /// Remembers a command that was placed.
    pub(super) fn add(&mut self, append: &Append, appended: &Appended) {
        if let Some(key) = &append.meta.idempotency {
            let remembered = Remembered {
                fingerprint: key.fingerprint,
                answer: key.answer.clone(),
                first: appended.first,
                last: appended.last,
                versions: appended.versions.clone(),
            };
            self.known.insert(key.scope, remembered);
            self.added.push(key.scope);
        }
    }
}

/// What a batch does to the table of keys.
#[derive(Clone)]
pub(super) struct KeyStatements {
    delete: Statement,
    insert: Statement,
    purge: Statement,
}

impl KeyStatements {
    pub(super) async fn prepare(connection: &Connection) -> Result<Self, LogError> {
        let client = connection.client();
        Ok(Self {
            delete: client.prepare_cached(DELETE_KEYS).await?,
            insert: client.prepare_cached(INSERT_KEYS).await?,
            purge: client.prepare_cached(PURGE_EXPIRED).await?,
        })
    }

    /// Sends every statement that the plan needs at once, in this order, then waits for all answers.
    pub(super) async fn run(
        &self,
        connection: &Connection,
        plan: &Plan<'_>,
    ) -> Result<(), tokio_postgres::Error> {
        let adds = !plan.keys.added.is_empty();
        if !adds {
            return Ok(());
        }
        let run = async |needed: bool, statement, params: &[&(dyn ToSql + Sync)]| {
            if needed { connection.client().execute(statement, params).await } else { Ok(0) }
        };
        let passed = |position: i64| position / PURGE_POSITIONS;
        let purges = passed(plan.head_before.position) < passed(plan.head.position);
        let tenant = plan.tenant.0;
        let expired: Vec<&[u8]> = plan.keys.expired.iter().map(<[u8; 32]>::as_slice).collect();
        let added = Columns::new(&plan.keys);
        try_join3(
            run(!expired.is_empty(), &self.delete, &[&tenant, &expired]),
            run(
                adds,
                &self.insert,
                &[
                    &tenant,
                    &added.scopes,
                    &added.fingerprints,
                    &added.answers,
                    &added.first_positions,
                    &added.last_positions,
                    &added.versions,
                ],
            ),
            run(purges, &self.purge, &[&tenant, &PURGE_ROWS_MAX]),
        )
        .await?;
        Ok(())
    }
}

/// The columns of [`INSERT_KEYS`]. An array of arrays would be unnested to the bottom, so each
/// row's versions go as text.
#[derive(Default)]
struct Columns<'a> {
    scopes: Vec<&'a [u8]>,
    fingerprints: Vec<&'a [u8]>,
    answers: Vec<&'a str>,
    first_positions: Vec<i64>,
    last_positions: Vec<i64>,
    versions: Vec<String>,
}

impl<'a> Columns<'a> {
    fn new(keys: &'a Keys) -> Self {
        let mut columns = Self::default();
        for scope in &keys.added {
            let remembered = &keys.known[scope];
            let versions: Vec<_> = remembered.versions.iter().map(ToString::to_string).collect();
            columns.scopes.push(scope);
            columns.fingerprints.push(&remembered.fingerprint);
            columns.answers.push(&remembered.answer);
            columns.first_positions.push(remembered.first.0);
            columns.last_positions.push(remembered.last.0);
            columns.versions.push(format!("{{{}}}", versions.join(",")));
        }
        columns
    }
}
