//! What became of the referrals: how many came, from whom, where, how they were decided, and how
//! long it took from the latest incident, and from the referral, until somebody tried to reach the
//! person and until they were reached.
//!
//! **A referral** is a case: a case begins with its one referral, and a person who is referred again
//! has another case. A case that is closed and reopened is not another referral, and an attempt of
//! a later episode may be its first. A referral is counted from the moment it is in view, whatever
//! was decided.
//!
//! **The decision** is the last in view, in the order of the reading: waiting, accepted or declined;
//! pending when there is none. What happens to the case afterwards does not change it.
//!
//! **The first attempt** is the earliest in view, in either direction (a person who turns to the
//! service has been reached), and **the first reach** is the earliest that reached the person. Where
//! dates are known to the day or the month alone, what ends a wait can stand before what began it:
//! that wait is no days long.
//!
//! **The criteria** are those that the referral says it was made under: a programme that changes them
//! midway is seen before and after, with why it declined.
//!
//! The stored row has the facts and their times. Nothing in it depends on the date asked about.

mod answer;
mod read;
#[cfg(test)]
mod tests;
mod waits;

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{
    CaseRole, CodeList as _, ContactOutcome, DeclineReason, ReferralSource,
};
use throughline_domain::ids::CaseId;
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::{self, Asked};

use crate::TouchedCase;
use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};

pub use answer::{
    Answer, CriteriaGroup, Decisions, Figures, Group, Pipeline, Question, REFERRALS_MAX,
};
pub use read::read;
pub use waits::{Wait, Waits};

/// The version of the fold and its table.
pub const VERSION: i32 = 2;
/// The table: one row a referral.
pub(crate) const TABLES: &[Table] = &[Table {
    name: "referral_pipeline_2",
    columns: &[
        Column::new("case_id", Kind::Uuid),
        Column::new("programme", Kind::Text),
        Column::new("programme_version", Kind::Int),
        Column::new("criteria_version", Kind::Int),
        Column::new("role", Kind::Text),
        Column::new("area", Kind::Text),
        Column::new("source", Kind::Text),
        Column::new("received_at", Kind::Time),
        Column::new("latest_incident_at", Kind::Time),
        Column::new("decision", Kind::Text),
        Column::new("decline_reason", Kind::Text),
        Column::new("decided_at", Kind::Time),
        Column::new("first_attempt_at", Kind::Time),
        Column::new("first_reached_at", Kind::Time),
    ],
    key: 1,
}];
/// The rule of what counts and how waits are measured.
pub const RULE: &str = "referral-pipeline/1";

/// One referral, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferralRow {
    /// The case that the referral opened.
    pub case_id: CaseId,
    /// The programme.
    pub programme: Code,
    /// The definition and the criteria that the referral was made under.
    pub criteria: Criteria,
    /// Whom the case is about.
    pub role: CaseRole,
    /// The programme's area.
    pub area: Code,
    /// Who referred.
    pub source: ReferralSource,
    /// When the referral was received.
    pub received_at: Timestamp,
    /// The latest incident known at referral.
    pub latest_incident_at: Option<Timestamp>,
    /// What was decided.
    pub decision: Decision,
    /// When it was accepted or declined.
    pub decided_at: Option<Timestamp>,
    /// When somebody first tried to reach the person.
    pub first_attempt_at: Option<Timestamp>,
    /// When the person was first reached.
    pub first_reached_at: Option<Timestamp>,
}

/// The criteria that a referral was made under: each version of a programme's definition has its
/// own, by version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Criteria {
    /// The version of the programme's definition.
    pub programme_version: u16,
    /// The version of its criteria; `None` where the referral was recorded before it said which.
    pub version: Option<u16>,
}

/// What was decided on a referral, in the order of a referral's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Nothing yet.
    Pending,
    /// On the waiting list.
    Waiting,
    /// Taken on.
    Accepted,
    /// Not taken on.
    Declined(DeclineReason),
}

impl Decision {
    /// The text stored and exchanged.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Declined(_) => "declined",
        }
    }

    /// Why the referral was declined, if it was.
    #[must_use]
    pub fn decline_reason(self) -> Option<DeclineReason> {
        match self {
            Self::Declined(reason) => Some(reason),
            Self::Pending | Self::Waiting | Self::Accepted => None,
        }
    }
}

