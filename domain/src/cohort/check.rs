//! Every contradiction in a cohort's definition, found at once and named with its place.

use std::collections::HashSet;
use std::hash::Hash;

use crate::cohort::{Cohort, Window};
use crate::programme::Programme;

/// Entries in one list of a definition at most.
pub const ENTRIES_MAX: usize = 100;
/// Characters of its title at most.
pub const TITLE_CHARS_MAX: usize = 200;

/// Something in a definition that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Where: a JSON Pointer into the definition.
    pub place: String,
    /// What.
    pub kind: ContradictionKind,
}

/// What cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ContradictionKind {
    /// A title with nothing in it.
    #[error("has to say something")]
    Empty,
    /// A list or text beyond its limit.
    #[error("is longer than a definition may be")]
    TooLong,
    /// The same thing twice.
    #[error("is there twice")]
    Duplicate,
    /// Versions count from one.
    #[error("has to be 1 or more")]
    Zero,
    /// A stretch of time that ends where it begins, or before.
    #[error("ends before it begins")]
    EndsBeforeItBegins,
    /// A stretch of time without a beginning or an end.
    #[error("has neither a beginning nor an end")]
    Unbounded,
    /// No such programme.
    #[error("is no programme that is known")]
    UnknownProgramme,
    /// An area that no version of the programme works in.
    #[error("is no area of the programme")]
    UnknownArea,
    /// A role that no version of the programme has.
    #[error("is no role of the programme")]
    UnknownRole,
    /// An arm that no version of the programme draws.
    #[error("is no arm of the programme")]
    UnknownArm,
    /// A stage that no version of the programme has.
    #[error("is no stage of the programme")]
    UnknownStage,
    /// Cases that are closed, and cases that are not.
    #[error("leaves no case, since only closed ones have exited")]
    NeverExited,
}

/// What is wrong with a definition, in the order of its members; nothing where it can be.
///
/// `versions` are those of the programme that the tenant knows: none, where it knows no such
/// programme. A cohort may outlast a version, so that what any of them has is right.
#[must_use]
pub fn contradictions(cohort: &Cohort, versions: &[&Programme]) -> Vec<Contradiction> {
    use ContradictionKind as Kind;
    let mut found = Findings(Vec::new());
    found.add_if(cohort.version == 0, "/version", Kind::Zero);
    found.add_if(cohort.title.trim().is_empty(), "/title", Kind::Empty);
    found.add_if(cohort.title.chars().count() > TITLE_CHARS_MAX, "/title", Kind::TooLong);
    found.add_if(versions.is_empty(), "/programme", Kind::UnknownProgramme);
    // Of a programme that is not known nothing more can be said.
    let any = |has: &dyn Fn(&Programme) -> bool| {
        versions.is_empty() || versions.iter().any(|version| has(version))
    };
    found.list("/roles", &cohort.roles, Kind::UnknownRole, |role| {
        any(&|version| version.roles.contains(role))
    });
    found.list("/areas", &cohort.areas, Kind::UnknownArea, |area| {
        any(&|version| version.areas.contains(area))
    });
    found.list("/arms", &cohort.arms, Kind::UnknownArm, |arm| {
        any(&|version| version.allocation.as_ref().is_some_and(|drawn| drawn.arms.contains(arm)))
    });
    found.window("/referred", cohort.referred);
    found.window("/exited", cohort.exited);
    found.list("/statuses", &cohort.statuses, Kind::NeverExited, |_| true);
    let none_exited =
        !cohort.statuses.is_empty() && !cohort.statuses.contains(&crate::case::CaseStatus::Closed);
    found.add_if(cohort.exited.is_some() && none_exited, "/statuses", Kind::NeverExited);
    found.add_if(cohort.measured.len() > ENTRIES_MAX, "/measured", Kind::TooLong);
    for (n, measured) in cohort.measured.iter().enumerate().take(ENTRIES_MAX) {
        let place = format!("/measured/{n}");
        found.add_if(cohort.measured[..n].contains(measured), &place, Kind::Duplicate);
        let is_stage = any(&|version| version.stages.contains(&measured.stage));
        found.add_if(!is_stage, &format!("{place}/stage"), Kind::UnknownStage);
    }
    found.0
}

