//! Turns: commands that lost to another on the same stream queue up for it.
//!
//! Deciding is optimistic, and the version check is the authority. But when many callers write to
//! one stream, all but one of each batch lose, and could go on losing. So a command that has lost
//! once is decided anew only when it is its turn. Streams share a turn by hash, which costs a wait
//! now and then and bounds the memory.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use crate::stream::StreamId;
use crate::tenant::TenantNo;

/// How many turns there are.
const TURNS: usize = 512;

/// Every turn of a process.
#[derive(Debug)]
pub(crate) struct Turns {
    hasher: RandomState,
    turns: Vec<Mutex<()>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            turns: std::iter::repeat_with(Mutex::default).take(TURNS).collect(),
        }
    }
}

impl Turns {
    /// Waits for the turn of a stream, in the order of arrival.
    pub(crate) async fn take(&self, tenant: TenantNo, stream: StreamId) -> MutexGuard<'_, ()> {
        let hash = self.hasher.hash_one((tenant.0, stream.id));
        let turn = usize::try_from(hash % TURNS as u64).unwrap_or_default();
        self.turns[turn].lock().await
    }
}
