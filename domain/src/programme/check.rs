//! Every contradiction in a definition, found at once and named with its place: whoever writes one
//! is not sent back for each fault in turn.

mod closing;
mod eligibility;
mod schedule;

use std::fmt;

use crate::code::Code;
use crate::code_lists::CodeList;
use crate::programme::Programme;
use crate::programme::definition::Programme as Definition;
use crate::rules::Rule;
use crate::rules::case_risk::RiskRule;

/// Entries in one list of a definition at most.
pub const ENTRIES_MAX: usize = 200;
/// Characters in one text of a definition at most.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// The time zones whose clocks the rules know.
const TIME_ZONES: &[&str] = &["Europe/London"];
/// What is counted as a soft outcome. Source: the project's domain notes.
const SOFT_OUTCOMES: &[&str] = &[
    "self_care",
    "confidence",
    "recognises_abuse",
    "uses_services",
    "feels_safe",
    "social_life",
    "work_or_education",
    "own_decisions",
];

/// Something in a definition that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Where: a JSON Pointer into the definition.
    pub place: String,
    /// What.
    pub kind: ContradictionKind,
}

/// What cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum ContradictionKind {
    /// A list with nothing in it.
    #[error("has to have an entry")]
    Empty,
    /// A list or text beyond its limit.
    #[error("is longer than a definition may be")]
    TooLong,
    /// A number that counts from one.
    #[error("has to be 1 or more")]
    Zero,
    /// The same thing twice.
    #[error("is there twice")]
    Duplicate,
    /// A stage that is not among the stages.
    #[error("is none of the stages")]
    UnknownStage,
    /// Stages whose dates do not rise.
    #[error("is due no later than the stage before")]
    NotAfterPreviousStage,
    /// A date or period beyond the programme's length.
    #[error("is longer than the programme's maximum")]
    BeyondMaximum,
    /// Criteria versions have to be 1, 2, 3, and so on.
    #[error("is not the next version")]
    NotTheNextVersion,
    /// Criteria begin only after the definition does.
    #[error("begins after the definition is in force")]
    BeginsTooLate,
    /// Criteria begin before those before them end.
    #[error("begins before the one before ends")]
    Overlap,
    /// There is a time with no criteria in force.
    #[error("leaves a gap in time")]
    Gap,
    /// It ends before it begins.
    #[error("does not come after the beginning")]
    EndsBeforeItBegins,
    /// The newest criteria do not end.
    #[error("ends, and nothing follows")]
    NothingFollows,
    /// A criterion that is not among the codes.
    #[error("is none of the codes")]
    UnknownCriterion,
    /// More are asked for than there are.
    #[error("asks for more than there are")]
    MoreThanThereAre,
    /// A number without the list that it is about.
    #[error("counts entries of a list that is not there")]
    CountsNothing,
    /// Nobody can meet, or fail, such criteria.
    #[error("says of nothing that it has to be met")]
    NothingRequired,
    /// An instrument that nobody knows.
    #[error("is no instrument that is known")]
    UnknownInstrument,
    /// A rule that nobody knows.
    #[error("is no rule that is known")]
    UnknownRule,
    /// A method of allocation that nobody knows.
    #[error("is no method that is known")]
    UnknownMethod,
    /// Something to stratify by that nobody knows.
    #[error("is nothing that allocation can be stratified by")]
    UnknownStratum,
    /// Thresholds that do not rise.
    #[error("is no more than the threshold before")]
    NotAfterPreviousThreshold,
    /// A trial needs arms to choose from.
    #[error("has to have two entries or more")]
    TooFewArms,
    /// A block gives every arm equally many cases.
    #[error("cannot be divided by the number of arms")]
    NotDivisibleByArms,
    /// A role that the programme does not serve.
    #[error("is none of the roles")]
    UnknownRole,
    /// Sharing with oneself.
    #[error("is on both sides")]
    SameOnBothSides,
    /// A reason that is not in the list.
    #[error("is no reason for closing")]
    UnknownClosureReason,
    /// Evidence for, or approval of, a reason that is not allowed.
    #[error("is not among the allowed reasons")]
    ReasonNotAllowed,
    /// A rule proposes a closure that is not allowed.
    #[error("would propose a reason that is not allowed")]
    ProposesReasonNotAllowed,
    /// More proved realistic than was planned.
    #[error("is more than was planned")]
    MoreThanPlanned,
    /// A soft outcome that is not in the list.
    #[error("is no soft outcome")]
    UnknownSoftOutcome,
    /// A time zone whose clocks are not known.
    #[error("is no time zone that is known")]
    UnknownTimeZone,
    /// A remark on a member that a definition does not have.
    #[error("is no member of a definition")]
    UnknownMember,
    /// A version begins no later than the one before.
    #[error("has to be later than that of the version before")]
    NotAfterPreviousVersion,
}

