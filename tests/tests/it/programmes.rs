//! Programmes: read by everybody, loaded by those who may, and referrals under the version in force.

use serde_json::{Value, json};

use crate::cases::{a_referral, an_attempt, text};
use crate::service::{Service, program};

async fn the_shipped(service: &Service, programme: &str) -> Value {
    let path = format!("/v1/programmes/{programme}/versions/1");
    service.as_role("city", "partner").get(&path).await.expect(200)
}

/// Version 2 of `mrp`, in force from 2020: it works in one area, and another day is dormant.
async fn the_second_mrp(service: &Service) -> Value {
    let mut definition = the_shipped(service, "mrp").await;
    definition["version"] = json!(2);
    definition["in_force_from"] = json!("2020-01-01");
    definition["areas"] = json!(["east"]);
    definition["dormant_after_days"] = json!(7);
    definition
}

fn referred(received_at: &str, area: &str) -> Value {
    let mut referral = a_referral();
    referral["received_at"] = json!(received_at);
    referral["area"] = json!(area);
    referral
}

async fn version_of(service: &Service, case: &str) -> Value {
    let path = format!("/v1/cases/{case}/timeline");
    service.worker().get(&path).await.expect(200)["entries"][0]["data"].clone()
}

fn pointers(problem: &Value) -> Vec<String> {
    problem["errors"].as_array().unwrap().iter().map(|error| text(&error["pointer"])).collect()
}

