//! One case at two dates, as a row.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use throughline_domain::case::{CaseEvent, CaseStatus};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CaseRole, Engagement, RiskLevel};
use throughline_domain::ids::{CaseId, Version};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;
use throughline_domain::rules::case_risk::{CaseRisk, case_risk};
use throughline_domain::rules::{CaseView, dormant, engagement, review_due};
use throughline_domain::two_clocks::Asked;

/// One case at two dates: the columns, in their order.
#[derive(Debug, Serialize)]
pub(super) struct CaseRow {
    pub(super) case_id: CaseId,
    programme: Code,
    role: CaseRole,
    area: Code,
    #[serde(serialize_with = "status")]
    status: CaseStatus,
    episode: usize,
    worker: Option<Code>,
    risk_level: Option<RiskLevel>,
    risk_assessed_at: Option<Timestamp>,
    engagement: Engagement,
    attempts: u32,
    reached: u32,
    last_attempt_at: Option<Timestamp>,
    last_reached_at: Option<Timestamp>,
    dormant: bool,
    review_due: Option<Timestamp>,
    open_information_requests: usize,
    version: Version,
}

/// The names of the columns, for a file without rows.
pub(super) const COLUMNS: [&str; 18] = [
    "case_id",
    "programme",
    "role",
    "area",
    "status",
    "episode",
    "worker",
    "risk_level",
    "risk_assessed_at",
    "engagement",
    "attempts",
    "reached",
    "last_attempt_at",
    "last_reached_at",
    "dormant",
    "review_due",
    "open_information_requests",
    "version",
];

impl CaseRow {
    /// The row of a case; `None` where no referral is in view at the dates, or its definition is not
    /// known.
    pub(super) fn at(
        case_id: CaseId,
        history: &[Recorded<CaseEvent>],
        asked: &Asked,
        programmes: &Programmes,
    ) -> Option<Self> {
        let view = CaseView::at(history, asked, |referral| programmes.of_referral(referral))?;
        let (state, programme) = (&view.state, &view.programme);
        let known = history.partition_point(|event| event.recorded_at <= asked.known_at);
        let version = history[..known].last().map(|event| event.version)?;
        let referral = state.referral.as_ref()?;
        let risk = case_risk(state, programme);
        Some(Self {
            case_id,
            programme: referral.programme.clone(),
            role: referral.role,
            area: referral.area.clone(),
            status: state.status,
            episode: state.episode(),
            worker: state.worker.clone(),
            risk_level: risk.as_ref().map(CaseRisk::level),
            risk_assessed_at: risk.as_ref().map(|risk| risk.deciding.occurred.at),
            engagement: engagement::by_programme(&view).0,
            attempts: state.contacts.attempts,
            reached: state.contacts.reached,
            last_attempt_at: state.contacts.last_attempt_at,
            last_reached_at: state.contacts.last_reached_at,
            dormant: dormant::is_dormant(state, programme, asked.as_of),
            review_due: review_due::review_due(state, programme),
            open_information_requests: state.open_requests.len(),
            version,
        })
    }

    /// The programme that the case is in.
    pub(super) fn programme(&self) -> &Code {
        &self.programme
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn status<S: Serializer>(status: &CaseStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.as_str())
}
