//! `throughline with-postgres`, and through it the private PostgreSQL, as a user meets them.
//!
//! Run as root these also show that the server steps down to another account.

#[cfg(test)]
mod place;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod safeguards;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use rustix::process::{Pid, Signal, kill_process};

use place::{Place, run_by_root};

#[test]
fn the_commands_exit_code_is_ours_and_the_server_ends_with_it() {
    let Some(place) = Place::new() else { return };
    let output = place.run("test -n \"$DATABASE_URL\" || exit 9; exit 7");
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert!(place.cluster().join("PG_VERSION").is_file());
    assert!(!place.answers());
}

#[test]
fn a_command_that_a_signal_ends_gives_the_code_that_a_shell_gives() {
    let Some(place) = Place::new() else { return };
    assert_eq!(place.run("kill -KILL $$").status.code(), Some(137));
    assert!(!place.answers());
}

#[test]
fn the_files_are_closed_to_others_and_never_roots() {
    let Some(place) = Place::new() else { return };
    assert!(place.run("true").status.success());
    for directory in [place.data_dir().join("postgres"), place.cluster()] {
        let found = fs::metadata(&directory).unwrap();
        assert_eq!(found.mode() & 0o777, 0o700, "{}", directory.display());
        assert_ne!(found.uid(), 0, "{}", directory.display());
    }
}

#[test]
fn a_second_start_joins_the_first_and_the_last_one_out_stops_the_server() {
    let Some(place) = Place::new() else { return };
    let first = place.hold();
    let server = place.server_pid();
    let second = place.hold();
    assert_eq!(place.server_pid(), server);
    assert_eq!(first.database_url(), second.database_url());
    assert!(first.finish().success());
    assert!(place.answers());
    assert!(second.finish().success());
    assert!(!place.answers());
}

#[test]
fn concurrent_first_starts_make_one_cluster() {
    let Some(place) = Place::new() else { return };
    let together: Vec<_> = (0..4).map(|_| place.begin()).collect();
    for holder in together {
        assert!(holder.ready().finish().success());
    }
    assert!(!place.answers());
}

#[test]
fn a_termination_reaches_the_command_and_then_stops_the_server() {
    let Some(place) = Place::new() else { return };
    let holder = place.hold();
    kill_process(holder.pid(), Signal::TERM).unwrap();
    assert_eq!(holder.wait().code(), Some(143));
    assert!(!place.answers());
}

#[test]
fn a_server_whose_program_was_killed_is_adopted_and_stopped() {
    let Some(place) = Place::new() else { return };
    let holder = place.hold();
    let server = place.server_pid();
    kill_process(holder.pid(), Signal::KILL).unwrap();
    holder.wait();
    assert!(place.answers());
    let adopter = place.hold();
    assert_eq!(place.server_pid(), server);
    assert!(adopter.finish().success());
    assert!(!place.answers());
}

#[tokio::test]
async fn what_was_committed_survives_the_death_of_the_server() {
    let Some(place) = Place::new() else { return };
    let holder = place.hold();
    let row = "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)";
    place::connect(&holder).await.batch_execute(row).await.unwrap();
    kill_process(Pid::from_raw(place.server_pid()).unwrap(), Signal::KILL).unwrap();
    assert!(holder.finish().success());
    assert!(!place.answers());

    let holder = place.hold();
    let row = place::connect(&holder).await.query_one("SELECT n FROM kept", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 42);
    assert!(holder.finish().success());
}

#[tokio::test]
async fn what_was_sent_does_not_reach_the_servers_log() {
    let Some(place) = Place::new() else { return };
    let holder = place.hold();
    let client = place::connect(&holder).await;
    client.batch_execute("CREATE TABLE people (name text PRIMARY KEY)").await.unwrap();
    let refused = [
        "INSERT INTO people VALUES ('Zebedee'), ('Zebedee')",
        "SELECT 'Zebedee'::int",
        "DO $$ BEGIN RAISE WARNING 'Zebedee'; END $$",
    ];
    for statement in refused {
        let _ = client.batch_execute(statement).await;
    }
    drop(client);
    assert!(holder.finish().success());
    let logs: Vec<_> = fs::read_dir(place.cluster().join("log")).unwrap().collect();
    assert!(!logs.is_empty());
    for log in logs {
        let text = fs::read_to_string(log.unwrap().path()).unwrap();
        assert!(text.contains("ready to accept connections"), "{text}");
        assert!(!text.contains("Zebedee"), "{text}");
    }
}

#[test]
fn a_path_too_long_for_a_socket_is_served_from_elsewhere() {
    let Some(place) = Place::with_data_dir(&format!("{}/it's, long", "d".repeat(100))) else {
        return;
    };
    let holder = place.hold();
    let socket_dir = holder.socket_dir();
    assert!(socket_dir.starts_with("/tmp"), "{}", socket_dir.display());
    assert_eq!(fs::metadata(&socket_dir).unwrap().mode() & 0o777, 0o700);
    assert!(holder.finish().success());
    assert!(!socket_dir.exists());
}

#[test]
fn missing_programs_are_one_line_that_says_what_to_do() {
    let Some(place) = Place::new() else { return };
    let output = place
        .command("true")
        .env("PATH", place.data_dir())
        .env("THROUGHLINE_PG_BINDIR", place.data_dir())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("throughline: PostgreSQL 15 or newer is not in "), "{said}");
    assert!(said.contains("or set DATABASE_URL"), "{said}");
    assert!(!place.data_dir().exists());
}

#[test]
fn a_directory_that_the_servers_account_cannot_enter_is_named() {
    if !run_by_root() {
        return; // The server then runs as ourselves, who can.
    }
    let Some(place) = Place::with_data_dir("shut/data") else {
        return;
    };
    let shut = place.data_dir().parent().unwrap().to_owned();
    fs::create_dir(&shut).unwrap();
    fs::set_permissions(&shut, Permissions::from_mode(0o700)).unwrap();
    let output = place.run("true");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(&format!("cannot enter {}:", shut.display())), "{said}");
    assert!(said.contains("--data-dir"), "{said}");
}

#[test]
fn without_a_directory_a_temporary_one_is_used_and_removed() {
    let Some(place) = Place::new() else { return };
    let temporary = place.data_dir().parent().unwrap();
    let output = place.command_in_a_temporary_directory("true").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let left: Vec<_> = fs::read_dir(temporary).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}
