//! The projections by name: what the projector runs.

use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_domain::recorded::Recorded;

use crate::cell::Row;
use crate::rows::{CaseRows, Extent, TableRows};
use crate::table::Table;
use crate::{
    agency_response, caseload, contact_override, engagement_timeline, outcome_snapshot,
    referral_pipeline, risk_disagreement, risk_trajectory, workload,
};

/// A read model that follows the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Projection {
    /// [`caseload`]
    Caseload,
    /// [`engagement_timeline`]
    EngagementTimeline,
    /// [`outcome_snapshot`]
    OutcomeSnapshot,
    /// [`referral_pipeline`]
    ReferralPipeline,
    /// [`agency_response`]
    AgencyResponse,
    /// [`workload`]
    Workload,
    /// [`risk_trajectory`]
    RiskTrajectory,
    /// [`contact_override`]
    ContactOverride,
    /// [`risk_disagreement`]
    RiskDisagreement,
}

/// A case with new events: its whole history up to the last position applied with it.
#[derive(Debug, Clone, Copy)]
pub struct TouchedCase<'a> {
    /// The case.
    pub case_id: CaseId,
    /// Its events, in the order of recording.
    pub history: &'a [Recorded<CaseEvent>],
    /// The position up to which the rows tell of the case already.
    pub after: Position,
    /// The definitions that the tenant knows, read after the events.
    pub programmes: &'a Programmes,
}

/// A case whose events are known and yet give no rows.
#[derive(Debug, thiserror::Error)]
pub enum Unfoldable {
    /// Facts that cannot be written down.
    #[error("the facts of {case_id} have no stored form")]
    NoStoredForm {
        /// The case.
        case_id: CaseId,
        /// What the encoder says.
        source: serde_json::Error,
    },
    /// A definition that nobody knows here: a later program may.
    #[error("the definition that {case_id} was referred under is not known")]
    UnknownDefinition {
        /// The case.
        case_id: CaseId,
    },
}

impl Projection {
    /// Every projection.
    pub const ALL: [Self; 9] = [
        Self::Caseload,
        Self::EngagementTimeline,
        Self::OutcomeSnapshot,
        Self::ReferralPipeline,
        Self::AgencyResponse,
        Self::Workload,
        Self::RiskTrajectory,
        Self::ContactOverride,
        Self::RiskDisagreement,
    ];

