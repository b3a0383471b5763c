//! Commands that are sent again: recorded once, whoever asks first, and forgotten after a day.

use futures_util::future::join_all;
use throughline_domain::ids::{Position, Version};
use throughline_log::{
    Append, AppendError, Appended, CommandMeta, Idempotency, Remembered, StreamId, Verified,
};

use crate::support::{Fixture, a_case, an_event, command, meta, one, sealing, write};

/// How old a key is, for the database.
const AGE: &str = "UPDATE idempotency_key SET created_at = now() - $1::text::interval";

/// The lock that an append takes.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'544c6f67'::int, $1)";

fn key(scope: u8, fingerprint: u8) -> Idempotency {
    let answer = format!("{{\"drawn\":\"{}\"}}", uuid::Uuid::new_v4());
    Idempotency { scope: [scope; 32], fingerprint: [fingerprint; 32], answer }
}

fn keyed(append: Append, key: &Idempotency) -> Append {
    let idempotency = Some(key.clone());
    Append { meta: CommandMeta { idempotency, ..append.meta }, ..append }
}

/// A command of one event on a case of its own.
fn opening(key: &Idempotency) -> Append {
    keyed(one(a_case(), 0), key)
}

fn remembered(key: &Idempotency, appended: &Appended) -> Remembered {
    Remembered {
        fingerprint: key.fingerprint,
        answer: key.answer.clone(),
        first: appended.first,
        last: appended.last,
        versions: appended.versions.clone(),
    }
}

#[track_caller]
fn repeated(answer: Result<Appended, AppendError>) -> Remembered {
    match answer {
        Err(AppendError::Repeated(remembered)) => *remembered,
        other => panic!("not known as a repetition: {other:?}"),
    }
}

impl Fixture {
    async fn head_position(&self) -> i64 {
        self.log.head(self.tenant).await.unwrap().position.0
    }

    async fn keys(&self) -> i64 {
        let client = self.client().await;
        client.query_one("SELECT count(*) FROM idempotency_key", &[]).await.unwrap().get(0)
    }

    async fn age(&self, age: &str) {
        assert!(self.client().await.execute(AGE, &[&age]).await.unwrap() > 0);
    }
}

#[tokio::test]
async fn a_command_is_remembered_with_all_that_its_answer_needs() {
    let fixture = Fixture::live().await;
    let first = key(1, 1);
    assert_eq!(fixture.log.remembered(fixture.tenant, &first.scope).await.unwrap(), None);
    let writes = [
        write(a_case(), 0, vec![sealing("text"), an_event()]),
        write(a_case(), 0, vec![an_event()]),
        write(a_case(), 0, vec![]),
    ];
    let appended = fixture.append(keyed(command(writes), &first)).await;
    assert_eq!(appended.versions, [Version(2), Version(1), Version(0)]);

    let expected = remembered(&first, &appended);
    let again = fixture.log.append(fixture.tenant, opening(&key(1, 1))).await;
    assert_eq!(repeated(again), expected);
    let found = fixture.log.remembered(fixture.tenant, &first.scope).await.unwrap();
    assert_eq!(found, Some(expected));
    assert_eq!(fixture.head_position().await, 4);
}

/// What was asked is for the caller to compare: the log records nothing in either case.
#[tokio::test]
async fn another_fingerprint_records_nothing_and_is_told_the_first() {
    let fixture = Fixture::live().await;
    let first = key(1, 1);
    let appended = fixture.append(opening(&first)).await;
    let other = fixture.log.append(fixture.tenant, opening(&key(1, 2))).await;
    assert_eq!(repeated(other), remembered(&first, &appended));
    assert_eq!((fixture.head_position().await, fixture.keys().await), (2, 1));
}

