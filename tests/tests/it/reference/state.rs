//! A case at two dates.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::definition::Definition;
use super::reviews::Reviews;
use super::risk::Assessed;
use super::{Asked, Entry, Posted, facts, known};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) referral: Option<(Value, Timestamp)>,
    pub(super) status: &'static str,
    pub(super) episodes: Vec<Timestamp>,
    pub(super) worker: Option<Value>,
    pub(super) team: Option<Value>,
    assessed: Assessed,
    reviews: Reviews,
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
            state.take(&fact);
        }
        state
    }

    pub(super) fn take(&mut self, fact: &Entry<'_>) {
        let Entry { posted, at, data, .. } = *fact;
        self.assessed.take(fact);
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
            "ReviewCompleted" => self.reviews.take(fact),
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

    /// The definition that the case was referred under.
    fn definition(&self) -> Definition {
        Definition::of(&self.referral.as_ref().unwrap().0)
    }

    /// The level of risk, and how it was found.
    pub(super) fn risk(&self) -> Option<Value> {
        self.assessed.risk(&self.definition())
    }

    pub(super) fn dormant_from(&self) -> Option<Timestamp> {
        let since = self.last_reached_at.max(self.episodes.last().copied())?;
        let days = self.definition().dormant_days;
        (self.status == "open").then(|| since + SignedDuration::from_hours(24 * days))
    }

    pub(super) fn review_due(&self) -> Option<Timestamp> {
        let began = *self.episodes.last()?;
        let due = || self.reviews.due(began, &self.assessed, &self.definition());
        (self.status == "open").then(due)
    }
}

/// What `GET /v1/cases/{id}` answers; none for 404.
pub(crate) fn case(log: &[Posted], case: &str, asked: &Asked) -> Option<Value> {
    let last = *known(log, case, asked).last()?;
    let state = State::at(log, case, asked);
    let (referral, referred_at) = state.referral.clone()?;
    let definition = state.definition();
    let engagement = match state.reached {
        reached if reached < definition.sporadic_from => "none",
        reached if reached < definition.engaged_from => "sporadic",
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
        "episode": state.episodes.len(), "risk": state.risk(),
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
