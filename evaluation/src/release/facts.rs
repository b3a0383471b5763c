//! The long tables of a release: a row a fact.

use jiff::Timestamp;
use throughline_domain::case::CaseEvent;
use throughline_domain::case::record_measure::MeasureValue;
use throughline_domain::code::Code;
use throughline_domain::code_lists::{
    Agency, AgencyAction, AgencyPurpose, AgencyWork, CodeList, ContactChannel, ContactDirection,
    ContactOutcome, IncidentKind, MissingReason, Need, PoliceOutcome, RiskLevel, Severity,
    SupportKind, SupportStatus,
};

use super::columns::{Column, Kind};
use crate::evaluated_case::EvaluatedCase;
use crate::levels::number_text;

/// A long table: what its rows are, its columns after the pseudonym and the date, and the rows that a
/// fact gives, each cell as text.
pub(super) struct Facts {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) columns: fn() -> Vec<Column>,
    pub(super) rows: fn(&CaseEvent) -> Vec<Vec<String>>,
}

/// Every long table.
pub(super) const FACTS: [Facts; 7] = [
    Facts {
        name: "measures",
        title: "One row a value of a measure, or why there is none",
        columns: measure_columns,
        rows: measures,
    },
    Facts {
        name: "risk_assessments",
        title: "One row a risk assessment: the level, not the answers",
        columns: risk_columns,
        rows: risk,
    },
    Facts {
        name: "contacts",
        title: "One row an attempt to reach the person",
        columns: contact_columns,
        rows: contact,
    },
    Facts {
        name: "incidents",
        title: "One row an incident",
        columns: incident_columns,
        rows: incident,
    },
    Facts {
        name: "agency_work",
        title: "One row an action of an agency",
        columns: agency_columns,
        rows: agency,
    },
    Facts {
        name: "support",
        title: "One row a piece of support given",
        columns: support_columns,
        rows: support,
    },
    Facts {
        name: "needs",
        title: "One row a need that was identified",
        columns: need_columns,
        rows: need,
    },
];

/// The rows of a case, in the order of the reading.
pub(super) fn rows(
    facts: &Facts,
    case: &EvaluatedCase<'_>,
) -> Vec<(Timestamp, &'static str, Vec<String>)> {
    let each = case.facts().iter().flat_map(|fact| {
        let told = (facts.rows)(fact.event);
        told.into_iter().map(|row| (fact.occurred.at, fact.occurred.precision.as_str(), row))
    });
    each.collect()
}

fn code<T: CodeList>(code: T) -> String {
    code.as_str().to_owned()
}

fn maybe<T: CodeList>(given: Option<T>) -> String {
    given.map(code).unwrap_or_default()
}

fn free(given: Option<&Code>) -> String {
    given.map(|code| code.as_str().to_owned()).unwrap_or_default()
}

fn measure_columns() -> Vec<Column> {
    vec![
        Column::new("instrument", Kind::Text, "The instrument, with its version.").required(),
        Column::new("stage", Kind::Text, "The stage of the programme.").required(),
        Column::new("measure", Kind::Text, "The measure of the instrument.").required(),
        Column::new("value", Kind::Text, "The code or number; empty where it is missing."),
        Column::new("missing", Kind::Text, "Why there is no value; empty where there is one.")
            .of::<MissingReason>(),
    ]
}

fn measures(event: &CaseEvent) -> Vec<Vec<String>> {
    let CaseEvent::MeasureRecorded(facts) = event else { return Vec::new() };
    let row = |(measure, value): (&Code, &MeasureValue)| {
        let (value, missing) = match value {
            MeasureValue::Code(code) => (free(Some(code)), String::new()),
            MeasureValue::Number(number) => (number_text(number), String::new()),
            MeasureValue::Missing { missing } => (String::new(), code(*missing)),
        };
        vec![
            free(Some(&facts.instrument)),
            free(Some(&facts.stage)),
            free(Some(measure)),
            value,
            missing,
        ]
    };
    facts.values.iter().map(row).collect()
}

