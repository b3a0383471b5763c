//! Erasures that were written down and not made, or made and then undone by a restored backup.

use throughline_domain::ids::PersonId;
use throughline_domain::person::PersonError;
use throughline_log::{
    AppendSettings, EraseError, ErasureLedger, EventLog, LoadedEvent, NewEvent, ReplayedErasures,
    StreamId, TenantNo, TenantState, Unsealed, pool,
};
use uuid::Uuid;

use crate::erasing::{Place, erasure};
use crate::support::{a_case, at, meta, sealing};

/// What `sql` makes of the commit that follows an erasure.
async fn at_commit(place: &Place, sql: &str) {
    let create = format!(
        "CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {sql}; RETURN \
         NULL; END $$; \
         CREATE CONSTRAINT TRIGGER at_commit AFTER DELETE ON stream_key \
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()"
    );
    place.fixture.client().await.batch_execute(&create).await.unwrap();
}

async fn commit_again(place: &Place) {
    let drop = "DROP TRIGGER at_commit ON stream_key; DROP FUNCTION at_commit()";
    place.fixture.client().await.batch_execute(drop).await.unwrap();
}

const CUT: &str = "PERFORM pg_terminate_backend(pg_backend_pid())";

#[tokio::test]
async fn an_erasure_that_was_written_down_and_lost_is_made_at_the_next_start() {
    for fault in [CUT, "RAISE EXCEPTION 'no'"] {
        let place = Place::new().await;
        let person = place.a_person().await;
        let case = place.a_case_of(person).await;
        at_commit(&place, fault).await;
        let lost = place.erase(person).await;
        assert!(matches!(lost, Err(EraseError::Log(_))), "{lost:?}");
        let lines = place.ledger.lines().await.unwrap();
        assert_eq!(lines.len(), 1, "written down once");
        assert_ne!(place.words(case).await[0], Unsealed::Erased);
        commit_again(&place).await;

        let replayed = place.log().replay_erasures(&place.ledger).await.unwrap();
        let once = ReplayedErasures {
            lines: 1,
            repeated: 1,
            keys_destroyed: 2,
            ..ReplayedErasures::default()
        };
        assert_eq!(replayed, once);
        assert_eq!(place.words(case).await, [Unsealed::Erased, Unsealed::Erased]);
        let erased = place.erase(person).await.unwrap();
        assert_eq!((erased.event_id, erased.repeated), (lines[0].event_id, true));
        let replayed = place.log().replay_erasures(&place.ledger).await.unwrap();
        assert_eq!(
            replayed,
            ReplayedErasures { lines: 1, ..ReplayedErasures::default() },
            "nothing is left to do"
        );
        place.assert_chain_holds().await;
    }
}

#[tokio::test]
async fn an_erasure_that_was_written_down_and_lost_is_made_when_it_is_asked_for_again() {
    let place = Place::new().await;
    let person = place.a_person().await;
    at_commit(&place, CUT).await;
    place.erase(person).await.unwrap_err();
    commit_again(&place).await;
    let noted = place.ledger.lines().await.unwrap();
    let erased = place.erase(person).await.unwrap();
    assert_eq!((erased.event_id, erased.repeated), (noted[0].event_id, false));
    assert_eq!(place.ledger.lines().await.unwrap(), noted);
}

/// It was only attempted, and now it would not be lawful.
#[tokio::test]
async fn a_hold_that_came_after_a_lost_erasure_stops_it() {
    let place = Place::new().await;
    let person = place.a_person().await;
    at_commit(&place, CUT).await;
    place.erase(person).await.unwrap_err();
    commit_again(&place).await;
    let hold = place.hold(person).await.unwrap();
    let replayed = place.log().replay_erasures(&place.ledger).await.unwrap();
    assert_eq!(replayed, ReplayedErasures { lines: 1, held: 1, ..ReplayedErasures::default() });
    let refused = place.erase(person).await;
    assert!(matches!(refused, Err(EraseError::Refused(PersonError::LegalHold { holds: 1 }))));
    assert_ne!(place.words(person).await, [Unsealed::Erased]);
    place.release(person, hold).await;
    let replayed = place.log().replay_erasures(&place.ledger).await.unwrap();
    assert_eq!((replayed.repeated, replayed.keys_destroyed), (1, 1));
}

/// The database of a backup: as the place's, and never written to since.
fn restored(place: &Place, backup: &str) -> EventLog {
    let mut config = place.fixture.database.config();
    config.dbname(backup);
    let key = place.fixture.master_key.clone();
    EventLog::new(pool(config, 6).unwrap(), key, AppendSettings::default())
}

async fn back_up(place: &Place) -> String {
    // The connections of the log's pool are in the way of a copy.
    place.log().pool().close();
    let backup = format!("{}_backup", place.fixture.database.name());
    let admin = admin(place).await;
    let cut = format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{}'",
        place.fixture.database.name()
    );
    admin.batch_execute(&cut).await.unwrap();
    let copy = format!("CREATE DATABASE {backup} TEMPLATE {}", place.fixture.database.name());
    admin.batch_execute(&copy).await.unwrap();
    backup
}

