//! Every command on a case, with a body that is right: what tests of refusals vary.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cases::Facts;

/// A command on a case that is open.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) method: Method,
    /// Below the case, with `{event_id}` for a fact, `{request_id}` for an information request,
    /// and so on.
    pub(crate) path: &'static str,
    /// Whether it is a step of the lifecycle, which needs `If-Match`.
    pub(crate) is_step: bool,
    /// A body with every member of its own.
    pub(crate) body: Value,
}

impl Command {
    /// The whole path, for one case and what the command is about.
    pub(crate) fn url(&self, case: &str, facts: &Facts) -> String {
        format!("/v1/cases/{case}/{}", facts.fill(self.path))
    }

    /// Who may give it: a role that may give most of them.
    pub(crate) fn role(&self) -> &'static str {
        if self.path.ends_with("{proposal_id}/refusal") { "team_manager" } else { "caseworker" }
    }

    /// The path as the description has it.
    pub(crate) fn described(&self) -> String {
        format!("/v1/cases/{{case_id}}/{}", self.path)
    }
}

/// Every command there is, except the referral, which begins a case.
pub(crate) fn all() -> Vec<Command> {
    let command = |is_step| {
        move |(path, body)| {
            let method = if path == "safe-contact-plan" { Method::PUT } else { Method::POST };
            Command { method, path, is_step, body }
        }
    };
    let facts = work().into_iter().chain(requests()).chain(safe_contact()).chain(amendments());
    steps().into_iter().map(command(true)).chain(facts.map(command(false))).collect()
}

/// The command with this path.
#[track_caller]
pub(crate) fn at(path: &str) -> Command {
    let found = all().into_iter().find(|command| command.path == path);
    found.unwrap_or_else(|| panic!("no command at {path}"))
}

fn steps() -> Vec<(&'static str, Value)> {
    vec![
        ("acceptance", json!({"reason": "meets_criteria", "decided_by": "m-eve"})),
        ("decline", json!({"reason": "no_capacity", "decided_by": "m-eve"})),
        ("waitlisting", json!({"reason": "full", "decided_by": "m-eve"})),
        (
            "allocations",
            json!({"worker": "w-ann", "team": "north", "location": "hub", "reason": "language"}),
        ),
        (
            "handovers",
            json!({
                "worker": "w-ben", "team": "south", "location": "hub", "reason": "worker_left",
                "checklist": {"introduced_to_person": "done"},
                "contacts": [{"agency": "school", "role": "head"}],
            }),
        ),
        ("closure", json!({"reason": "goals_met", "evidence": [], "approver": "m-eve"})),
        ("reopening", json!({"reason": "new_incident"})),
    ]
}

fn work() -> Vec<(&'static str, Value)> {
    vec![
        (
            "contact-attempts",
            json!({
                "channel": "phone", "outcome": "reached", "direction": "outgoing",
                "duration_min": 20, "purpose": "safety_planning", "location": "home",
                "joint_with": "police", "override_reason": "immediate_danger",
            }),
        ),
        (
            "risk-assessments",
            json!({
                "instrument": "dash-safelives/2009", "answers": {"q1": "yes"},
                "judgement_level": "high", "level": "high", "assessor_role": "idva",
                "source_organisation": "womens-aid", "own_view": "agrees", "stage": "intake",
            }),
        ),
        (
            "agency-actions",
            json!({
                "agency": "police", "action": "welfare_check", "work": "direct",
                "purpose": "safeguarding", "outcome": "done",
            }),
        ),
        (
            "measures",
            json!({
                "instrument": "abuse-severity/1", "stage": "intake", "recorded_by": "idva",
                "values": {"physical": "high", "incidents": 3, "sexual": {"missing": "declined"}},
            }),
        ),
        ("needs", json!({"need": "housing", "severity": "high", "source": "self"})),
        ("needs/{need_id}/resolution", json!({"outcome": "met"})),
        ("transfers", json!({"area": "south", "reason": "moved"})),
        ("placements", json!({"kind": "home", "from": "home_1", "to": "home_2", "reason": "age"})),
        ("reviews", json!({"stage": "review", "next_due": "2099-01-01T00:00:00Z"})),
        ("closure-proposals", json!({"reason": "goals_met", "evidence": []})),
        ("closure-proposals/{proposal_id}/refusal", json!({"reason": "too_early"})),
        (
            "support",
            json!({
                "kind": "practical", "need": "housing", "programme_status": "started",
                "skill": "budgeting",
            }),
        ),
        (
            "incidents",
            json!({
                "kind": "crime", "source": "police", "offence_group": "assault",
                "police_outcome": "caution", "reported_at": "2024-02-01T10:00:00Z",
            }),
        ),
        (
            "multi-agency-referrals",
            json!({"forum": "marac", "criterion": "repeat", "rule": "notts-repeat/1"}),
        ),
        (
            "orders",
            json!({
                "kind": "non_molestation_order", "from": "2024-02-01", "to": "2025-02-01",
                "helped_to_obtain": true,
            }),
        ),
        (
            "child-protection-statuses",
            json!({"from": "child_in_need", "to": "child_protection_plan", "children": 2}),
        ),
    ]
}

fn requests() -> Vec<(&'static str, Value)> {
    vec![
        (
            "information-requests",
            json!({
                "agency": "housing", "what": "tenancy", "due_at": "2099-01-01T00:00:00Z",
                "lawful_basis": "public_task",
            }),
        ),
        ("information-requests/{request_id}/chases", json!({})),
        ("information-requests/{request_id}/escalations", json!({"to": "head_of_service"})),
        ("information-requests/{request_id}/response", json!({})),
        ("information-requests/{request_id}/refusal", json!({"reason": "no_consent"})),
    ]
}

fn safe_contact() -> Vec<(&'static str, Value)> {
    let evenings = json!({"days": ["monday"], "from": "18:00", "until": "20:00"});
    vec![
        (
            "safe-contact-plan",
            json!({
                "channels": {"phone": {
                    "safety": "conditions", "hours": [evenings], "third_party": "sister",
                }},
                "otherwise": "unsafe", "may_be_told": ["gp"],
                "in_force_from": "2024-01-12T09:00:00Z",
            }),
        ),
        ("contact-holds", json!({"reason": "planned_or_pending"})),
        ("contact-holds/{hold_id}/lifting", json!({})),
    ]
}

fn amendments() -> Vec<(&'static str, Value)> {
    vec![
        (
            "events/{event_id}/correction",
            json!({"reason": "misheard", "replacement": {"outcome": "no_answer"}}),
        ),
        ("events/{event_id}/retraction", json!({"reason": "another person"})),
    ]
}
