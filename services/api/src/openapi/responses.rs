//! What each operation answers: its answer with its headers, and its problems.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::json;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};

use super::parameters::{integer, text};
use crate::access::Operation;
use crate::operation_problems;
use crate::problem::{ALL, ProblemType, TYPE_PREFIX};

const STREAM: &str = "\
Server-sent events. Of each, `id` is the position, `event` the type, and `data` a `FeedEvent`, which \
`/asyncapi.json` describes by type. A frame with an `id` alone moves the position from which to go on.";

/// The answer of an operation that did as it was asked.
pub(super) fn done(operation: Operation, answer: Option<Ref>) -> Response {
    let is_query = operation.method() == Method::GET || operation.is_question_with_body();
    let (description, content_type) = match () {
        () if operation == Operation::StreamEvents => (STREAM, "text/event-stream"),
        () if is_query => ("The answer.", "application/json"),
        () if operation.is_operators() => ("Done, or begun.", "application/json"),
        () => ("Recorded.", "application/json"),
    };
    let mut response = ResponseBuilder::new().description(description);
    if let Some(answer) = answer {
        let content = ContentBuilder::new().schema(Some(answer)).build();
        response = response.content(content_type, content);
    }
    for (name, schema, description) in headers(operation, is_query) {
        response = response.header(name, header(schema, description));
    }
    response.build()
}

fn headers(operation: Operation, is_query: bool) -> Vec<(&'static str, Schema, &'static str)> {
    if operation.is_operators() {
        let begins =
            [Operation::RebuildProjection, Operation::VerifyProjection, Operation::CancelOperation]
                .contains(&operation);
        if begins {
            return vec![("Location", text(), "Where the operation can be looked at.")];
        }
        return if is_paged(operation) { vec![next_page()] } else { Vec::new() };
    }
    let mut headers = Vec::new();
    // Nothing has a version that could be asked for, or a place of its own.
    let of_person =
        operation.is_about_a_person() || operation.is_about_staff() || operation.is_about_links();
    let of_case = matches!(
        operation,
        Operation::ReadCase
            | Operation::ReadTimeline
            | Operation::ReadRiskTrajectory
            | Operation::ReadCaseRules
            | Operation::ReadSafeContactPlan
            | Operation::ReadRiskAssessments
    );
    if operation.is_reference() && !is_query {
        let what = "The place in the tenant's log from which it is there.";
        headers.push(("Throughline-Position", integer(), what));
        headers.push(("Location", text(), "Where it can be read."));
    }
    if operation == Operation::ReadEdition {
        headers.push(("ETag", text(), "SHA-256 over the results."));
    }
    if operation.is_about_links() && !is_query {
        headers.push(("Location", text(), "Where the link can be read."));
    }
    if operation.is_reference() {
        return headers;
    }
    if operation != Operation::ReadEvent {
        let what = "The place in the tenant's log that the answer reflects.";
        headers.push(("Throughline-Position", integer(), what));
    }
    if of_case || is_about_cases(operation) {
        let what = "Present, and `true`, when something in the answer is of cases that could not be \
            followed to their last event.";
        headers.push(("Throughline-Stale", text(), what));
    }
    let of_schedule = matches!(
        operation,
        Operation::OpenAllocationSchedule
            | Operation::CloseAllocationSchedule
            | Operation::ReadAllocationSchedule
    );
    if of_schedule {
        headers.push(("ETag", text(), "The schedule's version, for `If-Match`."));
    } else if of_case || (!is_query && !of_person) {
        headers.push(("ETag", text(), "The case's version, for `If-Match`."));
    }
    if !is_query && !of_person {
        headers.push(("Location", text(), "Where what was recorded can be read."));
    }
    if is_paged(operation) {
        headers.push(next_page());
    }
    headers
}

fn next_page() -> (&'static str, Schema, &'static str) {
    ("Link", text(), "The next page, `rel=\"next\"`, if there is one.")
}

