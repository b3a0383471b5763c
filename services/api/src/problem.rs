//! Answers that say no: `application/problem+json` (RFC 9457).
//!
//! A problem has a stable `type`, a fixed text, the request's trace id, and, where fields are at
//! fault, their JSON Pointers. Nothing that was sent is ever echoed: every text here is ours.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use tracing::Span;

use crate::trace;

/// The prefix of every problem's `type`.
pub const TYPE_PREFIX: &str = "urn:throughline:problem:";

/// One kind of problem: its status, its name, and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemType {
    /// The status it is answered with.
    pub status: u16,
    /// The last part of its `type`.
    pub name: &'static str,
    /// Its text.
    pub title: &'static str,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where: a JSON Pointer into the body. Absent for a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Which parameter of the query or header, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<&'static str>,
    /// What would be right.
    pub detail: String,
}

impl FieldError {
    /// A fault in the body.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), parameter: None, detail: detail.into() }
    }

    /// A fault in the query or a header.
    pub fn parameter(name: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: Some(name), detail: detail.into() }
    }
}

/// Fields that one problem names at most: a body can be wrong in thousands of places.
pub const ERRORS_MAX: usize = 100;

/// A problem on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: ProblemType,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
    allow: Option<Box<str>>,
    location: Option<Box<str>>,
    /// What went wrong here, for the log line alone.
    cause: Option<Box<str>>,
}

impl Problem {
    /// A problem of a kind, with nothing more to say.
    #[must_use]
    pub fn new(kind: ProblemType) -> Self {
        Self {
            kind,
            errors: Vec::new(),
            retry_after_s: None,
            allow: None,
            location: None,
            cause: None,
        }
    }

    /// Says what went wrong here, in words that hold nothing of what was sent. The log line has
    /// them; the caller never does.
    #[must_use]
    pub fn because(mut self, cause: String) -> Self {
        self.cause = Some(cause.into_boxed_str());
        self
    }

    /// Adds what is wrong with a field; beyond [`ERRORS_MAX`] no more are told.
    #[must_use]
    pub fn with(mut self, error: FieldError) -> Self {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        }
        self
    }

    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Says which methods the path has.
    #[must_use]
    pub fn allowing(mut self, methods: String) -> Self {
        self.allow = Some(methods.into_boxed_str());
        self
    }

    /// Says where to look instead.
    #[must_use]
    pub fn located(mut self, location: String) -> Self {
        self.location = Some(location.into_boxed_str());
        self
    }

    /// The kind of problem.
    #[must_use]
    pub fn kind(&self) -> ProblemType {
        self.kind
    }

    /// What is wrong with fields.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Renames a pointer, for a body that gives a value another name.
    #[must_use]
    pub fn renaming(mut self, from: &str, to: &str) -> Self {
        for error in &mut self.errors {
            if error.pointer.as_deref() == Some(from) {
                error.pointer = Some(to.to_owned());
            }
        }
        self
    }

    /// Puts every pointer below `prefix`, for a body inside a body.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        for error in &mut self.errors {
            if let Some(pointer) = &mut error.pointer {
                *pointer = format!("{prefix}{pointer}");
            }
        }
        self
    }
}

