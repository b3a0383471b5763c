//! Defining a cohort: its first version, or the next.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cohort::{Cohort, CohortError, CohortEvent, CohortHistory, contradictions};
use crate::programme::{Programme, Programmes};

/// Make a cohort's definition known to the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct DefineCohort {
    /// The definition.
    pub cohort: Cohort,
    /// The programmes that the tenant knows.
    pub programmes: Arc<Programmes>,
}

/// A cohort's definition became known to the tenant, whole and for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CohortDefined(pub Cohort);

impl DefineCohort {
    /// Decides against the versions that are there. No event: the very same definition is there.
    ///
    /// # Errors
    /// When the definition contradicts itself or its programme, is not the next version, or its
    /// version is there with another text.
    pub fn decide(self, history: &CohortHistory) -> Result<Option<CohortEvent>, CohortError> {
        let Self { cohort, programmes } = self;
        if let Some(known) = history.find(cohort.version) {
            // Whatever became of its programme since: what is there is there.
            return if *known == cohort { Ok(None) } else { Err(CohortError::NeverChanged) };
        }
        let versions: Vec<&Programme> =
            programmes.of(cohort.programme.as_str()).map(AsRef::as_ref).collect();
        let found = contradictions(&cohort, &versions);
        if !found.is_empty() {
            return Err(CohortError::Contradictions(found));
        }
        let next = history.next_version();
        if cohort.version != next {
            return Err(CohortError::NotTheNextVersion { next });
        }
        Ok(Some(CohortEvent::CohortDefined(CohortDefined(cohort))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cohort::ContradictionKind;

    fn cohort(version: u16, title: &str) -> Cohort {
        let cohort =
            json!({"id": "closed", "version": version, "title": title, "programme": "drive"});
        serde_json::from_value(cohort).unwrap()
    }

    fn decide(cohort: Cohort, known: &[Cohort]) -> Result<Option<CohortEvent>, CohortError> {
        let mut history = CohortHistory::default();
        for cohort in known {
            history.take(CohortEvent::CohortDefined(CohortDefined(cohort.clone())));
        }
        DefineCohort { cohort, programmes: Programmes::shipped() }.decide(&history)
    }

    #[test]
    fn versions_follow_one_another() {
        let (first, second) = (cohort(1, "first"), cohort(2, "second"));
        let defined =
            |cohort: &Cohort| Ok(Some(CohortEvent::CohortDefined(CohortDefined(cohort.clone()))));
        assert_eq!(decide(first.clone(), &[]), defined(&first));
        assert_eq!(decide(second.clone(), &[]), Err(CohortError::NotTheNextVersion { next: 1 }));
        assert_eq!(decide(second.clone(), std::slice::from_ref(&first)), defined(&second));
    }

    #[test]
    fn a_version_is_recorded_once_and_never_changed() {
        let known = [cohort(1, "first")];
        assert_eq!(decide(cohort(1, "first"), &known), Ok(None));
        assert_eq!(decide(cohort(1, "other"), &known), Err(CohortError::NeverChanged));
    }

    #[test]
    fn whatever_contradicts_itself_is_told_before_the_version_is() {
        let Err(CohortError::Contradictions(found)) = decide(cohort(7, ""), &[]) else { panic!() };
        assert_eq!((found[0].place.as_str(), found[0].kind), ("/title", ContradictionKind::Empty));
    }
}
