//! The cohorts that a tenant has defined.
//!
//! There are few, each is small, and they are asked for as seldom as an evaluation begins: they are
//! read from the log each time, and nothing is remembered.

use throughline_domain::cohort::{Cohort, CohortEvent};

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stored::{self, event_columns};
use crate::tenant::TenantNo;

/// The most definitions that a tenant can have, all its cohorts together.
pub const COHORTS_MAX: usize = 1_000;

const READ_COHORTS: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM stream s JOIN event e ON e.tenant_no = s.tenant_no AND e.stream_no = s.stream_no \
     WHERE s.tenant_no = $1 AND s.kind = 'cohort' AND e.type = 'CohortDefined' ORDER BY e.position LIMIT $2"
);

impl EventLog {
    /// Every definition of a cohort, in the order in which they were defined: of one cohort, the
    /// versions rise.
    ///
    /// One that a later program wrote and this one cannot read is not among them.
    ///
    /// Shape: no more than [`COHORTS_MAX`] and those that callers add at once.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn cohorts(&self, tenant: TenantNo) -> Result<Vec<Cohort>, LogError> {
        // Several may be defined at the limit at once.
        let most = i64::try_from(2 * COHORTS_MAX).unwrap_or(i64::MAX);
        let rows = self.database().read(READ_COHORTS, &[&tenant.0, &most]).await?;
        let mut cohorts = Vec::with_capacity(rows.len());
        for row in &rows {
            let (event, _) = stored::from_row(row)?;
            if let Ok(event) = event.to_cohort_event()
                && let CohortEvent::CohortDefined(defined) = event.event
            {
                cohorts.push(defined.0);
            }
        }
        Ok(cohorts)
    }
}
