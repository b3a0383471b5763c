//! A cohort as the event-sourcing framework sees it: one function that decides, one that applies.
//! Each cohort has a stream of its own, so that two texts cannot become one version of it.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::case::Moment;
use crate::code::Code;
use crate::cohort::{Cohort, CohortError, CohortEvent, DefineCohort, ReleaseCohort};
use crate::recorded::Happened;

/// What the ids of streams are made from: never to be changed.
const NAMESPACE: Uuid = Uuid::from_u128(0x2d9c_3c0a_41f7_5f6e_8a3b_7d04_93e1_5c22);

/// The id of the stream that a cohort's definitions go to.
#[must_use]
pub fn stream_id(cohort: &Code) -> Uuid {
    Uuid::new_v5(&NAMESPACE, cohort.as_str().as_bytes())
}

/// Something to be done with a cohort, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: CohortIntent,
}

/// What is to be done with a cohort.
#[derive(Debug, Clone, PartialEq)]
pub enum CohortIntent {
    /// Make a definition known.
    Define(DefineCohort),
    /// Record that it leaves.
    Release(ReleaseCohort),
}

/// The versions of one cohort, rising, and whether anything of it has left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CohortHistory {
    versions: Vec<Cohort>,
    is_released: bool,
}

impl CohortHistory {
    pub(super) fn find(&self, version: u16) -> Option<&Cohort> {
        self.versions.iter().find(|known| known.version == version)
    }

    pub(super) fn next_version(&self) -> u16 {
        self.versions.last().map_or(1, |newest| newest.version.saturating_add(1))
    }

    pub(super) fn is_released(&self) -> bool {
        self.is_released
    }

    pub(super) fn take(&mut self, event: CohortEvent) {
        match event {
            CohortEvent::CohortDefined(defined) => self.versions.push(defined.0),
            CohortEvent::CohortReleased(_) => self.is_released = true,
        }
    }
}

impl DomainEvent for Happened<CohortEvent> {
    fn event_type(&self) -> String {
        self.event.type_name().to_owned()
    }

    fn event_version(&self) -> String {
        self.event.schema_version().to_string()
    }
}

impl Aggregate for CohortHistory {
    const TYPE: &'static str = "cohort";
    type Command = CohortCommand;
    type Event = Happened<CohortEvent>;
    type Error = CohortError;
    type Services = ();

    async fn handle(
        &mut self,
        command: CohortCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), CohortError> {
        let CohortCommand { moment, intent } = command;
        let event = match intent {
            CohortIntent::Define(intent) => intent.decide(self)?,
            CohortIntent::Release(intent) => Some(intent.decide(self)?),
        };
        if let Some(event) = event {
            let (event_id, occurred) = (moment.event_id, moment.occurred);
            sink.write(Happened { event_id, occurred, event }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, happened: Happened<CohortEvent>) {
        self.take(happened.event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams that were written are found by it for ever.
    #[test]
    fn a_cohort_keeps_its_stream() {
        let id = stream_id(&"drive-year-1".parse().unwrap());
        assert_eq!(id.to_string(), "217ccf88-8c3f-5da2-b22a-ccfc3ac1c9b9");
    }
}
