//! Where assessors, or the person, see the risk of a case differently, and how often they agree.
//!
//! **Compared** are the latest assessments of each assessor (a role in an organisation) within the
//! case's present or last episode, as [`throughline_domain::rules::risk_disagreement`] has it. A case
//! that nobody assessed in that episode is in no figure.
//!
//! **A pair** is two assessors of one case; it agrees when their levels are the same. A case with
//! three assessors has three pairs.

mod answer;
mod page;
mod read;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use throughline_domain::case::assessors::{Assessor, AssessorView};
use throughline_domain::case::{CaseEvent, CaseState, CaseStatus};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CaseRole, CodeList as _, OwnView, RiskLevel};
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::recorded::Recorded;
use throughline_domain::rules::risk_disagreement::{self, levels_differ, person_says};
use throughline_domain::two_clocks::Asked;

use crate::TouchedCase;
use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};

pub use answer::{Agreement, Answer, PAIRS_MAX, Pair, PersonSays, permille};
pub use page::{Page, PageAnswer, PageKey, PageQuestion};
pub use read::{read, read_page};

/// The version of the fold and its tables.
pub const VERSION: i32 = 1;
/// The rule of who is compared, and when they disagree.
pub const RULE: &str = risk_disagreement::RULE;
/// The tables: one row a case, and one row an assessor of it.
pub(crate) const TABLES: &[Table] = &[
    Table {
        name: "risk_disagreement",
        columns: &[
            Column::new("case_id", Kind::Uuid),
            Column::new("programme", Kind::Text),
            Column::new("role", Kind::Text),
            Column::new("area", Kind::Text),
            Column::new("status", Kind::Text),
            Column::new("since", Kind::Time),
            Column::new("levels_differ", Kind::Bool),
            Column::new("person_disagrees", Kind::Bool),
        ],
        key: 1,
    },
    Table {
        name: "risk_view",
        columns: &[
            Column::new("case_id", Kind::Uuid),
            Column::new("place", Kind::Int),
            Column::new("assessor_role", Kind::Text),
            Column::new("source_organisation", Kind::Text),
            Column::new("level", Kind::Text),
            Column::new("own_view", Kind::Text),
            Column::new("assessed_at", Kind::Time),
            Column::new("instrument", Kind::Text),
            Column::new("event_id", Kind::Uuid),
            Column::new("assessments", Kind::Int),
        ],
        key: 2,
    },
];

/// Which cases are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Cases of one programme only.
    pub programme: Option<&'a str>,
    /// Cases about one role only.
    pub role: Option<CaseRole>,
    /// Cases of one area only.
    pub area: Option<&'a str>,
    /// Cases that stand there only.
    pub status: Option<CaseStatus>,
}

/// A case whose risk somebody assessed, and what each assessor said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The case.
    pub case_id: CaseId,
    /// The programme.
    pub programme: Code,
    /// Whom the case is about.
    pub role: CaseRole,
    /// The programme's area that the case is in.
    pub area: Code,
    /// Where the case stands.
    pub status: CaseStatus,
    /// What is compared, by role and organisation; never empty.
    pub views: Vec<View>,
}

/// What one assessor said last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Who.
    pub assessor: Assessor,
    /// The level.
    pub level: RiskLevel,
    /// The person's own view of it.
    pub own_view: Option<OwnView>,
    /// When the assessment was made.
    pub assessed_at: Timestamp,
    /// With which instrument.
    pub instrument: Code,
    /// The assessment: the original fact, also where it was corrected.
    pub event_id: EventId,
    /// How many assessments they made in the case.
    pub assessments: u32,
}

/// Folds one case at the dates asked about; none when no referral was in view then, or nobody had
/// assessed the person in the episode.
#[must_use]
pub fn fold(case_id: CaseId, history: &[Recorded<CaseEvent>], asked: &Asked) -> Option<Comparison> {
    let state = CaseState::at(history, asked);
    let referral = state.referral.as_ref()?;
    let views: Vec<View> = risk_disagreement::compared(&state).into_iter().map(View::of).collect();
    if views.is_empty() {
        return None;
    }
    Some(Comparison {
        case_id,
        programme: referral.programme.clone(),
        role: referral.role,
        area: state.area.clone()?,
        status: state.status,
        views,
    })
}

