//! What the derivation leaves out of a member: what it means, and that it may be null.
//!
//! A member whose schema is written by hand loses its doc comment and its `Option` on the way into
//! the description. What it means is said here, for whoever writes a client from the description
//! alone: where a code comes from, and what it is for.

use serde_json::Value;
use utoipa::openapi::schema::{OneOf, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// Completes every member of a component.
pub(super) fn complete(component: &str, schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these have members")]
    match schema {
        Schema::Object(object) => {
            let required = &object.required;
            for (name, member) in &mut object.properties {
                let RefOr::T(member) = member else { continue };
                describe(component, name, member);
                if !required.contains(name) {
                    allow_null(member);
                }
            }
        }
        Schema::AllOf(parts) => parts.items.iter_mut().for_each(|part| complete(component, part)),
        _ => {}
    }
}

/// A member that can be left out can be null as well: requests are read so, and answers have either.
fn allow_null(member: &mut Schema) {
    let Schema::Object(object) = member else { return };
    if object.schema_type != SchemaType::Type(Type::String) {
        return;
    }
    object.schema_type = [Type::String, Type::Null].into_iter().collect();
    if let Some(codes) = &mut object.enum_values {
        codes.push(Value::Null);
    }
}

fn describe(component: &str, name: &str, member: &mut Schema) {
    let Some(description) = description_of(member) else { return };
    let list = description.as_deref().filter(|text| text.starts_with("Code list "));
    if description.is_some() && list.is_none() {
        return;
    }
    let Some(meaning) = meaning(component, name) else { return };
    *description = Some(match list {
        Some(list) => format!("{meaning} {list}"),
        None => meaning.to_owned(),
    });
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only these are members without a description")]
fn description_of(member: &mut Schema) -> Option<&mut Option<String>> {
    match member {
        Schema::Object(object) => Some(&mut object.description),
        Schema::Array(array) => Some(&mut array.description),
        Schema::OneOf(OneOf { description, .. }) => Some(description),
        _ => None,
    }
}

/// What a member means: in one component, or in every one that has it.
fn meaning(component: &str, name: &str) -> Option<&'static str> {
    let is = |(within, member, _): &&(&str, &str, &str)| *within == component && *member == name;
    let of_all = |(within, member, _): &&(&str, &str, &str)| within.is_empty() && *member == name;
    let found = MEANINGS.iter().find(is).or_else(|| MEANINGS.iter().find(of_all));
    found.map(|(_, _, meaning)| *meaning)
}

/// By component, or in any, and member.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("", "age_years", "Why the age is missing. Given only where the age is not."),
    (
        "",
        "incidents_12_months",
        "Why the number of incidents is missing. Given only where the number is not.",
    ),
    (
        "",
        "latest_incident_at",
        "Why the latest incident is missing. Given only where the incident is not.",
    ),
    ("", "arm", "The arm of the trial, one of those in the programme's definition."),
    ("", "disclosed", "The seed and all draws; absent until the schedule is closed."),
    ("", "edition", "An edition of `GET /v1/editions`."),
    ("EditionBody", "edition", "The name that it is to be known by, for good."),
    ("", "end_reason", "Why it ended; absent while it goes on."),
    ("", "seed", "The seed, in hexadecimal digits."),
    ("ScheduleBody", "seed", "The seed, in hexadecimal digits. Left out, one is drawn."),
    (
        "",
        "seed_commitment",
        "SHA-256 of the seed, in hexadecimal digits: whoever kept it can hold the seed against it when the schedule is closed.",
    ),
    ("ScheduleAnswer", "status", "Whether cases can still be drawn from it."),
    ("ScheduleEntryAnswer", "status", "Whether cases can still be drawn from it."),
    (
        "ScheduleBody",
        "area",
        "The area that is drawn for separately, one of the `areas` of the programme's definition; left out, every area without a schedule of its own.",
    ),
    ("", "action", "What the agency did."),
    ("", "agency", "The agency."),
    ("", "answer", "What the rule says: as `GET /v1/rules` has it in `answers`."),
    (
        "",
        "answers",
        "By the keys of the questions that `GET /v1/instruments/{instrument}/{version}` has.",
    ),
    (
        "RuleAnswer",
        "answers",
        "What its answers are: true or false; a code; a list of codes; a whole number of days; or a moment. Null where it cannot be said.",
    ),
    ("", "approver", "Who approved it, as the subject of their token."),
    ("", "area", "One of the `areas` of the programme's definition."),
    ("", "areas", "The areas it works in, of those in the programme's definition."),
    (
        "",
        "assessor_role",
        "Who assessed, as a code of your own, such as `dva_worker` or `police_officer`.",
    ),
    ("", "basis", "Why the person may be erased."),
    ("", "channel", "How the person was, or is to be, reached."),
    (
        "",
        "checklist",
        "What became of each item of `handover_checklist` of the programme's definition.",
    ),
    ("", "cohort", "A cohort of `GET /v1/cohorts`."),
    ("CohortDefinedAnswer", "cohort", "The cohort."),
    ("FigureDifference", "then", "What was published; absent where there was none."),
    ("FigureDifference", "now", "What it is now; absent where there is none."),
    ("", "comparison", "What came of holding the rows against the log."),
    ("", "could_count", "The answers that could yet become a yes."),
    ("", "counted", "The answers that count as a yes."),
    ("", "criterion", "Why the forum was turned to."),
    (
        "",
        "current",
        "The spell that goes on at the date asked about; absent when the case is in no episode, or was never assessed.",
    ),
    ("", "days", "How long, of those known; absent where there are none."),
    ("PlannedHours", "days", "The days of the week; every day, where none are given."),
    ("SafeHoursBody", "days", "The days of the week; every day, where none are given."),
    (
        "",
        "days_to_answer",
        "From the request to its answer, of those answered; absent where there are none.",
    ),
    ("", "decided_by", "Who decided, as the subject of their token."),
    ("", "decision", "What was decided."),
    ("", "decline_reason", "Why they were declined."),
    (
        "",
        "direction",
        "Who turned to whom: outgoing when the service tried to reach the person. Default: outgoing.",
    ),
    ("", "errors", "The fields at fault, at most a hundred."),
    ("", "forum", "The forum."),
    ("ChildProtectionStatusBody", "from", "The status before, as a code of your own."),
    (
        "PlacementBody",
        "from",
        "The placement before: the `id` of a location of the programme's definition, or a code of your own.",
    ),
    ("", "from", "The first time of day that is safe."),
    (
        "",
        "instrument",
        "The name and version, as `id` of `GET /v1/instruments` has it: `dash-safelives/2009`.",
    ),
    ("", "joint_with", "The agency with whom it was made."),
    (
        "",
        "judgement_level",
        "The level by the assessor's own judgement, which may raise what the answers come to and never lowers it.",
    ),
    ("", "kind", "What kind it is."),
    ("OrderBody", "kind", "What kind it is, as a code of your own, such as `non_molestation`."),
    ("PlacementBody", "kind", "What kind it is, as a code of your own, such as `home`."),
    ("", "lawful_basis", "On what basis it was asked for, as a code of your own."),
    ("", "level", "The level."),
    (
        "RiskAssessmentBody",
        "level",
        "The resulting level, where only that is known; left out where the instrument has a rule that makes it of the answers.",
    ),
    (
        "",
        "level_rule",
        "How the answers make a level; absent where the assessor's own level is recorded.",
    ),
    ("", "live", "The build that readers are answered from."),
    (
        "",
        "location",
        "Where: the `id` of a location of the programme's definition, or a code of your own.",
    ),
    (
        "",
        "may_be_told",
        "Who may be told that the service is in touch with the person, as codes of your own.",
    ),
    ("", "need", "What the person needs help with."),
    ("SupportBody", "need", "The need that it answers."),
    ("", "next", "The plan that comes into force next; absent where there is none."),
    ("", "objection", "What spoke against it."),
    ("", "offence_group", "The group of offences, as a code of your own."),
    (
        "",
        "otherwise",
        "What holds of the channels that the plan does not name; absent where nothing is said of them.",
    ),
    ("", "outcome", "What came of it."),
    ("AgencyActionBody", "outcome", "What came of it, as a code of your own."),
    (
        "",
        "override_reason",
        "Why the person was turned to although a plan for safe contact, or a hold, spoke against it. Given only then.",
    ),
    ("", "own_view", "The person's own view of the level."),
    ("", "plan", "The plan in force; absent where there is none."),
    ("", "police_outcome", "What the police made of it."),
    ("", "precision", "How exactly the time is known. Default: instant."),
    ("", "programme", "A programme of `GET /v1/programmes`."),
    (
        "TeamBody",
        "programme",
        "The programme that it works in, of `GET /v1/programmes`; left out where it works in several.",
    ),
    (
        "",
        "programme_status",
        "Where the person stands in the group or programme that it is part of.",
    ),
    ("", "projection", "Which projection. Default: all."),
    ("AgencyActionBody", "purpose", "What it was for."),
    ("", "purpose", "What it was for, as a code of your own."),
    (
        "",
        "questions",
        "The questions, each by the name of its table; what else it has depends on that.",
    ),
    ("", "reading", "How corrections are read."),
    ("", "reason", "Why."),
    ("AcceptanceBody", "reason", "Why, as a code of your own."),
    (
        "AllocationBody",
        "reason",
        "Why this worker, as a code of your own. Needed with `over_capacity`.",
    ),
    ("ClosureRefusalBody", "reason", "Why, as a code of your own."),
    ("ClosureBody", "reason", "Why: one of `closure.reasons` of the programme's definition."),
    (
        "ClosureProposalBody",
        "reason",
        "Why: one of `closure.reasons` of the programme's definition.",
    ),
    ("DepartureBody", "reason", "Why, as a code of your own."),
    ("DissolutionBody", "reason", "Why, as a code of your own."),
    ("HandoverBody", "reason", "Why, as a code of your own. Needed with `over_capacity`."),
    ("PlacementBody", "reason", "Why, as a code of your own."),
    ("RefusalBody", "reason", "Why, as a code of your own."),
    ("ReopeningBody", "reason", "Why, as a code of your own."),
    ("TransferBody", "reason", "Why, as a code of your own."),
    ("WaitlistingBody", "reason", "Why, as a code of your own."),
    ("", "recorded_by", "Who took it down, as a code of your own, such as `case_manager`."),
    ("", "reference", "What others know the hold by, as a code of your own."),
    ("", "results", "Who was in the cohort, and the tables."),
    ("", "risk", "The level of risk; absent where nobody has assessed it."),
    ("", "risk_level", "The level of risk; null where nobody has assessed it."),
    ("", "role", "Whose case it is."),
    ("JoiningBody", "role", "Their part in the team, as a code of your own, such as `mrp_worker`."),
    (
        "PassedContactBody",
        "role",
        "Their part there, as a code of your own, such as `social_worker`.",
    ),
    (
        "ReferralBody",
        "role",
        "Whose case it is to be: one of the `roles` of the programme's definition.",
    ),
    (
        "",
        "rule",
        "The rule that the criterion was judged by, with its version, as `GET /v1/rules` has it.",
    ),
    ("", "safety", "Whether it is safe."),
    ("", "severity", "How severe it is."),
    ("", "skill", "The skill that was learnt, as a code of your own."),
    ("", "source", "Where it comes from."),
    ("IncidentBody", "source", "Who reported it, as a code of your own, such as `police`."),
    ("NeedBody", "source", "Who named it, as a code of your own, such as `client`."),
    (
        "",
        "source_organisation",
        "The organisation that the assessment comes from, as a code of your own.",
    ),
    ("", "stage", "One of the `stages` of the programme's definition."),
    ("", "standing", "Whether the person can be reached so."),
    ("", "status", "Where the case stands."),
    ("Problem", "status", "The status of the answer."),
    ("", "step", "How long a step is."),
    ("", "team", "The team, as `GET /v1/teams` has it."),
    ("TeamBody", "team", "The code that the team is known by from now on."),
    ("", "third_party", "Through whom alone it is safe, as a code of your own."),
    ("", "title", "The same in one sentence, the same for every problem of the type."),
    ("", "to", "The status from now on, as a code of your own."),
    ("EscalationBody", "to", "To whom, as a code of your own, such as `team_manager`."),
    (
        "PlacementBody",
        "to",
        "The placement from now on: the `id` of a location of the programme's definition, or a code of your own.",
    ),
    ("", "trace_id", "The request's trace, for whoever looks for the cause."),
    ("", "type", "The type, a URN that does not change: what a program goes by."),
    ("", "until", "The first time of day that is not safe any more."),
    (
        "",
        "values",
        "By the keys of the dimensions that `GET /v1/instruments/{instrument}/{version}` has: a code or a number, or why there is none.",
    ),
    ("", "what", "What is asked for, as a code of your own."),
    ("", "whole", "The whole numbers it takes; absent where it takes codes."),
    ("", "with", "The other edition; with it no date is given."),
    ("", "work", "Whether it was work with the person, or with others about them."),
    ("", "worker", "The worker, as the subject of their token and as `GET /v1/workers` has it."),
];