/// Whether it is a list with cursors.
fn is_paged(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::ReadTimeline
            | Operation::ReadCaseload
            | Operation::ReadCaseloads
            | Operation::ReadOverdueRequests
            | Operation::ReadContactOverrides
            | Operation::ReadWorkload
            | Operation::ReadTeams
            | Operation::ReadWorkers
            | Operation::ReadCaseLinks
            | Operation::ReadOperations
            | Operation::ReadProjectionAudit
            | Operation::ReadParked
            | Operation::ReadRiskDisagreement
    )
}

/// Whether it answers about many cases at once.
fn is_about_cases(operation: Operation) -> bool {
    use Operation::{
        CompareEdition, ReadAgencyResponse, ReadCaseload, ReadCaseloads, ReadContactOverrides,
        ReadMembership, ReadOutcomes, ReadOverdueRequests, ReadReferralPipeline,
        ReadRiskDisagreement, ReadRiskTrajectories, ReadWorkers, ReadWorkload, TabulateCohort,
    };
    matches!(
        operation,
        ReadCaseload
            | ReadCaseloads
            | ReadOutcomes
            | ReadReferralPipeline
            | ReadAgencyResponse
            | ReadOverdueRequests
            | ReadContactOverrides
            | ReadRiskDisagreement
            | ReadRiskTrajectories
            | ReadWorkload
            | ReadWorkers
            | ReadMembership
            | TabulateCohort
            | CompareEdition
    )
}

fn header(schema: Schema, description: &str) -> Header {
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}

/// How an operation may say no: by status, the problems of it.
pub(super) fn problems(operation: Operation) -> BTreeMap<u16, Response> {
    let mut by_status: BTreeMap<u16, Vec<ProblemType>> = BTreeMap::new();
    for kind in operation_problems::of(operation) {
        by_status.entry(kind.status).or_default().push(kind);
    }
    by_status.into_iter().map(|(status, kinds)| (status, problem(status, &kinds))).collect()
}

/// One status, with an example of each problem that it can be.
fn problem(status: u16, kinds: &[ProblemType]) -> Response {
    let example = |kind: &ProblemType| {
        let example = Ref::new(format!("{EXAMPLES}{}", kind.name));
        (kind.name, RefOr::Ref(example))
    };
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter(kinds.iter().map(example))
        .build();
    let names: Vec<String> =
        kinds.iter().map(|kind| format!("`{}`: {}", kind.name, kind.title)).collect();
    let mut response = ResponseBuilder::new();
    if [429, 503].contains(&status) {
        response = response.header("Retry-After", header(integer(), "Seconds to wait."));
    }
    response.description(names.join("\n\n")).content("application/problem+json", content).build()
}

/// Where examples are, for whoever refers to one.
const EXAMPLES: &str = "#/components/examples/";

/// An example of every problem, by the last part of its type.
pub(super) fn examples() -> BTreeMap<String, RefOr<Example>> {
    let example = |kind: &ProblemType| {
        let body = json!({
            "type": format!("{TYPE_PREFIX}{}", kind.name),
            "title": kind.title,
            "status": kind.status,
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        });
        let example = ExampleBuilder::new().summary(kind.title).value(Some(body)).build();
        (kind.name.to_owned(), RefOr::T(example))
    };
    ALL.iter().map(example).collect()
}

fn said(description: &str) -> Schema {
    Schema::Object(
        ObjectBuilder::new().schema_type(Type::String).description(Some(description)).build(),
    )
}

/// The form of every problem.
pub(super) fn problem_schema() -> RefOr<Schema> {
    let error = ObjectBuilder::new()
        .property("pointer", said("Where in the body: a JSON Pointer."))
        .property("parameter", said("Which parameter of the query, or which header."))
        .property("detail", said("What would be right."))
        .required("detail");
    let errors = ArrayBuilder::new().items(error).build();
    RefOr::T(Schema::Object(
        ObjectBuilder::new()
            .property("type", text())
            .property("title", text())
            .property("status", integer())
            .property("errors", Schema::Array(errors))
            .property("trace_id", text())
            .required("type")
            .required("title")
            .required("status")
            .required("trace_id")
            .build(),
    ))
}
