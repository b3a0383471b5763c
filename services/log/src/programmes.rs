//! The definitions of programmes that a tenant knows: those shipped and those in its log.
//!
//! A definition is never changed, so what is remembered here stays right and can only lack what was
//! loaded since. Whether it does is one small query: how many definitions there are. Whoever folds
//! events asks *after* reading them: a case is referred under a version only when that is in the
//! log, so what was read then holds every version that the events can name.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use throughline_domain::programme::{ProgrammeEvent, Programmes};

use crate::error::LogError;
use crate::event_log::EventLog;
use crate::stored::{self, event_columns};
use crate::tenant::TenantNo;

/// Past this many tenants, all are looked up again.
const TENANTS_MAX: usize = 4096;

/// How many definitions there are: each is an event, and streams only grow.
pub(crate) const COUNT_DEFINITIONS: &str = "\
    SELECT coalesce(sum(last.version), 0)::bigint \
    FROM stream s CROSS JOIN LATERAL (\
        SELECT e.version FROM event e \
        WHERE e.tenant_no = $1 AND e.stream_no = s.stream_no \
        ORDER BY e.version DESC LIMIT 1\
    ) AS last \
    WHERE s.tenant_no = $1 AND s.kind = 'programme'";

const READ_DEFINITIONS: &str = concat!(
    "SELECT ",
    event_columns!(),
    " FROM stream s JOIN event e ON e.tenant_no = s.tenant_no AND e.stream_no = s.stream_no \
     WHERE s.tenant_no = $1 AND s.kind = 'programme' ORDER BY e.position"
);

/// What each tenant knows, as far as it was asked, with the number of definitions in its log.
#[derive(Debug, Default)]
pub(crate) struct KnownProgrammes(RwLock<HashMap<TenantNo, (i64, Arc<Programmes>)>>);

impl KnownProgrammes {
    fn find(&self, tenant: TenantNo, count: i64) -> Option<Arc<Programmes>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (then, programmes) = known.get(&tenant)?;
        (*then >= count).then(|| Arc::clone(programmes))
    }

    fn learn(&self, tenant: TenantNo, count: i64, programmes: &Arc<Programmes>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TENANTS_MAX {
            known.clear();
        }
        let is_newer = known.get(&tenant).is_none_or(|(then, _)| *then < count);
        if is_newer {
            known.insert(tenant, (count, Arc::clone(programmes)));
        }
    }
}

impl EventLog {
    /// The definitions that a tenant knows, with all that is in its log now.
    ///
    /// One that a later program wrote and this one cannot read is not among them: the cases under
    /// it cannot be followed here, and others can.
    ///
    /// # Errors
    /// [`LogError::Unavailable`].
    pub async fn programmes(&self, tenant: TenantNo) -> Result<Arc<Programmes>, LogError> {
        let rows = self.database().read(COUNT_DEFINITIONS, &[&tenant.0]).await?;
        let count: i64 = match rows.first() {
            Some(row) => row.try_get(0)?,
            None => 0,
        };
        if count == 0 {
            return Ok(Programmes::shipped());
        }
        if let Some(known) = self.known_programmes().find(tenant, count) {
            return Ok(known);
        }
        let rows = self.database().read(READ_DEFINITIONS, &[&tenant.0]).await?;
        let mut loaded = Vec::with_capacity(rows.len());
        for row in &rows {
            let (event, _) = stored::from_row(row)?;
            if let Ok(event) = event.to_programme_event() {
                let ProgrammeEvent::ProgrammeDefined(defined) = event.event;
                loaded.push(defined.0);
            }
        }
        let programmes = Arc::new(Programmes::with_loaded(loaded));
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        self.known_programmes().learn(tenant, count, &programmes);
        Ok(programmes)
    }
}
