//! Passing something from one case to another, once, if it still may pass.

use jiff::Timestamp;
use throughline_domain::case::aggregate::{self, Case, CaseCommand, Moment};
use throughline_domain::case::receive_linked_information::{
    LinkedInformationReceived, ReceiveLinkedInformation,
};
use throughline_domain::case::{CaseEvent, CaseState};
use throughline_domain::case_link::CaseLinkEvent;
use throughline_domain::case_link::passing::{self, Cause};
use throughline_domain::code_lists::CaseRole;
use throughline_domain::ids::{CaseId, EventId, PersonId, Position, Version};
use throughline_domain::person::PersonEvent;
use throughline_domain::recorded::{Happened, Recorded};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_domain::two_clocks::Asked;
use throughline_log::{
    Append, AppendError, CommandMeta, Decided, LinkSource, StoredEvent, StreamId, StreamWrite,
};
use uuid::Uuid;

use super::error::LinkError;
use super::follower::Inner;
use super::lease::{Lease, Leases};

/// How often it is tried when the streams that it rests on keep changing.
const TRIES_MAX: usize = 16;

/// Who records what passed.
const ACTOR: &str = "throughline";
/// In which role.
const ACTOR_ROLE: &str = "service";

/// One way over a link.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub(super) link: StreamId,
    /// The linking under which the source fell: after it ended, nothing of it passes.
    pub(super) linking: EventId,
    pub(super) sender: CaseId,
    pub(super) receiver: CaseId,
    pub(super) cause: Cause,
}

/// What is to be told, with the ids that it is known by.
type Told = Vec<(EventId, LinkedInformationReceived)>;

/// Passes what there is to pass because of `source`; `false` when another has the tenant.
pub(super) async fn pass(
    inner: &Inner,
    leases: &Leases,
    lease: &Lease,
    source: &LinkSource,
    pass: &Pass,
) -> Result<bool, LinkError> {
    let (_, receiver) = history(inner, lease, pass.receiver, source.position).await?;
    let is_new_to_it = pass.cause == Cause::Began && source.stream == pass.receiver.into();
    if is_new_to_it && !passing::came_into_work(&receiver) {
        return Ok(true);
    }
    let receiver = CaseState::at(&receiver, &Asked::LATEST);
    // Who was not at work yet is told the present state when they begin, and nothing twice.
    let Some(to) = receiver.referral.filter(|_| receiver.status.is_in_work()) else {
        return Ok(true);
    };
    let told = told(inner, lease, source, pass, to.role).await?;
    let Some((told, person)) = told else { return Ok(true) };
    if told.is_empty() {
        return Ok(true);
    }
    for _ in 0..TRIES_MAX {
        let Some(append) = append_of(inner, lease, pass, &told, person).await? else {
            return Ok(true);
        };
        // Between looking and appending: what a successor decided against rests on what it saw later,
        // and then the streams have moved.
        if !leases.hold(lease).await? {
            return Ok(false);
        }
        match inner.log.append(lease.tenant, append).await {
            Ok(_) => return Ok(true),
            Err(AppendError::Conflict { .. }) => {}
            Err(error) => return Err(LinkError::Append(error)),
        }
    }
    Err(LinkError::Contended)
}

/// What the sender's case, as it was at the source, has to tell, and whose case it is.
async fn told(
    inner: &Inner,
    lease: &Lease,
    source: &LinkSource,
    pass: &Pass,
    to: CaseRole,
) -> Result<Option<(Told, PersonId)>, LinkError> {
    let (_, sender) = history(inner, lease, pass.sender, source.position).await?;
    let Some(from) = CaseState::at(&sender, &Asked::LATEST).referral else { return Ok(None) };
    let programmes = inner.log.programmes(lease.tenant).await?;
    let programme = programmes.of_referral(&from).ok_or(LinkError::UnknownDefinition)?;
    let may_pass = |kind| passing::lets_through(&programme, kind, from.role, to);
    let told = passing::passing(pass.cause, &sender, source.recorded_at, &programme, may_pass)
        .into_iter()
        .map(|(kind, information)| {
            (passing::event_id(pass.linking, source.event_id, pass.receiver, kind), information)
        })
        .collect();
    Ok(Some((told, from.person_id)))
}

