//! The form of a programme's definition, as it is written in a file and stored in an event.
//!
//! Reading one checks its form alone; what contradicts itself is found by [`super::check`]. Names
//! that come from elsewhere (closure reasons, rules, instruments) are therefore read as plain
//! codes: an unknown one is told of with its place, together with everything else that is wrong.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::code_lists::CaseRole;
use crate::programme::criteria::CriteriaVersion;
use crate::time::{Occurred, Precision, uk_time};

/// What a programme fixes for its cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// The name used in referrals and questions.
    pub id: Code,
    /// The definition's version, from 1.
    pub version: u16,
    /// The first day on which referrals are made under it. It ends where the next version begins.
    pub in_force_from: Date,
    /// The name in words.
    pub name: String,
    /// Where its facts come from.
    pub source: Source,
    /// Whom its cases are about.
    pub roles: Vec<CaseRole>,
    /// The areas it works in.
    pub areas: Vec<Code>,
    /// Whose clocks its dates are read by: a name of the time zone database.
    pub time_zone: String,
    /// Where it meets people, or houses them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// Calendar months that an episode lasts at most; none where it is open-ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_months: Option<u32>,
    /// The stages at which outcomes are measured, first to last.
    pub stages: Vec<Code>,
    /// When cases are to be looked at again.
    pub reviews: ReviewSchedule,
    /// Who is eligible, by version: each from where the one before ends.
    pub criteria: Vec<CriteriaVersion>,
    /// The instruments in use.
    pub instruments: Vec<InstrumentUse>,
    /// Days without reaching the person after which an open case is dormant.
    pub dormant_after_days: u32,
    /// Months of unanswered attempts after which closing is proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disengaged_after_months: Option<u32>,
    /// Months of reduced risk after which closing is proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sustained_reduction_months: Option<u32>,
    /// The named rules that its cases are judged by.
    pub rules: Rules,
    /// How cases are given to the arms of a trial, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation: Option<Allocation>,
    /// How cases are closed.
    pub closure: Closure,
    /// How many cases a worker has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caseload: Option<CaseloadSize>,
    /// What a handover is to settle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handover_checklist: Vec<Code>,
    /// What passes between linked cases, and in which direction. Anything else does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sharing: Vec<Sharing>,
    /// The soft outcomes that it looks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub soft_outcomes: Vec<Code>,
    /// Remarks by member; `ours` where no report says so and the project decided.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

/// Where a definition's facts come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The report, or whoever decided.
    pub report: String,
    /// The part of it that a member rests on, by member.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sections: BTreeMap<String, String>,
}

/// A place of the programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// The code that events name.
    pub id: Code,
    /// Its name in words.
    pub name: String,
    /// What it is for.
    pub kind: LocationKind,
}

/// What a place is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocationKind {
    /// People are met there.
    Outreach,
    /// People live there.
    Home,
}

/// When cases are to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewSchedule {
    /// Days after the latest assessment or review; none where there is no such schedule.
    pub every_days: Option<u32>,
    /// Stages with a date of their own, counted from the episode's beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at_stages: Vec<StageDue>,
}

/// A stage with a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageDue {
    /// The stage.
    pub stage: Code,
    /// Calendar months after the episode's beginning.
    pub after_months: u32,
}

/// An instrument, and when it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentUse {
    /// Its name and version.
    pub id: Code,
    /// At which stages; none: whenever there is reason to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Code>,
}

/// The named, versioned rules that a programme's cases are judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// How far a person has engaged, and the thresholds.
    pub engagement: Engagement,
    /// Whether a person is a repeat victim.
    pub repeat: Code,
    /// Which assessment the case's level of risk comes from.
    pub risk_level: Code,
    /// The roles whose assessments are the programme's own, as assessments name them: what
    /// `own-service/1` looks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_assessors: Vec<Code>,
}

/// The rule of engagement with its thresholds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engagement {
    /// The rule's name and version.
    pub rule: Code,
    /// Contacts that reached the person from which they engage sporadically.
    pub sporadic_from: u32,
    /// Contacts from which they are engaged.
    pub engaged_from: u32,
}

/// How cases are given to the arms of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// Whose cases are drawn.
    pub role: CaseRole,
    /// The arms.
    pub arms: Vec<Code>,
    /// The method's name and version.
    pub method: Code,
    /// Cases in a block; a block's size is drawn from these.
    pub block_sizes: Vec<u16>,
    /// What is drawn for separately: `area`, or nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stratified_by: Vec<Code>,
}

/// How cases are closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// The reasons for which a case may be closed, of the list `closure_reason`.
    pub reasons: Vec<Code>,
    /// Those of them that have to name the facts they rest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence_for: Vec<Code>,
    /// Those of them that a manager approves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approval_for: Vec<Code>,
}

/// How many cases a worker has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseloadSize {
    /// As planned.
    pub planned: u32,
    /// As it proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realistic: Option<u32>,
}

/// What passes from the cases of one role to linked cases of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sharing {
    /// What passes.
    pub kind: SharedKind,
    /// From whose case.
    pub from: CaseRole,
    /// To whose.
    pub to: CaseRole,
}

/// What may pass between linked cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedKind {
    /// That a level of risk changed, and to which.
    RiskChange,
    /// How the person can be turned to without danger to the other.
    SafeToContactStrategy,
}

impl Programme {
    /// The criteria in force when a referral was received: the first ones before they began.
    #[must_use]
    pub fn criteria_at(&self, received: Occurred) -> Option<&CriteriaVersion> {
        let day = day_of(received);
        let begun = self.criteria.iter().rev().find(|criteria| criteria.in_force_from <= day);
        begun.or(self.criteria.first())
    }

    /// The criteria of this version.
    #[must_use]
    pub fn criteria_version(&self, version: u16) -> Option<&CriteriaVersion> {
        self.criteria.iter().find(|criteria| criteria.version == version)
    }
}

/// The day on which something happened, by which it falls under one definition or another: by the
/// clocks of the United Kingdom for a moment, as it was given for a day or month.
pub(super) fn day_of(occurred: Occurred) -> Date {
    match occurred.precision {
        Precision::Instant => uk_time(occurred.at).date(),
        Precision::Day | Precision::Month => {
            jiff::tz::TimeZone::UTC.to_datetime(occurred.at).date()
        }
    }
}
