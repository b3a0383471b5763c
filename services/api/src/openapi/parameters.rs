//! What each operation is asked with beside its body: path, query and headers.

use actix_web::http::Method;
use throughline_domain::code_lists::{Agency, CaseRole, ReferralSource};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Required, Schema, SchemaFormat};

use crate::access::Operation;
use crate::feed::question::LAST_EVENT_ID;
use crate::idempotency;
use crate::schema;

/// One parameter that can be asked with.
struct Known {
    name: &'static str,
    place: ParameterIn,
    required: bool,
    schema: Schema,
    description: &'static str,
}

/// Every parameter of an operation.
pub(super) fn of(operation: Operation, needs_version: bool) -> Vec<Parameter> {
    let in_path = path_parameters(operation.path()).map(path_parameter);
    let in_query = query_parameters(operation);
    let in_headers = headers(operation, needs_version);
    in_path.chain(in_query).chain(in_headers).map(Known::build).collect()
}

impl Known {
    fn query(name: &'static str, schema: Schema, description: &'static str) -> Self {
        Self { name, place: ParameterIn::Query, required: false, schema, description }
    }

    fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn build(self) -> Parameter {
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(self.place)
            .required(if self.required { Required::True } else { Required::False })
            .description(Some(self.description))
            .schema(Some(self.schema))
            .build()
    }
}

fn path_parameters(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &'static str) -> Known {
    let (schema, description) = match name {
        "worker_id" => (schema::code(), "The worker, as the subject of their token."),
        "link_id" => (formatted("uuid"), "The link, as linking the cases answered."),
        "team_id" => (schema::code(), "The team."),
        "event_id" => (formatted("uuid"), "The event, as the command that recorded it answered."),
        "request_id" => {
            (formatted("uuid"), "The information request: the `event_id` that making it answered.")
        }
        "person_id" => (formatted("uuid"), "The person, as the referral answered."),
        "schedule_id" => (formatted("uuid"), "The schedule, as opening it answered."),
        "operation_id" => (formatted("uuid"), "The operation, as asking for it answered."),
        "name" => (schema::code(), "The projection."),
        "programme" => (schema::code(), "The programme; `/` in its name as `%2F`."),
        "cohort" => (schema::code(), "The cohort; `/` in its name as `%2F`."),
        "edition" => (schema::code(), "The edition; `/` in its name as `%2F`."),
        "instrument" => (schema::code(), "The instrument's name, such as `dash-safelives`."),
        "version" => (schema::code(), "The version."),
        "build" => (whole(0, None), "The build."),
        "need_id" => (formatted("uuid"), "The need: the `event_id` that identifying it answered."),
        "proposal_id" => {
            (formatted("uuid"), "The proposal: the `event_id` that making it answered.")
        }
        "hold_id" => (formatted("uuid"), "The hold: the `event_id` that placing it answered."),
        _ => (formatted("uuid"), "The case."),
    };
    Known { name, place: ParameterIn::Path, required: true, schema, description }
}

