//! What the rules of a case refuse: 409, or 422 for what can never be right, and nothing recorded.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::{
    Facts, REFERRED_AT, a_closed_case, a_loaded_arm, a_referral, a_referred_case, absent_id,
    an_attempt, an_open_case, text,
};
use crate::closing::{a_proposal, with_approval};
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
        let measure = json!({
            "instrument": "abuse-severity/1", "stage": "exit", "values": {"physical": "none"},
        });
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
    let correction =
        client.post(&amend(&bench.facts.event, "correction"), replacement.clone()).await;
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
        (
            &bench.facts.event,
            json!({"outcome": CANARY}),
            (422, "invalid"),
            &["/replacement/outcome"],
        ),
        (&bench.facts.event, json!({"outcome": null}), (422, "invalid"), &["/replacement/outcome"]),
        (&bench.facts.event, json!({CANARY: 1}), (422, "invalid"), &["/replacement"]),
        (&bench.facts.event, json!({"level": "high"}), (422, "invalid"), &["/replacement"]),
        (
            &bench.facts.event,
            json!({"occurred_at": BEFORE}),
            (409, "outside-every-episode"),
            &["/replacement/occurred_at"],
        ),
        (
            &bench.facts.event,
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
    let of_a_measure = json!({
        "instrument": "abuse-severity/1", "assessor_role": "idva", "level": "high",
    });
    let measured = |instrument: &str, values: Value| json!({"instrument": instrument, "stage": "exit", "values": values});
    let level = "risk-assessments";
    let due = json!({
        "agency": "police", "occurred_at": "2024-03-01T00:00:00Z", "due_at": BEFORE,
    });
    let refusals: Vec<Refusal> = vec![
        (level, assessed(json!({})), (422, "no-risk-result"), &["/level"]),
        (level, of_dara, (422, "answers-of-unknown-instrument"), &["/answers"]),
        (level, of_a_measure, (422, "unknown-instrument"), &["/instrument"]),
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
            measured("abuse-severity/1", json!({})),
            (422, "no-measure-values"),
            &["/values"],
        ),
        (
            "measures",
            measured(CANARY, json!({"physical": "high"})),
            (422, "unknown-instrument"),
            &["/instrument"],
        ),
        (
            "measures",
            measured("dara/1", json!({"physical": "high"})),
            (422, "unknown-instrument"),
            &["/instrument"],
        ),
        (
            "measures",
            measured("abuse-severity/1", json!({CANARY: "high"})),
            (422, "unknown-measure-key"),
            &["/values"],
        ),
        (
            "measures",
            measured("abuse-severity/1", json!({"physical": CANARY})),
            (422, "value-outside-instrument"),
            &["/values"],
        ),
        (
            "measures",
            measured("outcome-scale/1", json!({"confidence": 9})),
            (422, "value-outside-instrument"),
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
    let refusals: [(Value, (u16, &str), &[&str]); 9] = [
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
        (with("age_years", json!(121)), (422, "invalid"), &["/age_years"]),
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
        format!("/v1/cases/{}/information-requests/{}/{step}", bench.case, bench.facts.request)
    };
    client.post(&below("chases"), json!({})).await.expect(201);
    client.post(&below("response"), json!({})).await.expect(201);
    for step in ["chases", "escalations", "response", "refusal"] {
        let request = bench.posting(&below(step), &json!({})).await;
        bench.assert_refused(step, request, (409, "request-closed"), &[]).await;
    }
    for id in [bench.facts.event.clone(), absent_id(), CANARY.to_owned()] {
        let path = format!("/v1/cases/{}/information-requests/{id}/chases", bench.case);
        let request = bench.posting(&path, &json!({})).await;
        bench.assert_refused("no request", request, (404, "not-found"), &[]).await;
    }
}

#[tokio::test]
async fn what_was_retracted_is_not_followed_up() {
    let bench = Bench::new().await;
    let manager = bench.service.as_role("city", "team_manager");
    let facts = &bench.facts;
    for (fact, path, body) in [
        (&facts.request, "information-requests/{request_id}/response", json!({})),
        (&facts.need, "needs/{need_id}/resolution", json!({"outcome": "met"})),
        (&facts.hold, "contact-holds/{hold_id}/lifting", json!({})),
        (&facts.proposal, "closure-proposals/{proposal_id}/refusal", json!({})),
    ] {
        let retraction = format!("/v1/cases/{}/events/{fact}/retraction", bench.case);
        manager.post(&retraction, json!({"reason": CANARY_WORDS})).await.expect(201);
        let url = format!("/v1/cases/{}/{}", bench.case, facts.fill(path));
        let request = bench.asking_as("team_manager", Method::POST, &url).await.json(&body);
        bench.assert_refused(path, request, (409, "already-retracted"), &[]).await;
    }
}

#[tokio::test]
async fn a_contact_that_was_called_unsafe_is_refused_without_a_reason_and_a_reason_without_one() {
    let bench = Bench::new().await;
    let client = bench.service.worker();
    let attempt = |channel: &str, at: &str| json!({"channel": channel, "outcome": "reached", "occurred_at": at});
    let with = |mut body: Value, member: &str, value: &str| {
        body[member] = json!(value);
        body
    };
    let path = "contact-attempts";
    let in_april = attempt("phone", "2024-04-02T10:00:00Z");
    let override_nothing = with(in_april.clone(), "override_reason", "immediate_danger");
    let nothing: Vec<Refusal> =
        vec![(path, override_nothing, (409, "nothing-to-override"), &["/override_reason"])];
    assert_all_refused(&bench, &bench.case, nothing).await;

    // On Tuesdays from nine to three, on a British clock: the second of April was one.
    let hours = json!({"days": ["tuesday"], "from": "09:00", "until": "15:00"});
    let plan = json!({
        "channels": {
            "phone": {"safety": "conditions", "hours": [hours]}, "email": {"safety": "safe"},
        },
        "otherwise": "unsafe", "in_force_from": "2024-03-01T00:00:00Z",
    });
    let plan_path = format!("/v1/cases/{}/safe-contact-plan", bench.case);
    client.send(Method::PUT, &plan_path, &[], Some(plan)).await.expect(201);
    let at: &[&str] = &["/channel"];
    let evening = attempt("phone", "2024-04-02T14:00:00Z");
    let refused: Vec<Refusal> = vec![
        (path, evening.clone(), (409, "unsafe-contact"), at),
        (path, with(evening.clone(), "direction", "outgoing"), (409, "unsafe-contact"), at),
        (path, attempt("phone", "2024-04-03T10:00:00Z"), (409, "unsafe-contact"), at),
        (path, attempt("letter", "2024-04-02T10:00:00Z"), (409, "unsafe-contact"), at),
    ];
    assert_all_refused(&bench, &bench.case, refused).await;
    let path = format!("/v1/cases/{}/contact-attempts", bench.case);
    for body in [
        in_april.clone(),
        attempt("email", "2024-04-02T23:00:00Z"),
        // Before the plan; some time that day; and whoever turns to the service.
        attempt("letter", "2024-02-29T10:00:00Z"),
        with(evening.clone(), "precision", "day"),
        with(evening.clone(), "direction", "incoming"),
        with(evening, "override_reason", "person_asked"),
    ] {
        client.post(&path, body).await.expect(201);
    }

    let hold = json!({"reason": "not_safe", "occurred_at": "2024-05-01T00:00:00Z"});
    let holds = format!("/v1/cases/{}/contact-holds", bench.case);
    let hold = text(&client.post(&holds, hold).await.expect(201)["event_id"]);
    let email = attempt("email", "2024-05-02T10:00:00Z");
    let refused: Vec<Refusal> =
        vec![("contact-attempts", email.clone(), (409, "contact-on-hold"), at)];
    assert_all_refused(&bench, &bench.case, refused).await;
    client.post(&path, with(email, "override_reason", "immediate_danger")).await.expect(201);
    let lift = json!({"occurred_at": "2024-05-03T00:00:00Z"});
    let lifting = format!("{holds}/{hold}/lifting");
    client.post(&lifting, lift).await.expect(201);
    client.post(&path, attempt("email", "2024-05-04T10:00:00Z")).await.expect(201);
    let again = bench.posting(&lifting, &json!({})).await;
    bench.assert_refused("again", again, (409, "contact-hold-lifted"), &[]).await;
}

#[tokio::test]
async fn a_plan_for_safe_contact_that_cannot_be_right_is_refused() {
    let bench = Bench::new().await;
    let path = format!("/v1/cases/{}/safe-contact-plan", bench.case);
    let phone = |plan: Value| json!({"channels": {"phone": plan}});
    let hours = |from: &str, until: &str| {
        phone(json!({"safety": "conditions", "hours": [{"from": from, "until": until}]}))
    };
    for (plan, problem) in [
        (json!({}), "empty-safe-contact-plan"),
        (json!({"channels": {}, "may_be_told": ["gp"]}), "empty-safe-contact-plan"),
        (json!({"otherwise": "conditions"}), "conditions-not-given"),
        (phone(json!({"safety": "conditions"})), "conditions-not-given"),
        (phone(json!({"safety": "safe", "third_party": "sister"})), "conditions-not-given"),
        (hours("15:00", "09:00"), "hours-backwards"),
        (hours("09:00", "09:00"), "hours-backwards"),
    ] {
        let request = bench.asking(Method::PUT, &path).await.json(&plan);
        bench.assert_refused(&plan.to_string(), request, (422, problem), &["/channels"]).await;
    }
    // Nor is a plan corrected to what cannot be.
    let right = phone(json!({"safety": "safe"}));
    let plan = bench.service.worker().send(Method::PUT, &path, &[], Some(right)).await;
    let plan = text(&plan.expect(201)["event_id"]);
    let path = format!("/v1/cases/{}/events/{plan}/correction", bench.case);
    let body = json!({"reason": CANARY_WORDS, "replacement": hours("15:00", "09:00")});
    let request = bench.posting(&path, &body).await;
    let place = ["/replacement/channels"];
    bench.assert_refused("correction", request, (422, "hours-backwards"), &place).await;
}

#[tokio::test]
async fn work_that_changes_nothing_or_comes_too_late_is_refused() {
    let bench = Bench::new().await;
    let client = bench.service.worker();
    let below = |path: &str| format!("/v1/cases/{}/{}", bench.case, bench.facts.fill(path));
    client.post(&below("needs/{need_id}/resolution"), json!({"outcome": "met"})).await.expect(201);
    let refusals: Vec<Refusal> = vec![
        ("handovers", json!({"worker": "w-ann"}), (409, "same-worker"), &["/worker"]),
        ("transfers", json!({"area": "city"}), (409, "same-area"), &["/area"]),
        ("placements", json!({"kind": "home"}), (422, "no-placement"), &["/to"]),
        (
            "placements",
            json!({"kind": "home", "from": "home_1", "to": "home_1"}),
            (422, "no-placement"),
            &["/to"],
        ),
        (
            "reviews",
            json!({"occurred_at": "2024-03-01T00:00:00Z", "next_due": "2024-03-01T00:00:00Z"}),
            (422, "due-before-review"),
            &["/next_due"],
        ),
        ("closure-proposals", json!({"reason": "goals_met"}), (409, "closure-proposed"), &[]),
        (
            "closure",
            json!({"reason": "goals_met", "proposal": bench.facts.event}),
            (409, "unknown-closure-proposal"),
            &["/proposal"],
        ),
    ];
    assert_all_refused(&bench, &bench.case, refusals).await;
    let again =
        bench.posting(&below("needs/{need_id}/resolution"), &json!({"outcome": "met"})).await;
    bench.assert_refused("again", again, (409, "need-resolved"), &[]).await;

    let refusal = below("closure-proposals/{proposal_id}/refusal");
    let manager = bench.service.as_role("city", "team_manager");
    manager.post(&refusal, json!({"reason": "too_early"})).await.expect(201);
    let again = bench.asking_as("team_manager", Method::POST, &refusal).await.json(&json!({}));
    bench.assert_refused("again", again, (409, "closure-proposal-decided"), &[]).await;
    let evidence = json!({"reason": "goals_met", "evidence": [absent_id()]});
    let unknown: Vec<Refusal> =
        vec![("closure-proposals", evidence, (422, "unknown-evidence"), &["/evidence"])];
    assert_all_refused(&bench, &bench.case, unknown).await;

    // What is no need, no hold and no proposal of this case.
    for id in [bench.facts.event.clone(), absent_id(), CANARY.to_owned()] {
        for path in [
            "needs/{need_id}/resolution",
            "contact-holds/{hold_id}/lifting",
            "closure-proposals/{proposal_id}/refusal",
        ] {
            let url = format!("/v1/cases/{}/{}", bench.case, Facts::all(&id).fill(path));
            let body = json!({"outcome": "met"});
            let body = if path.starts_with("needs") { body } else { json!({}) };
            let request = bench.asking_as("team_manager", Method::POST, &url).await.json(&body);
            bench.assert_refused(path, request, (404, "not-found"), &[]).await;
        }
    }

    let closed = a_closed_case(client).await;
    let late: Vec<Refusal> = vec![
        ("handovers", json!({"worker": "w-ben"}), (409, "not-in-work"), &[]),
        ("closure-proposals", json!({"reason": "goals_met"}), (409, "not-in-work"), &[]),
    ];
    assert_all_refused(&bench, &closed, late).await;
}

#[tokio::test]
async fn a_closure_that_its_programme_does_not_know_is_refused() {
    let bench = Bench::new().await;
    let client = bench.service.worker();
    let unproven: Vec<Refusal> = vec![
        (
            "closure",
            json!({"reason": "disengaged"}),
            (422, "closure-evidence-needed"),
            &["/evidence"],
        ),
        (
            "closure-proposals",
            json!({"reason": "disengaged"}),
            (422, "closure-evidence-needed"),
            &["/evidence"],
        ),
        (
            "closure",
            json!({"reason": "criteria_changed", "approver": "m-eve"}),
            (409, "closure-approval-needed"),
            &["/proposal"],
        ),
        ("transfers", json!({"area": CANARY}), (422, "unknown-area"), &["/area"]),
    ];
    assert_all_refused(&bench, &an_open_case(client).await, unproven).await;

    with_approval(&bench.service).await;
    let case = an_open_case(client).await;
    let manager = bench.service.as_role("city", "team_manager");
    let proposal = a_proposal(manager, &case).await;
    let closure = json!({"reason": "goals_met", "proposal": proposal});
    let unallowed = (422, "closure-reason-not-allowed");
    let refusals: Vec<Refusal> = vec![
        ("closure", json!({"reason": "duplicate"}), unallowed, &["/reason"]),
        ("closure", closure.clone(), (409, "closure-approval-needed"), &["/proposal"]),
    ];
    assert_all_refused(&bench, &case, refusals).await;
    let path = format!("/v1/cases/{case}/closure");
    let as_manager = async |body: &Value| {
        let request = bench.asking_as("team_manager", Method::POST, &path).await;
        request.header("If-Match", "*").json(body)
    };
    let own = as_manager(&closure).await;
    bench.assert_refused("own", own, (409, "self-approval"), &["/proposal"]).await;
    let unproposed = as_manager(&json!({"reason": "goals_met"})).await;
    let needed = (409, "closure-approval-needed");
    bench.assert_refused("unproposed", unproposed, needed, &["/proposal"]).await;
    let refusal = format!("/v1/cases/{case}/closure-proposals/{proposal}/refusal");
    manager.post(&refusal, json!({})).await.expect(201);
    let again: Vec<Refusal> =
        vec![("closure-proposals", json!({"reason": "duplicate"}), unallowed, &["/reason"])];
    assert_all_refused(&bench, &case, again).await;
    let proposal = a_proposal(client, &case).await;
    let another = json!({"reason": "goals_met", "proposal": proposal, "approver": CANARY});
    let another = as_manager(&another).await;
    bench.assert_refused("another", another, (422, "invalid"), &["/approver"]).await;

    // Nor is a closure corrected to one that would have been refused.
    let closed = json!({"reason": "declined", "proposal": proposal});
    let closed = text(&client.step(&case, "closure", closed).await.expect(201)["event_id"]);
    let path = format!("/v1/cases/{case}/events/{closed}/correction");
    for (replacement, problem, place) in [
        (json!({"reason": "duplicate"}), unallowed, "/replacement/reason"),
        (
            json!({"reason": "disengaged"}),
            (422, "closure-evidence-needed"),
            "/replacement/evidence",
        ),
        (json!({"reason": "goals_met"}), needed, "/replacement/proposal"),
    ] {
        let body = json!({"reason": CANARY_WORDS, "replacement": replacement});
        let request = bench.posting(&path, &body).await;
        bench.assert_refused(&replacement.to_string(), request, problem, &[place]).await;
    }
}

#[tokio::test]
async fn a_return_to_what_is_no_closed_case_of_the_person_is_refused() {
    let bench = Bench::new().await;
    let client = bench.service.worker();
    let closed = a_closed_case(client).await;
    let person_of = async |case: &str| {
        client.get(&format!("/v1/cases/{case}")).await.expect(200)["person_id"].clone()
    };
    let (person, open_person) = (person_of(&closed).await, person_of(&bench.case).await);
    let returning = |person: Value, case: &str, at: &str| {
        let mut referral = a_referral();
        referral["person"] = person;
        referral["returns_from"] = json!(case);
        referral["received_at"] = json!(at);
        referral
    };
    let known = |id: &Value| json!({"person_id": id});
    let late = "2024-09-01T09:00:00Z";
    let unknown = (422, "unknown-case");
    for (what, body, problem, place) in [
        ("absent", returning(known(&person), &absent_id(), late), unknown, "/returns_from"),
        ("a person", returning(known(&person), &text(&person), late), unknown, "/returns_from"),
        ("another's", returning(known(&open_person), &closed, late), unknown, "/returns_from"),
        ("new", returning(json!({"given_name": CANARY}), &closed, late), unknown, "/returns_from"),
        (
            "open",
            returning(known(&open_person), &bench.case, late),
            (409, "not-closed"),
            "/returns_from",
        ),
        (
            "before it closed",
            returning(known(&person), &closed, "2024-05-01T09:00:00Z"),
            (409, "before-previous-step"),
            "/received_at",
        ),
    ] {
        let request = bench.posting("/v1/referrals", &body).await;
        bench.assert_refused(what, request, problem, &[place]).await;
    }
    // Nor does a correction bring a case back from where it cannot have come, or from itself.
    let timeline = client.get(&format!("/v1/cases/{closed}/timeline")).await.expect(200);
    let referral = text(&timeline["entries"][0]["event_id"]);
    let path = format!("/v1/cases/{closed}/events/{referral}/correction");
    for case in [&closed, &bench.case] {
        let body = json!({"reason": CANARY_WORDS, "replacement": {"returns_from": case}});
        let request = bench.posting(&path, &body).await;
        let place = ["/replacement/returns_from"];
        bench.assert_refused("correction", request, unknown, &place).await;
    }
}

#[tokio::test]
async fn a_fact_of_a_referral_that_is_given_and_said_to_be_missing_is_refused() {
    let bench = Bench::new().await;
    let mut referral = a_referral();
    referral["missing_reasons"] = json!({"incidents_12_months": "declined"});
    let recorded = bench.service.worker().post("/v1/referrals", referral.clone()).await.expect(201);
    referral["incidents_12_months"] = json!(3);
    let both = (422, "given-and-missing");
    let place = "/missing_reasons/incidents_12_months";
    let request = bench.posting("/v1/referrals", &referral).await;
    bench.assert_refused("both", request, both, &[place]).await;
    referral["missing_reasons"] = json!({"incidents_12_months": CANARY});
    let request = bench.posting("/v1/referrals", &referral).await;
    bench.assert_refused("no reason", request, (422, "invalid"), &[place]).await;
    // Nor is it corrected to be both; and it is corrected to be known.
    let (case, event) = (text(&recorded["case_id"]), text(&recorded["event_id"]));
    let path = format!("/v1/cases/{case}/events/{event}/correction");
    let corrected =
        |replacement: Value| json!({"reason": CANARY_WORDS, "replacement": replacement});
    let request = bench.posting(&path, &corrected(json!({"incidents_12_months": 3}))).await;
    let place = format!("/replacement{place}");
    bench.assert_refused("corrected", request, both, &[&place]).await;
    let known = json!({"incidents_12_months": 3, "missing_reasons": null});
    bench.service.worker().post(&path, corrected(known)).await.expect(201);
    // Any reason stands where an answer would, and counts as none.
    let answers = json!({
        "q1": "yes", "q2": "not_asked", "q3": "declined", "q4": "unknown_to_client",
        "q5": "unsafe_to_ask",
    });
    let assessed = json!({
        "instrument": "dash-safelives/2009", "answers": answers, "assessor_role": "idva",
        "occurred_at": "2024-02-01T09:00:00Z",
    });
    let path = format!("/v1/cases/{}/risk-assessments", bench.case);
    let assessed = bench.service.worker().post(&path, assessed).await.expect(201);
    let path = format!("/v1/cases/{}/events/{}", bench.case, text(&assessed["event_id"]));
    let data = bench.service.worker().get(&path).await.expect(200)["data"].clone();
    assert_eq!((&data["yes_count"], &data["level"]), (&json!(1), &json!("standard")));
    assert_eq!(data["answers"]["q5"], json!("unsafe_to_ask"));
}

/// There is no command for an arm: it comes with a history.
#[tokio::test]
async fn an_arm_is_neither_corrected_nor_retracted() {
    let bench = Bench::new().await;
    let case = a_loaded_arm(&bench.service, "trial").await;
    let client = bench.service.as_role("trial", "caseworker");
    let timeline = client.get(&format!("/v1/cases/{case}/timeline")).await.expect(200);
    let entries = timeline["entries"].as_array().unwrap();
    let arm = entries.iter().find(|entry| entry["type"] == "ArmAllocated").unwrap();
    let event = text(&arm["event_id"]);
    let token = bench.service.token("trial", "caseworker").await;
    for (how, body) in [
        ("correction", json!({"reason": CANARY_WORDS, "replacement": {"arm": CANARY}})),
        ("retraction", json!({"reason": CANARY_WORDS})),
    ] {
        let path = format!("/v1/cases/{case}/events/{event}/{how}");
        let request = bench.service.request(Method::POST, &path).bearer_auth(&token).json(&body);
        bench.assert_refused(how, request, (409, "arm-is-final"), &[]).await;
    }
}
