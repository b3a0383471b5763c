//! The committed seed that every property starts from.

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed};

const SEED: u64 = 2014_2016;

/// `cases` examples from the committed seed; the environment may ask for others.
pub(crate) fn config(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(SEED),
        failure_persistence: Some(Box::new(FileFailurePersistence::SourceParallel(
            "proptest-regressions",
        ))),
        ..Config::default()
    }
}