struct Findings(Vec<Contradiction>);

impl Findings {
    fn add_if(&mut self, wrong: bool, place: &str, kind: ContradictionKind) {
        if wrong {
            self.0.push(Contradiction { place: place.to_owned(), kind });
        }
    }

    fn list<T: Eq + Hash>(
        &mut self,
        place: &str,
        entries: &[T],
        unknown: ContradictionKind,
        is_known: impl Fn(&T) -> bool,
    ) {
        self.add_if(entries.len() > ENTRIES_MAX, place, ContradictionKind::TooLong);
        let mut seen = HashSet::new();
        for (n, entry) in entries.iter().enumerate().take(ENTRIES_MAX) {
            let place = format!("{place}/{n}");
            self.add_if(!seen.insert(entry), &place, ContradictionKind::Duplicate);
            self.add_if(!is_known(entry), &place, unknown);
        }
    }

    fn window(&mut self, place: &str, window: Option<Window>) {
        match window {
            Some(Window { from: None, until: None }) => {
                self.add_if(true, place, ContradictionKind::Unbounded);
            }
            Some(Window { from: Some(from), until: Some(until) }) => {
                self.add_if(until <= from, place, ContradictionKind::EndsBeforeItBegins);
            }
            Some(_) | None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::programme::Programmes;

    fn found(changes: &[(&str, Value)]) -> Vec<(String, ContradictionKind)> {
        let mut cohort = json!({
            "id": "drive-year-1", "version": 1, "title": "Closed in the first year",
            "programme": "drive", "roles": ["perpetrator"], "areas": ["essex"],
            "arms": ["intervention"], "statuses": ["closed"],
            "measured": [{"measure": "physical", "stage": "intake"}],
        });
        for (member, value) in changes {
            cohort[member] = value.clone();
        }
        let cohort: Cohort = serde_json::from_value(cohort).unwrap();
        let known = Programmes::shipped();
        let versions: Vec<&Programme> =
            known.of(cohort.programme.as_str()).map(AsRef::as_ref).collect();
        contradictions(&cohort, &versions).into_iter().map(|one| (one.place, one.kind)).collect()
    }

    #[test]
    fn a_definition_that_can_be_has_no_contradiction() {
        assert_eq!(found(&[]), []);
    }

    #[test]
    fn every_contradiction_is_named_at_once() {
        use ContradictionKind as Kind;
        let window = json!({"from": "2020-01-01T00:00:00Z", "until": "2019-01-01T00:00:00Z"});
        let found = found(&[
            ("version", json!(0)),
            ("title", json!(" ")),
            ("roles", json!(["young_person"])),
            ("areas", json!(["essex", "essex", "mars"])),
            ("arms", json!(["third"])),
            ("referred", window),
            ("exited", json!({})),
            ("statuses", json!(["open"])),
            ("measured", json!([{"measure": "physical", "stage": "halfway"}])),
        ]);
        let expected = [
            ("/version", Kind::Zero),
            ("/title", Kind::Empty),
            ("/roles/0", Kind::UnknownRole),
            ("/areas/1", Kind::Duplicate),
            ("/areas/2", Kind::UnknownArea),
            ("/arms/0", Kind::UnknownArm),
            ("/referred", Kind::EndsBeforeItBegins),
            ("/exited", Kind::Unbounded),
            ("/statuses", Kind::NeverExited),
            ("/measured/0/stage", Kind::UnknownStage),
        ];
        assert_eq!(found, expected.map(|(place, kind)| (place.to_owned(), kind)));
    }

    #[test]
    fn of_an_unknown_programme_nothing_more_is_said() {
        let found = found(&[("programme", json!("nowhere"))]);
        let unknown = ContradictionKind::UnknownProgramme;
        assert_eq!(found, [("/programme".to_owned(), unknown)]);
    }
}
