//! The guard before every operation: token, then tenant, then role. A handler behind it gets the
//! [`Caller`] and cannot be reached without one.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use throughline_domain::code::Code;
use throughline_log::{CommandMeta, Tenant, TenantState};
use uuid::Uuid;

use crate::access::{Operation, Role, permits};
use crate::app::App;
use crate::authentication::TokenError;
use crate::problem::{self, Problem};
use crate::refusal;
use crate::trace;

/// Whoever is calling: known, and allowed to do what is asked.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose data is open to them. Every query carries it.
    pub tenant: Tenant,
    /// Who they are.
    pub subject: Code,
    /// The part they play.
    pub role: Role,
    /// When their token ends, in seconds since 1970.
    pub expires_at_s: i64,
}

impl Caller {
    /// The metadata of a command that the caller gives.
    #[must_use]
    pub fn command_meta(&self, source_organisation: Option<String>) -> CommandMeta {
        let command_id = Uuid::now_v7();
        CommandMeta {
            actor: self.subject.to_string(),
            actor_role: self.role.to_string(),
            source_organisation,
            command_id,
            correlation_id: command_id,
            causation_id: None,
            traceparent: trace::current_traceparent(),
            idempotency: None,
        }
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| Problem::new(problem::UNAUTHENTICATED)))
    }
}

/// Lets through only those who may do one operation.
#[derive(Debug, Clone, Copy)]
pub struct Guard(pub Operation);

impl<S, B> Transform<S, ServiceRequest> for Guard
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type InitError = ();
    type Transform = GuardService<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(GuardService { service: Rc::new(service), operation: self.0 }))
    }
}

/// The guard of one route.
#[derive(Debug)]
pub struct GuardService<S> {
    service: Rc<S>,
    operation: Operation,
}

impl<S, B> Service<ServiceRequest> for GuardService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, BoxBody>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, operation) = (Rc::clone(&self.service), self.operation);
        Box::pin(async move {
            match admit(&request, operation).await {
                Ok(caller) => {
                    request.extensions_mut().insert(caller);
                    Ok(service.call(request).await?.map_into_left_body())
                }
                Err(problem) => Ok(request
                    .into_response(actix_web::ResponseError::error_response(&problem))
                    .map_into_right_body()),
            }
        })
    }
}

async fn admit(request: &ServiceRequest, operation: Operation) -> Result<Caller, Problem> {
    let app = request.app_data::<Data<App>>().ok_or_else(|| Problem::new(problem::INTERNAL))?;
    let token = bearer_token(request).ok_or_else(|| Problem::new(problem::UNAUTHENTICATED))?;
    let claims = app.authenticator.verify(token).await.map_err(|error| refuse(&error))?;
    if !permits(claims.role, operation) {
        return Err(Problem::new(problem::FORBIDDEN));
    }
    let tenant = match app.log.find_tenant(claims.tenant.as_str()).await? {
        Some(tenant) => tenant,
        None if app.authenticator.creates_tenants() => {
            app.log.create_tenant(claims.tenant.as_str(), TenantState::Live).await?
        }
        None => return Err(Problem::new(problem::FORBIDDEN)),
    };
    tracing::Span::current().record("throughline.tenant_no", tenant.tenant_no.0);
    let subject = claims.sub.clone();
    Ok(Caller { tenant, subject, role: claims.role, expires_at_s: claims.exp })
}

fn bearer_token(request: &ServiceRequest) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refuse(error: &TokenError) -> Problem {
    match error {
        TokenError::IssuerUnreachable(_) => refusal::unavailable(error),
        TokenError::TooLong | TokenError::UnknownKey | TokenError::Invalid(_) => {
            tracing::debug!(%error, "token refused");
            Problem::new(problem::UNAUTHENTICATED)
        }
    }
}
