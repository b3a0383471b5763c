//! Where a rising function passes a value.

/// Halvings: more than a floating-point number has bits.
const STEPS: usize = 1100;

/// The `x` between two ends at which `rising` reaches `value`, to the last bit that it can tell.
pub(super) fn where_reaches(
    value: f64,
    mut low: f64,
    mut high: f64,
    rising: impl Fn(f64) -> f64,
) -> f64 {
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if rising(middle) < value {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}
