//! Something was appended: told at once to whoever waits in this process, and, by [`Tidings::listen`],
//! when another process appended it.
//!
//! Tidings are hints. One may be late or lost, and one may come without anything new, so whoever
//! waits for them looks now and then by themselves. They only ever come after what they tell of can
//! be read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use throughline_domain::ids::Position;
use tokio::sync::watch;

use crate::tenant::TenantNo;

/// Tells those who follow the log that it has grown. Cheap to clone: the clones are one.
#[derive(Debug, Clone, Default)]
pub struct Tidings(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    of_all: watch::Sender<u64>,
    known: Mutex<Known>,
    metrics: TidingsMetrics,
}

#[derive(Debug, Default)]
struct Known {
    /// What was told last of each tenant, so that nobody is woken twice for one event: a process
    /// hears its own notifications too.
    told: HashMap<TenantNo, Position>,
    of_tenant: HashMap<TenantNo, watch::Sender<u64>>,
}

/// What is counted of tidings between processes.
#[derive(Debug, Clone, Default)]
pub(crate) struct TidingsMetrics {
    pub(crate) sent: Counter,
    pub(crate) heard: Counter,
    pub(crate) reconnects: Counter,
}

impl Tidings {
    /// Tidings of every tenant's log.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription { counted: self.0.of_all.subscribe(), _of: self.clone() }
    }

    /// Tidings of one tenant's log.
    #[must_use]
    pub fn subscribe_to(&self, tenant: TenantNo) -> Subscription {
        let mut known = self.known();
        known.of_tenant.retain(|_, told| told.receiver_count() > 0);
        let counted = known.of_tenant.entry(tenant).or_default().subscribe();
        Subscription { counted, _of: self.clone() }
    }

    /// Tells that a tenant's log can be read up to a position.
    pub(crate) fn tell(&self, tenant: TenantNo, position: Position) {
        let mut known = self.known();
        let told = known.told.entry(tenant).or_default();
        if *told >= position {
            return;
        }
        *told = position;
        if let Some(waiting) = known.of_tenant.get(&tenant) {
            waiting.send_modify(count);
        }
        self.0.of_all.send_modify(count);
    }

    /// Tells everybody, since nobody knows what was missed.
    pub(crate) fn tell_everybody(&self) {
        let mut known = self.known();
        known.told.clear();
        known.of_tenant.values().for_each(|waiting| waiting.send_modify(count));
        self.0.of_all.send_modify(count);
    }

    pub(crate) fn metrics(&self) -> &TidingsMetrics {
        &self.0.metrics
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(tidings: &mut u64) {
    *tidings = tidings.wrapping_add(1);
}

/// Waits for tidings. Those that come while nobody waits are kept, as one.
#[derive(Debug, Clone)]
pub struct Subscription {
    counted: watch::Receiver<u64>,
    /// While anybody may wait, there is somebody to tell them.
    _of: Tidings,
}

impl Subscription {
    /// How many tidings there have been. What is read from the log after this call reflects them all,
    /// and [`Subscription::changed`] waits for later ones.
    pub fn count(&mut self) -> u64 {
        *self.counted.borrow_and_update()
    }

    /// Waits until there are tidings that were not waited for or counted yet.
    pub async fn changed(&mut self) {
        if self.counted.changed().await.is_err() {
            // The tellers are kept by what is told; there is nothing to come without them.
            std::future::pending::<()>().await;
        }
    }
}

impl TidingsMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "throughline_log_notifications_sent",
            "Notifications sent, by which other processes learn that a log has grown",
            self.sent.clone(),
        );
        registry.register(
            "throughline_log_notifications_heard",
            "Notifications heard, this process's own included",
            self.heard.clone(),
        );
        registry.register(
            "throughline_log_listener_reconnects",
            "Times that the connection that listens was lost and made again",
            self.reconnects.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const CITY: TenantNo = TenantNo(1);
    const COUNTY: TenantNo = TenantNo(2);

    fn is_woken(waiting: &mut Subscription) -> bool {
        waiting.changed().now_or_never().is_some()
    }

    #[test]
    fn who_follows_a_tenant_is_told_of_no_other() {
        let tidings = Tidings::default();
        let (mut all, mut city) = (tidings.subscribe(), tidings.subscribe_to(CITY));
        tidings.tell(COUNTY, Position(1));
        assert_eq!((is_woken(&mut all), is_woken(&mut city)), (true, false));
        tidings.tell(CITY, Position(1));
        assert_eq!((is_woken(&mut all), is_woken(&mut city)), (true, true));
        assert_eq!((is_woken(&mut all), is_woken(&mut city)), (false, false));
    }

    #[test]
    fn nobody_is_told_twice_of_one_event_unless_something_may_have_been_missed() {
        let tidings = Tidings::default();
        let mut city = tidings.subscribe_to(CITY);
        tidings.tell(CITY, Position(3));
        assert!(is_woken(&mut city));
        tidings.tell(CITY, Position(3));
        tidings.tell(CITY, Position(2));
        assert!(!is_woken(&mut city));
        tidings.tell_everybody();
        assert!(is_woken(&mut city));
        tidings.tell(CITY, Position(2));
        assert!(is_woken(&mut city), "the log may be another one since");
    }

    #[test]
    fn who_is_gone_is_forgotten() {
        let tidings = Tidings::default();
        for tenant in 1..100 {
            drop(tidings.subscribe_to(TenantNo(tenant)));
        }
        let _kept = tidings.subscribe_to(CITY);
        assert_eq!(tidings.known().of_tenant.len(), 1);
    }
}
