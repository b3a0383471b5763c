//! Recomputing the chain.

use std::fmt;

use throughline_domain::ids::Position;

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::hash::{self, Hash};
use crate::stored::StoredEvent;
use crate::tenant::TenantNo;

const PAGE_EVENTS: u32 = 2000;

/// What a recomputation of the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// Every row is as it was recorded.
    Holds {
        /// How many events.
        events: i64,
        /// The last link: keep a copy elsewhere, to show later that nothing was cut off.
        head_hash: [u8; 32],
    },
    /// Something was altered.
    Broken {
        /// The first row that does not hold.
        position: Position,
        /// What is wrong with it.
        reason: Flaw,
    },
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// There is no row at this position, or none with a known stream.
    Missing,
    /// The version does not follow the one before it in the stream.
    VersionGap,
    /// The row was recorded no later than the one before it.
    RecordedAtNotRising,
    /// The hash is not that of the row and the one before it.
    HashMismatch,
    /// The end of the log is not where, or what, the head says.
    HeadMismatch,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the row is missing",
            Self::VersionGap => "the version does not follow the one before it in the stream",
            Self::RecordedAtNotRising => "the recording time does not rise",
            Self::HashMismatch => "the hash is not that of the row",
            Self::HeadMismatch => "the end of the log is not where or what its head says",
        })
    }
}

impl EventLog {
    /// Recomputes a tenant's chain from the first event to where it ends now, page by page, while
    /// appends go on.
    ///
    /// Memory: four bytes for each stream, and a page.
    ///
    /// # Errors
    /// [`LogError::NoSuchTenant`]; [`LogError::Unreadable`] when a row is not even of the right
    /// form; [`LogError::Unavailable`].
    pub async fn verify(&self, tenant: TenantNo) -> Result<Verified, LogError> {
        let name = self.read_tenant(tenant).await?.name;
        let head = self.head(tenant).await?;
        let mut chain = Chain::new(hash::genesis(tenant, &name), head.streams);
        while chain.position < head.position {
            let left = head.position.0 - chain.position.0;
            let limit = u32::try_from(left).unwrap_or(PAGE_EVENTS).min(PAGE_EVENTS);
            let page = self.read_rows_after(tenant, chain.position, limit).await?;
            let whole = page.len() == limit as usize;
            for (event, stream_no) in page {
                if let Err(reason) = chain.follow(&event, stream_no) {
                    let position = Position(chain.position.0 + 1);
                    return Ok(Verified::Broken { position, reason });
                }
            }
            if !whole {
                let position = Position(chain.position.0 + 1);
                return Ok(broken(position, Flaw::Missing));
            }
        }
        if chain.hash != head.hash || chain.recorded_at != head.recorded_at {
            return Ok(broken(head.position, Flaw::HeadMismatch));
        }
        if !self.head_agrees(tenant).await? {
            return Ok(broken(head.position, Flaw::HeadMismatch));
        }
        Ok(Verified::Holds { events: head.position.0, head_hash: head.hash })
    }

    /// Whether the head knows of the last event, and of every stream.
    async fn head_agrees(&self, tenant: TenantNo) -> Result<bool, LogError> {
        // In one statement, so that an append in between does no harm.
        let sql = "SELECT h.position = (SELECT coalesce(max(position), 0) FROM event \
                                        WHERE tenant_no = $1) \
                   AND h.streams = (SELECT count(*) FROM stream WHERE tenant_no = $1) \
                   FROM log_head h WHERE h.tenant_no = $1";
        let rows = self.database().read(sql, &[&tenant.0]).await?;
        Ok(rows.first().map_or(Ok(false), |row| row.try_get(0))?)
    }
}

/// The chain as far as it was followed.
struct Chain {
    position: Position,
    recorded_at: Option<jiff::Timestamp>,
    hash: Hash,
    /// The version of each stream, by its number.
    versions: Vec<i32>,
}

impl Chain {
    fn new(genesis: Hash, streams: i64) -> Self {
        let streams = usize::try_from(streams).unwrap_or(0);
        Self {
            position: Position(0),
            recorded_at: None,
            hash: genesis,
            versions: vec![0; streams + 1],
        }
    }

    fn follow(&mut self, event: &StoredEvent, stream_no: i64) -> Result<(), Flaw> {
        if event.position.0 != self.position.0 + 1 {
            return Err(Flaw::Missing);
        }
        if self.recorded_at >= Some(event.recorded_at) {
            return Err(Flaw::RecordedAtNotRising);
        }
        let hash = hash::event(&self.hash, &event.row(stream_no));
        if hash != event.hash {
            return Err(Flaw::HashMismatch);
        }
        let version = usize::try_from(stream_no)
            .ok()
            .and_then(|no| self.versions.get_mut(no))
            .ok_or(Flaw::HeadMismatch)?;
        if event.version.0 != *version + 1 {
            return Err(Flaw::VersionGap);
        }
        *version += 1;
        self.position = event.position;
        self.recorded_at = Some(event.recorded_at);
        self.hash = hash;
        Ok(())
    }
}

fn broken(position: Position, reason: Flaw) -> Verified {
    Verified::Broken { position, reason }
}
