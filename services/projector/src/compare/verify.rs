//! The comparison of builds with the log.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deadpool_postgres::Pool;
use throughline_domain::ids::{CaseId, Position};
use throughline_domain::programme::Programmes;
use throughline_log::{EventLog, LogError, TenantNo};
use throughline_projections::{Cell, Projection, Row, Table};
use tokio::time::Instant;
use uuid::Uuid;

use super::cases::{Case, Cases};
use super::comparison::{
    Comparison, DIFFERENCES_MAX, Difference, DifferenceKind, Sample, TableRows,
};
use super::rows::differences;
use super::snapshot::Snapshot;
use crate::rebuild::{BuildKey, Halt, Inner, Pace};

/// Why a build was not compared.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no build of this number.
    #[error("there is no build {build}")]
    NoSuchBuild {
        /// The number asked for.
        build: i32,
    },
    /// The database or the log.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Folds cases from the log up to a build's checkpoint and compares its rows with them; of the live
/// build, unless another is asked for. `checked` counts the cases on the way.
///
/// With [`Sample::All`], rows of cases that the log does not have are found as well.
///
/// # Errors
/// [`VerifyError::NoSuchBuild`] for one that is not followed; [`VerifyError::Log`] when the
/// database does not answer.
pub async fn verify(
    log: &EventLog,
    pool: &Pool,
    tenant: TenantNo,
    projection: Projection,
    build: Option<i32>,
    sample: Sample,
    checked: Arc<AtomicU64>,
) -> Result<Comparison, VerifyError> {
    let build = BuildAsked { tenant, projection, build };
    verify_at_pace(log, pool, build, sample, None, checked).await
}

/// The same, resting while the log is busy.
pub(crate) async fn verify_paced(
    log: &EventLog,
    pool: &Pool,
    build: BuildAsked,
    sample: Sample,
    pace: &Pace,
    checked: Arc<AtomicU64>,
) -> Result<Comparison, VerifyError> {
    verify_at_pace(log, pool, build, sample, Some(pace), checked).await
}

/// The build that is asked about: the live one where none is named.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuildAsked {
    pub(crate) tenant: TenantNo,
    pub(crate) projection: Projection,
    pub(crate) build: Option<i32>,
}

async fn verify_at_pace(
    log: &EventLog,
    pool: &Pool,
    BuildAsked { tenant, projection, build }: BuildAsked,
    sample: Sample,
    pace: Option<&Pace>,
    checked: Arc<AtomicU64>,
) -> Result<Comparison, VerifyError> {
    let mut client = pool.get().await.map_err(LogError::from)?;
    let snapshot = Snapshot::take(&mut client).await?;
    let live = snapshot.live(BuildKey::of(tenant, projection, 0)).await?;
    let build = build.map_or(live, |build| BuildKey { build, ..live });
    // A tenant that does not exist is told from one with nothing to compare.
    snapshot.streams(build).await?;
    let position = match snapshot.position(build).await? {
        Some(position) => position,
        None if build == live => Position(0),
        None => return Err(VerifyError::NoSuchBuild { build: build.build }),
    };
    let mut comparing = Comparing { snapshot, sample, pace, checked };
    let compared = comparing.compare(log, vec![(build, position)]).await?;
    compared.into_iter().next().ok_or(VerifyError::NoSuchBuild { build: build.build })
}

/// Compares the build of a rebuild with the log, and the live build over the same cases.
pub(crate) async fn new_and_live(
    inner: &Inner,
    new: BuildKey,
    sample: Sample,
    pace: &Pace,
    checked: Arc<AtomicU64>,
) -> Result<Comparison, Halt> {
    let mut client = inner.pool.get().await?;
    let snapshot = Snapshot::take(&mut client).await?;
    let live = snapshot.live(new).await?;
    let position = snapshot.position(new).await?.ok_or(Halt::failed("not_followed"))?;
    let live_position = snapshot.position(live).await?.unwrap_or(Position(0));
    let mut comparing = Comparing { snapshot, sample, pace: Some(pace), checked };
    let builds = vec![(new, position), (live, live_position)];
    let mut compared = comparing.compare(&inner.log, builds).await?.into_iter();
    let mut comparison = compared.next().ok_or(Halt::failed("not_followed"))?;
    comparison.live = compared.next().map(Box::new);
    comparing.take_away(new, live, &mut comparison).await?;
    Ok(comparison)
}

/// What is compared how.
struct Comparing<'a> {
    snapshot: Snapshot<'a>,
    sample: Sample,
    pace: Option<&'a Pace>,
    checked: Arc<AtomicU64>,
}

