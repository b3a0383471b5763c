//! Casework as it is measured: cases that are referred, accepted and worked on, without end.
//!
//! The same seed gives the same casework, so that every workload, and the bare database beside it,
//! stores the same kinds of facts in the same shares.

use std::collections::BTreeMap;

use anyhow::Context as _;
use throughline_domain::case::accept_referral::{AcceptReferral, ReferralAccepted};
use throughline_domain::case::receive_referral::{MissingFacts, ReceiveReferral, ReferralReceived};
use throughline_domain::case::record_contact_attempt::{ContactAttempted, RecordContactAttempt};
use throughline_domain::case::record_risk_assessment::RecordRiskAssessment;
use throughline_domain::case::{CaseError, Intent};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{
    CaseRole, CodeList as _, ContactChannel, ContactDirection, ContactOutcome, ReferralSource,
    RiskAnswer,
};
use throughline_domain::ids::{CaseId, PersonId, Version};
use throughline_domain::instrument;
use uuid::Uuid;

/// How many events a case gets before the next begins.
const CASE_EVENTS_MIN: u64 = 10;
const CASE_EVENTS_MAX: u64 = 20;
/// One fact in so many is a risk assessment; the others are contact attempts.
const ASSESSMENT_EVERY: u64 = 5;

/// Numbers that look random and come again with the same seed (`SplitMix64`).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A random (version 4) id.
    pub(super) fn uuid(&mut self) -> Uuid {
        let bytes = Uuid::from_u64_pair(self.next(), self.next()).into_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = self.below(u64::try_from(all.len()).unwrap_or(1));
        all[usize::try_from(index).unwrap_or(0)]
    }
}

/// One worker's cases, one after another.
#[derive(Clone, Debug)]
pub(super) struct Casework {
    random: Random,
    codes: Codes,
    case: CaseId,
    recorded: u64,
    last: u64,
}

/// What the worker records next.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// In which case.
    pub(super) case: CaseId,
    /// The case's version before it.
    pub(super) version: Version,
    /// What.
    pub(super) intent: Intent,
}

#[derive(Clone, Debug)]
struct Codes {
    programme: Code,
    areas: [Code; 3],
    instrument: Code,
    assessor_role: Code,
    questions: Vec<Code>,
}

impl Casework {
    /// # Errors
    /// Never: the codes it is made of are codes.
    pub(super) fn new(seed: u64) -> anyhow::Result<Self> {
        let mut random = Random::new(seed);
        // Seeds are small and near each other; what they lead to is not.
        let mut random = Random::new(random.next());
        let case = CaseId(random.uuid());
        let last = Self::events(&mut random);
        Ok(Self { random, codes: Codes::new()?, case, recorded: 0, last })
    }

    fn events(random: &mut Random) -> u64 {
        CASE_EVENTS_MIN + random.below(CASE_EVENTS_MAX - CASE_EVENTS_MIN + 1)
    }

    /// The next step of the case, or the first of the next case.
    pub(super) fn next(&mut self) -> Step {
        if self.recorded == self.last {
            self.case = CaseId(self.random.uuid());
            self.recorded = 0;
            self.last = Self::events(&mut self.random);
        }
        let version = Version(i32::try_from(self.recorded).unwrap_or(i32::MAX));
        let intent = match self.recorded {
            0 => self.referral(),
            1 => AcceptReferral(ReferralAccepted::default()).into(),
            _ => self.fact(),
        };
        self.recorded += 1;
        Step { case: self.case, version, intent }
    }

    fn referral(&mut self) -> Intent {
        let area = usize::try_from(self.random.below(3)).unwrap_or(0);
        ReceiveReferral(ReferralReceived {
            person_id: PersonId(self.random.uuid()),
            programme: self.codes.programme.clone(),
            programme_version: 1,
            role: CaseRole::VictimSurvivor,
            area: self.codes.areas[area].clone(),
            source: self.random.one_of(ReferralSource::ALL),
            latest_incident_at: None,
            incidents_12_months: u32::try_from(self.random.below(9)).ok(),
            age_years: None,
            criteria: Vec::new(),
            criteria_version: None,
            returns_from: None,
            list_date: None,
            missing_reasons: MissingFacts::default(),
        })
        .into()
    }

    /// Something that workers write down day by day.
    pub(super) fn fact(&mut self) -> Intent {
        if self.random.below(ASSESSMENT_EVERY) == 0 {
            return self.assessment().into();
        }
        RecordContactAttempt(ContactAttempted {
            channel: self.random.one_of(ContactChannel::ALL),
            outcome: self.random.one_of(ContactOutcome::ALL),
            direction: Some(ContactDirection::Outgoing),
            duration_min: u32::try_from(1 + self.random.below(60)).ok(),
            purpose: None,
            location: None,
            joint_with: None,
            override_reason: None,
        })
        .into()
    }

    fn assessment(&mut self) -> RecordRiskAssessment {
        let random = &mut self.random;
        let questions = self.codes.questions.iter().cloned();
        let answers: BTreeMap<Code, RiskAnswer> =
            questions.map(|question| (question, random.one_of(RiskAnswer::ALL))).collect();
        RecordRiskAssessment {
            instrument: self.codes.instrument.clone(),
            answers: Some(answers),
            judgement_level: None,
            level: None,
            assessor_role: self.codes.assessor_role.clone(),
            source_organisation: None,
            own_view: None,
            stage: None,
        }
    }
}

impl Codes {
    fn new() -> anyhow::Result<Self> {
        let instrument = "dash-safelives/2009";
        let form = instrument::find_risk(instrument).context("DASH is shipped")?;
        Ok(Self {
            programme: "mrp".parse()?,
            areas: ["city".parse()?, "north".parse()?, "south".parse()?],
            instrument: instrument.parse()?,
            assessor_role: "dva_worker".parse()?,
            questions: form.questions.iter().map(|question| question.key.clone()).collect(),
        })
    }
}

/// The stored type and the stored facts of a stretch of casework: what the bare database stores.
///
/// # Errors
/// Never: the facts do not contradict themselves.
pub(super) fn texts(count: usize) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut casework = Casework::new(0)?;
    let mut text = || {
        let event = casework.next().intent.into_facts().map_err(broken)?;
        Ok((event.type_name(), event.to_data()?))
    };
    (0..count).map(|_| text()).collect()
}

/// Facts that a rule refuses, which this module's own are not.
pub(super) fn broken(error: CaseError) -> anyhow::Error {
    anyhow::Error::new(error).context("the casework breaks a rule")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_case_is_referred_accepted_and_worked_on() {
        let mut casework = Casework::new(1).unwrap();
        let mut lengths: HashMap<CaseId, u64> = HashMap::new();
        for _ in 0..1000 {
            let step = casework.next();
            let length = lengths.entry(step.case).or_default();
            assert_eq!(step.version.0, i32::try_from(*length).unwrap());
            assert_eq!(matches!(step.intent, Intent::ReceiveReferral(_)), *length == 0);
            assert_eq!(matches!(step.intent, Intent::AcceptReferral(_)), *length == 1);
            assert!(step.intent.into_facts().is_ok());
            *length += 1;
        }
        let unfinished = casework.next().case;
        lengths.remove(&unfinished);
        assert!(lengths.len() > 30);
        assert!(lengths.values().all(|n| (CASE_EVENTS_MIN..=CASE_EVENTS_MAX).contains(n)));
    }

    #[test]
    fn the_same_seed_gives_the_same_and_another_seed_does_not() {
        let first = |seed| Casework::new(seed).unwrap().next().case;
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
