//! Which events the feed tells of: decided here for every event there is, and nowhere else.
//!
//! Told is what those who work with people read in a timeline anyway, and that a person has been
//! erased, so that whoever keeps a copy forgets. Withheld is what only the data protection officer
//! is told (legal holds), and the registration of a person, which says nothing by itself. The
//! tenant's own events are for those who run the service.
//!
//! An event that tells how a person can be contacted safely is withheld too, and so is its
//! correction and its retraction: a feed is copied, and a copy that leaks must not lead anybody to her door. And so is what a case is told of a linked one: beside the source's own
//! event it would tell of the link.

use throughline_domain::case::CaseEvent;
use throughline_domain::person::PersonEvent;

/// Writes the kinds of event that the feed tells of. Every variant of the events must be named, on
/// one side or the other, or this does not compile.
macro_rules! kinds {
    (
        case: told [$($case:ident: $of_case:literal,)+], withheld [$($no_case:ident,)*];
        person: told [$($person:ident: $of_person:literal,)+], withheld [$($no_person:ident,)*];
    ) => {
        /// A kind of event that the feed tells of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $(#[doc = $of_case] $case,)+
            $(#[doc = $of_person] $person,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$case,)+ $(Self::$person,)+];

            /// The kind of a case's event, unless it is withheld.
            #[must_use]
            pub fn of_case(event: &CaseEvent) -> Option<Self> {
                if let CaseEvent::FactCorrected(correction) = event {
                    // Told as what it corrects: with its facts, or not at all.
                    Self::of_case(&correction.replacement)?;
                }
                match event {
                    $(CaseEvent::$case(_) => Some(Self::$case),)+
                    $(CaseEvent::$no_case(_) => None,)*
                }
            }

            /// The kind of a person's event, unless it is withheld.
            #[must_use]
            pub fn of_person(event: &PersonEvent) -> Option<Self> {
                match event {
                    $(PersonEvent::$person(_) => Some(Self::$person),)+
                    $(PersonEvent::$no_person(_) => None,)*
                }
            }

            /// The event's stored type name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$case => stringify!($case),)+
                    $(Self::$person => stringify!($person),)+
                }
            }

            /// The `type` of the event in the feed: never changed, since clients go by it.
            #[must_use]
            pub fn event_type(self) -> &'static str {
                match self {
                    $(Self::$case => concat!("org.throughline.case.", stringify!($case)),)+
                    $(Self::$person => concat!("org.throughline.person.", stringify!($person)),)+
                }
            }

            /// What happened, in a sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$case => $of_case,)+
                    $(Self::$person => $of_person,)+
                }
            }

            /// The first part of the event's `subject`.
            #[must_use]
            pub fn subject(self) -> &'static str {
                match self {
                    $(Self::$case => "case",)+
                    $(Self::$person => "person",)+
                }
            }
        }
    };
}

kinds! {
    case: told [
        ReferralReceived: "A person was referred to a programme.",
        ReferralAccepted: "A referral was accepted.",
        ReferralDeclined: "A referral was declined.",
        ReferralWaitlisted: "A referral was put on the waiting list.",
        CaseAllocated: "A case was given to a worker.",
        ContactAttempted: "Somebody tried to reach the person.",
        RiskAssessed: "A risk was assessed.",
        AgencyActionRecorded: "An agency did something.",
        MeasureRecorded: "An instrument measured something at a stage.",
        NeedIdentified: "The person needs help with something.",
        SupportProvided: "Support was given.",
        IncidentReported: "There was an incident.",
        MultiAgencyReferralMade: "The case was referred to a multi-agency forum.",
        ProtectiveOrderRecorded: "There is a protective order.",
        ChildProtectionStatusChanged: "The protection of the person's children changed.",
        InformationRequested: "An agency was asked for information.",
        InformationChased: "An agency was asked again.",
        InformationEscalated: "A request was taken to somebody senior.",
        InformationReceived: "An agency answered.",
        InformationRefused: "An agency refused.",
        CaseHandedOver: "A case was handed over to another worker.",
        CaseTransferred: "A case moved to another area.",
        ArmAllocated: "A case was given an arm of the trial.",
        NeedResolved: "A need is no longer worked on.",
        PlacementChanged: "The person moved into, out of, or between placements.",
        ReviewCompleted: "A case was reviewed.",
        ClosureProposed: "Somebody proposed to close a case.",
        ClosureRefused: "A proposal to close a case was refused.",
        CaseClosed: "A case was closed.",
        CaseReopened: "A closed case was reopened.",
        FactCorrected: "A fact was recorded wrongly, and this is how it was.",
        FactRetracted: "A fact was recorded and is not so.",
    ], withheld [
        SafeContactPlanSet,
        ContactHeld,
        ContactHoldLifted,
        LinkedInformationReceived,
    ];
    person: told [
        SubjectErased: "Whatever was written about a person has been destroyed: forget it too.",
    ], withheld [
        PersonRegistered,
        LegalHoldPlaced,
        LegalHoldReleased,
    ];
}

impl Kind {
    /// The kind whose `type` this is.
    #[must_use]
    pub fn find(event_type: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.event_type() == event_type)
    }

    /// The newest version of the event's facts: the one in which the feed tells them.
    #[must_use]
    pub fn version(self) -> i16 {
        let types = CaseEvent::TYPES.iter().chain(PersonEvent::TYPES);
        let known = types.copied().find(|(name, _)| *name == self.name());
        known.map_or(1, |(_, version)| version)
    }

    /// Names the form of the event's facts: a change that old readers cannot read has another name.
    #[must_use]
    pub fn schema(self) -> String {
        format!("urn:throughline:schema:{}:{}", self.name(), self.version())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_type_and_by_nothing_else() {
        for kind in Kind::ALL {
            assert_eq!(Kind::find(kind.event_type()), Some(*kind));
            assert_eq!(Kind::find(kind.name()), None);
        }
    }

    #[test]
    fn every_stored_type_is_told_or_withheld_on_purpose() {
        let told = |name: &&str| Kind::ALL.iter().any(|kind| kind.name() == *name);
        let names = CaseEvent::TYPES.iter().chain(PersonEvent::TYPES).map(|(name, _)| *name);
        let withheld: Vec<&str> = names.filter(|name| !told(name)).collect();
        assert_eq!(
            withheld,
            [
                "SafeContactPlanSet",
                "ContactHeld",
                "ContactHoldLifted",
                "LinkedInformationReceived",
                "PersonRegistered",
                "LegalHoldPlaced",
                "LegalHoldReleased"
            ]
        );
    }
}
