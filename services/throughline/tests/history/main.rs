//! Loading a history, replaying it, and the demonstration, as a user meets them.

#[cfg(test)]
mod program;
#[cfg(test)]
mod refusals;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use program::{Program, command, said, sample};

const HEADING: &str = "case_id,programme,role,area,status,episode,worker,risk_level,\
    risk_assessed_at,engagement,attempts,reached,last_attempt_at,last_reached_at,dormant,\
    review_due,open_information_requests,version";

#[tokio::test]
async fn the_same_date_is_answered_as_it_was_known_then_and_as_it_is_known_now() {
    let program = Program::with_the_sample().await;
    let date = "2014-04-01T00:00:00Z";
    let question = ["replay", "--tenant", "t", "--programme", "mrp", "--as-of", date];
    let then = program.succeed(&[&question[..], &["--known-at", date]].concat());
    let other = "0d9c7a0e-6f0b-4a3e-8a5e-3b1f5b7c2d11,mrp,victim_survivor,city,referred,1,,,,none,0,0,,,false,,0";
    let ada = "acf56034-4d06-872b-9396-85e7d0fb3ea6,mrp,victim_survivor,south,open,1,mrp-south";
    let visit = "2014-03-11T10:00:00Z";
    assert_eq!(
        then,
        format!(
            "{HEADING}\n{other},1\n\
             {ada},medium,{visit},sporadic,2,1,{visit},{visit},false,2014-06-09T10:00:00Z,1,7\n"
        )
    );
    let now = program.succeed(&question);
    assert_eq!(
        now,
        format!(
            "{HEADING}\n{other},2\n\
             {ada},high,{visit},sporadic,1,1,{visit},{visit},false,2014-06-09T10:00:00Z,1,12\n"
        )
    );
    assert_eq!(program.succeed(&question), now, "the same bytes each time");
}

#[tokio::test]
async fn a_case_does_not_appear_before_it_was_referred_or_in_another_programme() {
    let program = Program::with_the_sample().await;
    let replay = |more: &[&str]| {
        let output = program.succeed(&[&["replay", "--tenant", "t"], more].concat());
        output.lines().count() - 1
    };
    assert_eq!(replay(&[]), 2);
    assert_eq!(replay(&["--as-of", "2014-03-19T00:00:00Z"]), 1);
    assert_eq!(replay(&["--known-at", "2014-03-03T08:00:00Z"]), 0);
    assert_eq!(replay(&["--programme", "drive"]), 0);
}

