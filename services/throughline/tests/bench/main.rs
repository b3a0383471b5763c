//! `throughline bench` as an operator meets it: what it prints, and that it leaves nothing behind.
//!
//! Nothing here looks at how fast anything was.

#[cfg(test)]
mod run;

use run::{Run, SERVER};
use rustix::process::Signal;

const NAMES: [&str; 15] = [
    "commands_1",
    "commands_8",
    "commands_32",
    "commands_128",
    "commands_512",
    "http_128",
    "case_two_dates",
    "projection_lag",
    "replay",
    "replay_memory",
    "cohort",
    "rebuild",
    "rebuild_memory",
    "commands_during_rebuild",
    "growth",
];

/// The members of every workload, with those that are null where there is nothing to say.
const MEMBERS: [&str; 13] = [
    "name",
    "unit",
    "median",
    "min",
    "max",
    "p50_us",
    "p99_us",
    "bare",
    "bare_name",
    "ratio",
    "target",
    "target_is",
    "holds",
];

#[tokio::test]
async fn the_document_has_every_workload_with_every_member() {
    let server = SERVER.lock().await;
    let arguments = ["--json", "--rounds", "1", "--seconds", "0.2", "--events", "3000"];
    let output = Run::start(&arguments).output().await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(server.databases().await, [""; 0]);

    let document = output.document();
    let workloads = document["workloads"].as_array().unwrap();
    let names: Vec<_> = workloads.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, NAMES);
    for workload in workloads {
        let workload = workload.as_object().unwrap();
        for member in MEMBERS {
            assert!(workload.contains_key(member), "{member} of {workload:?}");
        }
        let has_target = !workload["target"].is_null();
        assert_eq!(workload["holds"].is_boolean(), has_target, "{workload:?}");
        assert_eq!(workload["target_is"].is_string(), has_target, "{workload:?}");
        assert_eq!(workload["bare"].is_null(), workload["bare_name"].is_null(), "{workload:?}");
    }
    let targets: Vec<_> = workloads.iter().map(|one| one["target"].as_f64()).collect();
    let (none, ratio) = (None, Some);
    let expected = [
        none,
        none,
        ratio(1.2),
        none,
        ratio(3.0),
        ratio(0.8),
        Some(10_000.0),
        Some(250_000.0),
        ratio(0.7),
        Some(512.0),
        ratio(0.35),
        ratio(0.35),
        Some(512.0),
        ratio(1.25),
        ratio(1.5),
    ];
    assert_eq!(targets, expected);
    let bare: Vec<_> = document["bare"].as_object().unwrap().keys().cloned().collect();
    let expected = ["copy_in", "copy_out", "insert_1", "insert_128", "insert_32", "insert_8"];
    assert_eq!(bare, expected);
    assert_eq!(document["conditions"]["rounds"], 1);
    assert!(document["conditions"]["postgresql_settings"]["fsync"].is_string());

    // What does not depend on how fast it went.
    let of = |name: &str| &workloads[NAMES.iter().position(|known| *known == name).unwrap()];
    assert_eq!(of("replay")["details"]["events"], 3000.0);
    assert!(of("cohort")["details"]["tables"].as_f64().unwrap() >= 20.0);
    for workload in ["replay", "cohort", "rebuild", "commands_during_rebuild"] {
        assert!(of(workload)["ratio"].as_f64().unwrap() > 0.0, "{workload}");
    }
    for workload in ["replay_memory", "rebuild_memory"] {
        assert!(of(workload)["median"].as_f64().unwrap() > 1.0, "{workload}");
    }
    assert!(of("projection_lag")["p99_us"].as_f64().unwrap() > 0.0);
    assert_eq!(of("growth")["details"]["growth_events"], 15_000.0);
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_measured() {
    let server = SERVER.lock().await;
    let arguments = ["--workload", "replay_memory", "--rounds", "1", "--events", "500"];
    let json = [&arguments[..], &["--json"]].concat();
    let output = Run::start(&json).output().await;
    let document = output.document();
    let workloads = document["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 1, "{workloads:?}");
    assert_eq!(workloads[0]["name"], "replay_memory");
    assert!(document["bare"].as_object().unwrap().is_empty());

    let table = Run::start(&arguments).output().await.stdout;
    assert!(table.contains(" fsync="), "{table}");
    let row = table.lines().find(|line| line.starts_with("replay_memory ")).unwrap();
    assert!(row.contains(" MiB ") && row.contains("<= 512 MiB"), "{row}");
    assert!(!table.contains("commands_1"), "{table}");
    assert_eq!(server.databases().await, [""; 0]);
}

#[tokio::test]
async fn the_exit_code_tells_of_targets_only_when_asked() {
    let _server = SERVER.lock().await;
    let arguments = ["--workload", "commands_32", "--rounds", "1", "--seconds", "0.2", "--json"];
    let lenient = Run::start(&arguments).output().await;
    assert_eq!(lenient.status.code(), Some(0), "{lenient:?}");
    let strict = Run::start(&[&arguments[..], &["--strict"]].concat()).output().await;
    let holds = strict.document()["workloads"][0]["holds"].as_bool().unwrap();
    assert_eq!(strict.status.code(), Some(i32::from(!holds)), "{strict:?}");
}

#[tokio::test]
async fn an_interrupted_run_drops_its_databases() {
    let server = SERVER.lock().await;
    for workload in ["commands_8", "http_128"] {
        let arguments = ["--workload", workload, "--seconds", "3600"];
        let run = Run::start(&arguments);
        server.table("bare_event").await;
        run.signal(Signal::INT);
        let output = run.output().await;
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        assert_eq!(output.stdout, "");
        assert_eq!(server.databases().await, [""; 0], "after {workload}");
    }
}

#[tokio::test]
async fn a_run_that_fails_says_why_and_drops_its_databases() {
    let server = SERVER.lock().await;
    let run = Run::start(&["--workload", "commands_8", "--seconds", "3600"]);
    let name = server.table("bare_event").await;
    server.cut(&name).await;
    let output = run.output().await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, "");
    let last = output.stderr.lines().last().unwrap();
    assert!(last.starts_with("throughline: "), "{output:?}");
    assert_eq!(server.databases().await, [""; 0]);
}

#[tokio::test]
async fn what_another_run_left_is_named_and_left_alone() {
    let server = SERVER.lock().await;
    let name = "throughline_bench_left_behind";
    server.execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    let arguments = ["--workload", "replay_memory", "--rounds", "1", "--events", "500"];
    let output = Run::start(&arguments).output().await;
    let left = server.databases().await;
    server.execute(&format!("DROP DATABASE {name}")).await;
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.starts_with(&format!("database {name} is there already")), "{output:?}");
    assert_eq!(left, [name]);
}
