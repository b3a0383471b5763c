//! The cases of a person, by the referrals that name them.

use throughline_domain::ids::{CaseId, PersonId};
use uuid::Uuid;

use crate::erase::READ_CASES;
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::tenant::TenantNo;

impl EventLog {
    /// The first `most` cases of a person, in the order of their referral.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn cases_of_person(
        &self,
        tenant: TenantNo,
        person: PersonId,
        most: u32,
    ) -> Result<Vec<CaseId>, LogError> {
        let (person, most) = (person.0.to_string(), i64::from(most));
        let rows = self.database().read(READ_CASES, &[&tenant.0, &person, &most]).await?;
        rows.iter().map(|row| Ok(CaseId(row.try_get::<_, Uuid>(0)?))).collect()
    }
}
