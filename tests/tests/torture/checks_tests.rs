//! The checks find what they look for: a sound log passes, and each thing that can go wrong in it
//! is reported, alone.

use jiff::Timestamp;
use uuid::Uuid;

use crate::checks::check;
use crate::follower::Followed;
use crate::found::{Event, Found, Stream};
use crate::ledger::{Accounts, Acknowledged, Outcome, Seen, Sent};
use crate::violation::Violation;

const TENANT: i32 = 1;

/// A run that went well, as everybody tells it.
struct Run {
    accounts: Accounts,
    followed: Followed,
    found: Found,
}

impl Run {
    #[track_caller]
    fn finds(&self, expected: &[Violation]) {
        let found = check(&self.accounts, std::slice::from_ref(&self.followed), &self.found);
        assert_eq!(found, expected);
    }

    fn outcome(&mut self, command: usize) -> &mut Outcome {
        &mut self.accounts.sent[command].outcome
    }
}

fn event(position: i64, stream_no: i64, version: i32, event_type: &str, command: i64) -> Event {
    Event {
        tenant: TENANT,
        position,
        stream_no,
        version,
        event_id: Uuid::from_u128(position.unsigned_abs().into()),
        event_type: event_type.to_owned(),
        command,
        recorded_at: 1000 + position,
        command_id: Uuid::from_u128(command.unsigned_abs().into()),
    }
}

fn stream(stream_no: i64, kind: &str) -> Stream {
    Stream {
        tenant: TENANT,
        stream_no,
        kind: kind.to_owned(),
        id: Uuid::from_u128(stream_no.unsigned_abs().into()),
        has_key: kind != "tenant",
    }
}

/// A referral of a new person, an attempt, one that nobody answered for and one that was refused.
fn a_sound_run() -> Run {
    let mut person = event(2, 2, 1, "PersonRegistered", 99);
    person.command_id = Uuid::from_u128(0);
    let found = Found {
        events: vec![
            event(1, 1, 1, "TenantWentLive", 98),
            person,
            event(3, 3, 1, "ReferralReceived", 0),
            event(4, 3, 2, "ContactAttempted", 1),
            event(5, 3, 3, "ContactAttempted", 2),
        ],
        streams: vec![stream(1, "tenant"), stream(2, "person"), stream(3, "case")],
    };
    let told = |event: &Event| {
        let Event { event_id, position, version, .. } = *event;
        Outcome::Acknowledged(Acknowledged { event_id, position, version })
    };
    let sent = |event_type, outcome| Sent { tenant: TENANT, event_type, outcome };
    let seen =
        Seen { client: 7, tenant: TENANT, case: Uuid::from_u128(3), version: 2, position: 4 };
    let accounts = Accounts {
        sent: vec![
            sent("ReferralReceived", told(&found.events[2])),
            sent("ContactAttempted", told(&found.events[3])),
            sent("ContactAttempted", Outcome::Unknown),
            sent("CaseClosed", Outcome::Refused { status: 412 }),
            sent("ContactAttempted", Outcome::Unknown),
        ],
        seen: vec![seen],
        ..Accounts::default()
    };
    let mut followed = Followed::new(TENANT);
    for event in &found.events {
        let recorded_at = Timestamp::from_microsecond(event.recorded_at).unwrap();
        followed.take(event.position, event.event_id, recorded_at);
    }
    Run { accounts, followed, found }
}

#[test]
fn a_sound_log_passes() {
    a_sound_run().finds(&[]);
}

#[test]
fn an_acknowledged_command_that_is_lost_is_reported() {
    let mut run = a_sound_run();
    *run.outcome(4) = run.outcome(1).clone();
    run.finds(&[Violation::Lost { command: 4 }]);
}

#[test]
fn an_end_that_is_cut_off_is_reported_by_all_who_saw_it() {
    let mut run = a_sound_run();
    run.found.events.truncate(3);
    run.finds(&[
        Violation::Lost { command: 1 },
        Violation::SeenAndGone { client: 7, position: 4 },
        Violation::FollowedAndGone { tenant: TENANT, position: 4 },
    ]);
}

#[test]
fn a_command_that_is_there_twice_is_reported() {
    // Whether or not it was acknowledged.
    for command in [1, 2] {
        let mut run = a_sound_run();
        let repeated = event(6, 3, 4, "ContactAttempted", command);
        run.followed.events.push(repeated.event_id);
        run.found.events.push(repeated);
        let command = usize::try_from(command).unwrap();
        run.finds(&[Violation::Repeated { command, times: 2 }]);
    }
}

