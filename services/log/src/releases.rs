//! What a tenant has released of its cohorts.

use jiff::Timestamp;
use throughline_domain::cohort::{CohortEvent, CohortReleased};
use throughline_domain::ids::Position;

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stored::{self, event_columns};
use crate::tenant::TenantNo;

const LIST_RELEASES: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM stream s JOIN event e ON e.tenant_no = s.tenant_no AND e.stream_no = s.stream_no \
     WHERE s.tenant_no = $1 AND s.kind = 'cohort' AND e.type = 'CohortReleased' \
        AND e.position < $2 \
     ORDER BY e.position DESC LIMIT $3"
);

/// A release, and who made it when.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRelease {
    /// The place of its event in the tenant's log.
    pub position: Position,
    /// When it was recorded, just before it left.
    pub released_at: Timestamp,
    /// Who made it.
    pub actor: String,
    /// What left, and what was done to it.
    pub released: CohortReleased,
}

impl EventLog {
    /// The releases recorded before a position, the newest first.
    ///
    /// # Errors
    /// [`LogError::Unavailable`]; [`LogError::Event`] for one that a later program wrote: no
    /// release goes untold.
    pub async fn releases(
        &self,
        tenant: TenantNo,
        before: Position,
        limit: u32,
    ) -> Result<Vec<ListedRelease>, LogError> {
        let limit = i64::from(limit);
        let rows = self.database().read(LIST_RELEASES, &[&tenant.0, &before.0, &limit]).await?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in &rows {
            let (stored, _) = stored::from_row(row)?;
            let (position, released_at) = (stored.position, stored.recorded_at);
            let event = stored.to_cohort_event()?;
            if let CohortEvent::CohortReleased(released) = event.event {
                let actor = stored.actor;
                listed.push(ListedRelease { position, released_at, actor, released });
            }
        }
        Ok(listed)
    }
}