#[tokio::test]
async fn another_scope_another_tenant_and_no_key_are_recorded() {
    let fixture = Fixture::live().await;
    fixture.append(opening(&key(1, 1))).await;
    fixture.append(opening(&key(2, 1))).await;
    fixture.append(one(a_case(), 0)).await;
    fixture.append(one(a_case(), 0)).await;
    assert_eq!(fixture.head_position().await, 5);

    let state = throughline_log::TenantState::Live;
    let other = fixture.log.create_tenant("kent", state).await.unwrap().tenant_no;
    assert_eq!(fixture.log.remembered(other, &[1; 32]).await.unwrap(), None);
    fixture.log.append(other, opening(&key(1, 1))).await.unwrap();
    assert_eq!(fixture.keys().await, 3);
}

#[tokio::test]
async fn a_repetition_is_known_before_its_version_is_looked_at() {
    let fixture = Fixture::live().await;
    let (case, first) = (a_case(), key(1, 1));
    fixture.append(one(case, 0)).await;
    let appended = fixture.append(keyed(one(case, 1), &first)).await;
    fixture.append(one(case, 2)).await;
    let again = fixture.log.append(fixture.tenant, keyed(one(case, 1), &first)).await;
    assert_eq!(repeated(again), remembered(&first, &appended));
}

/// Nothing was recorded, so nothing is remembered: the same key may be tried again.
#[tokio::test]
async fn a_command_that_was_refused_is_not_remembered() {
    let fixture = Fixture::live().await;
    let first = key(1, 1);
    let refused = fixture.log.append(fixture.tenant, keyed(one(a_case(), 7), &first)).await;
    assert!(matches!(refused, Err(AppendError::Conflict { .. })), "{refused:?}");
    assert_eq!(fixture.keys().await, 0);
    fixture.append(opening(&first)).await;
}

