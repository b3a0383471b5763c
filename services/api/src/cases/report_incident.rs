//! Recording an incident, which may be older than the case.

use throughline_domain::case::Intent;
use throughline_domain::case::report_incident::{IncidentReported, ReportIncident};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{IncidentKind, PoliceOutcome};
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording an incident, which may be older than the case.
    IncidentBody {
        /// A domestic incident, or a crime.
        #[schema(schema_with = crate::schema::code_list::<IncidentKind>)]
        kind: IncidentKind,
        /// Who reported it, as a code.
        #[schema(schema_with = crate::schema::code)]
        source: Option<Code>,
        /// The group of offences, as a code.
        #[schema(schema_with = crate::schema::code)]
        offence_group: Option<Code>,
        /// What the police did.
        #[schema(schema_with = crate::schema::code_list::<PoliceOutcome>)]
        police_outcome: Option<PoliceOutcome>,
        /// When it was reported.
        reported_at: Option<jiff::Timestamp>,
    }
}

impl CommandBody for IncidentBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        ReportIncident(IncidentReported {
            kind: self.kind,
            source: self.source,
            offence_group: self.offence_group,
            police_outcome: self.police_outcome,
            reported_at: self.reported_at,
        })
        .into()
    }
}