async fn admin(place: &Place) -> tokio_postgres::Client {
    let mut config = place.fixture.database.config();
    config.dbname("postgres");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_still_has_the_keys_brings_nobody_back() {
    let mut place = Place::new().await;
    let person = place.a_person().await;
    let case = place.a_case_of(person).await;
    let other = place.a_person().await;
    // A hold that was in force when the backup was taken, and released before the erasure.
    let hold = place.hold(person).await.unwrap();
    let backup = back_up(&place).await;

    place.fixture.log = restored(&place, place.fixture.database.name());
    place.release(person, hold).await;
    let late = place.a_person().await;
    let erased = place.erase(person).await.unwrap();
    place.erase(late).await.unwrap();

    let log = restored(&place, &backup);
    let tenant = log.find_tenant("essex").await.unwrap().unwrap().tenant_no;
    // Two processes start at once.
    let (one, two) =
        tokio::join!(log.replay_erasures(&place.ledger), log.replay_erasures(&place.ledger));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.absent, two.absent), (1, 1), "who came after the backup is not there");
    assert_eq!(one.keys_destroyed + two.keys_destroyed, 2);
    let events = log.read_stream(tenant, person.into()).await.unwrap();
    let recorded: Vec<_> = events.iter().filter(|e| e.event_type == "SubjectErased").collect();
    assert_eq!(recorded.len(), 1);
    assert_eq!((recorded[0].event_id, &*recorded[0].actor), (erased.event_id, "officer"));
    for stream in [person.into(), case] {
        let events = log.read_stream(tenant, stream).await.unwrap();
        let sealed: Vec<_> = events.into_iter().filter(|e| e.sealed.is_some()).collect();
        assert!(!sealed.is_empty());
        let opened = log.unseal_all(tenant, &sealed).await.unwrap();
        assert!(opened.iter().all(|words| *words == Unsealed::Erased));
    }
    let others = log.read_stream(tenant, other.into()).await.unwrap();
    assert!(matches!(log.unseal(tenant, &others[0]).await.unwrap(), Unsealed::Text(_)));
    let verified = log.verify(tenant).await.unwrap();
    assert!(matches!(verified, throughline_log::Verified::Holds { .. }), "{verified:?}");

    log.pool().close();
    let drop = format!("DROP DATABASE {backup} WITH (FORCE)");
    admin(&place).await.batch_execute(&drop).await.unwrap();
}

#[tokio::test]
async fn a_ledger_that_was_lost_gets_its_line_again() {
    let place = Place::new().await;
    let person = place.a_person().await;
    place.a_case_of(person).await;
    place.erase(person).await.unwrap();
    let lines = place.ledger.lines().await.unwrap();
    std::fs::remove_dir_all(&place.directory).unwrap();
    place.erase(person).await.unwrap();
    let again = place.ledger.lines().await.unwrap();
    assert_eq!(again, lines);
}

#[tokio::test]
async fn a_damaged_ledger_keeps_the_service_from_starting() {
    let place = Place::new().await;
    place.erase(place.a_person().await).await.unwrap();
    let file = place.directory.join("erasures.jsonl");
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}damaged\n")).unwrap();
    let refused = place.log().replay_erasures(&place.ledger).await.unwrap_err();
    let EraseError::Ledger(error) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().starts_with("line 2 of the erasure ledger"), "{error}");
}

fn loaded(stream: StreamId, day: u32, event: NewEvent) -> LoadedEvent {
    let recorded_at = at(&format!("2014-03-{day:02}T12:00:00Z"));
    LoadedEvent { meta: meta(), recorded_at, stream, event }
}

async fn load<const N: usize>(log: &EventLog, tenant: TenantNo, history: [LoadedEvent; N]) {
    let history = history.map(Ok::<_, std::io::Error>);
    log.load(tenant, futures_util::stream::iter(history)).await.unwrap();
}

/// A history that is loaded anew brings the keys back, and a further part of it brings more. They
/// are destroyed without an event, which would shut the rest of the history out.
#[tokio::test]
async fn while_a_history_is_loaded_the_keys_go_and_the_event_follows() {
    let place = Place::new().await;
    let person = place.a_person().await;
    place.erase(person).await.unwrap();
    // The same tenant's history, loaded into another database.
    let elsewhere = Place::new().await;
    let log = elsewhere.log();
    let file = place.directory.join("erasures.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("essex", "kent")).unwrap();
    let ledger = ErasureLedger::new(file);
    let kent = log.create_tenant("kent", TenantState::Loading).await.unwrap();

    let registered = NewEvent {
        event_type: "PersonRegistered",
        data: "{}".to_owned(),
        ..sealing("Megan of Flat 4")
    };
    let referral = || NewEvent {
        event_type: "ReferralReceived",
        data: format!(r#"{{"person_id":"{person}"}}"#),
        ..sealing("Referred by the police.")
    };
    let (first, second) = (a_case(), a_case());
    let history = [loaded(person.into(), 1, registered), loaded(first, 2, referral())];
    load(log, kent.tenant_no, history).await;
    let replayed = log.replay_erasures(&ledger).await.unwrap();
    assert_eq!((replayed.repeated, replayed.keys_destroyed), (1, 2));
    assert_eq!(log.head(kent.tenant_no).await.unwrap().position.0, 2, "nothing is recorded");

    load(log, kent.tenant_no, [loaded(second, 3, referral())]).await;
    assert_eq!(log.replay_erasures(&ledger).await.unwrap().keys_destroyed, 1);
    log.go_live(kent.tenant_no).await.unwrap();
    let replayed = log.replay_erasures(&ledger).await.unwrap();
    assert_eq!((replayed.repeated, replayed.keys_destroyed), (1, 0));
    let kent = log.find_tenant("kent").await.unwrap().unwrap();
    let erased = log.erase_person(&ledger, &kent, erasure(person)).await.unwrap();
    assert_eq!((erased.repeated, erased.cases.len()), (true, 2));
    let nobody = erasure(PersonId(Uuid::new_v4()));
    log.erase_person(&ledger, &kent, nobody).await.unwrap_err();
}
