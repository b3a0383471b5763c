//! From the stored form of an event to the command that would record it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use throughline_domain::case::amend_fact::{CorrectFact, FactCorrected};
use throughline_domain::case::record_risk_assessment::RecordRiskAssessment;
use throughline_domain::case::{Case, CaseError, CaseEvent, Intent};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{OwnView, RiskAnswer, RiskLevel};
use throughline_domain::ids::{CaseId, EventId};
use throughline_domain::programme::Programmes;
use throughline_domain::time::{Occurred, Precision, to_microseconds};

use crate::history::error::LineError;
use crate::history::intent::intent_of;
use crate::history::line::Members;
use crate::history::misfit::{self, Misfit};
use crate::history::names::{Names, Reference};

/// Where a line's facts are, in pointers.
const DATA: &str = "/data";

/// What the facts of a line need to be read.
pub(super) struct Context<'a> {
    /// What names stand for.
    pub(super) names: &'a Names,
    /// The line's case.
    pub(super) case_id: CaseId,
    /// The case before the line.
    pub(super) case: &'a Case,
    /// The definitions that the tenant knows.
    pub(super) programmes: &'a Programmes,
}

impl Context<'_> {
    /// The command that records these facts, which happened at `occurred`.
    pub(super) fn intent(
        &self,
        event_type: &str,
        occurred: Occurred,
        data: Members,
    ) -> Result<Intent, LineError> {
        match event_type {
            "RiskAssessed" => Ok(assessment(&data, DATA)?.into()),
            "FactCorrected" => Ok(self.correction(data)?.into()),
            _ => Ok(intent_of(self.event(event_type, occurred, data, DATA)?)),
        }
    }

    fn event(
        &self,
        event_type: &str,
        occurred: Occurred,
        mut data: Members,
        below: &str,
    ) -> Result<CaseEvent, LineError> {
        self.resolve(&mut data, below)?;
        // Elsewhere `need` is a code.
        if event_type == "NeedResolved" {
            self.resolve_event(&mut data, below, "need")?;
        }
        if event_type == "ReferralReceived" {
            complete_referral(self.programmes, &mut data, occurred, below)?;
        }
        if event_type == "MeasureRecorded" {
            check_missing_values(&data, below)?;
        }
        // The type comes first, so that the decoder reads the facts straight from the text and
        // notices members that have no place.
        let text = format!(r#"{{"type":"{event_type}","data":{}}}"#, data.to_text()?);
        // The text's own `/data` is where `below` points to.
        let above = below.strip_suffix(DATA).unwrap_or(below);
        Ok(misfit::read(text.as_bytes(), above)?)
    }

    fn correction(&self, mut data: Members) -> Result<CorrectFact, LineError> {
        self.resolve(&mut data, DATA)?;
        let facts: CorrectionFacts = misfit::read(data.to_text()?.as_bytes(), DATA)?;
        let found = self.case.find(facts.corrects);
        let original = found.map(|found| &found.event);
        let occurred = Occurred {
            at: to_microseconds(facts.occurred.at),
            precision: facts.occurred.precision,
        };
        let below = "/data/replacement/data";
        let Replacement { event_type, mut data } = facts.replacement;
        require_type(&event_type)?;
        if let Some(found) = found.filter(|found| found.occurred == occurred) {
            keep_version(&found.event, &mut data, below)?;
        }
        let replacement = match event_type.as_str() {
            "RiskAssessed" => CaseEvent::RiskAssessed(assessment(&data, below)?.resolve()?),
            "FactCorrected" | "FactRetracted" => return Err(CaseError::OtherKindOfFact.into()),
            _ => self.event(&event_type, occurred, data, below)?,
        };
        // A line has the newest forms, so it can only repeat what the log will say.
        let version = replacement.schema_version();
        if facts.replacement_version.is_some_and(|told| told != version) {
            return Err(LineError::WrongComputed("replacement_version"));
        }
        let request = followed_request(&replacement);
        if original.is_some_and(|original| followed_request(original) != request) {
            return Err(LineError::OtherRequest);
        }
        Ok(CorrectFact(FactCorrected {
            corrects: facts.corrects,
            occurred,
            replacement: Box::new(replacement),
        }))
    }

    /// Puts ids in place of names, in the members that are about another event or a person.
    fn resolve(&self, data: &mut Members, below: &str) -> Result<(), LineError> {
        for member in ["corrects", "retracts", "request", "hold", "proposal"] {
            self.resolve_event(data, below, member)?;
        }
        if let Some(text) = data.get("evidence") {
            let references: Vec<Reference> = read_member(text, below, "evidence")?;
            let ids = references.iter();
            let ids: Vec<EventId> = ids.map(|one| self.names.event(self.case_id, one)).collect();
            data.set("evidence", raw(&ids)?);
        }
        if let Some(text) = data.get("person_id") {
            let reference: Reference = read_member(text, below, "person_id")?;
            data.set("person_id", raw(&self.names.person(&reference))?);
        }
        Ok(())
    }

    fn resolve_event(
        &self,
        data: &mut Members,
        below: &str,
        member: &'static str,
    ) -> Result<(), LineError> {
        if let Some(text) = data.get(member) {
            let reference: Reference = read_member(text, below, member)?;
            data.set(member, raw(&self.names.event(self.case_id, &reference))?);
        }
        Ok(())
    }
}

