//! What goes wrong while appending, and what does not go wrong because of it.

use std::time::Duration;

use futures_util::future::join_all;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use throughline_domain::ids::Position;
use throughline_log::{AppendError, AppendSettings, LogError, NewEvent, Verified};

use crate::support::{Fixture, a_case, an_event, command, one, write};

/// The lock that an append takes.
const LOCK: &str = "SELECT pg_advisory_xact_lock(x'544c6f67'::int, $1)";

/// A repeated event id, and a text that PostgreSQL cannot hold, come in the middle of a batch.
#[tokio::test]
async fn a_poisonous_command_fails_alone() {
    let fixture = Fixture::live().await;
    let taken = an_event();
    fixture.append(command([write(a_case(), 0, vec![taken.clone()])])).await;

    let unstorable = NewEvent { data: "\0".to_owned(), ..an_event() };
    let mut commands: Vec<_> = (0..9).map(|_| one(a_case(), 0)).collect();
    commands.insert(3, command([write(a_case(), 0, vec![taken])]));
    commands.insert(7, command([write(a_case(), 0, vec![unstorable])]));
    let answers =
        join_all(commands.into_iter().map(|c| fixture.log.append(fixture.tenant, c))).await;
    for (answer, n) in answers.iter().zip(0..) {
        if n == 3 || n == 7 {
            let refused = matches!(answer, Err(AppendError::Log(LogError::Refused(_))));
            assert!(refused, "{n}: {answer:?}");
        } else {
            assert!(answer.is_ok(), "{n}: {answer:?}");
        }
    }
    let Err(AppendError::Log(LogError::Refused(repeated))) = &answers[3] else {
        panic!("{:?}", answers[3]);
    };
    assert_eq!(repeated.sqlstate(), Some("23505"));
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    assert!(matches!(verified, Verified::Holds { events: 11, .. }), "{verified:?}");
}

#[tokio::test]
async fn no_error_quotes_what_was_sent() {
    let fixture = Fixture::live().await;
    let taken = an_event();
    fixture.append(command([write(a_case(), 0, vec![taken.clone()])])).await;
    let repeated = fixture
        .log
        .append(fixture.tenant, command([write(a_case(), 0, vec![taken.clone()])]))
        .await;
    let error: &dyn std::error::Error = &repeated.unwrap_err();
    let mut said = format!("{error:?}");
    let mut next = Some(error);
    while let Some(error) = next {
        said.push_str(&error.to_string());
        next = error.source();
    }
    assert!(said.contains("23505") && said.contains("event_id"), "{said}");
    assert!(!said.contains(&taken.event_id.to_string()) && !said.contains("phone"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_every_connection_is_cut_the_next_append_works() {
    let fixture = Fixture::live().await;
    let admin = fixture.client().await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for _ in 0..5 {
        let callers = (0..8).map(|_| {
            let log = fixture.log.clone();
            let tenant = fixture.tenant;
            tokio::spawn(async move { log.append(tenant, one(a_case(), 0)).await })
        });
        let callers: Vec<_> = callers.collect();
        admin.query_one(cut, &[]).await.unwrap();
        for answer in join_all(callers).await {
            // Cut twice, a command may be given up; it may not be refused for another reason.
            let answer = answer.unwrap();
            assert!(matches!(answer, Ok(_) | Err(AppendError::Unavailable(_))), "{answer:?}");
        }
        fixture.log.append(fixture.tenant, one(a_case(), 0)).await.unwrap();
        admin.query_one(cut, &[]).await.unwrap();
        fixture.log.head(fixture.tenant).await.unwrap();
    }
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    assert!(matches!(verified, Verified::Holds { .. }), "{verified:?}");
}

/// Another process stopped while it held the tenant's lock.
#[tokio::test]
async fn a_lock_that_is_not_given_up_makes_the_log_unavailable_and_not_stuck() {
    let settings =
        AppendSettings { statement_max: Duration::from_millis(200), ..AppendSettings::default() };
    let fixture = Fixture::with(settings).await;
    let mut elsewhere = fixture.client().await;
    let lock = elsewhere.transaction().await.unwrap();
    lock.execute(LOCK, &[&fixture.tenant.0]).await.unwrap();
    let commands = (0..3).map(|_| fixture.log.append(fixture.tenant, one(a_case(), 0)));
    for answer in join_all(commands).await {
        assert!(matches!(answer, Err(AppendError::Unavailable(_))), "{answer:?}");
    }
    lock.rollback().await.unwrap();
    fixture.append(one(a_case(), 0)).await;
}

/// The lock is held elsewhere, as by another process that appends.
#[tokio::test]
async fn a_full_queue_says_so_and_what_was_accepted_is_kept() {
    let settings = AppendSettings {
        queue_commands_max: 4,
        batch_commands_max: 2,
        statement_max: Duration::from_secs(30),
        ..AppendSettings::default()
    };
    let fixture = Fixture::with(settings).await;
    let mut registry = Registry::default();
    fixture.log.register_metrics(&mut registry);
    let mut elsewhere = fixture.client().await;
    let lock = elsewhere.transaction().await.unwrap();
    lock.execute(LOCK, &[&fixture.tenant.0]).await.unwrap();

    let callers = (0..20).map(|_| {
        let log = fixture.log.clone();
        let tenant = fixture.tenant;
        tokio::spawn(async move { log.append(tenant, one(a_case(), 0)).await })
    });
    let callers: Vec<_> = callers.collect();
    let mut overloaded = 0;
    // Four wait, up to two more are in the batch that waits for the lock: the others are told.
    while overloaded < 14 {
        tokio::task::yield_now().await;
        overloaded = callers.iter().filter(|caller| caller.is_finished()).count();
    }
    lock.commit().await.unwrap();
    let answers = join_all(callers).await;
    let (kept, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert!((4..=6).contains(&kept.len()), "{}", kept.len());
    assert!(refused.iter().all(|answer| matches!(answer, Err(AppendError::Overloaded))));
    let head = fixture.log.head(fixture.tenant).await.unwrap();
    assert_eq!(usize::try_from(head.position.0).unwrap(), 1 + kept.len());

    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    let expected =
        format!("throughline_log_appends_total{{outcome=\"overloaded\"}} {}", refused.len());
    assert!(text.contains(&expected), "{text}");
    assert!(text.contains("throughline_log_queue_depth 0"), "{text}");
}

#[tokio::test]
async fn draining_finishes_what_was_accepted_and_takes_nothing_new() {
    let fixture = Fixture::live().await;
    let accepted: Vec<_> = (0..8)
        .map(|_| {
            let log = fixture.log.clone();
            let tenant = fixture.tenant;
            tokio::spawn(async move { log.append(tenant, one(a_case(), 0)).await })
        })
        .collect();
    tokio::task::yield_now().await;
    fixture.log.drain().await;
    let answers = join_all(accepted).await;
    let kept = answers.into_iter().filter(|answer| answer.as_ref().unwrap().is_ok()).count();
    let head = fixture.log.head(fixture.tenant).await.unwrap();
    assert_eq!(head.position, Position(1 + i64::try_from(kept).unwrap()));
    let refused = fixture.log.append(fixture.tenant, one(a_case(), 0)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn an_appender_that_was_idle_is_replaced() {
    let settings =
        AppendSettings { idle_max: Duration::from_millis(1), ..AppendSettings::default() };
    let fixture = Fixture::with(settings).await;
    for n in 0..20 {
        fixture.append(one(a_case(), 0)).await;
        tokio::time::sleep(Duration::from_millis(n % 4)).await;
    }
    assert_eq!(fixture.log.head(fixture.tenant).await.unwrap().position, Position(21));
}
