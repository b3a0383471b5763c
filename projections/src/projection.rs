//! The projections by name: what the projector runs.

use throughline_domain::case::CaseEvent;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::recorded::Recorded;
use tokio_postgres::{Error, Transaction};

use crate::{caseload, engagement_timeline, outcome_snapshot};

/// A read model that follows the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Projection {
    /// [`caseload`]
    Caseload,
    /// [`engagement_timeline`]
    EngagementTimeline,
    /// [`outcome_snapshot`]
    OutcomeSnapshot,
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
}

/// A case whose events are known and yet give no rows.
#[derive(Debug, thiserror::Error)]
#[error("the facts of {case_id} have no stored form")]
pub struct Unfoldable {
    /// The case.
    pub case_id: CaseId,
    /// What the encoder says.
    pub source: serde_json::Error,
}

/// The rows to write for the touched cases of one batch.
#[derive(Debug)]
pub enum Changes {
    /// Of [`Projection::Caseload`].
    Caseload(Vec<caseload::Change>),
    /// Of [`Projection::EngagementTimeline`].
    EngagementTimeline(Vec<engagement_timeline::Change>),
    /// Of [`Projection::OutcomeSnapshot`].
    OutcomeSnapshot(Vec<outcome_snapshot::Change>),
}

impl Projection {
    /// Every projection.
    pub const ALL: [Self; 3] = [Self::Caseload, Self::EngagementTimeline, Self::OutcomeSnapshot];

    /// The name by which it is known in the database and outside.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Caseload => "caseload",
            Self::EngagementTimeline => "engagement_timeline",
            Self::OutcomeSnapshot => "outcome_snapshot",
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
        }
    }

    /// An empty batch.
    #[must_use]
    pub fn changes(self) -> Changes {
        match self {
            Self::Caseload => Changes::Caseload(Vec::new()),
            Self::EngagementTimeline => Changes::EngagementTimeline(Vec::new()),
            Self::OutcomeSnapshot => Changes::OutcomeSnapshot(Vec::new()),
        }
    }

    /// Deletes the tenant's rows, so that they can be written anew from the first event.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn erase(self, transaction: &Transaction<'_>, tenant_no: i32) -> Result<(), Error> {
        match self {
            Self::Caseload => caseload::erase(transaction, tenant_no).await,
            Self::EngagementTimeline => engagement_timeline::erase(transaction, tenant_no).await,
            Self::OutcomeSnapshot => outcome_snapshot::erase(transaction, tenant_no).await,
        }
    }
}

impl Changes {
    /// Folds one case. A case that fails leaves the batch as it was.
    ///
    /// # Errors
    /// [`Unfoldable`] when the case gives no rows.
    pub fn add(&mut self, case: &TouchedCase<'_>) -> Result<(), Unfoldable> {
        match self {
            Self::Caseload(changes) => changes.push(caseload::change(case)),
            Self::EngagementTimeline(changes) => changes.push(engagement_timeline::change(case)?),
            Self::OutcomeSnapshot(changes) => changes.extend(outcome_snapshot::change(case)),
        }
        Ok(())
    }

    /// Writes the rows. Writing them twice changes nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn write(self, transaction: &Transaction<'_>, tenant_no: i32) -> Result<(), Error> {
        match self {
            Self::Caseload(changes) => caseload::write(transaction, tenant_no, changes).await,
            Self::EngagementTimeline(changes) => {
                engagement_timeline::write(transaction, tenant_no, changes).await
            }
            Self::OutcomeSnapshot(changes) => {
                outcome_snapshot::write(transaction, tenant_no, changes).await
            }
        }
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