/// The assessment that the facts tell of. What the file says was computed has to be what is.
fn assessment(data: &Members, below: &str) -> Result<RecordRiskAssessment, LineError> {
    let facts: AssessmentFacts = misfit::read(data.to_text()?.as_bytes(), below)?;
    let (yes_count, could_reach_high) = (facts.yes_count, facts.could_reach_high);
    let command = facts.into_command();
    let resolved = command.clone().resolve()?;
    if yes_count.is_some() && yes_count != resolved.yes_count {
        return Err(LineError::WrongComputed("yes_count"));
    }
    if could_reach_high.is_some_and(|could| could != resolved.could_reach_high) {
        return Err(LineError::WrongComputed("could_reach_high"));
    }
    Ok(command)
}

/// Refuses a type that is none of the case's.
pub(super) fn require_type(event_type: &str) -> Result<(), LineError> {
    let known = CaseEvent::TYPES.iter().any(|(name, _)| *name == event_type);
    if known { Ok(()) } else { Err(LineError::UnknownType) }
}

/// Fills in the versions of the definition and of its criteria, as the service does for a referral:
/// those in force when it was received. A history may know better, within what there is.
fn complete_referral(
    programmes: &Programmes,
    data: &mut Members,
    received: Occurred,
    below: &str,
) -> Result<(), LineError> {
    let Some(text) = data.get("programme") else {
        return Ok(()); // Refused when it is read.
    };
    let name: Code = read_member(text, below, "programme")?;
    let Some(in_force) = programmes.in_force(name.as_str(), received) else {
        return Err(CaseError::UnknownProgramme { programme: name }.into());
    };
    let version = match data.get("programme_version") {
        None => in_force.version,
        Some(text) => read_member(text, below, "programme_version")?,
    };
    let definition = programmes.find(name.as_str(), version);
    let definition = definition.ok_or(LineError::UnknownProgrammeVersion)?;
    data.set("programme_version", raw(&version)?);
    match data.get("criteria_version") {
        None => {
            let criteria = definition.criteria_at(received);
            if let Some(criteria) = criteria {
                data.set("criteria_version", raw(&criteria.version)?);
            }
        }
        Some(text) => {
            let version: u16 = read_member(text, below, "criteria_version")?;
            definition.criteria_version(version).ok_or(LineError::UnknownCriteriaVersion)?;
        }
    }
    Ok(())
}

/// A case keeps its definition: a correction that leaves the programme and the time as they were, and
/// names no version, leaves the version too.
fn keep_version(original: &CaseEvent, data: &mut Members, below: &str) -> Result<(), LineError> {
    let CaseEvent::ReferralReceived(original) = original else { return Ok(()) };
    let Some(text) = data.get("programme") else { return Ok(()) };
    let name: Code = read_member(text, below, "programme")?;
    if name == original.programme && data.get("programme_version").is_none() {
        data.set("programme_version", raw(&original.programme_version)?);
    }
    Ok(())
}

