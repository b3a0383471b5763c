//! Correcting and retracting facts. The original never changes: a later event speaks about it.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::case::lifecycle::{self, Transition};
use crate::case::{Case, CaseError, CaseEvent};
use crate::ids::EventId;
use crate::recorded::Recorded;
use crate::time::Occurred;
use crate::two_clocks::{self, Asked};
use crate::upcast::Facts;

/// Replace the facts of an event, or the time at which it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrectFact(pub FactCorrected);

/// Take a fact back: it never was so.
#[derive(Debug, Clone, PartialEq)]
pub struct RetractFact(pub FactRetracted);

/// A fact was recorded wrongly, and this is how it was.
///
/// Stored with the version of the replacement's own form beside it: an event holds facts of another
/// type, whose form goes on changing.
#[derive(Debug, Clone, PartialEq)]
pub struct FactCorrected {
    /// The original fact.
    pub corrects: EventId,
    /// When it happened.
    pub occurred: Occurred,
    /// What happened, whole: of the same kind as the original.
    pub replacement: Box<CaseEvent>,
}

/// A fact was recorded that never was so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactRetracted {
    /// The original fact.
    pub retracts: EventId,
}

impl Serialize for FactCorrected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut facts = serializer.serialize_struct("FactCorrected", 4)?;
        facts.serialize_field("corrects", &self.corrects)?;
        facts.serialize_field("occurred", &self.occurred)?;
        facts.serialize_field("replacement_version", &self.replacement.schema_version())?;
        facts.serialize_field("replacement", &self.replacement)?;
        facts.end()
    }
}

impl<'de> Deserialize<'de> for FactCorrected {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Stored<'a> {
            corrects: EventId,
            occurred: Occurred,
            replacement_version: i16,
            #[serde(borrow)]
            replacement: Fact<'a>,
        }

        /// A fact whose version is told elsewhere, and perhaps later.
        #[derive(Deserialize)]
        struct Fact<'a> {
            #[serde(rename = "type", borrow)]
            event_type: Cow<'a, str>,
            #[serde(borrow)]
            data: &'a RawValue,
        }

        let Stored { corrects, occurred, replacement_version, replacement } =
            Stored::deserialize(deserializer)?;
        let Fact { event_type, data } = replacement;
        if matches!(&*event_type, "FactCorrected" | "FactRetracted") {
            return Err(D::Error::custom("an amendment replaces no fact"));
        }
        let replacement = CaseEvent::from_stored(&event_type, replacement_version, data.get());
        let replacement = Box::new(replacement.map_err(D::Error::custom)?);
        Ok(Self { corrects, occurred, replacement })
    }
}

/// To version 2, which names the version of the replacement. Before, every type had only one.
pub(crate) fn name_the_replacements_version(mut facts: Facts) -> Facts {
    facts.insert("replacement_version".to_owned(), 1.into());
    facts
}

impl CorrectFact {
    /// # Errors
    /// When there is no such fact, the replacement is of another kind or breaks the rule of its
    /// kind about time, or the case's other steps could not have followed.
    pub fn decide(self, case: &Case, now: jiff::Timestamp) -> Result<CaseEvent, CaseError> {
        let original = fact(case, self.0.corrects)?;
        if original.event.type_name() != self.0.replacement.type_name() {
            return Err(CaseError::OtherKindOfFact);
        }
        if self.0.replacement.person() != original.event.person() {
            return Err(CaseError::OtherPerson);
        }
        if self.0.occurred.is_after(now) {
            return Err(CaseError::InFuture { occurred_at: self.0.occurred.at });
        }
        if self.0.replacement.belongs_in_an_episode() {
            case.require_episode_at(self.0.occurred)?;
        }
        let step = Transition::of(&original.event);
        let corrected = CaseEvent::FactCorrected(self.0);
        legal_after(case, step, &corrected)?;
        Ok(corrected)
    }
}

impl RetractFact {
    /// # Errors
    /// When there is no such fact, it is retracted already, or the case's other steps could not
    /// have followed without it.
    pub fn decide(self, case: &Case) -> Result<CaseEvent, CaseError> {
        let original = fact(case, self.0.retracts)?;
        case.require_standing(original.event_id)?;
        let step = Transition::of(&original.event);
        let retracted = CaseEvent::FactRetracted(self.0);
        legal_after(case, step, &retracted)?;
        Ok(retracted)
    }
}

fn fact(case: &Case, event_id: EventId) -> Result<&Recorded<CaseEvent>, CaseError> {
    let found = case.find(event_id).ok_or(CaseError::UnknownFact { event_id })?;
    found.event.may_be_amended()?;
    if found.event.amends().is_some() { Err(CaseError::NotAFact { event_id }) } else { Ok(found) }
}

