//! The computed rules: which there are, and what each says of a case at two dates.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, Responder};
use jiff::Timestamp;
use serde::Serialize;
use throughline_domain::rules::{Answer, CaseView, Rule, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::caller::Caller;
use crate::cases::command::{CasePath, now};
use crate::cases::history;
use crate::dates::{AS_OF, Dates, KNOWN_AT, READING};
use crate::freshness::{self, POSITION_HEADER};
use crate::preconditions::etag;
use crate::problem::Problem;
use crate::query::Query;
use crate::schema::{reading, rule_answer, rule_kind};

/// Every computed rule.
#[derive(Serialize, ToSchema)]
pub struct RulesAnswer {
    /// The rules, each version for itself.
    rules: Vec<RuleAnswer>,
}

/// A computed rule.
#[derive(Serialize, ToSchema)]
pub struct RuleAnswer {
    /// The name and version, such as `dormant/1`: how answers name it.
    rule: &'static str,
    /// The name alone.
    name: &'static str,
    /// The version alone.
    version: &'static str,
    /// What it asks.
    summary: &'static str,
    /// What it answers with.
    #[schema(schema_with = rule_kind)]
    answers: &'static str,
    /// Where the definition comes from.
    source: &'static str,
}

/// What every rule says of a case, as it was at `as_of`, as was known at `known_at`.
#[derive(Serialize, ToSchema)]
pub struct CaseRulesAnswer {
    /// The case.
    case_id: Uuid,
    /// Each rule's answer, in the order of `GET /v1/rules`.
    rules: Vec<RuleOfCaseAnswer>,
    /// The case's version as known at `known_at`; also the `ETag`.
    version: i32,
    /// The date in force: what had happened by then.
    as_of: Timestamp,
    /// The date in force: what was known by then.
    known_at: Timestamp,
    /// How corrections were read.
    #[schema(schema_with = reading)]
    reading: &'static str,
    /// The place in the log of the latest event known.
    position: i64,
    /// Present, and true, when an event of the case cannot be read: the answer is from before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
}

/// What one rule says of a case.
#[derive(Serialize, ToSchema)]
pub struct RuleOfCaseAnswer {
    /// The name and version.
    rule: &'static str,
    /// What it says: true or false, a code, codes, days or a moment; null where it has nothing to
    /// say of such a case.
    #[schema(schema_with = rule_answer)]
    answer: Said,
    /// Since when that holds, or when it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// The events it rests on: the original facts.
    event_ids: Vec<Uuid>,
}

/// What a rule says, in JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Said {
    Holds(bool),
    Code(&'static str),
    Codes(Vec<&'static str>),
    Days(i64),
    At(Timestamp),
    Nothing,
}

/// Reads which rules there are.
pub async fn read_rules(_: Caller) -> impl Responder {
    let rules = Rule::all().iter().map(|rule| RuleAnswer {
        rule: rule.id,
        name: rule.name(),
        version: rule.version(),
        summary: rule.summary,
        answers: rule.kind.as_str(),
        source: rule.source,
    });
    HttpResponse::Ok().json(RulesAnswer { rules: rules.collect() })
}

/// Reads what every rule says of a case.
///
/// # Errors
/// [`crate::problem::NOT_FOUND`] when there is no case, or none had been referred at those dates.
pub async fn read_case_rules(
    request: HttpRequest,
    path: Path<CasePath>,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let query = Query::read(&request, &[AS_OF, KNOWN_AT, READING])?;
    let dates = Dates::read(&query, now())?;
    let case_id = path.case_id()?;
    let tenant = caller.tenant.tenant_no;
    let (_, asked) = freshness::reach_log(&app, &request, tenant, &dates).await?;
    let history = history::read(&app, &caller, case_id).await?;
    let programmes = app.log.programmes(tenant).await?;
    let history = history.judged_by(&programmes);

    let (version, position) =
        (history.version_at(asked.known_at), history.position_at(asked.known_at));
    let Some(view) =
        CaseView::at(&history.events, &asked, |referral| programmes.of_referral(referral))
    else {
        return Err(history.absent_at(asked.known_at));
    };
    let rules = Rule::all().iter().map(|rule| RuleOfCaseAnswer::new(rule.id, rule.ask(&view)));
    let stale = history.is_stale_at(asked.known_at);
    let mut response = HttpResponse::Ok();
    response.insert_header(etag(version));
    response.insert_header((POSITION_HEADER, position.to_string()));
    if let Some(header) = freshness::stale_header(stale) {
        response.insert_header(header);
    }
    Ok(response.json(CaseRulesAnswer {
        case_id: case_id.0,
        rules: rules.collect(),
        version: version.0,
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading.as_str(),
        position: position.0,
        stale,
    }))
}

impl RuleOfCaseAnswer {
    fn new(rule: &'static str, answer: Answer) -> Self {
        let Answer { value, since, basis } = answer;
        let event_ids = basis.into_iter().map(|event| event.0).collect();
        Self { rule, answer: value.into(), since, event_ids }
    }
}

impl From<Value> for Said {
    fn from(value: Value) -> Self {
        match value {
            Value::Holds(holds) => Self::Holds(holds),
            Value::Code(code) => Self::Code(code),
            Value::Codes(codes) => Self::Codes(codes),
            Value::Days(days) => Self::Days(days),
            Value::At(at) => Self::At(at),
            Value::NotApplicable => Self::Nothing,
        }
    }
}