/// The case's rows of the present.
pub(crate) fn rows(case_id: CaseId, history: &[Recorded<CaseEvent>]) -> Vec<Vec<Row>> {
    let Some(comparison) = fold(case_id, history, &Asked::LATEST) else {
        return vec![Vec::new(), Vec::new()];
    };
    let views = (1..).zip(&comparison.views);
    vec![vec![comparison.cells()], views.map(|(place, view)| view.cells(case_id, place)).collect()]
}

/// Whether new events can change the case's rows. An amendment may be of any fact.
pub(crate) fn is_touched(case: &TouchedCase<'_>) -> bool {
    case.new_events().iter().any(|e| {
        e.event.amends().is_some()
            || matches!(
                e.event,
                CaseEvent::ReferralReceived(_)
                    | CaseEvent::ReferralAccepted(_)
                    | CaseEvent::ReferralDeclined(_)
                    | CaseEvent::ReferralWaitlisted(_)
                    | CaseEvent::CaseAllocated(_)
                    | CaseEvent::CaseHandedOver(_)
                    | CaseEvent::CaseTransferred(_)
                    | CaseEvent::CaseClosed(_)
                    | CaseEvent::CaseReopened(_)
                    | CaseEvent::RiskAssessed(_)
            )
    })
}

impl Question<'_> {
    fn is_about(&self, case: &Comparison) -> bool {
        self.programme.is_none_or(|programme| case.programme.as_str() == programme)
            && self.role.is_none_or(|role| case.role == role)
            && self.area.is_none_or(|area| case.area.as_str() == area)
            && self.status.is_none_or(|status| case.status == status)
    }
}

impl Comparison {
    /// Since when it stands so: when the newest of the assessments compared was made.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.views.iter().map(|view| view.assessed_at).max().unwrap_or(Timestamp::MIN)
    }

    /// Whether the assessors' levels differ.
    #[must_use]
    pub fn levels_differ(&self) -> bool {
        levels_differ(self.views.iter().map(|view| view.level))
    }

    /// What the person says to the assessors.
    #[must_use]
    pub fn person_says(&self) -> Option<OwnView> {
        person_says(self.views.iter().map(|view| view.own_view))
    }

    /// Whether the person disagrees with any of the assessors.
    #[must_use]
    pub fn person_disagrees(&self) -> bool {
        self.person_says() == Some(OwnView::Disagrees)
    }

    /// Whether anybody sees the risk differently.
    #[must_use]
    pub fn is_disagreement(&self) -> bool {
        self.levels_differ() || self.person_disagrees()
    }

    fn cells(&self) -> Row {
        vec![
            self.case_id.0.into(),
            (&self.programme).into(),
            self.role.as_str().into(),
            (&self.area).into(),
            self.status.as_str().into(),
            self.since().into(),
            Cell::Bool(self.levels_differ()),
            Cell::Bool(self.person_disagrees()),
        ]
    }
}

impl View {
    fn of((assessor, view): (&Assessor, &AssessorView)) -> Self {
        let latest = &view.latest;
        Self {
            assessor: assessor.clone(),
            level: latest.level,
            own_view: latest.own_view,
            assessed_at: latest.occurred.at,
            instrument: latest.instrument.clone(),
            event_id: latest.event_id,
            assessments: view.assessments,
        }
    }

    fn cells(&self, case_id: CaseId, place: u32) -> Row {
        vec![
            case_id.0.into(),
            Cell::count(place),
            (&self.assessor.role).into(),
            Cell::opt(self.assessor.organisation.as_ref()),
            self.level.as_str().into(),
            Cell::opt(self.own_view.map(OwnView::as_str)),
            self.assessed_at.into(),
            (&self.instrument).into(),
            self.event_id.0.into(),
            Cell::count(self.assessments),
        ]
    }
}
