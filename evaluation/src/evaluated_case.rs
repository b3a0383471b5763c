//! What an evaluator may know of one case at two dates: coded facts in force, and what they come to.
//!
//! There is no name in it and no word: what is sealed is not read by a replay at all.

use std::sync::Arc;

use jiff::Timestamp;
use throughline_domain::case::record_contact_attempt::ContactAttempted;
use throughline_domain::case::record_measure::MeasureValue;
use throughline_domain::case::state::Referral;
use throughline_domain::case::{CaseEvent, CaseState, CaseStatus};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CodeList as _, ContactOutcome, MissingReason};
use throughline_domain::ids::CaseId;
use throughline_domain::programme::Programme;
use throughline_domain::recorded::Recorded;
use throughline_domain::rules::CaseView;
use throughline_domain::two_clocks::{Asked, Entry};

use crate::levels::{self, RISK_LEVEL};

/// One case at two dates.
#[derive(Debug)]
pub struct EvaluatedCase<'a> {
    case_id: Option<CaseId>,
    view: CaseView<'a>,
    referral: Referral,
}

/// A value of a measure: a code, or a number as text; or why there is none.
pub type Measured = Result<String, MissingReason>;

impl<'a> EvaluatedCase<'a> {
    /// The case at two dates; `None` where no referral is in view, or `programme` gives no
    /// definition for it.
    ///
    /// `history` is one stream in the order of recording.
    #[must_use]
    pub fn at(
        history: &'a [Recorded<CaseEvent>],
        asked: &Asked,
        programme: impl FnOnce(&Referral) -> Option<Arc<Programme>>,
    ) -> Option<Self> {
        let view = CaseView::at(history, asked, programme)?;
        let referral = view.state.referral.clone()?;
        Some(Self { case_id: None, view, referral })
    }

    /// The same case by its id, which a table takes only where it is asked to name cases.
    #[must_use]
    pub fn named(self, case_id: CaseId) -> Self {
        Self { case_id: Some(case_id), ..self }
    }

    /// Its id, where it was named.
    #[must_use]
    pub fn case_id(&self) -> Option<CaseId> {
        self.case_id
    }

    /// The case as the rules see it.
    #[must_use]
    pub fn view(&self) -> &CaseView<'a> {
        &self.view
    }

    /// What its facts come to.
    #[must_use]
    pub fn state(&self) -> &CaseState {
        &self.view.state
    }

    /// The referral that it began with.
    #[must_use]
    pub fn referral(&self) -> &Referral {
        &self.referral
    }

    /// The dates asked about.
    #[must_use]
    pub fn asked(&self) -> &Asked {
        &self.view.asked
    }

    /// The facts in force, in the order of the reading.
    #[must_use]
    pub fn facts(&self) -> &[Entry<'a>] {
        &self.view.facts
    }

    /// What `pick` takes of each fact, with when it happened, in the order of the reading.
    pub fn each<'c, T>(
        &'c self,
        pick: impl Fn(&'a CaseEvent) -> Option<T> + 'c,
    ) -> impl Iterator<Item = (Timestamp, T)> + 'c
    where
        T: 'c,
    {
        self.view.facts.iter().filter_map(move |fact| Some((fact.occurred.at, pick(fact.event)?)))
    }

    /// Attempts to reach the person, and when.
    pub fn attempts(&self) -> impl Iterator<Item = (Timestamp, &'a ContactAttempted)> + '_ {
        self.each(|event| {
            let CaseEvent::ContactAttempted(attempt) = event else { return None };
            Some(attempt)
        })
    }

    /// Whether the person was reached at least once.
    #[must_use]
    pub fn is_contacted(&self) -> bool {
        self.attempts().any(|(_, attempt)| attempt.outcome == ContactOutcome::Reached)
    }

    /// Whether the referral was declined, and nothing came after.
    #[must_use]
    pub fn is_declined(&self) -> bool {
        self.view.state.status == CaseStatus::Declined
    }

    /// When the case was last closed; `None` where it is not closed.
    #[must_use]
    pub fn exited_at(&self) -> Option<Timestamp> {
        let is_closed = self.view.state.status == CaseStatus::Closed;
        let closed = self.each(|event| matches!(event, CaseEvent::CaseClosed(_)).then_some(()));
        closed.last().filter(|_| is_closed).map(|(at, ())| at)
    }

    /// The latest value of a measure at a stage, in the order of the reading, and the instrument it
    /// was taken with; `None` where nothing was recorded.
    #[must_use]
    pub fn measured(&self, measure: &str, stage: &str) -> Option<(&'a Code, Measured)> {
        self.each(|event| value_at(event, measure, stage)).last().map(|(_, value)| value)
    }

    /// The same of what some teller recorded.
    #[must_use]
    pub fn recorded(&self, measure: &str, teller: Teller<'_>) -> Option<(&'a Code, Measured)> {
        let told = self.each(|event| {
            let (value, told) = value_of(event, measure)?;
            teller.is_meant(&told).then_some(value)
        });
        told.last().map(|(_, value)| value)
    }
}

/// By whom, and at which stage of the programme, something was recorded; what is `None` is not asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Teller<'q> {
    /// The stage.
    pub stage: Option<&'q Code>,
    /// The role of whoever recorded or assessed.
    pub by: Option<&'q Code>,
    /// Their organisation, which is known of assessments only.
    pub organisation: Option<&'q Code>,
}

impl Teller<'_> {
    fn is_meant(&self, told: &Teller<'_>) -> bool {
        let fits = |asked: Option<&Code>, told: Option<&Code>| asked.is_none() || asked == told;
        fits(self.stage, told.stage)
            && fits(self.by, told.by)
            && fits(self.organisation, told.organisation)
    }
}

/// What a fact says of a measure at a stage.
fn value_at<'a>(event: &'a CaseEvent, measure: &str, stage: &str) -> Option<(&'a Code, Measured)> {
    let (value, teller) = value_of(event, measure)?;
    teller.stage.is_some_and(|at| at.as_str() == stage).then_some(value)
}

/// What a fact says of a measure, and by whom and when it was told.
fn value_of<'a>(event: &'a CaseEvent, measure: &str) -> Option<((&'a Code, Measured), Teller<'a>)> {
    if let CaseEvent::MeasureRecorded(facts) = event {
        let by = facts.recorded_by.as_ref();
        let teller = Teller { stage: Some(&facts.stage), by, organisation: None };
        Some(((&facts.instrument, text(facts.values.get(measure)?)), teller))
    } else if let CaseEvent::RiskAssessed(facts) = event
        && measure == RISK_LEVEL
    {
        let teller = Teller {
            stage: facts.stage.as_ref(),
            by: Some(&facts.assessor_role),
            organisation: facts.source_organisation.as_ref(),
        };
        Some(((&facts.instrument, Ok(facts.level.as_str().to_owned())), teller))
    } else {
        None
    }
}

/// A code as it is; a number in one form, so that 3 and 3.0 are one level.
fn text(value: &MeasureValue) -> Measured {
    match value {
        MeasureValue::Code(code) => Ok(code.as_str().to_owned()),
        MeasureValue::Number(number) => Ok(levels::number_text(number)),
        MeasureValue::Missing { missing } => Err(*missing),
    }
}
