//! Who assessed the person's risk, and what each of them said last.
//!
//! Assessments of different assessors stand side by side: nobody's overwrites another's. An assessor
//! is a role in an organisation; where no organisation was given, the role alone.

use std::collections::BTreeMap;

use crate::case::state::{Episode, Risk};
use crate::code::Code;
use crate::code_lists::OwnView;

/// Somebody who assesses risk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Assessor {
    /// Their role.
    pub role: Code,
    /// Their organisation.
    pub organisation: Option<Code>,
}

/// What one assessor said.
#[derive(Debug, Clone, PartialEq)]
pub struct AssessorView {
    /// Their latest assessment, in the order of the reading.
    pub latest: Risk,
    /// How many they made.
    pub assessments: u32,
    /// With how many of them the person disagreed.
    pub disagreed: u32,
    /// The place of the latest among all assessments of the case, from 1.
    place: u32,
}

/// What every assessor of a case said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assessors {
    views: BTreeMap<Assessor, AssessorView>,
    assessments: u32,
}

impl Assessors {
    /// Takes one more assessment.
    pub(crate) fn take(&mut self, risk: &Risk) {
        self.assessments += 1;
        let place = self.assessments;
        let disagreed = u32::from(risk.own_view == Some(OwnView::Disagrees));
        let assessor = Assessor {
            role: risk.assessor_role.clone(),
            organisation: risk.source_organisation.clone(),
        };
        let first = || AssessorView { latest: risk.clone(), assessments: 0, disagreed: 0, place };
        let view = self.views.entry(assessor).or_insert_with(first);
        view.latest.clone_from(risk);
        view.assessments += 1;
        view.disagreed += disagreed;
        view.place = place;
    }

    /// What each of them said, by role and organisation.
    pub fn views(&self) -> impl Iterator<Item = (&Assessor, &AssessorView)> {
        self.views.iter()
    }

    /// Those whose latest assessment can have been made within an episode, given how exactly its time
    /// is known.
    pub fn views_within(
        &self,
        episode: Episode,
    ) -> impl Iterator<Item = (&Assessor, &AssessorView)> {
        self.views().filter(move |(_, view)| {
            view.latest.occurred.can_lie_within(episode.started, episode.ended)
        })
    }

    /// The latest assessment of any of these roles.
    #[must_use]
    pub fn latest_of(&self, roles: &[Code]) -> Option<&Risk> {
        let of_roles = self.views.iter().filter(|(assessor, _)| roles.contains(&assessor.role));
        of_roles.map(|(_, view)| view).max_by_key(|view| view.place).map(|view| &view.latest)
    }
}
