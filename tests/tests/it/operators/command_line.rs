//! `throughline projections`, beside a running service.

use std::process::{Output, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::{a_service, hold_rebuilds, live, over, release_rebuilds, spoil};
use crate::cases::{absent_id, text};
use crate::service::{MASTER_KEY, Service, program, signal};

async fn run(service: &Service, arguments: &[&str]) -> Output {
    let arguments = [&["projections"], arguments].concat();
    service.run(&arguments, &[("USER", "o-kim")]).await
}

/// What was printed, of a run with this exit code.
#[track_caller]
fn said(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let said = if code <= 1 { &output.stdout } else { &output.stderr };
    String::from_utf8(said.clone()).unwrap()
}

#[track_caller]
fn objects(output: &Output, code: i32) -> Vec<Value> {
    said(output, code).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn an_operator_lists_rebuilds_goes_back_and_drops() {
    let service = a_service().await;
    let listed = said(&run(&service, &["list"]).await, 0);
    let heads = listed.lines().next().unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(heads[..5], ["TENANT", "PROJECTION", "VERSION", "BUILD", "STATE"]);
    let row = listed.lines().find(|line| line.contains(" caseload ")).unwrap();
    assert_eq!(
        row.split_whitespace().take(5).collect::<Vec<_>>(),
        ["city", "caseload", "2", "0", "live"]
    );

    let rebuild = ["rebuild", "caseload", "--tenant", "city"];
    let ended = objects(&run(&service, &[&rebuild[..], &["--json"]].concat()).await, 0);
    let told = ["tenant", "joined", "projection", "build", "phase", "dry_run"];
    let expected = json!(["city", false, "caseload", 1, "switched", false]);
    assert_eq!(json!(told.map(|name| ended[0][name].clone())), expected);
    let words = said(&run(&service, &rebuild).await, 0);
    assert!(words.starts_with("city caseload: build 2 is live: "), "{words}");
    assert!(words.contains(": as the log says"), "{words}");

    let listed = objects(&run(&service, &["list", "--tenant", "city", "--json"]).await, 0);
    let states = listed.iter().filter(|build| build["projection"] == "caseload");
    let states: Vec<_> = states.map(|build| (&build["build"], &build["state"])).collect();
    assert_eq!(states, [(&json!(1), &json!("previous")), (&json!(2), &json!("live"))]);

    let rollback = ["rollback", "caseload", "--tenant", "city"];
    let back = objects(&run(&service, &[&rollback[..], &["--json"]].concat()).await, 0);
    let expected = json!({"tenant": "city", "projection": "caseload", "from": 2, "to": 1});
    assert_eq!(back, [expected]);
    assert_eq!(live(&service, "caseload").await, 1);

    let drop = ["drop", "caseload", "--tenant", "city", "--build", "2"];
    let nobody_asked = said(&run(&service, &drop).await, 2);
    assert!(nobody_asked.contains("--yes"), "{nobody_asked}");
    let drop_it = [&drop[..], &["--yes"]].concat();
    assert_eq!(said(&run(&service, &drop_it).await, 0), "city caseload: build 2 is dropped\n");
    said(&run(&service, &drop_it).await, 4);
    let live_one = ["drop", "caseload", "--tenant", "city", "--build", "1", "--yes"];
    said(&run(&service, &live_one).await, 3);
    said(&run(&service, &["rollback", "outcome_snapshot", "--tenant", "city"]).await, 3);

    let audit = objects(&run(&service, &["audit", "--tenant", "city", "--json"]).await, 0);
    let done: Vec<_> = audit
        .iter()
        .rev()
        .map(|line| format!("{} {}", text(&line["action"]), text(&line["outcome"])))
        .collect();
    let expected = [
        "rebuild done",
        "rebuild done",
        "rollback done",
        "drop done",
        "drop refused",
        "drop refused",
        "rollback refused",
    ];
    assert_eq!(done, expected);
    let who = (&audit[0]["actor"], &audit[0]["actor_role"], &audit[0]["origin"]);
    assert_eq!(who, (&json!("o-kim"), &json!("operator"), &json!("command_line")));
    let table = said(&run(&service, &["audit"]).await, 0);
    assert!(table.contains("refused: live-build"), "{table}");
}

#[tokio::test]
async fn verify_says_in_its_exit_code_whether_rows_differ() {
    let service = a_service().await;
    let verify = ["verify", "--tenant", "city", "--all-cases", "--json"];
    let right = objects(&run(&service, &verify).await, 0);
    assert!(right.len() >= 3 && right.iter().all(|found| found["equal"] == true), "{right:?}");
    let case = spoil(&service).await;
    let wrong = objects(&run(&service, &verify).await, 1);
    let differing: Vec<_> = wrong.iter().filter(|found| found["equal"] == false).collect();
    assert_eq!(differing.len(), 1, "{wrong:?}");
    let difference =
        json!({"case_id": case, "table": "caseload_2", "kind": "differs", "columns": ["worker"]});
    assert_eq!(differing[0]["comparison"]["differences"], json!([difference]));
    let words = said(&run(&service, &["verify", "caseload", "--tenant", "city"]).await, 1);
    assert!(words.contains(&format!("\n  case {case}: caseload_2 differs: worker\n")), "{words}");
    assert!(!words.contains("nobody"), "a value is told: {words}");

    // A dry run finds it too; a rebuild repairs it.
    let rebuild = ["rebuild", "caseload", "--tenant", "city"];
    said(&run(&service, &[&rebuild[..], &["--dry-run"]].concat()).await, 1);
    said(&run(&service, &verify).await, 1);
    said(&run(&service, &rebuild).await, 0);
    objects(&run(&service, &verify).await, 0);
    let old = ["verify", "caseload", "--tenant", "city", "--build", "0"];
    said(&run(&service, &old).await, 1);
}

#[tokio::test]
async fn what_cannot_be_done_is_told_in_one_line_and_an_exit_code() {
    let service = a_service().await;
    let absent = absent_id();
    let commands: [(&[&str], i32); 9] = [
        (&["rebuild", "--tenant", "city"], 2),
        (&["rebuild", "nobodys", "--tenant", "city"], 2),
        (&["rebuild", "caseload"], 2),
        (&["rebuild", "caseload", "--tenant", "nowhere"], 4),
        (&["verify", "--tenant", "nowhere"], 4),
        (&["cancel", &absent, "--tenant", "city"], 4),
        (&["rollback", "caseload", "--tenant", "nowhere"], 4),
        (&["park", "retry", "--tenant", "nowhere"], 4),
        (&["list", "--tenant", "nowhere"], 4),
    ];
    for (command, code) in commands {
        let output = run(&service, command).await;
        let told = said(&output, code);
        assert!(output.stdout.is_empty(), "{command:?}: {output:?}");
        if code == 4 {
            assert_eq!(told.lines().count(), 1, "{command:?}: {told}");
        }
    }
    let retried = objects(&run(&service, &["park", "retry", "--json"]).await, 0);
    assert_eq!(retried, [json!({"tenant": "city", "streams": 0})]);
    // Nothing answers there.
    let nowhere = "host=/nowhere-at-all dbname=none";
    let list = ["projections", "list", "--database-url", nowhere];
    let output = Command::new(program()).args(list).output().await.unwrap();
    assert_eq!(said(&output, 2).lines().count(), 1, "{output:?}");
}

/// Naming what there is none of is a refusal, and each refusal is a line, whichever way it came.
#[tokio::test]
async fn what_was_named_in_vain_is_written_down() {
    let service = a_service().await;
    let (absent, known) = (absent_id(), ["caseload", "--tenant", "city"]);
    said(&run(&service, &["cancel", &absent, "--tenant", "city"]).await, 4);
    said(&run(&service, &[&["verify"], &known[..], &["--build", "7"]].concat()).await, 4);
    let body = json!({"build": 8});
    let path = "/v1/projections/caseload/verifications";
    assert_eq!(super::operator(&service).post(path, body).await.status, 404);
    let audit = objects(&run(&service, &["audit", "--tenant", "city", "--json"]).await, 0);
    let told =
        |line: &Value| json!([line["action"], line["build"], line["outcome"], line["reason"]]);
    let expected = [
        json!(["verify", 8, "refused", "no-such-build"]),
        json!(["verify", 7, "refused", "no-such-build"]),
        json!(["cancel", null, "refused", "no-such-operation"]),
    ];
    assert_eq!(audit.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(audit[2]["operation_id"], json!(absent));
}

#[tokio::test]
async fn cancel_prints_an_object_for_scripts() {
    let service = a_service().await;
    hold_rebuilds(&service).await;
    let asked = super::ask(&service, "caseload", json!({})).await.expect(202);
    let id = text(&asked["operation_id"]);
    let cancelled = run(&service, &["cancel", &id, "--tenant", "city", "--json"]).await;
    let expected =
        json!({"tenant": "city", "projection": "caseload", "build": 1, "operation_id": id});
    assert_eq!(objects(&cancelled, 0), [expected]);
    release_rebuilds(&service).await;
}

/// Where no service runs, the command does all of it: it folds, follows, compares and switches.
#[tokio::test]
async fn a_rebuild_needs_no_service() {
    let mut service = a_service().await;
    assert!(service.terminate().await.success());
    let rebuild = ["rebuild", "--all", "--tenant", "city", "--json"];
    let ended = objects(&run(&service, &rebuild).await, 0);
    assert!(ended.len() >= 3, "{ended:?}");
    for operation in &ended {
        assert_eq!((&operation["phase"], &operation["build"]), (&json!("switched"), &json!(1)));
        assert_eq!(operation["comparison"]["differences_found"], 0, "{operation}");
    }
    let verify = ["verify", "--all-cases", "--json"];
    assert_eq!(objects(&run(&service, &verify).await, 0).len(), ended.len());
    service.restart_with(&[]).await;
    assert_eq!(live(&service, "caseload").await, 1);
}

/// A rebuild in the foreground, of which the errors are read line by line.
struct Foreground {
    child: tokio::process::Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>,
}

impl Foreground {
    fn rebuild(service: &Service) -> Self {
        let mut child = Command::new(program())
            .args(["projections", "rebuild", "caseload", "--tenant", "city"])
            .args(["--database-url", &service.database.url(), "--data-dir"])
            .arg(&service.data_dir)
            .env("THROUGHLINE_MASTER_KEY", MASTER_KEY)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines }
    }

    fn send(&self, sent: Signal) {
        signal(self.child.id().unwrap(), sent);
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(super::WAIT_MAX, self.lines.next_line()).await;
        line.expect("a line in time").unwrap().expect("a line")
    }

    async fn code(mut self) -> Option<i32> {
        tokio::time::timeout(super::WAIT_MAX, self.child.wait()).await.unwrap().unwrap().code()
    }
}

/// The rebuild that is under way, once there is one.
async fn under_way(service: &Service) -> Value {
    let deadline = std::time::Instant::now() + super::WAIT_MAX;
    loop {
        let listed = super::operator(service).get("/v1/operations").await.expect(200);
        let newest = listed["operations"][0].clone();
        if !newest.is_null() && newest["finished_at"].is_null() {
            return newest;
        }
        assert!(std::time::Instant::now() < deadline, "no rebuild: {listed}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_interrupt_calls_off_what_was_asked_for_here_and_leaves_what_was_joined() {
    let service = a_service().await;
    hold_rebuilds(&service).await;
    let asked = Foreground::rebuild(&service);
    let operation = under_way(&service).await;
    let mut joined = Foreground::rebuild(&service);
    assert!(joined.line().await.contains("joining rebuild"));

    joined.send(Signal::INT);
    let left = joined.line().await;
    assert!(left.contains("is left in phase queued"), "{left}");
    assert_eq!(joined.code().await, Some(130));
    assert_eq!(under_way(&service).await["operation_id"], operation["operation_id"]);

    asked.send(Signal::INT);
    assert_eq!(asked.code().await, Some(3));
    release_rebuilds(&service).await;
    let place = format!("/v1/operations/{}", text(&operation["operation_id"]));
    assert_eq!(over(&service, &place).await["phase"], "cancelled");
    assert_eq!(live(&service, "caseload").await, 0);
}

#[tokio::test]
async fn a_rebuild_that_is_left_or_detached_is_done_by_the_service() {
    let service = a_service().await;
    hold_rebuilds(&service).await;
    let left = Foreground::rebuild(&service);
    let operation = under_way(&service).await;
    left.send(Signal::TERM);
    assert_eq!(left.code().await, Some(130));
    let detach = ["rebuild", "outcome_snapshot", "--tenant", "city", "--detach", "--json"];
    let detached = objects(&run(&service, &detach).await, 0);
    assert_eq!(detached[0]["phase"], "queued");
    release_rebuilds(&service).await;
    for operation in [&operation, &detached[0]] {
        let place = format!("/v1/operations/{}", text(&operation["operation_id"]));
        assert_eq!(over(&service, &place).await["phase"], "switched");
    }
    let cancel = ["cancel", &text(&operation["operation_id"]), "--tenant", "city"];
    said(&run(&service, &cancel).await, 3);
    let audit = objects(&run(&service, &["audit", "--limit", "1", "--json"]).await, 0);
    assert_eq!(
        (&audit[0]["action"], &audit[0]["reason"]),
        (&json!("cancel"), &json!("operation-over"))
    );
}
