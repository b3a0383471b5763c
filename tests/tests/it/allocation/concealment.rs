//! Until a schedule is closed its seed is found nowhere: not by whoever asks, not in what the service
//! tells of its work, and not in the database or on its disk.

use reqwest::Method;
use serde_json::json;

use super::{SCHEDULES, SEED, a_case_in, a_referral_in, draw, manager, open};
use crate::cases::{OPENED_AT, text};
use crate::erasure::private::{Directory, Private};
use crate::erasure::scan::{file_with, forms, holds, tables};
use crate::feed::reader::{every_event, follow};
use crate::service::{Service, log_text, read};
use crate::telemetry::otlp_receiver::OtlpReceiver;

/// A seed as text, as its bytes and as a program prints them, in every form of each.
fn forms_of_seed(seed: &str) -> Vec<Vec<u8>> {
    let digits = |n: usize| u8::from_str_radix(&seed[2 * n..2 * n + 2], 16).unwrap();
    let raw: Vec<u8> = (0..32).map(digits).collect();
    let mut wanted = forms(seed);
    wanted.extend(forms(&seed.to_uppercase()));
    wanted.extend(forms(&format!("{raw:?}")));
    wanted.push(raw);
    wanted
}

/// Something that can be looked at, by its name.
type Found = Vec<(String, Vec<u8>)>;

/// What anybody is answered while the schedule is open.
async fn everything_answered(service: &Service, case: &str, schedule: &str) -> Found {
    let mut found = Vec::new();
    for role in ["caseworker", "team_manager", "evaluator", "operator", "data_protection_officer"] {
        let client = service.as_role("city", role);
        for path in [
            SCHEDULES.to_owned(),
            format!("{SCHEDULES}/{schedule}"),
            format!("/v1/cases/{case}"),
            format!("/v1/cases/{case}/timeline"),
            "/v1/events".to_owned(),
            "/openapi.json".to_owned(),
        ] {
            found.push((format!("{role} {path}"), client.get(&path).await.text.into_bytes()));
        }
    }
    // Refusals of a seed that was given.
    let refused = [
        json!({"programme": "drive", "seed": SEED}),
        json!({"programme": "drive", "area": "west_sussex", "seed": SEED, "block_sizes": [5]}),
        json!({"programme": "drive", "area": "west_sussex", "seed": format!("{SEED}0")}),
        json!({"programme": SEED, "seed": SEED}),
        json!({"programme": "drive", "area": "west_sussex", "seed": [SEED]}),
    ];
    for body in refused {
        let answer = manager(service).post(SCHEDULES, body).await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
        found.push(("a refusal".to_owned(), format!("{answer:?}").into_bytes()));
    }
    found
}

/// What is kept of it, or told to other programs.
async fn everything_kept(service: &Service) -> Found {
    let mut found = Vec::new();
    let events = every_event(manager(service)).await;
    let feed = json!(events).to_string();
    assert!(feed.contains("ArmAllocated"), "the draws are told");
    found.push(("the feed".to_owned(), feed.into_bytes()));
    let mut stream = follow(service, "/v1/events/stream?after=0", None).await;
    for event in stream.events(events.len()).await {
        found.push(("the stream".to_owned(), event.data.to_string().into_bytes()));
    }
    let metrics = read(service.request(Method::GET, "/metrics")).await.text;
    assert!(metrics.contains(SCHEDULES));
    found.push(("the metrics".to_owned(), metrics.into_bytes()));
    let exported = service.run(&["log", "export", "--tenant", "city"], &[]).await;
    assert!(exported.status.success() && exported.stdout.len() > 1000, "{exported:?}");
    found.push(("the export".to_owned(), [exported.stdout, exported.stderr].concat()));
    for (table, rows) in tables(&service.database.connect().await).await {
        assert!(table != "event" || rows.iter().any(|row| row.contains("ArmDrawn")));
        found.push((format!("table {table}"), rows.join("\n").into_bytes()));
    }
    found
}

#[tokio::test]
async fn nobody_has_the_seed_before_it_is_disclosed() {
    let receiver = OtlpReceiver::start();
    let told = [("RUST_LOG", "trace,hyper=info,tokio_postgres=info")];
    let variables: Vec<_> = receiver.variables().into_iter().chain(told).collect();
    let mut service = Service::start_with(&variables).await;
    let client = manager(&service);
    // One seed is made by the service, the other is given.
    let made = open(&service, json!({"programme": "drive", "area": "essex"})).await;
    let given = open(&service, json!({"programme": "drive", "seed": SEED})).await;
    let case = a_case_in(client, "essex").await;
    draw(&service, &case).await.expect(201);
    let other = a_case_in(client, "south_wales").await;
    draw(&service, &other).await.expect(201);
    let mut found = everything_answered(&service, &case, &made).await;
    found.extend(everything_answered(&service, &other, &given).await);
    found.extend(everything_kept(&service).await);

    let mut seeds = Vec::new();
    for schedule in [made, given] {
        let path = format!("{SCHEDULES}/{schedule}");
        client.post(&format!("{path}/closure"), json!({})).await.expect(201);
        seeds.push(text(&client.get(&path).await.expect(200)["disclosed"]["seed"]));
    }
    assert_eq!(seeds[1], SEED);
    // Where it is disclosed, it is found: the search can fail.
    let rows = tables(&service.database.connect().await).await;
    let disclosed = rows["event"].join("\n").into_bytes();
    // The service tells of its work what it did to the end, the disclosure included.
    assert!(service.terminate().await.success());
    let spans = receiver.transcript();
    for operation in ["POST /v1/allocation-schedules", "POST /v1/cases/{case_id}/arm"] {
        assert!(spans.contains(operation), "no span {operation}");
    }
    found.push(("the spans".to_owned(), spans.into_bytes()));
    found.push(("the log lines".to_owned(), log_text(&service.data_dir).into_bytes()));
    for seed in &seeds {
        let wanted = forms_of_seed(seed);
        for (place, content) in &found {
            assert!(!wanted.iter().any(|form| holds(content, form)), "a seed in {place}");
        }
        assert!(wanted.iter().any(|form| holds(&disclosed, form)));
    }
}

/// Heap, indexes, write-ahead log, the server's own log and the service's, and what lies beside them.
#[tokio::test]
async fn the_seed_of_an_open_schedule_is_in_no_file() {
    let directory = Directory::new();
    let Some(service) = Private::start(&directory).await else { return };
    let opening = json!({"programme": "drive", "area": "essex", "seed": SEED});
    let opened = service.manager(SCHEDULES, opening.clone()).await.expect(201);
    assert_eq!(service.manager(SCHEDULES, opening).await.problem(), "schedule-open");
    let case = service.post("/v1/referrals", a_referral_in("essex")).await.expect(201);
    let case = format!("/v1/cases/{}", text(&case["case_id"]));
    let accepted = json!({"occurred_at": OPENED_AT});
    service.post(&format!("{case}/acceptance"), accepted).await.expect(201);
    service.manager(&format!("{case}/arm"), json!({})).await.expect(201);
    let wanted = forms_of_seed(SEED);
    assert_eq!(file_with(&directory.data(), &wanted), None);
    // What was kept in memory alone is written when the server ends.
    service.stop().await;
    assert_eq!(file_with(&directory.data(), &wanted), None);

    // Where it is disclosed, it is found: the search can fail.
    let service = Private::start(&directory).await.unwrap();
    let closure = format!("{SCHEDULES}/{}/closure", text(&opened["schedule_id"]));
    service.manager(&closure, json!({})).await.expect(201);
    service.stop().await;
    assert!(file_with(&directory.data(), &wanted).is_some());
}
