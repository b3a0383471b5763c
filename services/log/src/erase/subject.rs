//! A person as an open transaction finds them: their state, their cases, and the keys.

use cqrs_es::Aggregate as _;
use jiff::Timestamp;
use throughline_domain::ids::{CaseId, PersonId, Position, Version};
use throughline_domain::person::{Person, PersonEvent};
use throughline_domain::recorded::Happened;
use uuid::Uuid;

use super::EraseError;
use crate::append::transaction::Opened;
use crate::error::LogError;
use crate::read::READ_STREAM;
use crate::stored::{self, StoredEvent};
use crate::stream::StreamId;
use crate::tenant::TenantNo;

/// The most cases one person may have.
const CASES_MAX: usize = 1000;

/// The cases of a person, in the order of their referral. A range where there is one value, so that
/// the index on that value alone gives the order ([`stream_by_id`] has the same trouble).
pub(crate) const READ_CASES: &str = "\
    SELECT s.id FROM (SELECT e.stream_no FROM event e \
        WHERE e.tenant_no = $1 AND e.type = 'ReferralReceived' \
        AND e.data::jsonb ->> 'person_id' >= $2 AND e.data::jsonb ->> 'person_id' <= $2 \
        ORDER BY e.data::jsonb ->> 'person_id', e.position LIMIT $3) e \
    CROSS JOIN LATERAL (SELECT s.* FROM stream s \
        WHERE s.tenant_no = $1 AND s.stream_no >= e.stream_no \
        ORDER BY s.stream_no LIMIT 1) s \
    WHERE s.stream_no = e.stream_no";

const DESTROY_KEYS: &str = "SELECT log_destroy_stream_keys($1, $2)";

pub(super) struct Subject {
    pub(super) id: PersonId,
    pub(super) person: Person,
    pub(super) version: Version,
    pub(super) cases: Vec<CaseId>,
    /// The event with which the person was erased, if they were.
    pub(super) erased: Option<StoredEvent>,
    /// The holds in force: when each was recorded, and where.
    pub(super) held: Vec<(Timestamp, Position)>,
}

impl Subject {
    pub(super) async fn read(
        opened: &Opened,
        tenant: TenantNo,
        id: PersonId,
    ) -> Result<Self, EraseError> {
        let stream = StreamId::from(id);
        let client = opened.client();
        let params: [&(dyn postgres_types::ToSql + Sync); 3] =
            [&tenant.0, &stream.id, &stream.kind.as_str()];
        let rows = client.query(READ_STREAM, &params).await.map_err(LogError::from)?;
        let events = rows.iter().map(|row| Ok(stored::from_row(row)?.0));
        let events = events.collect::<Result<Vec<_>, LogError>>()?;
        let limit = i64::try_from(CASES_MAX).unwrap_or(i64::MAX) + 1;
        let params: [&(dyn postgres_types::ToSql + Sync); 3] =
            [&tenant.0, &stream.id.to_string(), &limit];
        let rows = client.query(READ_CASES, &params).await.map_err(LogError::from)?;
        let cases = rows.iter().map(|row| Ok(CaseId(row.try_get::<_, Uuid>(0)?)));
        let cases = cases.collect::<Result<Vec<_>, LogError>>()?;
        if cases.len() > CASES_MAX {
            return Err(EraseError::TooManyCases { cases_max: CASES_MAX });
        }
        Ok(Self::fold(id, cases, &events)?)
    }

    fn fold(id: PersonId, cases: Vec<CaseId>, events: &[StoredEvent]) -> Result<Self, LogError> {
        let mut person = Person::default();
        let mut erased = None;
        for stored in events {
            let recorded = stored.to_person_event()?;
            if erased.is_none() && matches!(recorded.event, PersonEvent::SubjectErased(_)) {
                erased = Some(stored.clone());
            }
            person.apply(Happened {
                event_id: recorded.event_id,
                occurred: recorded.occurred,
                event: recorded.event,
            });
        }
        let held = events.iter().filter(|event| person.holds.contains(&event.event_id));
        Ok(Self {
            id,
            version: events.last().map(|event| event.version).unwrap_or_default(),
            cases,
            erased,
            held: held.map(|event| (event.recorded_at, event.position)).collect(),
            person,
        })
    }

    pub(super) fn stream(&self) -> StreamId {
        self.id.into()
    }

    /// Destroys what keys there are left, and says how many those were.
    pub(super) async fn destroy_keys(
        &self,
        opened: &Opened,
        tenant: TenantNo,
    ) -> Result<i64, LogError> {
        let row = opened.client().query_one(DESTROY_KEYS, &[&tenant.0, &self.id.0]).await?;
        Ok(row.try_get(0)?)
    }
}
