//! One event as the feed tells it: a `CloudEvents` 1.0 envelope around coded facts.
//!
//! The facts go through the types that the domain reads them into: what those types do not have
//! cannot get out. What is sealed is never fetched, and who recorded it is left out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use throughline_domain::case::CaseEvent;
use throughline_domain::ids::CaseId;
use throughline_domain::person::PersonEvent;
use throughline_log::{StoredEvent, StreamKind, TenantNo};
use utoipa::ToSchema;
use uuid::Uuid;

use super::kind::Kind;
use super::read::FeedError;

/// One event of the feed: a `CloudEvents` 1.0 envelope in its JSON format.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FeedEvent)]
pub struct Envelope {
    /// Always `1.0`.
    pub specversion: &'static str,
    /// The event: with `source`, unlike any other.
    pub id: Uuid,
    /// The tenant's log.
    pub source: String,
    /// What happened, such as `org.throughline.case.ContactAttempted`.
    pub r#type: &'static str,
    /// Whom it is about: `case/{case_id}` or `person/{person_id}`.
    pub subject: String,
    /// When it happened, as exactly as `precision` says.
    pub time: Timestamp,
    /// Always `application/json`.
    pub datacontenttype: &'static str,
    /// The name and version of the form of `data`.
    pub dataschema: String,
    /// The event's place in the tenant's log, as 19 digits: they sort as numbers do.
    pub sequence: String,
    /// When it was recorded.
    pub recordedat: Timestamp,
    /// The version of the case or person after it.
    pub streamversion: i32,
    /// How exactly `time` is known: `instant`, `day` or `month`.
    pub precision: &'static str,
    /// The same for all events of one piece of work.
    pub correlationid: Uuid,
    /// The event or command that led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causationid: Option<Uuid>,
    /// The coded facts.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
}

/// The kind of a stored event and its envelope; `None` when the feed does not tell of it.
///
/// # Errors
/// [`FeedError::Event`] for an event that this program cannot read: whether to tell of it, a later
/// one must say.
pub(super) fn envelope(
    tenant: TenantNo,
    stored: &StoredEvent,
) -> Result<Option<(Kind, Envelope)>, FeedError> {
    let told = match stored.stream.kind {
        StreamKind::Case => {
            let event = stored.to_case_event()?.event;
            Kind::of_case(&event).map(|kind| (kind, case_facts(&event)))
        }
        StreamKind::Person => {
            let event = stored.to_person_event()?.event;
            Kind::of_person(&event).map(|kind| (kind, person_facts(&event)))
        }
        StreamKind::Tenant
        | StreamKind::Programme
        | StreamKind::Worker
        | StreamKind::Team
        | StreamKind::AllocationSchedule
        | StreamKind::CaseLink
        | StreamKind::Cohort
        | StreamKind::Edition => None,
    };
    let Some((kind, facts)) = told else {
        return Ok(None);
    };
    let envelope = Envelope {
        specversion: "1.0",
        id: stored.event_id.0,
        source: format!("urn:throughline:log:{tenant}"),
        r#type: kind.event_type(),
        subject: format!("{}/{}", kind.subject(), stored.stream.id),
        time: stored.occurred.at,
        datacontenttype: "application/json",
        dataschema: kind.schema(),
        sequence: format!("{:019}", stored.position.0),
        recordedat: stored.recorded_at,
        streamversion: stored.version.0,
        precision: stored.occurred.precision.as_str(),
        correlationid: stored.correlation_id,
        causationid: stored.causation_id,
        data: RawValue::from_string(facts?)?,
    };
    Ok(Some((kind, envelope)))
}

fn case_facts(event: &CaseEvent) -> Result<String, serde_json::Error> {
    event.to_data()
}

/// A person's event as far as those who work with them may know it.
fn person_facts(event: &PersonEvent) -> Result<String, serde_json::Error> {
    match event {
        // On what grounds is the data protection officer's business.
        PersonEvent::SubjectErased(erased) => {
            let cases: &[CaseId] = &erased.cases;
            serde_json::to_string(&BTreeMap::from([("cases", cases)]))
        }
        PersonEvent::PersonRegistered(_)
        | PersonEvent::LegalHoldPlaced(_)
        | PersonEvent::LegalHoldReleased(_) => Ok("{}".to_owned()),
    }
}
