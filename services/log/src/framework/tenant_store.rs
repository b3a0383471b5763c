//! The framework's store trait on a tenant's log.

use std::collections::HashMap;

use cqrs_es::{Aggregate, AggregateContext, AggregateError, EventEnvelope, EventStore};
use throughline_domain::ids::Version;
use uuid::Uuid;

use super::execute::stream_of;
use super::stored_form::{StoredForm, new_event};
use crate::append::{Append, AppendError, CommandMeta, StreamWrite};
use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stream::StreamId;
use crate::tenant::TenantNo;

/// One tenant's log as the framework's store, on behalf of one caller.
///
/// An aggregate's id is the text of its UUID. Who wrote the events is this store's
/// [`CommandMeta`]; the framework's metadata are given back with the envelopes and stored nowhere.
#[derive(Debug, Clone)]
pub struct TenantStore {
    log: EventLog,
    tenant: TenantNo,
    meta: CommandMeta,
}

/// An aggregate as it was loaded.
#[derive(Debug, Clone)]
pub struct TenantContext<A> {
    id: Uuid,
    version: Version,
    aggregate: A,
}

impl TenantStore {
    /// A store that writes on behalf of `meta`.
    #[must_use]
    pub fn new(log: EventLog, tenant: TenantNo, meta: CommandMeta) -> Self {
        Self { log, tenant, meta }
    }
}

impl<A: Aggregate> AggregateContext<A> for TenantContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.aggregate
    }
}

impl<A> EventStore<A> for TenantStore
where
    A: Aggregate<Services = ()>,
    A::Event: StoredForm,
{
    type AC = TenantContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let stream = parse::<A>(aggregate_id)?;
        let events = self.log.read_stream(self.tenant, stream).await.map_err(database)?;
        let envelope = |event: &crate::StoredEvent| {
            let payload = A::Event::from_stored(event);
            let payload = payload.map_err(|e| AggregateError::DeserializationError(Box::new(e)))?;
            Ok(enveloped(stream, event.version, payload, HashMap::new()))
        };
        events.iter().map(envelope).collect()
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> Result<TenantContext<A>, AggregateError<A::Error>> {
        let stream = parse::<A>(aggregate_id)?;
        let loaded = self.log.load_aggregate(self.tenant, stream).await;
        let (version, aggregate) = loaded.map_err(database)?;
        Ok(TenantContext { id: stream.id, version, aggregate })
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: TenantContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let stream = stream_of::<A>(context.id);
        let new = events.iter().map(|event| new_event(event, None)).collect::<Result<_, _>>();
        let append = Append {
            meta: self.meta.clone(),
            writes: vec![StreamWrite {
                stream,
                expected: context.version,
                events: new.map_err(|e| AggregateError::UnexpectedError(Box::new(e)))?,
            }],
        };
        match self.log.append(self.tenant, append).await {
            Ok(_) => {}
            Err(AppendError::Conflict { .. }) => return Err(AggregateError::AggregateConflict),
            Err(error) => return Err(AggregateError::DatabaseConnectionError(Box::new(error))),
        }
        let versions = (context.version.0 + 1..).map(Version);
        let committed = events.into_iter().zip(versions);
        Ok(committed
            .map(|(event, version)| enveloped(stream, version, event, metadata.clone()))
            .collect())
    }
}

fn enveloped<A: Aggregate>(
    stream: StreamId,
    version: Version,
    payload: A::Event,
    metadata: HashMap<String, String>,
) -> EventEnvelope<A> {
    EventEnvelope {
        aggregate_id: stream.id.to_string(),
        sequence: usize::try_from(version.0).unwrap_or(0),
        payload,
        metadata,
    }
}

fn parse<A>(aggregate_id: &str) -> Result<StreamId, AggregateError<A::Error>>
where
    A: Aggregate,
    A::Event: StoredForm,
{
    let id = aggregate_id.parse();
    id.map(stream_of::<A>)
        .map_err(|error: uuid::Error| AggregateError::UnexpectedError(Box::new(error)))
}

fn database<E: std::error::Error>(error: LogError) -> AggregateError<E> {
    AggregateError::DatabaseConnectionError(Box::new(error))
}
