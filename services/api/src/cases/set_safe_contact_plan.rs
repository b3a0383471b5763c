//! Setting how a person can be contacted safely.

use std::collections::BTreeMap;

use jiff::civil::Time;
use serde::de::Error as _;
use throughline_domain::case::Intent;
use throughline_domain::case::set_safe_contact_plan::{
    ChannelPlan, SafeContactPlanSet, SafeHours, SetSafeContactPlan,
};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{ChannelSafety, CodeList as _, ContactChannel, DayOfWeek};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Setting how the person can be contacted safely: whole, in place of the plan before.
    SafeContactPlanBody {
        /// What holds of each channel that the plan names, by the codes of `contact_channel`.
        #[serde(default)]
        #[schema(value_type = BTreeMap<String, ChannelPlanBody>)]
        channels: BTreeMap<Channel, ChannelPlanBody>,
        /// What holds of every other channel: `safe` or `unsafe`. Default: the plan leaves it open.
        #[schema(schema_with = crate::schema::code_list::<ChannelSafety>)]
        otherwise: Option<ChannelSafety>,
        /// Who may be told that the service is in touch with the person, as codes such as `gp`.
        #[serde(default)]
        #[schema(schema_with = crate::schema::codes)]
        may_be_told: Vec<Code>,
        /// From when the plan holds. Default: from when it is set.
        in_force_from: Option<jiff::Timestamp>,
    }
}

/// The name of a channel. Read as a text, so that what is wrong below it can be pointed to.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel(ContactChannel);

impl<'de> serde::Deserialize<'de> for Channel {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let named = ContactChannel::ALL.iter().find(|channel| channel.as_str() == name);
        named.copied().map(Self).ok_or_else(|| {
            let known: Vec<_> = ContactChannel::ALL.iter().map(|known| known.as_str()).collect();
            D::Error::custom(format_args!("unknown variant, expected one of {}", known.join(", ")))
        })
    }
}

/// What holds of one channel. `hours`, `third_party`, or both, with `conditions` and only then.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelPlanBody {
    /// Whether it is safe.
    #[schema(schema_with = crate::schema::code_list::<ChannelSafety>)]
    pub safety: ChannelSafety,
    /// When it is safe; any time, where none are given.
    #[serde(default)]
    pub hours: Vec<SafeHoursBody>,
    /// Through whom alone it is safe, as a code such as `sister`.
    #[schema(schema_with = crate::schema::code)]
    pub third_party: Option<Code>,
}

/// Hours of days of the week, on a clock in the United Kingdom.
#[derive(serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SafeHoursBody {
    /// The days; every day, where none are given.
    #[serde(default)]
    #[schema(schema_with = crate::schema::list_of::<DayOfWeek>)]
    pub days: Vec<DayOfWeek>,
    /// From this time of day, such as `09:00`.
    #[schema(schema_with = crate::schema::time_of_day)]
    pub from: Time,
    /// Until before this time of the same day.
    #[schema(schema_with = crate::schema::time_of_day)]
    pub until: Time,
}

impl CommandBody for SafeContactPlanBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        let channels = self.channels.into_iter();
        SetSafeContactPlan(SafeContactPlanSet {
            channels: channels.map(|(channel, plan)| (channel.0, plan.into())).collect(),
            otherwise: self.otherwise,
            may_be_told: self.may_be_told,
            in_force_from: self.in_force_from,
        })
        .into()
    }
}

impl From<ChannelPlanBody> for ChannelPlan {
    fn from(body: ChannelPlanBody) -> Self {
        let ChannelPlanBody { safety, hours, third_party } = body;
        let hours = hours.into_iter().map(|SafeHoursBody { days, from, until }| SafeHours {
            days,
            from,
            until,
        });
        Self { safety, hours: hours.collect(), third_party }
    }
}
