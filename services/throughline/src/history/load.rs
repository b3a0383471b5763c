//! Loading a history into a tenant's log: all of it, or nothing.

use std::sync::Arc;

use jiff::Timestamp;
use throughline_log::{EventLog, LoadError, Loaded, LogError, MasterKey, Tenant};
use tokio::io::AsyncBufRead;

use crate::history::decide::Decider;
use crate::history::feed::{Feed, FeedError, Reached};
use crate::history::names::Names;
use crate::history::past::Past;

/// What was loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    /// The log's own account.
    pub(crate) loaded: Loaded,
    /// How many cases the history was about.
    pub(crate) cases: u64,
}

/// Why a history was not loaded. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadRefused {
    /// A line is wrong.
    #[error("line {number}: {reason}")]
    Line {
        /// Which line of the file, from 1.
        number: u64,
        /// Why, in words that hold nothing of it.
        reason: String,
    },
    /// The history, or what was loaded before it, cannot be read.
    #[error(transparent)]
    Unread(FeedError),
    /// The log refuses.
    #[error(transparent)]
    Log(LoadError),
}

impl From<LogError> for LoadRefused {
    fn from(error: LogError) -> Self {
        Self::Log(error.into())
    }
}

/// Loads the lines of `reader` into a tenant that is still loading.
///
/// `watch` is given the counters by which the load can be followed.
///
/// # Errors
/// [`LoadRefused`]; nothing was loaded.
pub(crate) async fn load(
    log: &EventLog,
    master_key: &MasterKey,
    tenant: &Tenant,
    reader: impl AsyncBufRead + Unpin + Send,
    watch: impl FnOnce(Arc<Reached>),
) -> Result<Summary, LoadRefused> {
    let tenant_no = tenant.tenant_no;
    let head = log.head(tenant_no).await?;
    let past = match head.recorded_at {
        None => Past::Empty,
        Some(_) => Past::Log { log: log.clone(), tenant: tenant_no },
    };
    let names = Names::new(master_key, &tenant.name);
    let programmes = log.programmes(tenant_no).await?;
    let decider = Decider::new(names, programmes, past, head.recorded_at, Timestamp::now());
    let feed = Feed::new(reader, decider);
    let reached = feed.reached();
    watch(Arc::clone(&reached));
    let events = Box::pin(feed.into_events());
    match Box::pin(log.load(tenant_no, events)).await {
        Ok(loaded) => Ok(Summary { loaded, cases: reached.cases() }),
        Err(error) => Err(refused(error, &reached)),
    }
}

/// Events are taken one by one, so an event that the log itself refuses is of the line read last.
fn refused(error: LoadError, reached: &Reached) -> LoadRefused {
    let number = reached.line();
    match error {
        LoadError::Given { place, source } => match source.downcast::<FeedError>() {
            Ok(feed) => match *feed {
                FeedError::Line { number, error } => {
                    LoadRefused::Line { number, reason: error.to_string() }
                }
                unread @ (FeedError::Read(_) | FeedError::Log(_) | FeedError::Unreadable(_)) => {
                    LoadRefused::Unread(unread)
                }
            },
            Err(source) => LoadRefused::Log(LoadError::Given { place, source }),
        },
        LoadError::NotRising { previous, .. } => LoadRefused::Line {
            number,
            reason: format!("recorded_at is not after {previous}, when the log ends"),
        },
        LoadError::InFuture { .. } => LoadRefused::Line {
            number,
            reason: "recorded_at lies in the future, by the database's clock".to_owned(),
        },
        LoadError::AlreadyLive { .. } | LoadError::Log(_) => LoadRefused::Log(error),
    }
}

/// The events that a history records on its own, decided without a log.
#[cfg(test)]
pub(crate) fn decide_alone(
    master_key: &MasterKey,
    tenant: &str,
    reader: impl AsyncBufRead + Unpin + Send,
) -> impl futures_util::Stream<Item = Result<throughline_log::LoadedEvent, FeedError>> + Send {
    let names = Names::new(master_key, tenant);
    let programmes = throughline_domain::programme::Programmes::shipped();
    let decider = Decider::new(names, programmes, Past::Empty, None, Timestamp::now());
    Feed::new(reader, decider).into_events()
}
