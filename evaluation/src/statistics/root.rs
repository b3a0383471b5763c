//! Where a rising or falling function crosses a value.

/// The crossing in `low..=high` of a monotone function, by halving until no number lies between.
///
/// `is_beyond(x)` tells whether `x` lies beyond the crossing; it is false, then true, as `x` rises.
/// Halving takes at most some hundreds of calls and, unlike faster methods, ends in the same two
/// neighbouring numbers whatever the starting bracket.
pub(super) fn crossing(low: f64, high: f64, is_beyond: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low, high);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if is_beyond(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
}
