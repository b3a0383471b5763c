//! Whole-system tests: the support they share is in `tests/it`.
