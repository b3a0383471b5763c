//! What must hold of any data: intervals hold their estimate, nothing depends on order, a mirrored
//! question has the mirrored answer, and no number is NaN.

use proptest::prelude::*;
use throughline_evaluation::statistics::{
    Ending, FollowUp, Level, McNemar, Proportion, Rate, Summary, SurvivalStep, TwoByTwo, agreement,
    hodges_lehmann, kaplan_meier, mann_whitney, newcombe, rate_ratio, rounded, welch,
};

use super::seeded;

fn level() -> impl Strategy<Value = Level> {
    (0.01..0.999).prop_map(|share| Level::new(share).unwrap())
}

fn proportion() -> impl Strategy<Value = Proportion> {
    (1_u64..100_000)
        .prop_flat_map(|whole| (0..=whole, Just(whole)))
        .prop_map(|(part, whole)| Proportion::new(part, whole).unwrap())
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    let tied = (0_u8..9).prop_map(f64::from);
    prop::collection::vec(prop_oneof![tied, -1e6..1e6], 1..60)
}

fn rate() -> impl Strategy<Value = Rate> {
    (0_u64..2000, 0.001..1e4).prop_map(|(events, years)| Rate::new(events, years).unwrap())
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

proptest! {
    #![proptest_config(seeded::config(256))]

    #[test]
    fn shares(a in proportion(), b in proportion(), level in level()) {
        let interval = a.wilson(level);
        prop_assert!(interval.contains(a.share()));
        prop_assert!(interval.lower >= 0.0 && interval.upper <= 1.0);
        let others = Proportion::new(a.whole() - a.part(), a.whole()).unwrap().wilson(level);
        prop_assert!((1.0 - others.upper - interval.lower).abs() < 1e-14);
        let surer = a.wilson(Level::new(f64::midpoint(level.share(), 1.0)).unwrap());
        prop_assert!(surer.lower <= interval.lower && surer.upper >= interval.upper);

        let (ab, ba) = (newcombe(a, b, level), newcombe(b, a, level));
        prop_assert!(ab.interval.contains(ab.estimate));
        prop_assert!(ab.interval.lower >= -1.0 && ab.interval.upper <= 1.0);
        prop_assert!((ab.interval.lower + ba.interval.upper).abs() < 1e-14);
    }

    #[test]
    fn two_by_two(cells in prop::array::uniform4(0_u64..3000), level in level()) {
        let [a, b, c, d] = cells;
        prop_assume!(a + b + c + d > 0);
        let test = |first, second| TwoByTwo { first, second }.fisher(level).unwrap();
        let ours = test((a, b), (c, d));
        prop_assert!((0.0..=1.0).contains(&ours.p));
        let (swapped, turned) = (test((c, d), (a, b)), test((a, c), (b, d)));
        prop_assert!(near(ours.p, swapped.p) && near(ours.p, turned.p));
        let (Some(ratio), Some(inverse)) = (ours.odds_ratio, swapped.odds_ratio) else {
            prop_assert!(ours.odds_ratio.is_none() && swapped.odds_ratio.is_none());
            return Ok(());
        };
        if let Some(estimate) = ratio.conditional {
            prop_assert!(ratio.interval.contains(estimate));
        }
        match inverse.interval.upper {
            Some(upper) => prop_assert!(near(ratio.interval.lower * upper, 1.0)),
            None => prop_assert!(ratio.interval.lower.abs() < f64::MIN_POSITIVE),
        }
    }

    #[test]
    fn changes_one_way_and_the_other(b in 0_u64..5000, c in 0_u64..5000) {
        let (one, other) = (McNemar::of(b, c), McNemar::of(c, b));
        prop_assert_eq!(one.p.to_bits(), other.p.to_bits());
        prop_assert!((0.0..=1.0).contains(&one.p));
        if b > c {
            prop_assert!(McNemar::of(b + 1, c).p <= one.p);
        }
    }

    #[test]
    fn two_groups(x in values(), y in values(), level in level(), by in -50.0..50.0_f64) {
        let (ours, swapped) = (mann_whitney(&x, &y).unwrap(), mann_whitney(&y, &x).unwrap());
        prop_assert_eq!(ours.u_first.to_bits(), swapped.u_second.to_bits());
        prop_assert_eq!(ours.p.to_bits(), swapped.p.to_bits());
        prop_assert!((0.0..=1.0).contains(&ours.p) && (0.0..=1.0).contains(&ours.first_exceeds));
        let reversed: Vec<f64> = x.iter().rev().copied().collect();
        prop_assert_eq!(mann_whitney(&reversed, &y).unwrap(), ours);

        let shift = hodges_lehmann(&x, &y, level).unwrap();
        let moved: Vec<f64> = x.iter().map(|value| value + by).collect();
        let after = hodges_lehmann(&moved, &y, level).unwrap();
        prop_assert!((after.estimate - shift.estimate - by).abs() < 1e-8);
        if let Some(interval) = shift.interval {
            prop_assert!(interval.contains(shift.estimate));
        }
        if let Ok(means) = welch(&x, &y, level) {
            prop_assert!(means.interval.is_none_or(|ends| ends.contains(means.estimate)));
            prop_assert_eq!(welch(&reversed, &y, level).unwrap(), means);
        }
    }

    #[test]
    fn one_group(x in values()) {
        let ours = Summary::of(&x).unwrap();
        let quarters = [
            ours.minimum, ours.lower_quartile, ours.median, ours.upper_quartile, ours.maximum,
        ];
        prop_assert!(quarters.is_sorted());
        prop_assert!((ours.minimum..=ours.maximum).contains(&ours.mean));
        let reversed: Vec<f64> = x.iter().rev().copied().collect();
        prop_assert_eq!(Summary::of(&reversed).unwrap(), ours);
    }

    #[test]
    fn times(times in prop::collection::vec((0_u8..40, any::<bool>()), 1..80), level in level()) {
        let follow = |(time, happened): &(u8, bool)| FollowUp {
            time: f64::from(*time),
            ending: if *happened { Ending::Event } else { Ending::Censored },
        };
        let followed: Vec<FollowUp> = times.iter().map(follow).collect();
        let curve = kaplan_meier(&followed, level).unwrap();
        let falls = |a: &SurvivalStep, b: &SurvivalStep| a.time < b.time && a.survival >= b.survival;
        prop_assert!(curve.steps.is_sorted_by(falls));
        for step in &curve.steps {
            prop_assert!((0.0..=1.0).contains(&step.survival));
            prop_assert!(step.interval.is_none_or(|ends| ends.contains(step.survival)));
        }
        let gone: u64 = curve.steps.iter().map(|step| step.events + step.censored).sum();
        prop_assert_eq!(gone, times.len() as u64);
        // Without censoring, survival is the share that lasts longer.
        let dead: Vec<FollowUp> =
            followed.iter().map(|one| FollowUp { ending: Ending::Event, ..*one }).collect();
        for step in kaplan_meier(&dead, level).unwrap().steps {
            let longer = dead.iter().filter(|one| one.time > step.time).count();
            let share = f64::from(u32::try_from(longer).unwrap())
                / f64::from(u32::try_from(dead.len()).unwrap());
            prop_assert!((step.survival - share).abs() < 1e-13);
        }
        let reversed: Vec<FollowUp> = followed.iter().rev().copied().collect();
        prop_assert_eq!(kaplan_meier(&reversed, level).unwrap(), curve);
    }

    #[test]
    fn rates(a in rate(), b in rate(), level in level()) {
        let interval = a.garwood(level);
        prop_assert!(interval.contains(a.per_person_year()) && interval.lower >= 0.0);
        let (ours, swapped) = (rate_ratio(a, b, level), rate_ratio(b, a, level));
        prop_assert!((0.0..=1.0).contains(&ours.p) && near(ours.p, swapped.p));
        prop_assert!(ours.estimate.is_none_or(|ratio| ours.interval.contains(ratio)));
        if let Some(upper) = ours.interval.upper {
            prop_assert!(upper.is_finite() && near(upper * swapped.interval.lower, 1.0));
        }
    }

    #[test]
    fn agreeing(cells in prop::array::uniform9(0_u64..50), level in level()) {
        let table: Vec<Vec<u64>> = cells.chunks(3).map(<[u64]>::to_vec).collect();
        prop_assume!(cells.iter().sum::<u64>() > 0);
        let ours = agreement(&table, level).unwrap();
        if let Some(kappa) = ours.kappa {
            prop_assert!((-1.0..=1.0).contains(&kappa.estimate));
            prop_assert!(kappa.interval.contains(kappa.estimate) && kappa.standard_error >= 0.0);
            let turned: Vec<Vec<u64>> =
                (0..3).map(|j| table.iter().map(|row| row[j]).collect()).collect();
            let other = agreement(&turned, level).unwrap().kappa.unwrap();
            prop_assert!((other.estimate - kappa.estimate).abs() < 1e-12);
        }
    }

    #[test]
    fn rounding_twice_changes_nothing(x in any::<f64>(), digits in 1_usize..17) {
        prop_assume!(x.is_finite());
        let once = rounded(x, digits);
        prop_assert_eq!(rounded(once, digits).to_bits(), once.to_bits());
        prop_assert_eq!(rounded(-x, digits).abs().to_bits(), once.abs().to_bits());
    }
}
