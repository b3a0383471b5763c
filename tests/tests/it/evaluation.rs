//! Cohorts, tables and editions over HTTP and on the command line: counted at two dates, published
//! once, and the same to the byte however much is corrected, told late or erased since.

use serde_json::{Value, json};

use crate::cases::{a_closed_case, a_referred_case, an_open_case, text};
use crate::service::{Service, read};

/// Everybody whom the programme took on.
fn taken_on() -> Value {
    json!({
        "id": "taken-on", "version": 1, "title": "Everybody taken on", "programme": "mrp",
        "statuses": ["accepted", "open", "closed"],
    })
}

fn questions() -> Value {
    json!([
        {"table": "outcome", "measure": "self_care", "from": "intake", "to": "exit"},
        {"table": "attrition"},
    ])
}

/// Records what was measured at a stage.
async fn measure(service: &Service, case: &str, stage: &str, self_care: &str) -> String {
    let occurred_at =
        if stage == "intake" { "2024-02-01T00:00:00Z" } else { "2024-05-01T00:00:00Z" };
    let body = json!({
        "occurred_at": occurred_at, "instrument": "soft-outcomes/1", "stage": stage,
        "values": {"self_care": self_care},
    });
    let path = format!("/v1/cases/{case}/measures");
    text(&service.worker().post(&path, body).await.expect(201)["event_id"])
}

/// Two cases that were taken on, measured twice, and one that was only referred.
async fn three_cases(service: &Service) -> ([String; 3], String) {
    let client = service.worker();
    let (first, second) = (a_closed_case(client).await, an_open_case(client).await);
    let mut exits = Vec::new();
    for case in [&first, &second] {
        measure(service, case, "intake", "no").await;
        exits.push(measure(service, case, "exit", "yes").await);
    }
    let third = a_referred_case(client).await;
    ([first, second, third], exits.remove(0))
}

async fn defined(service: &Service) {
    let evaluator = service.as_role("city", "evaluator");
    evaluator.post("/v1/cohorts", taken_on()).await.expect(201);
}

async fn membership(service: &Service, query: &str) -> Value {
    let path = format!("/v1/cohorts/taken-on/membership?{query}");
    let counted = service.as_role("city", "evaluator").get(&path).await.expect(200);
    json!([counted["cases"], counted["left_out"]])
}

