//! The published tables of Drive's first year, asked of a cohort that was posted over HTTP.

use serde_json::{Value, json};

use crate::cases::text;
use crate::demo_data::PUBLISHED_TABLES;
use crate::service::{Client, Service};

const LEVELS: [&str; 4] = ["none", "standard", "moderate", "high"];
const CASES: usize = 48;
const MISSING: [&str; 4] = ["not_asked", "declined", "unknown_to_client", "unsafe_to_ask"];

fn published() -> Value {
    let tables: Value = serde_json::from_str(PUBLISHED_TABLES).unwrap();
    tables["drive_year1_2017"].clone()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// Each pair of the published matrix, as levels at intake and exit.
fn physical_pairs(table: &Value) -> Vec<(Value, Value)> {
    let mut pairs = Vec::new();
    for (from, row) in LEVELS.iter().zip(table["matrix_rows_intake"].as_array().unwrap()) {
        for (to, cases) in LEVELS.iter().zip(row.as_array().unwrap()) {
            pairs.extend(std::iter::repeat_n((json!(from), json!(to)), count(cases)));
        }
    }
    assert_eq!(pairs.len(), count(&table["pairs"]));
    pairs
}

/// The report gives use and not severity: `moderate` stands for use.
fn sexual_pairs(table: &Value) -> Vec<(Value, Value)> {
    let [intake, stopped, began, pairs] =
        ["used_intake", "stopped", "began", "pairs"].map(|name| count(&table[name]));
    let kinds = [
        ("moderate", "moderate", intake - stopped),
        ("moderate", "none", stopped),
        ("none", "moderate", began),
        ("none", "none", pairs - intake - began),
    ];
    let pairs = kinds
        .map(|(from, to, cases)| std::iter::repeat_n((json!(from), json!(to)), cases))
        .into_iter();
    pairs.flatten().collect()
}

/// Fills up to the whole cohort: values that are missing in every way, first at exit alone, then at
/// both stages. A `null` is not recorded at all.
fn with_missing(mut pairs: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
    for n in 0..CASES - pairs.len() {
        let missing = MISSING.get(n % 5).map_or(Value::Null, |reason| json!({"missing": reason}));
        let from = if n % 2 == 0 { json!("high") } else { missing.clone() };
        pairs.push((from, missing));
    }
    pairs
}

/// Posts one closed case with what was measured at intake and at exit.
async fn post_case(client: Client<'_>, physical: &(Value, Value), sexual: &(Value, Value)) {
    let referral = json!({
        "programme": "drive", "role": "perpetrator", "area": "essex", "source": "marac",
        "received_at": "2016-04-01T00:00:00Z", "person": {"given_name": "A"},
    });
    let case = text(&client.post("/v1/referrals", referral).await.expect(201)["case_id"]);
    let step = async |step: &str, version: &str, body: Value| {
        let path = format!("/v1/cases/{case}/{step}");
        client.post_with(&path, &[("If-Match", version)], body).await.expect(201);
    };
    let accepted = json!({"occurred_at": "2016-04-08T00:00:00Z"});
    step("acceptance", "\"1\"", accepted).await;
    let allocated = json!({"occurred_at": "2016-04-08T00:00:00Z", "worker": "w-dan"});
    step("allocations", "\"2\"", allocated).await;
    let stages = [
        ("intake", "2016-04-15T00:00:00Z", &physical.0, &sexual.0),
        ("exit", "2017-02-01T00:00:00Z", &physical.1, &sexual.1),
    ];
    for (stage, occurred_at, physical, sexual) in stages {
        let mut values = json!({"physical": physical, "sexual": sexual});
        values.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        if values != json!({}) {
            let body = json!({
                "occurred_at": occurred_at, "instrument": "abuse-severity/1", "stage": stage,
                "values": values,
            });
            client.post(&format!("/v1/cases/{case}/measures"), body).await.expect(201);
        }
    }
    let closed = json!({"occurred_at": "2017-03-01T00:00:00Z", "reason": "time_limit"});
    step("closure", "*", closed).await;
}

/// The table now, from the projection; and the same at stated dates, from the log.
async fn table(client: Client<'_>, measure: &str) -> Value {
    let question = format!("/v1/outcomes?programme=drive&measure={measure}");
    let mut now = client.get(&question).await.expect(200);
    let dates = format!("as_of={}&known_at={}", text(&now["as_of"]), text(&now["known_at"]));
    let then = client.get(&format!("{question}&{dates}")).await.expect(200);
    assert_eq!(now, then, "the projection and the log give one table");
    let recorded = client.get(&format!("{question}&{dates}&reading=recorded")).await.expect(200);
    assert_eq!(recorded["matrix"], now["matrix"], "nothing was corrected");
    now.as_object_mut().unwrap().remove("as_of");
    now
}

#[tokio::test]
async fn the_published_tables_come_back_from_a_cohort_posted_over_http() {
    let service = Service::start().await;
    let client = service.worker();
    let published = published();
    let expected = &published["physical_severity_intake_to_exit"];
    let physical = with_missing(physical_pairs(expected));
    let sexual = with_missing(sexual_pairs(&published["sexual_any_use"]));
    for (physical, sexual) in physical.iter().zip(&sexual) {
        post_case(client, physical, sexual).await;
    }

    let answer = table(client, "physical").await;
    assert_eq!(answer["cases"], CASES);
    assert_eq!((&answer["pairs"], &answer["missing"]), (&json!(34), &json!(14)));
    assert_eq!((&answer["levels"], &expected["levels"]), (&json!(LEVELS), &json!(LEVELS)));
    assert_eq!(answer["matrix"], expected["matrix_rows_intake"]);
    let p = &answer["mcnemar"]["p_exact_two_sided"];
    assert_eq!((p, p), (&json!(0.031_25), &expected["any_use_mcnemar_exact_two_sided_p"]));
    assert_eq!(
        (&answer["mcnemar"]["stopped"], &answer["mcnemar"]["began"]),
        (&json!(6), &json!(0))
    );
    let marginals: Vec<Value> = answer["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| json!([change["level"], change["from"], change["to"]]))
        .collect();
    let expected_marginals =
        json!([["none", 6, 12], ["standard", 1, 1], ["moderate", 5, 3], ["high", 22, 18]]);
    assert_eq!(json!(marginals), expected_marginals);
    // Of fourteen: seven at exit alone; kinds in turn, the fifth not recorded at all.
    let missing = json!({
        "from": {"not_asked": 1, "declined": 2, "unknown_to_client": 1, "unsafe_to_ask": 2,
            "not_recorded": 1},
        "to": {"not_asked": 3, "declined": 3, "unknown_to_client": 3, "unsafe_to_ask": 3,
            "not_recorded": 2},
    });
    assert_eq!(answer["missing_by_kind"], missing);

    let answer = table(client, "sexual").await;
    let any_use = json!({
        "pairs": 29, "used_from": 7, "used_to": 5, "stopped": 3, "began": 1, "both": 4,
        "neither": 21,
    });
    assert_eq!((&answer["any_use"], &answer["missing"]), (&any_use, &json!(19)));
    assert_eq!(answer["mcnemar"], json!({"stopped": 3, "began": 1, "p_exact_two_sided": 0.625}));
    assert_eq!(published["sexual_any_use"]["mcnemar_exact_two_sided_p"], 0.625);

    let before_exit = "/v1/outcomes?programme=drive&measure=physical&as_of=2016-12-31T00:00:00Z";
    let before_exit = client.get(before_exit).await.expect(200);
    assert_eq!((&before_exit["cases"], &before_exit["pairs"]), (&json!(48), &json!(0)));
    // An evaluator reads the same figures, and that is all they read.
    let evaluator = service.as_role("city", "evaluator");
    assert_eq!(table(evaluator, "sexual").await["any_use"], any_use);
}
