//! How a person could be contacted safely, and what was done all the same, at two dates.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::state::State;
use super::{Asked, Posted, cases, facts};

const CHANNELS: [&str; 11] = [
    "face_to_face",
    "home_visit",
    "phone",
    "text",
    "letter",
    "email",
    "prison_visit",
    "joint_visit",
    "accompaniment",
    "group",
    "online",
];
const DAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

struct Plan {
    id: String,
    from: Timestamp,
    says: Value,
    words: Option<Value>,
}

struct Hold {
    id: String,
    reason: Value,
    from: Timestamp,
    until: Option<Timestamp>,
}

/// The plans by when they begin, and the holds, of one case.
struct Safety {
    plans: Vec<Plan>,
    holds: Vec<Hold>,
}

impl Safety {
    fn of(log: &[Posted], case: &str, asked: &Asked) -> Self {
        let facts = facts(log, case, asked);
        let of = |kind: &'static str| facts.iter().filter(move |fact| fact.posted.kind == kind);
        let mut plans: Vec<Plan> = of("SafeContactPlanSet")
            .map(|fact| Plan {
                id: fact.posted.event_id.clone(),
                from: fact.data["in_force_from"].as_str().map_or(fact.at, |at| at.parse().unwrap()),
                says: fact.data.clone(),
                words: fact.narrative.cloned(),
            })
            .collect();
        plans.sort_by_key(|plan| plan.from);
        let lifted = |id: &str| {
            of("ContactHoldLifted").find(|fact| fact.data["hold"] == id).map(|fact| fact.at)
        };
        let hold = |fact: &super::Entry<'_>| Hold {
            id: fact.posted.event_id.clone(),
            reason: fact.data["reason"].clone(),
            from: fact.at,
            until: lifted(&fact.posted.event_id),
        };
        let holds = of("ContactHeld").map(hold).collect();
        Self { plans, holds }
    }

    /// How a channel stood, why, and the event that this rests on.
    fn standing(&self, channel: &str, at: Timestamp) -> (&'static str, &'static str, Option<&str>) {
        let forbids = |hold: &&Hold| {
            hold.reason != "planned_or_pending"
                && hold.from <= at
                && hold.until.is_none_or(|until| at < until)
        };
        if let Some(hold) = self.holds.iter().find(forbids) {
            return ("unsafe", "on_hold", Some(&hold.id));
        }
        let Some(plan) = self.plans.iter().rev().find(|plan| plan.from <= at) else {
            return ("not_said", "no_plan", None);
        };
        let own = plan.says["channels"].get(channel);
        let safety = own.map_or(&plan.says["otherwise"], |own| &own["safety"]).as_str();
        let (told, reason) = match safety {
            None => return ("not_said", "no_plan", None),
            Some("safe") => ("safe", "plan"),
            Some("unsafe") => ("unsafe", "plan"),
            Some(_) => {
                let own = own.unwrap();
                let hours = own["hours"].as_array();
                if hours.is_some_and(|hours| !hours.iter().any(|hours| holds(hours, at))) {
                    ("unsafe", "outside_hours")
                } else if own["third_party"].is_string() {
                    ("conditional", "third_party")
                } else {
                    ("safe", "within_hours")
                }
            }
        };
        (told, reason, Some(&plan.id))
    }
}

