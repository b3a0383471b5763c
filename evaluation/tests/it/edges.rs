//! What has no answer says so, and the largest of everything still has one.

use throughline_evaluation::statistics::{
    EVENTS_MAX, Ending, FollowUp, Level, Rate, Summary, TwoByTwo, Undefined, agreement,
    hodges_lehmann, kaplan_meier, mann_whitney, quantile_of_sorted, rate_ratio, welch,
};

const P95: Level = Level::P95;

#[test]
fn nothing_has_no_statistics() {
    let empty = Undefined::NothingObserved;
    assert_eq!(Summary::of(&[]), Err(empty));
    assert_eq!(mann_whitney(&[], &[1.0]), Err(empty));
    assert_eq!(hodges_lehmann(&[1.0], &[], P95), Err(empty));
    assert_eq!(kaplan_meier(&[], P95), Err(empty));
    assert_eq!(agreement(&[], P95), Err(empty));
    assert_eq!(agreement(&[vec![0, 0], vec![0, 0]], P95), Err(empty));
    assert_eq!(TwoByTwo { first: (0, 0), second: (0, 0) }.fisher(P95), Err(empty));
    assert_eq!(Rate::new(3, 0.0), Err(Undefined::NotPositive));
    assert_eq!(quantile_of_sorted(&[], 0.5), None);
    assert_eq!(quantile_of_sorted(&[1.0], f64::NAN), None);
}

#[test]
fn what_is_no_number_is_refused_and_not_passed_on() {
    let refused = Undefined::NotFinite;
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Summary::of(&[1.0, value]), Err(refused));
        assert_eq!(mann_whitney(&[value], &[1.0]), Err(refused));
        assert_eq!(hodges_lehmann(&[value], &[1.0], P95), Err(refused));
        assert_eq!(welch(&[1.0, 2.0], &[1.0, value], P95), Err(refused));
        let followed = FollowUp { time: value, ending: Ending::Event };
        assert_eq!(kaplan_meier(&[followed], P95), Err(refused));
    }
    assert_eq!(Summary::of(&[f64::MAX, f64::MIN]), Err(refused));
    assert_eq!(hodges_lehmann(&[f64::MAX], &[f64::MIN], P95), Err(refused));
    assert_eq!(welch(&[0.0, f64::MAX], &[0.0, 1.0], P95), Err(refused));
    assert_eq!(Rate::new(1, f64::NAN), Err(refused));
    let before_it_began = FollowUp { time: -1.0, ending: Ending::Event };
    assert_eq!(kaplan_meier(&[before_it_began], P95), Err(Undefined::NotPositive));
    for share in [0.0, 1.0, -1.0, 1.5, f64::NAN] {
        assert_eq!(Level::new(share), Err(Undefined::Level));
    }
}

#[test]
fn what_cannot_be_told_is_none() {
    let alike = agreement(&[vec![7, 0], vec![0, 0]], P95).unwrap();
    assert!(alike.kappa.is_none() && alike.raw.part() == 7);
    assert!(TwoByTwo { first: (3, 0), second: (5, 0) }.fisher(P95).unwrap().odds_ratio.is_none());
    assert!(welch(&[1.0, 1.0], &[2.0, 2.0], P95).unwrap().interval.is_none());
    assert!(hodges_lehmann(&[1.0], &[2.0], P95).unwrap().interval.is_none());
    let nothing_yet = kaplan_meier(&[FollowUp { time: 3.0, ending: Ending::Censored }], P95);
    assert_eq!(nothing_yet.unwrap().median.estimate, None);
    let quiet = rate_ratio(Rate::new(0, 1.0).unwrap(), Rate::new(0, 2.0).unwrap(), P95);
    assert_eq!((quiet.estimate, quiet.interval.upper), (None, None));
    assert!(quiet.p > 0.999_999);
}

#[test]
fn the_largest_counts_have_an_answer() {
    let all = Rate::new(EVENTS_MAX, 1e6).unwrap();
    let one = Rate::new(1, 1e6).unwrap();
    let interval = all.garwood(P95);
    assert!(interval.contains(1000.0) && interval.upper - interval.lower < 1.0);
    for (a, b) in [(all, all), (all, one), (one, all)] {
        let ours = rate_ratio(a, b, P95);
        assert!(ours.interval.contains(ours.estimate.unwrap()));
        assert!(ours.interval.upper.unwrap().is_finite() && (0.0..=1.0).contains(&ours.p));
    }
    let quarter = EVENTS_MAX / 4;
    let even = TwoByTwo { first: (quarter, quarter), second: (quarter, quarter) };
    let ratio = even.fisher(P95).unwrap().odds_ratio.unwrap();
    assert!((ratio.conditional.unwrap() - 1.0).abs() < 1e-9 && ratio.interval.contains(1.0));
    let more = EVENTS_MAX + 1;
    let refused = Undefined::TooMany { given: more, most: EVENTS_MAX };
    assert_eq!(Rate::new(more, 1.0), Err(refused));
    assert_eq!(TwoByTwo { first: (more, 0), second: (0, 0) }.fisher(P95), Err(refused));
}

#[test]
fn narrow_and_wide_levels_have_their_intervals() {
    for share in [1e-12, 1e-3, 0.999_999, 1.0 - 3e-9] {
        let level = Level::new(share).unwrap();
        for count in [0, 1, 7, 40_000] {
            let rate = Rate::new(count, 2.0).unwrap();
            assert!(rate.garwood(level).contains(rate.per_person_year()), "{count} at {share}");
        }
        let means = welch(&[1.0, 2.0], &[1.0, 2.0, 5.0], level).unwrap();
        assert!(means.interval.unwrap().contains(means.estimate), "{share}");
        let table = TwoByTwo { first: (9, 1), second: (3, 8) };
        let ratio = table.fisher(level).unwrap().odds_ratio.unwrap();
        assert!(ratio.interval.contains(ratio.conditional.unwrap()), "{share}");
    }
}