#[tokio::test]
async fn a_cohort_is_defined_for_its_tenant_and_never_changed() {
    let service = Service::start().await;
    let evaluator = service.as_role("city", "evaluator");
    assert_eq!(evaluator.get("/v1/cohorts").await.expect(200), json!({"cohorts": []}));
    let answer = evaluator.post("/v1/cohorts", taken_on()).await;
    assert_eq!(answer.expect(201)["version"], 1);
    let place = answer.header("location").unwrap().to_owned();
    assert_eq!(place, "/v1/cohorts/taken-on/versions/1");
    assert_eq!(evaluator.get(&place).await.expect(200), taken_on());
    let elsewhere = service.as_role("county", "evaluator").get(&place).await;
    assert_eq!((elsewhere.status, elsewhere.problem()), (404, "not-found".to_owned()));
    // The same again is quiet; another text is refused, and so is leaving a version out.
    evaluator.post("/v1/cohorts", taken_on()).await.expect(201);
    let mut other = taken_on();
    other["title"] = json!("Others");
    let refused = evaluator.post("/v1/cohorts", other.clone()).await;
    assert_eq!((refused.status, refused.problem()), (409, "definition-never-changes".to_owned()));
    other["version"] = json!(3);
    let refused = evaluator.post("/v1/cohorts", other.clone()).await;
    assert_eq!((refused.status, refused.problem()), (409, "not-the-next-version".to_owned()));
    other["version"] = json!(2);
    evaluator.post("/v1/cohorts", other).await.expect(201);
    let listed = evaluator.get("/v1/cohorts").await.expect(200);
    let expected = json!({"cohorts": [
        {"cohort": "taken-on", "title": "Others", "programme": "mrp", "versions": [1, 2]},
    ]});
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_cohort_that_contradicts_itself_is_refused_with_every_place() {
    let service = Service::start().await;
    let mut cohort = taken_on();
    cohort["areas"] = json!(["city", "canary-7f3a", "city"]);
    cohort["exited"] = json!({"from": "2024-02-01T00:00:00Z", "until": "2024-01-01T00:00:00Z"});
    cohort["measured"] = json!([{"measure": "physical", "stage": "canary-7f3a"}]);
    let answer = service.as_role("city", "evaluator").post("/v1/cohorts", cohort).await;
    assert_eq!((answer.status, answer.problem()), (422, "contradictory-cohort".to_owned()));
    let problem = answer.json();
    let places: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(places, ["/areas/1", "/areas/2", "/exited", "/measured/0/stage"]);
    assert!(!answer.text.contains("canary"));
}

#[tokio::test]
async fn whoever_is_not_in_a_cohort_is_counted_by_the_reason_at_any_two_dates() {
    let service = Service::start().await;
    three_cases(&service).await;
    defined(&service).await;
    assert_eq!(membership(&service, "").await, json!([2, {"status": 1}]));
    let before = membership(&service, "as_of=2024-01-11T00:00:00Z").await;
    assert_eq!(before, json!([0, {"status": 3}]));
    let unknown = membership(&service, "known_at=2020-01-01T00:00:00Z").await;
    assert_eq!(unknown, json!([0, {}]));
    let mut closed = taken_on();
    (closed["version"], closed["statuses"]) = (json!(2), json!(["closed"]));
    service.as_role("city", "evaluator").post("/v1/cohorts", closed).await.expect(201);
    assert_eq!(membership(&service, "").await, json!([1, {"status": 2}]));
    assert_eq!(membership(&service, "version=1").await, json!([2, {"status": 1}]));
    for absent in ["taken-on/membership?version=3", "nobody/membership"] {
        let path = format!("/v1/cohorts/{absent}");
        let answer = service.as_role("city", "evaluator").get(&path).await;
        assert_eq!(answer.problem(), "not-found", "{absent}");
    }
}

#[tokio::test]
async fn tables_are_of_two_dates_and_record_nothing() {
    let service = Service::start().await;
    let (_, exit) = three_cases(&service).await;
    defined(&service).await;
    let evaluator = service.as_role("city", "evaluator");
    let asked = json!({"questions": questions(), "as_of": "2024-07-01T00:00:00Z"});
    let tables = evaluator.post("/v1/cohorts/taken-on/tables", asked.clone()).await.expect(200);
    assert_eq!(tables["results"]["counts"]["cases"], 2);
    let outcome = &tables["results"]["tables"][0];
    assert_eq!(outcome["question"], questions()[0]);
    assert_eq!(
        (&outcome["answer"]["pairs"], &outcome["answer"]["missing"]),
        (&json!(2), &json!(0))
    );

    // Asked again as of then, a correction made since changes nothing; as of now, it does.
    let correction = json!({"reason": "misheard", "replacement": {"values": {"self_care": "no"}}});
    let case = three_cases(&service).await.0[2].clone();
    let path = format!("/v1/cases/{case}/events/{exit}/correction");
    assert_eq!(service.worker().post(&path, correction).await.status, 404, "of another case");
    let mut then = asked.clone();
    then["known_at"] = tables["known_at"].clone();
    let again = evaluator.post("/v1/cohorts/taken-on/tables", then).await.expect(200);
    assert_eq!(again["result_hash"], tables["result_hash"]);
    assert_eq!(again["results"], tables["results"]);
    let now = evaluator.post("/v1/cohorts/taken-on/tables", asked).await.expect(200);
    assert_eq!(now["results"]["counts"]["cases"], 4);
    assert_eq!(evaluator.get("/v1/editions").await.expect(200), json!({"editions": []}));
}

#[tokio::test]
async fn a_question_that_cannot_be_answered_is_pointed_to() {
    let service = Service::start().await;
    defined(&service).await;
    let evaluator = service.as_role("city", "evaluator");
    let wrong = [
        (json!({"questions": []}), "/questions"),
        (json!({"questions": [{"table": "canary-7f3a"}]}), "/questions/0"),
        (json!({"questions": [{"table": "attrition"}], "reading": "canary-7f3a"}), "/reading"),
        (
            json!({"questions": [{"table": "attrition"}], "known_at": "2999-01-01T00:00:00Z"}),
            "/known_at",
        ),
    ];
    for (body, place) in wrong {
        let answer = evaluator.post("/v1/cohorts/taken-on/tables", body.clone()).await;
        assert_eq!((answer.status, answer.problem()), (422, "invalid".to_owned()), "{body}");
        let problem = answer.json();
        let pointer = problem["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.starts_with(place), "{pointer} for {place}");
        assert!(!answer.text.contains("canary"), "{body}");
    }
}

#[tokio::test]
async fn an_edition_is_the_same_to_the_byte_whatever_is_recorded_since() {
    let service = Service::start().await;
    let ([first, second, _], exit) = three_cases(&service).await;
    defined(&service).await;
    let evaluator = service.as_role("city", "evaluator");
    let edition = json!({
        "edition": "year-1", "title": "The first year", "cohort": "taken-on",
        "questions": questions(), "as_of": "2024-07-01T00:00:00Z",
    });
    let published = evaluator.post("/v1/editions", edition.clone()).await.expect(201);
    let bytes = evaluator.get("/v1/editions/year-1").await;
    let document = bytes.expect(200);
    let hash = text(&published["result_hash"]);
    assert_eq!(bytes.header("etag"), Some(format!("\"{hash}\"").as_str()));
    assert_eq!(document["edition"]["cohort"], taken_on());
    assert_eq!(document["results"]["tables"][0]["answer"]["pairs"], 2);
    let again = evaluator.post("/v1/editions", edition.clone()).await;
    assert_eq!((again.status, again.problem()), (409, "edition-exists".to_owned()));

    // A correction, a retraction, a late entry, another case, and an erasure.
    let worker = service.worker();
    let events = format!("/v1/cases/{first}/events/{exit}");
    let corrected = json!({"reason": "misheard", "replacement": {"values": {"self_care": "no"}}});
    worker.post(&format!("{events}/correction"), corrected).await.expect(201);
    let late = measure(&service, &second, "exit", "no").await;
    let retraction = format!("/v1/cases/{second}/events/{late}/retraction");
    worker.post(&retraction, json!({"reason": "twice"})).await.expect(201);
    a_closed_case(worker).await;
    let person = text(&worker.get(&format!("/v1/cases/{first}")).await.expect(200)["person_id"]);
    let officer = service.as_role("city", "data_protection_officer");
    let erasure = format!("/v1/persons/{person}/erasure");
    officer.post(&erasure, json!({"basis": "request"})).await.expect(201);

    assert_eq!(evaluator.get("/v1/editions/year-1").await.text, bytes.text);
    let rerun = evaluator.post("/v1/editions/year-1/rerun", json!({})).await.expect(200);
    let expected = json!({
        "edition": "year-1", "same": true, "same_log": true, "published_hash": hash,
        "result_hash": hash, "changed_versions": [], "differing": 0, "differences": [],
    });
    assert_eq!(rerun, expected);
    // A new one is of what is known now.
    let mut second_edition = edition;
    second_edition["edition"] = json!("year-1-restated");
    let restated = evaluator.post("/v1/editions", second_edition).await.expect(201);
    assert_ne!(restated["result_hash"], json!(hash));
    let listed = evaluator.get("/v1/editions?limit=1").await.expect(200);
    assert_eq!(listed["editions"][0]["edition"], "year-1-restated");
    let before = &listed["next_before"];
    let rest = evaluator.get(&format!("/v1/editions?before={before}")).await.expect(200);
    assert_eq!(rest["editions"][0]["result_hash"], json!(hash));
    assert_eq!((rest["editions"].as_array().unwrap().len(), rest.get("next_before")), (1, None));
}

#[tokio::test]
async fn a_key_publishes_once_and_is_answered_again() {
    let service = Service::start().await;
    let token = service.token("city", "evaluator").await;
    let send = async |path: &str, body: Value| {
        let request = service.request(reqwest::Method::POST, path).bearer_auth(&token);
        let key = format!("key-of-{}", path.len());
        read(request.header("idempotency-key", key).json(&body)).await
    };
    let first = send("/v1/cohorts", taken_on()).await;
    first.expect(201);
    assert_eq!(send("/v1/cohorts", taken_on()).await.text, first.text);
    let edition = json!({
        "edition": "once", "title": "Once", "cohort": "taken-on", "questions": questions(),
    });
    let first = send("/v1/editions", edition.clone()).await;
    first.expect(201);
    assert_eq!(send("/v1/editions", edition).await.text, first.text);
}

#[tokio::test]
async fn the_command_line_gives_the_same_figures() {
    let service = Service::start().await;
    three_cases(&service).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, document: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, document.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let run = async |arguments: &[&str]| {
        let tenant = ["--tenant", "city", "--json"];
        let output = service.run(&[arguments, &tenant].concat(), &[]).await;
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), serde_json::from_str::<Value>(&said).unwrap_or_default())
    };
    let cohort = write("cohort.json", &taken_on());
    let mut broken = taken_on();
    broken["areas"] = json!(["mars"]);
    let broken = run(&["cohort", "define", &write("broken.json", &broken)]).await;
    assert_eq!((broken.0, &broken.1["pointer"]), (1, &json!("/areas/0")));
    assert_eq!(run(&["cohort", "define", &cohort]).await.0, 0);
    assert_eq!(run(&["cohort", "show", "taken-on@1"]).await, (0, taken_on()));
    assert_eq!(run(&["cohort", "show", "taken-on@2"]).await.0, 4);
    assert_eq!(run(&["cohort", "list"]).await.1["cohort"], "taken-on");
    let (_, members) = run(&["cohort", "members", "taken-on"]).await;
    let counted = json!([members["cases"], members["left_out"]]);
    assert_eq!(counted, membership(&service, "").await);

    let edition = json!({
        "edition": "by-hand", "title": "By hand", "cohort": "taken-on", "questions": questions(),
        "as_of": "2024-07-01T00:00:00Z",
    });
    let edition = write("edition.json", &edition);
    let (code, published) = run(&["edition", "publish", &edition]).await;
    assert_eq!(code, 0, "{published}");
    assert_eq!(run(&["edition", "publish", &edition]).await.0, 3);
    assert_eq!(run(&["edition", "list"]).await.1["edition"], "by-hand");
    let evaluator = service.as_role("city", "evaluator");
    let read = evaluator.get("/v1/editions/by-hand").await.expect(200);
    assert_eq!(run(&["edition", "show", "by-hand"]).await, (0, read));
    let (code, rerun) = run(&["edition", "rerun", "by-hand"]).await;
    assert_eq!((code, &rerun["same"], &rerun["same_log"]), (0, &json!(true), &json!(true)));
    // The service computes what the command line published.
    let rerun = evaluator.post("/v1/editions/by-hand/rerun", json!({})).await.expect(200);
    assert_eq!(rerun["result_hash"], published["result_hash"]);
    assert_eq!(run(&["edition", "rerun", "nothing"]).await.0, 4);
}

