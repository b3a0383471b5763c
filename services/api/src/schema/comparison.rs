//! The schema of a comparison of an edition: the evaluation defines its form and does not know the
//! description, so it is written here.

use throughline_evaluation::comparison::report::{CASES_MAX, EVENTS_MAX, FIGURES_MAX};
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::cohort::{any, array, boolean, date_time, figure};
use super::definition::object;
use super::{code, one_of, reading};

/// Which figures of an edition moved, and why.
#[must_use]
pub fn schema() -> Schema {
    let versions = one_of(&["program", "rules", "instruments", "programme", "code_lists"]);
    object(
        &[
            ("edition", code(), "The edition."),
            ("then", side(), "Its own side."),
            ("now", side(), "What it was compared with."),
            ("changed_versions", array(versions, 5), "What computes otherwise than it did."),
            (
                "not_as_published",
                count(),
                "Figures that this program computes otherwise from the same events than they were \
                 published: no event is behind those.",
            ),
            (
                "not_compared",
                array(any(), 200),
                "Questions of one edition that the other did not ask.",
            ),
            ("moved", count(), "How many figures moved."),
            ("figures", array(moved(), FIGURES_MAX), "Those figures."),
            ("differing_cases", count(), "How many cases differ."),
            ("cases", array(case(), CASES_MAX), "The first of them."),
        ],
        &[("stale_cases", count(), "Cases that could not be read to the end.")],
    )
}

fn side() -> Schema {
    object(
        &[
            ("cohort", text(), "The cohort, as `id@version`."),
            ("as_of", date_time(), "What had happened by then."),
            ("known_at", date_time(), "What had been recorded by then."),
            ("reading", reading(), "How corrections are read."),
            ("read_to", count(), "The place in the tenant's log up to which it was read."),
        ],
        &[("edition", code(), "The edition, where it is one.")],
    )
}

fn moved() -> Schema {
    object(
        &[
            ("pointer", text(), "Where: a JSON Pointer into the results of the edition."),
            ("cases", array(count(), CASES_MAX), "The numbers of the cases that it is laid to."),
            (
                "together",
                boolean(),
                "Whether those cases move it together: none of them is known to move it alone.",
            ),
        ],
        &[
            ("then", figure(), "What it was; absent where there was none."),
            ("now", figure(), "What it is; absent where there is none."),
        ],
    )
}

fn case() -> Schema {
    object(
        &[
            ("case", count(), "Its number in this comparison, from 0."),
            (
                "events",
                array(event(), EVENTS_MAX),
                "The events behind it, in the order of recording; none where it differs by a \
                 definition or by the program.",
            ),
        ],
        &[("case_id", uuid(), "The case. Left out for an evaluator.")],
    )
}

fn event() -> Schema {
    let causes = one_of(&["late_entry", "happened", "correction", "retraction"]);
    object(
        &[
            ("event_id", uuid(), "The event."),
            ("type", text(), "Its type."),
            ("cause", causes, "Why it is not the same to both sides."),
            ("occurred_at", date_time(), "When it happened, as it was recorded."),
            ("recorded_at", date_time(), "When it was recorded."),
        ],
        &[("amends", uuid(), "The fact that it corrects or takes back.")],
    )
}

fn text() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).build())
}

fn uuid() -> Schema {
    let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build())
}

fn count() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build())
}
