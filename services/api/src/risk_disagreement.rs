//! Cases whose risk is seen differently, and how often assessors agree.

use std::collections::HashSet;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::case::assessors::Assessor;
use throughline_domain::code_lists::{CaseRole, CodeList as _, OwnView, RiskLevel};
use throughline_domain::ids::CaseId;
use throughline_projections::Projection;
use throughline_projections::risk_disagreement::{
    self, Agreement, Answer, Comparison, Page, PageAnswer, PageKey, PageQuestion, Pair, PersonSays,
    Question, View, permille,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::Role;
use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::now;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, POSITION_HEADER, Present};
use crate::page;
use crate::problem::Problem;
use crate::query::Query;
use crate::replay;
use crate::schema::{case_status, code_list, reading};

/// How often assessors agree, and one page of the cases whose risk is seen differently, those that
/// have stood so the longest first. Compared are the latest assessments of each assessor (a role in an
/// organisation) within a case's present or last episode.
#[derive(Serialize, ToSchema)]
pub struct RiskDisagreementAnswer {
    /// The programme asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    programme: Option<String>,
    /// All cases asked about, whichever page this is.
    totals: AgreementAnswer,
    /// The cases. Left out for an evaluator.
    #[serde(skip_serializing_if = "Option::is_none")]
    cases: Option<Vec<DisagreementAnswer>>,
    /// The rule of who is compared, and when they disagree.
    rule: &'static str,
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
    /// The cursor of the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// How often assessors agree.
#[derive(Serialize, ToSchema)]
pub struct AgreementAnswer {
    /// Cases that somebody assessed.
    cases: u64,
    /// Of them, those that two or more assessors assessed.
    compared: u64,
    /// Of those compared, those whose levels are all the same.
    agree: u64,
    /// Of those compared, those whose levels differ.
    differ: u64,
    /// The share of `agree` in `compared`, to a tenth, halves up; null when none are compared.
    percent_agree: Option<f64>,
    /// What the persons say.
    person: PersonAnswer,
    /// Cases whose levels differ, or whose person disagrees: those listed.
    disagreements: u64,
    /// Each pair of assessors that assessed the same cases, by role and organisation.
    pairs: Vec<PairAnswer>,
}

/// What the persons say to the assessments of their cases: every case is in one.
#[derive(Serialize, ToSchema)]
pub struct PersonAnswer {
    /// Cases whose person disagrees with any of the assessments.
    disagrees: u64,
    /// Cases whose person agrees with one, and disagrees with none.
    agrees: u64,
    /// Cases whose person was not asked.
    not_asked: u64,
    /// Cases in which nobody wrote it down.
    not_recorded: u64,
}

/// Two assessors of the same cases.
#[derive(Serialize, ToSchema)]
pub struct PairAnswer {
    /// The first.
    first: AssessorName,
    /// The second.
    second: AssessorName,
    /// Cases that both assessed.
    cases: u64,
    /// Of them, those to which both gave the same level.
    agree: u64,
    /// The share of `agree` in `cases`, to a tenth, halves up.
    percent_agree: Option<f64>,
    /// The cases by the level that the first gave (rows) and the second (columns): standard, medium,
    /// high.
    matrix: Vec<Vec<u64>>,
}

/// A role in an organisation.
#[derive(Serialize, ToSchema)]
pub struct AssessorName {
    /// The role.
    assessor_role: String,
    /// The organisation; null where it was not given.
    source_organisation: Option<String>,
}

/// A case whose risk is seen differently.
#[derive(Serialize, ToSchema)]
pub struct DisagreementAnswer {
    /// The case.
    case_id: Uuid,
    /// Its programme.
    programme: String,
    /// Whom it is about.
    #[schema(schema_with = code_list::<CaseRole>)]
    role: &'static str,
    /// The programme's area that it is in.
    area: String,
    /// Where it stands.
    #[schema(schema_with = case_status)]
    status: &'static str,
    /// Since when it stands so: when the newest of the assessments was made.
    since: Timestamp,
    /// Whether the assessors' levels differ.
    levels_differ: bool,
    /// Whether the person disagrees with any of them.
    person_disagrees: bool,
    /// What each assessor said last.
    views: Vec<ViewAnswer>,
    /// Present, and true, when the case could not be followed to its last event.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

/// What one assessor said last.
#[derive(Serialize, ToSchema)]
pub struct ViewAnswer {
    /// Who.
    #[serde(flatten)]
    assessor: AssessorName,
    /// The level.
    #[schema(schema_with = code_list::<RiskLevel>)]
    level: &'static str,
    /// When the assessment was made.
    assessed_at: Timestamp,
    /// With which instrument.
    instrument: String,
    /// The assessment: the original fact, also where it was corrected.
    event_id: Uuid,
    /// The person's own view of the level; null where nobody wrote it down.
    #[schema(schema_with = code_list::<OwnView>)]
    own_view: Option<&'static str>,
    /// How many assessments they made in the case.
    assessments: u32,
}

/// What was found, and at which dates.
struct Found {
    agreement: Agreement,
    page: Option<Page>,
    /// The cases of the page that could not be followed.
    stale: HashSet<CaseId>,
    present: Present,
}

/// Reads where risk is seen differently.
///
/// # Errors
/// [`crate::problem::INVALID`] for a programme, role, area, status or page that cannot be.
pub async fn read_risk_disagreement(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let known =
        ["programme", "role", "area", "status", AS_OF, KNOWN_AT, READING, "limit", "cursor"];
    let query = Query::read(&request, &known)?;
    let dates = Dates::read(&query, now())?;
    let topic = topic(&query, &caller, &dates)?;
    let programmes = app.log.programmes(caller.tenant.tenant_no).await?;
    let question = Question {
        programme: query.programme(&programmes)?,
        role: query.listed("role")?,
        area: query.text("area"),
        status: query.status()?,
    };
    let after = query.text("cursor").map(|c| app.cursors.open::<PageKey>(&topic, c)).transpose()?;
    let limit = query.limit(app.settings.page_rows_default, app.settings.page_rows_max)?;
    let names_cases = caller.role != Role::Evaluator;
    let asked =
        Sent { question, page: names_cases.then_some(PageQuestion { question, after, limit }) };
    let found = if dates.are_present() {
        present(&app, &request, &caller, asked).await?
    } else {
        past(&app, &request, &caller, asked, &dates).await?
    };

    let last = found.page.as_ref().filter(|page| page.more).and_then(|page| page.cases.last());
    let next = last.map(|last| app.cursors.seal(&topic, &last.page_key())).transpose()?;
    let mut response = HttpResponse::Ok();
    response.insert_header((POSITION_HEADER, found.present.position.to_string()));
    if let Some(cursor) = &next {
        response.insert_header(page::next_link(&request, cursor));
    }
    if let Some(header) = freshness::stale_header(found.present.stale_cases > 0) {
        response.insert_header(header);
    }
    Ok(response.json(render(question, found, next)))
}

/// What was asked; no page for whoever sees no case.
#[derive(Clone, Copy)]
struct Sent<'a> {
    question: Question<'a>,
    page: Option<PageQuestion<'a>>,
}

/// The question that a cursor belongs to.
fn topic(query: &Query, caller: &Caller, dates: &Dates) -> Result<String, Problem> {
    query.code("area")?;
    let asked = ["programme", "role", "area", "status"].map(|name| query.text(name).unwrap_or("*"));
    let tenant = caller.tenant.tenant_no.0;
    Ok(format!("risk disagreement {tenant} {} {}", asked.join(" "), dates.topic()))
}

async fn present(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    asked: Sent<'_>,
) -> Result<Found, Problem> {
    let tenant = caller.tenant.tenant_no;
    let projection = Projection::RiskDisagreement;
    let ((agreement, page, stale), present) =
        freshness::read_present(app, request, tenant, projection, async |client, place, _| {
            let agreement = risk_disagreement::read(client, place, asked.question).await?;
            let Some(page) = asked.page else {
                return Ok((agreement, None, HashSet::new()));
            };
            let page = risk_disagreement::read_page(client, place, page).await?;
            let cases: Vec<CaseId> = page.cases.iter().map(|case| case.case_id).collect();
            let stale = throughline_projector::stale_among(client, projection, place, &cases);
            Ok((agreement, Some(page), stale.await?))
        })
        .await?;
    Ok(Found { agreement, page, stale, present })
}

async fn past(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    asked: Sent<'_>,
    dates: &Dates,
) -> Result<Found, Problem> {
    let tenant = caller.tenant.tenant_no;
    let Sent { question, page } = asked;
    let (settled, asked) = freshness::reach_log(app, request, tenant, dates).await?;
    let (mut answer, mut page) = (Answer::new(question), page.map(PageAnswer::new));
    let position = settled.position;
    let unreadable = replay::every_case(
        app,
        caller,
        Projection::RiskDisagreement,
        position,
        |case_id, history, _| {
            if let Some(case) = risk_disagreement::fold(case_id, history, &asked) {
                answer.take(&case);
                if let Some(page) = &mut page {
                    page.take(case);
                }
            }
        },
    )
    .await?;
    let stale = unreadable.known_at(asked.known_at);
    let stale_cases = stale.len() as u64;
    Ok(Found {
        agreement: answer.finish()?,
        page: page.map(PageAnswer::finish),
        stale,
        present: Present { position, asked, stale_cases },
    })
}

fn render(question: Question<'_>, found: Found, next: Option<String>) -> RiskDisagreementAnswer {
    let Found { agreement, page, stale, present: Present { asked, stale_cases, .. } } = found;
    let case = |case: &Comparison| {
        let stale = stale.contains(&case.case_id);
        DisagreementAnswer { stale, ..DisagreementAnswer::from(case) }
    };
    RiskDisagreementAnswer {
        programme: question.programme.map(str::to_owned),
        totals: AgreementAnswer::from(&agreement),
        cases: page.map(|page| page.cases.iter().map(case).collect()),
        rule: risk_disagreement::RULE,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        stale_cases,
        next,
    }
}

impl From<&Agreement> for AgreementAnswer {
    fn from(agreement: &Agreement) -> Self {
        let Agreement { cases, compared, agree, differ, person, disagreements, pairs } = agreement;
        Self {
            cases: *cases,
            compared: *compared,
            agree: *agree,
            differ: *differ,
            percent_agree: percent(*agree, *compared),
            person: PersonAnswer::from(*person),
            disagreements: *disagreements,
            pairs: pairs.iter().map(PairAnswer::from).collect(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
fn percent(part: u64, whole: u64) -> Option<f64> {
    permille(part, whole).map(|permille| permille as f64 / 10.0)
}

impl From<PersonSays> for PersonAnswer {
    fn from(person: PersonSays) -> Self {
        let PersonSays { disagrees, agrees, not_asked, not_recorded } = person;
        Self { disagrees, agrees, not_asked, not_recorded }
    }
}

impl From<&Pair> for PairAnswer {
    fn from(pair: &Pair) -> Self {
        Self {
            first: AssessorName::from(&pair.first),
            second: AssessorName::from(&pair.second),
            cases: pair.cases(),
            agree: pair.agree(),
            percent_agree: percent(pair.agree(), pair.cases()),
            matrix: pair.matrix.iter().map(|row| row.to_vec()).collect(),
        }
    }
}

impl From<&Assessor> for AssessorName {
    fn from(assessor: &Assessor) -> Self {
        Self {
            assessor_role: assessor.role.to_string(),
            source_organisation: assessor.organisation.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&Comparison> for DisagreementAnswer {
    fn from(case: &Comparison) -> Self {
        Self {
            case_id: case.case_id.0,
            programme: case.programme.to_string(),
            role: case.role.as_str(),
            area: case.area.to_string(),
            status: case.status.as_str(),
            since: case.since(),
            levels_differ: case.levels_differ(),
            person_disagrees: case.person_disagrees(),
            views: case.views.iter().map(ViewAnswer::from).collect(),
            stale: false,
        }
    }
}

impl From<&View> for ViewAnswer {
    fn from(view: &View) -> Self {
        Self {
            assessor: AssessorName::from(&view.assessor),
            level: view.level.as_str(),
            assessed_at: view.assessed_at,
            instrument: view.instrument.to_string(),
            event_id: view.event_id.0,
            own_view: view.own_view.map(OwnView::as_str),
            assessments: view.assessments,
        }
    }
}