#[tokio::test]
async fn an_edition_is_written_as_one_page_that_fetches_nothing() {
    let service = Service::start().await;
    three_cases(&service).await;
    defined(&service).await;
    let edition = json!({
        "edition": "spring", "title": "Spring <b>1</b>", "cohort": "taken-on",
        "questions": questions(),
    });
    service.as_role("city", "evaluator").post("/v1/editions", edition).await.expect(201);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("spring.html");
    let out = out.to_str().unwrap();
    let report = async |edition: &str| {
        let told = ["report", edition, "--tenant", "city", "--out", out];
        service.run(&told, &[]).await.status.code().unwrap()
    };
    assert_eq!(report("winter").await, 4);
    assert_eq!(report("spring").await, 0);
    let page = std::fs::read_to_string(out).unwrap();
    assert!(page.contains("<h1>Spring &lt;b&gt;1&lt;/b&gt;</h1>"));
    assert!(page.contains("2 (100%)"), "both cases came as far as an allocation");
    for outside in ["http:", "https:", "//", "<script", "@import", "url("] {
        assert!(!page.contains(outside), "{outside} is in the page");
    }
    // What is there already is not written over.
    assert_eq!(report("spring").await, 2);
    assert_eq!(std::fs::read_to_string(out).unwrap(), page);
}

