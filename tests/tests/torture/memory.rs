//! What a client has read and been told, below which no later read may fall.

use std::collections::HashMap;

use uuid::Uuid;

use crate::violation::Violation;

/// One client's.
#[derive(Debug)]
pub(crate) struct Memory {
    client: usize,
    cases: HashMap<Uuid, (i32, i64)>,
    read_models: HashMap<&'static str, i64>,
}

impl Memory {
    pub(crate) fn new(client: usize) -> Self {
        Self { client, cases: HashMap::new(), read_models: HashMap::new() }
    }

    /// An acknowledgement, or a read, says that the case has come this far.
    pub(crate) fn case_is_at(&mut self, case: Uuid, version: i32, position: i64) {
        let known = self.cases.entry(case).or_default();
        *known = (known.0.max(version), known.1.max(position));
    }

    /// Takes what was read of a case; a case that was not found is at version 0.
    pub(crate) fn read_case(
        &mut self,
        case: Uuid,
        version: i32,
        position: i64,
    ) -> Option<Violation> {
        let known = self.cases.get(&case).copied().unwrap_or_default();
        self.case_is_at(case, version, position);
        let client = self.client;
        if version < known.0 {
            let (from, to) = (known.0.into(), version.into());
            return Some(Violation::WentBack { client, what: "a case's version", from, to });
        }
        let what = "a case's position";
        let went_back = Violation::WentBack { client, what, from: known.1, to: position };
        (position < known.1).then_some(went_back)
    }

    /// Takes the position that an answer from a read model reflects, of a question which waited for
    /// `after`, if it did.
    pub(crate) fn read_model(
        &mut self,
        what: &'static str,
        position: i64,
        after: Option<i64>,
    ) -> Option<Violation> {
        let known = self.read_models.entry(what).or_default();
        let from = (*known).max(after.unwrap_or_default());
        *known = (*known).max(position);
        let went_back = Violation::WentBack { client: self.client, what, from, to: position };
        (position < from).then_some(went_back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_does_not_fall_back_is_in_order() {
        let mut memory = Memory::new(1);
        let case = Uuid::nil();
        assert_eq!(memory.read_case(case, 1, 10), None);
        assert_eq!(memory.read_case(case, 1, 10), None);
        assert_eq!(memory.read_case(case, 3, 12), None);
        assert_eq!(memory.read_model("timeline", 5, Some(5)), None);
        assert_eq!(memory.read_model("caseload", 4, None), None);
    }

    #[test]
    fn a_version_that_goes_back_is_reported() {
        let mut memory = Memory::new(1);
        let case = Uuid::nil();
        memory.case_is_at(case, 3, 12);
        let expected = Violation::WentBack { client: 1, what: "a case's version", from: 3, to: 2 };
        assert_eq!(memory.read_case(case, 2, 12), Some(expected));
        let expected =
            Violation::WentBack { client: 1, what: "a case's position", from: 12, to: 11 };
        assert_eq!(memory.read_case(case, 3, 11), Some(expected));
    }

    #[test]
    fn a_read_model_that_goes_back_or_was_not_waited_for_is_reported() {
        let mut memory = Memory::new(1);
        let back = |from, to| Some(Violation::WentBack { client: 1, what: "timeline", from, to });
        assert_eq!(memory.read_model("timeline", 5, None), None);
        assert_eq!(memory.read_model("timeline", 4, None), back(5, 4));
        assert_eq!(memory.read_model("timeline", 6, Some(7)), back(7, 6));
    }
}
