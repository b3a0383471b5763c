//! Two cases side by side, with everything in the way: late facts, corrections of one member and of
//! whole bodies, of times, of steps, retractions, a correction after a retraction, a second episode.
//! They are in no data that the project was given.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::cases::a_full_checklist;
use crate::journal::Journal;
use crate::reference::Posted;

/// One step. Cases are `a` and `b`; facts that are spoken of later have a name.
enum Step {
    Refer(&'static str, Value),
    Fact(&'static str, &'static str, &'static str, Value),
    Chase(&'static str, &'static str, Value),
    Answer(&'static str, &'static str, Value),
    /// A kind of fact about an earlier one, under a name of its own.
    FollowUp(&'static str, &'static str, &'static str, &'static str, Value),
    Correct(&'static str, &'static str, Value),
    Retract(&'static str, &'static str),
}
use Step::{Answer, Chase, Correct, Fact, FollowUp, Refer, Retract};

/// Posts the journey, and has `between` look at the book after every step. Returns the cases.
pub(crate) async fn live_through(
    journal: &mut Journal<'_>,
    mut between: impl AsyncFnMut(&[Posted]),
) -> Vec<String> {
    let mut ids: HashMap<&str, String> = HashMap::new();
    journal.define().await;
    for step in
        first_months().into_iter().chain(in_between()).chain(later_months()).chain(in_the_end())
    {
        match step {
            Refer(case, body) => {
                let id = journal.refer(body).await;
                let referral = if case == "a" { "referral of a" } else { "referral of b" };
                ids.insert(referral, journal.log.last().unwrap().event_id.clone());
                ids.insert(case, id);
            }
            Fact(case, kind, name, body) => {
                let id = journal.fact(&ids[case], kind, body).await;
                ids.insert(name, id);
            }
            Chase(case, request, body) => {
                journal.chase(&ids[case], &ids[request], body).await;
            }
            Answer(case, request, body) => {
                journal.answer(&ids[case], &ids[request], body).await;
            }
            FollowUp(case, kind, about, name, body) => {
                let id = journal.follow_up(&ids[case], kind, &ids[about], body).await;
                ids.insert(name, id);
            }
            Correct(case, fact, changes) => {
                journal.correct(&ids[case], &ids[fact], changes).await;
            }
            Retract(case, fact) => journal.retract(&ids[case], &ids[fact]).await,
        }
        between(&journal.log).await;
    }
    vec![ids["a"].clone(), ids["b"].clone()]
}

fn first_months() -> Vec<Step> {
    let visit = json!({
        "occurred_at": "2024-01-25T00:00:00Z", "precision": "day", "channel": "home_visit",
        "outcome": "reached", "narrative": "she asked to be called in the mornings",
    });
    // The whole body again, with another time, and words of its own.
    let visit_as_it_was = json!({
        "occurred_at": "2024-01-22T10:00:00Z", "channel": "phone", "outcome": "left_message",
        "narrative": "a message on the machine",
    });
    let ann = |at| json!({"occurred_at": at, "worker": "w-ann", "team": "blue"});
    vec![
        Refer("a", referral("city", "2024-01-10T09:00:00Z")),
        Fact("a", "ReferralWaitlisted", "", at("2024-01-11T09:00:00Z")),
        Refer("b", referral("south", "2024-02-01T09:00:00Z")),
        Fact("a", "ReferralAccepted", "", at("2024-01-15T09:00:00Z")),
        Fact("a", "CaseAllocated", "", ann("2024-01-16T09:00:00Z")),
        Fact("a", "ContactAttempted", "call", attempt("2024-01-20T09:00:00Z", "no_answer")),
        Fact("a", "ContactAttempted", "visit", visit),
        Fact("a", "RiskAssessed", "intake", level("2024-01-26T09:00:00Z", "medium", "intake")),
        Fact(
            "a",
            "MeasureRecorded",
            "severity",
            physical("2024-01-26T09:00:00Z", "intake", "high"),
        ),
        // The police saw it otherwise, sometime in January.
        Fact("a", "RiskAssessed", "police", of_police("2024-01-05T00:00:00Z", "month", "high")),
        Fact("b", "ReferralAccepted", "", at("2024-02-02T09:00:00Z")),
        Fact("b", "CaseAllocated", "", ann("2024-02-02T09:00:00Z")),
        Fact("b", "RiskAssessed", "", level("2024-02-05T09:00:00Z", "high", "intake")),
        Fact(
            "a",
            "InformationRequested",
            "request",
            json!({
                "occurred_at": "2024-02-10T09:00:00Z", "agency": "police",
                "due_at": "2024-02-24T09:00:00Z",
            }),
        ),
        Chase("a", "request", at("2024-02-28T09:00:00Z")),
        Correct("a", "intake", json!({"level": "high"})),
        Correct("a", "visit", visit_as_it_was),
        Retract("a", "call"),
        Correct("a", "visit", json!({"narrative": null})),
        Answer("a", "request", at("2024-03-05T09:00:00Z")),
        Fact("a", "ContactAttempted", "in may", attempt("2024-05-20T09:00:00Z", "reached")),
        Fact("a", "RiskAssessed", "", level("2024-06-01T09:00:00Z", "standard", "exit")),
        Fact("a", "MeasureRecorded", "", physical("2024-06-01T09:00:00Z", "exit", "none")),
    ]
}

/// Handovers, transfers, needs, safe contact, placements, reviews and proposals.
fn in_between() -> Vec<Step> {
    let plan = json!({
        "occurred_at": "2024-01-27T09:00:00Z", "otherwise": "unsafe", "may_be_told": ["gp"],
        "channels": {"phone": {
            "safety": "conditions", "hours": [{"from": "07:00:00", "until": "20:00:00"}],
        }},
    });
    let plan_to_come = json!({
        "occurred_at": "2024-05-25T09:00:00Z", "in_force_from": "2024-10-01T00:00:00Z",
        "channels": {
            "phone": {"safety": "conditions", "third_party": "sister"},
            "letter": {"safety": "conditions", "hours": [
                {"days": ["monday", "tuesday"], "from": "09:00:00", "until": "12:00:00"},
            ]},
            "text": {"safety": "unsafe"},
        },
        "narrative": "from October on she lives with her sister",
    });
    let all_the_same = |at| {
        let mut body = attempt(at, "reached");
        body["override_reason"] = json!("person_asked");
        body
    };
    let to = |at, worker| {
        json!({
            "occurred_at": at, "worker": worker, "reason": "worker_left",
            "checklist": a_full_checklist(),
            "contacts": [{"agency": "school", "role": "head"}],
        })
    };
    let need = |at, need| json!({"occurred_at": at, "need": need});
    let held = |at, reason| json!({"occurred_at": at, "reason": reason});
    let proposed = |at| json!({"occurred_at": at, "reason": "goals_met"});
    let moved = json!({"occurred_at": "2024-03-10T09:00:00Z", "kind": "home", "to": "home_1"});
    let moved_on = json!({
        "occurred_at": "2024-05-10T09:00:00Z", "kind": "home", "from": "home_1",
    });
    let review = json!({
        "occurred_at": "2024-04-20T09:00:00Z", "stage": "review",
        "next_due": "2024-07-20T09:00:00Z",
    });
    let to_north = json!({"occurred_at": "2024-03-01T09:00:00Z", "area": "north"});
    vec![
        Fact("a", "SafeContactPlanSet", "plan", plan),
        Fact("a", "SafeContactPlanSet", "", plan_to_come),
        Fact("a", "ContactAttempted", "at night", all_the_same("2024-05-02T21:00:00Z")),
        Fact("a", "NeedIdentified", "housing", need("2024-02-03T09:00:00Z", "housing")),
        Fact("a", "NeedIdentified", "money", need("2024-02-04T09:00:00Z", "debt_finance")),
        FollowUp("a", "NeedResolved", "housing", "housed", with_outcome("2024-04-03T09:00:00Z")),
        // After it was resolved, by a correction: resolved all the same.
        Correct("a", "housing", json!({"occurred_at": "2024-04-05T09:00:00Z"})),
        Fact("a", "ContactHeld", "hold", held("2024-02-06T09:00:00Z", "not_safe")),
        Fact("a", "ContactAttempted", "", all_the_same("2024-02-07T09:00:00Z")),
        FollowUp("a", "ContactHoldLifted", "hold", "lifting", at("2024-02-09T09:00:00Z")),
        Fact("a", "ContactHeld", "pause", held("2024-06-02T09:00:00Z", "planned_or_pending")),
        Fact("a", "PlacementChanged", "move", moved),
        Fact("a", "PlacementChanged", "", moved_on),
        Correct("a", "move", json!({"to": "home_2"})),
        Fact("a", "ReviewCompleted", "", review),
        // The first stage by name, and early.
        Fact("a", "ReviewCompleted", "early", reviewed("2024-02-20T09:00:00Z", "review")),
        Fact("b", "ReviewCompleted", "", reviewed("2024-06-15T09:00:00Z", "exit")),
        Fact("a", "CaseHandedOver", "to ben", to("2024-04-10T09:00:00Z", "w-ben")),
        Fact("b", "CaseTransferred", "transfer", to_north),
        Fact("b", "CaseHandedOver", "to cay", to("2024-04-01T09:00:00Z", "w-cay")),
        Fact("a", "ClosureProposed", "too early", proposed("2024-06-10T09:00:00Z")),
        FollowUp("a", "ClosureRefused", "too early", "", at("2024-06-11T09:00:00Z")),
        Fact("a", "ClosureProposed", "", proposed("2024-06-12T09:00:00Z")),
        Fact("b", "ClosureProposed", "of b", proposed("2024-06-12T09:00:00Z")),
    ]
}

/// What turns out otherwise of these.
fn in_the_end() -> Vec<Step> {
    vec![
        Correct("b", "transfer", json!({"occurred_at": "2024-03-05T09:00:00Z", "area": "south"})),
        Correct("b", "to cay", json!({"occurred_at": "2024-04-04T09:00:00Z", "team": "green"})),
        // By day after all: nothing spoke against it.
        Correct("a", "at night", json!({"occurred_at": "2024-05-02T18:00:00Z"})),
        Correct("a", "plan", json!({"otherwise": null, "narrative": "he has left"})),
        Retract("a", "to ben"),
        Retract("a", "lifting"),
        Retract("a", "housed"),
        Retract("a", "money"),
        Retract("a", "early"),
        Retract("b", "of b"),
    ]
}

fn reviewed(at: &str, stage: &str) -> Value {
    json!({"occurred_at": at, "stage": stage})
}

fn with_outcome(at: &str) -> Value {
    json!({"occurred_at": at, "outcome": "met"})
}

fn later_months() -> Vec<Step> {
    let closed = json!({"occurred_at": "2024-07-01T09:00:00Z", "reason": "goals_met"});
    let closed_earlier = json!({"occurred_at": "2024-06-20T00:00:00Z", "precision": "day"});
    let reopened = json!({"occurred_at": "2024-09-01T09:00:00Z", "reason": "new_incident"});
    let cay = json!({"occurred_at": "2024-09-05T09:00:00Z", "worker": "w-cay"});
    let mut declined = physical("2024-02-05T09:00:00Z", "intake", "");
    declined["values"]["physical"] = json!({"missing": "declined"});
    let whole = json!({"occurred_at": "2024-10-20T00:00:00Z", "precision": "day"});
    let incident =
        json!({"occurred_at": "2023-11-01T00:00:00Z", "precision": "month", "kind": "crime"});
    vec![
        Fact("a", "CaseClosed", "closure", closed),
        // Late: recorded after the closing, of before it.
        Fact("a", "ContactAttempted", "late", attempt("2024-04-15T09:00:00Z", "reached")),
        // It was taken back, and did happen after all.
        Correct("a", "call", json!({"outcome": "reached"})),
        Fact("a", "CaseReopened", "", reopened),
        Fact("a", "CaseAllocated", "", cay),
        Correct("a", "closure", closed_earlier),
        Correct("a", "referral of a", json!({"area": "north", "incidents_12_months": null})),
        Fact(
            "b",
            "InformationRequested",
            "overdue",
            json!({
                "occurred_at": "2024-07-10T00:00:00Z", "agency": "housing",
                "due_at": "2024-07-20T00:00:00Z",
            }),
        ),
        Fact("b", "MeasureRecorded", "declined", declined),
        Fact("b", "MeasureRecorded", "", physical("2024-08-05T09:00:00Z", "exit", "standard")),
        Fact("b", "RiskAssessed", "", level("2024-08-05T09:00:00Z", "medium", "exit")),
        Fact("b", "RiskAssessed", "", of_police("2024-08-05T09:00:00Z", "day", "medium")),
        Correct("a", "police", json!({"level": "medium", "own_view": "disagrees"})),
        Fact("a", "RiskAssessed", "", of_police("2024-09-05T09:00:00Z", "day", "medium")),
        Fact("a", "RiskAssessed", "", level("2024-09-05T09:00:00Z", "high", "review")),
        // Older than the case.
        Fact("a", "IncidentReported", "", incident),
        Fact("a", "ReviewCompleted", "", whole),
        Correct("b", "declined", json!({"values": {"physical": "moderate"}})),
        Retract("a", "severity"),
        Correct("b", "overdue", json!({"due_at": "2024-07-30T00:00:00Z"})),
        Correct("a", "intake", json!({"occurred_at": "2024-02-03T09:00:00Z"})),
        Retract("a", "in may"),
    ]
}

fn referral(area: &str, received_at: &str) -> Value {
    json!({
        "programme": "mrp", "role": "victim_survivor", "area": area, "source": "police",
        "received_at": received_at, "precision": "day", "criteria": ["repeat_victimisation"],
        "incidents_12_months": 2, "latest_incident_at": "2024-01-02T21:30:00Z", "narrative": "told to the police on the phone",
        "person": {"given_name": "Ada", "family_name": "Lovelace"},
    })
}

fn at(at: &str) -> Value {
    json!({"occurred_at": at})
}

fn attempt(at: &str, outcome: &str) -> Value {
    json!({"occurred_at": at, "channel": "phone", "outcome": outcome})
}

fn level(at: &str, level: &str, stage: &str) -> Value {
    json!({
        "occurred_at": at, "instrument": "dara/1", "level": level, "assessor_role": "idva",
        "stage": stage,
    })
}

fn of_police(at: &str, precision: &str, level: &str) -> Value {
    json!({
        "occurred_at": at, "precision": precision, "instrument": "police-dash/2009", "level": level,
        "assessor_role": "officer", "source_organisation": "police", "own_view": "agrees",
    })
}

fn physical(at: &str, stage: &str, value: &str) -> Value {
    json!({
        "occurred_at": at, "instrument": "abuse-severity/1", "stage": stage,
        "values": {"physical": value},
    })
}