/// Refuses an amendment of a step that leaves the others impossible.
fn legal_after(case: &Case, step: Option<Transition>, event: &CaseEvent) -> Result<(), CaseError> {
    if step.is_none() {
        return Ok(());
    }
    let mut amended = case.clone();
    amended.append(event.clone());
    let steps = two_clocks::facts(amended.history(), &Asked::LATEST)
        .filter_map(|entry| Transition::of(entry.event))
        .collect::<Vec<_>>();
    if steps.first() == Some(&Transition::Receive) && lifecycle::is_legal(steps) {
        Ok(())
    } else {
        Err(CaseError::BreaksLifecycle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::testing::{
        assess, assessed, at, attempted, closed, event_id, given, open_case, reopened, with,
    };
    use crate::code_lists::RiskLevel::{High, Medium};

    /// An open case whose fourth event assessed a medium risk.
    fn a_case_at_medium_risk() -> Vec<(CaseEvent, Occurred)> {
        with(open_case(), [(assessed(Medium), at(5))])
    }

    fn correction(of: u8, replacement: CaseEvent, occurred: Occurred) -> FactCorrected {
        FactCorrected { corrects: event_id(of), occurred, replacement: Box::new(replacement) }
    }

    #[test]
    fn a_fact_is_corrected() {
        let corrected = correction(4, assessed(High), at(5));
        given(a_case_at_medium_risk())
            .when(CorrectFact(corrected.clone()), at(9))
            .then(CaseEvent::FactCorrected(corrected));
    }

    #[test]
    fn a_correction_is_not_corrected_but_the_fact_again() {
        let first = correction(4, assessed(High), at(5));
        let case = with(a_case_at_medium_risk(), [(CaseEvent::FactCorrected(first), at(9))]);
        given(case.clone())
            .when(CorrectFact(correction(5, assessed(Medium), at(5))), at(10))
            .then_refused(&CaseError::NotAFact { event_id: event_id(5) });
        let again = correction(4, assessed(Medium), at(5));
        given(case).when(CorrectFact(again.clone()), at(10)).then(CaseEvent::FactCorrected(again));
    }

    #[test]
    fn a_fact_of_another_case_is_not_corrected() {
        given(a_case_at_medium_risk())
            .when(CorrectFact(correction(99, assessed(High), at(5))), at(9))
            .then_refused(&CaseError::UnknownFact { event_id: event_id(99) });
    }

    #[test]
    fn a_fact_is_not_corrected_into_one_of_another_kind() {
        given(a_case_at_medium_risk())
            .when(CorrectFact(correction(4, attempted(), at(5))), at(9))
            .then_refused(&CaseError::OtherKindOfFact);
    }

    #[test]
    fn a_case_stays_with_its_person() {
        let mut other = crate::case::testing::referral().0;
        other.person_id = crate::ids::PersonId(uuid::Uuid::from_u128(8));
        let moved = correction(1, CaseEvent::ReferralReceived(other), at(1));
        given(a_case_at_medium_risk())
            .when(CorrectFact(moved), at(9))
            .then_refused(&CaseError::OtherPerson);
    }

    #[test]
    fn a_correction_keeps_a_fact_inside_an_episode_and_out_of_the_future() {
        given(a_case_at_medium_risk())
            .when(CorrectFact(correction(4, assessed(High), at(0))), at(9))
            .then_refused(&CaseError::OutsideEveryEpisode { occurred_at: at(0).at });
        given(a_case_at_medium_risk())
            .when(CorrectFact(correction(4, assessed(High), at(1000))), at(9))
            .then_refused(&CaseError::InFuture { occurred_at: at(1000).at });
    }

    #[test]
    fn a_fact_is_retracted_once() {
        let retracted = FactRetracted { retracts: event_id(4) };
        given(a_case_at_medium_risk())
            .when(RetractFact(retracted.clone()), at(9))
            .then(CaseEvent::FactRetracted(retracted.clone()));
        let case =
            with(a_case_at_medium_risk(), [(CaseEvent::FactRetracted(retracted.clone()), at(9))]);
        given(case).when(RetractFact(retracted), at(10)).then_refused(&CaseError::AlreadyRetracted);
    }

    #[test]
    fn a_retracted_fact_can_be_put_right_by_a_correction() {
        let retracted = CaseEvent::FactRetracted(FactRetracted { retracts: event_id(4) });
        let corrected = correction(4, assessed(High), at(5));
        given(with(a_case_at_medium_risk(), [(retracted, at(9))]))
            .when(CorrectFact(corrected.clone()), at(10))
            .then(CaseEvent::FactCorrected(corrected));
    }

    #[test]
    fn a_closure_in_error_is_retracted() {
        let retracted = FactRetracted { retracts: event_id(4) };
        given(with(open_case(), [(closed(), at(8))]))
            .when(RetractFact(retracted.clone()), at(9))
            .then(CaseEvent::FactRetracted(retracted));
    }

    #[test]
    fn a_step_that_others_rest_on_is_not_retracted() {
        let closed_and_reopened = with(open_case(), [(closed(), at(8)), (reopened(), at(12))]);
        for step in [1, 2, 4] {
            given(closed_and_reopened.clone())
                .when(RetractFact(FactRetracted { retracts: event_id(step) }), at(13))
                .then_refused(&CaseError::BreaksLifecycle);
        }
    }

    #[test]
    fn a_step_is_not_moved_past_the_one_that_follows_it() {
        given(with(open_case(), [(closed(), at(8)), (reopened(), at(12))]))
            .when(CorrectFact(correction(4, closed(), at(13))), at(20))
            .then_refused(&CaseError::BreaksLifecycle);
    }

    #[test]
    fn an_assessment_is_recorded_as_before_after_a_correction() {
        let first = CaseEvent::FactCorrected(correction(4, assessed(High), at(5)));
        given(with(a_case_at_medium_risk(), [(first, at(9))]))
            .when(assess(Medium), at(10))
            .then(assessed(Medium));
    }
}