fn risk_columns() -> Vec<Column> {
    vec![
        Column::new("instrument", Kind::Text, "The instrument, with its version.").required(),
        Column::new("stage", Kind::Text, "The stage of the programme; empty where none was told."),
        Column::new("assessor_role", Kind::Text, "The role of whoever assessed.").required(),
        Column::new("level", Kind::Text, "The level of risk.").of::<RiskLevel>().required(),
    ]
}

fn risk(event: &CaseEvent) -> Vec<Vec<String>> {
    let CaseEvent::RiskAssessed(facts) = event else { return Vec::new() };
    vec![vec![
        free(Some(&facts.instrument)),
        free(facts.stage.as_ref()),
        free(Some(&facts.assessor_role)),
        code(facts.level),
    ]]
}

fn contact_columns() -> Vec<Column> {
    vec![
        Column::new("channel", Kind::Text, "By which means.").of::<ContactChannel>().required(),
        Column::new("outcome", Kind::Text, "What came of it.").of::<ContactOutcome>().required(),
        Column::new("direction", Kind::Text, "Who began it; empty where it was not told.")
            .of::<ContactDirection>(),
        Column::new("duration_min", Kind::Whole, "How long it took, in minutes; empty if untold."),
    ]
}

fn contact(event: &CaseEvent) -> Vec<Vec<String>> {
    let CaseEvent::ContactAttempted(facts) = event else { return Vec::new() };
    vec![vec![
        code(facts.channel),
        code(facts.outcome),
        maybe(facts.direction),
        facts.duration_min.map(|minutes| minutes.to_string()).unwrap_or_default(),
    ]]
}

fn incident_columns() -> Vec<Column> {
    vec![
        Column::new("kind", Kind::Text, "What it was.").of::<IncidentKind>().required(),
        Column::new("police_outcome", Kind::Text, "What police did; empty where it was not told.")
            .of::<PoliceOutcome>(),
    ]
}

fn incident(event: &CaseEvent) -> Vec<Vec<String>> {
    let CaseEvent::IncidentReported(facts) = event else { return Vec::new() };
    vec![vec![code(facts.kind), maybe(facts.police_outcome)]]
}

fn agency_columns() -> Vec<Column> {
    vec![
        Column::new("agency", Kind::Text, "Which agency.").of::<Agency>().required(),
        Column::new("action", Kind::Text, "What it did.").of::<AgencyAction>().required(),
        Column::new("work", Kind::Text, "With the person, or about them; empty if untold.")
            .of::<AgencyWork>(),
        Column::new("purpose", Kind::Text, "What for; empty where it was not told.")
            .of::<AgencyPurpose>(),
    ]
}

fn agency(event: &CaseEvent) -> Vec<Vec<String>> {
    let CaseEvent::AgencyActionRecorded(facts) = event else { return Vec::new() };
    vec![vec![code(facts.agency), code(facts.action), maybe(facts.work), maybe(facts.purpose)]]
}

fn support_columns() -> Vec<Column> {
    vec![
        Column::new("kind", Kind::Text, "What was given.").of::<SupportKind>().required(),
        Column::new("need", Kind::Text, "For which need; empty where none was told.").of::<Need>(),
        Column::new("programme_status", Kind::Text, "How it stands; empty where it was not told.")
            .of::<SupportStatus>(),
    ]
}

fn support(event: &CaseEvent) -> Vec<Vec<String>> {
    let CaseEvent::SupportProvided(facts) = event else { return Vec::new() };
    vec![vec![code(facts.kind), maybe(facts.need), maybe(facts.programme_status)]]
}

fn need_columns() -> Vec<Column> {
    vec![
        Column::new("need", Kind::Text, "Which need.").of::<Need>().required(),
        Column::new("severity", Kind::Text, "How severe; empty where it was not told.")
            .of::<Severity>(),
    ]
}

fn need(event: &CaseEvent) -> Vec<Vec<String>> {
    let CaseEvent::NeedIdentified(facts) = event else { return Vec::new() };
    vec![vec![code(facts.need), maybe(facts.severity)]]
}
