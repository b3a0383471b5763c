//! The closed code lists, in the field's own terms.
//!
//! Each code is stored and exchanged as the text given here. A code is never renamed and never
//! removed, since events already carry it.
//!
//! Source: the evaluation reports, as gathered in the project's domain notes; counts there.

/// A closed list of codes.
pub trait CodeList: Sized + Copy + 'static {
    /// The list's name.
    const LIST: &'static str;
    /// Every code, in the list's own order.
    const ALL: &'static [Self];

    /// The code's text, as stored and exchanged.
    fn as_str(self) -> &'static str;

    /// Finds a code by its text.
    fn from_code(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

macro_rules! code_list {
    ($(#[$doc:meta])* $list:literal $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $variant,)+
        }

        impl CodeList for $name {
            const LIST: &'static str = $list;
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

code_list! {
    /// Whom a case is about.
    "case_role" CaseRole {
        VictimSurvivor = "victim_survivor",
        Perpetrator = "perpetrator",
        YoungPerson = "young_person",
    }
}

code_list! {
    /// Who referred. Shares of 400 referrals: Stepping Out report.
    "referral_source" ReferralSource {
        CouncilOrChildrensSocialCare = "council_or_childrens_social_care",
        SelfReferral = "self",
        Police = "police",
        ChildrensCentre = "childrens_centre",
        EarlyHelp = "early_help",
        Idva = "idva",
        College = "college",
        Voluntary = "voluntary",
        Marac = "marac",
        Probation = "probation",
        Housing = "housing",
        Health = "health",
        School = "school",
        Refuge = "refuge",
        MediumRiskWorker = "medium_risk_worker",
    }
}

code_list! {
    /// Why a referral was not taken on.
    "decline_reason" DeclineReason {
        NoCapacity = "no_capacity",
        DeclinedByPerson = "declined_by_person",
        CriteriaNotMet = "criteria_not_met",
        OutOfArea = "out_of_area",
        StaleList = "stale_list",
        IdentifiedAsPerpetrator = "identified_as_perpetrator",
        Duplicate = "duplicate",
        SupportedElsewhere = "supported_elsewhere",
    }
}

code_list! {
    /// How a person was, or was to be, reached.
    "contact_channel" ContactChannel {
        FaceToFace = "face_to_face",
        HomeVisit = "home_visit",
        Phone = "phone",
        Text = "text",
        Letter = "letter",
        Email = "email",
        PrisonVisit = "prison_visit",
        JointVisit = "joint_visit",
        Accompaniment = "accompaniment",
        Group = "group",
        Online = "online",
    }
}

code_list! {
    /// What came of an attempt. Only `reached` is a success.
    "contact_outcome" ContactOutcome {
        Reached = "reached",
        NoAnswer = "no_answer",
        LeftMessage = "left_message",
        MissedAppointment = "missed_appointment",
        Declined = "declined",
        ThirdPartyOnly = "third_party_only",
        AbandonedUnsafe = "abandoned_unsafe",
    }
}

code_list! {
    /// Who turned to whom.
    "contact_direction" ContactDirection {
        Outgoing = "outgoing",
        Incoming = "incoming",
    }
}

code_list! {
    /// How far a person has engaged. Source: MRP report, table 4.1.1.
    "engagement" Engagement {
        None = "none",
        Sporadic = "sporadic",
        Engaged = "engaged",
        EngagedElsewhere = "engaged_elsewhere",
    }
}

code_list! {
    /// Level of risk, lowest first.
    "risk_level" RiskLevel {
        Standard = "standard",
        Medium = "medium",
        High = "high",
    }
}

code_list! {
    /// What was answered to a question of a risk instrument, or why nothing was: the reasons of
    /// [`MissingReason`]. `dont_know` is an answer, and an instrument's rule may count it.
    "risk_answer" RiskAnswer {
        Yes = "yes",
        No = "no",
        DontKnow = "dont_know",
        NotAsked = "not_asked",
        Declined = "declined",
        UnknownToClient = "unknown_to_client",
        UnsafeToAsk = "unsafe_to_ask",
    }
}

impl RiskAnswer {
    /// Why there is no answer; `None` for an answer.
    #[must_use]
    pub fn missing(self) -> Option<MissingReason> {
        match self {
            Self::Yes | Self::No | Self::DontKnow => None,
            Self::NotAsked => Some(MissingReason::NotAsked),
            Self::Declined => Some(MissingReason::Declined),
            Self::UnknownToClient => Some(MissingReason::UnknownToClient),
            Self::UnsafeToAsk => Some(MissingReason::UnsafeToAsk),
        }
    }
}

code_list! {
    /// The person's own view of the level that was given.
    "own_view" OwnView {
        Agrees = "agrees",
        Disagrees = "disagrees",
        NotAsked = "not_asked",
    }
}

code_list! {
    /// Why a value is missing.
    "missing_reason" MissingReason {
        NotAsked = "not_asked",
        Declined = "declined",
        UnknownToClient = "unknown_to_client",
        UnsafeToAsk = "unsafe_to_ask",
    }
}

code_list! {
    /// Severity of one kind of abuse, lowest first. Source: Drive Year 1 report.
    "severity" Severity {
        None = "none",
        Standard = "standard",
        Moderate = "moderate",
        High = "high",
    }
}

code_list! {
    /// An agency that acts, is asked, or is referred to.
    "agency" Agency {
        Police = "police",
        ProbationNps = "probation_nps",
        ProbationCrc = "probation_crc",
        IdvaService = "idva_service",
        ChildrensSocialCare = "childrens_social_care",
        Housing = "housing",
        MentalHealth = "mental_health",
        SubstanceService = "substance_service",
        School = "school",
        GpHealth = "gp_health",
        Camhs = "camhs",
        Marac = "marac",
        Mappa = "mappa",
        Mash = "mash",
        Legal = "legal",
        Benefits = "benefits",
        Prison = "prison",
        FireAndRescue = "fire_and_rescue",
        VictimServices = "victim_services",
        Voluntary = "voluntary",
    }
}

code_list! {
    /// What an agency did, or was asked to do.
    "agency_action" AgencyAction {
        InformationRequest = "information_request",
        InformationShared = "information_shared",
        Chase = "chase",
        Escalation = "escalation",
        MaracReferral = "marac_referral",
        LicenceCondition = "licence_condition",
        JointMeeting = "joint_meeting",
        JointMonitoring = "joint_monitoring",
        ArrestOrRecall = "arrest_or_recall",
        WelfareCheck = "welfare_check",
        AddressFlag = "address_flag",
        ContactSafetyPlanning = "contact_safety_planning",
        InstitutionalAdvocacy = "institutional_advocacy",
        ChildSafeguarding = "child_safeguarding",
        ServiceAccess = "service_access",
        Commendation = "commendation",
    }
}

code_list! {
    /// Work with the person, or about them with others.
    "agency_work" AgencyWork {
        Direct = "direct",
        Indirect = "indirect",
    }
}

code_list! {
    /// What work with an agency was for.
    "agency_purpose" AgencyPurpose {
        Support = "support",
        Disruption = "disruption",
        Safeguarding = "safeguarding",
        InformationSharing = "information_sharing",
        Advocacy = "advocacy",
    }
}

code_list! {
    /// Why a case was closed.
    "closure_reason" ClosureReason {
        GoalsMet = "goals_met",
        RiskReducedSustained = "risk_reduced_sustained",
        TimeLimit = "time_limit",
        Disengaged = "disengaged",
        Declined = "declined",
        CriteriaChanged = "criteria_changed",
        MovedArea = "moved_area",
        Transferred = "transferred",
        SupportedElsewhere = "supported_elsewhere",
        NotTheVictim = "not_the_victim",
        Deceased = "deceased",
        Duplicate = "duplicate",
    }
}

code_list! {
    /// What a person needs help with.
    "need" Need {
        Housing = "housing",
        MentalHealth = "mental_health",
        PhysicalHealth = "physical_health",
        HealthyRelationships = "healthy_relationships",
        Parenting = "parenting",
        Drugs = "drugs",
        Alcohol = "alcohol",
        DebtFinance = "debt_finance",
        Employment = "employment",
        Education = "education",
        LegalProtectiveOrder = "legal_protective_order",
        Immigration = "immigration",
        ChildrenSupport = "children_support",
        HomeSecurity = "home_security",
    }
}

code_list! {
    /// The kind of support that was given.
    "support_kind" SupportKind {
        OneToOne = "one_to_one",
        Practical = "practical",
        GroupProgramme = "group_programme",
        Accompaniment = "accompaniment",
        SafetyMeasure = "safety_measure",
    }
}

code_list! {
    /// How far a person has come with a group programme.
    "support_status" SupportStatus {
        Offered = "offered",
        Waiting = "waiting",
        Started = "started",
        Completed = "completed",
        Left = "left",
    }
}

code_list! {
    /// What kind of incident was reported.
    "incident_kind" IncidentKind {
        DomesticIncident = "domestic_incident",
        Crime = "crime",
    }
}

code_list! {
    /// What the police did. Counts of 208 crimes: MRP report.
    "police_outcome" PoliceOutcome {
        NoFurtherAction = "no_further_action",
        ChargeOrSummons = "charge_or_summons",
        Dvpn = "dvpn",
        Undetected = "undetected",
        Caution = "caution",
    }
}

code_list! {
    /// A forum in which agencies meet about a person.
    "forum" Forum {
        Marac = "marac",
        Mappa = "mappa",
        Mash = "mash",
    }
}

code_list! {
    /// Why a case was referred to a forum.
    "forum_criterion" ForumCriterion {
        Judgement = "judgement",
        VisibleHighRisk = "visible_high_risk",
        Escalation = "escalation",
        Repeat = "repeat",
    }
}

code_list! {
    /// What came of a need.
    "need_outcome" NeedOutcome {
        Met = "met",
        PartlyMet = "partly_met",
        NotMet = "not_met",
        NoLongerNeeded = "no_longer_needed",
        Declined = "declined",
    }
}

code_list! {
    /// Whether a channel of contact is safe.
    "channel_safety" ChannelSafety {
        Safe = "safe",
        Unsafe = "unsafe",
        Conditions = "conditions",
    }
}

code_list! {
    /// A day of the week, from Monday on.
    "day_of_week" DayOfWeek {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }
}

code_list! {
    /// Why nobody is to turn to the person for now. Source: Drive Year 1 report.
    "contact_hold_reason" ContactHoldReason {
        PlannedOrPending = "planned_or_pending",
        OnHoldCjs = "on_hold_cjs",
        NotSafe = "not_safe",
    }
}

code_list! {
    /// Why somebody turned to the person although it was called unsafe.
    "contact_override_reason" ContactOverrideReason {
        ImmediateDanger = "immediate_danger",
        PersonAsked = "person_asked",
        PlanOutOfDate = "plan_out_of_date",
        AgreedWithManager = "agreed_with_manager",
        MadeInError = "made_in_error",
    }
}

code_list! {
    /// How far one item of a handover was done.
    "handover_item" HandoverItem {
        Done = "done",
        NotDone = "not_done",
        NotApplicable = "not_applicable",
    }
}

code_list! {
    /// Why a person must not be erased for now.
    "hold_reason" HoldReason {
        CourtOrder = "court_order",
        Investigation = "investigation",
        Inquest = "inquest",
        Complaint = "complaint",
        Other = "other",
    }
}

code_list! {
    /// Why a person was erased.
    "erasure_basis" ErasureBasis {
        Request = "request",
        Retention = "retention",
        CourtOrder = "court_order",
        Other = "other",
    }
}

code_list! {
    /// Why two cases were linked.
    "link_reason" LinkReason {
        PerpetratorAndVictimSurvivor = "perpetrator_and_victim_survivor",
        Family = "family",
        Household = "household",
        Other = "other",
    }
}

code_list! {
    /// Why a link between two cases ended.
    "link_end_reason" LinkEndReason {
        LinkedInError = "linked_in_error",
        NoLongerConnected = "no_longer_connected",
        WorkEnded = "work_ended",
        NotSafe = "not_safe",
        Other = "other",
    }
}

/// Every list by its name, with its codes in their order: what a code book tells, and what tells
/// one edition of the lists from another.
#[must_use]
pub fn all() -> Vec<(&'static str, Vec<&'static str>)> {
    fn of<L: CodeList>() -> (&'static str, Vec<&'static str>) {
        (L::LIST, L::ALL.iter().map(|code| code.as_str()).collect())
    }
    vec![
        of::<CaseRole>(),
        of::<ReferralSource>(),
        of::<DeclineReason>(),
        of::<ContactChannel>(),
        of::<ContactOutcome>(),
        of::<ContactDirection>(),
        of::<Engagement>(),
        of::<RiskLevel>(),
        of::<RiskAnswer>(),
        of::<OwnView>(),
        of::<MissingReason>(),
        of::<Severity>(),
        of::<Agency>(),
        of::<AgencyAction>(),
        of::<AgencyWork>(),
        of::<AgencyPurpose>(),
        of::<ClosureReason>(),
        of::<Need>(),
        of::<SupportKind>(),
        of::<SupportStatus>(),
        of::<IncidentKind>(),
        of::<PoliceOutcome>(),
        of::<Forum>(),
        of::<ForumCriterion>(),
        of::<NeedOutcome>(),
        of::<ChannelSafety>(),
        of::<DayOfWeek>(),
        of::<ContactHoldReason>(),
        of::<ContactOverrideReason>(),
        of::<HandoverItem>(),
        of::<HoldReason>(),
        of::<ErasureBasis>(),
        of::<LinkReason>(),
        of::<LinkEndReason>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_listed_once() {
        let mut names: Vec<&str> = all().into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        let defined = include_str!("code_lists.rs").matches("\ncode_list! {").count();
        assert_eq!(names.len(), defined);
    }

    #[test]
    fn a_code_reads_back_from_its_text() {
        for channel in ContactChannel::ALL {
            assert_eq!(ContactChannel::from_code(channel.as_str()), Some(*channel));
            let json = serde_json::to_string(channel).unwrap();
            assert_eq!(json, format!("\"{channel}\""));
        }
        assert_eq!(ContactChannel::from_code("pigeon"), None);
    }

    #[test]
    fn risk_levels_rise_from_standard_to_high() {
        assert!(RiskLevel::Standard < RiskLevel::Medium && RiskLevel::Medium < RiskLevel::High);
    }
}