/// The row of a case at the dates asked about; `None` when no referral was in view then.
///
/// `history` is in the order of recording.
#[must_use]
pub fn row(case_id: CaseId, history: &[Recorded<CaseEvent>], asked: &Asked) -> Option<ReferralRow> {
    let mut referral = None;
    let mut life = Life::default();
    for fact in two_clocks::facts(history, asked) {
        if let CaseEvent::ReferralReceived(facts) = fact.event {
            referral = Some((facts, fact.occurred.at));
        }
        life.take(fact.event, fact.occurred.at);
    }
    let (referral, received_at) = referral?;
    Some(ReferralRow {
        case_id,
        programme: referral.programme.clone(),
        criteria: Criteria {
            programme_version: referral.programme_version,
            version: referral.criteria_version,
        },
        role: referral.role,
        area: referral.area.clone(),
        source: referral.source,
        received_at,
        latest_incident_at: referral.latest_incident_at,
        decision: life.decision,
        decided_at: life.decided_at,
        first_attempt_at: life.first_attempt_at,
        first_reached_at: life.first_reached_at,
    })
}

/// The case's row of the present; none when no referral is in view.
pub(crate) fn rows(case_id: CaseId, history: &[Recorded<CaseEvent>]) -> Vec<Vec<Row>> {
    vec![row(case_id, history, &Asked::LATEST).iter().map(ReferralRow::cells).collect()]
}

/// Whether new events can change the case's row. An amendment may be of any fact.
pub(crate) fn is_touched(case: &TouchedCase<'_>) -> bool {
    case.new_events().iter().any(|e| {
        e.event.amends().is_some()
            || matches!(
                e.event,
                CaseEvent::ReferralReceived(_)
                    | CaseEvent::ReferralWaitlisted(_)
                    | CaseEvent::ReferralAccepted(_)
                    | CaseEvent::ReferralDeclined(_)
                    | CaseEvent::ContactAttempted(_)
            )
    })
}

impl ReferralRow {
    fn cells(&self) -> Row {
        vec![
            self.case_id.0.into(),
            (&self.programme).into(),
            Cell::Int(self.criteria.programme_version.into()),
            self.criteria.version.map_or(Cell::Null, |version| Cell::Int(version.into())),
            self.role.as_str().into(),
            (&self.area).into(),
            self.source.as_str().into(),
            self.received_at.into(),
            Cell::opt(self.latest_incident_at),
            self.decision.as_str().into(),
            Cell::opt(self.decision.decline_reason().map(DeclineReason::as_str)),
            Cell::opt(self.decided_at),
            Cell::opt(self.first_attempt_at),
            Cell::opt(self.first_reached_at),
        ]
    }
}

/// What has become of a referral so far.
struct Life {
    decision: Decision,
    decided_at: Option<Timestamp>,
    first_attempt_at: Option<Timestamp>,
    first_reached_at: Option<Timestamp>,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            decision: Decision::Pending,
            decided_at: None,
            first_attempt_at: None,
            first_reached_at: None,
        }
    }
}

impl Life {
    fn take(&mut self, event: &CaseEvent, at: Timestamp) {
        if let CaseEvent::ContactAttempted(attempt) = event {
            // In the order of recording a late fact comes after what happened later.
            earliest(&mut self.first_attempt_at, at);
            if attempt.outcome == ContactOutcome::Reached {
                earliest(&mut self.first_reached_at, at);
            }
        } else if let CaseEvent::ReferralWaitlisted(_) = event {
            (self.decision, self.decided_at) = (Decision::Waiting, None);
        } else if let CaseEvent::ReferralAccepted(_) = event {
            (self.decision, self.decided_at) = (Decision::Accepted, Some(at));
        } else if let CaseEvent::ReferralDeclined(facts) = event {
            (self.decision, self.decided_at) = (Decision::Declined(facts.reason), Some(at));
        }
    }
}

fn earliest(earliest: &mut Option<Timestamp>, at: Timestamp) {
    *earliest = Some(earliest.map_or(at, |known| known.min(at)));
}