#[tokio::test]
async fn everybody_reads_which_programmes_there_are_and_each_one_whole() {
    let service = Service::start().await;
    for role in ["caseworker", "evaluator", "operator", "partner", "data_protection_officer"] {
        let client = service.as_role("city", role);
        let listed = client.get("/v1/programmes").await.expect(200);
        let ids: Vec<String> = listed["programmes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|programme| text(&programme["programme"]))
            .collect();
        assert_eq!(ids, ["mrp", "drive", "safe-steps", "stepping-out"], "{role}");
    }
    let drive = the_shipped(&service, "drive").await;
    assert_eq!(drive["allocation"]["arms"], json!(["intervention", "control"]));
    assert_eq!(drive["caseload"], json!({"planned": 33, "realistic": 20}));
    for absent in ["mrp/versions/2", "mrp/versions/x", "nowhere/versions/1"] {
        let answer = service.worker().get(&format!("/v1/programmes/{absent}")).await;
        assert_eq!((answer.status, answer.problem()), (404, "not-found".to_owned()), "{absent}");
    }
}

#[tokio::test]
async fn a_definition_is_loaded_for_its_tenant_and_never_changed() {
    let service = Service::start().await;
    let manager = service.as_role("city", "team_manager");
    let second = the_second_mrp(&service).await;
    let answer = manager.post("/v1/programmes", second.clone()).await;
    let loaded = answer.expect(201);
    assert_eq!(answer.header("location"), Some("/v1/programmes/mrp/versions/2"));
    assert_eq!((&loaded["programme"], &loaded["version"]), (&json!("mrp"), &json!(2)));
    let place = "/v1/programmes/mrp/versions/2";
    assert_eq!(service.worker().get(place).await.expect(200), second);
    let listed = service.worker().get("/v1/programmes").await.expect(200);
    let versions = &listed["programmes"][0]["versions"];
    assert_eq!(versions[0]["in_force_until"], json!("2020-01-01"));
    assert_eq!(versions[1], json!({"version": 2, "in_force_from": "2020-01-01"}));
    // Another tenant knows nothing of it.
    let elsewhere = service.as_role("county", "caseworker").get(place).await;
    assert_eq!(elsewhere.status, 404);
    // The same again is quiet; another text is refused, and so is leaving a version out.
    manager.post("/v1/programmes", second.clone()).await.expect(201);
    let mut other = second.clone();
    other["dormant_after_days"] = json!(8);
    let refused = manager.post("/v1/programmes", other.clone()).await;
    assert_eq!((refused.status, refused.problem()), (409, "definition-never-changes".to_owned()));
    other["version"] = json!(4);
    other["in_force_from"] = json!("2021-01-01");
    let refused = manager.post("/v1/programmes", other).await;
    assert_eq!((refused.status, refused.problem()), (409, "not-the-next-version".to_owned()));
}

#[tokio::test]
async fn a_definition_that_contradicts_itself_is_refused_with_every_place() {
    let service = Service::start().await;
    let operator = service.as_role("city", "operator");
    let mut definition = the_shipped(&service, "drive").await;
    definition["version"] = json!(2);
    definition["areas"] = json!(["essex", "essex"]);
    definition["closure"]["approval_for"] = json!(["bored"]);
    definition["reviews"]["at_stages"][1]["stage"] = json!("halfway");
    definition["allocation"]["block_sizes"] = json!([3]);
    let answer = operator.post("/v1/programmes", definition).await;
    assert_eq!((answer.status, answer.problem()), (422, "contradictory-programme".to_owned()));
    let expected = [
        "/areas/1",
        "/reviews/at_stages/1/stage",
        "/closure/approval_for/0",
        "/closure/approval_for/0",
        "/allocation/block_sizes/0",
        "/in_force_from",
    ];
    assert_eq!(pointers(&answer.json()), expected);
    assert!(!answer.text.contains("bored") && !answer.text.contains("halfway"));
    let listed = service.worker().get("/v1/programmes").await.expect(200);
    assert_eq!(listed["programmes"][1]["versions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_command_sent_again_with_its_key_is_answered_again() {
    let service = Service::start().await;
    let manager = service.as_role("city", "team_manager");
    let definition = the_second_mrp(&service).await;
    let key = [("Idempotency-Key", "load-mrp-2")];
    let first = manager.post_with("/v1/programmes", &key, definition.clone()).await;
    let again = manager.post_with("/v1/programmes", &key, definition).await;
    assert_eq!((first.status, &first.text), (201, &again.text));
}

#[tokio::test]
async fn a_case_keeps_the_version_in_force_when_it_was_referred() {
    let service = Service::start().await;
    let definition = the_second_mrp(&service).await;
    service.as_role("city", "operator").post("/v1/programmes", definition).await.expect(201);
    let worker = service.worker();
    for (received_at, area, version) in [
        ("2014-03-01T00:00:00Z", "south", (1, 1)),
        ("2019-12-31T23:59:59Z", "south", (1, 2)),
        ("2020-01-01T00:00:00Z", "east", (2, 2)),
    ] {
        let referred = worker.post("/v1/referrals", referred(received_at, area)).await.expect(201);
        let facts = version_of(&service, &text(&referred["case_id"])).await;
        let told = (&facts["programme_version"], &facts["criteria_version"]);
        assert_eq!(told, (&json!(version.0), &json!(version.1)), "{received_at}");
    }
    // The old area is none of the new definition's.
    let refused = worker.post("/v1/referrals", referred("2020-01-01T00:00:00Z", "south")).await;
    assert_eq!((refused.status, refused.problem()), (422, "unknown-area".to_owned()));
}

#[tokio::test]
async fn a_case_falls_dormant_by_the_definition_that_it_keeps() {
    let service = Service::start().await;
    let definition = the_second_mrp(&service).await;
    service.as_role("city", "operator").post("/v1/programmes", definition).await.expect(201);
    let worker = service.worker();
    let mut cases = Vec::new();
    for (received_at, area) in [("2019-12-20T00:00:00Z", "city"), ("2020-01-01T00:00:00Z", "east")]
    {
        let referred = worker.post("/v1/referrals", referred(received_at, area)).await.expect(201);
        let case = text(&referred["case_id"]);
        let opened = json!({"occurred_at": "2020-01-02T00:00:00Z"});
        worker.step(&case, "acceptance", opened.clone()).await.expect(201);
        let mut given = opened;
        given["worker"] = json!("w-ann");
        worker.step(&case, "allocations", given).await.expect(201);
        cases.push(case);
    }
    // Reached on the same day: seven days later one is dormant, and ninety days later both are.
    for case in &cases {
        let reached = json!({
            "occurred_at": "2020-02-01T00:00:00Z", "channel": "phone", "outcome": "reached",
        });
        worker.post(&format!("/v1/cases/{case}/contact-attempts"), reached).await.expect(201);
    }
    let dormant = |as_of: &'static str| {
        let cases = cases.clone();
        async move {
            let caseload = worker.get(&format!("/v1/caseloads/w-ann{as_of}")).await.expect(200);
            let is_dormant = |case: &String| {
                let rows = caseload["cases"].as_array().unwrap();
                rows.iter().find(|row| row["case_id"] == json!(case)).unwrap()["dormant"] == true
            };
            cases.iter().map(is_dormant).collect::<Vec<_>>()
        }
    };
    assert_eq!(dormant("?as_of=2020-02-07T00:00:00Z").await, [false, false]);
    assert_eq!(dormant("?as_of=2020-02-10T00:00:00Z").await, [false, true]);
    assert_eq!(dormant("?as_of=2020-06-01T00:00:00Z").await, [true, true]);
    // The read model of the present says the same.
    assert_eq!(dormant("").await, [true, true]);
    let rules = |case: &str| {
        let path = format!("/v1/cases/{case}/rules?as_of=2020-02-10T00:00:00Z");
        async move { worker.get(&path).await.expect(200)["rules"].clone() }
    };
    for (case, holds) in cases.iter().zip([false, true]) {
        let rules = rules(case).await;
        let rule = rules.as_array().unwrap().iter().find(|rule| rule["rule"] == "dormant/1");
        assert_eq!(rule.unwrap()["answer"], json!(holds));
    }
}

#[tokio::test]
async fn a_referral_fits_its_programme_or_every_place_is_told() {
    let service = Service::start().await;
    let worker = service.worker();
    let mut referral = a_referral();
    referral["area"] = json!("mars");
    referral["role"] = json!("perpetrator");
    referral["criteria"] = json!(["repeat_victimisation", "likes_cats"]);
    let refused = worker.post("/v1/referrals", referral).await;
    assert_eq!((refused.status, refused.problem()), (422, "unknown-area".to_owned()));
    assert_eq!(pointers(&refused.json()), ["/area", "/role", "/criteria/1"]);
    for (member, value, kind) in [
        ("role", json!("perpetrator"), "role-not-served"),
        ("criteria", json!(["likes_cats"]), "unknown-criterion"),
    ] {
        let mut referral = a_referral();
        referral[member] = value;
        let refused = worker.post("/v1/referrals", referral).await;
        assert_eq!((refused.status, refused.problem()), (422, kind.to_owned()));
    }
}

#[tokio::test]
async fn a_correction_keeps_the_version_unless_it_moves_the_referral() {
    let service = Service::start().await;
    let worker = service.worker();
    let case = worker.post("/v1/referrals", referred("2014-03-01T00:00:00Z", "south")).await;
    let case = text(&case.expect(201)["case_id"]);
    let event = text(
        &worker.get(&format!("/v1/cases/{case}/timeline")).await.expect(200)["entries"][0]["event_id"],
    );
    let correct = |replacement: Value| {
        let path = format!("/v1/cases/{case}/events/{event}/correction");
        let body = json!({"reason": "the list was wrong", "replacement": replacement});
        let worker = service.worker();
        async move { worker.post(&path, body).await }
    };
    correct(json!({"incidents_12_months": 4})).await.expect(201);
    let facts = version_of(&service, &case).await;
    assert_eq!((&facts["programme_version"], &facts["criteria_version"]), (&json!(1), &json!(1)));
    // Received later, when the criteria had changed.
    correct(json!({"received_at": "2014-12-01T00:00:00Z"})).await.expect(201);
    assert_eq!(version_of(&service, &case).await["criteria_version"], json!(2));
    let refused = correct(json!({"area": "mars"})).await;
    assert_eq!((refused.status, refused.problem()), (422, "unknown-area".to_owned()));
    assert_eq!(pointers(&refused.json()), ["/replacement/area"]);
}

#[tokio::test]
async fn the_cases_of_a_tenants_own_programme_are_replayed_by_its_name() {
    let service = Service::start().await;
    let mut own = the_shipped(&service, "mrp").await;
    own["id"] = json!("north-star");
    own["rules"]["engagement"]["sporadic_from"] = json!(2);
    own["rules"]["engagement"]["engaged_from"] = json!(4);
    let arguments = |programme: &'static str| {
        let rules = ["rules", "replay", "mrp-engagement@1", "--against", "police-engagement@1"];
        let of = ["--tenant", "city", "--programme", programme, "--format", "jsonl"];
        let replay = ["replay"].into_iter().chain(of).collect();
        let rules = rules.into_iter().chain(of).chain(["--all"]).collect();
        [replay, rules]
    };
    let unknown: [Vec<&str>; 2] = arguments("north-star");
    for command in unknown {
        let output = service.run(&command, &[]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("there is no programme"), "{said}");
    }
    service.as_role("city", "operator").post("/v1/programmes", own).await.expect(201);
    let mut cases = Vec::new();
    for programme in ["mrp", "north-star"] {
        let mut referral = a_referral();
        referral["programme"] = json!(programme);
        let case = service.worker().post("/v1/referrals", referral).await.expect(201);
        let case = text(&case["case_id"]);
        an_attempt(service.worker(), &case).await;
        cases.push(case);
    }
    for (programme, case, level) in
        [("mrp", &cases[0], "sporadic"), ("north-star", &cases[1], "none")]
    {
        let [replay, rules] = arguments(programme);
        let line = async |command: Vec<&str>| -> Value {
            let output = service.run(&command, &[]).await;
            let lines = String::from_utf8(output.stdout).unwrap();
            assert_eq!(lines.lines().count(), 1, "{lines}");
            serde_json::from_str(&lines).unwrap()
        };
        let (of_replay, of_rules) = (line(replay).await, line(rules).await);
        assert_eq!((&of_replay["case_id"], &of_rules["case_id"]), (&json!(case), &json!(case)));
        // Once reached: by each programme's own line.
        assert_eq!((&of_replay["engagement"], &of_rules["answer"]), (&json!(level), &json!(level)));
        let shown = service.worker().get(&format!("/v1/cases/{case}")).await.expect(200);
        assert_eq!(shown["engagement"]["level"], level);
    }
}

#[tokio::test]
async fn eligibility_is_computed_and_keeps_nobody_out() {
    let service = Service::start().await;
    let worker = service.worker();
    for (received_at, holds) in [("2014-03-01T00:00:00Z", true), ("2014-12-01T00:00:00Z", false)] {
        let mut referral = referred(received_at, "city");
        referral["criteria"] = json!(["repeat_victimisation"]);
        let case = text(&worker.post("/v1/referrals", referral).await.expect(201)["case_id"]);
        let answer = worker.get(&format!("/v1/cases/{case}/rules")).await.expect(200);
        let rules = answer["rules"].as_array().unwrap();
        let eligibility = rules.iter().find(|rule| rule["rule"] == "eligibility/1").unwrap();
        assert_eq!(eligibility["answer"], json!(holds), "{received_at}");
        assert_eq!(eligibility["event_ids"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_command_line_lists_shows_checks_and_loads() {
    let service = Service::start().await;
    let _ = service.worker().get("/v1/programmes").await.expect(200);
    let told = |output: &std::process::Output| {
        (output.status.code().unwrap(), String::from_utf8(output.stdout.clone()).unwrap())
    };
    let (code, listed) = told(&service.run(&["programmes", "list"], &[]).await);
    assert_eq!((code, listed.lines().count()), (0, 4), "{listed}");
    let shown = service.run(&["programmes", "show", "mrp@1", "--json"], &[]).await;
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(shown, the_shipped(&service, "mrp").await);
    assert_eq!(told(&service.run(&["programmes", "show", "mrp@9"], &[]).await).0, 4);

    // Without a database.
    let checked = |file: &str| {
        let mut command = std::process::Command::new(program());
        command.args(["programmes", "check", file, "--json"]).output().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, definition: &Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, definition.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let second = the_second_mrp(&service).await;
    let sound = write("sound.json", &second);
    let mut broken = second.clone();
    broken["areas"] = json!([]);
    broken["stages"] = json!([]);
    broken["rules"]["risk_level"] = json!("own-service/1");
    broken["instruments"] = json!([{"id": "change-in-risk/1"}]);
    let refused = service.as_role("city", "operator").post("/v1/programmes", broken.clone()).await;
    assert_eq!(refused.problem(), "contradictory-programme");
    let named = pointers(&refused.expect(422));
    let broken = write("broken.json", &broken);
    let none = write("none.json", &json!({"id": "mrp"}));
    assert_eq!(told(&checked(&sound)).0, 0);
    let (code, places) = told(&checked(&broken));
    let places: Vec<Value> =
        places.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<&str> = places.iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(code, 1);
    assert!(places.contains(&"/areas") && places.contains(&"/stages"), "{places:?}");
    assert!(places.contains(&"/rules/own_assessors"), "{places:?}");
    assert!(places.contains(&"/instruments/0/id"), "{places:?}");
    assert_eq!(places, named, "REST and the command line name the same places");
    assert_eq!(told(&checked(&none)).0, 2);

    let load = |file: String, tenant: &'static str| {
        let service = &service;
        async move {
            let arguments = ["programmes", "load", &file, "--tenant", tenant];
            service.run(&arguments, &[]).await.status.code().unwrap()
        }
    };
    assert_eq!(load(broken, "city").await, 1);
    // As a whole: nothing of it is there.
    service.worker().get("/v1/programmes/mrp/versions/2").await.expect(404);
    assert_eq!(load(sound.clone(), "nowhere").await, 4);
    assert_eq!(load(sound, "city").await, 0);
    let mut fourth = second;
    fourth["version"] = json!(4);
    fourth["in_force_from"] = json!("2024-01-01");
    assert_eq!(load(write("fourth.json", &fourth), "city").await, 3);
    // What was loaded there is in force in the running service at once.
    let place = "/v1/programmes/mrp/versions/2";
    assert_eq!(service.worker().get(place).await.expect(200)["areas"], json!(["east"]));
}
