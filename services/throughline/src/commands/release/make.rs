//! Making a release: its files beside their place, then the event that records it, then the place.
//! What is cut off in between left nothing, or an event of a release that nobody got.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde_json::{Value, json};
use throughline_domain::case::Moment;
use throughline_domain::code::Code;
use throughline_domain::cohort::{
    Cohort, CohortCommand, CohortHistory, CohortIntent, CohortReleased, Contents, ReleaseCohort,
    ReleasedDates, aggregate,
};
use throughline_domain::edition::EditionEvent;
use throughline_domain::ids::{EventId, Position};
use throughline_domain::time::{Occurred, to_microseconds};
use throughline_domain::two_clocks::Asked;
use throughline_evaluation::release::{Counts, ReleaseKey, Resource, Rows, dates, package};
use throughline_evaluation::tables::question::{self, Naming};
use throughline_evaluation::{Question, edition};
use throughline_log::{EventLog, ExecuteError, TenantNo};
use uuid::Uuid;

use super::directory::Unfinished;
use super::{Outcome, REFUSED, Refusal, What, unknown};
use crate::commands::document::{Named, meta, read};
use crate::commands::evaluating::{every_case, find_cohort, settled};
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// Whose cases are released, and at which dates.
struct Selected {
    cohort: Cohort,
    asked: Asked,
    position: Position,
    questions: Vec<Question>,
}

/// What was gathered: the tables, and of how many cases.
struct Gathered {
    resources: Vec<Resource>,
    cases: Option<u64>,
    /// What is said of the treatment, in the description.
    treatment: Value,
}

/// Releases rows.
pub(super) async fn rows(what: &What, dates: ReleasedDates) -> Outcome<()> {
    make(what, Vec::new(), async |log, tenant, selected| {
        let contents = Contents::Rows { dates };
        Ok((contents, gather_rows(log, tenant, selected, dates).await?))
    })
    .await
}

/// Releases counts.
pub(super) async fn counts(what: &What, threshold: u64, questions: Option<&Path>) -> Outcome<()> {
    let questions: Vec<Question> = match questions {
        Some(file) => read(file, "an array of questions")?,
        None => Vec::new(),
    };
    if !question::check(&questions, Naming::Refused).is_empty() {
        let why = "a question cannot be answered or names cases".to_owned();
        return Ok(Err(Refusal(REFUSED, why)));
    }
    make(what, questions, async |log, tenant, selected| {
        let questions = selected.questions.iter().map(serde_json::to_value);
        let questions = questions.collect::<Result<_, _>>()?;
        let contents = Contents::Counts { threshold, questions };
        Ok((contents, gather_counts(log, tenant, selected, threshold).await?))
    })
    .await
}

