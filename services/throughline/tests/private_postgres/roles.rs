//! Whom the service works as: over a private server, and over others as their operators set it up.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

use crate::place::{self, Holder, Place, connect, connect_to, said};

const MIGRATED: &str = "throughline: there is no tenant t";
const NO_ROLE: &str =
    "throughline: there is no role throughline_service: run `throughline migrate`";
const NOT_OF_ROLE: &str = "throughline: the database's user is not a member of \
    throughline_service: have an administrator run GRANT throughline_service TO that user";
const MAY_NOT_MAKE_IT: &str = "throughline: the schema could not be brought up to date: there is \
    no role throughline_service, and whoever migrates may not make it: have an administrator run \
    CREATE ROLE throughline_service NOLOGIN, then migrate";

const REPLAY: [&str; 3] = ["replay", "--tenant", "t"];

impl Holder {
    /// The connection string of another user or database of the server.
    fn url(&self, user: &str, database: &str) -> String {
        format!("{} user={user} dbname={database}", self.database_url())
    }
}

/// A service until it is stopped.
struct Serving(Child);

impl Serving {
    fn start(database_url: &str, data_dir: &str) -> Self {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir];
        let mut child = place::program(database_url, &arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on "), "{line}");
        Self(child)
    }

    /// Stops it, and returns its log.
    fn stop(mut self) -> String {
        let id = i32::try_from(self.0.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(self.0.wait().unwrap().success(), "{log}");
        log
    }
}

#[tokio::test]
async fn over_its_own_server_the_service_connects_as_a_user_with_no_other_privileges() {
    let Some(place) = Place::new() else { return };
    let holder = place.hold();
    // An empty URL counts as none.
    let serving = Serving::start("", place.data_dir().to_str().unwrap());
    let owner = connect(&holder).await;
    let sql = "SELECT DISTINCT usename::text FROM pg_stat_activity \
               WHERE application_name = 'throughline'";
    // It listens before its projector has connected, which it does without being asked.
    let mut users: Vec<String> = Vec::new();
    while users.is_empty() {
        let rows = owner.query(sql, &[]).await.unwrap();
        users = rows.iter().map(|row| row.get(0)).collect();
    }
    assert_eq!(users, ["throughline_app"]);
    let app = connect_to(&holder.url("throughline_app", "throughline")).await;
    for refused in ["SET ROLE throughline", "CREATE TABLE mine ()", "DELETE FROM event"] {
        let refused = app.batch_execute(refused).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501");
    }
    let log = serving.stop();
    assert!(!log.contains("owns the log"), "{log}");
    drop((owner, app));
    assert!(holder.finish().success());
}

#[test]
fn who_owns_the_log_and_serves_is_warned_and_a_member_is_not() {
    let Some(place) = Place::new() else { return };
    let holder = place.hold();
    let data_dir = place.data_dir().to_str().unwrap();
    let log = Serving::start(holder.database_url(), data_dir).stop();
    assert_eq!(log.matches("owns the log or is a superuser").count(), 1, "{log}");
    // The schema is in place now, which is all that a member needs.
    let member = holder.url("throughline_app", "throughline");
    let log = Serving::start(&member, data_dir).stop();
    assert!(!log.contains("owns the log"), "{log}");
    assert_eq!(said(&member, &["migrate"]), "the schema is up to date");
    assert!(holder.finish().success());
}

#[tokio::test]
async fn an_operator_without_the_privilege_to_make_the_role_is_told_what_to_do() {
    let Some(place) = Place::new() else { return };
    let holder = place.hold();
    let owner = connect(&holder).await;
    let set_up = [
        "DROP ROLE throughline_app",
        "DROP ROLE throughline_service",
        "CREATE ROLE plain LOGIN",
        "CREATE DATABASE plain OWNER plain",
    ];
    for statement in set_up {
        owner.batch_execute(statement).await.unwrap();
    }
    let plain = holder.url("plain", "plain");
    assert_eq!(said(&plain, &REPLAY), NO_ROLE);
    assert_eq!(said(&plain, &["migrate"]), MAY_NOT_MAKE_IT);
    owner.batch_execute("CREATE ROLE throughline_service NOLOGIN").await.unwrap();
    // From the one that needs the role.
    assert!(said(&plain, &["migrate"]).ends_with("migrations applied"));
    // It may migrate, and may not serve.
    assert_eq!(said(&plain, &REPLAY), NOT_OF_ROLE);
    owner.batch_execute("GRANT throughline_service TO plain").await.unwrap();
    assert_eq!(said(&plain, &REPLAY), MIGRATED);
    drop(owner);
    assert!(holder.finish().success());
}

#[tokio::test]
async fn an_operator_who_may_make_roles_migrates_and_serves() {
    let Some(place) = Place::new() else { return };
    let holder = place.hold();
    let owner = connect(&holder).await;
    let set_up = [
        "DROP ROLE throughline_app",
        "DROP ROLE throughline_service",
        "CREATE ROLE maker LOGIN CREATEROLE",
        "CREATE DATABASE made OWNER maker",
        "CREATE ROLE stranger LOGIN",
    ];
    for statement in set_up {
        owner.batch_execute(statement).await.unwrap();
    }
    let made = holder.url("maker", "made");
    assert!(said(&made, &["migrate"]).ends_with(" migrations applied"));
    assert_eq!(said(&made, &REPLAY), MIGRATED);
    // Somebody else neither migrates nor reads.
    let stranger = holder.url("stranger", "made");
    assert_eq!(said(&stranger, &REPLAY), NOT_OF_ROLE);
    let refused = said(&stranger, &["migrate"]);
    assert!(
        refused.ends_with(": run `throughline migrate` as the owner of the tables"),
        "{refused}"
    );
    drop(owner);
    assert!(holder.finish().success());
}
