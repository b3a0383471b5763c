//! Whether a definition can be right: every place at which it contradicts itself.

use std::collections::BTreeSet;

use super::definition::{
    AllowedValues, Dimension, Form, Instrument, LevelRule, MeasureForm, Question, RiskForm,
};
use crate::code::Code;
use crate::code_lists::RiskLevel;

/// The most questions that a count of answers has room for.
const QUESTIONS_MAX: usize = u8::MAX as usize;

/// One place at which a definition contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The place: a JSON Pointer into the definition.
    pub pointer: String,
    /// What would be right.
    pub detail: &'static str,
}

/// Every place at which the definition contradicts itself, in the order of the document; none when
/// it can be used.
#[must_use]
pub fn check(instrument: &Instrument) -> Vec<Contradiction> {
    let mut found = Found(Vec::new());
    let is_name_and_version = {
        let parts: Vec<&str> = instrument.id.as_str().split('/').collect();
        parts.len() == 2 && parts.iter().all(|part| !part.is_empty())
    };
    found.unless(is_name_and_version, "/id", "is a name and a version with one slash between");
    found.unless(says(&instrument.title), "/title", "says something");
    found.unless(says(&instrument.source), "/source", "says something");
    match &instrument.form {
        Form::Risk(form) => found.in_risk_form(form),
        Form::Measure(form) => found.in_measure_form(form),
    }
    found.0
}

struct Found(Vec<Contradiction>);

impl Found {
    fn unless(&mut self, is_right: bool, pointer: impl Into<String>, detail: &'static str) {
        if !is_right {
            self.0.push(Contradiction { pointer: pointer.into(), detail });
        }
    }

    fn in_risk_form(&mut self, form: &RiskForm) {
        let below = "/form/risk/questions";
        self.unless(form.questions.len() <= QUESTIONS_MAX, below, "has at most 255 questions");
        let mut keys = BTreeSet::new();
        for (place, Question { key, about }) in form.questions.iter().enumerate() {
            self.unless(keys.insert(key), format!("{below}/{place}/key"), "is there already");
            self.unless(says(about), format!("{below}/{place}/about"), "says something");
        }
        if let Some(rule) = &form.level_rule {
            self.in_level_rule(rule, form.questions.len());
        }
    }

    fn in_level_rule(&mut self, rule: &LevelRule, questions: usize) {
        let below = "/form/risk/level_rule";
        self.unless(questions > 0, below, "needs questions to count the answers of");
        self.unless(!rule.counted.is_empty(), format!("{below}/counted"), "names an answer");
        let mut answers = BTreeSet::new();
        for (member, list) in [("counted", &rule.counted), ("could_count", &rule.could_count)] {
            for (place, answer) in list.iter().enumerate() {
                let pointer = format!("{below}/{member}/{place}");
                self.unless(answer.missing().is_none(), &*pointer, "is no answer");
                self.unless(answers.insert(answer), pointer, "is counted already");
            }
        }
        let below = format!("{below}/thresholds");
        self.unless(!rule.thresholds.is_empty(), &*below, "has a level to reach");
        let mut above: Option<(RiskLevel, u8)> = None;
        for (place, threshold) in rule.thresholds.iter().enumerate() {
            let at = |member| format!("{below}/{place}/{member}");
            let (level, from) = (threshold.level, threshold.from);
            let is_standard = level == RiskLevel::Standard;
            self.unless(!is_standard, at("level"), "is above standard, which needs no count");
            let is_lower = above.is_none_or(|(above, _)| level < above);
            self.unless(is_lower, at("level"), "lies below the level before it");
            let is_less = above.is_none_or(|(_, above)| from < above);
            self.unless(is_less, at("from"), "lies below the count before it");
            let is_in_reach = from > 0 && usize::from(from) <= questions;
            self.unless(is_in_reach, at("from"), "is at least 1 and no more than the questions");
            self.unless(says(&threshold.source), at("source"), "says something");
            above = Some((level, from));
        }
    }