async fn make(
    what: &What,
    questions: Vec<Question>,
    gather: impl AsyncFnOnce(&EventLog, TenantNo, &Selected) -> anyhow::Result<(Contents, Gathered)>,
) -> Outcome<()> {
    // Before the pass, which takes long; the renaming decides all the same.
    if what.out.symlink_metadata().is_ok() {
        return Ok(Err(Refusal(REFUSED, "the directory is there already".to_owned())));
    }
    with_log(&what.of.database, Sealed::Handled, async |open: OpenLog| {
        let log = &open.log;
        let Some(tenant) = log.find_tenant(what.of.tenant.as_str()).await? else {
            return Ok(Err(unknown("tenant")));
        };
        let tenant = tenant.tenant_no;
        let selected = match select(log, tenant, what, questions).await? {
            Ok(selected) => selected,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (contents, gathered) = gather(log, tenant, &selected).await?;
        let now = to_microseconds(Timestamp::now());
        let Gathered { resources, cases, treatment } = gathered;
        let about = about(&selected, what.edition.as_ref(), cases, treatment, now);
        let unfinished = Unfinished::begin(&what.out)?;
        let mut tables = Vec::with_capacity(resources.len());
        for resource in &resources {
            tables.push((resource, unfinished.write(resource)?));
        }
        let name = selected.cohort.id.as_str();
        let package_hash =
            unfinished.describe(&package::describe(name, "A release", &tables, &about))?;
        let released = CohortReleased {
            cohort: selected.cohort.id.clone(),
            version: selected.cohort.version,
            edition: what.edition.clone(),
            contents,
            as_of: selected.asked.as_of,
            known_at: selected.asked.known_at,
            reading: selected.asked.reading,
            position: selected.position,
            cases,
            package_hash,
        };
        let told = released.clone();
        let position = match record(log, tenant, released, what, now).await? {
            Ok(position) => position,
            Err(refusal) => return Ok(Err(refusal)),
        };
        unfinished.put()?;
        tell(what, &told, &resources, position)?;
        Ok(Ok(()))
    })
    .await
}

async fn select(
    log: &EventLog,
    tenant: TenantNo,
    what: &What,
    questions: Vec<Question>,
) -> Outcome<Selected> {
    if let Some(id) = &what.edition {
        let Some(stored) = log.edition(tenant, id).await? else {
            return Ok(Err(unknown("edition")));
        };
        let EditionEvent::EditionPublished(published) = stored.to_edition_event()?.event;
        let questions = edition::questions(&published.edition)
            .context("this version of the program does not know a question of the edition")?;
        let edition = published.edition;
        let (asked, position) = (edition.asked(), edition.position);
        return Ok(Ok(Selected { cohort: edition.cohort, asked, position, questions }));
    }
    let id = what.cohort.clone().context("neither a cohort nor an edition is named")?;
    let asked = what.dates_asked.asked(to_microseconds(Timestamp::now()))?;
    let (asked, position) = settled(log, tenant, asked).await?;
    let name = Named { id, version: what.version };
    let cohort = find_cohort(log, tenant, &name).await?.ok_or_else(|| unknown("cohort"));
    Ok(cohort.map(|cohort| Selected { cohort, asked, position, questions }))
}

async fn gather_rows(
    log: &EventLog,
    tenant: TenantNo,
    selected: &Selected,
    dates: ReleasedDates,
) -> anyhow::Result<Gathered> {
    let Selected { cohort, asked, position, .. } = selected;
    let mut rows = Rows::new(cohort.clone(), *asked, key()?, dates);
    every_case(log, tenant, *position, |id, history, programmes| {
        rows.take(id, history, programmes);
    })
    .await?;
    let (counts, resources) = rows.finish();
    let treatment = json!({
        "dates": {"policy": dates, "meaning": dates::in_words(dates)},
        "pseudonyms": "HMAC-SHA256 under a key of this release, thrown away",
        "suppression": "none: rows are not counts, and not for publication",
    });
    Ok(Gathered { resources, cases: Some(counts.cases), treatment })
}

async fn gather_counts(
    log: &EventLog,
    tenant: TenantNo,
    selected: &Selected,
    threshold: u64,
) -> anyhow::Result<Gathered> {
    let Selected { cohort, asked, position, questions } = selected;
    let mut counts = Counts::new(cohort.clone(), *asked, questions, threshold);
    every_case(log, tenant, *position, |id, history, programmes| {
        counts.take(id, history, programmes);
    })
    .await?;
    let (cases, resource, left_out) = counts.finish();
    let treatment = json!({
        "suppression": {
            "threshold": threshold,
            "rule": "counts from 1 to one below the threshold are suppressed, and with them those \
                     from which they could be derived; 0 is published",
            "left_out": left_out,
        },
        "questions": questions,
    });
    Ok(Gathered { resources: vec![resource], cases, treatment })
}

/// What the description says of the release as a whole.
fn about(
    selected: &Selected,
    edition: Option<&Code>,
    cases: Option<u64>,
    treatment: Value,
    now: Timestamp,
) -> Value {
    let Selected { cohort, asked, position, .. } = selected;
    let mut about = json!({
        "cohort": {"id": cohort.id, "version": cohort.version},
        "as_of": asked.as_of, "known_at": asked.known_at, "reading": asked.reading,
        "position": position, "cases": cases,
        "released_at": now, "program": env!("CARGO_PKG_VERSION"),
    });
    if let Some(edition) = edition {
        about["edition"] = json!(edition);
    }
    if let (Value::Object(about), Value::Object(treatment)) = (&mut about, treatment) {
        about.extend(treatment);
    }
    about
}

/// A key that nobody can guess, for this release alone.
fn key() -> anyhow::Result<ReleaseKey> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).context("the system gave no random numbers")?;
    Ok(ReleaseKey::new(&secret))
}

async fn record(
    log: &EventLog,
    tenant: TenantNo,
    released: CohortReleased,
    what: &What,
    now: Timestamp,
) -> Outcome<Position> {
    let stream = aggregate::stream_id(&released.cohort);
    let moment = Moment { event_id: EventId(Uuid::now_v7()), occurred: Occurred::at(now), now };
    let intent = ReleaseCohort { released, again: what.again };
    let command = CohortCommand { moment, intent: CohortIntent::Release(intent) };
    let meta = meta(what.actor.as_ref());
    match log.execute::<CohortHistory>(tenant, stream, None, command, meta, None).await {
        Ok(executed) => Ok(Ok(executed.position)),
        Err(ExecuteError::Refused(refusal)) => Ok(Err(Refusal(REFUSED, refusal.to_string()))),
        Err(error) => bail!(error),
    }
}

fn tell(
    what: &What,
    released: &CohortReleased,
    resources: &[Resource],
    position: Position,
) -> anyhow::Result<()> {
    let tables: Vec<&str> = resources.iter().map(|resource| resource.name).collect();
    let CohortReleased { contents, cases, package_hash, .. } = released;
    let contents = contents.as_str();
    let mut out = io::stdout().lock();
    if what.of.json {
        let line = json!({
            "contents": contents, "cases": cases, "tables": tables, "package_hash": package_hash,
            "position": position,
        });
        writeln!(out, "{line}")?;
    } else {
        let cases = cases.map_or_else(|| "too few to say".to_owned(), |cases| cases.to_string());
        let tables = tables.join(", ");
        writeln!(out, "released {contents}, recorded at position {position}")?;
        writeln!(out, "cases: {cases}; tables: {tables}; hash: {package_hash}")?;
    }
    Ok(())
}
