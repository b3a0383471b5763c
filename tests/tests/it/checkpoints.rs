//! What an operator does to show that nothing was altered: sign, verify, export, and verify that
//! elsewhere.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use crate::cases::a_referred_case;
use crate::service::{Service, program};

/// Files of an operator.
struct Desk {
    directory: PathBuf,
    key: PathBuf,
    checkpoints: PathBuf,
    export: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let directory = std::env::temp_dir().join(format!("throughline-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&directory).unwrap();
        let file = |name| directory.join(name);
        let (key, checkpoints, export) =
            (file("signing.key"), file("signed.jsonl"), file("log.jsonl"));
        let seed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7; 32]);
        std::fs::write(&key, seed).unwrap();
        let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&key, owner_alone).unwrap();
        Self { directory, key, checkpoints, export }
    }

    /// Runs `throughline log` on the database of a service.
    async fn log(&self, url: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(program())
            .arg("log")
            .args(arguments)
            .env("DATABASE_URL", url)
            .env("THROUGHLINE_SIGNING_KEY_FILE", &self.key)
            .output();
        said(&output.await.unwrap())
    }

    /// Runs `throughline log verify-export`, with no database to go to.
    async fn verify_export(&self, key: &str) -> (Option<i32>, String) {
        let output = Command::new(program())
            .args(["log", "verify-export", text(&self.export), "--public-key", key])
            .args(["--checkpoint", text(&self.checkpoints)])
            .env_remove("DATABASE_URL")
            .current_dir(&self.directory)
            .output();
        said(&output.await.unwrap())
    }

    fn signed(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.checkpoints).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

async fn a_signing_service(desk: &Desk) -> Service {
    let (key, file) = (text(&desk.key), text(&desk.checkpoints));
    Service::start_with(&[
        ("THROUGHLINE_SIGNING_KEY_FILE", key),
        ("THROUGHLINE_CHECKPOINT_FILE", file),
        ("THROUGHLINE_CHECKPOINT_INTERVAL", "24h"),
    ])
    .await
}

#[tokio::test]
async fn a_service_signs_where_logs_end_and_each_log_can_be_shown_to_be_that_one() {
    let desk = Desk::new();
    let mut service = a_signing_service(&desk).await;
    a_referred_case(service.worker()).await;
    a_referred_case(service.as_role("county", "caseworker")).await;
    assert!(service.terminate().await.success());

    // Each log once, where it ended; nothing again for a log that has not grown.
    let signed = desk.signed();
    let ends: Vec<(&Value, &Value)> =
        signed.iter().map(|line| (&line["tenant"], &line["position"])).collect();
    assert_eq!(ends, [(&"city".into(), &3.into()), (&"county".into(), &3.into())]);
    let url = service.database.url();
    let file = text(&desk.checkpoints);
    let (code, key) = desk.log(&url, &["checkpoint-key"]).await;
    let key = key.trim();
    assert_eq!((code, &signed[0]["public_key"]), (Some(0), &key.into()));
    let again = desk.log(&url, &["checkpoint", "--tenant", "city", "--out", file]).await;
    assert_eq!(again, (Some(0), String::new()));
    assert_eq!(desk.signed().len(), 3);

    let verify = ["verify", "--checkpoint", file, "--public-key", key];
    let (code, words) = desk.log(&url, &verify).await;
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("city: holds, 3 events") && words.contains("2 checkpoints agree"));
    let out = text(&desk.export);
    let exported = desk.log(&url, &["export", "--tenant", "city", "--out", out]).await;
    assert_eq!(exported, (Some(0), "3 events\n".to_owned()));
    let (code, words) = desk.verify_export(key).await;
    assert_eq!(code, Some(0), "{words}");
    assert!(words.ends_with("holds, 3 events, signed up to position 3, 2 checkpoints agree\n"));

    let database = service.database.connect().await;
    let tamper = "ALTER TABLE event DISABLE TRIGGER ALL; \
                  UPDATE event SET actor = 'someone' WHERE position = 2 AND tenant_no = 2";
    database.batch_execute(tamper).await.unwrap();
    let (code, words) = desk.log(&url, &verify).await;
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("city: holds"), "{words}");
    assert!(words.contains("county: broken at position 2: the hash is not that of the row"));
    let (code, line) = desk.log(&url, &["verify", "--tenant", "county", "--json"]).await;
    let found: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((code, &found["holds"], &found["position"]), (Some(1), &false.into(), &2.into()));
}

#[tokio::test]
async fn what_cannot_be_checked_is_not_said_to_hold_or_to_be_broken() {
    let desk = Desk::new();
    let nowhere = format!("host='{}' user=nobody dbname=none", text(&desk.directory));
    let (code, words) = desk.log(&nowhere, &["verify"]).await;
    assert_eq!(code, Some(2), "{words}");
    let (code, words) = desk.verify_export("bm90IGEga2V5").await;
    assert_eq!(code, Some(2), "{words}");

    // A checkpoint that is not one is a refusal.
    std::fs::write(&desk.checkpoints, "{}\n").unwrap();
    std::fs::write(&desk.export, "").unwrap();
    let (_, key) = desk.log(&nowhere, &["checkpoint-key"]).await;
    let (code, words) = desk.verify_export(key.trim()).await;
    assert_eq!(code, Some(1), "{words}");
    assert!(words.ends_with("signed.jsonl line 1: it is not a checkpoint\n"), "{words}");
}

/// A log that is not the one that was signed is not signed again, and the service goes on.
#[tokio::test]
async fn a_forged_log_is_not_signed() {
    let desk = Desk::new();
    let mut service = a_signing_service(&desk).await;
    a_referred_case(service.worker()).await;
    assert!(service.terminate().await.success());
    let signed = desk.signed();
    assert_eq!(signed.len(), 1);

    let forge = "ALTER TABLE event DISABLE TRIGGER ALL; \
                 UPDATE event SET hash = sha256(hash) WHERE position = 3";
    service.database.connect().await.batch_execute(forge).await.unwrap();
    let settings = [
        ("THROUGHLINE_SIGNING_KEY_FILE", text(&desk.key)),
        ("THROUGHLINE_CHECKPOINT_FILE", text(&desk.checkpoints)),
    ];
    service.restart_with(&settings).await;
    a_referred_case(service.worker()).await;
    assert!(service.terminate().await.success());
    assert_eq!(desk.signed(), signed);
    let log = std::fs::read_to_string(service.data_dir.join("service.log")).unwrap();
    assert!(log.contains("is not the one that was signed"), "{log}");
}
