//! A programme as the event-sourcing framework sees it: one function that decides, one that applies.
//! Each programme has a stream of its own, so that two versions of it cannot be loaded at once.

use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::case::Moment;
use crate::code::Code;
use crate::programme::{DefineProgramme, Programme, ProgrammeError, ProgrammeEvent, Programmes};
use crate::recorded::Happened;

/// What the ids of streams are made from: never to be changed.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_5d0e_8f0b_5f0b_9b65_2f7d_6c3b_8a11);

/// The id of the stream that a programme's definitions go to.
#[must_use]
pub fn stream_id(programme: &Code) -> Uuid {
    Uuid::new_v5(&NAMESPACE, programme.as_str().as_bytes())
}

/// A definition to be loaded, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgrammeCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: DefineProgramme,
}

/// The definitions of one programme that the tenant loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeHistory {
    loaded: Vec<Programme>,
}

impl ProgrammeHistory {
    /// What is known of a programme, shipped and loaded, the versions rising.
    pub(super) fn known(&self, id: &str) -> impl Iterator<Item = Arc<Programme>> {
        let known = Programmes::with_loaded(self.loaded.iter().cloned());
        known.of(id).cloned().collect::<Vec<_>>().into_iter()
    }

    pub(super) fn take(&mut self, event: ProgrammeEvent) {
        match event {
            ProgrammeEvent::ProgrammeDefined(defined) => self.loaded.push(defined.0),
        }
    }
}

impl DomainEvent for Happened<ProgrammeEvent> {
    fn event_type(&self) -> String {
        self.event.type_name().to_owned()
    }

    fn event_version(&self) -> String {
        self.event.schema_version().to_string()
    }
}

impl Aggregate for ProgrammeHistory {
    const TYPE: &'static str = "programme";
    type Command = ProgrammeCommand;
    type Event = Happened<ProgrammeEvent>;
    type Error = ProgrammeError;
    type Services = ();

    async fn handle(
        &mut self,
        command: ProgrammeCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), ProgrammeError> {
        let ProgrammeCommand { moment, intent } = command;
        if let Some(event) = intent.decide(self)? {
            let (event_id, occurred) = (moment.event_id, moment.occurred);
            sink.write(Happened { event_id, occurred, event }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, happened: Happened<ProgrammeEvent>) {
        self.take(happened.event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams that were written are found by it for ever.
    #[test]
    fn a_programme_keeps_its_stream() {
        let id = stream_id(&"mrp".parse().unwrap());
        assert_eq!(id.to_string(), "7ec33228-7c99-514a-b4aa-6b73dc6b7df6");
    }
}
