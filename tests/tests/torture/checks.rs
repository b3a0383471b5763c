//! Holds the log against the ledger. Pure, so that it can be shown to find what it looks for.

use std::collections::HashMap;

use uuid::Uuid;

use crate::follower::Followed;
use crate::found::{Event, Found, Stream};
use crate::ledger::{Accounts, Outcome, Seen, Sent};
use crate::violation::Violation;

/// Everything that is wrong.
pub(crate) fn check(accounts: &Accounts, followed: &[Followed], found: &Found) -> Vec<Violation> {
    let mut wrong = commands(&accounts.sent, found);
    wrong.extend(positions_and_times(&found.events));
    wrong.extend(streams(found));
    wrong.extend(referrals(found));
    wrong.extend(reads(&accounts.seen, found));
    for followed in followed {
        wrong.extend(followed.violations.iter().cloned());
        wrong.extend(follows(followed, &found.events));
    }
    let acknowledged = |sent: &Sent| matches!(sent.outcome, Outcome::Acknowledged(_));
    if !accounts.sent.iter().any(acknowledged) {
        wrong.push(Violation::NothingDone);
    }
    wrong
}

/// Acknowledged: once, at the place that was told. Refused: never. Unknown: once at most.
fn commands(sent: &[Sent], found: &Found) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut recorded: Vec<Vec<&Event>> = vec![Vec::new(); sent.len()];
    let kinds: HashMap<(i32, i64), &str> =
        found.streams.iter().map(|s| ((s.tenant, s.stream_no), s.kind.as_str())).collect();
    for event in &found.events {
        // Only cases' events come from the clients' commands alone.
        if kinds.get(&(event.tenant, event.stream_no)) != Some(&"case") {
            continue;
        }
        let command = usize::try_from(event.command).ok();
        let sent_by_them = |at: &usize| sent.get(*at).is_some_and(|s| s.tenant == event.tenant);
        if let Some(command) = command.filter(sent_by_them) {
            recorded[command].push(event);
        } else {
            let (tenant, position) = (event.tenant, event.position);
            wrong.push(Violation::NobodySent { tenant, position });
        }
    }
    for (command, (sent, recorded)) in sent.iter().zip(&recorded).enumerate() {
        wrong.extend(of_command(command, sent, recorded));
    }
    wrong
}

fn of_command(command: usize, sent: &Sent, recorded: &[&Event]) -> Option<Violation> {
    let times = recorded.len();
    match (&sent.outcome, recorded) {
        (Outcome::Refused { status }, [_, ..]) => {
            Some(Violation::RefusedYetRecorded { command, status: *status })
        }
        (_, [_, _, ..]) => Some(Violation::Repeated { command, times }),
        (Outcome::Acknowledged(_), []) => Some(Violation::Lost { command }),
        (Outcome::Acknowledged(told), [event]) => {
            let is_there = (event.event_id, event.position, event.version)
                == (told.event_id, told.position, told.version)
                && event.event_type == sent.event_type;
            (!is_there).then_some(Violation::Elsewhere { command })
        }
        (Outcome::Unknown, [event]) if event.event_type != sent.event_type => {
            Some(Violation::Elsewhere { command })
        }
        (Outcome::Unknown, [] | [_]) | (Outcome::Refused { .. }, []) => None,
    }
}

/// Positions are 1, 2, 3 and so on; recording times rise with them.
fn positions_and_times(events: &[Event]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut last: Option<&Event> = None;
    for event in events {
        let (tenant, position) = (event.tenant, event.position);
        let before = last.filter(|last| last.tenant == tenant);
        if position != before.map_or(1, |before| before.position + 1) {
            wrong.push(Violation::Gap { tenant, position });
        }
        if before.is_some_and(|before| before.recorded_at >= event.recorded_at) {
            wrong.push(Violation::TimeStandsStill { tenant, position });
        }
        last = Some(event);
    }
    wrong
}

/// Versions of a stream are 1, 2, 3 and so on; every stream has events, and those of cases and
/// persons have a key.
fn streams(found: &Found) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut versions: HashMap<(i32, i64), i32> =
        found.streams.iter().map(|stream| ((stream.tenant, stream.stream_no), 0)).collect();
    for event in &found.events {
        let (tenant, stream_no, position) = (event.tenant, event.stream_no, event.position);
        match versions.get_mut(&(tenant, stream_no)) {
            None => wrong.push(Violation::NoStream { tenant, stream_no }),
            Some(version) if event.version != *version + 1 => {
                wrong.push(Violation::VersionGap { tenant, position });
                *version = event.version;
            }
            Some(version) => *version += 1,
        }
    }
    for stream in &found.streams {
        let (tenant, stream_no) = (stream.tenant, stream.stream_no);
        if versions[&(tenant, stream_no)] == 0 {
            wrong.push(Violation::NoStream { tenant, stream_no });
        }
        if !stream.has_key && stream.kind != "tenant" {
            wrong.push(Violation::NoKey { tenant, stream_no });
        }
    }
    wrong
}

/// A new person is registered by the very command that opens their first case: both, or neither.
fn referrals(found: &Found) -> Vec<Violation> {
    let opening: HashMap<Uuid, &Event> = found
        .events
        .iter()
        .filter(|event| event.event_type == "ReferralReceived")
        .map(|event| (event.command_id, event))
        .collect();
    let is_person = |stream: &&Stream| stream.kind == "person";
    let persons: HashMap<(i32, i64), &Stream> = found
        .streams
        .iter()
        .filter(is_person)
        .map(|stream| ((stream.tenant, stream.stream_no), stream))
        .collect();
    let of_persons =
        found.events.iter().filter(|event| persons.contains_key(&(event.tenant, event.stream_no)));
    of_persons
        .filter(|event| {
            let case = opening.get(&event.command_id);
            !case.is_some_and(|case| {
                case.tenant == event.tenant && case.position == event.position + 1
            })
        })
        .map(|event| Violation::HalfReferral { tenant: event.tenant, stream_no: event.stream_no })
        .collect()
}

/// What a client read of a case is there: the version that it read, at the position it read.
fn reads(seen: &[Seen], found: &Found) -> Vec<Violation> {
    let cases: HashMap<(i32, Uuid), i64> =
        found.streams.iter().map(|stream| ((stream.tenant, stream.id), stream.stream_no)).collect();
    let versions: HashMap<(i32, i64, i32), i64> = found
        .events
        .iter()
        .map(|event| ((event.tenant, event.stream_no, event.version), event.position))
        .collect();
    let is_there = |seen: &Seen| {
        let case = cases.get(&(seen.tenant, seen.case))?;
        versions.get(&(seen.tenant, *case, seen.version)).copied()
    };
    seen.iter()
        .filter(|seen| is_there(seen) != Some(seen.position))
        .map(|seen| Violation::SeenAndGone { client: seen.client, position: seen.position })
        .collect()
}

/// What a follower was given is what is there, from the first event to the last.
fn follows(followed: &Followed, events: &[Event]) -> Option<Violation> {
    let there = events.iter().filter(|event| event.tenant == followed.tenant);
    let mut there = there.map(|event| event.event_id);
    let tenant = followed.tenant;
    for (position, event_id) in (1..).zip(&followed.events) {
        if there.next() != Some(*event_id) {
            return Some(Violation::FollowedAndGone { tenant, position });
        }
    }
    there.next().map(|_| Violation::NotFollowed { tenant, after: followed.position() })
}
