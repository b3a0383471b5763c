//! Aggregates loaded from the log and decided on: through the executor, and through the
//! framework's own store trait.

use cqrs_es::{AggregateError, CqrsFramework, EventStore};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use throughline_domain::case::accept_referral::{AcceptReferral, ReferralAccepted};
use throughline_domain::case::receive_referral::{MissingFacts, ReceiveReferral, ReferralReceived};
use throughline_domain::case::record_contact_attempt::{ContactAttempted, RecordContactAttempt};
use throughline_domain::case::{Case, CaseCommand, CaseStatus, Intent, Moment};
use throughline_domain::code_lists::{CaseRole, ContactChannel, ContactOutcome, ReferralSource};
use throughline_domain::ids::{CaseId, EventId, PersonId, Version};
use throughline_domain::person::{Person, PersonCommand, RegisterPerson};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_log::{ExecuteError, Plaintext, TenantStore, Unsealed};
use uuid::Uuid;

use crate::support::{Fixture, meta};

fn moment() -> Moment {
    let now = to_microseconds(Timestamp::now());
    Moment {
        event_id: EventId(Uuid::now_v7()),
        occurred: Occurred::at(now - SignedDuration::from_secs(1)),
        now,
    }
}

fn command(intent: impl Into<Intent>) -> CaseCommand {
    CaseCommand { moment: moment(), intent: intent.into() }
}

fn referral() -> CaseCommand {
    let moment = moment();
    let received = Occurred::at(moment.now - SignedDuration::from_hours(1));
    CaseCommand {
        moment: Moment { occurred: received, ..moment },
        intent: Intent::from(ReceiveReferral(ReferralReceived {
            person_id: PersonId(Uuid::new_v4()),
            programme: "mrp".parse().unwrap(),
            programme_version: 1,
            role: CaseRole::VictimSurvivor,
            area: "south".parse().unwrap(),
            source: ReferralSource::Police,
            latest_incident_at: None,
            incidents_12_months: Some(3),
            age_years: None,
            criteria: vec![],
            criteria_version: None,
            returns_from: None,
            list_date: None,
            missing_reasons: MissingFacts::default(),
        })),
    }
}

fn acceptance() -> CaseCommand {
    command(AcceptReferral(ReferralAccepted::default()))
}

fn attempt() -> CaseCommand {
    command(RecordContactAttempt(ContactAttempted {
        channel: ContactChannel::Phone,
        outcome: ContactOutcome::Reached,
        direction: None,
        duration_min: None,
        purpose: None,
        location: None,
        joint_with: None,
        override_reason: None,
    }))
}

impl Fixture {
    async fn execute(
        &self,
        id: Uuid,
        expected: Option<i32>,
        command: CaseCommand,
    ) -> Result<throughline_log::Executed, ExecuteError<throughline_domain::case::CaseError>> {
        let expected = expected.map(Version);
        self.log.execute::<Case>(self.tenant, id, expected, command, meta(), None).await
    }

    async fn an_open_case(&self) -> Uuid {
        let id = Uuid::new_v4();
        self.execute(id, Some(0), referral()).await.unwrap();
        self.execute(id, Some(1), acceptance()).await.unwrap();
        id
    }
}