    fn in_measure_form(&mut self, form: &MeasureForm) {
        let below = "/form/measure/dimensions";
        self.unless(!form.dimensions.is_empty(), below, "has something to measure");
        let mut keys = BTreeSet::new();
        for (place, Dimension { key, about, values }) in form.dimensions.iter().enumerate() {
            let at = |member| format!("{below}/{place}/{member}");
            self.unless(keys.insert(key), at("key"), "is there already");
            self.unless(says(about), at("about"), "says something");
            match values {
                AllowedValues::Codes(codes) => self.in_codes(codes, &at("values/codes")),
                AllowedValues::Whole { min, max } => {
                    self.unless(min < max, at("values/whole"), "has a max above its min");
                }
            }
        }
    }

    fn in_codes(&mut self, codes: &[Code], below: &str) {
        self.unless(codes.len() > 1, below, "has codes to choose from");
        let mut known = BTreeSet::new();
        for (place, code) in codes.iter().enumerate() {
            self.unless(known.insert(code), format!("{below}/{place}"), "is there already");
        }
    }
}

fn says(text: &str) -> bool {
    !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn places(form: &Value) -> Vec<String> {
        let id = "a/1";
        let definition = json!({"id": id, "title": "A", "source": "ours", "form": form});
        let instrument = serde_json::from_value(definition).unwrap();
        check(&instrument).into_iter().map(|found| found.pointer).collect()
    }

    fn question(key: &str) -> Value {
        json!({"key": key, "about": "something"})
    }

    #[test]
    fn every_contradiction_of_a_risk_form_is_named() {
        let threshold = |level: &str, from: u8| json!({"level": level, "from": from, "source": ""});
        let form = json!({"risk": {
            "questions": [question("q1"), question("q1"), {"key": "q2", "about": " "}],
            "level_rule": {
                "counted": ["yes", "not_asked"],
                "could_count": ["yes"],
                "thresholds": [threshold("medium", 4), threshold("high", 0), threshold("standard", 2)],
                "judgement": "raises_only",
            },
        }});
        assert_eq!(
            places(&form),
            [
                "/form/risk/questions/1/key",
                "/form/risk/questions/2/about",
                "/form/risk/level_rule/counted/1",
                "/form/risk/level_rule/could_count/0",
                "/form/risk/level_rule/thresholds/0/from",
                "/form/risk/level_rule/thresholds/0/source",
                "/form/risk/level_rule/thresholds/1/level",
                "/form/risk/level_rule/thresholds/1/from",
                "/form/risk/level_rule/thresholds/1/source",
                "/form/risk/level_rule/thresholds/2/level",
                "/form/risk/level_rule/thresholds/2/from",
                "/form/risk/level_rule/thresholds/2/source",
            ]
        );
    }

    #[test]
    fn a_rule_without_anything_to_count_contradicts_itself() {
        let rule = json!({"counted": [], "thresholds": [], "judgement": "raises_only"});
        assert_eq!(
            places(&json!({"risk": {"level_rule": rule}})),
            [
                "/form/risk/level_rule",
                "/form/risk/level_rule/counted",
                "/form/risk/level_rule/thresholds",
            ]
        );
    }

    #[test]
    fn every_contradiction_of_a_measure_is_named() {
        assert_eq!(places(&json!({"measure": {"dimensions": []}})), ["/form/measure/dimensions"]);
        let dimension = |values: &Value| json!({"key": "a", "about": "a", "values": values});
        let form = json!({"measure": {"dimensions": [
            dimension(&json!({"codes": ["yes", "no", "yes"]})),
            dimension(&json!({"codes": ["yes"]})),
            {"key": "b", "about": "", "values": {"whole": {"min": 3, "max": 3}}},
        ]}});
        assert_eq!(
            places(&form),
            [
                "/form/measure/dimensions/0/values/codes/2",
                "/form/measure/dimensions/1/key",
                "/form/measure/dimensions/1/values/codes",
                "/form/measure/dimensions/2/about",
                "/form/measure/dimensions/2/values/whole",
            ]
        );
    }

    #[test]
    fn an_instrument_says_what_it_is() {
        for id in ["a", "a/", "a/1/2"] {
            let definition = json!({
                "id": id, "title": "", "source": " ", "form": {"risk": {}},
            });
            let places: Vec<_> = check(&serde_json::from_value(definition).unwrap())
                .into_iter()
                .map(|found| found.pointer)
                .collect();
            assert_eq!(places, ["/id", "/title", "/source"], "{id}");
        }
    }
}
