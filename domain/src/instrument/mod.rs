//! The instruments: data, not code. Each definition is a document shipped with the project
//! (`domain/instruments`), known by its name and version, such as `dash-safelives/2009`.
//!
//! Questions and dimensions have keys and a paraphrase in a few words: the wording of the forms is
//! their owners'. What was recorded with an instrument that is not shipped stays readable; only
//! commands ask here.

mod check;
mod definition;
mod measure;
mod risk;

use std::sync::LazyLock;

pub use check::{Contradiction, check};
pub use definition::{
    AllowedValues, Dimension, Form, Instrument, Judgement, LevelRule, MeasureForm, Question,
    RiskForm, Threshold,
};
pub use risk::Score;
#[cfg(test)]
pub(crate) use risk::tests::answers as tests_answers;

static INSTRUMENTS: LazyLock<Vec<Instrument>> = LazyLock::new(|| {
    [
        include_str!("../../instruments/dash-safelives.2009.json"),
        include_str!("../../instruments/police-dash.2009.json"),
        include_str!("../../instruments/dara.1.json"),
        include_str!("../../instruments/abuse-severity.1.json"),
        include_str!("../../instruments/outcome-scale.1.json"),
        include_str!("../../instruments/life-scale.1.json"),
        include_str!("../../instruments/idva-exit.1.json"),
        include_str!("../../instruments/case-manager-exit.1.json"),
        include_str!("../../instruments/complex-needs.1.json"),
        include_str!("../../instruments/soft-outcomes.1.json"),
    ]
    .into_iter()
    .map(|text| serde_json::from_str(text).expect("a shipped definition is well-formed (tested)"))
    .collect()
});

/// Every instrument that is shipped, those of risk first.
#[must_use]
pub fn all() -> &'static [Instrument] {
    &INSTRUMENTS
}

/// The instrument of this name and version, such as `dash-safelives/2009`.
#[must_use]
pub fn find(id: &str) -> Option<&'static Instrument> {
    all().iter().find(|instrument| instrument.id.as_str() == id)
}

/// The questions and rule of the risk instrument of this name and version.
#[must_use]
pub fn find_risk(id: &str) -> Option<&'static RiskForm> {
    match &find(id)?.form {
        Form::Risk(form) => Some(form),
        Form::Measure(_) => None,
    }
}

/// The dimensions of the measure of this name and version.
#[must_use]
pub fn find_measure(id: &str) -> Option<&'static MeasureForm> {
    match &find(id)?.form {
        Form::Measure(form) => Some(form),
        Form::Risk(_) => None,
    }
}

/// Whether any risk instrument has a question of this key.
#[must_use]
pub fn is_question(key: &str) -> bool {
    let forms = all().iter().filter_map(|instrument| match &instrument.form {
        Form::Risk(form) => Some(form),
        Form::Measure(_) => None,
    });
    forms.into_iter().any(|form| form.question(key).is_some())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_shipped_contradicts_nothing_and_is_found_by_its_id() {
        let ids: BTreeSet<&str> = all().iter().map(|instrument| instrument.id.as_str()).collect();
        assert_eq!(ids.len(), all().len(), "an id twice");
        for instrument in all() {
            assert_eq!(check(instrument), [], "{}", instrument.id);
            assert!(std::ptr::eq(find(instrument.id.as_str()).unwrap(), instrument));
        }
        assert!(find("dash-safelives").is_none());
    }

    #[test]
    fn the_files_are_named_for_what_they_define() {
        for instrument in all() {
            let file = format!("{}.{}.json", instrument.name(), instrument.version());
            let path = format!("{}/instruments/{file}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.contains(&format!("\"id\": \"{}\"", instrument.id)), "{file}");
        }
        let shipped = std::fs::read_dir(format!("{}/instruments", env!("CARGO_MANIFEST_DIR")));
        assert_eq!(shipped.unwrap().count(), all().len(), "a file that nothing reads");
    }

    #[test]
    fn an_instrument_is_of_risk_or_a_measure() {
        assert!(find_risk("dash-safelives/2009").is_some_and(|form| form.questions.len() == 24));
        assert!(find_risk("police-dash/2009").is_some_and(|form| form.questions.len() == 27));
        assert!(find_risk("dara/1").is_some_and(|form| form.questions.is_empty()));
        assert!(find_risk("abuse-severity/1").is_none());
        assert!(find_measure("abuse-severity/1").is_some());
        assert!(find_measure("dash-safelives/2009").is_none());
        assert!(is_question("q27") && !is_question("q28") && !is_question("physical"));
    }
}
