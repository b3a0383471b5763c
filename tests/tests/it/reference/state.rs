//! A case at two dates.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Asked, Posted, facts, known};

/// `mrp`: days without being reached until a case is dormant, and between reviews.
const MRP_DAYS: i64 = 90;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) referral: Option<(Value, Timestamp)>,
    pub(super) status: &'static str,
    pub(super) episodes: Vec<Timestamp>,
    pub(super) worker: Option<Value>,
    pub(super) team: Option<Value>,
    pub(super) risk: Option<Value>,
    pub(super) assessed_at: Option<Timestamp>,
    /// When the latest review was, and when it says the next is due.
    reviewed: Option<(Timestamp, Option<Timestamp>)>,
    pub(super) attempts: u32,
    pub(super) reached: u32,
    pub(super) last_attempt_at: Option<Timestamp>,
    pub(super) last_reached_at: Option<Timestamp>,
    pub(super) requests: Vec<String>,
    pub(super) area: Option<Value>,
    placement: Option<Value>,
    proposal: Option<String>,
    needs: Vec<(String, Value)>,
    /// Ids of needs that were resolved and of holds that were lifted.
    ended: Vec<Value>,
    holds: Vec<(String, Value, Timestamp)>,
}

impl State {
    pub(super) fn at(log: &[Posted], case: &str, asked: &Asked) -> Self {
        let mut state = Self::default();
        for fact in facts(log, case, asked) {
            state.take(fact.posted, fact.at, fact.data);
        }
        state
    }

    pub(super) fn take(&mut self, posted: &Posted, at: Timestamp, data: &Value) {
        self.status = match posted.kind {
            "ReferralReceived" => "referred",
            "ReferralWaitlisted" => "waiting",
            "ReferralAccepted" => "accepted",
            "CaseAllocated" | "CaseHandedOver" | "CaseReopened" => "open",
            "CaseClosed" => "closed",
            _ => self.status,
        };
        match posted.kind {
            "ReferralReceived" => {
                self.referral = Some((data.clone(), at));
                self.area = Some(data["area"].clone());
                self.episodes.push(at);
            }
            "CaseReopened" => self.episodes.push(at),
            "CaseTransferred" => self.area = Some(data["area"].clone()),
            "PlacementChanged" => self.placement = data.get("to").cloned(),
            "ClosureProposed" => self.proposal = Some(posted.event_id.clone()),
            "ClosureRefused" if self.proposal.as_ref().is_some_and(|p| data["proposal"] == *p) => {
                self.proposal = None;
            }
            "CaseClosed" => self.proposal = None,
            "NeedIdentified" => self.needs.push((posted.event_id.clone(), data["need"].clone())),
            "NeedResolved" => self.ended.push(data["need"].clone()),
            "ContactHeld" => {
                self.holds.push((posted.event_id.clone(), data["reason"].clone(), at));
            }
            "ContactHoldLifted" => self.ended.push(data["hold"].clone()),
            "CaseAllocated" | "CaseHandedOver" => {
                self.worker = Some(data["worker"].clone());
                self.team = data.get("team").cloned();
            }
            "RiskAssessed" => {
                self.assessed_at = Some(at);
                self.risk = Some(json!({
                    "level": data["level"], "assessed_at": at.to_string(),
                    "instrument": data["instrument"], "assessor_role": data["assessor_role"],
                    "event_id": posted.event_id, "rule": "latest-assessment/1",
                    "rests_on": [posted.event_id],
                }));
            }
            "ReviewCompleted" => {
                let due = data.get("next_due").and_then(Value::as_str);
                self.reviewed = Some((at, due.map(|due| due.parse().unwrap())));
            }
            "ContactAttempted" => {
                self.attempts += 1;
                self.last_attempt_at = self.last_attempt_at.max(Some(at));
                if data["outcome"] == "reached" {
                    self.reached += 1;
                    self.last_reached_at = self.last_reached_at.max(Some(at));
                }
            }
            "InformationRequested" => self.requests.push(posted.event_id.clone()),
            "InformationReceived" => self.requests.retain(|r| data["request"] != *r),
            _ => {}
        }
    }

    fn since(&self, latest: Option<Timestamp>) -> Option<Timestamp> {
        let since = latest.max(self.episodes.last().copied())?;
        (self.status == "open").then(|| since + SignedDuration::from_hours(24 * MRP_DAYS))
    }

    pub(super) fn dormant_from(&self) -> Option<Timestamp> {
        self.since(self.last_reached_at)
    }

    pub(super) fn review_due(&self) -> Option<Timestamp> {
        let began = self.episodes.last().copied()?;
        let reviewed = self.reviewed.filter(|(at, _)| began <= *at);
        let by_schedule = self.since(self.assessed_at.max(reviewed.map(|(at, _)| at)));
        let by_hand = reviewed.and_then(|(_, due)| due);
        if self.status == "open" { by_hand.or(by_schedule) } else { None }
    }
}

/// What `GET /v1/cases/{id}` answers; none for 404.
pub(crate) fn case(log: &[Posted], case: &str, asked: &Asked) -> Option<Value> {
    let last = *known(log, case, asked).last()?;
    let state = State::at(log, case, asked);
    let (referral, referred_at) = state.referral?;
    let engagement = match state.reached {
        0 => "none",
        1 | 2 => "sporadic",
        _ => "engaged",
    };
    let goes_on = |id: &String| !state.ended.iter().any(|ended| ended == id);
    let needs = state.needs.iter().filter(|(id, _)| goes_on(id));
    let needs: Vec<Value> = needs.map(|(id, need)| json!({"need_id": id, "need": need})).collect();
    let holds = state.holds.iter().filter(|(id, ..)| goes_on(id));
    let holds: Vec<Value> = holds
        .map(|(id, reason, at)| json!({"hold_id": id, "reason": reason, "since": at.to_string()}))
        .collect();
    let mut answer = json!({
        "contact_holds": holds, "open_needs": needs,
        "case_id": case, "person_id": referral["person_id"], "programme": referral["programme"],
        "role": referral["role"], "area": state.area, "source": referral["source"],
        "referred_at": referred_at.to_string(), "status": state.status,
        "episode": state.episodes.len(), "risk": state.risk,
        "engagement": {"level": engagement, "rule": "mrp-engagement/1"},
        "contacts": {
            "attempts": state.attempts, "reached": state.reached,
            "last_attempt_at": state.last_attempt_at.map(|at| at.to_string()),
            "last_reached_at": state.last_reached_at.map(|at| at.to_string()),
        },
        "open_information_requests": state.requests.len(),
        "version": last.version, "position": last.position,
    });
    let members = answer.as_object_mut().unwrap();
    members.extend(asked.echo());
    let proposal = state.proposal.map(Value::from);
    for (name, value) in [
        ("worker", state.worker),
        ("team", state.team),
        ("placement", state.placement),
        ("closure_proposal", proposal),
    ] {
        members.extend(value.map(|value| (name.to_owned(), value)));
    }
    Some(answer)
}