/// Whether hours hold, on a clock in the United Kingdom.
fn holds(hours: &Value, at: Timestamp) -> bool {
    let year = at.to_zoned(TimeZone::UTC).year();
    let turns = |day: Date| {
        let sunday =
            day - SignedDuration::from_hours(24 * i64::from(day.weekday().to_sunday_zero_offset()));
        sunday.at(1, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp()
    };
    let is_summer = turns(date(year, 3, 31)) <= at && at < turns(date(year, 10, 31));
    let shown = (at + SignedDuration::from_hours(i64::from(is_summer))).to_zoned(TimeZone::UTC);
    let day = DAYS[usize::try_from(shown.weekday().to_sunday_zero_offset()).unwrap()];
    let time = shown.time().to_string();
    let is_day = hours["days"].as_array().is_none_or(|days| days.iter().any(|d| d == day));
    // Times are written with their seconds, so that they compare as texts do.
    is_day
        && hours["from"].as_str() <= Some(time.as_str())
        && Some(time.as_str()) < hours["until"].as_str()
}

/// What `GET /v1/cases/{id}/safe-contact-plan` answers; none for 404.
pub(crate) fn safe_contact(log: &[Posted], case: &str, asked: &Asked) -> Option<Value> {
    State::at(log, case, asked).referral?;
    let safety = Safety::of(log, case, asked);
    let channel = |channel: &&str| {
        let (standing, reason, rests_on) = safety.standing(channel, asked.as_of);
        let mut told = json!({"channel": channel, "standing": standing, "reason": reason});
        if let Some(id) = rests_on {
            told["rests_on"] = json!(id);
        }
        told
    };
    let in_force = safety.holds.iter().filter(|hold| hold.until.is_none());
    let holds = in_force.map(|hold| {
        json!({
            "hold_id": hold.id, "reason": hold.reason, "since": hold.from.to_string(),
            "forbids": hold.reason != "planned_or_pending",
        })
    });
    let plan = safety.plans.iter().rev().find(|plan| plan.from <= asked.as_of);
    let mut answer = json!({
        "case_id": case, "plan": plan.map(shown), "holds": holds.collect::<Vec<_>>(),
        "channels": CHANNELS.iter().map(channel).collect::<Vec<_>>(),
        "as_of": asked.as_of.to_string(), "known_at": asked.known_at.to_string(),
    });
    if let Some(next) = safety.plans.iter().find(|plan| plan.from > asked.as_of) {
        answer["next"] = shown(next);
    }
    Some(answer)
}

fn shown(plan: &Plan) -> Value {
    let or_none = |member: &str, none: Value| plan.says.get(member).cloned().unwrap_or(none);
    let mut shown = json!({
        "event_id": plan.id, "in_force_from": plan.from.to_string(),
        "channels": or_none("channels", json!({})), "may_be_told": or_none("may_be_told", json!([])),
    });
    for (name, value) in
        [("otherwise", plan.says.get("otherwise")), ("narrative", plan.words.as_ref())]
    {
        if let Some(value) = value {
            shown[name] = value.clone();
        }
    }
    shown
}

/// What `GET /v1/contact-overrides` answers, of the programme `mrp` alone.
pub(crate) fn overrides(log: &[Posted], asked: &Asked) -> Value {
    let mut rows: Vec<(Timestamp, String, String, Value)> = Vec::new();
    for case in cases(log) {
        if State::at(log, case, asked).referral.is_none() {
            continue;
        }
        let safety = Safety::of(log, case, asked);
        let mut worker = Value::Null;
        for fact in facts(log, case, asked) {
            if ["CaseAllocated", "CaseHandedOver"].contains(&fact.posted.kind) {
                worker = fact.data["worker"].clone();
            }
            if fact.posted.kind != "ContactAttempted" || !fact.data["override_reason"].is_string() {
                continue;
            }
            let id = &fact.posted.event_id;
            let mut row = json!({
                "case_id": case, "event_id": id, "programme": "mrp", "worker": worker,
                "occurred_at": fact.at.to_string(), "precision": fact.precision,
                "channel": fact.data["channel"], "override_reason": fact.data["override_reason"],
            });
            let (told, reason, rests_on) =
                safety.standing(fact.data["channel"].as_str().unwrap(), fact.at);
            if told == "unsafe" {
                row["objection"] = json!(if reason == "on_hold" { "hold" } else { "plan" });
                row["objection_id"] = json!(rests_on);
            }
            rows.push((fact.at, case.to_owned(), id.clone(), row));
        }
    }
    rows.sort_by(|a, b| (&b.0, &b.1, &b.2).cmp(&(&a.0, &a.1, &a.2)));
    let rows: Vec<Value> = rows.into_iter().map(|(.., row)| row).collect();
    let mut answer = json!({"overrides": rows, "from": null, "to": null});
    answer.as_object_mut().unwrap().extend(asked.echo());
    answer
}