/// A value that is missing says why and nothing else. The decoder does not look there itself.
fn check_missing_values(data: &Members, below: &str) -> Result<(), LineError> {
    let Some(text) = data.get("values") else {
        return Ok(()); // Refused when it is read.
    };
    let values: BTreeMap<String, &RawValue> = match serde_json::from_str(text) {
        Ok(values) => values,
        Err(_) => return Ok(()), // Likewise.
    };
    let is_more = |value: &&RawValue| {
        serde_json::from_str::<Members>(value.get()).is_ok_and(|members| members.len() != 1)
    };
    if values.values().any(is_more) {
        let detail = "has a missing value with more, or less, than its reason";
        return Err(Misfit::new(format!("{below}/values"), detail).into());
    }
    Ok(())
}

/// The request that a fact follows up: a correction may not change it, as it cannot over the REST
/// interface.
fn followed_request(event: &CaseEvent) -> Option<EventId> {
    if let CaseEvent::InformationChased(facts) = event {
        Some(facts.request)
    } else if let CaseEvent::InformationEscalated(facts) = event {
        Some(facts.request)
    } else if let CaseEvent::InformationReceived(facts) = event {
        Some(facts.request)
    } else if let CaseEvent::InformationRefused(facts) = event {
        Some(facts.request)
    } else {
        None
    }
}

fn read_member<T: serde::de::DeserializeOwned>(
    text: &str,
    below: &str,
    member: &str,
) -> Result<T, Misfit> {
    misfit::read(text.as_bytes(), &format!("{below}/{member}"))
}

fn raw<T: serde::Serialize>(value: &T) -> Result<Box<RawValue>, serde_json::Error> {
    to_raw_value(value)
}

/// The facts of an assessment. What the DASH rule computes may be left out.
#[derive(Deserialize)]
struct AssessmentFacts {
    instrument: Code,
    answers: Option<BTreeMap<Code, RiskAnswer>>,
    yes_count: Option<u8>,
    could_reach_high: Option<bool>,
    judgement_level: Option<RiskLevel>,
    level: Option<RiskLevel>,
    assessor_role: Code,
    source_organisation: Option<Code>,
    own_view: Option<OwnView>,
    stage: Option<Code>,
}

impl AssessmentFacts {
    fn into_command(self) -> RecordRiskAssessment {
        RecordRiskAssessment {
            instrument: self.instrument,
            answers: self.answers,
            judgement_level: self.judgement_level,
            level: self.level,
            assessor_role: self.assessor_role,
            source_organisation: self.source_organisation,
            own_view: self.own_view,
            stage: self.stage,
        }
    }
}

/// The facts of a correction.
#[derive(Deserialize)]
struct CorrectionFacts {
    corrects: EventId,
    occurred: CorrectedTime,
    replacement_version: Option<i16>,
    replacement: Replacement,
}

#[derive(Deserialize)]
struct CorrectedTime {
    at: Timestamp,
    #[serde(default)]
    precision: Precision,
}

