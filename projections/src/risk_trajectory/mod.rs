//! How risk went: the time at each level, how often it rose and fell, and for how long it has been
//! as it is.
//!
//! **It is of the assessments**, one after the other, whoever made them: it shows what was said, and
//! when. It does not go by the programme's rule for a case's level: that picks one among assessments
//! side by side, and which one it picks can turn with a closure or a reopening, when nobody
//! assessed anything. Where the rule is `latest-assessment/1`, the last spell is the case's level.
//!
//! **A level holds** from the assessment that gave it to the next, as a timeline's periods have it. **Only time within an episode counts**: from the referral or a reopening to
//! the closure, to the decision not to take the person on, or to the date asked about. A reopened
//! case is at the level it was last assessed at, in a spell of its own.
//!
//! **A spell** is time at one level without a break: assessments that confirm the level go on with
//! it. **A movement** is an assessment with another level than the one before it, whenever that was:
//! a date known to the month alone may lie before the referral or after the closure.
//!
//! Whatever the reading, time is laid out from what happened earlier to what happened later; read as
//! recorded, corrections are not looked through.
//!
//! What is kept is one row for each assessment and each beginning of an episode. What depends on the
//! date asked about is computed from their times. Sums grow with `as_of`, so what went on between two
//! dates is the difference of two answers.

mod answer;
mod read;
mod spells;
mod stretches;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CaseRole, CodeList as _, RiskLevel};
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::recorded::Recorded;
use throughline_domain::two_clocks::Asked;

use crate::TouchedCase;
use crate::cell::{Cell, Kind, Row};
use crate::table::{Column, Table};

pub use answer::{Answer, LevelFigures, NotAssessed, Question, SPELLS_MAX, Trajectories};
pub use read::read;
pub use spells::{CaseTrajectory, Spell, trajectory};

/// The version of the fold and its table.
pub const VERSION: i32 = 1;
/// The rule of what time counts, and what a spell and a movement are.
pub const RULE: &str = "risk-trajectory/1";
/// The table: one row a stretch.
pub(crate) const TABLES: &[Table] = &[Table {
    name: "risk_stretch",
    columns: &[
        Column::new("case_id", Kind::Uuid),
        Column::new("place", Kind::Int),
        Column::new("programme", Kind::Text),
        Column::new("role", Kind::Text),
        Column::new("area", Kind::Text),
        Column::new("from_at", Kind::Time),
        Column::new("until_at", Kind::Time),
        Column::new("since", Kind::Time),
        Column::new("level", Kind::Text),
        Column::new("event_id", Kind::Uuid),
        Column::new("is_assessment", Kind::Bool),
        Column::new("level_before", Kind::Text),
        Column::new("is_first", Kind::Bool),
        Column::new("is_first_at_level", Kind::Bool),
    ],
    key: 2,
}];

/// What an assessment, or the beginning of an episode, began: a stretch of time at one level, or at
/// none while the person was not assessed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The case.
    pub case_id: CaseId,
    /// Its place among the case's stretches, from 1.
    pub place: u32,
    /// The programme.
    pub programme: Code,
    /// Whom the case is about.
    pub role: CaseRole,
    /// The programme's area.
    pub area: Code,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; that moment is not in it. `None` while it goes on.
    pub until: Option<Timestamp>,
    /// When the spell that it is part of began; `None` for an assessment dated outside every
    /// episode, which is no time at all.
    pub since: Option<Timestamp>,
    /// The level; `None` before the first assessment.
    pub level: Option<RiskLevel>,
    /// The assessment that gave the level: the original fact, also where it was corrected.
    pub event_id: Option<EventId>,
    /// Whether that assessment began the stretch, rather than the beginning of an episode.
    pub is_assessment: bool,
    /// The level before.
    pub level_before: Option<RiskLevel>,
    /// Whether it is the case's first within an episode.
    pub is_first: bool,
    /// Whether it is the case's first within an episode at this level.
    pub is_first_at_level: bool,
}

/// Folds one case at the dates asked about; nothing when no referral was in view then.
#[must_use]
pub fn fold(case_id: CaseId, history: &[Recorded<CaseEvent>], asked: &Asked) -> Vec<Stretch> {
    stretches::lay_out(case_id, history, asked)
}

/// The case's rows of the present; none when no referral is in view.
pub(crate) fn rows(case_id: CaseId, history: &[Recorded<CaseEvent>]) -> Vec<Vec<Row>> {
    vec![fold(case_id, history, &Asked::LATEST).iter().map(Stretch::cells).collect()]
}

/// Whether new events can change the case's rows. An amendment may be of any fact.
pub(crate) fn is_touched(case: &TouchedCase<'_>) -> bool {
    case.new_events().iter().any(|e| {
        e.event.amends().is_some()
            || matches!(
                e.event,
                CaseEvent::ReferralReceived(_)
                    | CaseEvent::ReferralDeclined(_)
                    | CaseEvent::CaseClosed(_)
                    | CaseEvent::CaseReopened(_)
                    | CaseEvent::RiskAssessed(_)
            )
    })
}

impl Stretch {
    fn cells(&self) -> Row {
        vec![
            self.case_id.0.into(),
            Cell::count(self.place),
            (&self.programme).into(),
            self.role.as_str().into(),
            (&self.area).into(),
            self.from.into(),
            Cell::opt(self.until),
            Cell::opt(self.since),
            Cell::opt(self.level.map(RiskLevel::as_str)),
            Cell::opt(self.event_id.map(|id| id.0)),
            Cell::Bool(self.is_assessment),
            Cell::opt(self.level_before.map(RiskLevel::as_str)),
            Cell::Bool(self.is_first),
            Cell::Bool(self.is_first_at_level),
        ]
    }

    /// The level before and the level given, when both are known: a movement, or a confirmation.
    #[must_use]
    pub fn reassessment(&self) -> Option<(RiskLevel, RiskLevel)> {
        Some((self.level_before?, self.level?)).filter(|_| self.is_assessment)
    }

    /// Whether it begins a spell: an assessment that confirms the level goes on with one.
    #[must_use]
    pub fn begins_spell(&self) -> bool {
        self.since.is_some() && self.reassessment().is_none_or(|(before, level)| before != level)
    }

    /// Whether it goes on at `as_of`, within an episode.
    #[must_use]
    pub fn is_current_at(&self, as_of: Timestamp) -> bool {
        self.since.is_some() && self.from <= as_of && self.until.is_none_or(|until| until > as_of)
    }

    /// Its end, or the date asked about when that comes first.
    pub(crate) fn end_at(&self, as_of: Timestamp) -> Timestamp {
        self.until.map_or(as_of, |until| until.min(as_of))
    }
}
