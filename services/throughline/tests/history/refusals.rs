//! What `log load` refuses: with the number of the line and the reason, and nothing of its content.

use std::fs;

use serde_json::{Value, json};

use crate::program::{Program, sample};

/// How many good lines come before the bad one.
const GOOD: usize = 7;

/// A bad line after the good ones of the sample, and what is said about it.
struct Refusal {
    line: String,
    reason: &'static str,
}

/// A contact that would be taken.
fn contact() -> Value {
    json!({
        "recorded_at": "2014-03-13T09:00:00Z", "case": "a-17", "type": "ContactAttempted",
        "occurred_at": "2014-03-13T09:00:00Z", "data": {"channel": "phone", "outcome": "reached"}
    })
}

/// The same line, of another type and with other facts.
fn line(event_type: &str, data: Value) -> Value {
    let mut line = contact();
    line["type"] = event_type.into();
    line["data"] = data;
    line
}

fn assessment(more: &Value) -> Value {
    let mut data = json!({"instrument": "dash-safelives/2009", "assessor_role": "idva"});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    data
}

fn referral(more: &Value) -> Value {
    let mut data = json!({
        "person_id": "p-99", "programme": "mrp", "role": "victim_survivor", "area": "city",
        "source": "police"
    });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut line = line("ReferralReceived", data);
    line["case"] = "a-99".into();
    line
}

fn correction(corrects: &str, replacement: &Value) -> Value {
    let occurred = json!({"at": "2014-03-11T10:00:00Z"});
    line(
        "FactCorrected",
        json!({"corrects": corrects, "occurred": occurred, "replacement": replacement}),
    )
}

fn changed(mut line: Value, pointer: &str, value: Value) -> Value {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    line.pointer_mut(parent).unwrap()[member] = value;
    line
}

fn of_the_line() -> Vec<(Value, &'static str)> {
    let mut without_time = contact();
    without_time.as_object_mut().unwrap().remove("occurred_at");
    vec![
        (changed(contact(), "/canary", json!(1)), "the line has a member that is not known here"),
        (changed(contact(), "/case", json!("Canary Wharf")), "/case is not a code: "),
        (changed(contact(), "/type", json!("CanarySung")), "there is no event of this type"),
        (
            changed(contact(), "/recorded_at", json!("2014-03-12T09:00:00Z")),
            "recorded_at is not after 2014-03-12T09:00:00Z, when the event before was recorded",
        ),
        (
            changed(contact(), "/recorded_at", json!("2999-01-01T00:00:00Z")),
            "recorded_at lies in the future",
        ),
        (changed(contact(), "/recorded_at", json!("canary")), "/recorded_at is not of the right "),
        (without_time, "/occurred_at is required"),
        (
            changed(contact(), "/event_id", json!("first-visit")),
            "event_id is the id of an earlier event",
        ),
        (
            changed(contact(), "/identity", json!({"given_name": "Canary"})),
            "/identity belongs to ReferralReceived",
        ),
        (
            changed(contact(), "/reason", json!("Canary")),
            "/reason belongs to FactCorrected and FactRetracted",
        ),
        (
            changed(referral(&json!({})), "/identity", json!({"canary": "Canary"})),
            "/identity has a member that is not known here",
        ),
    ]
}

