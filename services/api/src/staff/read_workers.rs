//! The workers at two dates: their teams and capacity, and what they have.
//!
//! For the present as for the past, every case is folded from the log: one counting for both, and the
//! caseload read model does not know which cases are complex (ADR 0030).

use std::collections::{BTreeMap, HashMap};

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::{CaseState, CaseStatus};
use throughline_domain::code::Code;
use throughline_domain::rules::complex;
use throughline_domain::staff::{Load, Worker, WorkerJoined};
use throughline_domain::two_clocks::Asked;
use throughline_log::{StreamHistory, StreamKind};
use throughline_projections::Projection;
use utoipa::ToSchema;

use super::worker_at;
use crate::answering::respond;
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, Present};
use crate::page;
use crate::problem::Problem;
use crate::query::Query;
use crate::replay;
use crate::schema::reading;

/// Workers, by their code.
#[derive(Serialize, ToSchema)]
pub struct WorkersAnswer {
    /// One page of workers: those in post, and those who left and still have open cases.
    workers: Vec<WorkerAnswer>,
    /// Of all workers, not of the page.
    totals: WorkersTotals,
    /// The rules that computed values rest on.
    rules: WorkersRules,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// How many of the tenant's cases could not be followed to their last event: they are counted as
    /// they were before it. Absent where there is none.
    #[serde(skip_serializing_if = "freshness::is_none")]
    stale_cases: u64,
    /// Continues the list; absent on its last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One worker.
#[derive(Serialize, ToSchema)]
pub struct WorkerAnswer {
    /// The worker.
    worker: String,
    /// Their part in the team.
    role: String,
    /// Their team.
    team: String,
    /// How many cases they can take.
    capacity: CapacityAnswer,
    /// Since when they take cases.
    joined_at: Option<Timestamp>,
    /// When they left; absent for a worker in post.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<Timestamp>,
    /// Open cases.
    open_cases: u64,
    /// Complex ones among them.
    complex_cases: u64,
    /// How many cases more they can take; none for whoever left.
    free_places: u64,
    /// How many complex ones more.
    free_complex_places: u64,
    /// Whether they have more than they can take.
    over_capacity: bool,
}

/// How many cases a worker can take.
#[derive(Serialize, ToSchema)]
pub struct CapacityAnswer {
    /// Open cases.
    cases: u32,
    /// Complex ones among them; null where nothing was said of them, and all may be.
    complex: Option<u32>,
}

/// Of all workers.
#[derive(Default, Serialize, ToSchema)]
pub struct WorkersTotals {
    /// Workers in post.
    in_post: u64,
    /// How many cases they can take together.
    places: u64,
    /// How many they have.
    open_cases: u64,
    /// Complex ones among them.
    complex_cases: u64,
    /// How many cases more they can take.
    free_places: u64,
    /// How many of them have more than they can take.
    over_capacity: u64,
    /// Open cases of workers who left: to be handed over.
    cases_to_hand_over: u64,
    /// Open cases of workers who never joined.
    cases_of_others: u64,
}

/// The rules that computed values rest on.
#[derive(Serialize, ToSchema)]
pub struct WorkersRules {
    /// The rule of `complex_cases`.
    complex: &'static str,
}

/// The workers at two dates.
///
/// # Errors
/// [`crate::problem::OVERLOADED`] when too many questions about all cases are being answered.
pub async fn read_workers(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &[AS_OF, KNOWN_AT, READING, "limit", "cursor"])?;
    let dates = Dates::read(&query, now())?;
    let tenant = caller.tenant.tenant_no;
    let topic = format!("workers {tenant} {}", dates.topic());
    let after: Option<String> =
        query.text("cursor").map(|cursor| app.cursors.open(&topic, cursor)).transpose()?;
    let limit = query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?;
    let (settled, asked) = freshness::reach_log(&app, &request, tenant, &dates).await?;

    let mut loads: HashMap<Code, Load> = HashMap::new();
    // Like the timeline, the count rests on no definition.
    let like = Projection::EngagementTimeline;
    let counting = replay::every_case(&app, &caller, like, settled.position, |_, history, _| {
        let case = CaseState::at(history, &asked);
        if case.status == CaseStatus::Open
            && let Some(worker) = &case.worker
        {
            loads.entry(worker.clone()).or_default().count(complex::is_complex(&case));
        }
    });
    let stale_cases = counting.await?.known_at(asked.known_at).len() as u64;
    let staff = app.log.read_staff(tenant, StreamKind::Worker, settled.position).await?;
    let (listed, totals) = list(&staff, &asked, loads)?;

    let is_next = |worker: &WorkerAnswer| after.as_ref().is_none_or(|after| worker.worker > *after);
    let mut workers: Vec<WorkerAnswer> =
        listed.into_values().filter(is_next).take(limit + 1).collect();
    let has_more = workers.len() > limit;
    workers.truncate(limit);
    let last = workers.last().filter(|_| has_more).map(|last| &last.worker);
    let next = last.map(|last| app.cursors.seal(&topic, last)).transpose()?;
    let mut response = respond(&Present { position: settled.position, asked, stale_cases });
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(&request, cursor));
    }
    Ok(response.json(WorkersAnswer {
        workers,
        totals,
        rules: WorkersRules { complex: complex::RULE },
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases,
        next,
    }))
}

/// Workers by their code, with what they have, and what all come to.
fn list(
    staff: &[StreamHistory],
    asked: &Asked,
    mut loads: HashMap<Code, Load>,
) -> Result<(BTreeMap<Code, WorkerAnswer>, WorkersTotals), Problem> {
    let mut listed = BTreeMap::new();
    let mut totals = WorkersTotals::default();
    for history in staff {
        let worker = worker_at(history, asked)?;
        let Some(post) = &worker.post else { continue };
        let load = loads.remove(&post.worker).unwrap_or_default();
        totals.count(&worker, post, load);
        if worker.left_at.is_none() || load.open > 0 {
            listed.insert(post.worker.clone(), WorkerAnswer::new(&worker, post, load));
        }
    }
    totals.cases_of_others = loads.into_values().map(|load| load.open).sum();
    Ok((listed, totals))
}

impl WorkersTotals {
    fn count(&mut self, worker: &Worker, post: &WorkerJoined, load: Load) {
        if worker.left_at.is_some() {
            self.cases_to_hand_over += load.open;
            return;
        }
        self.in_post += 1;
        self.places += u64::from(post.capacity.cases);
        self.open_cases += load.open;
        self.complex_cases += load.complex;
        self.free_places += post.capacity.free(load);
        self.over_capacity += u64::from(post.capacity.is_exceeded_by(load));
    }
}

impl WorkerAnswer {
    fn new(worker: &Worker, post: &WorkerJoined, load: Load) -> Self {
        let capacity = post.capacity;
        let is_in_post = worker.left_at.is_none();
        let places = |free: u64| if is_in_post { free } else { 0 };
        Self {
            worker: post.worker.to_string(),
            role: post.role.to_string(),
            team: post.team.to_string(),
            capacity: CapacityAnswer { cases: capacity.cases, complex: capacity.complex },
            joined_at: worker.joined_at,
            left_at: worker.left_at,
            open_cases: load.open,
            complex_cases: load.complex,
            free_places: places(capacity.free(load)),
            free_complex_places: places(capacity.free_complex(load)),
            over_capacity: is_in_post && capacity.is_exceeded_by(load),
        }
    }
}