    /// The name by which it is known in the database and outside.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Caseload => "caseload",
            Self::EngagementTimeline => "engagement_timeline",
            Self::OutcomeSnapshot => "outcome_snapshot",
            Self::ReferralPipeline => "referral_pipeline",
            Self::AgencyResponse => "agency_response",
            Self::Workload => "workload",
            Self::RiskTrajectory => "risk_trajectory",
            Self::ContactOverride => "contact_override",
            Self::RiskDisagreement => "risk_disagreement",
        }
    }

    /// The projection with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// The version of its fold and tables: raised when either changes, which rebuilds it.
    #[must_use]
    pub fn version(self) -> i32 {
        match self {
            Self::Caseload => caseload::VERSION,
            Self::EngagementTimeline => engagement_timeline::VERSION,
            Self::OutcomeSnapshot => outcome_snapshot::VERSION,
            Self::ReferralPipeline => referral_pipeline::VERSION,
            Self::AgencyResponse => agency_response::VERSION,
            Self::Workload => workload::VERSION,
            Self::RiskTrajectory => risk_trajectory::VERSION,
            Self::ContactOverride => contact_override::VERSION,
            Self::RiskDisagreement => risk_disagreement::VERSION,
        }
    }

    /// The tables of its rows.
    #[must_use]
    pub fn tables(self) -> &'static [Table] {
        match self {
            Self::Caseload => caseload::TABLES,
            Self::EngagementTimeline => engagement_timeline::TABLES,
            Self::OutcomeSnapshot => outcome_snapshot::TABLES,
            Self::ReferralPipeline => referral_pipeline::TABLES,
            Self::AgencyResponse => agency_response::TABLES,
            Self::Workload => workload::TABLES,
            Self::RiskTrajectory => risk_trajectory::TABLES,
            Self::ContactOverride => contact_override::TABLES,
            Self::RiskDisagreement => risk_disagreement::TABLES,
        }
    }

    /// Folds a case from its whole history into its rows of the present.
    ///
    /// Shape: one entry for each of [`Self::tables`].
    ///
    /// # Errors
    /// [`Unfoldable`] when the case gives no rows.
    pub fn rows(
        self,
        case_id: CaseId,
        history: &[Recorded<CaseEvent>],
        programmes: &Programmes,
    ) -> Result<Vec<Vec<Row>>, Unfoldable> {
        self.check_definitions(case_id, history, programmes)?;
        match self {
            Self::Caseload => Ok(caseload::rows(case_id, history, programmes)),
            Self::EngagementTimeline => engagement_timeline::rows(case_id, history),
            Self::OutcomeSnapshot => Ok(outcome_snapshot::rows(case_id, history)),
            Self::ReferralPipeline => Ok(referral_pipeline::rows(case_id, history)),
            Self::AgencyResponse => Ok(agency_response::rows(case_id, history)),
            Self::Workload => Ok(workload::rows(case_id, history, programmes)),
            Self::RiskTrajectory => Ok(risk_trajectory::rows(case_id, history)),
            Self::ContactOverride => Ok(contact_override::rows(case_id, history)),
            Self::RiskDisagreement => Ok(risk_disagreement::rows(case_id, history)),
        }
    }

    /// Refuses a case whose rows would rest on a definition that is not known: the numbers of
    /// another version would be somebody else's answer.
    fn check_definitions(
        self,
        case_id: CaseId,
        history: &[Recorded<CaseEvent>],
        programmes: &Programmes,
    ) -> Result<(), Unfoldable> {
        if self.rests_on_definitions() && programmes.first_unknown(history).is_some() {
            return Err(Unfoldable::UnknownDefinition { case_id });
        }
        Ok(())
    }

    /// Whether its rows rest on the numbers of programmes' definitions.
    #[must_use]
    pub fn rests_on_definitions(self) -> bool {
        match self {
            Self::Caseload | Self::Workload => true,
            Self::EngagementTimeline
            | Self::OutcomeSnapshot
            | Self::ReferralPipeline
            | Self::AgencyResponse
            | Self::RiskTrajectory
            | Self::ContactOverride
            | Self::RiskDisagreement => false,
        }
    }

    /// What to write of a case that has new events; `None` when they change none of its rows.
    ///
    /// # Errors
    /// [`Unfoldable`] when the case gives no rows.
    pub fn change(self, case: &TouchedCase<'_>) -> Result<Option<CaseRows>, Unfoldable> {
        let of = |extent| move |rows| TableRows { rows, extent };
        let tables = match self {
            Self::OutcomeSnapshot if !outcome_snapshot::is_touched(case) => return Ok(None),
            Self::ReferralPipeline if !referral_pipeline::is_touched(case) => return Ok(None),
            Self::AgencyResponse if !agency_response::is_touched(case) => return Ok(None),
            Self::Workload if !workload::is_touched(case) => return Ok(None),
            Self::RiskTrajectory if !risk_trajectory::is_touched(case) => return Ok(None),
            Self::EngagementTimeline => {
                let changed = engagement_timeline::changed_rows(case)?;
                changed.into_iter().map(of(Extent::Changed)).collect()
            }
            Self::ContactOverride if !contact_override::is_touched(case) => return Ok(None),
            Self::RiskDisagreement if !risk_disagreement::is_touched(case) => return Ok(None),
            Self::Workload => {
                self.check_definitions(case.case_id, case.history, case.programmes)?;
                workload::changed_rows(case)
            }
            Self::Caseload
            | Self::OutcomeSnapshot
            | Self::ReferralPipeline
            | Self::AgencyResponse
            | Self::RiskTrajectory
            | Self::ContactOverride
            | Self::RiskDisagreement => {
                let whole = self.rows(case.case_id, case.history, case.programmes)?;
                whole.into_iter().map(of(Extent::Whole)).collect()
            }
        };
        Ok(Some(CaseRows { case_id: case.case_id, tables }))
    }
}

impl<'a> TouchedCase<'a> {
    /// The events that the rows do not tell of yet.
    #[must_use]
    pub fn new_events(&self) -> &'a [Recorded<CaseEvent>] {
        let first = self.history.partition_point(|e| e.position <= self.after);
        &self.history[first..]
    }

    /// The position of the case's latest event.
    #[must_use]
    pub fn position(&self) -> Position {
        self.history.last().map_or(self.after, |e| e.position)
    }
}
