//! What the definitions of `mrp` say, in a tenant that has loaded two of its own: each case goes by
//! the one that it was referred under.

use jiff::Timestamp;
use serde_json::{Value, json};

/// From when referrals are made under the second and the third definition.
const SECOND_FROM: &str = "2024-01-01";
const THIRD_FROM: &str = "2024-02-01";

/// The numbers and rules of one definition.
pub(super) struct Definition {
    pub(super) dormant_days: i64,
    pub(super) review_days: i64,
    /// Stages with the months after the episode's beginning.
    pub(super) stages: &'static [(&'static str, i32)],
    pub(super) sporadic_from: u32,
    pub(super) engaged_from: u32,
    pub(super) risk_rule: &'static str,
    pub(super) own: &'static [&'static str],
}

const FIRST: Definition = Definition {
    dormant_days: 90,
    review_days: 90,
    stages: &[],
    sporadic_from: 1,
    engaged_from: 3,
    risk_rule: "latest-assessment/1",
    own: &[],
};
const SECOND: Definition = Definition {
    dormant_days: 45,
    review_days: 70,
    stages: &[("intake", 0), ("review", 2), ("exit", 5)],
    sporadic_from: 2,
    engaged_from: 4,
    risk_rule: "highest-of-latest/1",
    own: &[],
};
const THIRD: Definition = Definition {
    stages: &[("review", 3), ("exit", 6)],
    risk_rule: "own-service/1",
    own: &["idva"],
    ..FIRST
};

impl Definition {
    /// The one that a referral names.
    pub(super) fn of(referral: &Value) -> Self {
        match referral["programme_version"].as_i64() {
            Some(1) => FIRST,
            Some(2) => SECOND,
            Some(3) => THIRD,
            other => panic!("nobody defined {other:?}"),
        }
    }
}

/// The versions of the definition and of its criteria that a referral is made under.
pub(crate) fn versions_at(received: Timestamp) -> (u16, u16) {
    let day = received.to_string();
    if day.as_str() < SECOND_FROM {
        // The programme's criteria changed in the autumn of 2014.
        (1, if day.as_str() < "2014-10-01" { 1 } else { 2 })
    } else if day.as_str() < THIRD_FROM {
        (2, 2)
    } else {
        (3, 1)
    }
}

/// The second and the third definition, made out of the first as it is shipped.
pub(crate) fn own_definitions(shipped: &Value) -> [Value; 2] {
    let changed = |version: u16, from: &str, definition: Definition| {
        let mut own = shipped.clone();
        own["version"] = json!(version);
        own["in_force_from"] = json!(from);
        own["dormant_after_days"] = json!(definition.dormant_days);
        let stage = |(stage, months): &(&str, i32)| json!({"stage": stage, "after_months": months});
        own["reviews"] = json!({
            "every_days": definition.review_days,
            "at_stages": definition.stages.iter().map(stage).collect::<Vec<_>>(),
        });
        own["rules"]["engagement"]["sporadic_from"] = json!(definition.sporadic_from);
        own["rules"]["engagement"]["engaged_from"] = json!(definition.engaged_from);
        own["rules"]["risk_level"] = json!(definition.risk_rule);
        if !definition.own.is_empty() {
            own["rules"]["own_assessors"] = json!(definition.own);
        }
        own
    };
    let second = changed(2, SECOND_FROM, SECOND);
    let mut third = changed(3, THIRD_FROM, THIRD);
    // It begins its criteria anew.
    third["criteria"].as_array_mut().unwrap().truncate(1);
    third["criteria"][0].as_object_mut().unwrap().remove("in_force_until");
    [second, third]
}
