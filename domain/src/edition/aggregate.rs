//! An edition as the event-sourcing framework sees it: one function that decides, one that applies.
//! Each edition has a stream of its own, named after it, so that two cannot have one name.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::case::Moment;
use crate::code::Code;
use crate::edition::{EditionError, EditionEvent, PublishEdition};
use crate::recorded::Happened;

/// What the ids of streams are made from: never to be changed.
const NAMESPACE: Uuid = Uuid::from_u128(0x91b4_7e52_0c6d_5a18_b7f3_16aa_58d0_4e97);

/// The id of the stream of an edition.
#[must_use]
pub fn stream_id(edition: &Code) -> Uuid {
    Uuid::new_v5(&NAMESPACE, edition.as_str().as_bytes())
}

/// An edition to be published, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct EditionCommand {
    /// When.
    pub moment: Moment,
    /// What.
    pub intent: PublishEdition,
}

/// Whether the edition is there. Its results are not kept in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionHistory {
    is_published: bool,
}

impl EditionHistory {
    pub(super) fn is_published(&self) -> bool {
        self.is_published
    }

    pub(super) fn take(&mut self, event: &EditionEvent) {
        match event {
            EditionEvent::EditionPublished(_) => self.is_published = true,
        }
    }
}

impl DomainEvent for Happened<EditionEvent> {
    fn event_type(&self) -> String {
        self.event.type_name().to_owned()
    }

    fn event_version(&self) -> String {
        self.event.schema_version().to_string()
    }
}

impl Aggregate for EditionHistory {
    const TYPE: &'static str = "edition";
    type Command = EditionCommand;
    type Event = Happened<EditionEvent>;
    type Error = EditionError;
    type Services = ();

    async fn handle(
        &mut self,
        command: EditionCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), EditionError> {
        let EditionCommand { moment, intent } = command;
        let event = intent.decide(self)?;
        let (event_id, occurred) = (moment.event_id, moment.occurred);
        sink.write(Happened { event_id, occurred, event }, self).await;
        Ok(())
    }

    fn apply(&mut self, happened: Happened<EditionEvent>) {
        self.take(&happened.event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams that were written are found by it for ever.
    #[test]
    fn an_edition_keeps_its_stream() {
        let id = stream_id(&"drive-year-1".parse().unwrap());
        assert_eq!(id.to_string(), "66936b70-0744-5fef-8670-ff4ef3439e1d");
    }
}
