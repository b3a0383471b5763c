//! How many cases each worker has, step by step, and how often they try to reach people.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::code::Code;
use throughline_domain::programme::Programmes;
use throughline_domain::rules::dormant;
use throughline_projections::Projection;
use throughline_projections::workload::{
    self, Answer, Load, Question, Span, SpanError, Step, Steps, Total, WorkerLoad, Workload,
};
use utoipa::ToSchema;

use crate::access::Role;
use crate::answering::respond;
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, Present};
use crate::page;
use crate::problem::{self, Problem};
use crate::query::{Query, invalid};
use crate::replay;
use crate::schema::{reading, step};

/// Workers in a page: each has a figure for every step.
pub const PAGE_WORKERS_DEFAULT: usize = 50;
/// The most of them.
pub const PAGE_WORKERS_MAX: usize = 100;

/// Workloads over time: at the end of each step the caseloads, and in each step the contacts.
#[derive(Serialize, ToSchema)]
pub struct WorkloadAnswer {
    /// How long each step is.
    #[schema(schema_with = step)]
    step: &'static str,
    /// The steps, calendar weeks or months in UTC; none begins after `as_of`. At most 260.
    steps: Vec<WorkloadStep>,
    /// One page of workers, by their code: those who had a case at the end of some step, or made a
    /// contact in one. Absent for an evaluator, who is told of no single worker.
    #[serde(skip_serializing_if = "Option::is_none")]
    workers: Option<Vec<WorkerLoads>>,
    /// Of all workers asked about, not of the page: one for each step.
    totals: Vec<WorkloadTotal>,
    /// The rules that computed values rest on.
    rules: WorkloadRules,
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

/// One step.
#[derive(Serialize, ToSchema)]
pub struct WorkloadStep {
    /// Its first moment.
    from: Timestamp,
    /// The first moment of the next.
    until: Timestamp,
    /// The moment for which caseloads are counted: the last microsecond of the step, or `as_of` when
    /// that comes first.
    at: Timestamp,
}

/// One worker's series.
#[derive(Serialize, ToSchema)]
pub struct WorkerLoads {
    /// The worker.
    worker: String,
    /// One for each step.
    loads: Vec<WorkerLoadAnswer>,
}

/// What one step comes to. A case is on a caseload from the allocation to the next, or to the
/// closure; after a reopening it is with the worker who had it last.
#[derive(Serialize, ToSchema)]
pub struct WorkerLoadAnswer {
    /// Cases on the caseload at the step's end: active and dormant.
    cases: u64,
    /// Those not dormant.
    active: u64,
    /// Those not reached for longer than the programme's setting, at the step's end.
    dormant: u64,
    /// Those at high risk, active or dormant.
    high_risk: u64,
    /// Attempts to reach a person made in the step, for whoever had the case at that moment, or had
    /// had it last.
    attempts: u64,
    /// Of them, those that reached the person.
    reached: u64,
}

/// What one step comes to for all workers asked about.
#[derive(Serialize, ToSchema)]
pub struct WorkloadTotal {
    /// Workers with a case at the step's end.
    workers: u64,
    /// What they have and did together.
    #[serde(flatten)]
    load: WorkerLoadAnswer,
    /// Attempts made in the step while nobody had the case yet: in no worker's figures.
    attempts_of_nobody: u64,
    /// Of them, those that reached the person.
    reached_of_nobody: u64,
}

/// The rules that computed values rest on.
#[derive(Serialize, ToSchema)]
pub struct WorkloadRules {
    /// The rule of what is on a caseload, and whose a contact is.
    workload: &'static str,
    /// The rule of `dormant`, as of each step's end.
    dormant: &'static str,
}

/// What was asked, before the dates in force are known.
struct Sent<'a> {
    programme: Option<&'a str>,
    team: Option<&'a str>,
    worker: Option<&'a str>,
    span: Span,
    after: Option<Code>,
    limit: usize,
}

/// What was found, and at which dates.
struct Found {
    workload: Workload,
    steps: Steps,
    present: Present,
}

/// Reads workloads over time.
///
/// # Errors
/// [`problem::INVALID`] for a programme or a series that cannot be; [`problem::FORBIDDEN`] when an
/// evaluator asks about one worker.
pub async fn read_workload(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known = [
        "programme",
        "team",
        "worker",
        "from",
        "to",
        "step",
        AS_OF,
        KNOWN_AT,
        READING,
        "limit",
        "cursor",
    ];
    let query = Query::read(&request, &known)?;
    let dates = Dates::read(&query, now())?;
    let names_workers = caller.role != Role::Evaluator;
    if !names_workers && query.text("worker").is_some() {
        return Err(Problem::new(problem::FORBIDDEN));
    }
    let topic = topic(&query, &caller, &dates);
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let sent = Sent::read(&query, &app, &programmes, &topic)?;
    let found = if dates.are_present() {
        present(&app, &request, &caller, &sent).await?
    } else {
        past(&app, &request, &caller, &sent, &dates).await?
    };

    let last = found.workload.workers.last().filter(|_| found.workload.more && names_workers);
    let next = last.map(|last| app.cursors.seal(&topic, &last.worker)).transpose()?;
    let mut response = respond(&found.present);
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(&request, cursor));
    }
    Ok(response.json(render(sent.span.step, found, names_workers, next)))
}

