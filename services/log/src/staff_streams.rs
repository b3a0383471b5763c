//! Workers and teams: the streams of which a tenant has few, listed as a whole.
//!
//! The kind is written into the statements rather than given as a parameter, so that the planner can
//! tell that the index of streams other than cases and persons is enough.

use throughline_domain::code::Code;
use throughline_domain::ids::Position;
use uuid::Uuid;

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::follow::StreamHistory;
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;

/// The most workers, and the most teams, that a tenant can have.
pub const STAFF_MAX: usize = 10_000;

/// How many bytes of facts are read at a time.
const PART_BYTES: usize = 4 << 20;

/// Names streams after codes.
const NAMES: Uuid = Uuid::from_u128(0x7468_726f_7567_4c69_8e65_5374_6166_6600);

impl StreamId {
    /// The stream of a worker: its id is a name-based UUID (version 5) of their code.
    #[must_use]
    pub fn of_worker(worker: &Code) -> Self {
        Self::named(StreamKind::Worker, worker)
    }

    /// The stream of a team, likewise.
    #[must_use]
    pub fn of_team(team: &Code) -> Self {
        Self::named(StreamKind::Team, team)
    }

    fn named(kind: StreamKind, code: &Code) -> Self {
        let name = format!("{}:{code}", kind.as_str());
        Self { kind, id: Uuid::new_v5(&NAMES, name.as_bytes()) }
    }
}

/// The ids of a tenant's streams of a kind. Ordered outside, so that the order does not speak for
/// another index.
pub(crate) fn list_sql(kind: StreamKind) -> String {
    format!(
        "SELECT id FROM (SELECT id FROM stream WHERE tenant_no = $1 AND kind = '{}' OFFSET 0) s \
         ORDER BY id LIMIT $2",
        kind.as_str()
    )
}

impl EventLog {
    /// How many workers have ever joined, or teams were ever formed, up to `most`.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn count_staff(
        &self,
        tenant: TenantNo,
        kind: StreamKind,
        most: usize,
    ) -> Result<usize, LogError> {
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.database().read(&list_sql(kind), &[&tenant.0, &limit]).await?;
        Ok(rows.len())
    }

    /// Every worker, or every team, with its events up to a position.
    ///
    /// Shape: at most [`STAFF_MAX`] streams; none that has no event up to there.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn read_staff(
        &self,
        tenant: TenantNo,
        kind: StreamKind,
        upto: Position,
    ) -> Result<Vec<StreamHistory>, LogError> {
        let limit = i64::try_from(STAFF_MAX).unwrap_or(i64::MAX);
        let rows = self.database().read(&list_sql(kind), &[&tenant.0, &limit]).await?;
        let mut wanted = Vec::with_capacity(rows.len());
        for row in &rows {
            wanted.push(StreamId { kind, id: row.try_get(0)? });
        }
        let mut read = Vec::with_capacity(wanted.len());
        while !wanted.is_empty() {
            let part = self.read_streams(tenant, &wanted, upto, PART_BYTES).await?;
            // Each part has one stream at least, or leaves none.
            read.extend(part.histories);
            wanted = part.left;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_and_a_team_of_one_code_are_two_streams_for_good() {
        let code: Code = "south".parse().unwrap();
        let (worker, team) = (StreamId::of_worker(&code), StreamId::of_team(&code));
        assert_ne!(worker.id, team.id);
        assert_eq!(worker, StreamId::of_worker(&code));
        // Stored for good, so never another.
        assert_eq!(worker.id.to_string(), "11ea5acb-140e-5b0e-ad24-35172d063950");
        assert_eq!(team.id.to_string(), "bce17cce-8292-5f99-9387-78cc03af9cc7");
    }
}
