//! The schedules by which cases are given to the arms of a trial: which there are, and one with its
//! seed.
//!
//! The seed is sealed beside the event that opened the schedule, under a key of the schedule's own.
//! It is opened here for a decision and passed into it; nothing else ever asks for it.

use std::fmt;

use cqrs_es::Aggregate as _;
use throughline_domain::allocation_schedule::{
    AllocationSchedule, AllocationScheduleOpened, ScheduleEvent, Seed,
};
use throughline_domain::ids::Version;
use throughline_domain::recorded::{Happened, Recorded};
use uuid::Uuid;

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::seal::{SealError, Unsealed};
use crate::stored::{self, StoredEvent, event_columns};
use crate::stream::{StreamId, StreamKind};
use crate::tenant::TenantNo;

/// The first and the last event of each schedule, in any order: asked for one, the planner would go
/// through every stream.
pub(crate) const READ_SCHEDULES: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM stream s CROSS JOIN LATERAL (\
        (SELECT e.* FROM event e WHERE e.tenant_no = $1 AND e.stream_no = s.stream_no \
            ORDER BY e.version LIMIT 1) \
        UNION ALL \
        (SELECT e.* FROM event e WHERE e.tenant_no = $1 AND e.stream_no = s.stream_no \
            ORDER BY e.version DESC LIMIT 1)\
    ) e \
     WHERE s.tenant_no = $1 AND s.kind = 'allocation_schedule'",
);

/// A schedule, from its first and last event alone.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleHead {
    /// Its id.
    pub id: Uuid,
    /// How it was opened.
    pub opened: Recorded<AllocationScheduleOpened>,
    /// Its last event.
    pub last: Recorded<ScheduleEvent>,
}

/// A schedule as it is decided on. Its seed is still sealed.
#[derive(Clone)]
pub struct StoredSchedule {
    /// The version.
    pub version: Version,
    /// Its state.
    pub schedule: AllocationSchedule,
    /// Its events.
    pub history: Vec<Recorded<ScheduleEvent>>,
    /// The event that the seed is sealed beside.
    first: StoredEvent,
}

impl ScheduleHead {
    /// Whether cases can be drawn from it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.last.event, ScheduleEvent::AllocationScheduleClosed(_))
    }

    /// How many arms were drawn: every event between the opening and the end is a draw.
    #[must_use]
    pub fn drawn(&self) -> u32 {
        let others = if self.is_open() { 1 } else { 2 };
        u32::try_from(self.last.version.0 - others).unwrap_or(0)
    }
}

impl EventLog {
    /// Every schedule of the tenant, in the order of their opening.
    ///
    /// Memory: two events for each. Whoever opens one bounds how many there are.
    ///
    /// # Errors
    /// [`LogError::Unavailable`]; [`LogError::Event`] for an event of a later program.
    pub async fn schedules(&self, tenant: TenantNo) -> Result<Vec<ScheduleHead>, LogError> {
        let rows = self.database().read(READ_SCHEDULES, &[&tenant.0]).await?;
        let mut events = rows.iter().map(stored::from_row).collect::<Result<Vec<_>, _>>()?;
        events.sort_by_key(|(event, stream_no)| (*stream_no, event.version));
        let mut schedules = Vec::with_capacity(events.len() / 2);
        for pair in events.chunks(2) {
            let [(first, _), (last, _)] = pair else {
                return Err(LogError::Unreadable { column: "kind" });
            };
            let Recorded { position, version, recorded_at, event_id, occurred, event } =
                first.to_schedule_event()?;
            let ScheduleEvent::AllocationScheduleOpened(event) = event else {
                return Err(LogError::Unreadable { column: "type" });
            };
            let opened = Recorded { position, version, recorded_at, event_id, occurred, event };
            let last = last.to_schedule_event()?;
            schedules.push(ScheduleHead { id: first.stream.id, opened, last });
        }
        Ok(schedules)
    }

    /// A schedule whole; `None` where there is none of this id.
    ///
    /// # Errors
    /// [`LogError::Unavailable`]; [`LogError::Event`] for an event of a later program.
    pub async fn schedule(
        &self,
        tenant: TenantNo,
        id: Uuid,
    ) -> Result<Option<StoredSchedule>, LogError> {
        let stream = StreamId { kind: StreamKind::AllocationSchedule, id };
        let events = self.read_stream(tenant, stream).await?;
        let (mut schedule, mut version) = (AllocationSchedule::default(), Version(0));
        let mut history = Vec::with_capacity(events.len());
        for event in &events {
            let recorded = event.to_schedule_event()?;
            let Recorded { event_id, occurred, event, .. } = recorded.clone();
            schedule.apply(Happened { event_id, occurred, event });
            version = recorded.version;
            history.push(recorded);
        }
        let first = events.into_iter().next();
        Ok(first.map(|first| StoredSchedule { version, schedule, history, first }))
    }

    /// The seed of a schedule, for a decision.
    ///
    /// # Errors
    /// [`LogError::Seal`] when it does not open, or is no seed; [`LogError::Unavailable`].
    pub async fn seed(
        &self,
        tenant: TenantNo,
        schedule: &StoredSchedule,
    ) -> Result<Seed, LogError> {
        match self.unseal(tenant, &schedule.first).await? {
            Unsealed::Text(text) => {
                text.expose().parse().map_err(|_| SealError::UnknownFormat.into())
            }
            Unsealed::Nothing | Unsealed::Erased => Err(SealError::Broken.into()),
        }
    }
}

impl fmt::Debug for StoredSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSchedule").field("version", &self.version).finish_non_exhaustive()
    }
}