/// A correction of what one case had at exit, after the edition; and the case's number in what is
/// told of it.
#[tokio::test]
async fn a_figure_that_moved_is_laid_to_the_events_that_moved_it() {
    let service = Service::start().await;
    let ([first, second, _], exit) = three_cases(&service).await;
    defined(&service).await;
    let evaluator = service.as_role("city", "evaluator");
    let edition = json!({
        "edition": "year-1", "title": "The first year", "cohort": "taken-on",
        "questions": questions(), "as_of": "2024-07-01T00:00:00Z",
    });
    evaluator.post("/v1/editions", edition.clone()).await.expect(201);
    let compare = async |role: &str, body: Value| {
        service.as_role("city", role).post("/v1/editions/year-1/comparison", body).await
    };
    let still = compare("evaluator", json!({})).await.expect(200);
    assert_eq!(json!([still["moved"], still["figures"], still["cases"]]), json!([0, [], []]));

    let events = format!("/v1/cases/{first}/events/{exit}");
    let corrected = json!({"reason": "misheard", "replacement": {"values": {"self_care": "no"}}});
    let worker = service.worker();
    let correction = worker.post(&format!("{events}/correction"), corrected).await.expect(201);
    let late = measure(&service, &second, "exit", "no").await;
    let retraction = format!("/v1/cases/{second}/events/{late}/retraction");
    worker.post(&retraction, json!({"reason": "twice"})).await.expect(201);

    let found = compare("team_manager", json!({})).await.expect(200);
    let pointer = "/tables/0/answer/any_use/began";
    let figures = found["figures"].as_array().unwrap();
    assert!(figures.iter().any(|figure| figure["pointer"] == pointer), "{figures:?}");
    assert!(!figures.is_empty() && found["moved"] == figures.len());
    assert!(figures.iter().all(|figure| figure["cases"] == json!([0])), "{figures:?}");
    assert_eq!(found["differing_cases"], 1, "what was taken back differs in nothing");
    let case = &found["cases"][0];
    assert_eq!((&case["case_id"], &case["case"]), (&json!(first), &json!(0)));
    let [event] = &case["events"].as_array().unwrap()[..] else { panic!("{case}") };
    assert_eq!(
        json!([event["event_id"], event["type"], event["cause"], event["amends"]]),
        json!([correction["event_id"], "FactCorrected", "correction", exit])
    );
    assert_eq!(json!([found["changed_versions"], found["not_as_published"]]), json!([[], 0]));

    // An evaluator is given the same, without the cases.
    let without = compare("evaluator", json!({})).await.expect(200);
    assert_eq!(without["figures"], found["figures"]);
    assert_eq!(without["cases"][0].get("case_id"), None);
    assert_eq!(without["cases"][0]["events"], case["events"]);

    // The other one asks one question of the two, and is of what is known now.
    let mut narrower = edition;
    narrower["edition"] = json!("year-1-restated");
    narrower["questions"] = json!([questions()[0]]);
    evaluator.post("/v1/editions", narrower).await.expect(201);
    let other = compare("evaluator", json!({"with": "year-1-restated"})).await.expect(200);
    assert_eq!(other["figures"], found["figures"]);
    assert_eq!(other["not_compared"], json!([questions()[1]]));
    assert_eq!(other["now"]["edition"], "year-1-restated");
    // Before anything was recorded, everything was otherwise.
    let before = compare("evaluator", json!({"known_at": "2020-01-01T00:00:00Z"})).await;
    let before = before.expect(200);
    assert_eq!(
        before["figures"][0],
        json!({
            "pointer": "/counts/cases", "then": 2, "now": 0, "cases": [0, 1], "together": false,
        })
    );

    for body in [
        json!({"with": "nothing"}),
        json!({"with": "year-1-restated", "as_of": "2024-01-01T00:00:00Z"}),
        json!({"known_at": "2999-01-01T00:00:00Z"}),
    ] {
        assert_eq!(compare("evaluator", body.clone()).await.status, 422, "{body}");
    }
    let arguments = ["edition", "compare", "year-1", "--tenant", "city", "--json"];
    let output = service.run(&arguments, &[]).await;
    assert_eq!(output.status.code(), Some(1), "figures moved");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said["figures"], &said["cases"]), (&found["figures"], &found["cases"]));
    let same = [&arguments[..], &["--with", "year-1"]].concat();
    assert_eq!(service.run(&same, &[]).await.status.code(), Some(0));
}
