//! Whose case is it, and what does it wait for: one row per case.
//!
//! What depends on the date asked about (dormant, review overdue) is not stored as an answer: the
//! row says from when it holds, and the read compares.
//!
//! A caseload is a worker's open cases: an accepted case that nobody has yet is on none.

mod answer;
mod read;

use jiff::Timestamp;
use throughline_domain::case::{CaseEvent, CaseState, CaseStatus};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CaseRole, CodeList as _, RiskLevel};
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::rules::case_risk::{CaseRisk, RiskRule, case_risk};
use throughline_domain::rules::{dormant, review_due};
use throughline_domain::two_clocks::Asked;

use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};

pub use answer::{Answer, Caseload, Question, Totals, answer};
pub use read::{read, read_case};

/// The version of the fold and its table.
pub const VERSION: i32 = 2;

/// The table: one row a case, with the position of the case's latest event.
pub(crate) const TABLES: &[Table] = &[Table {
    name: "caseload_2",
    columns: &[
        Column::new("case_id", Kind::Uuid),
        Column::new("position", Kind::BigInt),
        Column::new("programme", Kind::Text),
        Column::new("role", Kind::Text),
        Column::new("area", Kind::Text),
        Column::new("status", Kind::Text),
        Column::new("episode", Kind::Int),
        Column::new("opened_at", Kind::Time),
        Column::new("worker", Kind::Text),
        Column::new("team", Kind::Text),
        Column::new("risk_level", Kind::Text),
        Column::new("risk_assessed_at", Kind::Time),
        Column::new("risk_rule", Kind::Text),
        Column::new("attempts", Kind::Int),
        Column::new("reached", Kind::Int),
        Column::new("last_attempt_at", Kind::Time),
        Column::new("last_reached_at", Kind::Time),
        Column::new("dormant_from", Kind::Time),
        Column::new("review_due", Kind::Time),
        Column::new("open_information_requests", Kind::Int),
    ],
    key: 1,
}];

/// One case, as a caseload shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseloadRow {
    /// The case.
    pub case_id: CaseId,
    /// The programme.
    pub programme: Code,
    /// Whom the case is about.
    pub role: CaseRole,
    /// The programme's area.
    pub area: Code,
    /// Where the case stands.
    pub status: CaseStatus,
    /// The number of the present episode, from 1.
    pub episode: u32,
    /// When the present episode began.
    pub opened_at: Timestamp,
    /// The worker who has, or last had, the case.
    pub worker: Option<Code>,
    /// Their team.
    pub team: Option<Code>,
    /// The level of risk, by the rule that the case's definition names.
    pub risk_level: Option<RiskLevel>,
    /// When the assessment was made whose level it is.
    pub risk_assessed_at: Option<Timestamp>,
    /// The rule that found the level.
    pub risk_rule: Option<RiskRule>,
    /// How many attempts to reach the person were made.
    pub attempts: u32,
    /// How many of them reached the person.
    pub reached: u32,
    /// When the latest attempt was made.
    pub last_attempt_at: Option<Timestamp>,
    /// When the person was last reached.
    pub last_reached_at: Option<Timestamp>,
    /// When the case falls dormant unless the person is reached; `None` for a case not open.
    pub dormant_from: Option<Timestamp>,
    /// When the next review is due; `None` for a case not open, or without a schedule.
    pub review_due: Option<Timestamp>,
    /// How many information requests wait for an answer.
    pub open_information_requests: u32,
}

/// The row of a case at the dates at which its state was folded; `None` when no referral was in
/// view then, or its definition is not among `programmes`
/// ([`Programmes::first_unknown`] tells which case that is).
#[must_use]
pub fn row(case_id: CaseId, state: &CaseState, programmes: &Programmes) -> Option<CaseloadRow> {
    let referral = state.referral.as_ref()?;
    let programme = programmes.of_referral(referral)?;
    let risk = case_risk(state, &programme);
    Some(CaseloadRow {
        case_id,
        programme: referral.programme.clone(),
        role: referral.role,
        area: state.area.clone()?,
        status: state.status,
        episode: count(state.episode()),
        opened_at: state.episode_started_at()?,
        worker: state.worker.clone(),
        team: state.team.clone(),
        risk_level: risk.as_ref().map(CaseRisk::level),
        risk_assessed_at: risk.as_ref().map(|risk| risk.deciding.occurred.at),
        risk_rule: risk.as_ref().map(|risk| risk.rule),
        attempts: state.contacts.attempts,
        reached: state.contacts.reached,
        last_attempt_at: state.contacts.last_attempt_at,
        last_reached_at: state.contacts.last_reached_at,
        dormant_from: dormant::dormant_from(state, &programme),
        review_due: review_due::review_due(state, &programme),
        open_information_requests: count(state.open_requests.len()),
    })
}

impl CaseloadRow {
    fn cells(&self, position: Position) -> Row {
        vec![
            self.case_id.0.into(),
            Cell::BigInt(position.0),
            (&self.programme).into(),
            self.role.as_str().into(),
            (&self.area).into(),
            self.status.as_str().into(),
            Cell::count(self.episode),
            self.opened_at.into(),
            Cell::opt(self.worker.as_ref()),
            Cell::opt(self.team.as_ref()),
            Cell::opt(self.risk_level.map(RiskLevel::as_str)),
            Cell::opt(self.risk_assessed_at),
            Cell::opt(self.risk_rule.map(RiskRule::as_str)),
            Cell::count(self.attempts),
            Cell::count(self.reached),
            Cell::opt(self.last_attempt_at),
            Cell::opt(self.last_reached_at),
            Cell::opt(self.dormant_from),
            Cell::opt(self.review_due),
            Cell::count(self.open_information_requests),
        ]
    }

    /// Whether the case is dormant at `as_of` (`dormant/1`).
    #[must_use]
    pub fn is_dormant_at(&self, as_of: Timestamp) -> bool {
        self.dormant_from.is_some_and(|from| as_of >= from)
    }

    /// Whether the review that was due had not taken place by `as_of` (`review-due/2`).
    #[must_use]
    pub fn is_review_overdue_at(&self, as_of: Timestamp) -> bool {
        self.review_due.is_some_and(|due| as_of > due)
    }
}

/// The case's row of the present; none when no referral is in view.
pub(crate) fn rows(
    case_id: CaseId,
    history: &[Recorded<CaseEvent>],
    programmes: &Programmes,
) -> Vec<Vec<Row>> {
    let row = row(case_id, &CaseState::at(history, &Asked::LATEST), programmes);
    let position = history.last().map_or(Position(0), |latest| latest.position);
    vec![row.iter().map(|row| row.cells(position)).collect()]
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
