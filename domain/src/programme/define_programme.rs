//! Loading a definition: the next version of a programme, or the first of a new one.

use serde::{Deserialize, Serialize};

use crate::programme::check::{Contradiction, ContradictionKind, contradictions};
use crate::programme::{Programme, ProgrammeError, ProgrammeEvent, ProgrammeHistory};

/// Make a definition known to the tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct DefineProgramme(pub Programme);

/// A definition became known to the tenant, whole and for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgrammeDefined(pub Programme);

impl DefineProgramme {
    /// Decides against what is known of the programme. No event: the very same definition is there.
    ///
    /// # Errors
    /// When the definition contradicts itself or the one before, is not the next version, or its
    /// version is there with another text.
    pub fn decide(
        self,
        history: &ProgrammeHistory,
    ) -> Result<Option<ProgrammeEvent>, ProgrammeError> {
        let Self(definition) = self;
        let mut found = contradictions(&definition);
        let known: Vec<_> = history.known(definition.id.as_str()).collect();
        let next = known.last().map_or(1, |newest| newest.version.saturating_add(1));
        if definition.version != 0 && definition.version < next {
            let same = known.iter().any(|one| **one == definition);
            return if same { Ok(None) } else { Err(ProgrammeError::NeverChanged) };
        }
        if let Some(newest) = known.last()
            && definition.in_force_from <= newest.in_force_from
        {
            let kind = ContradictionKind::NotAfterPreviousVersion;
            found.push(Contradiction { place: "/in_force_from".to_owned(), kind });
        }
        if !found.is_empty() {
            return Err(ProgrammeError::Contradictions(found));
        }
        if definition.version != next {
            return Err(ProgrammeError::NotTheNextVersion { next });
        }
        Ok(Some(ProgrammeEvent::ProgrammeDefined(ProgrammeDefined(definition))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::Programmes;

    fn definition(id: &str, version: u16, year: i16) -> Programme {
        Programme {
            id: id.parse().unwrap(),
            version,
            in_force_from: jiff::civil::date(year, 1, 1),
            ..Programmes::shipped().find("mrp", 1).unwrap().as_ref().clone()
        }
    }

    fn after(loaded: &[Programme]) -> ProgrammeHistory {
        let mut history = ProgrammeHistory::default();
        for definition in loaded {
            let defined = ProgrammeDefined(definition.clone());
            history.take(ProgrammeEvent::ProgrammeDefined(defined));
        }
        history
    }

    fn defined(definition: &Programme) -> ProgrammeEvent {
        ProgrammeEvent::ProgrammeDefined(ProgrammeDefined(definition.clone()))
    }

    #[test]
    fn a_programme_of_ones_own_begins_with_version_1() {
        let own = definition("own", 1, 2020);
        assert_eq!(DefineProgramme(own.clone()).decide(&after(&[])), Ok(Some(defined(&own))));
        let second = definition("own", 2, 2020);
        let refused = DefineProgramme(second).decide(&after(&[]));
        assert_eq!(refused, Err(ProgrammeError::NotTheNextVersion { next: 1 }));
    }

    #[test]
    fn a_shipped_programme_goes_on_after_the_shipped_versions() {
        let second = definition("mrp", 2, 2020);
        assert_eq!(DefineProgramme(second.clone()).decide(&after(&[])), Ok(Some(defined(&second))));
        let third = definition("mrp", 3, 2021);
        let refused = DefineProgramme(third).decide(&after(&[]));
        assert_eq!(refused, Err(ProgrammeError::NotTheNextVersion { next: 2 }));
    }

    #[test]
    fn a_definition_is_loaded_once_and_never_changed() {
        let own = definition("own", 1, 2020);
        let history = after(std::slice::from_ref(&own));
        assert_eq!(DefineProgramme(own.clone()).decide(&history), Ok(None));
        let other = Programme { dormant_after_days: 1, ..own };
        let refused = DefineProgramme(other).decide(&history);
        assert_eq!(refused, Err(ProgrammeError::NeverChanged));
    }

    #[test]
    fn a_version_begins_after_the_one_before() {
        let history = after(&[definition("own", 1, 2020)]);
        let refused = DefineProgramme(definition("own", 2, 2020)).decide(&history).unwrap_err();
        let kind = ContradictionKind::NotAfterPreviousVersion;
        let place = "/in_force_from".to_owned();
        assert_eq!(refused, ProgrammeError::Contradictions(vec![Contradiction { place, kind }]));
    }

    #[test]
    fn whatever_contradicts_itself_is_told_before_the_version_is() {
        let broken = Programme { areas: Vec::new(), ..definition("own", 7, 2020) };
        let refused = DefineProgramme(broken).decide(&after(&[])).unwrap_err();
        assert!(matches!(refused, ProgrammeError::Contradictions(_)), "{refused:?}");
    }
}
