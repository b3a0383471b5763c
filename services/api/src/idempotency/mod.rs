//! `Idempotency-Key`: a command that is sent again is recorded once, and answered as the first time.
//!
//! What the answer is made of is written in the transaction of the events. So the first answer and
//! each repetition come from the same values by the same function, to the byte.
//!
//! Deliberately absent: refusals. Nothing was recorded, so the command may be tried again with the
//! same key, and may then succeed.

mod key;

use throughline_log::{AppendError, EraseError, ExecuteError, LogError, Remembered};

pub(crate) use self::key::Keyed;
pub use self::key::{CommandKey, HEADER, IdempotencyHasher, KEY_CHARACTERS_MAX};
use crate::app::App;
use crate::caller::Caller;
use crate::problem::{self, Problem};
use crate::refusal;

/// What an answer is made of, read back from what was stored with the command.
pub trait Recalled: Sized {
    /// Reads it back.
    ///
    /// # Errors
    /// When what was stored is of another form.
    fn recall(remembered: &Remembered) -> serde_json::Result<Self>;
}

/// Why a command was not recorded now.
#[derive(Debug)]
pub enum NotRecorded {
    /// It cannot be.
    Refused(Problem),
    /// It was recorded before.
    Repeated(Box<Remembered>),
}

impl NotRecorded {
    /// Whether it was decided on a version that is no longer the present one.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.kind() == problem::STALE_VERSION)
    }

    /// Says more of a refusal.
    #[must_use]
    pub fn map_refusal(self, change: impl FnOnce(Problem) -> Problem) -> Self {
        match self {
            Self::Refused(problem) => Self::Refused(change(problem)),
            Self::Repeated(remembered) => Self::Repeated(remembered),
        }
    }
}

impl From<Problem> for NotRecorded {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<LogError> for NotRecorded {
    fn from(error: LogError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<AppendError> for NotRecorded {
    fn from(error: AppendError) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are refusals")]
        match error {
            AppendError::Repeated(remembered) => Self::Repeated(remembered),
            refused => Self::Refused(refused.into()),
        }
    }
}

impl From<EraseError> for NotRecorded {
    fn from(error: EraseError) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are refusals")]
        match error {
            EraseError::Repeated(remembered) => Self::Repeated(remembered),
            refused => Self::Refused(refused.into()),
        }
    }
}

impl<E> From<ExecuteError<E>> for NotRecorded
where
    E: std::error::Error,
    Problem: From<ExecuteError<E>>,
{
    fn from(error: ExecuteError<E>) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others are refusals")]
        match error {
            ExecuteError::Append(error) => error.into(),
            refused => Self::Refused(refused.into()),
        }
    }
}

/// Records a command, unless it was recorded before: then gives what it was answered.
///
/// `record` must give the key to the log, with what it draws. A command with a key is looked up
/// first, since what it was decided on has moved on. It is looked up again when it is refused: a
/// duplicate may have been recorded in between, and be the very reason of the refusal.
///
/// # Errors
/// The refusal; [`problem::IDEMPOTENCY_KEY_REUSED`] for a key that was used for another request.
pub async fn once<A: Recalled>(
    app: &App,
    caller: &Caller,
    key: Option<&CommandKey>,
    record: impl Future<Output = Result<A, NotRecorded>>,
) -> Result<A, Problem> {
    if let Some(key) = key
        && let Some(remembered) = look_up(app, caller, key).await?
    {
        return recall(key, &remembered);
    }
    match (record.await, key) {
        (Ok(recorded), _) => Ok(recorded),
        (Err(NotRecorded::Repeated(remembered)), Some(key)) => recall(key, &remembered),
        (Err(NotRecorded::Repeated(remembered)), None) => {
            Err(AppendError::Repeated(remembered).into())
        }
        (Err(NotRecorded::Refused(problem)), Some(key)) if says_what_is_recorded(&problem) => {
            match look_up(app, caller, key).await? {
                Some(remembered) => recall(key, &remembered),
                None => Err(problem),
            }
        }
        (Err(NotRecorded::Refused(problem)), _) => Err(problem),
    }
}

/// Whether a refusal rests on what is recorded, rather than on a service that has no time.
fn says_what_is_recorded(problem: &Problem) -> bool {
    ![problem::OVERLOADED, problem::UNAVAILABLE].contains(&problem.kind())
}

async fn look_up(
    app: &App,
    caller: &Caller,
    key: &CommandKey,
) -> Result<Option<Remembered>, Problem> {
    Ok(app.log.remembered(caller.tenant.tenant_no, &key.scope).await?)
}

fn recall<A: Recalled>(key: &CommandKey, remembered: &Remembered) -> Result<A, Problem> {
    if remembered.fingerprint != key.fingerprint {
        return Err(Problem::new(problem::IDEMPOTENCY_KEY_REUSED));
    }
    // The error names a place in a text of ids, of which it repeats nothing.
    A::recall(remembered).map_err(|error| refusal::internal(&error))
}
