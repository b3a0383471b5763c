//! Counts: against SciPy and statsmodels.

use throughline_evaluation::statistics::{
    Proportion, Rate, TwoByTwo, agreement, newcombe, rate_ratio,
};

use super::fixture::{EXACT, cases, counts, level, near, near_if_any, near_on};

#[test]
fn wilson_intervals_are_those_of_statsmodels() {
    for case in cases("wilson.json", 300) {
        let of = |key: &str| case[key].as_u64().unwrap();
        let ours = Proportion::new(of("part"), of("whole")).unwrap().wilson(level(&case));
        // Theirs subtracts: near 0 it keeps the digits of 1.
        near_on(1.0, ours.lower, &case["lower"], 1e-15, &case);
        near(ours.upper, &case["upper"], 1e-14, &case);
    }
}

#[test]
fn newcombe_intervals_are_those_of_statsmodels() {
    for case in cases("newcombe.json", 300) {
        let share = |key: &str| {
            let counts = counts(&case[key]);
            Proportion::new(counts[0], counts[1]).unwrap()
        };
        let ours = newcombe(share("a"), share("b"), level(&case)).interval;
        near_on(1.0, ours.lower, &case["lower"], 1e-14, &case);
        near_on(1.0, ours.upper, &case["upper"], 1e-14, &case);
    }
}

#[test]
fn fisher_is_that_of_scipy() {
    for case in cases("fisher.json", 300) {
        let (first, second) = (counts(&case["table"][0]), counts(&case["table"][1]));
        let table = TwoByTwo { first: (first[0], first[1]), second: (second[0], second[1]) };
        let ours = table.fisher(level(&case)).unwrap();
        near(ours.p, &case["p"], EXACT, &case);
        let Some(ratio) = ours.odds_ratio else {
            assert!(case.get("conditional").is_none(), "no odds ratio: {case}");
            continue;
        };
        // SciPy stops its search at 1e-12 of the ratio or of its inverse.
        near_if_any(ratio.conditional, &case["conditional"], EXACT, &case);
        near(ratio.interval.lower, &case["lower"], EXACT, &case);
        near_if_any(ratio.interval.upper, &case["upper"], EXACT, &case);
    }
}

#[test]
fn kappa_is_that_of_statsmodels() {
    for case in cases("kappa.json", 200) {
        let table: Vec<Vec<u64>> = case["table"].as_array().unwrap().iter().map(counts).collect();
        let ours = agreement(&table, level(&case)).unwrap().kappa.unwrap();
        near_on(1.0, ours.estimate, &case["kappa"], 1e-13, &case);
        if case["error"].is_null() {
            // What is left of the difference is below zero, by noise: none is.
            assert!(ours.standard_error < 1e-8, "{case}");
        } else {
            near_on(1.0, ours.standard_error, &case["error"], 1e-9, &case);
        }
        let half_width = case["z"].as_f64().unwrap() * ours.standard_error;
        let lower = (ours.estimate - half_width).max(-1.0);
        assert!((ours.interval.lower - lower).abs() < 1e-14, "{case}");
    }
}

#[test]
fn rates_have_the_intervals_of_scipy() {
    for case in cases("poisson_rate.json", 200) {
        let count = case["count"].as_u64().unwrap();
        let rate = Rate::new(count, case["years"].as_f64().unwrap()).unwrap();
        let ours = rate.garwood(level(&case));
        near(ours.lower, &case["lower"], EXACT, &case);
        near(ours.upper, &case["upper"], EXACT, &case);
    }
}

#[test]
fn rate_ratios_are_those_of_scipy() {
    for case in cases("poisson_ratio.json", 300) {
        let rate = |key: &str| {
            let years = case[key][1].as_f64().unwrap();
            Rate::new(case[key][0].as_u64().unwrap(), years).unwrap()
        };
        let ours = rate_ratio(rate("a"), rate("b"), level(&case));
        near(ours.interval.lower, &case["lower"], EXACT, &case);
        near_if_any(ours.interval.upper, &case["upper"], EXACT, &case);
        near(ours.p, &case["p"], EXACT, &case);
    }
}
