//! Batches that are sent before the one in front of them is answered.

use std::collections::HashMap;

use futures_util::future::join_all;
use throughline_domain::ids::{EventId, Position, Version};
use throughline_log::{
    AppendError, AppendSettings, Appended, EventLog, StreamId, TenantNo, Unsealed, Verified, pool,
};
use tokio::task::JoinHandle;

use crate::support::{Fixture, a_case, an_event, command, one, sealing, write};

/// Enough callers for two batches on their way and a third being gathered.
const CALLERS: usize = 600;

type Answer = Result<Appended, AppendError>;

/// Each caller records three events, one after the other, in a case of its own.
fn callers(log: &EventLog, tenant: TenantNo) -> Vec<JoinHandle<Vec<(EventId, Answer)>>> {
    let caller = || {
        let log = log.clone();
        tokio::spawn(async move {
            let (case, mut answers) = (a_case(), Vec::new());
            for version in 0..3 {
                let event = an_event();
                let id = event.event_id;
                let answer = log.append(tenant, command([write(case, version, vec![event])])).await;
                let is_lost = answer.is_err();
                answers.push((id, answer));
                if is_lost {
                    break;
                }
            }
            answers
        })
    };
    std::iter::repeat_with(caller).take(CALLERS).collect()
}

async fn positions(fixture: &Fixture) -> HashMap<EventId, Position> {
    let mut positions = HashMap::new();
    let mut after = Position(0);
    loop {
        let page = fixture.log.read_after(fixture.tenant, after, 1000).await.unwrap();
        let Some(last) = page.last() else { return positions };
        after = last.position;
        positions.extend(page.iter().map(|event| (event.event_id, event.position)));
    }
}

