//! The schema of a programme's definition, for the `OpenAPI` description. The domain defines the
//! form and does not know the description, so it is written here; a test reads the shipped
//! definitions by it.

use throughline_domain::code_lists::{CaseRole, ClosureReason};
use throughline_domain::programme::check::{ENTRIES_MAX, TEXT_CHARS_MAX};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type,
};
use utoipa::openapi::{RefOr, Schema};

use super::{code, code_list, codes, list_of, map_of, one_of};

/// A definition, whole.
#[must_use]
pub fn schema() -> Schema {
    let schema = object(
        &[
            ("id", code(), "The name used in referrals and questions."),
            ("version", count(1, u16::MAX.into()), "From 1; the next one each time."),
            ("in_force_from", date(), "The first day on which referrals are made under it."),
            ("name", text(), "The name in words."),
            ("source", source(), "Where its facts come from."),
            ("roles", list_of::<CaseRole>(), "Whom its cases are about."),
            ("areas", codes(), "The areas it works in."),
            ("time_zone", one_of(&["Europe/London"]), "Whose clocks its dates are read by."),
            ("stages", codes(), "The stages of measurement, first to last."),
            ("reviews", reviews(), "When cases are to be looked at again."),
            ("criteria", array(criteria()), "Who is eligible, by version, without gaps in time."),
            ("instruments", array(instrument()), "The instruments in use."),
            ("dormant_after_days", positive(), "Days unreached after which a case is dormant."),
            ("rules", rules(), "The named rules that its cases are judged by."),
            ("closure", closure(), "How cases are closed."),
        ],
        &[
            ("locations", array(location()), "Where it meets people, or houses them."),
            ("maximum_months", positive(), "Months that an episode lasts at most."),
            ("disengaged_after_months", positive(), "Unanswered so long, closing is proposed."),
            ("sustained_reduction_months", positive(), "Reduced so long, closing is proposed."),
            ("allocation", allocation(), "How cases are given to the arms of a trial."),
            ("caseload", caseload(), "How many cases a worker has."),
            ("handover_checklist", codes(), "What a handover is to settle."),
            ("sharing", array(sharing()), "What passes between linked cases."),
            ("soft_outcomes", codes(), "The soft outcomes that it looks for."),
            ("notes", map_of(text()), "Remarks, by member."),
        ],
    );
    let Schema::Object(mut schema) = schema else { return schema };
    schema.description =
        Some("A programme's definition. It is never changed once it is there.".into());
    Schema::Object(schema)
}

fn source() -> Schema {
    let report = ("report", text(), "The report, or whoever decided.");
    object(&[report], &[("sections", map_of(text()), "The part of it, by member.")])
}

fn location() -> Schema {
    object(
        &[
            ("id", code(), "The code that events name."),
            ("name", text(), "Its name in words."),
            ("kind", one_of(&["outreach", "home"]), "Where people are met, or live."),
        ],
        &[],
    )
}

fn reviews() -> Schema {
    let stage = object(
        &[
            ("stage", code(), "One of the stages."),
            ("after_months", count(0, u32::MAX.into()), "After the episode's beginning, rising."),
        ],
        &[],
    );
    object(
        &[],
        &[
            ("every_days", nullable(positive()), "Days after the latest assessment or review."),
            ("at_stages", array(stage), "Stages with a date of their own."),
        ],
    )
}

fn criteria() -> Schema {
    let criterion = object(
        &[
            ("code", code(), "The code that referrals name."),
            ("description", text(), "What it means."),
        ],
        &[],
    );
    object(
        &[
            ("version", count(1, u16::MAX.into()), "From 1."),
            ("in_force_from", date(), "The first day on which it is in force."),
            ("codes", array(criterion), "What a referral can say of a person."),
        ],
        &[
            ("in_force_until", date(), "The first day of the next; absent for the newest."),
            ("all_of", codes(), "Criteria that must all be met."),
            ("any_of", codes(), "Criteria of which some must be met."),
            ("at_least", positive(), "How many of `any_of`. Default: 1."),
        ],
    )
}

fn instrument() -> Schema {
    let stages = ("stages", codes(), "At which stages; absent: whenever there is reason to.");
    object(&[("id", code(), "Its name and version.")], &[stages])
}

