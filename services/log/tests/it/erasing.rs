//! Erasing a person: what it destroys, what it refuses, and what races with it.

use std::path::PathBuf;

use throughline_domain::case::Moment;
use throughline_domain::code_lists::{ErasureBasis, HoldReason};
use throughline_domain::ids::{CaseId, EventId, PersonId, Position, Version};
use throughline_domain::person::{
    LegalHoldPlaced, LegalHoldReleased, Person, PersonCommand, PersonError, PersonIntent,
    PlaceLegalHold, ReleaseLegalHold,
};
use throughline_domain::time::Occurred;
use throughline_log::{
    AppendError, AppendSettings, CommandMeta, EraseError, Erased, Erasure, ErasureLedger, EventLog,
    LedgerError, LogError, NewEvent, Plaintext, StreamId, Tenant, Unsealed, Verified, pool,
};
use uuid::Uuid;

use crate::support::{Fixture, a_case, an_event, command, meta, one, sealing, write};

/// A tenant's log with a ledger beside it.
pub(crate) struct Place {
    pub(crate) fixture: Fixture,
    pub(crate) ledger: ErasureLedger,
    pub(crate) directory: PathBuf,
    pub(crate) tenant: Tenant,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let fixture = Fixture::live().await;
        let tenant = fixture.log.find_tenant("essex").await.unwrap().unwrap();
        let directory =
            std::env::temp_dir().join(format!("throughline-erasing-{}", Uuid::new_v4()));
        let ledger = ErasureLedger::new(directory.join("erasures.jsonl"));
        Self { fixture, ledger, directory, tenant }
    }

    pub(crate) fn log(&self) -> &EventLog {
        &self.fixture.log
    }

    pub(crate) async fn a_person(&self) -> PersonId {
        let person = PersonId(Uuid::new_v4());
        let identity = sealing("Megan of Flat 4");
        let registered =
            NewEvent { event_type: "PersonRegistered", data: "{}".to_owned(), ..identity };
        self.fixture.append(command([write(person.into(), 0, vec![registered])])).await;
        person
    }

    /// A case with a narrative in its referral and another after it.
    pub(crate) async fn a_case_of(&self, person: PersonId) -> StreamId {
        let case = a_case();
        let events = vec![referral(person), sealing("She moved.")];
        self.fixture.append(command([write(case, 0, events)])).await;
        case
    }

    pub(crate) async fn erase(&self, person: PersonId) -> Result<Erased, EraseError> {
        self.log().erase_person(&self.ledger, &self.tenant, erasure(person)).await
    }

    pub(crate) async fn decide(
        &self,
        person: PersonId,
        intent: PersonIntent,
    ) -> Result<EventId, PersonError> {
        let now = jiff::Timestamp::now();
        let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
        let command = PersonCommand { moment, intent };
        let tenant = self.fixture.tenant;
        let executed =
            self.log().execute::<Person>(tenant, person.0, None, command, meta(), None).await;
        match executed {
            Ok(_) => Ok(moment.event_id),
            Err(throughline_log::ExecuteError::Refused(refusal)) => Err(refusal),
            Err(error) => panic!("{error:?}"),
        }
    }

    pub(crate) async fn hold(&self, person: PersonId) -> Result<EventId, PersonError> {
        let hold = LegalHoldPlaced { reason: HoldReason::Inquest, reference: None };
        self.decide(person, PlaceLegalHold(hold).into()).await
    }

    pub(crate) async fn release(&self, person: PersonId, hold_id: EventId) {
        let release = ReleaseLegalHold(LegalHoldReleased { hold_id });
        self.decide(person, release.into()).await.unwrap();
    }

    /// What became of the sealed parts of a stream.
    pub(crate) async fn words(&self, stream: impl Into<StreamId>) -> Vec<Unsealed> {
        let tenant = self.fixture.tenant;
        let events = self.log().read_stream(tenant, stream.into()).await.unwrap();
        let opened = self.log().unseal_all(tenant, &events).await.unwrap();
        opened.into_iter().filter(|words| *words != Unsealed::Nothing).collect()
    }

    pub(crate) async fn assert_chain_holds(&self) {
        let verified = self.log().verify(self.fixture.tenant).await.unwrap();
        assert!(matches!(verified, Verified::Holds { .. }), "{verified:?}");
    }

    /// Waits until so many wait for the tenant's lock, which somebody has.
    async fn waiting(&self, count: i64) {
        let client = self.fixture.client().await;
        let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) < count {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

pub(crate) fn erasure(person: PersonId) -> Erasure {
    let occurred = Occurred::at(jiff::Timestamp::now());
    let meta = CommandMeta { actor: "officer".to_owned(), ..meta() };
    let event_id = EventId(Uuid::now_v7());
    Erasure { event_id, person, basis: ErasureBasis::Request, occurred, meta }
}

fn referral(person: PersonId) -> NewEvent {
    let data = format!(r#"{{"person_id":"{person}","programme":"mrp"}}"#);
    NewEvent { event_type: "ReferralReceived", data, ..sealing("Referred by the police.") }
}

fn id(stream: StreamId) -> CaseId {
    CaseId(stream.id)
}

fn words(text: &str) -> Unsealed {
    Unsealed::Text(Plaintext::new(text.to_owned()))
}

const LOCK: &str = "SELECT pg_advisory_lock(x'544c6f67'::int, $1)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(x'544c6f67'::int, $1)";

#[tokio::test]
async fn the_words_of_a_person_and_their_cases_are_gone_and_nobody_elses() {
    let place = Place::new().await;
    let (person, other) = (place.a_person().await, place.a_person().await);
    let cases = [place.a_case_of(person).await, place.a_case_of(person).await];
    let others = place.a_case_of(other).await;
    assert_eq!(place.words(person).await, [words("Megan of Flat 4")]);
    let before = place.log().head(place.fixture.tenant).await.unwrap();

    let erased = place.erase(person).await.unwrap();
    assert_eq!(erased.cases, cases.map(id));
    assert_eq!((erased.keys_destroyed, erased.repeated), (3, false));
    assert_eq!((erased.version, erased.position), (Version(2), Position(before.position.0 + 1)));
    assert_eq!(place.words(person).await, [Unsealed::Erased]);
    for case in cases {
        assert_eq!(place.words(case).await, [Unsealed::Erased, Unsealed::Erased]);
    }
    assert_eq!(place.words(other).await.len(), 1);
    assert_eq!(place.words(others).await, [words("Referred by the police."), words("She moved.")]);
    place.assert_chain_holds().await;

    let events = place.log().read_stream(place.fixture.tenant, person.into()).await.unwrap();
    let event = events.last().unwrap();
    assert_eq!((event.event_id, &*event.event_type), (erased.event_id, "SubjectErased"));
    assert_eq!(event.actor, "officer");

    // Again: the same answer, and nothing is recorded.
    let again = place.erase(person).await.unwrap();
    assert_eq!(again, Erased { keys_destroyed: 0, repeated: true, ..erased });
    let head = place.log().head(place.fixture.tenant).await.unwrap();
    assert_eq!(head.position, Position(before.position.0 + 1));
    assert_eq!(place.ledger.lines().await.unwrap().len(), 1);
}

#[tokio::test]
async fn afterwards_facts_are_recorded_and_words_are_not() {
    let place = Place::new().await;
    let person = place.a_person().await;
    let case = place.a_case_of(person).await;
    place.erase(person).await.unwrap();
    place.fixture.append(one(case, 2)).await;
    let more = command([write(case, 3, vec![sealing("more")])]);
    let refused = place.log().append(place.fixture.tenant, more).await;
    assert!(matches!(refused, Err(AppendError::Log(LogError::NoKey { stream })) if stream == case));
    assert_eq!(place.hold(person).await, Err(PersonError::Erased));
    place.assert_chain_holds().await;
}

#[tokio::test]
async fn a_legal_hold_refuses_and_nothing_is_written_down() {
    let place = Place::new().await;
    let person = place.a_person().await;
    let case = place.a_case_of(person).await;
    let hold = place.hold(person).await.unwrap();
    let refused = place.erase(person).await;
    let Err(EraseError::Refused(PersonError::LegalHold { holds: 1 })) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(place.ledger.lines().await.unwrap(), []);
    assert_eq!(place.words(case).await.len(), 2);
    assert_ne!(place.words(case).await[0], Unsealed::Erased);
    place.release(person, hold).await;
    assert_eq!(place.erase(person).await.unwrap().keys_destroyed, 2);
}

#[tokio::test]
async fn nobody_unknown_is_erased_nor_a_case_by_itself() {
    let place = Place::new().await;
    let case = place.a_case_of(place.a_person().await).await;
    for id in [Uuid::new_v4(), case.id] {
        let refused = place.erase(PersonId(id)).await;
        assert!(matches!(refused, Err(EraseError::Refused(PersonError::NotRegistered))));
    }
    assert_eq!(place.words(case).await[1], words("She moved."));
    let loading = place.log().find_tenant("loading").await.unwrap().unwrap();
    let refused = place.log().erase_person(&place.ledger, &loading, erasure(PersonId(case.id)));
    assert!(matches!(refused.await, Err(EraseError::Loading)));
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let place = Place::new().await;
    let person = place.a_person().await;
    // Where the directory should be made, there is a file.
    std::fs::write(&place.directory, "").unwrap();
    let before = place.log().head(place.fixture.tenant).await.unwrap();
    let refused = place.erase(person).await;
    assert!(matches!(&refused, Err(EraseError::Ledger(LedgerError::File { .. }))), "{refused:?}");
    assert_eq!(place.words(person).await, [words("Megan of Flat 4")]);
    assert_eq!(place.log().head(place.fixture.tenant).await.unwrap(), before);
    std::fs::remove_file(&place.directory).unwrap();
}

/// Both wait for the lock; it goes round in the order in which they came.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_seals_is_erased_or_refused_by_who_comes_first() {
    for append_first in [true, false] {
        let place = Place::new().await;
        let person = place.a_person().await;
        let case = place.a_case_of(person).await;
        let lock = place.fixture.client().await;
        lock.execute(LOCK, &[&place.fixture.tenant.0]).await.unwrap();
        let append = || {
            let (log, tenant) = (place.log().clone(), place.fixture.tenant);
            let append = command([write(case, 2, vec![sealing("late")])]);
            tokio::spawn(async move { log.append(tenant, append).await })
        };
        let erase = || {
            let (log, ledger) = (place.log().clone(), place.ledger.clone());
            let tenant = place.tenant.clone();
            tokio::spawn(async move { log.erase_person(&ledger, &tenant, erasure(person)).await })
        };
        let (appending, erasing);
        if append_first {
            appending = append();
            place.waiting(1).await;
            erasing = erase();
        } else {
            erasing = erase();
            place.waiting(1).await;
            appending = append();
        }
        place.waiting(2).await;
        lock.execute(UNLOCK, &[&place.fixture.tenant.0]).await.unwrap();
        erasing.await.unwrap().unwrap();
        let appended = appending.await.unwrap();
        if append_first {
            assert!(appended.is_ok(), "{appended:?}");
        } else {
            let refused = matches!(appended, Err(AppendError::Log(LogError::NoKey { .. })));
            assert!(refused, "{appended:?}");
        }
        let words = place.words(case).await;
        assert_eq!(words.len(), if append_first { 3 } else { 2 });
        assert!(words.iter().all(|words| *words == Unsealed::Erased));
        place.assert_chain_holds().await;
    }
}

/// A referral asserts the version of the person it was decided on.
#[tokio::test(flavor = "multi_thread")]
async fn a_referral_is_erased_or_loses_by_who_comes_first() {
    for referral_first in [true, false] {
        let place = Place::new().await;
        let person = place.a_person().await;
        let lock = place.fixture.client().await;
        lock.execute(LOCK, &[&place.fixture.tenant.0]).await.unwrap();
        let case = a_case();
        let refer = || {
            let (log, tenant) = (place.log().clone(), place.fixture.tenant);
            let known = write(person.into(), 1, vec![]);
            let append = command([known, write(case, 0, vec![referral(person)])]);
            tokio::spawn(async move { log.append(tenant, append).await })
        };
        let erase = || {
            let (log, ledger) = (place.log().clone(), place.ledger.clone());
            let tenant = place.tenant.clone();
            tokio::spawn(async move { log.erase_person(&ledger, &tenant, erasure(person)).await })
        };
        let (referring, erasing);
        if referral_first {
            referring = refer();
            place.waiting(1).await;
            erasing = erase();
        } else {
            erasing = erase();
            place.waiting(1).await;
            referring = refer();
        }
        place.waiting(2).await;
        lock.execute(UNLOCK, &[&place.fixture.tenant.0]).await.unwrap();
        let erased = erasing.await.unwrap().unwrap();
        let referred = referring.await.unwrap();
        if referral_first {
            referred.unwrap();
            assert_eq!(erased.cases, [id(case)]);
            assert_eq!(place.words(case).await, [Unsealed::Erased]);
        } else {
            assert!(matches!(referred, Err(AppendError::Conflict { current: Version(2), .. })));
            assert_eq!(place.words(case).await, []);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_refuses_or_is_refused_by_who_comes_first() {
    for hold_first in [true, false] {
        let place = Place::new().await;
        let person = place.a_person().await;
        let lock = place.fixture.client().await;
        lock.execute(LOCK, &[&place.fixture.tenant.0]).await.unwrap();
        let erase = || {
            let (log, ledger) = (place.log().clone(), place.ledger.clone());
            let tenant = place.tenant.clone();
            tokio::spawn(async move { log.erase_person(&ledger, &tenant, erasure(person)).await })
        };
        let first = (!hold_first).then(erase);
        if !hold_first {
            place.waiting(1).await;
        }
        let unlock = async {
            place.waiting(1).await;
            let second = hold_first.then(erase);
            place.waiting(2).await;
            lock.execute(UNLOCK, &[&place.fixture.tenant.0]).await.unwrap();
            second
        };
        let (held, second) = tokio::join!(place.hold(person), unlock);
        let erased = first.or(second).unwrap().await.unwrap();
        if hold_first {
            held.unwrap();
            assert!(matches!(erased, Err(EraseError::Refused(PersonError::LegalHold { .. }))));
            assert_eq!(place.ledger.lines().await.unwrap(), []);
        } else {
            assert_eq!(held, Err(PersonError::Erased));
            erased.unwrap();
        }
    }
}

/// The role under which the service runs can destroy keys by the function alone, and by that only
/// those of a person whose erasure is in the log.
#[tokio::test]
async fn the_services_role_erases_and_can_destroy_nothing_else() {
    let place = Place::new().await;
    let (person, other) = (place.a_person().await, place.a_person().await);
    let case = place.a_case_of(person).await;

    let client = place.fixture.client().await;
    client.batch_execute("SET ROLE throughline_service").await.unwrap();
    let refusals = [
        ("DELETE FROM stream_key".to_owned(), "42501"),
        ("UPDATE stream_key SET wrapped = ''".to_owned(), "42501"),
        ("TRUNCATE stream_key".to_owned(), "42501"),
        (format!("SELECT log_destroy_stream_keys(2, '{other}')"), "TL005"),
        (format!("SELECT log_destroy_stream_keys(2, '{}')", case.id), "TL004"),
        (format!("SELECT log_destroy_stream_keys(2, '{}')", Uuid::nil()), "TL004"),
        (format!("SELECT log_destroy_stream_keys(1, '{other}')"), "TL004"),
    ];
    assert_eq!(place.fixture.tenant.0, 2);
    for (statement, code) in refusals {
        let refused = client.batch_execute(&statement).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), code, "{statement}");
    }
    // Tables of the caller's own are not mistaken for the log's.
    client
        .batch_execute(
            "RESET ROLE; CREATE TEMP TABLE event AS SELECT 2 AS tenant_no, s.stream_no, 1 AS version, \
             'SubjectErased' AS type FROM stream s; SET ROLE throughline_service",
        )
        .await
        .unwrap();
    let forged = format!("SELECT log_destroy_stream_keys(2, '{other}')");
    let refused = client.batch_execute(&forged).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "TL005");
    let sql = "SELECT has_function_privilege('public', 'log_destroy_stream_keys(integer, uuid)', \
               'execute')";
    assert!(!client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0));

    let mut config = place.fixture.database.config();
    config.options("-c role=throughline_service");
    let key = place.fixture.master_key.clone();
    let log = EventLog::new(pool(config, 4).unwrap(), key, AppendSettings::default());
    let erased = log.erase_person(&place.ledger, &place.tenant, erasure(person)).await.unwrap();
    assert_eq!(erased.keys_destroyed, 2);
    assert_eq!(place.words(case).await, [Unsealed::Erased, Unsealed::Erased]);
    assert_eq!(place.words(other).await, [words("Megan of Flat 4")]);
}

/// A fact of another type may name the person as well.
#[tokio::test]
async fn a_case_is_the_persons_by_its_referral_alone() {
    let place = Place::new().await;
    let (person, other) = (place.a_person().await, place.a_person().await);
    let case = place.a_case_of(other).await;
    let named = NewEvent { event_type: "ContactAttempted", ..referral(person) };
    let unrelated = NewEvent { data: "not JSON".to_owned(), ..an_event() };
    place.fixture.append(command([write(case, 2, vec![named, unrelated])])).await;
    assert_eq!(place.erase(person).await.unwrap().cases, []);
    assert_ne!(place.words(case).await[0], Unsealed::Erased);
}
