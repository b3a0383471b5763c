//! Asking an agency for information, and following the request up. The request is named in the path
//! by the event that made it.

use throughline_domain::case::Intent;
use throughline_domain::case::request_information::{
    FollowRequestUp, InformationChased, InformationEscalated, InformationReceived,
    InformationRefused, InformationRequested, RequestInformation,
};
use throughline_domain::code::Code;
use throughline_domain::code_lists::Agency;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members, named};

command_body! {
    /// Asking an agency for information.
    InformationRequestBody {
        /// Which agency.
        #[schema(schema_with = crate::schema::code_list::<Agency>)]
        agency: Agency,
        /// What is asked for, as a code.
        #[schema(schema_with = crate::schema::code)]
        what: Option<Code>,
        /// When the answer is due.
        due_at: Option<jiff::Timestamp>,
        /// The lawful basis, as a code.
        #[schema(schema_with = crate::schema::code)]
        lawful_basis: Option<Code>,
    }
}

command_body! {
    /// Asking again.
    ChaseBody {}
}

command_body! {
    /// Taking a request to somebody senior.
    EscalationBody {
        /// To whom, as a code.
        #[schema(schema_with = crate::schema::code)]
        to: Option<Code>,
    }
}

command_body! {
    /// Recording that the answer came.
    ResponseBody {}
}

command_body! {
    /// Recording that the agency refused.
    RefusalBody {
        /// Why, as a code.
        #[schema(schema_with = crate::schema::code)]
        reason: Option<Code>,
    }
}

impl CommandBody for InformationRequestBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        let Self { agency, what, due_at, lawful_basis, .. } = self;
        RequestInformation(InformationRequested { agency, what, due_at, lawful_basis }).into()
    }
}

impl CommandBody for ChaseBody {
    common_members!();

    fn into_intent(self, about: Option<EventId>) -> Intent {
        FollowRequestUp::Chase(InformationChased { request: named(about) }).into()
    }
}

impl CommandBody for EscalationBody {
    common_members!();

    fn into_intent(self, about: Option<EventId>) -> Intent {
        FollowRequestUp::Escalate(InformationEscalated { request: named(about), to: self.to })
            .into()
    }
}

impl CommandBody for ResponseBody {
    common_members!();

    fn into_intent(self, about: Option<EventId>) -> Intent {
        FollowRequestUp::Receive(InformationReceived { request: named(about) }).into()
    }
}

impl CommandBody for RefusalBody {
    common_members!();

    fn into_intent(self, about: Option<EventId>) -> Intent {
        let refused = InformationRefused { request: named(about), reason: self.reason };
        FollowRequestUp::Refuse(refused).into()
    }
}
