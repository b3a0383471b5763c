//! Writers that work, get in each other's way, send what the database refuses, and give up.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::poll_immediate;
use throughline_domain::ids::{EventId, Position};
use throughline_log::{
    Append, AppendError, Appended, EventLog, LogError, NewEvent, StreamId, StreamKind, TenantNo,
};
use uuid::Uuid;

use super::{TENANTS, World};
use crate::support::{a_case, an_event, command, write as stream_write};

/// How many commands a writer sends.
pub(super) const COMMANDS: usize = 16;

/// How often a command is tried on the stream that all writers of a tenant write to.
const TRIES_MAX: usize = 1000;

/// What came of a writer's commands.
pub(super) struct Written {
    pub(super) tenant: TenantNo,
    /// The events that were acknowledged, with their places.
    pub(super) acknowledged: Vec<(Uuid, Position)>,
    /// The events of commands whose answers were not waited for.
    pub(super) given_up: Vec<Uuid>,
    pub(super) conflicts: usize,
    pub(super) refused: usize,
}

struct Writer {
    log: EventLog,
    written: Written,
    own: StreamId,
    own_version: i32,
    shared: StreamId,
    shared_version: i32,
}

/// Sends the commands of one writer.
pub(super) async fn write(world: Arc<World>, n: usize) -> Written {
    let tenant = world.tenants[n % TENANTS];
    let shared = Uuid::from_u128(0x7368_6172_6564 + u128::try_from(n % TENANTS).unwrap());
    let mut writer = Writer {
        // Both processes write to each tenant.
        log: world.logs[n / TENANTS % 2].clone(),
        written: Written {
            tenant,
            acknowledged: Vec::new(),
            given_up: Vec::new(),
            conflicts: 0,
            refused: 0,
        },
        own: a_case(),
        own_version: 0,
        shared: StreamId { kind: StreamKind::Case, id: shared },
        shared_version: 0,
    };
    for round in 0..COMMANDS {
        match (n + round) % 8 {
            0 => writer.give_up(round / 8).await,
            1 if round < 8 => writer.send_what_is_refused().await,
            2 => writer.write_to_the_shared_stream().await,
            several => writer.write_to_its_own_stream(several.max(3) - 2).await,
        }
    }
    writer.written
}

fn events(count: usize) -> Vec<NewEvent> {
    (0..count).map(|_| an_event()).collect()
}

impl Writer {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.log.append(self.written.tenant, append).await
    }

    fn acknowledge(&mut self, ids: &[EventId], appended: &Appended) {
        let places = (appended.first.0..).map(Position);
        self.written.acknowledged.extend(ids.iter().map(|id| id.0).zip(places));
        let (_, last) = self.written.acknowledged.last().unwrap();
        assert_eq!(*last, appended.last);
    }

    async fn write_to_its_own_stream(&mut self, count: usize) {
        let events = events(count);
        let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
        let append = command([stream_write(self.own, self.own_version, events)]);
        let appended = self.append(append).await.unwrap();
        self.own_version = appended.versions[0].0;
        self.acknowledge(&ids, &appended);
    }

    async fn write_to_the_shared_stream(&mut self) {
        let event = an_event();
        for _ in 0..TRIES_MAX {
            let writes = [stream_write(self.shared, self.shared_version, vec![event.clone()])];
            match self.append(command(writes)).await {
                Ok(appended) => {
                    self.shared_version = appended.versions[0].0;
                    return self.acknowledge(&[event.event_id], &appended);
                }
                Err(AppendError::Conflict { current, .. }) => {
                    self.shared_version = current.0;
                    self.written.conflicts += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("never got its turn");
    }

    /// An event that is recorded already: the database takes back the batch it came in, places and
    /// all, and the other commands are written again.
    async fn send_what_is_refused(&mut self) {
        let Some(&(taken, _)) = self.written.acknowledged.first() else {
            return self.write_to_its_own_stream(1).await;
        };
        let event = NewEvent { event_id: EventId(taken), ..an_event() };
        let answer = self.append(command([stream_write(a_case(), 0, vec![event])])).await;
        let refused = matches!(answer, Err(AppendError::Log(LogError::Refused(_))));
        assert!(refused, "{answer:?}");
        self.written.refused += 1;
    }

    /// Drops the answer at one point or another on the way to it.
    async fn give_up(&mut self, polls: usize) {
        let events = events(2);
        let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
        let log = self.log.clone();
        let append = command([stream_write(a_case(), 0, events)]);
        let mut appending = pin!(log.append(self.written.tenant, append));
        for _ in 0..=polls {
            if let Some(answer) = poll_immediate(appending.as_mut()).await {
                return self.acknowledge(&ids, &answer.unwrap());
            }
            tokio::task::yield_now().await;
        }
        self.written.given_up.extend(ids.iter().map(|id| id.0));
    }
}
