//! `throughline keys`: under a running service, and killed half-way.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::private::{Directory, Private};
use crate::cases::{a_referral, an_open_case, text};
use crate::service::{MASTER_KEY, Service};

const NEW_KEY: &str = "YW5vdGhlciBtYXN0ZXIga2V5IGZvciB0aGUgdGVzdHM=";

fn key_file(directory: &Path, name: &str, key: &str) -> String {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = directory.join(name);
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    writeln!(file.unwrap(), "{key}").unwrap();
    path.to_str().unwrap().to_owned()
}

/// Every row of the log, in one number.
async fn fingerprint(service: &Service) -> String {
    let sql = "SELECT encode(sha256(string_agg(e::text, '|' ORDER BY tenant_no, position)::bytea), \
               'hex') FROM event e";
    service.database.connect().await.query_one(sql, &[]).await.unwrap().get(0)
}

async fn tell(service: &Service, case: &str, words: &str) {
    let needs = format!("/v1/cases/{case}/needs");
    let told = json!({"need": "housing", "narrative": words});
    service.worker().post(&needs, told).await.expect(201);
}

async fn assert_tells(service: &Service, case: &str, words: &[&str]) {
    let timeline = service.worker().get(&format!("/v1/cases/{case}/timeline")).await;
    assert_eq!(timeline.status, 200, "{timeline:?}");
    for words in words {
        assert!(timeline.text.contains(words), "{timeline:?}");
    }
}

#[tokio::test]
async fn both_keys_are_replaced_and_no_event_is_written_anew() {
    let mut service = Service::start().await;
    let case = an_open_case(service.worker()).await;
    tell(&service, &case, "the lock is broken").await;
    let before = fingerprint(&service).await;

    // The tenant's, while the service runs.
    let rotated = service.run(&["keys", "rotate-tenant", "--tenant", "city"], &[]).await;
    assert!(rotated.status.success(), "{rotated:?}");
    assert_eq!(fingerprint(&service).await, before);
    assert_tells(&service, &case, &["lock"]).await;
    tell(&service, &case, "it is mended").await;
    let before = fingerprint(&service).await;

    // The master key: first the services know both, then it is replaced under them.
    let old_file = key_file(&service.data_dir, "old.key", MASTER_KEY);
    let new_file = key_file(&service.data_dir, "new.key", NEW_KEY);
    let nothing_new = service.run(&["keys", "rotate-master"], &[]).await;
    assert_eq!(nothing_new.status.code(), Some(1), "{nothing_new:?}");
    assert!(service.terminate().await.success());
    let both = [
        ("THROUGHLINE_MASTER_KEY", NEW_KEY),
        ("THROUGHLINE_MASTER_KEY_PREVIOUS_FILE", old_file.as_str()),
    ];
    service.restart_with(&both).await;
    assert_tells(&service, &case, &["lock", "mended"]).await;
    let rotate = ["keys", "rotate-master", "--new-key-file", &new_file];
    let rotated = service.run(&rotate, &[]).await;
    assert!(rotated.status.success(), "{rotated:?}");
    assert_eq!(fingerprint(&service).await, before);
    assert_tells(&service, &case, &["lock", "mended"]).await;
    tell(&service, &case, "and she is safe").await;

    // Then they know the new one alone, and the old one is of no use.
    assert!(service.terminate().await.success());
    service.restart_with(&[("THROUGHLINE_MASTER_KEY", NEW_KEY)]).await;
    assert_tells(&service, &case, &["lock", "mended", "safe"]).await;
    assert!(service.terminate().await.success());
    service.restart_with(&[]).await;
    let timeline = service.worker().get(&format!("/v1/cases/{case}/timeline")).await;
    assert_eq!(timeline.status, 500, "{timeline:?}");
}

async fn assert_private_tells(directory: &Directory, case: &str) {
    let service = Private::start(directory).await.unwrap();
    let timeline = service.get(&format!("/v1/cases/{case}/timeline")).await;
    assert!(timeline.text.contains("the lock is broken"), "{timeline:?}");
    let mut referral = a_referral();
    referral["narrative"] = "and another".into();
    service.post("/v1/referrals", referral).await.expect(201);
    service.stop().await;
}

/// Each of the places at which a rotation can be killed is made by hand: what it leaves are files.
#[tokio::test]
async fn the_data_directorys_own_key_is_replaced_and_may_be_killed_anywhere() {
    let directory = Directory::new();
    let Some(service) = Private::start(&directory).await else { return };
    let mut referral = a_referral();
    referral["narrative"] = "the lock is broken".into();
    let case = text(&service.post("/v1/referrals", referral).await.expect(201)["case_id"]);
    let rotate = || async {
        let output = directory.command(&["keys", "rotate-master"]).output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = rotate().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("another process uses the master key"), "{said}");
    service.stop().await;

    let data = directory.data();
    let (own, next) = (data.join("master.key"), data.join("master.key.next"));
    let first = fs::read(&own).unwrap();
    // Killed while the new key was written.
    key_file(&data, "master.key.unfinished", "half a k");
    assert_private_tells(&directory, &case).await;
    // Killed once it was there, and nothing was under it yet: new words already are.
    key_file(&data, "master.key.next", NEW_KEY);
    assert_private_tells(&directory, &case).await;
    let (code, said) = rotate().await;
    assert_eq!(code, Some(0), "{said}");
    let second = fs::read(&own).unwrap();
    assert_eq!(String::from_utf8(second.clone()).unwrap().trim(), NEW_KEY);
    assert!(!next.exists());
    assert_private_tells(&directory, &case).await;
    // Killed after the commit, before the new key took the old one's place.
    fs::rename(&own, &next).unwrap();
    fs::write(&own, &first).unwrap();
    fs::set_permissions(&own, fs::metadata(&next).unwrap().permissions()).unwrap();
    assert_private_tells(&directory, &case).await;
    let (code, said) = rotate().await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(fs::read(&own).unwrap(), second);
    // And once more, from the beginning.
    let (code, said) = rotate().await;
    assert_eq!(code, Some(0), "{said}");
    let third = fs::read(&own).unwrap();
    assert!(third != second && third != first);
    assert_private_tells(&directory, &case).await;
    // The old key opens nothing any more.
    fs::write(&own, &second).unwrap();
    let service = Private::start(&directory).await.unwrap();
    assert_eq!(service.get(&format!("/v1/cases/{case}/timeline")).await.status, 500);
    service.stop().await;
}
