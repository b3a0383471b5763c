//! Doing what an operator asks for once, however often it is sent with the same key.

use deadpool_postgres::Object;
use serde::{Deserialize, Serialize};
use throughline_log::LogError;
use throughline_projections::ReadError;
use throughline_projector::operator::{Act, Refusal, recall, remember};
use throughline_projector::{RebuildError, SwitchError, VerifyError};
use tokio_postgres::Client;

use super::operator;
use crate::app::App;
use crate::caller::Caller;
use crate::idempotency::CommandKey;
use crate::problem::{self, Problem};
use crate::refusal;

/// An answer as it is given, now and to whoever asks again with the same key.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Given {
    /// Where what was begun can be looked at.
    pub(super) location: Option<String>,
    /// The body, to the byte.
    pub(super) body: String,
}

impl Given {
    pub(super) fn new(location: Option<String>, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_string(body).map_err(|error| refusal::internal(&error))?;
        Ok(Self { location, body })
    }
}

/// Why nothing was done now.
#[derive(Debug)]
pub(super) enum Undone {
    /// A rule refuses, or the database does.
    Refused { problem: Problem, rule: Option<&'static str> },
    /// It was done before.
    Repeated(Given),
}

impl Refusal for Undone {
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Refused { rule, .. } => *rule,
            Self::Repeated(_) => None,
        }
    }

    fn is_repeat(&self) -> bool {
        matches!(self, Self::Repeated(_))
    }
}

impl From<Problem> for Undone {
    fn from(problem: Problem) -> Self {
        Self::Refused { problem, rule: None }
    }
}

impl From<LogError> for Undone {
    fn from(error: LogError) -> Self {
        Problem::from(error).into()
    }
}

impl From<ReadError> for Undone {
    fn from(error: ReadError) -> Self {
        Problem::from(error).into()
    }
}

impl From<RebuildError> for Undone {
    fn from(error: RebuildError) -> Self {
        Self::Refused { rule: error.refusal(), problem: error.into() }
    }
}

impl From<SwitchError> for Undone {
    fn from(error: SwitchError) -> Self {
        Self::Refused { rule: error.refusal(), problem: error.into() }
    }
}

impl From<VerifyError> for Undone {
    fn from(error: VerifyError) -> Self {
        Self::Refused { rule: error.refusal(), problem: error.into() }
    }
}

/// Does something in a transaction, with its line of the audit and the answer that its key is
/// remembered by.
///
/// # Errors
/// The refusal; [`problem::IDEMPOTENCY_KEY_REUSED`] for a key that was used for something else.
pub(super) async fn once(
    app: &App,
    caller: &Caller,
    key: Option<&CommandKey>,
    act: Act,
    work: impl AsyncFnOnce(&Client, &mut Act) -> Result<Given, Undone>,
) -> Result<Given, Problem> {
    let mut client = connection(app).await?;
    let tenant = caller.tenant.tenant_no;
    let done = operator(caller)
        .act(&mut client, act, async |client, act| {
            let Some(key) = key else { return work(client, act).await };
            if let Some(answered) = recall(client, tenant, &key.scope()).await? {
                return Err(repeated(key, &answered.fingerprint, &answered.answer));
            }
            let given = work(client, act).await?;
            remember(client, tenant, &key.remembering(&given)?).await?;
            Ok(given)
        })
        .await;
    match done {
        Ok(given) | Err(Undone::Repeated(given)) => Ok(given),
        Err(Undone::Refused { problem, .. }) => Err(problem),
    }
}

fn repeated(key: &CommandKey, fingerprint: &[u8], answer: &str) -> Undone {
    if !key.asks_the_same(fingerprint) {
        return Problem::new(problem::IDEMPOTENCY_KEY_REUSED).into();
    }
    match serde_json::from_str(answer) {
        Ok(given) => Undone::Repeated(given),
        Err(error) => refusal::internal(&error).into(),
    }
}

pub(super) async fn connection(app: &App) -> Result<Object, Problem> {
    app.log.pool().get().await.map_err(|error| refusal::unavailable(&error))
}
