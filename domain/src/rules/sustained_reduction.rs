//! `sustained-reduction/1`: at every assessment for as many months as the programme says the risk
//! was below the level at intake, and it has not risen since.
//!
//! Every assessment counts, whoever made it, and not the level that the programme's rule finds among
//! them: a fall that one assessor saw and another did not is no reduction to close a case on.
//!
//! The level at intake is that of the first assessment of the episode. A reduction begins with the
//! first assessment below it; an assessment at or above it ends the reduction, and one that rises
//! while still below begins it anew. It holds from so many calendar months (UTC) after it began.

use jiff::Timestamp;

use crate::code_lists::RiskLevel;
use crate::ids::EventId;
use crate::rules::view::{At, months_after};
use crate::rules::{Answer, CaseView};

/// The rule's name and version.
pub const RULE: &str = "sustained-reduction/1";

/// A reduction that goes on.
pub(super) struct Reduction {
    /// When it has been sustained, if nothing changes.
    pub(super) sustained_at: Timestamp,
    /// The assessment at intake, then those of the reduction.
    pub(super) basis: Vec<EventId>,
}

/// What the rule says of a case; nothing where the programme sets no time.
#[must_use]
pub fn answer(view: &CaseView<'_>) -> Answer {
    let Some(months) = view.settings.sustained_reduction_months else {
        return Answer::not_applicable();
    };
    match reduction(view, months) {
        Some(reduction) if reduction.sustained_at <= view.asked.as_of => {
            Answer::holds(reduction.sustained_at, reduction.basis)
        }
        Some(reduction) => Answer::does_not_hold(reduction.basis),
        None => Answer::does_not_hold(Vec::new()),
    }
}

pub(super) fn reduction(view: &CaseView<'_>, months: u32) -> Option<Reduction> {
    let began = view.episode_began()?;
    let levels: Vec<(At, RiskLevel)> = view
        .assessments()
        .into_iter()
        .filter(|(at, _)| began.at <= at.at)
        .map(|(at, facts)| (at, facts.level))
        .collect();
    let (intake, later) = levels.split_first()?;
    let mut reduced: Vec<(At, RiskLevel)> = Vec::new();
    for &(at, level) in later {
        let is_rise = reduced.last().is_some_and(|(_, before)| *before < level);
        if level >= intake.1 || is_rise {
            reduced.clear();
        }
        if level < intake.1 {
            reduced.push((at, level));
        }
    }
    let first = reduced.first()?.0;
    let basis = std::iter::once(intake.0).chain(reduced.iter().map(|(at, _)| *at));
    Some(Reduction {
        sustained_at: months_after(first.at, months),
        basis: basis.map(|at| at.event_id).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{assessed, at, closed, event_id, open_case, reopened, with};
    use crate::code_lists::RiskLevel::{High, Medium, Standard};
    use crate::rules::Value;
    use crate::rules::testing::answered;
    use crate::time::Occurred;

    /// Six calendar months after day 20 of the test's calendar, 21 January.
    const SUSTAINED: i64 = 20 + 181;

    fn reduced() -> Vec<(crate::case::CaseEvent, Occurred)> {
        with(open_case(), [(assessed(High), at(4)), (assessed(Medium), at(20))])
    }

    #[test]
    fn a_risk_that_stays_below_intake_for_six_months_is_reduced_for_good() {
        assert_eq!(answered(answer, reduced(), at(SUSTAINED - 1)).value, Value::Holds(false));
        let sustained = answered(answer, reduced(), at(SUSTAINED));
        assert_eq!(sustained, Answer::holds(at(SUSTAINED).at, vec![event_id(4), event_id(5)]));
    }

    #[test]
    fn a_fall_goes_on_and_a_rise_begins_anew() {
        let lower = with(reduced(), [(assessed(Standard), at(50))]);
        assert_eq!(answered(answer, lower.clone(), at(SUSTAINED)).value, Value::Holds(true));
        let risen = with(lower, [(assessed(Medium), at(100))]);
        assert_eq!(answered(answer, risen.clone(), at(SUSTAINED)).value, Value::Holds(false));
        assert_eq!(answered(answer, risen, at(100 + 184)).value, Value::Holds(true));
    }

    #[test]
    fn a_risk_back_at_intake_is_reduced_no_longer() {
        let back = with(reduced(), [(assessed(High), at(60))]);
        assert_eq!(answered(answer, back, at(500)), Answer::does_not_hold(vec![]));
    }

    #[test]
    fn each_episode_has_an_intake_of_its_own() {
        let again =
            with(reduced(), [(closed(), at(60)), (reopened(), at(70)), (assessed(Medium), at(71))]);
        assert_eq!(answered(answer, again, at(500)).value, Value::Holds(false));
    }
}