impl Comparing<'_> {
    /// Compares builds, each at its own position, over the same cases.
    async fn compare(
        &mut self,
        log: &EventLog,
        builds: Vec<(BuildKey, Position)>,
    ) -> Result<Vec<Comparison>, LogError> {
        let keys: Vec<BuildKey> = builds.iter().map(|(build, _)| *build).collect();
        let upto = builds.iter().map(|(_, position)| *position).max().unwrap_or(Position(0));
        let mut cases = Cases::choose(log, &self.snapshot, &keys, self.sample, upto).await?;
        let programmes = match keys.first() {
            Some(build) => log.programmes(build.tenant).await?,
            None => Programmes::shipped(),
        };
        let is_of_all = self.sample == Sample::All;
        let mut all: Vec<(BuildKey, Comparison)> = builds
            .into_iter()
            .map(|(build, position)| (build, Comparison::of(build.build, position, is_of_all)))
            .collect();
        loop {
            let began = Instant::now();
            let few = cases.next().await?;
            if few.is_empty() {
                break;
            }
            for (build, comparison) in &mut all {
                self.compare_few(*build, comparison, &few, upto, &programmes).await?;
            }
            self.checked.fetch_add(few.len() as u64, Ordering::Relaxed);
            if let Some(pace) = self.pace {
                pace.rest(began).await?;
            }
        }
        let mut compared = Vec::with_capacity(all.len());
        for (build, mut comparison) in all {
            self.look_at_tables(build, &mut comparison).await?;
            compared.push(comparison);
        }
        Ok(compared)
    }

    async fn compare_few(
        &self,
        build: BuildKey,
        comparison: &mut Comparison,
        cases: &[Case],
        upto: Position,
        programmes: &Programmes,
    ) -> Result<(), LogError> {
        let tables = build.projection.tables();
        let ids: Vec<Uuid> = cases.iter().map(|case| case.case_id.0).collect();
        let parked = self.snapshot.parked(build, &ids).await?;
        let mut present: Vec<HashMap<Uuid, Vec<Row>>> = Vec::with_capacity(tables.len());
        for table in tables {
            present.push(by_case(self.snapshot.rows(build, table, &ids).await?));
        }
        for case in cases {
            if parked.contains(&case.case_id.0) {
                comparison.parked += 1;
                continue;
            }
            let mut found = Vec::new();
            let Some(rows) = expected(build.projection, case, comparison.position, programmes)
            else {
                // What cannot be read may lie behind the checkpoint of a build that is not as far.
                if case.history.is_some() || comparison.position == upto {
                    let table = tables.first().map_or("", |table| table.name);
                    let kind = DifferenceKind::Differs;
                    found.push(Difference { case_id: case.case_id, table, kind, columns: vec![] });
                    comparison.cases += 1;
                    comparison.take(found);
                } else {
                    comparison.parked += 1;
                }
                continue;
            };
            for ((table, present), expected) in tables.iter().zip(&present).zip(&rows) {
                let present = present.get(&case.case_id.0).map_or(&[][..], Vec::as_slice);
                comparison.rows += present.len() as u64;
                found.extend(differences(case.case_id, table, expected, present));
            }
            comparison.cases += 1;
            comparison.take(found);
        }
        Ok(())
    }

    /// Counts the rows of every table, and finds those that no case accounts for.
    async fn look_at_tables(
        &self,
        build: BuildKey,
        comparison: &mut Comparison,
    ) -> Result<(), LogError> {
        let mut strays: HashMap<CaseId, Vec<Difference>> = HashMap::new();
        for table in build.projection.tables() {
            let rows = self.snapshot.count(build, table).await?;
            comparison.tables.push(TableRows { table: table.name, rows });
            if self.sample != Sample::All {
                continue;
            }
            for case_id in self.strays(build, table, comparison.position).await? {
                let columns = Vec::new();
                let kind = DifferenceKind::Extra;
                let stray = Difference { case_id, table: table.name, kind, columns };
                strays.entry(case_id).or_default().push(stray);
            }
        }
        for found in strays.into_values() {
            comparison.take(found);
        }
        Ok(())
    }

    /// Counts the cases whose rows a switch would take from readers.
    async fn take_away(
        &self,
        new: BuildKey,
        live: BuildKey,
        comparison: &mut Comparison,
    ) -> Result<(), LogError> {
        let limit = i64::try_from(DIFFERENCES_MAX).unwrap_or(i64::MAX);
        let mut taken: HashMap<Uuid, Vec<Difference>> = HashMap::new();
        for table in new.projection.tables() {
            for case in self.snapshot.taken_away(new, live, table, limit).await? {
                let (case_id, kind) = (CaseId(case), DifferenceKind::Missing);
                let difference = Difference { case_id, table: table.name, kind, columns: vec![] };
                taken.entry(case).or_default().push(difference);
            }
        }
        comparison.taken_away = taken.len() as u64;
        for found in taken.into_values() {
            comparison.take(found);
        }
        Ok(())
    }

    /// The case of each row whose case the log does not have; of very many, some.
    async fn strays(
        &self,
        build: BuildKey,
        table: &Table,
        upto: Position,
    ) -> Result<Vec<CaseId>, LogError> {
        let limit = i64::try_from(DIFFERENCES_MAX).unwrap_or(i64::MAX);
        let rows = self.snapshot.strays(build, table, upto, limit).await?;
        Ok(rows.iter().filter_map(case_of).map(CaseId).collect())
    }
}

/// The rows that the log gives of a case up to a position; `None` when it cannot be folded.
fn expected(
    projection: Projection,
    case: &Case,
    upto: Position,
    programmes: &Programmes,
) -> Option<Vec<Vec<Row>>> {
    let history = case.history.as_ref()?;
    let known = history.partition_point(|event| event.position <= upto);
    if known == 0 {
        return Some(vec![Vec::new(); projection.tables().len()]);
    }
    // A fold that panics has its case parked, and parked cases are all compared.
    let fold = || projection.rows(case.case_id, &history[..known], programmes);
    catch_unwind(AssertUnwindSafe(fold)).ok()?.ok()
}

fn by_case(rows: Vec<Row>) -> HashMap<Uuid, Vec<Row>> {
    let mut by_case: HashMap<Uuid, Vec<Row>> = HashMap::new();
    for row in rows {
        if let Some(case) = case_of(&row) {
            by_case.entry(case).or_default().push(row);
        }
    }
    by_case
}

/// The first column of every table.
fn case_of(row: &Row) -> Option<Uuid> {
    match row.first() {
        Some(Cell::Uuid(case)) => Some(*case),
        _ => None,
    }
}
