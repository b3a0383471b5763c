//! Writing the rows of a batch's cases, and setting aside those that cannot be written.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use deadpool_postgres::Transaction;
use throughline_domain::ids::{CaseId, Position};
use throughline_log::{LogError, StoredEvent};
use throughline_projections::{CaseRows, Place, TouchedCase};
use uuid::Uuid;

use crate::checkpoint::Claim;
use crate::histories::History;
use crate::parked::{self, Poison};
use crate::projector::Inner;
use crate::shard::Shard;

/// How the cases of a batch are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All at once.
    Together,
    /// Each behind a savepoint, so that one whose rows the database refuses can be set aside.
    Apart,
}

/// A case of a batch with its new events; none for a parked case that is tried again.
pub(crate) type Touched = (Uuid, Vec<StoredEvent>);

/// Writes the rows of the touched cases, a slice at a time, and parks those that cannot be.
pub(crate) async fn write(
    projector: &Inner,
    transaction: &mut Transaction<'_>,
    claim: &Claim,
    cases: &[Touched],
    upto: Position,
    mode: Mode,
) -> Result<(), LogError> {
    let shard = claim.shard;
    for slice in cases.chunks(projector.settings.cases_at_once.max(1)) {
        let ids: Vec<Uuid> = slice.iter().map(|(case, _)| *case).collect();
        let was_parked = if claim.has_parked {
            parked::among(transaction, shard, &ids).await?
        } else {
            HashSet::new()
        };
        let histories = projector.histories.load(&projector.log, shard.tenant, slice, upto).await?;
        let mut slice =
            Slice { shard, was_parked, claimed: claim.position, upto, poisoned: Vec::new() };
        match mode {
            Mode::Together => slice.write_together(transaction, &ids, &histories).await?,
            Mode::Apart => slice.write_apart(transaction, &ids, &histories).await?,
        }
        slice.settle(projector, transaction).await?;
    }
    Ok(())
}

type Histories = HashMap<Uuid, Result<History, Poison>>;

/// Some of a batch's cases.
struct Slice {
    shard: Shard,
    was_parked: HashSet<Uuid>,
    claimed: Position,
    upto: Position,
    poisoned: Vec<(Uuid, Poison)>,
}

impl Slice {
    async fn write_together(
        &mut self,
        transaction: &Transaction<'_>,
        cases: &[Uuid],
        histories: &Histories,
    ) -> Result<(), LogError> {
        let mut rows = Vec::with_capacity(cases.len());
        for case in cases {
            self.fold(&mut rows, *case, histories);
        }
        self.shard.projection.write(transaction, self.place(), &rows).await?;
        Ok(())
    }

    async fn write_apart(
        &mut self,
        transaction: &mut Transaction<'_>,
        cases: &[Uuid],
        histories: &Histories,
    ) -> Result<(), LogError> {
        for case in cases {
            let mut rows = Vec::new();
            if !self.fold(&mut rows, *case, histories) {
                continue;
            }
            let savepoint = transaction.transaction().await?;
            match self.shard.projection.write(&savepoint, self.place(), &rows).await {
                Ok(()) => savepoint.commit().await?,
                Err(error) if is_about_the_rows(&error) => {
                    savepoint.rollback().await?;
                    self.poison(*case, "refused");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn place(&self) -> Place {
        Place::shared(self.shard.tenant.0)
    }

    /// Folds one case; `false` when it is poisoned.
    fn fold(&mut self, rows: &mut Vec<CaseRows>, case: Uuid, histories: &Histories) -> bool {
        let history = match histories.get(&case) {
            Some(Ok(history)) => history,
            Some(Err(poison)) => {
                self.poisoned.push((case, poison.clone()));
                return false;
            }
            None => {
                self.poison(case, "absent");
                return false;
            }
        };
        let known = history.partition_point(|e| e.position <= self.upto);
        let touched = TouchedCase {
            case_id: CaseId(case),
            history: &history[..known],
            // The rows of a parked case stopped at some point before; they are all written again.
            after: if self.was_parked.contains(&case) { Position(0) } else { self.claimed },
        };
        // Nothing in a fold panics that anybody knows of; if it did, its shard would stand still.
        match catch_unwind(AssertUnwindSafe(|| self.shard.projection.change(&touched))) {
            Ok(Ok(change)) => {
                rows.extend(change);
                return true;
            }
            Ok(Err(_)) => self.poison(case, "unfoldable"),
            Err(_) => self.poison(case, "panicked"),
        }
        false
    }

    fn poison(&mut self, case: Uuid, error_class: &'static str) {
        let position = self.upto;
        self.poisoned.push((case, Poison { position, error_class }));
    }

    /// Parks what is poisoned, and takes up again what no longer is.
    async fn settle(
        self,
        projector: &Inner,
        transaction: &Transaction<'_>,
    ) -> Result<(), LogError> {
        let mut healed = self.was_parked;
        for (case, poison) in &self.poisoned {
            if !healed.remove(case) {
                parked::park(transaction, self.shard, *case, poison).await?;
                projector.metrics.parked(self.shard);
                tracing::error!(
                    throughline.tenant_no = self.shard.tenant.0,
                    throughline.projection = self.shard.projection.name(),
                    throughline.case_id = %case,
                    throughline.position = poison.position.0,
                    error.class = poison.error_class,
                    "a case was parked: its rows are stale until it can be read"
                );
            }
        }
        if !healed.is_empty() {
            let healed: Vec<Uuid> = healed.into_iter().collect();
            parked::unpark(transaction, self.shard, &healed).await?;
        }
        Ok(())
    }
}

/// Whether the database refuses these rows, rather than the statement or everything.
fn is_about_the_rows(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|state| ["22", "23", "P0"].iter().any(|class| state.code().starts_with(class)))
}
