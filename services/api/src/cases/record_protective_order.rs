//! Recording a protective order, which may be older than the case.

use throughline_domain::case::Intent;
use throughline_domain::case::record_protective_order::{
    ProtectiveOrderRecorded, RecordProtectiveOrder,
};
use throughline_domain::code::Code;
use throughline_domain::ids::EventId;

use crate::cases::command::{CommandBody, command_body, common_members};

command_body! {
    /// Recording a protective order, which may be older than the case.
    OrderBody {
        /// Which order, as a code such as `non_molestation_order`.
        #[schema(schema_with = crate::schema::code)]
        kind: Code,
        /// In force from.
        #[schema(value_type = Option<String>, format = Date)]
        from: Option<jiff::civil::Date>,
        /// In force until.
        #[schema(value_type = Option<String>, format = Date)]
        to: Option<jiff::civil::Date>,
        /// Whether the service helped to obtain it.
        helped_to_obtain: Option<bool>,
    }
}

impl CommandBody for OrderBody {
    common_members!();

    fn into_intent(self, _: Option<EventId>) -> Intent {
        RecordProtectiveOrder(ProtectiveOrderRecorded {
            kind: self.kind,
            from: self.from,
            to: self.to,
            helped_to_obtain: self.helped_to_obtain,
        })
        .into()
    }
}