#[tokio::test]
async fn a_command_is_decided_on_the_stored_state_and_its_text_is_sealed() {
    let fixture = Fixture::live().await;
    let id = fixture.an_open_case().await;
    let text = Plaintext::new("spoke for ten minutes".to_owned());
    let executed = fixture
        .log
        .execute::<Case>(fixture.tenant, id, None, attempt(), meta(), Some(text.clone()))
        .await
        .unwrap();
    assert_eq!(executed.version, Version(3));

    let events = fixture.log.read_stream(fixture.tenant, CaseId(id).into()).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!((executed.position, executed.recorded_at), (last.position, last.recorded_at));
    assert_eq!(executed.events, [last.event_id]);
    assert_eq!(fixture.log.unseal(fixture.tenant, last).await.unwrap(), Unsealed::Text(text));
    assert_eq!(last.to_case_event().unwrap().event.type_name(), "ContactAttempted");

    let refused = fixture.execute(id, None, acceptance()).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_caller_that_saw_another_version_is_told() {
    let fixture = Fixture::live().await;
    let id = fixture.an_open_case().await;
    for seen in [0, 1, 3] {
        let stale = fixture.execute(id, Some(seen), attempt()).await;
        assert!(matches!(stale, Err(ExecuteError::Stale { current: Version(2) })), "{stale:?}");
    }
    assert_eq!(fixture.execute(id, Some(2), attempt()).await.unwrap().version, Version(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_lose_a_race_are_decided_anew() {
    let fixture = Fixture::live().await;
    let id = fixture.an_open_case().await;
    let racing = (0..5).map(|_| {
        let log = fixture.log.clone();
        let tenant = fixture.tenant;
        tokio::spawn(
            async move { log.execute::<Case>(tenant, id, None, attempt(), meta(), None).await },
        )
    });
    for executed in join_all(racing).await {
        executed.unwrap().unwrap();
    }
    let events = fixture.log.read_stream(fixture.tenant, CaseId(id).into()).await.unwrap();
    assert_eq!(events.len(), 7);
}

/// What one process has cached is overtaken by another, each way.
#[tokio::test]
async fn a_cached_state_that_is_behind_neither_decides_nor_refuses() {
    let fixture = Fixture::live().await;
    let elsewhere = fixture.elsewhere();
    let id = Uuid::new_v4();
    fixture.execute(id, None, referral()).await.unwrap();
    let there = async |expected: Option<Version>, command| {
        elsewhere.execute::<Case>(fixture.tenant, id, expected, command, meta(), None).await
    };
    there(None, acceptance()).await.unwrap();
    // Here the case is cached as waiting for a decision: an attempt would be refused.
    assert_eq!(fixture.execute(id, None, attempt()).await.unwrap().version, Version(3));
    // There it is cached at version 2: an attempt would be decided, and conflict.
    assert_eq!(there(None, attempt()).await.unwrap().version, Version(4));
    assert_eq!(fixture.execute(id, Some(4), attempt()).await.unwrap().version, Version(5));
    let stale = there(Some(Version(4)), attempt()).await;
    assert!(matches!(stale, Err(ExecuteError::Stale { current: Version(5) })), "{stale:?}");
}

#[tokio::test]
async fn deciding_records_nothing() {
    let fixture = Fixture::live().await;
    let id = fixture.an_open_case().await;
    let decided = fixture.log.decide::<Case>(fixture.tenant, id, attempt()).await.unwrap();
    assert_eq!((decided.version, decided.events.len()), (Version(2), 1));
    let again = fixture.log.decide::<Case>(fixture.tenant, id, attempt()).await.unwrap();
    assert_eq!(again.version, Version(2));

    let person = PersonCommand { moment: moment(), intent: RegisterPerson.into() };
    let decided =
        fixture.log.decide::<Person>(fixture.tenant, Uuid::new_v4(), person).await.unwrap();
    assert_eq!((decided.version, decided.aggregate.registered), (Version(0), true));
}

#[tokio::test]
async fn the_frameworks_own_store_trait_goes_there_and_back() {
    let fixture = Fixture::live().await;
    let store = TenantStore::new(fixture.log.clone(), fixture.tenant, meta());
    let id = Uuid::new_v4().to_string();
    let framework = CqrsFramework::<Case, TenantStore>::new(store.clone(), vec![], ());
    framework.execute(&id, referral()).await.unwrap();
    framework.execute(&id, acceptance()).await.unwrap();
    let refused = framework.execute(&id, acceptance()).await;
    assert!(matches!(refused, Err(AggregateError::UserError(_))), "{refused:?}");

    let events = EventStore::<Case>::load_events(&store, &id).await.unwrap();
    assert_eq!(events.iter().map(|e| e.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(events[0].aggregate_id, id);
    let mut context = EventStore::<Case>::load_aggregate(&store, &id).await.unwrap();
    let case = cqrs_es::AggregateContext::<Case>::aggregate(&mut context).clone();
    assert_eq!((case.status(), case.history().len()), (Some(CaseStatus::Accepted), 2));

    // Another command comes between load and commit.
    framework.execute(&id, attempt()).await.unwrap();
    let late = vec![events[1].payload.clone()];
    let conflict = store.commit(late, context, std::collections::HashMap::new()).await;
    assert!(matches!(
        conflict,
        Err(AggregateError::<throughline_domain::case::CaseError>::AggregateConflict)
    ));
}
