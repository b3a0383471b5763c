//! The definitions that a tenant knows: those shipped with the project and those it loaded.
//!
//! A definition is never changed, so what is in a catalogue stays right for ever; an older
//! catalogue can only lack something.

use std::sync::{Arc, LazyLock};

use crate::case::CaseEvent;
use crate::case::state::Referral;
use crate::programme::definition::day_of;
use crate::programme::{Programme, ProgrammeError};
use crate::recorded::Recorded;
use crate::time::Occurred;

/// Definitions that a tenant may load, all its programmes together.
pub const LOADED_MAX: usize = 1_000;

/// Every definition that a tenant knows, each programme's versions in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programmes {
    /// Ordered as shipped, then as loaded; the versions of a programme rise.
    definitions: Vec<Arc<Programme>>,
}

static SHIPPED: LazyLock<Arc<Programmes>> = LazyLock::new(|| {
    let texts = [
        include_str!("../../programmes/mrp.1.json"),
        include_str!("../../programmes/drive.1.json"),
        include_str!("../../programmes/safe-steps.1.json"),
        include_str!("../../programmes/stepping-out.1.json"),
    ];
    let read = |text| {
        Arc::new(serde_json::from_str(text).expect("a shipped definition is well-formed (tested)"))
    };
    Arc::new(Programmes { definitions: texts.into_iter().map(read).collect() })
});

