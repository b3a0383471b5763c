//! The one rounding before a figure is stored, hashed or compared.

/// How many significant digits a stated statistic has.
///
/// Double precision carries nearly sixteen. The methods here are right to about twelve; the rest is
/// noise of the order of summation, which a compiler or a library release may change. An edition
/// that is compared to the byte must not hold noise. Twelve digits are far more than any count of
/// cases supports.
pub const STATED_DIGITS: usize = 12;

/// The number nearest to `x` with `digits` significant decimal digits (at least one), halves to
/// even of the exact binary value.
///
/// The result, written in the shortest form that reads back (Rust's and `serde_json`'s), has at most
/// that many digits. Zero is never negative; what is not finite stays as it is. Rounding twice to
/// the same digits changes nothing.
///
/// It takes the noise away from all figures but those that lie on an edge between two roundings:
/// noise of `1e-15` can then still show, about once in a thousand figures whose noise changed. That
/// is why nothing here depends on the platform's library in the first place.
#[must_use]
pub fn rounded(x: f64, digits: usize) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x + 0.0;
    }
    let text = format!("{x:.*e}", digits.clamp(1, 17) - 1);
    text.parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "these must be exact")]
    fn a_rounded_figure_is_its_shortest_decimal() {
        assert_eq!(rounded(0.1 + 0.2, STATED_DIGITS), 0.3);
        assert_eq!(rounded(2.0 / 3.0, 3), 0.667);
        assert_eq!(rounded(-123_456.789, 4), -123_500.0);
        assert_eq!(rounded(1.234_567e-300, 2), 1.2e-300);
        assert_eq!(rounded(0.031_25, STATED_DIGITS), 0.031_25);
        assert_eq!(rounded(-0.0, 5).to_bits(), 0.0_f64.to_bits());
        assert_eq!(rounded(9.99, 0), 1e1);
    }
}
