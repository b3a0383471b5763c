//! Load, handle, append.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use jiff::Timestamp;
use throughline_domain::ids::{EventId, Position, Version};
use tracing::Span;
use uuid::Uuid;

use super::stored_form::{StoredForm, new_event};
use crate::append::{Append, AppendError, CommandMeta, StreamWrite};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::seal::Plaintext;
use crate::stream::StreamId;
use crate::tenant::TenantNo;

/// How often a command is decided, when it keeps losing to others.
const TRIES_MAX: usize = 16;

/// What a command would record.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided<A: Aggregate> {
    /// The aggregate with those events applied.
    pub aggregate: A,
    /// The version the command was decided against.
    pub version: Version,
    /// The events; none when the command is a repetition.
    pub events: Vec<A::Event>,
}

/// What a command recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// The ids of the events; none when the command was a repetition.
    pub events: Vec<EventId>,
    /// The stream's version after it.
    pub version: Version,
    /// The position of the last event; without events, the end of the log.
    pub position: Position,
    /// When that was recorded.
    pub recorded_at: Timestamp,
}

/// Why a command recorded nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E: std::error::Error + 'static> {
    /// A rule refuses.
    #[error("a rule refuses the command")]
    Refused(#[source] E),
    /// The caller decided on an older version.
    #[error("the stream is at version {current}, not the one the caller saw")]
    Stale {
        /// The version now.
        current: Version,
    },
    /// The events were not appended, or may not have been.
    #[error("the events were not appended")]
    Append(#[source] AppendError),
    /// The stream could not be read.
    #[error("the stream could not be read")]
    Log(#[source] LogError),
}

type ExecuteResult<T, A> = Result<T, ExecuteError<<A as Aggregate>::Error>>;

impl EventLog {
    /// Decides a command against the state of its stream, recording nothing.
    ///
    /// The state may be a cached one that is behind: an append with the given version then
    /// conflicts, and the next decision is made on what the database holds. A refusal, and a
    /// command found to be a repetition, never come from a state that is behind.
    ///
    /// # Errors
    /// [`ExecuteError::Refused`]; [`ExecuteError::Log`].
    pub async fn decide<A>(
        &self,
        tenant: TenantNo,
        id: Uuid,
        command: A::Command,
    ) -> ExecuteResult<Decided<A>, A>
    where
        A: Aggregate<Services = ()> + 'static,
        A::Command: Clone + Send,
        A::Event: StoredForm,
    {
        self.decide_at(tenant, id, None, command).await
    }

    /// Decides the first command of a stream whose id was just made, without looking for it: the
    /// append refuses if there is such a stream.
    ///
    /// # Errors
    /// [`ExecuteError::Refused`]; [`ExecuteError::Stale`]; [`ExecuteError::Log`].
    pub async fn decide_first<A>(
        &self,
        tenant: TenantNo,
        id: Uuid,
        command: A::Command,
    ) -> ExecuteResult<Decided<A>, A>
    where
        A: Aggregate<Services = ()> + 'static,
        A::Command: Clone + Send,
        A::Event: StoredForm,
    {
        self.decide_at(tenant, id, Some(Version(0)), command).await
    }

    /// Decides a command and records what it decides.
    ///
    /// `expected` is the version the caller saw. Without one, a command that loses to another is
    /// decided anew on the new state when its turn comes, a bounded number of times. The plaintext
    /// is sealed with the first event.
    ///
    /// # Errors
    /// [`ExecuteError`]; nothing was recorded, but see [`AppendError::Unavailable`].
    pub async fn execute<A>(
        &self,
        tenant: TenantNo,
        id: Uuid,
        expected: Option<Version>,
        command: A::Command,
        meta: CommandMeta,
        plaintext: Option<Plaintext>,
    ) -> ExecuteResult<Executed, A>
    where
        A: Aggregate<Services = ()> + 'static,
        A::Command: Clone + Send,
        A::Event: StoredForm,
    {
        self.execute_on::<A>(tenant, id, expected, command, meta, plaintext, None).await
    }

    /// The same, on condition that another stream is still at the version that `condition` expects.
    ///
    /// # Errors
    /// [`ExecuteError::Append`] with a conflict on that stream when it is not; otherwise as
    /// [`EventLog::execute`].
    #[expect(clippy::too_many_arguments, reason = "those of a command, and the condition")]
    pub async fn execute_on<A>(
        &self,
        tenant: TenantNo,
        id: Uuid,
        expected: Option<Version>,
        command: A::Command,
        meta: CommandMeta,
        plaintext: Option<Plaintext>,
        condition: Option<StreamWrite>,
    ) -> ExecuteResult<Executed, A>
    where
        A: Aggregate<Services = ()> + 'static,
        A::Command: Clone + Send,
        A::Event: StoredForm,
    {
        let stream = stream_of::<A>(id);
        let mut tries = 1;
        let mut turn = None;
        loop {
            let decided = self.decide_at::<A>(tenant, id, expected, command.clone()).await?;
            if decided.events.is_empty() {
                return self.repeated(tenant, id, decided).await;
            }
            let append = to_append::<A>(stream, &decided, meta.clone(), plaintext.clone());
            let mut append = append.map_err(ExecuteError::Log)?;
            append.writes.extend(condition.clone());
            match self.append(tenant, append).await {
                Ok(appended) => {
                    let version = appended.versions.first().copied().unwrap_or(decided.version);
                    self.aggregates().put(tenant, stream, version, decided.aggregate);
                    return Ok(Executed {
                        events: decided.events.iter().map(StoredForm::event_id).collect(),
                        version,
                        position: appended.last,
                        recorded_at: appended.recorded_at,
                    });
                }
                Err(AppendError::Conflict { stream: other, current }) if other != stream => {
                    let error = AppendError::Conflict { stream: other, current };
                    return Err(ExecuteError::Append(error));
                }
                Err(AppendError::Conflict { current, .. }) if expected.is_some() => {
                    return Err(ExecuteError::Stale { current });
                }
                Err(AppendError::Conflict { .. }) if tries < TRIES_MAX => {
                    tries += 1;
                    if turn.is_none() {
                        turn = Some(self.turns().take(tenant, stream).await);
                    }
                }
                Err(error) => return Err(ExecuteError::Append(error)),
            }
        }
    }

    /// Decides, in a span of its own: loading the stream, if it is not cached, is most of it.
    #[tracing::instrument(
        name = "domain.decide",
        skip_all,
        fields(
            throughline.tenant_no = tenant.0,
            throughline.stream_kind = stream_of::<A>(id).kind.as_str(),
            throughline.stream_id = stream_of::<A>(id).told(),
            throughline.version,
            throughline.events,
        )
    )]
    async fn decide_at<A>(
        &self,
        tenant: TenantNo,
        id: Uuid,
        expected: Option<Version>,
        command: A::Command,
    ) -> ExecuteResult<Decided<A>, A>
    where
        A: Aggregate<Services = ()> + 'static,
        A::Command: Clone + Send,
        A::Event: StoredForm,
    {
        let stream = stream_of::<A>(id);
        if let Some((version, aggregate)) = self.aggregates().take::<A>(tenant, stream)
            && expected.is_none_or(|expected| expected == version)
            && let Ok(decided) = handle(aggregate, version, command.clone()).await
            && !decided.events.is_empty()
        {
            return Ok(decided.traced());
        }
        // A new stream has nothing to load, and the append refuses if there is something.
        if expected == Some(Version(0))
            && let Ok(decided) = handle(A::default(), Version(0), command.clone()).await
            && !decided.events.is_empty()
        {
            return Ok(decided.traced());
        }
        let (version, aggregate) =
            self.load_aggregate::<A>(tenant, stream).await.map_err(ExecuteError::Log)?;
        if expected.is_some_and(|expected| expected != version) {
            self.aggregates().put(tenant, stream, version, aggregate);
            return Err(ExecuteError::Stale { current: version });
        }
        let decided = handle(aggregate, version, command).await;
        decided.map(Decided::traced).map_err(ExecuteError::Refused)
    }

    /// An aggregate as the database holds it, and its version: 0 where there is none.
    ///
    /// # Errors
    /// [`LogError::Unavailable`]; [`LogError::Event`] for an event of a later program.
    pub async fn load_aggregate<A>(
        &self,
        tenant: TenantNo,
        stream: StreamId,
    ) -> Result<(Version, A), LogError>
    where
        A: Aggregate<Services = ()>,
        A::Event: StoredForm,
    {
        let events = self.read_stream(tenant, stream).await?;
        let mut aggregate = A::default();
        let mut version = Version(0);
        for event in &events {
            aggregate.apply(A::Event::from_stored(event)?);
            version = event.version;
        }
        Ok((version, aggregate))
    }

    async fn repeated<A>(
        &self,
        tenant: TenantNo,
        id: Uuid,
        decided: Decided<A>,
    ) -> ExecuteResult<Executed, A>
    where
        A: Aggregate + 'static,
        A::Event: StoredForm,
    {
        let head = self.head(tenant).await.map_err(ExecuteError::Log)?;
        self.aggregates().put(tenant, stream_of::<A>(id), decided.version, decided.aggregate);
        Ok(Executed {
            events: Vec::new(),
            version: decided.version,
            position: head.position,
            recorded_at: head.recorded_at.unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }
}

impl<A: Aggregate> Decided<A> {
    /// Tells the present span how the decision came out.
    fn traced(self) -> Self {
        let span = Span::current();
        span.record("throughline.version", self.version.0);
        span.record("throughline.events", self.events.len());
        self
    }
}

pub(super) fn stream_of<A>(id: Uuid) -> StreamId
where
    A: Aggregate,
    A::Event: StoredForm,
{
    let kind = A::Event::KIND;
    StreamId { kind, id }
}

/// The framework's sink applies each event to the aggregate as it is written.
async fn handle<A>(
    mut aggregate: A,
    version: Version,
    command: A::Command,
) -> Result<Decided<A>, A::Error>
where
    A: Aggregate<Services = ()>,
{
    let sink = EventSink::default();
    aggregate.handle(command, &(), &sink).await?;
    Ok(Decided { aggregate, version, events: sink.collect().await })
}

fn to_append<A>(
    stream: StreamId,
    decided: &Decided<A>,
    meta: CommandMeta,
    plaintext: Option<Plaintext>,
) -> Result<Append, LogError>
where
    A: Aggregate,
    A::Event: StoredForm,
{
    let writes = vec![decided.to_write(stream, plaintext)?];
    Ok(Append { meta, writes })
}

impl<A> Decided<A>
where
    A: Aggregate,
    A::Event: StoredForm,
{
    /// What to append for the decision to stand, for a command that writes to several streams.
    /// The plaintext is sealed with the first event.
    ///
    /// # Errors
    /// When an event has no stored form; every event of the domain has.
    pub fn to_write(
        &self,
        stream: StreamId,
        mut plaintext: Option<Plaintext>,
    ) -> Result<StreamWrite, LogError> {
        let mut events = Vec::with_capacity(self.events.len());
        for event in &self.events {
            events.push(new_event(event, plaintext.take())?);
        }
        Ok(StreamWrite { stream, expected: self.version, events })
    }
}
