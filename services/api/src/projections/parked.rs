//! Cases that a projection has set aside: which, why, and having them tried again.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use throughline_domain::ids::CaseId;
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{Parked, parked_page, retry_parked};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::List;
use super::looked;
use super::once::{Given, connection, once};
use super::operations::accepted;
use crate::app::App;
use crate::body::JsonBody;
use crate::caller::Caller;
use crate::problem::{self, FieldError, Problem};

/// The cases that are set aside, by case, projection, then build.
#[derive(Serialize, ToSchema)]
pub struct ParkedAnswer {
    /// One entry for each projection that has set a case aside.
    parked: Vec<ParkedCase>,
    /// Continues the list; absent on its last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A case that a projection does not follow: what it says of the case is stale.
#[derive(Serialize, ToSchema)]
pub struct ParkedCase {
    /// The projection.
    projection: &'static str,
    /// The build.
    build: i32,
    /// The case.
    case_id: Uuid,
    /// The place of the event that cannot be taken, or of the last that there was then.
    position: i64,
    /// Its id, where it is known.
    event_id: Option<Uuid>,
    /// Its type, where it is known.
    event_type: Option<String>,
    /// Why, as a class.
    error_class: String,
    /// Since when.
    since: Timestamp,
    /// How often it was tried, the first time included.
    tries: i32,
    /// When it was tried last.
    tried_at: Timestamp,
    /// When it is tried again.
    retry_at: Timestamp,
}

impl ParkedCase {
    fn of(parked: Parked) -> Self {
        Self {
            projection: parked.projection.name(),
            build: parked.build,
            case_id: parked.case_id.0,
            position: parked.position.0,
            event_id: parked.event_id.map(|event| event.0),
            event_type: parked.event_type,
            error_class: parked.error_class,
            since: parked.since,
            tries: parked.tries,
            tried_at: parked.tried_at,
            retry_at: parked.retry_at,
        }
    }
}

/// What to try again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryBody {
    /// Of which projection. Default: of all.
    #[schema(schema_with = crate::schema::code)]
    pub projection: Option<String>,
    /// Which case. Default: all that are set aside.
    pub case_id: Option<Uuid>,
}

/// How many are tried again.
#[derive(Serialize, ToSchema)]
pub struct RetryAnswer {
    /// Streams of builds that are tried again within about a second.
    streams: u64,
}

/// Reads what is set aside, a page at a time.
///
/// # Errors
/// [`problem::INVALID`] for a page that cannot be.
pub async fn read_parked(
    request: HttpRequest,
    caller: Caller,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let list = List::asked(&request, &app, &caller, "parked")?;
    let client = connection(&app).await?;
    let tenant = caller.tenant.tenant_no;
    let page = parked_page(&client, tenant, list.after.as_ref(), list.limit).await?;
    looked(&caller);
    let (mut response, next) = list.answer(&page, |parked| {
        (parked.case_id.0, parked.projection.name().to_owned(), parked.build)
    })?;
    let parked = page.rows.into_iter().map(ParkedCase::of).collect();
    Ok(response.json(ParkedAnswer { parked, next }))
}

/// Has what is set aside tried again at once.
///
/// # Errors
/// [`problem::INVALID`] for a projection that there is none of.
pub async fn retry(
    caller: Caller,
    body: JsonBody<RetryBody>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let JsonBody { value: RetryBody { projection, case_id }, key } = body;
    let projection = projection.as_deref().map(find).transpose()?;
    let (tenant, case_id) = (caller.tenant.tenant_no, case_id.map(CaseId));
    let act = Act { case_id, ..Act::on(Action::RetryParked, projection) };
    let given = once(&app, &caller, key.as_ref(), act, async |client, act| {
        let streams = retry_parked(client, tenant, projection, case_id).await?;
        act.count = Some(streams);
        Ok(Given::new(None, &RetryAnswer { streams })?)
    });
    // Whoever has the shard finds it at the next look, a tenth of a second from now at most.
    Ok(accepted(given.await?))
}

fn find(name: &str) -> Result<Projection, Problem> {
    Projection::find(name).ok_or_else(|| {
        let names: Vec<&str> = Projection::ALL.iter().map(|known| known.name()).collect();
        let detail = format!("is not a projection; expected one of {}", names.join(", "));
        Problem::new(problem::INVALID).with(FieldError::at("/projection", detail))
    })
}
