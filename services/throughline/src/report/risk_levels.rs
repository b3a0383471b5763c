//! Where the cases stood at each month from the referral: a stacked column a month.

use maud::{Markup, html};
use serde_json::Value;

use super::bars::{WIDTH, at, number, part};

/// From the lowest, in the order in which they are stacked.
const LEVELS: [&str; 3] = ["standard", "medium", "high"];
const HEIGHT: f64 = 220.0;
const FOOT: f64 = 44.0;

/// The picture; `None` where nobody was observed.
pub(super) fn risk_levels(answer: &Value) -> Option<Markup> {
    let months = answer["months"].as_array()?;
    let most = months.iter().map(|month| number(&month["observed"])).fold(0.0, f64::max);
    if most == 0.0 {
        return None;
    }
    let wide = WIDTH / f64::from(u32::try_from(months.len()).ok()?);
    let columns = (0_u32..).zip(months).map(|(n, month)| {
        let left = f64::from(n) * wide;
        let mut top = HEIGHT;
        let levels = (1_u8..)
            .zip(LEVELS)
            .map(|(class, level)| (format!("level-{class}"), number(&month["levels"][level])));
        let none = ("level-none".to_owned(), number(&month["not_assessed"]));
        let parts: Vec<_> = std::iter::once(none).chain(levels).collect();
        html! {
            @for (class, count) in parts {
                @let tall = part(count, most, HEIGHT);
                @let () = top -= tall;
                rect class=(class) x=(at(left + 1.0)) y=(at(top)) width=(at((wide - 2.0).max(0.5)))
                    height=(at(tall)) {}
            }
            @if n % 3 == 0 {
                text x=(at(left + wide / 2.0)) y=(at(HEIGHT + 16.0)) text-anchor="middle" { (n) }
            }
        }
    });
    let names = ["not assessed", "standard", "medium", "high"];
    let classes = ["level-none", "level-1", "level-2", "level-3"];
    let keys = (0_u8..).zip(names.into_iter().zip(classes)).map(|(n, (name, class))| {
        let left = f64::from(n) * 120.0;
        html! {
            rect class=(class) x=(at(left)) y=(at(HEIGHT + 28.0)) width="12" height="12" {}
            text x=(at(left + 18.0)) y=(at(HEIGHT + 38.0)) { (name) }
        }
    });
    Some(html! {
        figure {
            svg viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + FOOT)) role="img"
                aria-label="Cases at each level of risk by months from the referral" {
                @for column in columns { (column) }
                @for key in keys { (key) }
            }
            figcaption {
                "Cases that were observed, by their latest level, at each month from the referral."
            }
        }
    })
}