/// The batch waits for the lock, so that all of it is one transaction.
async fn one_batch(fixture: &Fixture, commands: Vec<Append>) -> Vec<Result<Appended, AppendError>> {
    let mut elsewhere = fixture.client().await;
    let lock = elsewhere.transaction().await.unwrap();
    lock.execute(LOCK, &[&fixture.tenant.0]).await.unwrap();
    // The first occupies the appender; what comes while it waits is the next batch.
    let occupying = tokio::spawn({
        let (log, tenant) = (fixture.log.clone(), fixture.tenant);
        async move { log.append(tenant, one(a_case(), 0)).await.unwrap() }
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let admin = fixture.client().await;
    while admin.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    let mut answers = Box::pin(join_all(
        commands.into_iter().map(|append| fixture.log.append(fixture.tenant, append)),
    ));
    // Sent once they were polled: then the lock is given up.
    let sent = futures_util::poll!(answers.as_mut());
    assert!(sent.is_pending());
    lock.rollback().await.unwrap();
    occupying.await.unwrap();
    answers.await
}

#[tokio::test]
async fn of_two_in_one_batch_the_second_is_answered_from_the_first() {
    let fixture = Fixture::live().await;
    let (first, second) = (key(1, 1), key(1, 1));
    let commands = vec![
        opening(&first),
        one(a_case(), 0),
        opening(&second),
        opening(&key(1, 2)),
        one(a_case(), 0),
    ];
    let answers = one_batch(&fixture, commands).await;
    let [recorded, next, same, other, last] = <[_; 5]>::try_from(answers).unwrap();
    let expected = remembered(&first, &recorded.unwrap());
    assert_eq!((repeated(same), repeated(other)), (expected.clone(), expected));
    // Nobody else is spoiled, and the positions stay dense.
    assert_eq!((next.unwrap().last, last.unwrap().last), (Position(4), Position(5)));
    assert_eq!((fixture.head_position().await, fixture.keys().await), (5, 1));
}

/// The first of two was the one that the database refuses: the second is no repetition of it.
#[tokio::test]
async fn a_poisonous_first_does_not_stand_for_the_second() {
    let fixture = Fixture::live().await;
    let unstorable = throughline_log::NewEvent { data: "\0".to_owned(), ..an_event() };
    let poisonous = keyed(command([write(a_case(), 0, vec![unstorable])]), &key(1, 1));
    let second = key(1, 1);
    let commands = vec![one(a_case(), 0), poisonous, opening(&second), one(a_case(), 0)];
    let answers = one_batch(&fixture, commands).await;
    let [before, poisoned, recorded, after] = <[_; 4]>::try_from(answers).unwrap();
    assert!(matches!(poisoned, Err(AppendError::Log(_))), "{poisoned:?}");
    let found = fixture.log.remembered(fixture.tenant, &second.scope).await.unwrap();
    assert_eq!(found, Some(remembered(&second, &recorded.unwrap())));
    assert!(before.is_ok() && after.is_ok());
}

/// Two processes, as different as two logs on one database are.
#[tokio::test(flavor = "multi_thread")]
async fn racing_duplicates_of_two_processes_are_recorded_once() {
    let fixture = Fixture::live().await;
    let logs = [fixture.log.clone(), fixture.elsewhere()];
    for round in 1..=10 {
        let before = fixture.head_position().await;
        let callers = (0..32_usize).map(|n| {
            let (log, tenant) = (logs[n % 2].clone(), fixture.tenant);
            tokio::spawn(async move {
                let key = key(round, 1);
                let answer = log.append(tenant, opening(&key)).await;
                (answer.map(|appended| remembered(&key, &appended)), log)
            })
        });
        let mut recorded = Vec::new();
        let mut told = Vec::new();
        for answer in join_all(callers.collect::<Vec<_>>()).await {
            match answer.unwrap().0 {
                Ok(first) => recorded.push(first),
                Err(AppendError::Repeated(first)) => told.push(*first),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((recorded.len(), told.len()), (1, 31), "round {round}");
        assert!(told.iter().all(|first| *first == recorded[0]), "round {round}: {told:?}");
        assert_eq!(fixture.head_position().await, before + 1);
    }
    assert_eq!(fixture.keys().await, 10);
}

#[tokio::test]
async fn after_a_day_a_key_is_free_again() {
    let fixture = Fixture::live().await;
    let first = key(1, 1);
    let appended = fixture.append(opening(&first)).await;

    fixture.age("23 hours 59 minutes").await;
    let again = fixture.log.append(fixture.tenant, opening(&key(1, 1))).await;
    assert_eq!(repeated(again), remembered(&first, &appended));

    fixture.age("24 hours").await;
    assert_eq!(fixture.log.remembered(fixture.tenant, &first.scope).await.unwrap(), None);
    let second = key(1, 3);
    let appended = fixture.append(opening(&second)).await;
    assert_eq!(appended.first, Position(3));
    let found = fixture.log.remembered(fixture.tenant, &first.scope).await.unwrap();
    assert_eq!(found, Some(remembered(&second, &appended)));
    assert_eq!(fixture.keys().await, 1);
}

#[tokio::test]
async fn expired_keys_are_purged_as_others_come() {
    let fixture = Fixture::live().await;
    let fill = "INSERT INTO idempotency_key \
                SELECT $1, sha256(n::text::bytea), sha256(''), '', 1, 1, '{1}', \
                    now() - CASE WHEN n <= 1500 THEN interval '2 days' ELSE interval '1 hour' END \
                FROM generate_series(1, 2000) n";
    fixture.client().await.execute(fill, &[&fixture.tenant.0]).await.unwrap();
    let mut left = Vec::new();
    for n in 0..128 {
        fixture.append(opening(&key(n, 1))).await;
        left.push(2000 + i64::from(n) + 1 - fixture.keys().await);
    }
    // Bounded each time, and in the end every expired row is gone and no other.
    left.dedup();
    assert_eq!(left, [0, 1024, 1500]);
}

/// Whether a command that was cut off was recorded is for the table to say, not for its caller.
#[tokio::test(flavor = "multi_thread")]
async fn sent_again_after_every_connection_was_cut_each_command_is_recorded_once() {
    let fixture = Fixture::live().await;
    let admin = fixture.client().await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let cases: Vec<StreamId> = (0..40).map(|_| a_case()).collect();
    let mut callers = Vec::new();
    for (case, scope) in cases.iter().copied().zip(0_u8..) {
        let (log, tenant) = (fixture.log.clone(), fixture.tenant);
        callers.push(tokio::spawn(async move {
            // The answer that stands is of whichever try was recorded.
            loop {
                let key = key(scope, 1);
                match log.append(tenant, keyed(one(case, 0), &key)).await {
                    Ok(appended) => break remembered(&key, &appended),
                    Err(AppendError::Repeated(first)) => break *first,
                    Err(AppendError::Unavailable(_)) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        }));
        if scope % 4 == 0 {
            admin.query_one(cut, &[]).await.unwrap();
        }
    }
    for (answer, scope) in join_all(callers).await.into_iter().zip(0_u8..) {
        let found = fixture.log.remembered(fixture.tenant, &[scope; 32]).await.unwrap();
        assert_eq!(found, Some(answer.unwrap()));
    }
    for case in cases {
        assert_eq!(fixture.log.read_stream(fixture.tenant, case).await.unwrap().len(), 1);
    }
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    assert!(matches!(verified, Verified::Holds { events: 41, .. }), "{verified:?}");
}

/// The service died between the commit and the answer: its successor has the answer.
#[tokio::test]
async fn another_process_answers_for_one_that_is_gone() {
    let fixture = Fixture::live().await;
    let first = key(1, 1);
    let appended = fixture.append(opening(&first)).await;
    let successor = fixture.elsewhere();
    let found = successor.remembered(fixture.tenant, &first.scope).await.unwrap();
    assert_eq!(found, Some(remembered(&first, &appended)));
    let again = successor.append(fixture.tenant, opening(&key(1, 1))).await;
    assert_eq!(repeated(again), remembered(&first, &appended));
}

/// A command without events of its own cannot be remembered, nor can one that is too large.
#[tokio::test]
async fn a_key_does_not_make_a_command_that_is_refused_for_its_size_pass() {
    let fixture = Fixture::live().await;
    let empty = Append { meta: meta(), writes: vec![write(a_case(), 0, vec![])] };
    let long = Idempotency { answer: "x".repeat(2 << 20), ..key(1, 1) };
    for append in [keyed(empty, &key(1, 1)), opening(&long)] {
        let refused = fixture.log.append(fixture.tenant, append).await;
        let size = matches!(refused, Err(AppendError::Log(throughline_log::LogError::Size { .. })));
        assert!(size, "{refused:?}");
    }
    assert_eq!(fixture.keys().await, 0);
}

/// The role may insert, read and forget keys: all that this needs.
#[tokio::test]
async fn the_service_role_suffices() {
    let fixture = Fixture::live().await;
    let mut config = fixture.database.config();
    config.options("-c role=throughline_service");
    let pool = throughline_log::pool(config, 4).unwrap();
    let settings = throughline_log::AppendSettings::default();
    let log = throughline_log::EventLog::new(pool, fixture.master_key.clone(), settings);
    for n in 0..70 {
        log.append(fixture.tenant, opening(&key(n, 1))).await.unwrap();
        repeated(log.append(fixture.tenant, opening(&key(n, 1))).await);
        fixture.age("24 hours").await;
    }
    // Those before the 64th position are purged by now, the last is replaced.
    assert!(fixture.keys().await < 10);
    log.append(fixture.tenant, opening(&key(69, 2))).await.unwrap();
    let changed = fixture.client().await;
    changed.batch_execute("SET ROLE throughline_service").await.unwrap();
    let refused = changed.batch_execute("UPDATE idempotency_key SET answer = ''").await;
    assert_eq!(refused.unwrap_err().code().unwrap().code(), "42501");
}
