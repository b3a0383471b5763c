//! The schemas of cohorts, questions and figures, for the `OpenAPI` description. The domain and the
//! evaluation define the forms and do not know the description, so they are written here.

use throughline_domain::code_lists::CaseRole;
use throughline_domain::cohort::check::{ENTRIES_MAX, TITLE_CHARS_MAX};
use throughline_domain::edition::publish_edition::QUESTIONS_MAX;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};

use super::definition::object;
use super::{case_status, code, codes, list_of};

/// A cohort's definition, whole.
#[must_use]
pub fn schema() -> Schema {
    let version =
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(u16::MAX));
    let title = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(TITLE_CHARS_MAX));
    let measured = object(
        &[
            ("measure", code(), "The key of the measure, or `risk_level`."),
            ("stage", code(), "The stage."),
        ],
        &[],
    );
    let schema = object(
        &[
            ("id", code(), "The name used in questions."),
            ("version", Schema::Object(version.build()), "From 1; the next one each time."),
            ("title", Schema::Object(title.build()), "What it is, in words."),
            ("programme", code(), "The programme."),
        ],
        &[
            ("roles", list_of::<CaseRole>(), "Whom the cases are about."),
            ("areas", codes(), "The areas that they were referred in."),
            ("arms", codes(), "The arms that were drawn for them."),
            ("referred", window(), "When the referral was received."),
            ("exited", window(), "When the case was last closed; admits closed cases alone."),
            ("statuses", array(case_status(), ENTRIES_MAX), "Where they stand."),
            ("measured", array(measured, ENTRIES_MAX), "What has to have been measured."),
            ("complex", boolean(), "Whether the needs are complex (`complex/1`)."),
            ("contacted", boolean(), "Whether the person was reached at least once."),
        ],
    );
    let Schema::Object(mut schema) = schema else { return schema };
    let description = "A cohort's definition: every member that is there has to admit a case. It is \
        never changed once it is there.";
    schema.description = Some(description.into());
    Schema::Object(schema)
}

/// Questions about a cohort: what each asks beside the name of its table depends on the table.
#[must_use]
pub fn questions() -> Schema {
    let question = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("table", code())
        .required("table")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
    array(Schema::Object(question.build()), QUESTIONS_MAX)
}

/// Finished tables: who was in the cohort, and each question with its answer.
#[must_use]
pub fn results() -> Schema {
    let table =
        object(&[("question", any(), "What was asked."), ("answer", any(), "The table.")], &[]);
    object(
        &[
            ("counts", any(), "Cases in the cohort, and cases left out by the first reason."),
            ("tables", array(table, QUESTIONS_MAX), "The tables, in the order of the questions."),
        ],
        &[],
    )
}

/// An edition, whole, as it was recorded.
#[must_use]
pub fn edition() -> Schema {
    let edition = "What was asked, of what, and with what: cohort, questions, dates, place and hash \
        of the log, versions, and the hash of the results.";
    object(
        &[
            ("edition", any(), edition),
            ("results", results(), "Who was in the cohort, and the tables."),
        ],
        &[],
    )
}

/// One scalar of a table.
#[must_use]
pub fn figure() -> Schema {
    let types = [Type::Number, Type::String, Type::Boolean, Type::Null];
    Schema::Object(ObjectBuilder::new().schema_type(SchemaType::from_iter(types)).build())
}

fn window() -> Schema {
    object(
        &[],
        &[
            ("from", date_time(), "The beginning, included."),
            ("until", date_time(), "The end, excluded."),
        ],
    )
}

pub(super) fn date_time() -> Schema {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build())
}

/// An object whose members depend on what it is about.
pub(super) fn any() -> Schema {
    let any = ObjectBuilder::new().schema_type(Type::Object);
    Schema::Object(any.additional_properties(Some(AdditionalProperties::FreeForm(true))).build())
}

pub(super) fn boolean() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::Boolean).build())
}

pub(super) fn array(items: Schema, most: usize) -> Schema {
    Schema::Array(ArrayBuilder::new().items(RefOr::T(items)).max_items(Some(most)).build())
}
