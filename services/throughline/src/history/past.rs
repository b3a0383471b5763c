//! What an earlier load left in the tenant's log, which a history may go on with.

use std::collections::HashMap;

use throughline_domain::case::Case;
use throughline_domain::ids::{CaseId, PersonId};
use throughline_domain::recorded::Happened;
use throughline_log::{EventLog, TenantNo};

use crate::history::error::Refused;

/// Where the cases and persons stand that are not of this history.
pub(super) enum Past {
    /// The tenant's log is empty.
    Empty,
    /// It is not.
    Log {
        /// The log.
        log: EventLog,
        /// The tenant.
        tenant: TenantNo,
    },
}

impl Past {
    /// A case as the log has it; one without events, if it has none.
    pub(super) async fn case(&self, case_id: CaseId) -> Result<Case, Refused> {
        let Self::Log { log, tenant } = self else {
            return Ok(Case::default());
        };
        let stored = log.read_stream(*tenant, case_id.into()).await?;
        let mut events = Vec::with_capacity(stored.len());
        for event in &stored {
            let recorded = event.to_case_event()?;
            events.push(Happened {
                event_id: recorded.event_id,
                occurred: recorded.occurred,
                event: recorded.event,
            });
        }
        Ok(Case::from(events))
    }

    /// Whether the log knows a person.
    pub(super) async fn knows(&self, person_id: PersonId) -> Result<bool, Refused> {
        match self {
            Self::Empty => Ok(false),
            Self::Log { log, tenant } => {
                Ok(!log.read_stream(*tenant, person_id.into()).await?.is_empty())
            }
        }
    }
}

/// The cases and persons met so far.
pub(super) struct Met {
    past: Past,
    cases: HashMap<CaseId, Case>,
    persons: HashMap<PersonId, bool>,
}

impl Met {
    pub(super) fn new(past: Past) -> Self {
        Self { past, cases: HashMap::new(), persons: HashMap::new() }
    }

    /// A case as it stands.
    pub(super) async fn case(&mut self, case_id: CaseId) -> Result<&mut Case, Refused> {
        if !self.cases.contains_key(&case_id) {
            let case = self.past.case(case_id).await?;
            self.cases.insert(case_id, case);
        }
        Ok(self.cases.entry(case_id).or_default())
    }

    /// Whether a person is known.
    pub(super) async fn knows(&mut self, person_id: PersonId) -> Result<bool, Refused> {
        if let Some(known) = self.persons.get(&person_id) {
            return Ok(*known);
        }
        let known = self.past.knows(person_id).await?;
        self.persons.insert(person_id, known);
        Ok(known)
    }

    /// Takes it that a person is known from here on.
    pub(super) fn meet(&mut self, person_id: PersonId) {
        self.persons.insert(person_id, true);
    }

    /// How many cases have been met.
    pub(super) fn cases(&self) -> usize {
        self.cases.len()
    }

    /// Whether the id names a case and a person.
    pub(super) fn confuses(&self, case_id: CaseId, person_id: Option<PersonId>) -> bool {
        let is_person = self.persons.contains_key(&PersonId(case_id.0));
        let is_case = person_id.is_some_and(|person| {
            person.0 == case_id.0 || self.cases.contains_key(&CaseId(person.0))
        });
        is_person || is_case
    }
}
