//! The same questions put to R.

use serde_json::Value;
use throughline_evaluation::statistics::{
    Level, McNemar, PMethod, Rate, Summary, TwoByTwo, hodges_lehmann, kaplan_meier, mann_whitney,
    rate_ratio, welch,
};

use super::fixture::{EXACT, counts, near, near_if_any, near_on, numbers, read};
use super::scipy_groups::followed;

/// The cases of one question, at least so many.
fn of_r(name: &str, at_least: usize) -> Vec<Value> {
    let cases = read("r.json")[name].as_array().unwrap().clone();
    assert!(cases.len() >= at_least, "{name} is whole");
    cases
}

#[test]
fn fisher_is_that_of_r() {
    for case in of_r("fisher", 150) {
        let cells = counts(&case["table"]);
        let table = TwoByTwo { first: (cells[0], cells[1]), second: (cells[2], cells[3]) };
        near(table.fisher(Level::P95).unwrap().p, &case["p"], EXACT, &case);
    }
}

#[test]
fn mcnemar_is_that_of_r() {
    for case in of_r("mcnemar", 100) {
        let pairs = counts(&case["pairs"]);
        near(McNemar::of(pairs[0], pairs[1]).p, &case["p"], EXACT, &case);
    }
}

#[test]
fn mann_whitney_is_that_of_r() {
    for case in of_r("wilcoxon", 150) {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let ours = mann_whitney(&x, &y).unwrap();
        near(ours.u_first, &case["u"], 0.0, &case);
        near(ours.p, &case["p"], EXACT, &case);
        assert_eq!(ours.method == PMethod::Exact, case["exact"] == 1, "{case}");
        if ours.method == PMethod::Exact {
            let shift = hodges_lehmann(&x, &y, Level::P95).unwrap();
            near(shift.estimate, &case["shift"], 1e-14, &case);
            near_if_any(shift.interval.map(|ends| ends.lower), &case["interval"][0], 0.0, &case);
            near_if_any(shift.interval.map(|ends| ends.upper), &case["interval"][1], 0.0, &case);
        }
    }
}

#[test]
fn rates_and_their_ratios_are_those_of_r() {
    for case in of_r("poisson", 150) {
        let (counts, years) = (counts(&case["counts"]), numbers(&case["years"]));
        let rate = |i: usize| Rate::new(counts[i], years[i]).unwrap();
        let garwood = rate(0).garwood(Level::P95);
        near(garwood.lower, &case["rate"][0], EXACT, &case);
        near(garwood.upper, &case["rate"][1], EXACT, &case);
        if case.get("ratio").is_some() {
            let ours = rate_ratio(rate(0), rate(1), Level::P95);
            near(ours.interval.lower, &case["ratio"][0], EXACT, &case);
            near_if_any(ours.interval.upper, &case["ratio"][1], EXACT, &case);
            near(ours.p, &case["p"], EXACT, &case);
        }
    }
}

#[test]
fn survival_is_that_of_r() {
    for case in of_r("survival", 100) {
        let all = followed(&case["times"], &case["events"]);
        let ours = kaplan_meier(&all, Level::P95).unwrap();
        assert_eq!(ours.steps.len(), case["time"].as_array().unwrap().len(), "{case}");
        for (i, step) in ours.steps.iter().enumerate() {
            near(step.time, &case["time"][i], 0.0, &case);
            assert_eq!(Some(step.at_risk), case["at_risk"][i].as_u64(), "{case}");
            near(step.survival, &case["survival"][i], 1e-12, &case);
            near_if_any(step.variance, &case["variance"][i], 1e-11, &case);
            near_if_any(step.interval.map(|ends| ends.lower), &case["lower"][i], EXACT, &case);
            near_if_any(step.interval.map(|ends| ends.upper), &case["upper"][i], EXACT, &case);
        }
    }
}

#[test]
fn quartiles_are_those_of_r() {
    for case in of_r("quantiles", 60) {
        let ours = Summary::of(&numbers(&case["x"])).unwrap();
        let quartiles = [ours.lower_quartile, ours.median, ours.upper_quartile];
        for (ours, theirs) in quartiles.into_iter().zip(case["quartiles"].as_array().unwrap()) {
            near(ours, theirs, 1e-13, &case);
        }
    }
}

#[test]
fn welch_intervals_are_those_of_r() {
    for case in of_r("welch", 60) {
        let ours = welch(&numbers(&case["x"]), &numbers(&case["y"]), Level::P95).unwrap();
        near_if_any(ours.degrees_of_freedom, &case["freedom"], 1e-11, &case);
        let interval = ours.interval.unwrap();
        let scale = interval.upper - interval.lower;
        near_on(scale, interval.lower, &case["interval"][0], 1e-10, &case);
        near_on(scale, interval.upper, &case["interval"][1], 1e-10, &case);
    }
}