fn of_the_facts() -> Vec<(Value, &'static str)> {
    let missing = json!({"missing": "declined", "canary": 1});
    vec![
        (changed(contact(), "/data/canary", json!(1)), "/data has a member that is not known here"),
        (
            changed(contact(), "/data/channel", json!("canary")),
            "/data/channel is not a known code; expected one of face_to_face, ",
        ),
        (line("ContactAttempted", json!({"channel": "phone"})), "/data/outcome is required"),
        (
            line(
                "MeasureRecorded",
                json!({
                    "instrument": "x/1", "stage": "intake", "values": {"canary": missing}
                }),
            ),
            "/data/values has a missing value with more, or less, than its reason",
        ),
        (
            line("RiskAssessed", assessment(&json!({"canary": 1}))),
            "/data has a member that is not ",
        ),
        (
            line("RiskAssessed", assessment(&json!({"answers": {"q1": "yes"}, "yes_count": 2}))),
            "the yes_count given is not the one that the answers come to",
        ),
        (
            correction(
                "first-visit",
                &json!({"type": "ContactAttempted", "data": {
                    "canary": 1, "channel": "phone", "outcome": "reached"
                }}),
            ),
            "/data/replacement/data has a member that is not known here",
        ),
        (referral(&json!({"programme_version": 9})), "programme_version is none that there is"),
    ]
}

fn of_the_rules() -> Vec<(Value, &'static str)> {
    let visit = json!({"type": "ContactAttempted", "data": {
        "channel": "phone", "outcome": "reached"
    }});
    let known_person = json!({"person_id": "p-17"});
    vec![
        (
            changed(contact(), "/occurred_at", json!("2014-03-13T09:01:01Z")),
            "2014-03-13T09:01:01Z lies in the future",
        ),
        (
            changed(contact(), "/occurred_at", json!("2014-02-01T00:00:00Z")),
            "2014-02-01T00:00:00Z lies outside every episode of the case",
        ),
        (changed(contact(), "/case", json!("canary-1")), "the case has no referral"),
        (line("ReferralAccepted", json!({})), "a referral that is open cannot be decided on"),
        (
            line("RiskAssessed", assessment(&json!({"answers": {"q1": "yes"}, "level": "high"}))),
            "the answers lead to standard, not to high",
        ),
        (
            line("RiskAssessed", assessment(&json!({"answers": {"canary": "yes"}}))),
            "the instrument has no such question as one of the answers'",
        ),
        (referral(&json!({"programme": "canary"})), "there is no such programme"),
        (
            changed(referral(&known_person), "/identity", json!({"given_name": "Canary"})),
            "the person is known already, so the identity would be a second one",
        ),
        (correction("canary", &visit), " is not a fact of this case"),
        (
            correction("first-assessment", &visit),
            "a correction must be of the same kind as the fact",
        ),
    ]
}

fn refusals() -> Vec<Refusal> {
    let unreadable = [("{\"canary\": ", "the line is not JSON"), ("[]", "the line is not of ")];
    let unreadable = unreadable.map(|(line, reason)| Refusal { line: line.to_owned(), reason });
    let lines = [of_the_line(), of_the_facts(), of_the_rules()].into_iter().flatten();
    let lines = lines.map(|(line, reason)| Refusal { line: line.to_string(), reason });
    unreadable.into_iter().chain(lines).collect()
}

#[tokio::test]
async fn a_bad_line_is_named_and_nothing_of_its_file_is_loaded() {
    let program = Program::new().await;
    let sample = fs::read_to_string(sample()).unwrap();
    let good: Vec<&str> = sample.lines().take(GOOD).collect();
    for Refusal { line, reason } in refusals() {
        let file = program.file("h.jsonl", &format!("{}\n{line}\n", good.join("\n")));
        let said = program.fail(&["log", "load", &file, "--tenant", "t"]);
        let place = format!("{file} line {}: ", GOOD + 1);
        let given = said.strip_prefix(&place).unwrap_or_else(|| panic!("{said}"));
        assert!(given.starts_with(reason) || given.ends_with(reason), "{line}\n{given}");
        assert!(!said.to_lowercase().contains("canary"), "{said}");
    }
    for table in ["event", "stream", "stream_key"] {
        assert_eq!(program.count(table).await, 0, "{table}");
    }
    // The good lines are good: it was the last one each time.
    let file = program.file("h.jsonl", &format!("{}\n{}\n", good.join("\n"), contact()));
    program.succeed(&["log", "load", &file, "--tenant", "t"]);
    assert_eq!(program.count("event").await, 9);
}