async fn holds(fixture: &Fixture) {
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    assert!(matches!(verified, Verified::Holds { .. }), "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_true_however_many_batches_are_on_their_way() {
    let fixture = Fixture::live().await;
    let answered = join_all(callers(&fixture.log, fixture.tenant)).await;
    let positions = positions(&fixture).await;
    for (id, answer) in answered.into_iter().flat_map(Result::unwrap) {
        assert_eq!(positions[&id], answer.unwrap().last);
    }
    assert_eq!(positions.len(), 1 + 3 * CALLERS);
    holds(&fixture).await;
}

/// What was answered is there once, at its place; what was not answered is there at most once.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_connections_are_cut_under_it() {
    let fixture = Fixture::live().await;
    let admin = fixture.client().await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let callers = callers(&fixture.log, fixture.tenant);
    while !callers.iter().all(JoinHandle::is_finished) {
        admin.query_one(cut, &[]).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let answered = join_all(callers).await;
    let mut positions = positions(&fixture).await;
    for (id, answer) in answered.into_iter().flat_map(Result::unwrap) {
        match answer {
            Ok(appended) => assert_eq!(positions.remove(&id), Some(appended.last)),
            // Whether it is there is not known; twice it is not, for the ids are unique.
            Err(AppendError::Unavailable(_)) => drop(positions.remove(&id)),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(positions.into_values().collect::<Vec<_>>(), [Position(1)], "nothing else is there");
    holds(&fixture).await;
}

/// What an appender remembers is overtaken again and again by another process.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_take_turns_and_neither_believes_itself() {
    let fixture = Fixture::live().await;
    let pool = pool(fixture.database.config(), 4).unwrap();
    let other = EventLog::new(pool, fixture.master_key.clone(), AppendSettings::default());
    let case = a_case();
    for version in 0..40 {
        let log = if version % 3 == 0 { &other } else { &fixture.log };
        // The other's last write is not known here: a version of before is refused all the same.
        if version > 0 {
            let stale = log.append(fixture.tenant, one(case, version - 1)).await;
            let current = Version(version);
            let told =
                matches!(stale, Err(AppendError::Conflict { current: now, .. }) if now == current);
            assert!(told, "{stale:?}");
        }
        log.append(fixture.tenant, one(case, version)).await.unwrap();
    }
    let all = [&fixture.log, &other].map(|log| callers(log, fixture.tenant));
    for answered in join_all(all.into_iter().flatten()).await {
        assert!(answered.unwrap().iter().all(|(_, answer)| answer.is_ok()));
    }
    assert_eq!(positions(&fixture).await.len(), 1 + 40 + 2 * 3 * CALLERS);
    holds(&fixture).await;
}

/// The key of a stream is in a batch that is still on its way when it is needed.
#[tokio::test(flavor = "multi_thread")]
async fn words_are_sealed_in_a_case_that_was_begun_a_moment_ago() {
    let fixture = Fixture::live().await;
    let cases: Vec<StreamId> = std::iter::repeat_with(a_case).take(CALLERS).collect();
    let begun = cases.iter().map(|case| fixture.log.append(fixture.tenant, one(*case, 0)));
    let sealed = cases.iter().map(|case| async {
        loop {
            let append = command([write(*case, 1, vec![sealing("she rang back")])]);
            match fixture.log.append(fixture.tenant, append).await {
                Err(AppendError::Conflict { current: Version(0), .. }) => {}
                answer => return answer,
            }
        }
    });
    let (begun, sealed) = futures_util::future::join(join_all(begun), join_all(sealed)).await;
    assert!(begun.iter().chain(&sealed).all(Result::is_ok));
    for case in cases.iter().step_by(97) {
        let events = fixture.log.read_stream(fixture.tenant, *case).await.unwrap();
        let words = fixture.log.unseal(fixture.tenant, &events[1]).await.unwrap();
        assert!(matches!(&words, Unsealed::Text(text) if text.expose() == "she rang back"));
    }
}

/// Others' event ids, and texts that cannot be stored, in batches that are sent ahead.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_ahead_is_refused_alone() {
    let fixture = Fixture::live().await;
    let taken = an_event();
    fixture.append(command([write(a_case(), 0, vec![taken.clone()])])).await;
    let commands = (0..CALLERS).map(|n| match n % 100 {
        7 => command([write(a_case(), 0, vec![taken.clone()])]),
        8 => one(a_case(), 5),
        _ => one(a_case(), 0),
    });
    let answers = commands.map(|command| fixture.log.append(fixture.tenant, command));
    for (answer, n) in join_all(answers).await.into_iter().zip(0..) {
        match n % 100 {
            7 => assert!(matches!(answer, Err(AppendError::Log(_))), "{answer:?}"),
            8 => assert!(matches!(answer, Err(AppendError::Conflict { .. })), "{answer:?}"),
            _ => assert!(answer.is_ok(), "{answer:?}"),
        }
    }
    holds(&fixture).await;
}

/// What `log_follow` is told, and what it answers.
#[tokio::test]
async fn a_batch_is_refused_if_anything_it_relies_on_has_changed() {
    let fixture = Fixture::live().await;
    fixture.append(command([write(a_case(), 0, vec![sealing("text")])])).await;
    let client = fixture.client().await;
    let follow = "SELECT log_follow(h.tenant_no, h.position, h.hash, k.wrapped, sealed, at) \
                  FROM log_head h JOIN tenant_key k USING (tenant_no), \
                  LATERAL (SELECT ARRAY[2::bigint] AS sealed, clock_timestamp() AS at) told \
                  WHERE h.tenant_no = $1";
    let changes = [
        ("h.position", "h.position - 1", Some("TL004")),
        ("h.hash", "sha256(h.hash)", Some("TL004")),
        ("k.wrapped", "k.wrapped || '\\x00'::bytea", Some("TL004")),
        ("k.wrapped, sealed", "k.wrapped, sealed || 3::bigint", Some("TL004")),
        ("k.wrapped, sealed", "k.wrapped, ARRAY[]::bigint[]", None),
        ("sealed, at", "sealed, at - interval '90 milliseconds'", None),
        ("sealed, at", "sealed, at - interval '110 milliseconds'", Some("TL005")),
        ("sealed, at", "sealed, at + interval '2 seconds'", Some("TL005")),
        ("h.position", "h.position", None),
    ];
    for (told, instead, refused) in changes {
        let statement = follow.replacen(told, instead, 1);
        let answer = client.query_one(&statement, &[&fixture.tenant.0]).await;
        let code = answer.err().map(|error| error.code().unwrap().code().to_owned());
        assert_eq!(code.as_deref(), refused, "{told}: {instead}");
    }
}

/// A stream that is asserted to be absent, and is there.
#[tokio::test]
async fn an_assertion_without_events_is_checked_too() {
    let fixture = Fixture::live().await;
    let known = a_case();
    fixture.append(one(known, 0)).await;
    fixture.append(one(a_case(), 0)).await;
    // The appender that knows nothing yet, and the one that does.
    let pool = pool(fixture.database.config(), 4).unwrap();
    let other = EventLog::new(pool, fixture.master_key.clone(), AppendSettings::default());
    for log in [&fixture.log, &other, &other] {
        let absent = write(known, 0, Vec::new());
        let event = write(a_case(), 0, vec![an_event()]);
        let refused = log.append(fixture.tenant, command([absent, event])).await;
        let told = matches!(refused, Err(AppendError::Conflict { current: Version(1), stream }) if stream == known);
        assert!(told, "{refused:?}");
    }
}
