//! Publishing an edition.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::edition::{Edition, EditionError, EditionEvent, EditionHistory};

/// Characters of an edition's title at most.
pub const TITLE_CHARS_MAX: usize = 200;
/// Questions of an edition at most.
pub const QUESTIONS_MAX: usize = 100;

/// Bytes of an edition with its results at most: less than what the log takes of one command.
pub const BYTES_MAX: usize = 900_000;

/// Freeze results that were just computed.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishEdition(pub EditionPublished);

/// Results were published, for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditionPublished {
    /// What was asked, of what, and with what.
    pub edition: Edition,
    /// Who was in the cohort, and the tables.
    pub results: Value,
}

impl PublishEdition {
    /// Decides whether the name is free.
    ///
    /// # Errors
    /// [`EditionError`].
    pub fn decide(self, history: &EditionHistory) -> Result<EditionEvent, EditionError> {
        let Self(published) = self;
        let Edition { title, questions, .. } = &published.edition;
        if title.trim().is_empty() || title.chars().count() > TITLE_CHARS_MAX {
            return Err(EditionError::Title { chars_max: TITLE_CHARS_MAX });
        }
        if questions.is_empty() || questions.len() > QUESTIONS_MAX {
            return Err(EditionError::Questions { questions_max: QUESTIONS_MAX });
        }
        let is_too_large =
            serde_json::to_string(&published).is_ok_and(|text| text.len() > BYTES_MAX);
        if is_too_large {
            return Err(EditionError::TooLarge { bytes_max: BYTES_MAX });
        }
        if history.is_published() {
            return Err(EditionError::AlreadyPublished);
        }
        Ok(EditionEvent::EditionPublished(Box::new(published)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn published(title: &str, questions: usize) -> EditionPublished {
        let hash = "0".repeat(64);
        let edition = json!({
            "id": "first", "title": title,
            "cohort": {"id": "all", "version": 1, "title": "All", "programme": "mrp"},
            "questions": vec![json!({"table": "attrition"}); questions],
            "as_of": "2020-01-01T00:00:00Z", "known_at": "2020-01-01T00:00:00Z",
            "reading": "effective", "position": 1, "log_hash": hash,
            "versions": {
                "program": "0.1.0", "rules": [], "instruments": [], "programme": [1],
                "code_lists": hash,
            },
            "result_hash": hash,
        });
        let edition = serde_json::from_value(edition).unwrap();
        EditionPublished { edition, results: json!({"tables": []}) }
    }

    fn decide(published: EditionPublished) -> Result<EditionEvent, EditionError> {
        PublishEdition(published).decide(&EditionHistory::default())
    }

    #[test]
    fn an_edition_is_published_once() {
        let first = published("First", 1);
        let event = decide(first.clone()).unwrap();
        assert_eq!(event, EditionEvent::EditionPublished(Box::new(first.clone())));
        let mut history = EditionHistory::default();
        history.take(&event);
        let again = PublishEdition(first).decide(&history);
        assert_eq!(again, Err(EditionError::AlreadyPublished));
    }

    #[test]
    fn an_edition_has_a_title_and_questions() {
        let title = Err(EditionError::Title { chars_max: TITLE_CHARS_MAX });
        for wrong in ["", " ", &"x".repeat(TITLE_CHARS_MAX + 1)] {
            assert_eq!(decide(published(wrong, 1)), title);
        }
        let questions = Err(EditionError::Questions { questions_max: QUESTIONS_MAX });
        for wrong in [0, QUESTIONS_MAX + 1] {
            assert_eq!(decide(published("First", wrong)), questions);
        }
    }

    #[test]
    fn an_edition_fits_into_an_event() {
        let large = json!("x".repeat(BYTES_MAX));
        let large = EditionPublished { results: large, ..published("First", 1) };
        assert_eq!(decide(large), Err(EditionError::TooLarge { bytes_max: BYTES_MAX }));
    }
}