#[derive(Deserialize)]
struct Replacement {
    #[serde(rename = "type")]
    event_type: String,
    #[serde(default)]
    data: Members,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use serde_json::Value;
    use throughline_log::MasterKey;
    use uuid::Uuid;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        #[serde(rename = "type")]
        event_type: String,
        version: i16,
        cases: Vec<Value>,
    }

    fn golden_files() -> Vec<Golden> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../domain/tests/golden");
        let files = fs::read_dir(directory).unwrap();
        let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        texts
            .map(|text| serde_json::from_str(&text).unwrap())
            .filter(|golden: &Golden| require_type(&golden.event_type).is_ok())
            .collect()
    }

    #[test]
    fn every_stored_form_is_read_as_the_command_that_would_record_it() {
        let names = Names::new(&MasterKey::random().unwrap(), "t");
        let case = Case::default();
        let programmes = Programmes::shipped();
        let case_id = CaseId(Uuid::nil());
        let context = Context { names: &names, case_id, case: &case, programmes: &programmes };
        let occurred = Occurred::at("2014-03-01T00:00:00Z".parse().unwrap());
        let files = golden_files();
        let types: BTreeSet<&str> = files.iter().map(|golden| golden.event_type.as_str()).collect();
        assert_eq!(types.len(), CaseEvent::TYPES.len());
        for Golden { event_type, version, cases } in files {
            for data in cases {
                let text = data.to_string();
                let expected = CaseEvent::from_stored(&event_type, version, &text).unwrap();
                let expected = as_completed(expected, occurred);
                let members = serde_json::from_str(&text).unwrap();
                let intent = context.intent(&event_type, occurred, members).unwrap();
                assert_eq!(intent.into_facts().unwrap(), expected, "{event_type}");
            }
        }
    }

    /// A referral that does not say which criteria were in force is completed.
    fn as_completed(mut event: CaseEvent, received: Occurred) -> CaseEvent {
        let (facts, received) = if let CaseEvent::FactCorrected(correction) = &mut event {
            (correction.replacement.as_mut(), correction.occurred)
        } else {
            (&mut event, received)
        };
        if let CaseEvent::ReferralReceived(facts) = facts {
            let known = Programmes::shipped();
            let definition = known.find(facts.programme.as_str(), facts.programme_version).unwrap();
            let in_force = definition.criteria_at(received).map(|criteria| criteria.version);
            facts.criteria_version = facts.criteria_version.or(in_force);
        }
        event
    }

    /// The versions that a referral is loaded under, with these members of its line.
    fn versions(received: &str, members: &Value) -> Result<(u16, Option<u16>), String> {
        let mut own = Programmes::shipped().find("mrp", 1).unwrap().as_ref().clone();
        (own.version, own.in_force_from) = (2, jiff::civil::date(2015, 1, 1));
        own.criteria.truncate(1);
        own.criteria[0].in_force_until = None;
        let programmes = Programmes::with_loaded([own]);
        let names = Names::new(&MasterKey::random().unwrap(), "t");
        let case = Case::default();
        let case_id = CaseId(Uuid::nil());
        let context = Context { names: &names, case_id, case: &case, programmes: &programmes };
        let mut data = serde_json::json!({
            "person_id": Uuid::nil(), "programme": "mrp", "role": "victim_survivor",
            "area": "south", "source": "police",
        });
        data.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let received = Occurred::at(received.parse().unwrap());
        let members = serde_json::from_str(&data.to_string()).unwrap();
        let intent = context.intent("ReferralReceived", received, members);
        let facts = intent.map_err(|error| error.to_string())?.into_facts().unwrap();
        let CaseEvent::ReferralReceived(facts) = facts else { panic!("{facts:?}") };
        Ok((facts.programme_version, facts.criteria_version))
    }

    #[test]
    fn a_referral_is_loaded_under_the_definition_and_the_criteria_of_its_date() {
        let (spring, autumn, later) =
            ("2014-03-01T00:00:00Z", "2014-12-01T00:00:00Z", "2015-03-01T00:00:00Z");
        let filled = |received| versions(received, &serde_json::json!({})).unwrap();
        assert_eq!(filled(spring), (1, Some(1)));
        assert_eq!(filled(autumn), (1, Some(2)));
        assert_eq!(filled(later), (2, Some(1)), "a definition of the tenant's own");
        // A history that says which is taken at its word, as far as there are such.
        let given = |definition: u16, criteria: u16| {
            let said = serde_json::json!({
                "programme_version": definition, "criteria_version": criteria,
            });
            versions(later, &said)
        };
        assert_eq!(given(1, 1), Ok((1, Some(1))));
        assert_eq!(given(1, 2), Ok((1, Some(2))));
        let unknown = "criteria_version is none that the definition has";
        assert_eq!(given(2, 2), Err(unknown.to_owned()));
        let unknown = "programme_version is none that there is";
        assert_eq!(given(3, 1), Err(unknown.to_owned()));
        assert_eq!(given(0, 1), Err(unknown.to_owned()));
    }
}
