//! What the rules of a case refuse: 409, or 422 for what can never be right, and nothing recorded.

use serde_json::{Value, json};

use crate::cases::{
    REFERRED_AT, a_closed_case, a_referral, a_referred_case, absent_id, an_attempt, an_open_case,
    text,
};
use crate::refused::{Bench, CANARY, CANARY_WORDS};

const BEFORE: &str = "2023-12-01T09:00:00Z";

/// What is refused: a path below the case, its body, the problem, and where.
type Refusal = (&'static str, Value, (u16, &'static str), &'static [&'static str]);

/// The same, of a replacement: the fact, and what is to stand in its place.
type Amendment<'a> = (&'a str, Value, (u16, &'static str), &'static [&'static str]);

async fn assert_all_refused(bench: &Bench, case: &str, refusals: Vec<Refusal>) {
    for (below, body, problem, places) in refusals {
        let path = format!("/v1/cases/{case}/{below}");
        let request = bench.posting(&path, &body).await.header("If-Match", "*");
        bench.assert_refused(&format!("{below} {body}"), request, problem, places).await;
    }
}

#[tokio::test]
async fn work_outside_every_episode_is_refused() {
    let bench = Bench::new().await;
    let outside = (409, "outside-every-episode");
    let at: &[&str] = &["/occurred_at"];
    let work = |at: &str| {
        let body = |mut body: Value| {
            body["occurred_at"] = json!(at);
            body
        };
        let measure = json!({"instrument": "a/1", "stage": "exit", "values": {"physical": "none"}});
        let level = json!({"instrument": "dara/1", "level": "high", "assessor_role": "idva"});
        [
            ("contact-attempts", body(json!({"channel": "phone", "outcome": "reached"}))),
            ("risk-assessments", body(level)),
            ("measures", body(measure)),
            ("needs", body(json!({"need": "housing"}))),
            ("support", body(json!({"kind": "practical"}))),
            ("agency-actions", body(json!({"agency": "police", "action": "chase"}))),
            ("multi-agency-referrals", body(json!({"forum": "marac"}))),
            ("information-requests", body(json!({"agency": "police"}))),
        ]
    };
    let refusals = |time| work(time).map(|(below, body)| (below, body, outside, at)).to_vec();
    assert_all_refused(&bench, &bench.case, refusals(BEFORE)).await;
    let closed = a_closed_case(bench.service.worker()).await;
    assert_all_refused(&bench, &closed, refusals("2024-06-02T09:00:00Z")).await;
}

#[tokio::test]
async fn a_step_that_cannot_follow_is_refused() {
    let bench = Bench::new().await;
    let client = bench.service.worker();
    let allocation = json!({"worker": "w-ann"});
    let closure = json!({"reason": "goals_met"});
    let decline = json!({"reason": "duplicate"});
    let open: Vec<Refusal> = vec![
        ("acceptance", json!({}), (409, "not-awaiting-decision"), &[]),
        ("decline", decline, (409, "not-awaiting-decision"), &[]),
        ("reopening", json!({}), (409, "not-closed"), &[]),
        (
            "allocations",
            json!({"worker": "w-ann", "occurred_at": REFERRED_AT}),
            (409, "before-previous-step"),
            &["/occurred_at"],
        ),
        (
            "closure",
            json!({"reason": "goals_met", "evidence": [absent_id()]}),
            (422, "unknown-evidence"),
            &["/evidence"],
        ),
    ];
    assert_all_refused(&bench, &bench.case, open).await;
    let closed: Vec<Refusal> = vec![
        ("closure", closure.clone(), (409, "already-closed"), &[]),
        ("allocations", allocation.clone(), (409, "not-in-work"), &[]),
    ];
    assert_all_refused(&bench, &a_closed_case(client).await, closed).await;
    let referred = a_referred_case(client).await;
    let undecided: Vec<Refusal> = vec![
        ("allocations", allocation, (409, "not-in-work"), &[]),
        ("closure", closure, (409, "not-in-work"), &[]),
    ];
    assert_all_refused(&bench, &referred, undecided).await;
    client.step(&referred, "waitlisting", json!({})).await.expect(201);
    let again: Vec<Refusal> = vec![("waitlisting", json!({}), (409, "already-waiting"), &[])];
    assert_all_refused(&bench, &referred, again).await;
}

#[tokio::test]
async fn an_amendment_of_what_is_no_fact_of_the_case_is_refused() {
    let bench = Bench::new().await;
    let client = bench.service.worker();
    let other = an_open_case(client).await;
    let of_other = an_attempt(client, &other).await;
    let amend = |event: &str, how: &str| format!("/v1/cases/{}/events/{event}/{how}", bench.case);
    let replacement = json!({"reason": CANARY_WORDS, "replacement": {"outcome": "no_answer"}});
    let correction = client.post(&amend(&bench.event, "correction"), replacement.clone()).await;
    let correction = text(&correction.expect(201)["event_id"]);
    let second = an_attempt(client, &bench.case).await;
    let retracted = json!({"reason": CANARY_WORDS});
    let retraction = client.post(&amend(&second, "retraction"), retracted.clone()).await;
    let retraction = text(&retraction.expect(201)["event_id"]);

    for (event, problem) in [
        (&of_other, (404, "not-found")),
        (&absent_id(), (404, "not-found")),
        (&correction, (409, "not-a-fact")),
        (&retraction, (409, "not-a-fact")),
    ] {
        for (how, body) in [("correction", &replacement), ("retraction", &retracted)] {
            let request = bench.posting(&amend(event, how), body).await;
            bench.assert_refused(how, request, problem, &[]).await;
        }
    }
    let again = bench.posting(&amend(&second, "retraction"), &retracted).await;
    bench.assert_refused("again", again, (409, "already-retracted"), &[]).await;
}

#[tokio::test]
async fn a_replacement_that_cannot_be_right_is_refused() {
    let bench = Bench::new().await;
    let timeline = format!("/v1/cases/{}/timeline", bench.case);
    let timeline = bench.service.worker().get(&timeline).await.expect(200);
    let referral = text(&timeline["entries"][0]["event_id"]);
    let acceptance = text(&timeline["entries"][1]["event_id"]);
    let ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(120);
    let refusals: [Amendment<'_>; 9] = [
        (&bench.event, json!({"outcome": CANARY}), (422, "invalid"), &["/replacement/outcome"]),
        (&bench.event, json!({"outcome": null}), (422, "invalid"), &["/replacement/outcome"]),
        (&bench.event, json!({CANARY: 1}), (422, "invalid"), &["/replacement"]),
        (&bench.event, json!({"level": "high"}), (422, "invalid"), &["/replacement"]),
        (
            &bench.event,
            json!({"occurred_at": BEFORE}),
            (409, "outside-every-episode"),
            &["/replacement/occurred_at"],
        ),
        (
            &bench.event,
            json!({"occurred_at": ahead.to_string()}),
            (422, "in-future"),
            &["/replacement/occurred_at"],
        ),
        (&referral, json!({"person_id": absent_id()}), (422, "invalid"), &["/replacement"]),
        (
            &referral,
            json!({"programme": CANARY}),
            (422, "unknown-programme"),
            &["/replacement/programme"],
        ),
        (&acceptance, json!({"occurred_at": BEFORE}), (409, "breaks-lifecycle"), &[]),
    ];
    for (event, replacement, problem, places) in refusals {
        let path = format!("/v1/cases/{}/events/{event}/correction", bench.case);
        let body = json!({"reason": CANARY_WORDS, "replacement": replacement});
        let request = bench.posting(&path, &body).await;
        bench.assert_refused(&body.to_string(), request, problem, places).await;
    }
    let path = format!("/v1/cases/{}/events/{referral}/retraction", bench.case);
    let request = bench.posting(&path, &json!({"reason": CANARY_WORDS})).await;
    bench.assert_refused("no referral", request, (409, "breaks-lifecycle"), &[]).await;
}

#[tokio::test]
async fn a_fact_that_contradicts_itself_is_refused() {
    let bench = Bench::new().await;
    let assessed = |mut body: Value| {
        body["instrument"] = json!("dash-safelives/2009");
        body["assessor_role"] = json!("idva");
        body
    };
    let fourteen: Value = (1..=14).map(|n| (format!("q{n}"), json!("yes"))).collect();
    let of_dara = json!({
        "instrument": "dara/1", "assessor_role": "idva", "answers": {"q1": "yes"},
    });
    let level = "risk-assessments";
    let due = json!({
        "agency": "police", "occurred_at": "2024-03-01T00:00:00Z", "due_at": BEFORE,
    });
    let refusals: Vec<Refusal> = vec![
        (level, assessed(json!({})), (422, "no-risk-result"), &["/level"]),
        (level, of_dara, (422, "answers-of-unknown-instrument"), &["/answers"]),
        (
            level,
            assessed(json!({"answers": {CANARY: "yes"}})),
            (422, "unknown-question"),
            &["/answers"],
        ),
        (
            level,
            assessed(json!({"answers": fourteen, "judgement_level": "medium"})),
            (422, "judgement-lowers"),
            &["/judgement_level"],
        ),
        (
            level,
            assessed(json!({"answers": {"q1": "yes"}, "level": "high"})),
            (422, "level-contradicts-answers"),
            &["/level"],
        ),
        (
            "measures",
            json!({"instrument": "a/1", "stage": "exit", "values": {}}),
            (422, "no-measure-values"),
            &["/values"],
        ),
        ("information-requests", due, (422, "due-before-request"), &["/due_at"]),
    ];
    assert_all_refused(&bench, &bench.case, refusals).await;
}

#[tokio::test]
async fn a_referral_that_cannot_be_right_is_refused() {
    let bench = Bench::new().await;
    let with = |member: &str, value: Value| {
        let mut referral = a_referral();
        referral[member] = value;
        referral
    };
    let both = json!({"person_id": absent_id(), "given_name": CANARY_WORDS});
    let born = json!({"given_name": "Ada", "date_of_birth": CANARY});
    let refusals: [(Value, (u16, &str), &[&str]); 8] = [
        (with("programme", json!(CANARY)), (422, "unknown-programme"), &["/programme"]),
        (with("person", json!({})), (422, "invalid"), &["/person"]),
        (with("person", both), (422, "invalid"), &["/person"]),
        (with("person", born), (422, "invalid"), &["/person/date_of_birth"]),
        (
            with("person", json!({"person_id": absent_id()})),
            (422, "unknown-person"),
            &["/person/person_id"],
        ),
        (
            with("latest_incident_at", json!("2024-02-01T00:00:00Z")),
            (422, "incident-after-referral"),
            &["/latest_incident_at"],
        ),
        (with("occurred_at", json!(BEFORE)), (422, "invalid"), &["/occurred_at"]),
        (with("incidents_12_months", json!(-1)), (422, "invalid"), &["/incidents_12_months"]),
    ];
    for (referral, problem, places) in refusals {
        let request = bench.posting("/v1/referrals", &referral).await;
        bench.assert_refused(&referral.to_string(), request, problem, places).await;
    }
}

#[tokio::test]
async fn an_information_request_ends_once() {
    let bench = Bench::new().await;
    let client = bench.service.worker();
    let below = |step: &str| {
        format!("/v1/cases/{}/information-requests/{}/{step}", bench.case, bench.request)
    };
    client.post(&below("chases"), json!({})).await.expect(201);
    client.post(&below("response"), json!({})).await.expect(201);
    for step in ["chases", "escalations", "response", "refusal"] {
        let request = bench.posting(&below(step), &json!({})).await;
        bench.assert_refused(step, request, (409, "request-closed"), &[]).await;
    }
    for id in [bench.event.clone(), absent_id(), CANARY.to_owned()] {
        let path = format!("/v1/cases/{}/information-requests/{id}/chases", bench.case);
        let request = bench.posting(&path, &json!({})).await;
        bench.assert_refused("no request", request, (404, "not-found"), &[]).await;
    }
}
