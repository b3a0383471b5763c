//! Hearing what other processes append, on a connection of its own.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use throughline_domain::ids::Position;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls};
use tokio_util::sync::CancellationToken;

use crate::APPENDED_CHANNEL;
use crate::database::as_the_service;
use crate::error::{DatabaseError, LogError};
use crate::tenant::TenantNo;
use crate::tidings::Tidings;

/// How long making a connection and beginning to listen may take.
const BEGIN_MAX: Duration = Duration::from_secs(5);
/// The first pause after a connection was lost; it doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What comes in on a connection, which works only as long as this is polled.
type Messages = Pin<Box<dyn Stream<Item = Result<AsyncMessage, Error>> + Send>>;

impl Tidings {
    /// Listens to what other processes append, until `stop` is cancelled.
    ///
    /// A connection that is lost is made again; then everybody is told, since nobody knows what was
    /// missed meanwhile. Run one at a time in a process.
    pub async fn listen(&self, config: Config, stop: CancellationToken) {
        let config = as_the_service(config);
        stop.run_until_cancelled(self.listen_for_ever(&config)).await;
    }

    async fn listen_for_ever(&self, config: &Config) -> Infallible {
        let mut pause = PAUSE_MIN;
        let mut was_heard = true;
        let mut connections = 0_u64;
        loop {
            match self.begin(config).await {
                Ok((_client, messages)) => {
                    if !was_heard {
                        tracing::info!("notifications are heard again");
                    }
                    self.metrics().reconnects.inc_by(connections.min(1));
                    connections += 1;
                    (pause, was_heard) = (PAUSE_MIN, true);
                    self.tell_everybody();
                    self.hear_all(messages).await;
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "cannot listen");
                }
            }
            if was_heard {
                was_heard = false;
                tracing::warn!("notifications are not heard; until they are, the log is polled");
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Makes a connection and asks to be notified on it.
    async fn begin(&self, config: &Config) -> Result<(Client, Messages), LogError> {
        let begun = timeout(BEGIN_MAX, async {
            let (client, mut connection) = config.connect(NoTls).await?;
            let mut messages: Messages =
                Box::pin(stream::poll_fn(move |cx| connection.poll_message(cx)));
            self.ask(&client, &mut messages).await?;
            Ok((client, messages))
        });
        let late = |_| DatabaseError::waited("no connection to listen on in time");
        begun.await.map_err(late)?
    }

    /// Asks to be notified. The answer only comes while the connection's messages are taken.
    async fn ask(&self, client: &Client, messages: &mut Messages) -> Result<(), LogError> {
        let asked = format!("LISTEN {APPENDED_CHANNEL}");
        let mut answered = pin!(client.batch_execute(&asked));
        loop {
            tokio::select! {
                answer = &mut answered => return Ok(answer?),
                message = messages.next() => match message {
                    Some(message) => self.hear(&message?),
                    None => return Err(DatabaseError::waited("the connection was closed").into()),
                },
            }
        }
    }

    /// Hears notifications until the connection is lost.
    async fn hear_all(&self, mut messages: Messages) {
        while let Some(Ok(message)) = messages.next().await {
            self.hear(&message);
        }
    }

    fn hear(&self, message: &AsyncMessage) {
        let AsyncMessage::Notification(notification) = message else {
            return;
        };
        self.metrics().heard.inc();
        match read(notification.payload()) {
            Some((tenant, position)) => self.tell(tenant, position),
            // From another version of this program: what it says is not known, that it speaks is.
            None => self.tell_everybody(),
        }
    }
}

/// Reads `<tenant_no> <position>`.
fn read(payload: &str) -> Option<(TenantNo, Position)> {
    let (tenant, position) = payload.split_once(' ')?;
    Some((TenantNo(tenant.parse().ok()?), Position(position.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_names_the_tenant_and_the_position() {
        assert_eq!(read("3 42"), Some((TenantNo(3), Position(42))));
        for other in ["", "3", "3 ", "3 x", "x 42", "3 42 1"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
