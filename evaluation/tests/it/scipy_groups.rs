//! Values and times: against SciPy, `NumPy` and lifelines.

use serde_json::Value;
use throughline_evaluation::statistics::{
    Ending, FollowUp, PMethod, Summary, hodges_lehmann, kaplan_meier, mann_whitney, welch,
};

use super::fixture::{EXACT, cases, level, near, near_if_any, near_on, numbers};

#[test]
fn mann_whitney_is_that_of_scipy() {
    for case in cases("mann_whitney.json", 250) {
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        let ours = mann_whitney(&x, &y).unwrap();
        near(ours.u_first, &case["u"], 0.0, &case);
        let is_exact = ours.method == PMethod::Exact;
        assert_eq!(is_exact, case["method"] == "exact", "{case}");
        near(ours.p, &case["p"], EXACT, &case);
        let shift = hodges_lehmann(&x, &y, level(&case)).unwrap();
        near(shift.estimate, &case["shift"], 1e-15, &case);
        near_if_any(shift.interval.map(|ends| ends.lower), &case["lower"], 0.0, &case);
        near_if_any(shift.interval.map(|ends| ends.upper), &case["upper"], 0.0, &case);
    }
}

#[test]
fn summaries_are_those_of_numpy() {
    for case in cases("summary.json", 200) {
        let ours = Summary::of(&numbers(&case["x"])).unwrap();
        near(ours.mean, &case["mean"], 1e-15, &case);
        near_if_any(ours.standard_deviation, &case["sd"], 1e-14, &case);
        near(ours.minimum, &case["minimum"], 0.0, &case);
        near(ours.lower_quartile, &case["quartiles"][0], 1e-14, &case);
        near(ours.median, &case["quartiles"][1], 1e-14, &case);
        near(ours.upper_quartile, &case["quartiles"][2], 1e-14, &case);
        near(ours.maximum, &case["maximum"], 0.0, &case);
    }
}

#[test]
fn welch_intervals_are_those_of_scipy() {
    for case in cases("welch.json", 200) {
        let ours = welch(&numbers(&case["x"]), &numbers(&case["y"]), level(&case)).unwrap();
        near_if_any(ours.degrees_of_freedom, &case["freedom"], 1e-10, &case);
        let interval = ours.interval.unwrap();
        let scale = interval.upper - interval.lower + ours.estimate.abs();
        near_on(scale, interval.lower, &case["lower"], 1e-10, &case);
        near_on(scale, interval.upper, &case["upper"], 1e-10, &case);
    }
}

pub(crate) fn followed(times: &Value, events: &Value) -> Vec<FollowUp> {
    let ending = |event: f64| if event > 0.5 { Ending::Event } else { Ending::Censored };
    let (times, events) = (numbers(times), numbers(events));
    times
        .iter()
        .zip(events)
        .map(|(time, event)| FollowUp { time: *time, ending: ending(event) })
        .collect()
}

#[test]
fn survival_is_that_of_lifelines() {
    for case in cases("kaplan_meier.json", 150) {
        let ours = kaplan_meier(&followed(&case["times"], &case["events"]), level(&case)).unwrap();
        let steps = case["steps"].as_array().unwrap();
        assert_eq!(ours.steps.len(), steps.len(), "{case}");
        for (ours, step) in ours.steps.iter().zip(steps) {
            near(ours.time, &step[0], 0.0, &case);
            assert_eq!(Some(ours.at_risk), step[1].as_u64(), "{case}");
            assert_eq!(Some(ours.events), step[2].as_u64(), "{case}");
            near(ours.survival, &step[3], 1e-13, &case);
            near_if_any(ours.variance, &step[4], 1e-12, &case);
            near_if_any(ours.interval.map(|ends| ends.lower), &step[5], 1e-11, &case);
            near_if_any(ours.interval.map(|ends| ends.upper), &step[6], 1e-11, &case);
        }
        near_if_any(ours.median.estimate, &case["median"], 0.0, &case);
        near_if_any(ours.median.lower, &case["median_lower"], 0.0, &case);
        near_if_any(ours.median.upper, &case["median_upper"], 0.0, &case);
    }
}