/// The question that a cursor belongs to.
fn topic(query: &Query, caller: &Caller, dates: &Dates) -> String {
    let asked = ["programme", "team", "worker", "from", "to", "step"]
        .map(|name| query.text(name).unwrap_or("*"));
    format!("workload {} {} {}", caller.tenant.tenant_no.0, asked.join(" "), dates.topic())
}

impl<'a> Sent<'a> {
    fn read(query: &'a Query, app: &App, known: &Programmes, topic: &str) -> Result<Self, Problem> {
        query.code("team")?;
        query.code("worker")?;
        let step = match query.text("step") {
            None => Step::default(),
            Some(text) => Step::ALL
                .into_iter()
                .find(|step| step.as_str() == text)
                .ok_or_else(|| invalid("step", "is week or month"))?,
        };
        let after = query.text("cursor").map(|c| app.cursors.open::<Code>(topic, c)).transpose()?;
        Ok(Self {
            programme: query.programme(known)?,
            team: query.text("team"),
            worker: query.text("worker"),
            span: Span { step, from: query.timestamp("from")?, to: query.timestamp("to")? },
            after,
            limit: query.limit(PAGE_WORKERS_DEFAULT, PAGE_WORKERS_MAX)?,
        })
    }

    fn question<'q>(&'q self, steps: &'q Steps) -> Question<'q> {
        Question {
            programme: self.programme,
            team: self.team,
            worker: self.worker,
            steps,
            after: self.after.as_ref().map(Code::as_str),
            limit: self.limit,
        }
    }

    fn steps(&self, as_of: Timestamp) -> Result<Steps, Problem> {
        self.span.steps(as_of).map_err(|error| match error {
            SpanError::Backwards => invalid("to", "lies before from"),
            SpanError::TooLong => {
                invalid("from", format!("makes more than {} steps", workload::STEPS_MAX))
            }
        })
    }
}

async fn present(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    sent: &Sent<'_>,
) -> Result<Found, Problem> {
    let tenant = caller.tenant.tenant_no;
    let projection = Projection::Workload;
    let (read, present) =
        freshness::read_present(app, request, tenant, projection, async |client, place, as_of| {
            // The steps end with the date in force, which is known only now.
            let steps = match sent.steps(as_of) {
                Ok(steps) => steps,
                Err(problem) => return Ok(Err(problem)),
            };
            let workload = workload::read(client, place, sent.question(&steps)).await?;
            Ok(Ok((workload, steps)))
        })
        .await?;
    let (workload, steps) = read?;
    Ok(Found { workload, steps, present })
}

async fn past(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    sent: &Sent<'_>,
    dates: &Dates,
) -> Result<Found, Problem> {
    let tenant = caller.tenant.tenant_no;
    let (settled, asked) = freshness::reach_log(app, request, tenant, dates).await?;
    let position = settled.position;
    let steps = sent.steps(asked.as_of)?;
    let mut answer = Answer::new(sent.question(&steps));
    let unreadable = replay::every_case(
        app,
        caller,
        Projection::Workload,
        position,
        |case_id, history, programmes| {
            answer.take(&workload::fold(case_id, history, &asked, programmes));
        },
    )
    .await?;
    let workload = answer.finish()?;
    let stale_cases = unreadable.known_at(asked.known_at).len() as u64;
    Ok(Found { workload, steps, present: Present { position, asked, stale_cases } })
}

fn render(step: Step, found: Found, names_workers: bool, next: Option<String>) -> WorkloadAnswer {
    let Found { workload, steps, present: Present { asked, stale_cases, .. } } = found;
    let bounds = steps.bounds().zip(steps.moments());
    let workers = workload.workers.into_iter().map(WorkerLoads::from);
    WorkloadAnswer {
        step: step.as_str(),
        steps: bounds.map(|((from, until), at)| WorkloadStep { from, until, at }).collect(),
        workers: names_workers.then(|| workers.collect()),
        totals: workload.totals.into_iter().map(WorkloadTotal::from).collect(),
        rules: WorkloadRules { workload: workload::RULE, dormant: dormant::RULE },
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases,
        next,
    }
}

impl From<WorkerLoad> for WorkerLoads {
    fn from(of: WorkerLoad) -> Self {
        let loads = of.loads.into_iter().map(WorkerLoadAnswer::from).collect();
        Self { worker: of.worker.to_string(), loads }
    }
}

impl From<Load> for WorkerLoadAnswer {
    fn from(load: Load) -> Self {
        let active = load.active();
        let Load { cases, dormant, high_risk, attempts, reached } = load;
        Self { cases, active, dormant, high_risk, attempts, reached }
    }
}

impl From<Total> for WorkloadTotal {
    fn from(total: Total) -> Self {
        let Total { workers, load, attempts_of_nobody, reached_of_nobody } = total;
        Self { workers, load: load.into(), attempts_of_nobody, reached_of_nobody }
    }
}
