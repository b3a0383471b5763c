//! What lies between the service and PostgreSQL, and breaks when it is told to.
//!
//! A Unix socket in a directory of its own, passed on byte for byte to the server's. It can cut
//! connections, hold everything back, and break off at the worst moments: within a message, and
//! after a commit was passed on but before its answer was.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinHandle};

use crate::wire::Scanner;

/// The socket's name, by the port that the server is given.
pub(crate) const SOCKET: &str = ".s.PGSQL.5432";

/// The proxy. It ends with this value.
#[derive(Debug)]
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: Mutex<PathBuf>,
    open: Mutex<HashMap<u64, AbortHandle>>,
    held_back: watch::Sender<bool>,
    at_commit: Mutex<Option<AtCommit>>,
    within_message: AtomicBool,
    connections: AtomicU64,
}

/// Waits for the next commit of an append.
#[derive(Debug)]
struct AtCommit {
    noticed: oneshot::Sender<Noticed>,
    /// How long the connection stays open, mute, before it is cut.
    hold: Duration,
}

/// The commit of an append was passed on, and its answer never will be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noticed {
    /// The process that waits for the answer.
    pub(crate) client: Option<i32>,
}

impl Proxy {
    /// Listens in `directory` for whoever wants the server that listens in `upstream`.
    pub(crate) fn listen(directory: &Path, upstream: &Path) -> Self {
        let listener = UnixListener::bind(directory.join(SOCKET)).unwrap();
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream.join(SOCKET)),
            open: Mutex::default(),
            held_back: watch::Sender::new(false),
            at_commit: Mutex::default(),
            within_message: AtomicBool::new(false),
            connections: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(Arc::clone(&shared), listener));
        Self { shared, accepting }
    }

    /// The server was started anew, perhaps with its socket elsewhere.
    pub(crate) fn lead_to(&self, upstream: &Path) {
        *lock(&self.shared.upstream) = upstream.join(SOCKET);
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        lock(&self.shared.open).len()
    }

    /// Cuts the connections that `choose` chooses, by their place.
    pub(crate) fn cut(&self, mut choose: impl FnMut(usize) -> bool) {
        let open = lock(&self.shared.open);
        for (place, connection) in open.values().enumerate() {
            if choose(place) {
                connection.abort();
            }
        }
    }

    /// Holds back everything that is sent, either way, or lets it go.
    pub(crate) fn hold_back(&self, held_back: bool) {
        self.shared.held_back.send_replace(held_back);
    }

    /// Cuts whichever connection is used next, half-way through what is sent.
    pub(crate) fn cut_within_a_message(&self) {
        self.shared.within_message.store(true, Ordering::SeqCst);
    }

    /// Says when the next append's commit has been passed on. Its connection is cut after `hold`,
    /// without the answer.
    pub(crate) fn at_next_commit(&self, hold: Duration) -> oneshot::Receiver<Noticed> {
        let (noticed, receiver) = oneshot::channel();
        *lock(&self.shared.at_commit) = Some(AtCommit { noticed, hold });
        receiver
    }

    /// Everything goes through from now on.
    pub(crate) fn heal(&self) {
        self.hold_back(false);
        self.shared.within_message.store(false, Ordering::SeqCst);
        *lock(&self.shared.at_commit) = None;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut(|_| true);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(shared: Arc<Shared>, listener: UnixListener) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let relaying = {
            let shared = Arc::clone(&shared);
            // The list is locked until the connection is in it: it cannot end before it is there.
            let mut open = lock(&shared.open);
            let ours = Arc::clone(&shared);
            let relaying = tokio::spawn(async move { ours.relay(client).await });
            open.insert(number, relaying.abort_handle());
            relaying
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            // Cut or ended, both sides are closed by now.
            let _ = relaying.await;
            lock(&shared.open).remove(&number);
        });
    }
}

impl Shared {
    async fn relay(&self, client: UnixStream) {
        let upstream = lock(&self.upstream).clone();
        let Ok(server) = UnixStream::connect(upstream).await else { return };
        let peer = client.peer_cred().ok().and_then(|peer| peer.pid());
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let mute = AtomicBool::new(false);
        tokio::select! {
            _ = self.questions(from_client, to_server, &mute, peer) => {}
            _ = self.answers(from_server, to_client, &mute) => {}
        }
    }

    async fn questions(
        &self,
        mut from: impl tokio::io::AsyncRead + Unpin,
        mut to: impl tokio::io::AsyncWrite + Unpin,
        mute: &AtomicBool,
        client: Option<i32>,
    ) -> std::io::Result<()> {
        let mut scanner = Scanner::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let length = from.read(&mut buffer).await?;
            let bytes = &buffer[..length];
            if bytes.is_empty() || self.half(bytes, &mut to).await? {
                return Ok(());
            }
            let commit = scanner.feed(bytes);
            let awaited = commit.and_then(|end| Some((end, lock(&self.at_commit).take()?)));
            if let Some((end, at_commit)) = awaited {
                mute.store(true, Ordering::SeqCst);
                to.write_all(&bytes[..end]).await?;
                let _ = at_commit.noticed.send(Noticed { client });
                tokio::time::sleep(at_commit.hold).await;
                return Ok(());
            }
            to.write_all(bytes).await?;
        }
    }

    async fn answers(
        &self,
        mut from: impl tokio::io::AsyncRead + Unpin,
        mut to: impl tokio::io::AsyncWrite + Unpin,
        mute: &AtomicBool,
    ) -> std::io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let length = from.read(&mut buffer).await?;
            let bytes = &buffer[..length];
            if mute.load(Ordering::SeqCst) {
                // The other direction ends the connection.
                std::future::pending::<()>().await;
            }
            if bytes.is_empty() || self.half(bytes, &mut to).await? {
                return Ok(());
            }
            to.write_all(bytes).await?;
        }
    }

    /// Waits while everything is held back. Says whether the connection breaks here, and then has
    /// passed on half of what was sent.
    async fn half(
        &self,
        bytes: &[u8],
        mut to: impl tokio::io::AsyncWrite + Unpin,
    ) -> std::io::Result<bool> {
        let mut held_back = self.held_back.subscribe();
        let _ = held_back.wait_for(|held_back| !held_back).await;
        let breaks = bytes.len() > 1 && self.within_message.swap(false, Ordering::SeqCst);
        if breaks {
            to.write_all(&bytes[..bytes.len() / 2]).await?;
        }
        Ok(breaks)
    }
}