fn headers(operation: Operation, needs_version: bool) -> Vec<Known> {
    let place = ParameterIn::Header;
    let is_operators = operation.is_operators() && operation.method() != Method::POST;
    if is_operators {
        return Vec::new();
    }
    let is_reference = operation.is_reference() && operation.method() == Method::GET;
    // One event never changes: it is there or not.
    if is_reference || operation == Operation::ReadEvent {
        return Vec::new();
    }
    if operation == Operation::RerunEdition {
        return Vec::new();
    }
    if operation.method() == Method::GET || operation.is_question_with_body() {
        let description = "Waits until the answer reflects this position, up to a limit.";
        let name = "Throughline-After";
        let after = Known { name, place, required: false, schema: whole(0, None), description };
        if operation != Operation::StreamEvents {
            return vec![after];
        }
        let description = "The last `id` that the client has: the stream goes on after it, \
            whatever `after` says.";
        let (name, place) = (LAST_EVENT_ID, ParameterIn::Header);
        return vec![
            after,
            Known { name, place, required: false, schema: whole(0, None), description },
        ];
    }
    let description = "A command that is sent again with the same key is recorded once, and \
        answered as the first time, for 24 hours. 1 to 255 visible ASCII characters, in double \
        quotes or not, of the caller's own choice for this one command. With another path, body or \
        `If-Match` the key is refused. A refusal is not remembered: nothing was recorded.";
    let name = idempotency::HEADER;
    let key = Known {
        name,
        place: ParameterIn::Header,
        required: false,
        schema: key_text(),
        description,
    };
    if operation == Operation::ReceiveReferral
        || operation == Operation::OpenAllocationSchedule
        || operation.is_about_a_person()
        || operation.is_about_staff()
        || operation.is_about_links()
        || operation.is_operators()
        || operation.is_reference()
    {
        return vec![key];
    }
    let description =
        "The version that was decided on, as an earlier answer's `ETag`; `*` for any.";
    let required = needs_version;
    let tags = patterned(IF_MATCH);
    vec![Known { name: "If-Match", place, required, schema: tags, description }, key]
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others have no query")]
fn query_parameters(operation: Operation) -> Vec<Known> {
    match operation {
        Operation::ReadCase
        | Operation::ReadRiskTrajectory
        | Operation::ReadRiskAssessments
        | Operation::ReadCaseRules
        | Operation::ReadCaseLink => dates().into(),
        Operation::ReadSafeContactPlan => dates().into_iter().take(2).collect(),
        Operation::ReadRiskDisagreement => {
            let status = "Only cases that stand there.";
            let status = Known::query("status", schema::case_status(), status);
            let question = trajectory_question().into_iter().chain([status]);
            question.chain(dates()).chain(pages()).collect()
        }
        Operation::ReadCaseLinks => {
            let case = Known::query("case_id", formatted("uuid"), "Only the links of this case.");
            [case].into_iter().chain(dates()).chain(pages()).collect()
        }
        Operation::ReadTimeline
        | Operation::ReadCaseloads
        | Operation::ReadCaseload
        | Operation::ReadTeams
        | Operation::ReadWorkers => dates().into_iter().chain(pages()).collect(),
        Operation::ReadEvents => {
            let after = "The position that the client has: `next_after` of the page before. \
                Default: 0, the beginning.";
            [Known::query("after", whole(0, None), after), limit(), event_type()].into()
        }
        Operation::StreamEvents => {
            let after = "The position that the client has. Default: the log's last, so that the \
                stream tells what comes from now on.";
            [Known::query("after", whole(0, None), after), event_type()].into()
        }
        Operation::ReadReferralPipeline => referral_question().into_iter().chain(dates()).collect(),
        Operation::ReadAgencyResponse => {
            [programme(), agency()].into_iter().chain(window()).chain(dates()).collect()
        }
        Operation::ReadOverdueRequests => {
            let worker = Known::query("worker", schema::code(), "Only cases of this worker.");
            let question = [programme(), agency(), worker];
            question.into_iter().chain(dates()).chain(pages()).collect()
        }
        Operation::ReadOperations | Operation::ReadProjectionAudit | Operation::ReadParked => {
            pages().into()
        }
        Operation::ReadContactOverrides => {
            let window = [
                Known::query("from", date_time(), "Only contacts made then or later."),
                Known::query("to", date_time(), "Only contacts made before then."),
            ];
            window.into_iter().chain(dates()).chain(pages()).collect()
        }
        Operation::ReadMembership => {
            let version = "The version of the cohort's definition. Default: the newest.";
            [Known::query("version", integer(), version)].into_iter().chain(dates()).collect()
        }
        Operation::ReadEditions | Operation::ReadReleases => {
            let before = "`next_before` of the page before.";
            [limit(), Known::query("before", integer(), before)].into()
        }
        Operation::ReadAllocationSchedules => vec![limit()],
        Operation::ReadOutcomes => outcome_question().into_iter().chain(dates()).collect(),
        Operation::ReadWorkload => workload_question().into_iter().chain(dates()).collect(),
        Operation::ReadRiskTrajectories => {
            trajectory_question().into_iter().chain(dates()).collect()
        }
        _ => Vec::new(),
    }
}

fn workload_question() -> [Known; 8] {
    [
        programme(),
        Known::query("team", schema::code(), "Only what was in this team's hands at the time."),
        Known::query("worker", schema::code(), "Only this worker. Refused to an evaluator."),
        Known::query(
            "from",
            date_time(),
            "A moment of the first step. Default: so that there are 12 steps.",
        ),
        Known::query(
            "to",
            date_time(),
            "A moment of the last step; steps after `as_of` are left out. Default: `as_of`. From \
             `from` to `to` there are at most 260 steps.",
        ),
        Known::query(
            "step",
            schema::step(),
            "Calendar weeks, from Monday, or months, in UTC. Default: week.",
        ),
        Known::query("limit", whole(1, Some(100)), "Workers in a page: 1 to 100. Default: 50."),
        cursor(),
    ]
}

fn trajectory_question() -> [Known; 3] {
    [
        programme(),
        Known::query("role", schema::code_list::<CaseRole>(), "Only cases about this role."),
        Known::query("area", schema::code(), "Only cases of this area."),
    ]
}

fn dates() -> [Known; 3] {
    [
        Known::query(
            "as_of",
            date_time(),
            "What had happened by then, this moment included. Default: now.",
        ),
        Known::query(
            "known_at",
            date_time(),
            "What had been recorded by then, this moment included; not in the future. Default: now.",
        ),
        Known::query(
            "reading",
            schema::reading(),
            "`effective`: through corrections and retractions, in the order in which things happened. \
             `recorded`: in the order of recording, corrections not looked through. \
             Default: effective.",
        ),
    ]
}

fn limit() -> Known {
    Known::query("limit", whole(1, Some(1000)), "Rows in a page: 1 to 1000. Default: 200.")
}

fn cursor() -> Known {
    Known::query("cursor", filled(), "`next` of the page before, for the same question.")
}

fn event_type() -> Known {
    let types = "Only events of these types, separated by commas, such as \
        `org.throughline.case.ContactAttempted`. Default: all.";
    Known::query("type", filled(), types)
}

fn pages() -> [Known; 2] {
    [limit(), cursor()]
}

fn referral_question() -> [Known; 6] {
    let source = schema::code_list::<ReferralSource>();
    let [from, to] = window();
    [
        programme().required(),
        Known::query("role", schema::code_list::<CaseRole>(), "Only cases about this role."),
        Known::query("area", schema::code(), "Only cases of this area."),
        Known::query("source", source, "Only referrals of this source."),
        from,
        to,
    ]
}

fn programme() -> Known {
    Known::query("programme", schema::code(), "A programme of `GET /v1/programmes`.")
}

fn agency() -> Known {
    Known::query("agency", schema::code_list::<Agency>(), "Only requests to this agency.")
}

fn window() -> [Known; 2] {
    [
        Known::query("from", date_time(), "Only what was received, or asked, then or later."),
        Known::query("to", date_time(), "Only what was received, or asked, before then."),
    ]
}

fn outcome_question() -> [Known; 7] {
    [
        Known::query("programme", schema::code(), "A programme of `GET /v1/programmes`.")
            .required(),
        Known::query(
            "measure",
            schema::code(),
            "A key of the recorded values, such as `physical`; or `risk_level`, the level of risk \
             assessments by their stage.",
        )
        .required(),
        Known::query("from", schema::code(), "The earlier stage. Default: intake."),
        Known::query("to", schema::code(), "The later stage. Default: exit."),
        Known::query("instrument", schema::code(), "Only values that this instrument took."),
        Known::query("role", schema::code_list::<CaseRole>(), "Only cases about this role."),
        Known::query("area", schema::code(), "Only cases of this area."),
    ]
}

pub(super) fn text() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).build())
}

pub(super) fn integer() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::Integer).build())
}

/// Entity tags as we make them, or `*`.
const IF_MATCH: &str = r#"^(\*|"[0-9]+"( *, *"[0-9]+")*)$"#;

fn patterned(pattern: &str) -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    Schema::Object(text.build())
}

fn key_text() -> Schema {
    patterned("^[!-~]{1,255}$")
}

/// A text that is not empty.
fn filled() -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).build())
}

/// A whole number from `least` on.
fn whole(least: i64, most: Option<i64>) -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least));
    Schema::Object(number.maximum(most).build())
}

fn date_time() -> Schema {
    formatted("date-time")
}

fn formatted(format: &str) -> Schema {
    let format = SchemaFormat::Custom(format.to_owned());
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build())
}