/// What to append, on condition that nothing it rests on has changed; `None` when nothing passes.
async fn append_of(
    inner: &Inner,
    lease: &Lease,
    pass: &Pass,
    told: &Told,
    sender: PersonId,
) -> Result<Option<Append>, LinkError> {
    let (link_version, link) = events(inner, lease, pass.link, Position(i64::MAX)).await?;
    if present_linking(&link)? != Some(pass.linking) {
        return Ok(None);
    }
    let (version, receiver) = history(inner, lease, pass.receiver, Position(i64::MAX)).await?;
    let case = case_of(receiver);
    let Some(referral) = &case.state().referral else { return Ok(None) };
    if !case.state().status.is_in_work() {
        return Ok(None);
    }
    let mut writes = vec![asserting(pass.link, link_version)];
    let mut persons = vec![sender, referral.person_id];
    persons.dedup();
    for person in persons {
        let (version, events) = events(inner, lease, person.into(), Position(i64::MAX)).await?;
        if is_erased(&events)? {
            return Ok(None);
        }
        writes.push(asserting(person.into(), version));
    }
    let untold = told.iter().filter(|(event_id, _)| case.find(*event_id).is_none());
    let events = untold.map(|(event_id, information)| decide(&case, *event_id, information));
    let events = events.collect::<Result<Vec<_>, LinkError>>()?;
    if events.is_empty() {
        return Ok(None);
    }
    let decided = Decided::<Case> { aggregate: case, version, events };
    writes.insert(0, decided.to_write(pass.receiver.into(), None)?);
    Ok(Some(Append { meta: meta(), writes }))
}

/// It happened when it was told: no earlier than anything it rests on, whatever the clocks say.
fn decide(
    case: &Case,
    event_id: EventId,
    information: &LinkedInformationReceived,
) -> Result<Happened<CaseEvent>, LinkError> {
    let now = to_microseconds(Timestamp::now());
    let occurred = Occurred::at(case.state().episode_started_at().map_or(now, |at| at.max(now)));
    let moment = Moment { event_id, occurred, now };
    let intent = ReceiveLinkedInformation(information.clone()).into();
    let event = aggregate::decide(case, CaseCommand { moment, intent });
    Ok(Happened { event_id, occurred, event: event.map_err(LinkError::Refused)? })
}

/// Nothing by which another event can be found: neither cause nor trace, and ids of its own.
fn meta() -> CommandMeta {
    CommandMeta {
        actor: ACTOR.to_owned(),
        actor_role: ACTOR_ROLE.to_owned(),
        source_organisation: None,
        command_id: Uuid::new_v4(),
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        traceparent: None,
        idempotency: None,
    }
}

fn asserting(stream: StreamId, expected: Version) -> StreamWrite {
    StreamWrite { stream, expected, events: Vec::new() }
}

fn present_linking(link: &[StoredEvent]) -> Result<Option<EventId>, LinkError> {
    let Some(last) = link.last() else { return Ok(None) };
    let last = last.to_case_link_event()?;
    Ok(matches!(last.event, CaseLinkEvent::CasesLinked(_)).then_some(last.event_id))
}

fn is_erased(person: &[StoredEvent]) -> Result<bool, LinkError> {
    for event in person {
        if let PersonEvent::SubjectErased(_) = event.to_person_event()?.event {
            return Ok(true);
        }
    }
    Ok(false)
}

fn case_of(history: Vec<Recorded<CaseEvent>>) -> Case {
    let happened =
        |Recorded { event_id, occurred, event, .. }| Happened { event_id, occurred, event };
    Case::from(history.into_iter().map(happened).collect::<Vec<_>>())
}

/// A case's history up to a position, and its version there.
async fn history(
    inner: &Inner,
    lease: &Lease,
    case: CaseId,
    upto: Position,
) -> Result<(Version, Vec<Recorded<CaseEvent>>), LinkError> {
    let (version, events) = events(inner, lease, case.into(), upto).await?;
    let events = events.iter().map(StoredEvent::to_case_event).collect::<Result<_, _>>()?;
    Ok((version, events))
}

/// A stream's events up to a position, without what is sealed.
async fn events(
    inner: &Inner,
    lease: &Lease,
    stream: StreamId,
    upto: Position,
) -> Result<(Version, Vec<StoredEvent>), LinkError> {
    // The one stream that is asked for comes whole, however long it is.
    let read = inner.log.read_streams(lease.tenant, &[stream], upto, usize::MAX).await?;
    let events = read.histories.into_iter().next().map(|history| history.events);
    let events = events.unwrap_or_default();
    Ok((events.last().map_or(Version(0), |last| last.version), events))
}