fn rules() -> Schema {
    let engagement = object(
        &[
            ("rule", code(), "The rule's name and version."),
            ("sporadic_from", positive(), "Contacts from which a person engages sporadically."),
            ("engaged_from", positive(), "Contacts from which a person is engaged."),
        ],
        &[],
    );
    object(
        &[
            ("engagement", engagement, "How far a person has engaged."),
            ("repeat", code(), "Whether a person is a repeat victim."),
            ("risk_level", code(), "Which assessment the level of risk comes from."),
        ],
        &[("own_assessors", codes(), "The roles that `own-service/1` takes for the programme's.")],
    )
}

fn allocation() -> Schema {
    object(
        &[
            ("role", code_list::<CaseRole>(), "Whose cases are drawn."),
            ("arms", codes(), "The arms: two or more."),
            ("method", code(), "The method's name and version: `permuted-block/1`."),
            ("block_sizes", array(positive()), "Cases in a block: multiples of the arms."),
        ],
        &[("stratified_by", array(one_of(&["area"])), "What is drawn for separately.")],
    )
}

fn closure() -> Schema {
    let reasons = || list_of::<ClosureReason>();
    object(
        &[("reasons", reasons(), "The reasons for which a case may be closed.")],
        &[
            ("evidence_for", reasons(), "Those of them that name the facts they rest on."),
            ("approval_for", reasons(), "Those of them that a manager approves."),
        ],
    )
}

fn caseload() -> Schema {
    object(
        &[("planned", positive(), "As planned.")],
        &[("realistic", positive(), "As it proved: no more than planned.")],
    )
}

fn sharing() -> Schema {
    object(
        &[
            ("kind", one_of(&["risk_change", "safe_to_contact_strategy"]), "What passes."),
            ("from", code_list::<CaseRole>(), "From whose case."),
            ("to", code_list::<CaseRole>(), "To whose."),
        ],
        &[],
    )
}

pub(super) type Member<'a> = (&'a str, Schema, &'a str);

/// An object with these members and no others.
/// An object with these members and no other.
pub(super) fn object(required: &[Member<'_>], optional: &[Member<'_>]) -> Schema {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    for (name, schema, description) in required.iter().chain(optional) {
        object = object.property(*name, RefOr::T(described(schema.clone(), description)));
    }
    for (name, ..) in required {
        object = object.required(*name);
    }
    Schema::Object(object.build())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only objects and arrays are made here")]
fn described(schema: Schema, description: &str) -> Schema {
    match schema {
        Schema::Object(mut object) => {
            object.description = Some(description.to_owned());
            Schema::Object(object)
        }
        Schema::Array(mut array) => {
            array.description = Some(description.to_owned());
            Schema::Array(array)
        }
        other => other,
    }
}

fn array(items: Schema) -> Schema {
    Schema::Array(ArrayBuilder::new().items(RefOr::T(items)).max_items(Some(ENTRIES_MAX)).build())
}

fn text() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String);
    Schema::Object(text.min_length(Some(1)).max_length(Some(TEXT_CHARS_MAX)).build())
}

fn date() -> Schema {
    let date = ObjectBuilder::new().schema_type(Type::String);
    Schema::Object(date.format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).build())
}

fn positive() -> Schema {
    count(1, u32::MAX.into())
}

fn count(least: i64, most: i64) -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer);
    Schema::Object(number.minimum(Some(least)).maximum(Some(most)).build())
}

fn nullable(schema: Schema) -> Schema {
    let Schema::Object(mut object) = schema else { return schema };
    object.schema_type = [Type::Integer, Type::Null].into_iter().collect();
    Schema::Object(object)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use throughline_domain::programme::Programmes;

    use super::*;

    /// Every member of a document is in the schema, and everything required is in the document.
    fn fits(document: &Value, schema: &Value, place: &str) {
        if let (Value::Object(members), Some(known)) = (document, schema.get("properties")) {
            for (name, value) in members {
                let inner = known.get(name).unwrap_or_else(|| panic!("{place}/{name}"));
                fits(value, inner, &format!("{place}/{name}"));
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(members.contains_key(name.as_str().unwrap()), "{place}: {name}");
            }
        }
        if let (Value::Array(entries), Some(inner)) = (document, schema.get("items")) {
            for entry in entries {
                fits(entry, inner, &format!("{place}/*"));
            }
        }
    }

    #[test]
    fn the_shipped_definitions_are_as_the_description_says() {
        let schema = serde_json::to_value(schema()).unwrap();
        for definition in Programmes::shipped().all() {
            let document = serde_json::to_value(definition.as_ref()).unwrap();
            fits(&document, &schema, definition.id.as_str());
        }
    }
}
