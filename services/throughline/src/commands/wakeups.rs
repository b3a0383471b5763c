//! What is appended, here or by another process, wakes the projector and the follower of linked cases.

use throughline_log::Tidings;
use throughline_projector::{LinkFollower, Projector};
use tokio::task::JoinHandle;
use tokio_postgres::Config;
use tokio_util::sync::CancellationToken;

/// Listens to other processes and wakes both, until it is stopped.
pub(crate) struct Wakeups {
    stop: CancellationToken,
    listening: JoinHandle<()>,
    waking: JoinHandle<()>,
}

impl Wakeups {
    /// `config` is how to connect, for the one connection that listens.
    pub(crate) fn start(
        tidings: Tidings,
        config: Box<Config>,
        projector: Projector,
        links: LinkFollower,
    ) -> Self {
        let stop = CancellationToken::new();
        let mut appended = tidings.subscribe();
        let until = stop.clone();
        let waking = tokio::spawn(async move {
            while until.run_until_cancelled(appended.changed()).await.is_some() {
                projector.wake();
                links.wake();
            }
        });
        let until = stop.clone();
        let listening = tokio::spawn(async move { tidings.listen(*config, until).await });
        Self { stop, listening, waking }
    }

    /// Stops both and waits until they have.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.listening.await?;
        self.waking.await?;
        Ok(())
    }
}
