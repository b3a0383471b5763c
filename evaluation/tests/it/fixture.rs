//! Reads the fixtures, and tells how near a number is to theirs.

use std::path::Path;

use serde_json::Value;
use throughline_evaluation::statistics::Level;

/// What every method that is exact on paper must reach, relative to the value.
pub(crate) const EXACT: f64 = 1e-9;

pub(crate) fn read(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The cases of a file, at least so many: a fixture cut short must not pass.
pub(crate) fn cases(name: &str, at_least: usize) -> Vec<Value> {
    let cases = read(name)["cases"].as_array().unwrap().clone();
    assert!(cases.len() >= at_least, "{name} is whole");
    cases
}

pub(crate) fn level(case: &Value) -> Level {
    Level::new(case["level"].as_f64().unwrap()).unwrap()
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

pub(crate) fn counts(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap()).collect()
}

/// Fails unless the two are within `relative` of each other, or within the noise of one unit.
#[track_caller]
pub(crate) fn near(ours: f64, theirs: &Value, relative: f64, case: &Value) {
    let theirs = theirs.as_f64().unwrap_or_else(|| panic!("{ours} where they have none: {case}"));
    // A number below 1e-290 has lost digits, theirs or ours.
    let noise = 1e-290;
    let distance = (ours - theirs).abs();
    let is_near = distance <= relative * theirs.abs() + noise;
    assert!(is_near, "{ours} is not {theirs}, off by {:e}: {case}", distance / theirs.abs());
}

/// The same of values of which either both or neither is there.
#[track_caller]
pub(crate) fn near_if_any(ours: Option<f64>, theirs: &Value, relative: f64, case: &Value) {
    match ours {
        Some(ours) => near(ours, theirs, relative, case),
        None => assert!(theirs.is_null(), "none where they have {theirs}: {case}"),
    }
}

/// Of a difference, whose digits are lost to cancellation: within `scale` times `relative`.
#[track_caller]
pub(crate) fn near_on(scale: f64, ours: f64, theirs: &Value, relative: f64, case: &Value) {
    let theirs = theirs.as_f64().unwrap_or_else(|| panic!("{ours} where they have none: {case}"));
    let distance = (ours - theirs).abs();
    assert!(distance <= scale * relative, "{ours} is not {theirs}, off by {distance:e}: {case}");
}
