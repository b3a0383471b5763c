//! How many streams are open: of each tenant, and in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use throughline_log::TenantNo;

use super::FeedSettings;

#[derive(Debug, Clone)]
pub(super) struct Slots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: FeedSettings,
    taken: Mutex<HashMap<TenantNo, usize>>,
    open: Gauge,
}

/// The place of one open stream, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Slots,
    tenant: TenantNo,
}

impl Slots {
    pub(super) fn new(settings: FeedSettings, open: Gauge) -> Self {
        Self(Arc::new(Inner { settings, taken: Mutex::default(), open }))
    }

    /// A place for a stream of a tenant, if there is one.
    pub(super) fn take(&self, tenant: TenantNo) -> Option<Slot> {
        let mut taken = self.taken();
        let of_all: usize = taken.values().sum();
        let of_tenant = taken.get(&tenant).copied().unwrap_or_default();
        let settings = &self.0.settings;
        if of_all >= settings.streams_max || of_tenant >= settings.streams_of_tenant_max {
            return None;
        }
        taken.insert(tenant, of_tenant + 1);
        self.0.open.inc();
        Some(Slot { slots: self.clone(), tenant })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<TenantNo, usize>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whose stream it is.
    pub(super) fn tenant(&self) -> TenantNo {
        self.tenant
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        match taken.get_mut(&self.tenant) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.tenant)),
        }
        self.slots.0.open.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_so_many_and_all_together_have_so_many() {
        let settings =
            FeedSettings { streams_of_tenant_max: 2, streams_max: 3, ..FeedSettings::default() };
        let open = Gauge::default();
        let slots = Slots::new(settings, open.clone());
        let (city, county) = (TenantNo(1), TenantNo(2));
        let first = slots.take(city).unwrap();
        let _second = slots.take(city).unwrap();
        assert!(slots.take(city).is_none(), "the tenant has its two");
        let _third = slots.take(county).unwrap();
        assert!(slots.take(county).is_none(), "the process has its three");
        drop(first);
        assert_eq!(open.get(), 2);
        let _again = slots.take(county).unwrap();
        assert!(slots.take(city).is_none());
    }

    #[test]
    fn who_is_gone_leaves_nothing_behind() {
        let slots = Slots::new(FeedSettings::default(), Gauge::default());
        drop((slots.take(TenantNo(1)), slots.take(TenantNo(1))));
        assert!(slots.taken().is_empty());
    }
}