#[test]
fn a_command_that_is_not_where_its_caller_was_told_is_reported() {
    let told = Acknowledged { event_id: Uuid::from_u128(4), position: 4, version: 2 };
    let other = [
        Acknowledged { event_id: Uuid::from_u128(5), ..told },
        Acknowledged { position: 5, ..told },
        Acknowledged { version: 3, ..told },
    ];
    for other in other {
        let mut run = a_sound_run();
        *run.outcome(1) = Outcome::Acknowledged(other);
        run.finds(&[Violation::Elsewhere { command: 1 }]);
    }
    let mut run = a_sound_run();
    run.found.events[3].event_type = "RiskAssessed".to_owned();
    run.finds(&[Violation::Elsewhere { command: 1 }]);
}

#[test]
fn a_refused_command_that_is_recorded_is_reported() {
    let mut run = a_sound_run();
    *run.outcome(2) = Outcome::Refused { status: 409 };
    run.finds(&[Violation::RefusedYetRecorded { command: 2, status: 409 }]);
}

#[test]
fn an_event_that_nobody_sent_is_reported() {
    for command in [-1, 5, 1_000_000_000] {
        let mut run = a_sound_run();
        run.found.events[4].command = command;
        run.finds(&[Violation::NobodySent { tenant: TENANT, position: 5 }]);
    }
    // Nor may it be another tenant's.
    let mut run = a_sound_run();
    run.accounts.sent[2].tenant = 2;
    run.finds(&[Violation::NobodySent { tenant: TENANT, position: 5 }]);
}

#[test]
fn a_gap_in_the_positions_is_reported() {
    let mut run = a_sound_run();
    run.found.events[4].position = 6;
    run.finds(&[Violation::Gap { tenant: TENANT, position: 6 }]);
}

#[test]
fn a_time_that_does_not_rise_is_reported() {
    let mut run = a_sound_run();
    run.found.events[4].recorded_at = run.found.events[3].recorded_at;
    run.finds(&[Violation::TimeStandsStill { tenant: TENANT, position: 5 }]);
}

#[test]
fn a_gap_in_a_streams_versions_is_reported() {
    for version in [1, 4] {
        let mut run = a_sound_run();
        run.found.events[4].version = version;
        run.finds(&[Violation::VersionGap { tenant: TENANT, position: 5 }]);
    }
}

#[test]
fn a_stream_without_a_key_is_reported() {
    let mut run = a_sound_run();
    run.found.streams[2].has_key = false;
    run.finds(&[Violation::NoKey { tenant: TENANT, stream_no: 3 }]);
}

#[test]
fn a_stream_without_events_and_an_event_without_a_stream_are_reported() {
    let mut run = a_sound_run();
    run.found.streams.push(stream(4, "case"));
    run.finds(&[Violation::NoStream { tenant: TENANT, stream_no: 4 }]);

    let mut run = a_sound_run();
    let stray = event(6, 5, 1, "ContactAttempted", 4);
    run.followed.events.push(stray.event_id);
    run.found.events.push(stray);
    run.finds(&[Violation::NoStream { tenant: TENANT, stream_no: 5 }]);
}

#[test]
fn a_person_without_the_case_is_reported() {
    let mut run = a_sound_run();
    run.found.events[1].command_id = Uuid::from_u128(99);
    run.finds(&[Violation::HalfReferral { tenant: TENANT, stream_no: 2 }]);
}

#[test]
fn what_was_read_and_is_not_there_is_reported() {
    for (version, position) in [(4, 6), (2, 5), (3, 4)] {
        let mut run = a_sound_run();
        (run.accounts.seen[0].version, run.accounts.seen[0].position) = (version, position);
        run.finds(&[Violation::SeenAndGone { client: 7, position }]);
    }
}

#[test]
fn what_was_followed_and_is_another_event_now_is_reported() {
    let mut run = a_sound_run();
    run.followed.events[1] = Uuid::from_u128(77);
    run.finds(&[Violation::FollowedAndGone { tenant: TENANT, position: 2 }]);
}

#[test]
fn a_follower_who_did_not_come_to_the_end_is_reported() {
    let mut run = a_sound_run();
    run.followed.events.pop();
    run.finds(&[Violation::NotFollowed { tenant: TENANT, after: 4 }]);
}

#[test]
fn a_run_in_which_nothing_was_acknowledged_shows_nothing() {
    let mut run = a_sound_run();
    for command in 0..2 {
        *run.outcome(command) = Outcome::Unknown;
    }
    run.finds(&[Violation::NothingDone]);
}