/// What is found, as it is gathered.
struct Findings(Vec<Contradiction>);

impl Findings {
    fn add(&mut self, place: impl fmt::Display, kind: ContradictionKind) {
        self.0.push(Contradiction { place: place.to_string(), kind });
    }

    fn add_if(&mut self, is_wrong: bool, place: impl fmt::Display, kind: ContradictionKind) {
        if is_wrong {
            self.add(place, kind);
        }
    }

    /// A list that must not be empty, nor too long, nor name a thing twice.
    fn list<T: PartialEq>(&mut self, place: &str, entries: &[T]) {
        self.add_if(entries.is_empty(), place, ContradictionKind::Empty);
        self.set(place, entries);
    }

    /// A list that must not be too long, nor name a thing twice.
    fn set<T: PartialEq>(&mut self, place: &str, entries: &[T]) {
        if entries.len() > ENTRIES_MAX {
            return self.add(place, ContradictionKind::TooLong);
        }
        for (n, entry) in entries.iter().enumerate() {
            let is_twice = entries[..n].contains(entry);
            self.add_if(is_twice, format_args!("{place}/{n}"), ContradictionKind::Duplicate);
        }
    }

    /// Entries that must be among others.
    fn among(&mut self, place: &str, entries: &[Code], known: &[Code], kind: ContradictionKind) {
        for (n, entry) in entries.iter().enumerate().take(ENTRIES_MAX) {
            self.add_if(!known.contains(entry), format_args!("{place}/{n}"), kind);
        }
    }

    fn text(&mut self, place: impl fmt::Display, text: &str) {
        self.add_if(text.trim().is_empty(), &place, ContradictionKind::Empty);
        let is_long = text.chars().count() > TEXT_CHARS_MAX;
        self.add_if(is_long, place, ContradictionKind::TooLong);
    }
}

/// Every contradiction in a definition; empty: it can be used.
///
/// Shape: in the order of the definition's parts; at most a few for each entry of its lists, each
/// of which is limited.
#[must_use]
pub fn contradictions(definition: &Programme) -> Vec<Contradiction> {
    let mut found = Findings(Vec::new());
    frame(definition, &mut found);
    schedule::check(definition, &mut found);
    eligibility::check(definition, &mut found);
    rules(definition, &mut found);
    closing::check(definition, &mut found);
    trial(definition, &mut found);
    people(definition, &mut found);
    remarks(definition, &mut found);
    found.0
}

fn frame(definition: &Definition, found: &mut Findings) {
    found.add_if(definition.version == 0, "/version", ContradictionKind::Zero);
    found.text("/name", &definition.name);
    found.list("/roles", &definition.roles);
    found.list("/areas", &definition.areas);
    let is_known = TIME_ZONES.contains(&definition.time_zone.as_str());
    found.add_if(!is_known, "/time_zone", ContradictionKind::UnknownTimeZone);
    let ids: Vec<&Code> = definition.locations.iter().map(|location| &location.id).collect();
    found.set("/locations", &ids);
    for (n, location) in definition.locations.iter().enumerate().take(ENTRIES_MAX) {
        found.text(format_args!("/locations/{n}/name"), &location.name);
    }
    found.set("/handover_checklist", &definition.handover_checklist);
    found.set("/soft_outcomes", &definition.soft_outcomes);
    for (n, outcome) in definition.soft_outcomes.iter().enumerate().take(ENTRIES_MAX) {
        let is_known = SOFT_OUTCOMES.contains(&outcome.as_str());
        let place = format_args!("/soft_outcomes/{n}").to_string();
        found.add_if(!is_known, place, ContradictionKind::UnknownSoftOutcome);
    }
}

fn rules(definition: &Definition, found: &mut Findings) {
    use ContradictionKind::{Empty, NotAfterPreviousThreshold, UnknownRule, Zero};
    let rules = &definition.rules;
    let is_named = |code: &Code, name: &str| {
        Rule::find(code.as_str()).is_some_and(|rule| rule.name().ends_with(name))
    };
    let engagement = &rules.engagement;
    let is_known = is_named(&engagement.rule, "engagement");
    found.add_if(!is_known, "/rules/engagement/rule", UnknownRule);
    found.add_if(engagement.sporadic_from == 0, "/rules/engagement/sporadic_from", Zero);
    found.add_if(
        engagement.engaged_from <= engagement.sporadic_from,
        "/rules/engagement/engaged_from",
        NotAfterPreviousThreshold,
    );
    found.add_if(!is_named(&rules.repeat, "repeat"), "/rules/repeat", UnknownRule);
    let risk_level = RiskRule::find(rules.risk_level.as_str());
    found.add_if(risk_level.is_none(), "/rules/risk_level", UnknownRule);
    found.set("/rules/own_assessors", &rules.own_assessors);
    let is_nobodys = risk_level == Some(RiskRule::OwnService) && rules.own_assessors.is_empty();
    found.add_if(is_nobodys, "/rules/own_assessors", Empty);
}