impl Programmes {
    /// The definitions shipped with the project.
    #[must_use]
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&SHIPPED)
    }

    /// The shipped definitions and others beside them. A tenant's own goes before one shipped later
    /// under the same version: cases were referred under it.
    #[must_use]
    pub fn with_loaded(loaded: impl IntoIterator<Item = Programme>) -> Self {
        let mut known = Self::clone(&SHIPPED);
        for definition in loaded {
            let is_this = |one: &Arc<Programme>| {
                (&one.id, one.version) == (&definition.id, definition.version)
            };
            match known.definitions.iter().position(is_this) {
                Some(place) => known.definitions[place] = Arc::new(definition),
                None => known.definitions.push(Arc::new(definition)),
            }
        }
        // Stable, so that programmes stay in the order in which they came.
        let mut ids: Vec<String> = Vec::new();
        for definition in &known.definitions {
            if !ids.iter().any(|id| id == definition.id.as_str()) {
                ids.push(definition.id.as_str().to_owned());
            }
        }
        known.definitions.sort_by_key(|definition| {
            let place = ids.iter().position(|id| id == definition.id.as_str());
            (place, definition.version)
        });
        known
    }

    /// Refuses one definition more than a tenant may load. One that is known already is none more.
    ///
    /// # Errors
    /// [`ProgrammeError::TooMany`].
    pub fn require_room_for(&self, definition: &Programme) -> Result<(), ProgrammeError> {
        let loaded = self.definitions.len().saturating_sub(SHIPPED.definitions.len());
        let is_known = self.find(definition.id.as_str(), definition.version).is_some();
        if !is_known && loaded >= LOADED_MAX {
            return Err(ProgrammeError::TooMany { loaded_max: LOADED_MAX });
        }
        Ok(())
    }

    /// One version of a programme's definition.
    #[must_use]
    pub fn find(&self, id: &str, version: u16) -> Option<&Arc<Programme>> {
        self.of(id).find(|definition| definition.version == version)
    }

    /// The version under which a referral received then is made: the newest that was in force, or
    /// the oldest where none was yet.
    #[must_use]
    pub fn in_force(&self, id: &str, received: Occurred) -> Option<&Arc<Programme>> {
        let day = day_of(received);
        let begun = self.of(id).rfind(|definition| definition.in_force_from <= day);
        begun.or_else(|| self.of(id).next())
    }

    /// The newest version of a programme's definition.
    #[must_use]
    pub fn newest(&self, id: &str) -> Option<&Arc<Programme>> {
        self.of(id).next_back()
    }

    /// The definition that a case keeps; `None` where it is not known here, and then nobody may
    /// guess: another version's numbers would be another's answers.
    #[must_use]
    pub fn of_referral(&self, referral: &Referral) -> Option<Arc<Programme>> {
        self.find(referral.programme.as_str(), referral.programme_version).cloned()
    }

    /// The first event of a case that names a definition not known here: from it on, what the
    /// programme's rules say of the case cannot be told.
    #[must_use]
    pub fn first_unknown<'a>(
        &self,
        history: &'a [Recorded<CaseEvent>],
    ) -> Option<&'a Recorded<CaseEvent>> {
        history.iter().find(|recorded| {
            let mut event = &recorded.event;
            if let CaseEvent::FactCorrected(correction) = event {
                event = &correction.replacement;
            }
            if let CaseEvent::ReferralReceived(facts) = event {
                self.find(facts.programme.as_str(), facts.programme_version).is_none()
            } else {
                false
            }
        })
    }

    /// Every definition: programme after programme, each one's versions rising.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Programme>> {
        self.definitions.iter()
    }

    /// The versions of one programme, rising.
    #[must_use]
    pub fn of(&self, id: &str) -> impl DoubleEndedIterator<Item = &Arc<Programme>> {
        self.definitions.iter().filter(move |definition| definition.id.as_str() == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::contradictions;
    use crate::time::Precision;

    fn at(text: &str) -> Occurred {
        Occurred::at(text.parse().unwrap())
    }

    fn second_mrp() -> Programme {
        let first = Programmes::shipped().find("mrp", 1).unwrap().as_ref().clone();
        Programme { version: 2, in_force_from: jiff::civil::date(2016, 4, 1), ..first }
    }

    #[test]
    fn the_four_programmes_are_shipped_and_none_contradicts_itself() {
        let shipped = Programmes::shipped();
        let ids: Vec<&str> = shipped.all().map(|definition| definition.id.as_str()).collect();
        assert_eq!(ids, ["mrp", "drive", "safe-steps", "stepping-out"]);
        for definition in shipped.all() {
            assert_eq!(contradictions(definition), [], "{}", definition.id);
        }
    }

    #[test]
    fn a_definition_is_written_as_it_is_read() {
        for definition in Programmes::shipped().all() {
            let text = serde_json::to_string(definition.as_ref()).unwrap();
            assert_eq!(serde_json::from_str::<Programme>(&text).unwrap(), **definition);
        }
    }

    #[test]
    fn a_case_falls_under_the_version_in_force_when_it_was_referred() {
        let known = Programmes::with_loaded([second_mrp()]);
        let version = |received| known.in_force("mrp", received).unwrap().version;
        assert_eq!(version(at("2016-03-31T22:59:59Z")), 1);
        // Midnight by the clocks there, an hour ahead.
        assert_eq!(version(at("2016-03-31T23:00:00Z")), 2);
        let day = Occurred { at: at("2016-03-31T23:30:00Z").at, precision: Precision::Day };
        assert_eq!(version(day), 1);
        // Before there was any.
        assert_eq!(version(at("2001-01-01T00:00:00Z")), 1);
        assert_eq!(known.newest("mrp").unwrap().version, 2);
        assert_eq!(known.in_force("nowhere", day), None);
    }

    #[test]
    fn what_a_tenant_loaded_is_not_replaced_by_what_is_shipped_later() {
        let own = Programme { version: 1, name: "Our own".to_owned(), ..second_mrp() };
        let known = Programmes::with_loaded([own.clone()]);
        assert_eq!(known.find("mrp", 1).unwrap().as_ref(), &own);
        assert_eq!(known.all().count(), Programmes::shipped().all().count());
    }

    #[test]
    fn versions_rise_whatever_order_they_are_loaded_in() {
        let third = Programme { version: 3, ..second_mrp() };
        let known = Programmes::with_loaded([third, second_mrp()]);
        let versions: Vec<u16> = known.of("mrp").map(|definition| definition.version).collect();
        assert_eq!(versions, [1, 2, 3]);
    }

    #[test]
    fn a_tenant_loads_so_many_definitions_and_no_more() {
        let version = |no: usize| Programme { version: no.try_into().unwrap(), ..second_mrp() };
        let known = Programmes::with_loaded((2..=LOADED_MAX).map(version));
        let last = version(LOADED_MAX + 1);
        assert_eq!(known.require_room_for(&last), Ok(()));
        let full = Programmes::with_loaded((2..=LOADED_MAX + 1).map(version));
        assert_eq!(full.require_room_for(&last), Ok(()), "sent again");
        let own = Programme { id: "own".parse().unwrap(), version: 1, ..last };
        for one_more in [version(LOADED_MAX + 2), own] {
            let refused = ProgrammeError::TooMany { loaded_max: LOADED_MAX };
            assert_eq!(full.require_room_for(&one_more), Err(refused));
        }
    }

    #[test]
    fn the_criteria_of_mrp_changed_in_autumn_2014() {
        let shipped = Programmes::shipped();
        let mrp = shipped.find("mrp", 1).unwrap();
        let version = |received| mrp.criteria_at(at(received)).unwrap().version;
        assert_eq!(version("2014-03-01T00:00:00Z"), 1);
        assert_eq!(version("2014-12-01T00:00:00Z"), 2);
        assert_eq!(version("2001-12-01T00:00:00Z"), 1);
    }
}
