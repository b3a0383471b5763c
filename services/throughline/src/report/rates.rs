//! Incidents per person-year: before and after the referral or, where steps were asked for, over
//! time, with the referral marked; or from a separation, where it was asked so.

use maud::{Markup, html};
use serde_json::Value;

use super::bars::{WIDTH, at, number, part};

const HEIGHT: f64 = 200.0;
const FOOT: f64 = 24.0;

/// The picture; `None` where nothing was observed.
pub(super) fn rates(question: &Value, answer: &Value) -> Option<Markup> {
    let mut steps: Vec<(i64, f64)> = answer["series"]
        .as_object()?
        .iter()
        .filter_map(|(month, rate)| Some((month.parse().ok()?, rate["rate"].as_f64()?)))
        .collect();
    steps.sort_by_key(|(month, _)| *month);
    let around = question["around"].as_str().unwrap_or("referral");
    let is_series = !steps.is_empty();
    let bars: Vec<(String, f64, bool)> = if is_series {
        steps.into_iter().map(|(month, rate)| (month.to_string(), rate, month == 0)).collect()
    } else {
        let of = |side: &str| (side.to_owned(), number(&answer["total"][side]["rate"]), false);
        vec![of("before"), of("after")]
    };
    let most = bars.iter().map(|(_, rate, _)| *rate).fold(0.0, f64::max);
    if most == 0.0 {
        return None;
    }
    let wide = WIDTH / f64::from(u32::try_from(bars.len()).ok()?);
    let drawn = (0_u32..).zip(&bars).map(|(n, (name, rate, is_referral))| {
        let (left, tall) = (f64::from(n) * wide, part(*rate, most, HEIGHT - 20.0));
        html! {
            rect class="bar" x=(at(left + 1.0)) y=(at(HEIGHT - tall))
                width=(at((wide - 2.0).clamp(0.5, 120.0))) height=(at(tall)) {}
            @if *is_referral {
                line class="referral" x1=(at(left)) x2=(at(left)) y1="0" y2=(at(HEIGHT)) {}
            }
            @if bars.len() <= 24 {
                @if *rate > 0.0 {
                    text x=(at(left + 2.0)) y=(at(HEIGHT - tall - 5.0)) { (format!("{rate:.2}")) }
                }
                text x=(at(left + 2.0)) y=(at(HEIGHT + 16.0)) { (name) }
            }
        }
    });
    Some(html! {
        figure {
            svg viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + FOOT)) role="img"
                aria-label="Incidents per person-year" {
                line class="axis" x1="0" x2=(at(WIDTH)) y1=(at(HEIGHT)) y2=(at(HEIGHT)) {}
                @for bar in drawn { (bar) }
            }
            figcaption {
                @if is_series {
                    "Incidents per person-year by months from the " (around) ", which is the broken line."
                } @else {
                    "Incidents per person-year before and after the " (around) "."
                }
            }
        }
    })
}