#[cfg(test)]
mod tests {
    use serde_json::Value;

    /// Visits every member of every component: its component, its name, its schema, and whether
    /// it is required.
    fn for_every_member(mut visit: impl FnMut(&str, &str, &Value, bool)) {
        fn within(
            component: &str,
            schema: &Value,
            visit: &mut impl FnMut(&str, &str, &Value, bool),
        ) {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                visit(component, name, member, required.contains(&name.as_str().into()));
            }
            for part in schema["allOf"].as_array().into_iter().flatten() {
                within(component, part, visit);
            }
        }
        let description = serde_json::to_value(super::super::describe()).unwrap();
        for (component, schema) in description["components"]["schemas"].as_object().unwrap() {
            within(component, schema, &mut visit);
        }
    }

    #[test]
    fn every_member_says_what_it_means() {
        let mut silent = Vec::new();
        for_every_member(|component, name, member, _| {
            let text = member["description"].as_str().unwrap_or_default();
            let refers = member.get("$ref").is_some();
            if !refers && (text.is_empty() || text.starts_with("Code list ")) {
                silent.push(format!("{component}.{name}"));
            }
        });
        assert!(silent.is_empty(), "{silent:?}");
    }

    /// A caseload with a case that nobody assessed was answered with a null that the description
    /// did not have.
    #[test]
    fn a_code_that_can_be_left_out_can_be_null() {
        let mut strict = Vec::new();
        for_every_member(|component, name, member, is_required| {
            let says_null =
                member["enum"].as_array().is_none_or(|codes| codes.contains(&Value::Null));
            if !is_required && (member["type"] == "string" || !says_null) {
                strict.push(format!("{component}.{name}"));
            }
        });
        let written_by_hand = ["ProgrammeDefinition.", "Problem."];
        strict.retain(|member| !written_by_hand.iter().any(|prefix| member.starts_with(prefix)));
        assert!(strict.is_empty(), "{strict:?}");
    }
}
