//! How many streams are open: of each caller, of each tenant, and in all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use throughline_domain::code::Code;
use throughline_log::TenantNo;

use super::FeedSettings;

#[derive(Debug, Clone)]
pub(super) struct Slots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: FeedSettings,
    taken: Mutex<HashMap<Holder, usize>>,
    open: Gauge,
}

/// Whose a stream is: names are only unlike within a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Holder {
    tenant: TenantNo,
    subject: Code,
}

/// The place of one open stream, free again when this is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Slots,
    holder: Holder,
}

impl Slots {
    pub(super) fn new(settings: FeedSettings, open: Gauge) -> Self {
        Self(Arc::new(Inner { settings, taken: Mutex::default(), open }))
    }

    /// A place for a stream of a caller, if there is one.
    pub(super) fn take(&self, tenant: TenantNo, subject: &Code) -> Option<Slot> {
        let holder = Holder { tenant, subject: subject.clone() };
        let mut taken = self.taken();
        let of_all: usize = taken.values().sum();
        let of_tenant: usize =
            taken.iter().filter(|(other, _)| other.tenant == tenant).map(|(_, count)| count).sum();
        let of_subject = taken.get(&holder).copied().unwrap_or_default();
        let settings = &self.0.settings;
        if of_all >= settings.streams_max
            || of_tenant >= settings.streams_of_tenant_max
            || of_subject >= settings.streams_of_subject_max
        {
            return None;
        }
        taken.insert(holder.clone(), of_subject + 1);
        self.0.open.inc();
        Some(Slot { slots: self.clone(), holder })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whose stream it is.
    pub(super) fn tenant(&self) -> TenantNo {
        self.holder.tenant
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        match taken.get_mut(&self.holder) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.holder)),
        }
        self.slots.0.open.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    #[test]
    fn a_tenant_has_so_many_and_all_together_have_so_many() {
        let settings =
            FeedSettings { streams_of_tenant_max: 2, streams_max: 3, ..FeedSettings::default() };
        let open = Gauge::default();
        let slots = Slots::new(settings, open.clone());
        let (city, county, worker) = (TenantNo(1), TenantNo(2), code("worker"));
        let first = slots.take(city, &worker).unwrap();
        let _second = slots.take(city, &code("colleague")).unwrap();
        assert!(slots.take(city, &code("third")).is_none(), "the tenant has its two");
        let _third = slots.take(county, &worker).unwrap();
        assert!(slots.take(county, &worker).is_none(), "the process has its three");
        drop(first);
        assert_eq!(open.get(), 2);
        let _again = slots.take(county, &worker).unwrap();
        assert!(slots.take(city, &worker).is_none());
    }

    #[test]
    fn one_caller_leaves_places_for_the_others() {
        let settings = FeedSettings { streams_of_subject_max: 1, ..FeedSettings::default() };
        let slots = Slots::new(settings, Gauge::default());
        let (city, worker) = (TenantNo(1), code("worker"));
        let first = slots.take(city, &worker).unwrap();
        assert!(slots.take(city, &worker).is_none(), "the caller has the one");
        let _colleague = slots.take(city, &code("colleague")).unwrap();
        let _namesake = slots.take(TenantNo(2), &worker).unwrap();
        drop(first);
        assert!(slots.take(city, &worker).is_some());
    }

    #[test]
    fn who_is_gone_leaves_nothing_behind() {
        let slots = Slots::new(FeedSettings::default(), Gauge::default());
        let worker = code("worker");
        drop((slots.take(TenantNo(1), &worker), slots.take(TenantNo(1), &worker)));
        assert!(slots.taken().is_empty());
    }
}
