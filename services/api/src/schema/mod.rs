//! Schemas of values that the domain defines, for the `OpenAPI` description.

pub mod cohort;
pub mod comparison;
pub mod definition;

use throughline_domain::code::CODE_BYTES_MAX;
use throughline_domain::code_lists::{CodeList, MissingReason, RiskAnswer};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};

/// A closed list: exactly these codes.
#[must_use]
pub fn code_list<L: CodeList>() -> Schema {
    let codes: Vec<&str> = L::ALL.iter().map(|code| code.as_str()).collect();
    Schema::Object(
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!("Code list {}.", L::LIST)))
            .enum_values(Some(codes))
            .build(),
    )
}

/// A code that a programme or tenant chooses.
#[must_use]
pub fn code() -> Schema {
    Schema::Object(
        ObjectBuilder::new()
            .schema_type(Type::String)
            .max_length(Some(CODE_BYTES_MAX))
            .pattern(Some("^[a-z0-9][a-z0-9_./:-]*$"))
            .build(),
    )
}

/// A seed, or the hash of one: 32 bytes in hexadecimal.
#[must_use]
pub fn seed() -> Schema {
    Schema::Object(
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(64))
            .max_length(Some(64))
            .pattern(Some("^[0-9a-f]{64}$"))
            .build(),
    )
}

/// Where a schedule of arms stands.
#[must_use]
pub fn schedule_status() -> Schema {
    one_of(&["open", "closed"])
}

/// How exactly a time is known.
#[must_use]
pub fn precision() -> Schema {
    one_of(&["instant", "day", "month"])
}

/// Where a case stands.
#[must_use]
pub fn case_status() -> Schema {
    one_of(&["referred", "waiting", "accepted", "declined", "open", "closed"])
}

/// What was decided on a referral.
#[must_use]
pub fn decision() -> Schema {
    one_of(&["pending", "waiting", "accepted", "declined"])
}

/// How long the steps of a series are.
#[must_use]
pub fn step() -> Schema {
    one_of(&["week", "month"])
}

/// What a computed rule answers with.
#[must_use]
pub fn rule_kind() -> Schema {
    one_of(&["yes_or_no", "code", "codes", "days", "moment"])
}

/// What a computed rule says: true or false, a code, codes, days, a moment, or nothing.
#[must_use]
pub fn rule_answer() -> Schema {
    let types = [Type::Boolean, Type::String, Type::Array, Type::Integer, Type::Null];
    let text = Schema::Object(ObjectBuilder::new().schema_type(Type::String).build());
    Schema::Array(
        ArrayBuilder::new().schema_type(SchemaType::from_iter(types)).items(RefOr::T(text)).build(),
    )
}

/// What held in a period of a timeline: a number, or a code.
#[must_use]
pub fn period_value() -> Schema {
    let types = SchemaType::from_iter([Type::Integer, Type::String]);
    let text = "The episode's number, the level, the worker, or the days of the break.";
    Schema::Object(ObjectBuilder::new().schema_type(types).description(Some(text)).build())
}

/// What an instrument is for.
#[must_use]
pub fn instrument_kind() -> Schema {
    one_of(&["risk", "measure"])
}

/// How corrections are read.
#[must_use]
pub fn reading() -> Schema {
    one_of(&["effective", "recorded"])
}

fn one_of(values: &[&str]) -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    Schema::Object(text.enum_values(Some(values.iter().copied())).build())
}

/// Answers by question.
#[must_use]
pub fn risk_answers() -> Schema {
    by_key::<RiskAnswer>()
}

/// Codes of a closed list by keys that a programme chooses.
#[must_use]
pub fn by_key<L: CodeList>() -> Schema {
    map_of(code_list::<L>())
}

/// Codes of a closed list, one after another.
#[must_use]
pub fn list_of<L: CodeList>() -> Schema {
    Schema::Array(ArrayBuilder::new().items(RefOr::T(code_list::<L>())).build())
}

/// Codes that a programme or tenant chooses, one after another.
#[must_use]
pub fn codes() -> Schema {
    Schema::Array(ArrayBuilder::new().items(RefOr::T(code())).build())
}

/// What spoke against a contact.
#[must_use]
pub fn objection() -> Schema {
    one_of(&["plan", "hold"])
}

/// How a channel of contact stands at a moment.
#[must_use]
pub fn channel_standing() -> Schema {
    one_of(&["safe", "unsafe", "conditional", "not_said"])
}

/// Why a channel of contact stands so.
#[must_use]
pub fn standing_reason() -> Schema {
    one_of(&["plan", "within_hours", "outside_hours", "third_party", "on_hold", "no_plan"])
}

/// A time of day on a clock in the United Kingdom, such as `09:00`.
#[must_use]
pub fn time_of_day() -> Schema {
    Schema::Object(
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"))
            .build(),
    )
}

/// Values by key.
#[must_use]
pub fn measure_values() -> Schema {
    let missing = ObjectBuilder::new()
        .property("missing", RefOr::T(code_list::<MissingReason>()))
        .required("missing");
    let number = ObjectBuilder::new().schema_type(Type::Number).build();
    map_of(Schema::OneOf(
        OneOfBuilder::new()
            .item(RefOr::T(code()))
            .item(RefOr::T(Schema::Object(number)))
            .item(RefOr::T(Schema::Object(missing.build())))
            .build(),
    ))
}

fn map_of(value: Schema) -> Schema {
    let values = AdditionalProperties::RefOr(RefOr::T(value));
    Schema::Object(
        ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(values)).build(),
    )
}