#[tokio::test]
async fn a_replay_is_written_to_a_file_whole_and_for_its_owner_alone() {
    let program = Program::with_the_sample().await;
    let question = ["replay", "--tenant", "t", "--reading", "recorded", "--format", "jsonl"];
    let printed = program.succeed(&question);
    let path = program.path("cases.jsonl");
    program.succeed(&[&question[..], &["--output", path.to_str().unwrap()]].concat());
    assert_eq!(fs::read_to_string(&path).unwrap(), printed);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // As it was decided: the correction is not looked through.
    let line = printed.lines().find(|line| line.contains("mrp-south")).unwrap();
    assert!(line.contains(r#""status":"closed""#), "{line}");
    assert!(line.contains(r#""risk_level":"medium""#), "{line}");
}

#[tokio::test]
async fn nothing_can_be_asked_of_what_will_be_known_or_of_what_is_not_there() {
    let program = Program::new().await;
    let future = ["replay", "--tenant", "t", "--known-at", "2999-01-01T00:00:00Z"];
    assert!(program.fail(&future).contains("lies in the future"));
    assert_eq!(program.fail(&["replay", "--tenant", "t"]), "there is no tenant t");
    let program = Program::with_the_sample().await;
    let unknown = ["replay", "--tenant", "t", "--programme", "nix"];
    assert_eq!(
        program.fail(&unknown),
        "there is no programme nix: it is one of mrp, drive, safe-steps, stepping-out"
    );
}

#[tokio::test]
async fn words_and_identity_are_sealed_on_arrival() {
    let program = Program::with_the_sample().await;
    let sql = "SELECT count(*) FILTER (WHERE sealed IS NOT NULL), \
               count(*) FILTER (WHERE data ~* 'locks|ada|invented|judged high|number') FROM event";
    let row = program.client().await.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (4, 0));
}

#[tokio::test]
async fn a_later_file_goes_on_with_a_case_of_an_earlier_one() {
    let program = Program::new().await;
    let text = fs::read_to_string(sample()).unwrap();
    let (first, rest) = text.split_at(text.match_indices('\n').nth(6).unwrap().0 + 1);
    let load = ["log", "load", "-", "--tenant", "t"];
    assert!(program.run_with_input(&load, first).status.success());
    let again = program.run_with_input(&load, first);
    assert_eq!(
        said(&again),
        "standard input line 1: recorded_at is not after 2014-03-12T09:00:00Z, \
         when the event before was recorded"
    );
    assert!(program.run_with_input(&load, rest).status.success());

    let whole = Program::with_the_sample().await;
    let question = ["replay", "--tenant", "t", "--as-of", "2014-04-01T00:00:00Z"];
    assert_eq!(program.succeed(&question), whole.succeed(&question));
}

#[tokio::test]
async fn a_live_tenant_takes_no_history() {
    let program = Program::with_the_sample().await;
    let live = ["log", "live", "--tenant", "t"];
    assert_eq!(program.succeed(&live), "tenant t is live from position 17 on\n");
    assert_eq!(program.succeed(&live), "tenant t is live already\n");
    let more = program.file(
        "more.jsonl",
        r#"{"recorded_at":"2020-01-01T00:00:00Z","case":"a-17","type":"CaseReopened","occurred_at":"2020-01-01T00:00:00Z"}"#,
    );
    assert_eq!(
        program.fail(&["log", "load", &more, "--tenant", "t"]),
        "tenant t is live, so no history can be loaded into it"
    );
    assert_eq!(program.count("event").await, 17);
    assert!(program.fail(&["log", "live", "--tenant", "u"]).starts_with("there is no tenant u"));
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let program = Program::without_schema().await;
    let file = sample();
    let load = ["log", "load", file.to_str().unwrap(), "--tenant", "t"];
    // Another database of the cluster may or may not have made the service's role.
    assert!(program.fail(&load).ends_with(": run `throughline migrate`"));
    assert!(program.succeed(&["migrate"]).ends_with(" migrations applied\n"));
    assert_eq!(program.succeed(&["migrate"]), "the schema is up to date\n");
}

#[tokio::test]
async fn a_database_that_may_lose_what_it_acknowledged_is_refused_unless_that_is_accepted_by_name()
{
    let program = Program::new().await;
    let client = program.client().await;
    let sql = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', \
               current_database()); END $$";
    client.batch_execute(sql).await.unwrap();
    let file = sample();
    let load = ["log", "load", file.to_str().unwrap(), "--tenant", "t"];
    let risk = "when the server stops, the last acknowledged work is lost";
    let refusal = format!(
        "the server has synchronous_commit off: {risk}; turn it on, or accept that by \
         --accept-unsafe synchronous_commit"
    );
    assert_eq!(program.fail(&load), refusal);
    let another = ["--accept-unsafe", "fsync", "--accept-unsafe", "full_page_writes"];
    assert_eq!(program.fail(&[&load[..], &another].concat()), refusal);
    let data_dir = program.path("data");
    for service in ["serve", "demo"] {
        let serve = [service, "--listen", "127.0.0.1:0", "--data-dir", data_dir.to_str().unwrap()];
        let output = program.run(&serve);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.ends_with(&format!("throughline: {refusal}\n")), "{said}");
    }
    assert_eq!(program.count("tenant").await, 0);

    let accepted = ["--accept-unsafe", "fsync,synchronous_commit"];
    let output = program.run(&[&load[..], &accepted].concat());
    assert!(output.status.success(), "{output:?}");
    let warning = format!("UNSAFE: synchronous_commit IS OFF: {risk}\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), warning);
}

#[tokio::test]
async fn no_key_is_made_up_for_a_database_that_is_not_ours() {
    let program = Program::new().await;
    let file = sample();
    let load = ["log", "load", file.to_str().unwrap(), "--tenant", "t"];
    let output = program.command(&load).env_remove("THROUGHLINE_MASTER_KEY").output().unwrap();
    assert!(said(&output).starts_with("no master key is configured for the database: set "));
    assert_eq!(program.count("tenant").await, 0);
    // A replay opens nothing, and so needs none.
    let replay = ["replay", "--tenant", "t"];
    let output = program.command(&replay).env_remove("THROUGHLINE_MASTER_KEY").output().unwrap();
    assert_eq!(said(&output), "there is no tenant t");
}

#[test]
fn a_token_is_all_that_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let token = |more: &[&str]| {
        let data_dir = ["--data-dir", data_dir.to_str().unwrap()];
        let arguments = [&["token"], &data_dir[..], more].concat();
        command(&arguments).output().unwrap()
    };
    let output = token(&["--tenant", "t", "--role", "team_manager", "--expires-in", "30m"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert_eq!(printed.lines().count(), 1);
    assert_eq!(printed.split('.').count(), 3, "{printed}");
    // Root's private server is another account, which has to pass through.
    let passable = if rustix::process::geteuid().is_root() { 0o011 } else { 0 };
    assert_eq!(data_dir.metadata().unwrap().permissions().mode() & 0o077, passable);
    let refused = token(&["--tenant", "t", "--role", "queen"]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("data_protection_officer"));
    let for_ever = token(&["--tenant", "t", "--role", "partner", "--expires-in", "9999h"]);
    assert!(said(&for_ever).starts_with("--expires-in is from "));
}

#[tokio::test]
async fn the_demonstration_loads_its_history_once() {
    let program = Program::without_schema().await;
    let first = program.demonstrate();
    let loaded = "tenant demo has its history, and is live from position 428 on";
    assert!(first.iter().any(|line| line == loaded), "{first:?}");
    assert!(first.iter().any(|line| line.starts_with("  TOKEN=ey")), "{first:?}");
    let second = program.demonstrate();
    assert!(second.iter().any(|line| line == "tenant demo has its history"), "{second:?}");
    // Those of both tenants.
    assert_eq!(program.count("event").await, 428 + 66);
}
