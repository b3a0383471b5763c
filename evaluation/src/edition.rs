//! Editions: finished tables frozen with all that it takes to compute them again, and what differs
//! when they are.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Value, json};
use throughline_domain::code::Code;
use throughline_domain::code_lists;
use throughline_domain::cohort::Cohort;
use throughline_domain::edition::{Edition, EditionPublished, Versions};
use throughline_domain::ids::Position;
use throughline_domain::instrument;
use throughline_domain::programme::Programmes;
use throughline_domain::rules::Rule;
use throughline_domain::two_clocks::Asked;

use crate::comparison::Side;
use crate::figures::Figures;
use crate::pass::Finished;
use crate::tables::Question;

/// What an edition is made of, beside its results.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The name it is to be known by.
    pub id: Code,
    /// What it is, in words.
    pub title: String,
    /// The cohort.
    pub cohort: Cohort,
    /// What was asked.
    pub questions: Vec<Question>,
    /// Of which dates.
    pub asked: Asked,
    /// Up to which place in the log.
    pub position: Position,
    /// The link of the log's hash chain there, in text.
    pub log_hash: String,
    /// Cases that could not be read to the end.
    pub stale_cases: u64,
}

/// One figure that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Where: a JSON Pointer into the results.
    pub pointer: String,
    /// What it was; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Value>,
    /// What it is; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Value>,
}

/// Who was in the cohort, and each question with its table: the results of a pass.
///
/// # Panics
/// Never: counts, questions and tables have a JSON form.
#[must_use]
pub fn results(questions: &[Question], finished: &Finished) -> Figures {
    let tables = questions.iter().zip(&finished.tables);
    let tables: Vec<Value> = tables
        .map(|(question, table)| json!({"question": question, "answer": table.value()}))
        .collect();
    Figures::of(&json!({"counts": finished.counts, "tables": tables}))
        .expect("counts, questions and tables have a JSON form")
}

/// SHA-256 over figures in their one form: 64 hexadecimal digits.
#[must_use]
pub fn hash(figures: &Figures) -> String {
    sha256(&figures.value().to_string())
}

/// What the results rest on beside events, as this program has it.
#[must_use]
pub fn versions(cohort: &Cohort, programmes: &Programmes) -> Versions {
    let named =
        |ids: &mut dyn Iterator<Item = &str>| ids.filter_map(|id| id.parse().ok()).collect();
    Versions {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        rules: named(&mut Rule::all().iter().map(|rule| rule.id)),
        instruments: named(&mut instrument::all().iter().map(|one| one.id.as_str())),
        programme: programmes.of(cohort.programme.as_str()).map(|known| known.version).collect(),
        code_lists: sha256(&json!(code_lists::all()).to_string()),
    }
}

/// The edition with its results, as it is to be published.
///
/// # Panics
/// Never: a question has a JSON form.
#[must_use]
pub fn edition(draft: Draft, programmes: &Programmes, finished: &Finished) -> EditionPublished {
    let Draft { id, title, cohort, questions, asked, position, log_hash, stale_cases } = draft;
    let results = results(&questions, finished);
    let form = |question| serde_json::to_value(question).expect("a question has a JSON form");
    let edition = Edition {
        id,
        title,
        versions: versions(&cohort, programmes),
        cohort,
        questions: questions.iter().map(form).collect(),
        as_of: asked.as_of,
        known_at: asked.known_at,
        reading: asked.reading,
        position,
        log_hash,
        stale_cases,
        result_hash: hash(&results),
    };
    EditionPublished { edition, results: results.into_value() }
}

/// The side of a comparison that an edition is.
#[must_use]
pub fn side(edition: &Edition) -> Side {
    Side { cohort: edition.cohort.clone(), asked: edition.asked(), position: edition.position }
}

/// The questions of an edition; `None` where this program does not know one of them.
#[must_use]
pub fn questions(edition: &Edition) -> Option<Vec<Question>> {
    let read = |question: &Value| serde_json::from_value(question.clone()).ok();
    edition.questions.iter().map(read).collect()
}

/// What computes otherwise than it did: the members that differ, by name.
#[must_use]
pub fn changed_versions(then: &Versions, now: &Versions) -> Vec<&'static str> {
    let members = [
        ("program", then.program != now.program),
        ("rules", then.rules != now.rules),
        ("instruments", then.instruments != now.instruments),
        ("programme", then.programme != now.programme),
        ("code_lists", then.code_lists != now.code_lists),
    ];
    members.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// Every figure that is not what it was, in the order of their places.
#[must_use]
pub fn differences(then: &Figures, now: &Figures) -> Vec<Difference> {
    let mut figures: BTreeMap<String, (Option<&Value>, Option<&Value>)> = BTreeMap::new();
    for figure in then.each() {
        figures.entry(figure.pointer).or_default().0 = Some(figure.value);
    }
    for figure in now.each() {
        figures.entry(figure.pointer).or_default().1 = Some(figure.value);
    }
    let differing = figures.into_iter().filter(|(_, (then, now))| then != now);
    differing
        .map(|(pointer, (then, now))| {
            let (then, now) = (then.cloned(), now.cloned());
            Difference { pointer, then, now }
        })
        .collect()
}

fn sha256(text: &str) -> String {
    use std::fmt::Write as _;
    let mut digits = String::with_capacity(64);
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::CohortCounts;

    fn published() -> EditionPublished {
        let question = json!({
            "table": "outcome", "measure": "physical", "from": "intake", "to": "exit",
        });
        let cohort = json!({"id": "all", "version": 1, "title": "All", "programme": "drive"});
        let finished = Finished {
            counts: CohortCounts { cases: 3, ..CohortCounts::default() },
            tables: vec![Figures::of(&json!({"p": 0.1 + 0.2, "levels": ["none"]})).unwrap()],
        };
        let draft = Draft {
            id: "first".parse().unwrap(),
            title: "First".to_owned(),
            cohort: serde_json::from_value(cohort).unwrap(),
            questions: vec![serde_json::from_value(question).unwrap()],
            asked: Asked::LATEST,
            position: Position(7),
            log_hash: "0".repeat(64),
            stale_cases: 0,
        };
        edition(draft, &Programmes::shipped(), &finished)
    }

    #[test]
    fn what_is_stored_reads_back_with_the_same_hash() {
        let EditionPublished { edition, results } = published();
        let text = results.to_string();
        let read = Figures::of(&serde_json::from_str::<Value>(&text).unwrap()).unwrap();
        assert_eq!(read.value().to_string(), text);
        assert_eq!(hash(&read), edition.result_hash);
        assert_eq!(questions(&edition).unwrap().len(), 1);
        assert!(!edition.versions.rules.is_empty() && !edition.versions.instruments.is_empty());
        assert_eq!(edition.versions.rules.len(), Rule::all().len());
    }

    /// FIPS 180-2, the example of one block.
    #[test]
    fn the_hash_is_sha_256() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), known);
    }

    #[test]
    fn every_figure_that_differs_is_told_with_its_place() {
        let figures = |value: &Value| Figures::of(value).unwrap();
        let then = figures(&json!({"a": [1, 2], "b": 0.5, "gone": null}));
        let now = figures(&json!({"a": [1, 3], "b": 0.5, "new": "x"}));
        let found = differences(&then, &now);
        let found: Vec<Value> = found.iter().map(|one| json!(one)).collect();
        let expected = json!([
            {"pointer": "/a/1", "then": 2, "now": 3},
            {"pointer": "/gone", "then": null},
            {"pointer": "/new", "now": "x"},
        ]);
        assert_eq!(json!(found), expected);
        assert_eq!(differences(&then, &then), []);
    }
}