fn trial(definition: &Definition, found: &mut Findings) {
    use ContradictionKind::{
        NotDivisibleByArms, TooFewArms, UnknownMethod, UnknownRole, UnknownStratum, Zero,
    };
    let Some(allocation) = &definition.allocation else { return };
    let is_served = definition.roles.contains(&allocation.role);
    found.add_if(!is_served, "/allocation/role", UnknownRole);
    found.add_if(allocation.arms.len() < 2, "/allocation/arms", TooFewArms);
    found.set("/allocation/arms", &allocation.arms);
    let is_known = allocation.method.as_str() == "permuted-block/1";
    found.add_if(!is_known, "/allocation/method", UnknownMethod);
    found.list("/allocation/block_sizes", &allocation.block_sizes);
    for (n, size) in allocation.block_sizes.iter().enumerate().take(ENTRIES_MAX) {
        let place = format!("/allocation/block_sizes/{n}");
        found.add_if(*size == 0, &place, Zero);
        let arms = allocation.arms.len().max(1);
        let is_even = usize::from(*size).is_multiple_of(arms);
        found.add_if(!is_even, &place, NotDivisibleByArms);
    }
    found.set("/allocation/stratified_by", &allocation.stratified_by);
    for (n, stratum) in allocation.stratified_by.iter().enumerate().take(ENTRIES_MAX) {
        let place = format!("/allocation/stratified_by/{n}");
        found.add_if(stratum.as_str() != "area", place, UnknownStratum);
    }
}

fn people(definition: &Definition, found: &mut Findings) {
    use ContradictionKind::{MoreThanPlanned, SameOnBothSides, UnknownRole, Zero};
    if let Some(caseload) = definition.caseload {
        found.add_if(caseload.planned == 0, "/caseload/planned", Zero);
        found.add_if(caseload.realistic == Some(0), "/caseload/realistic", Zero);
        let is_more = caseload.realistic.is_some_and(|realistic| realistic > caseload.planned);
        found.add_if(is_more, "/caseload/realistic", MoreThanPlanned);
    }
    found.set("/sharing", &definition.sharing);
    for (n, sharing) in definition.sharing.iter().enumerate().take(ENTRIES_MAX) {
        let is_served = |role| definition.roles.contains(&role);
        found.add_if(!is_served(sharing.from), format_args!("/sharing/{n}/from"), UnknownRole);
        found.add_if(!is_served(sharing.to), format_args!("/sharing/{n}/to"), UnknownRole);
        let is_same = sharing.from == sharing.to;
        found.add_if(is_same, format_args!("/sharing/{n}/to"), SameOnBothSides);
    }
}

/// The members that remarks and sources may be about.
const MEMBERS: &[&str] = &[
    "id",
    "version",
    "in_force_from",
    "name",
    "source",
    "roles",
    "areas",
    "time_zone",
    "locations",
    "maximum_months",
    "stages",
    "reviews",
    "criteria",
    "instruments",
    "dormant_after_days",
    "disengaged_after_months",
    "sustained_reduction_months",
    "rules",
    "allocation",
    "closure",
    "caseload",
    "handover_checklist",
    "sharing",
    "soft_outcomes",
];

fn remarks(definition: &Definition, found: &mut Findings) {
    found.text("/source/report", &definition.source.report);
    for (place, remarks) in
        [("/source/sections", &definition.source.sections), ("/notes", &definition.notes)]
    {
        // A place that is the sender's own text is not told: the pointer stops before it.
        let is_known = remarks.keys().all(|member| MEMBERS.contains(&member.as_str()));
        found.add_if(!is_known, place, ContradictionKind::UnknownMember);
        for (member, text) in remarks {
            if MEMBERS.contains(&member.as_str()) {
                found.text(format_args!("{place}/{member}"), text);
            }
        }
    }
}

/// Whether a code is of a closed list.
fn is_of<L: CodeList>(code: &Code) -> bool {
    L::from_code(code.as_str()).is_some()
}

#[cfg(test)]
mod tests;