impl Problem {
    /// Logs the problem: once, when it becomes an answer.
    fn log(&self) {
        let (problem, status) = (self.kind.name, self.kind.status);
        if status >= 500 {
            Span::current().record("error.type", problem);
            tracing::error!(
                throughline.problem = problem,
                http.response.status_code = status,
                error = self.cause.as_deref(),
                "request failed"
            );
        } else {
            tracing::info!(
                throughline.problem = problem,
                http.response.status_code = status,
                "request refused"
            );
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    trace_id: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.log();
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(allow) = self.allow.as_deref().and_then(|a| HeaderValue::from_str(a).ok()) {
            response.insert_header((header::ALLOW, allow));
        }
        if let Some(at) = self.location.as_deref().and_then(|at| HeaderValue::from_str(at).ok()) {
            response.insert_header((header::LOCATION, at));
        }
        if self.kind == UNAUTHENTICATED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let body = Body {
            r#type: format!("{TYPE_PREFIX}{}", self.kind.name),
            title: self.kind.title,
            status: self.kind.status,
            errors: &self.errors,
            trace_id: trace::current_trace_id(),
        };
        // Not `.json()`: it would overwrite the content type.
        response.body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

macro_rules! problem_types {
    ($($(#[$doc:meta])* $const:ident = $status:literal $name:literal $title:literal,)+) => {
        $($(#[$doc])* pub const $const: ProblemType =
            ProblemType { status: $status, name: $name, title: $title };)+

        /// Every kind of problem, for the description.
        pub const ALL: &[ProblemType] = &[$($const,)+];
    };
}

problem_types! {
    /// The body is not JSON, or a header cannot be read.
    UNREADABLE = 400 "unreadable" "The request cannot be read.",
    /// An idempotency key that is none, or more than one.
    INVALID_IDEMPOTENCY_KEY = 400 "invalid-idempotency-key" "Idempotency-Key is one value of 1 to 255 visible ASCII characters.",
    /// No token, or none that holds.
    UNAUTHENTICATED = 401 "unauthenticated" "A valid bearer token is needed.",
    /// Known, but not allowed.
    FORBIDDEN = 403 "forbidden" "This role may not do that.",
    /// Absent, or not to be revealed.
    NOT_FOUND = 404 "not-found" "There is nothing here.",
    /// The path exists with other methods.
    METHOD_NOT_ALLOWED = 405 "method-not-allowed" "This path does not have that method.",
    /// The referral exists already.
    ALREADY_REFERRED = 409 "already-referred" "The case has been referred already.",
    /// The decision is made, or there is none to make.
    NOT_AWAITING_DECISION = 409 "not-awaiting-decision" "The referral is not waiting for a decision.",
    /// The referral waits.
    ALREADY_WAITING = 409 "already-waiting" "The referral is on the waiting list already.",
    /// The case is not accepted, or no longer open.
    NOT_IN_WORK = 409 "not-in-work" "The case is not in work.",
    /// The case is closed.
    ALREADY_CLOSED = 409 "already-closed" "The case is closed already.",
    /// The case is not closed.
    NOT_CLOSED = 409 "not-closed" "The case is not closed.",
    /// A step before the one it follows.
    BEFORE_PREVIOUS_STEP = 409 "before-previous-step" "The step comes before the one it follows.",
    /// A fact outside every episode.
    OUTSIDE_EVERY_EPISODE = 409 "outside-every-episode" "The fact lies outside every episode of the case.",
    /// An answered or refused request.
    REQUEST_CLOSED = 409 "request-closed" "The information request is closed already.",
    /// The need has its outcome.
    NEED_RESOLVED = 409 "need-resolved" "The need is resolved already.",
    /// The hold on contact is over.
    CONTACT_HOLD_LIFTED = 409 "contact-hold-lifted" "The hold on contact is lifted already.",
    /// The plan for safe contact speaks against it.
    UNSAFE_CONTACT = 409 "unsafe-contact" "The plan for safe contact calls this channel unsafe at that time; give override_reason if it was used all the same.",
    /// A hold on contact speaks against it.
    CONTACT_ON_HOLD = 409 "contact-on-hold" "Contact with the person is on hold; give override_reason if they were turned to all the same.",
    /// An override of nothing.
    NOTHING_TO_OVERRIDE = 409 "nothing-to-override" "Nothing speaks against this contact: record it without override_reason.",
    /// The case is with the worker.
    SAME_WORKER = 409 "same-worker" "The case is with this worker already.",
    /// Nobody of this code is on the staff list.
    UNKNOWN_WORKER = 409 "unknown-worker" "Nobody of this code has joined, and the tenant keeps a list of its workers.",
    /// The worker is no more.
    WORKER_LEFT = 409 "worker-left" "The worker has left.",
    /// The worker can take no more.
    OVER_CAPACITY = 409 "over-capacity" "The worker has as many cases as they can take; give over_capacity and a reason if the case is to be theirs all the same.",
    /// What the programme wants settled is not.
    HANDOVER_INCOMPLETE = 409 "handover-incomplete" "The handover leaves open what the programme wants settled: each item is done or not_applicable.",
    /// The worker is there.
    ALREADY_JOINED = 409 "already-joined" "The worker has joined already.",
    /// The worker is in the team.
    SAME_TEAM = 409 "same-team" "The worker is in this team already.",
    /// The team is there.
    TEAM_EXISTS = 409 "team-exists" "There is such a team already.",
    /// The team is no more.
    TEAM_DISSOLVED = 409 "team-dissolved" "The team is dissolved.",
    /// So many workers or teams.
    STAFF_LIMIT = 409 "staff-limit" "The tenant has as many workers, or teams, as it can have.",
    /// The case is in the area.
    SAME_AREA = 409 "same-area" "The case is in this area already.",
    /// The arm was drawn.
    ARM_IS_FINAL = 409 "arm-is-final" "The arm of a case is drawn once, and stays.",
    /// No schedule to draw from.
    NO_SCHEDULE = 409 "no-schedule" "No open allocation schedule is for the case's programme and area.",
    /// A case that belongs to no arm.
    NOT_OF_TRIAL = 409 "not-of-trial" "The case's programme draws no arm for such a case.",
    /// One open schedule of a programme and area.
    SCHEDULE_OPEN = 409 "schedule-open" "An allocation schedule is open for the programme and area; Location says where to look.",
    /// The schedule is over.
    SCHEDULE_CLOSED = 409 "schedule-closed" "The allocation schedule is closed.",
    /// The schedule takes no more.
    SCHEDULE_FULL = 409 "schedule-full" "The allocation schedule has as many draws as one can have: close it and open another.",
    /// So many schedules there are.
    TOO_MANY_SCHEDULES = 409 "too-many-schedules" "There are as many allocation schedules as there can be.",
    /// What was told was told.
    LINKED_INFORMATION_IS_FINAL = 409 "linked-information-is-final" "What was received of a linked case is neither corrected nor retracted: what comes later supersedes it.",
    /// The cases are linked.
    ALREADY_LINKED = 409 "already-linked" "The two cases are linked already.",
    /// The link is no more.
    LINK_ENDED = 409 "link-ended" "The link has ended.",
    /// So many links of one case.
    LINK_LIMIT = 409 "link-limit" "One of the cases has been linked with as many others as it can be.",
    /// A proposal waits.
    CLOSURE_PROPOSED = 409 "closure-proposed" "A proposal to close the case waits already.",
    /// The proposal was refused, or the case closed.
    CLOSURE_PROPOSAL_DECIDED = 409 "closure-proposal-decided" "The proposal to close the case was refused, or the case closed since.",
    /// No such proposal waits.
    UNKNOWN_CLOSURE_PROPOSAL = 409 "unknown-closure-proposal" "No such proposal to close the case waits.",
    /// Nobody approved the closure.
    CLOSURE_APPROVAL_NEEDED = 409 "closure-approval-needed" "The programme has a manager approve closing for this reason: a manager closes the case, naming the proposal for this reason that waits.",
    /// The approver proposed it.
    SELF_APPROVAL = 409 "self-approval" "Nobody approves what they proposed themselves.",
    /// A correction or retraction where a fact should be.
    NOT_A_FACT = 409 "not-a-fact" "Corrections and retractions name the original fact.",
    /// A fact that was taken back.
    ALREADY_RETRACTED = 409 "already-retracted" "The fact has been retracted already: nothing follows from it.",
    /// The case's other steps rest on this one.
    BREAKS_LIFECYCLE = 409 "breaks-lifecycle" "The other steps of the case could not have followed.",
    /// The person is erased, for good.
    SUBJECT_ERASED = 409 "subject-erased" "The person has been erased: nothing can be written about them in words, and no case opened or linked.",
    /// The person must not be erased now.
    LEGAL_HOLD = 409 "legal-hold" "A legal hold is in force.",
    /// The hold is over.
    HOLD_RELEASED = 409 "hold-released" "The legal hold has been released already.",
    /// One rebuild at a time of each projection.
    ALREADY_UNDER_WAY = 409 "already-under-way" "The projection is being rebuilt already; Location says where to look.",
    /// There was no build before the live one, or it is gone.
    NOTHING_TO_ROLL_BACK_TO = 409 "nothing-to-roll-back-to" "There is no build to go back to.",
    /// Readers need it.
    LIVE_BUILD = 409 "live-build" "Readers are answered from this build.",
    /// It cannot be called off any more.
    OPERATION_OVER = 409 "operation-over" "The operation is over.",
    /// Versions follow one another.
    NOT_THE_NEXT_VERSION = 409 "not-the-next-version" "Versions of a definition follow one another: this is not the next.",
    /// Another text for a version that is there.
    DEFINITION_NEVER_CHANGES = 409 "definition-never-changes" "This version is there with another definition, and is never changed.",
    /// More definitions than a tenant may load.
    TOO_MANY_DEFINITIONS = 409 "too-many-definitions" "The tenant has as many definitions as it may have.",
    /// The name of an edition is taken for good.
    EDITION_EXISTS = 409 "edition-exists" "There is an edition of this name, and editions never change.",
    /// More figures than one event holds.
    EDITION_TOO_LARGE = 409 "edition-too-large" "The tables are more than one edition can hold: ask fewer questions.",
    /// The program does not know a question of the edition any more.
    EDITION_UNREADABLE = 409 "edition-unreadable" "This version of the program does not know a question of the edition.",
    /// The tenant's history is being loaded.
    TENANT_LOADING = 409 "tenant-loading" "The tenant's history is being loaded; nothing can be recorded yet.",
    /// The `If-Match` version is no longer the present one.
    STALE_VERSION = 412 "stale-version" "The case has changed since the version in If-Match.",
    /// The body is over the limit.
    TOO_LARGE = 413 "too-large" "The body is over the limit.",
    /// The body is not declared as JSON.
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type" "The body must be application/json.",
    /// A value that can never be right.
    INVALID = 422 "invalid" "A value cannot be right.",
    /// An idempotency key that came with something else before.
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency-key-reused" "The idempotency key was used for another request: take a new one.",
    /// A time in the future.
    IN_FUTURE = 422 "in-future" "The time lies in the future.",
    /// A cohort's definition that contradicts itself or its programme.
    CONTRADICTORY_COHORT = 422 "contradictory-cohort" "The cohort's definition contradicts itself or its programme, in each of the places named.",
    /// A programme that nobody runs.
    UNKNOWN_PROGRAMME = 422 "unknown-programme" "No programme has this name.",
    /// A case with itself.
    SAME_CASE = 422 "same-case" "A case is not linked with itself.",
    /// A team the tenant does not know.
    UNKNOWN_TEAM = 422 "unknown-team" "There is no such team.",
    /// More complex cases than cases.
    CAPACITY_CONTRADICTS = 422 "capacity-contradicts" "No more cases can be complex than there are cases.",
    /// An area where the programme does not work.
    UNKNOWN_AREA = 422 "unknown-area" "The programme does not work in this area.",
    /// A role that the programme does not serve.
    ROLE_NOT_SERVED = 422 "role-not-served" "The programme has no cases of this role.",
    /// A criterion that was not in force.
    UNKNOWN_CRITERION = 422 "unknown-criterion" "The programme had no such criterion when the referral was received.",
    /// A definition that contradicts itself.
    CONTRADICTORY_PROGRAMME = 422 "contradictory-programme" "The programme's definition contradicts itself, in each of the places named.",
    /// A programme without arms.
    NO_ARMS = 422 "no-arms" "The programme has no arms to draw.",
    /// Arms that cannot be drawn.
    INVALID_ARMS = 422 "invalid-arms" "The arms are the programme's, each once: 2 to 8.",
    /// Blocks that cannot be even.
    INVALID_BLOCKS = 422 "invalid-blocks" "Block sizes are 1 to 8 different multiples of the number of arms, up to 96.",
    /// A person the tenant does not know.
    UNKNOWN_PERSON = 422 "unknown-person" "The person is not known.",
    /// Evidence that is not of the case.
    UNKNOWN_EVIDENCE = 422 "unknown-evidence" "Evidence must be events of this case.",
    /// A reason for which the programme closes no case.
    CLOSURE_REASON_NOT_ALLOWED = 422 "closure-reason-not-allowed" "The case's programme does not close cases for this reason.",
    /// A reason that rests on nothing.
    CLOSURE_EVIDENCE_NEEDED = 422 "closure-evidence-needed" "The case's programme wants the events that closing for this reason rests on.",
    /// A case that the tenant does not know, or that is another person's.
    UNKNOWN_CASE = 422 "unknown-case" "There is no such case, or it is not this person's.",
    /// An incident after the referral.
    INCIDENT_AFTER_REFERRAL = 422 "incident-after-referral" "The latest incident lies after the referral.",
    /// A fact that is given, and a reason why it is missing.
    GIVEN_AND_MISSING = 422 "given-and-missing" "A fact is given, and a reason why it is missing: give one of them.",
    /// No answers, level or judgement.
    NO_RISK_RESULT = 422 "no-risk-result" "A risk assessment needs answers, a level or a judgement.",
    /// An instrument that is not shipped, or of the other kind.
    UNKNOWN_INSTRUMENT = 422 "unknown-instrument" "No instrument of this kind has this name and version: /v1/instruments lists them.",
    /// A key that the instrument does not have.
    UNKNOWN_MEASURE_KEY = 422 "unknown-measure-key" "The instrument measures no such thing: /v1/instruments has its keys.",
    /// A value that the instrument does not give.
    VALUE_OUTSIDE_INSTRUMENT = 422 "value-outside-instrument" "The instrument has no such value: /v1/instruments says what it may be.",
    /// Answers of an instrument whose questions are not known.
    ANSWERS_OF_UNKNOWN_INSTRUMENT = 422 "answers-of-unknown-instrument" "The instrument's questions are not known: give the level alone.",
    /// A question that the instrument does not have.
    UNKNOWN_QUESTION = 422 "unknown-question" "The instrument has no such question.",
    /// A judgement below the level.
    JUDGEMENT_LOWERS = 422 "judgement-lowers" "Judgement may raise a level and never lowers it.",
    /// A level that the answers do not lead to.
    LEVEL_CONTRADICTS_ANSWERS = 422 "level-contradicts-answers" "The answers and the judgement lead to another level.",
    /// A measure without values.
    NO_MEASURE_VALUES = 422 "no-measure-values" "A measure needs at least one value.",
    /// A due date before the request.
    DUE_BEFORE_REQUEST = 422 "due-before-request" "A request cannot be due before it is made.",
    /// A next review that does not come next.
    DUE_BEFORE_REVIEW = 422 "due-before-review" "The next review comes after this one.",
    /// A plan without a channel.
    EMPTY_SAFE_CONTACT_PLAN = 422 "empty-safe-contact-plan" "A plan for safe contact says something of a channel.",
    /// Conditions that are said to hold and not given, or the other way round.
    CONDITIONS_NOT_GIVEN = 422 "conditions-not-given" "Hours or a third party are given when, and only when, a channel is safe under conditions.",
    /// Hours that end before they begin.
    HOURS_BACKWARDS = 422 "hours-backwards" "Hours of safe contact end after they begin, on the same day.",
    /// A move from nowhere to nowhere.
    NO_PLACEMENT = 422 "no-placement" "A move leaves a placement, or enters another.",
    /// A replacement of another kind.
    OTHER_KIND_OF_FACT = 422 "other-kind-of-fact" "A correction must be of the same kind as the fact.",
    /// A correction that would move a case to another person.
    OTHER_PERSON = 422 "other-person" "A correction cannot move a case to another person.",
    /// A state transition without `If-Match`.
    PRECONDITION_REQUIRED = 428 "precondition-required" "This step needs If-Match with the version it was decided on.",
    /// So many streams of the feed are open.
    TOO_MANY_STREAMS = 429 "too-many-streams" "Too many streams of the feed are open; try again later.",
    /// A bug.
    INTERNAL = 500 "internal" "Something went wrong here; the trace id finds it.",
    /// Too much to do.
    OVERLOADED = 503 "overloaded" "The service is overloaded; try again.",
    /// Somebody else was faster, again and again.
    CONTENDED = 503 "contended" "Others keep changing the case; try again.",
    /// The database is out of reach.
    UNAVAILABLE = 503 "unavailable" "The service cannot reach its database; try again.",
    /// The read model has not come that far.
    NOT_YET = 503 "not-yet" "The answer does not reflect that position yet; try again.",
}
