//! Criteria: one version follows another without a gap, and asks only for what it names.

use super::ContradictionKind::{
    BeginsTooLate, CountsNothing, EndsBeforeItBegins, Gap, MoreThanThereAre, NotTheNextVersion,
    NothingFollows, NothingRequired, Overlap, UnknownCriterion, Zero,
};
use super::{ENTRIES_MAX, Findings};
use crate::code::Code;
use crate::programme::{CriteriaVersion, Programme};

pub(super) fn check(definition: &Programme, found: &mut Findings) {
    let versions: Vec<u16> = definition.criteria.iter().map(|criteria| criteria.version).collect();
    found.list("/criteria", &versions);
    for (n, criteria) in definition.criteria.iter().enumerate().take(ENTRIES_MAX) {
        let place = format!("/criteria/{n}");
        let is_next = usize::from(criteria.version) == n + 1;
        found.add_if(!is_next, format_args!("{place}/version"), NotTheNextVersion);
        dates(definition, n, found);
        codes(criteria, &place, found);
        requirement(criteria, &place, found);
    }
}

fn dates(definition: &Programme, n: usize, found: &mut Findings) {
    let criteria = &definition.criteria[n];
    let (from, until) =
        (format!("/criteria/{n}/in_force_from"), format!("/criteria/{n}/in_force_until"));
    let ends_early = criteria.in_force_until.is_some_and(|until| until <= criteria.in_force_from);
    found.add_if(ends_early, &until, EndsBeforeItBegins);
    if n == 0 {
        let is_late = criteria.in_force_from > definition.in_force_from;
        found.add_if(is_late, &from, BeginsTooLate);
    }
    match (criteria.in_force_until, definition.criteria.get(n + 1)) {
        // Without an end, it goes on beside the next.
        (None, Some(_)) => found.add(format_args!("/criteria/{}/in_force_from", n + 1), Overlap),
        (Some(until), Some(next)) => {
            let place = format!("/criteria/{}/in_force_from", n + 1);
            found.add_if(next.in_force_from < until, &place, Overlap);
            found.add_if(next.in_force_from > until, &place, Gap);
        }
        (Some(_), None) => found.add(until, NothingFollows),
        (None, None) => {}
    }
}

fn codes(criteria: &CriteriaVersion, place: &str, found: &mut Findings) {
    let codes: Vec<&Code> = criteria.codes.iter().map(|criterion| &criterion.code).collect();
    found.list(&format!("{place}/codes"), &codes);
    for (n, criterion) in criteria.codes.iter().enumerate().take(ENTRIES_MAX) {
        found.text(format_args!("{place}/codes/{n}/description"), &criterion.description);
    }
}

fn requirement(criteria: &CriteriaVersion, place: &str, found: &mut Findings) {
    let known: Vec<Code> =
        criteria.codes.iter().take(ENTRIES_MAX).map(|criterion| criterion.code.clone()).collect();
    for (member, codes) in [("all_of", &criteria.all_of), ("any_of", &criteria.any_of)] {
        let place = format!("{place}/{member}");
        found.set(&place, codes);
        found.among(&place, codes, &known, UnknownCriterion);
    }
    let asks_nothing = criteria.all_of.is_empty() && criteria.any_of.is_empty();
    found.add_if(asks_nothing, place, NothingRequired);
    if let Some(count) = criteria.at_least {
        let place = format!("{place}/at_least");
        found.add_if(count == 0, &place, Zero);
        if criteria.any_of.is_empty() {
            found.add(place, CountsNothing);
        } else {
            found.add_if(usize::from(count) > criteria.any_of.len(), place, MoreThanThereAre);
        }
    }
}
