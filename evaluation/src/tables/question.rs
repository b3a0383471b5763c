//! What can be asked of a cohort: a document, tagged by the table's name.

use serde::{Deserialize, Serialize};

use super::agreement::Agreement;
use super::attrition::Attrition;
use super::combinations::Combinations;
use super::completeness::Completeness;
use super::contact_holds::ContactHolds;
use super::contacts::Contacts;
use super::incidents::Incidents;
use super::incidents_per_case::IncidentsPerCase;
use super::needs::Needs;
use super::outcome::Outcome;
use super::protection::{ChildProtection, ProtectiveOrders};
use super::referrals::Referrals;
use super::risk_over_time::RiskOverTime;
use super::rule::RuleShares;
use super::scores::Scores;
use super::trajectory::Trajectory;
use super::waiting::Waiting;
use super::work::{AgencyWork, Skills, Support};
use super::{Gathering, Table, Wrong, begin};
use crate::comparison::{self, Contrasting};

macro_rules! questions {
    ($($(#[$doc:meta])* $kind:ident($table:ty),)+) => {
        /// A question about a cohort.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "table", rename_all = "snake_case")]
        pub enum Question {
            $($(#[$doc])* $kind($table),)+
        }

        impl Question {
            /// Begins to answer.
            #[must_use]
            pub fn begin(&self) -> Box<dyn Gathering> {
                match self.clone() { $(Self::$kind(table) => begin(table),)+ }
            }

            /// Begins to answer on two sides.
            pub(crate) fn contrast(&self) -> Box<dyn Contrasting> {
                match self.clone() { $(Self::$kind(table) => comparison::begin(table),)+ }
            }

            /// What in it cannot be, each with its place; nothing where it can be answered.
            #[must_use]
            pub fn check(&self) -> Vec<Wrong> {
                match self { $(Self::$kind(table) => table.check(),)+ }
            }

            /// Whether its table names cases: it is then for whoever may read them.
            #[must_use]
            pub fn names_cases(&self) -> bool {
                match self { $(Self::$kind(table) => table.names_cases(),)+ }
            }
        }
    };
}

/// Whether tables may name cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// They may: who asks may read them.
    Allowed,
    /// They may not. An edition outlasts every case in it.
    Refused,
}

/// What in some questions cannot be, each with its place in a document whose member `questions` they
/// are.
#[must_use]
pub fn check(questions: &[Question], naming: Naming) -> Vec<Wrong> {
    let named = |question: &Question| {
        let is_refused = naming == Naming::Refused && question.names_cases();
        is_refused.then(|| Wrong::at("", "names cases, which is for whoever may read them"))
    };
    let wrong = questions.iter().enumerate().flat_map(|(n, question)| {
        question.check().into_iter().chain(named(question)).map(move |wrong| Wrong {
            pointer: format!("/questions/{n}{}", wrong.pointer),
            detail: wrong.detail,
        })
    });
    wrong.collect()
}

questions! {
    /// What became of the referrals.
    Referrals(Referrals),
    /// How far cases came, and why they ended.
    Attrition(Attrition),
    /// How long people waited.
    Waiting(Waiting),
    /// What a named rule says of the cases.
    Rule(RuleShares),
    /// Whether two rules or sources say the same.
    Agreement(Agreement),
    /// The attempts to reach people.
    Contacts(Contacts),
    /// Work with agencies.
    AgencyWork(AgencyWork),
    /// Support given.
    Support(Support),
    /// What people learnt from support.
    Skills(Skills),
    /// The needs that were identified.
    Needs(Needs),
    /// How many of several things a case has, and which together.
    Combinations(Combinations),
    /// Why people were not contacted for a time.
    ContactHolds(ContactHolds),
    /// Orders of courts and police.
    ProtectiveOrders(ProtectiveOrders),
    /// The protection of children.
    ChildProtection(ChildProtection),
    /// How complete the record is.
    Completeness(Completeness),
    /// Incidents before and after the referral, per person-year.
    Incidents(Incidents),
    /// How many incidents a case has.
    IncidentsPerCase(IncidentsPerCase),
    /// How risk went.
    Trajectory(Trajectory),
    /// How many cases stand at each level of risk, month by month from the referral.
    RiskOverTime(RiskOverTime),
    /// How a measure went between two stages.
    Outcome(Outcome),
    /// Numbers of two or more groups.
    Scores(Scores),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_measure_that_no_instrument_has_is_told_with_its_place() {
        let questions = json!([
            {"table": "outcome", "measure": "physical", "from": "intake", "to": "exit"},
            {"table": "outcome", "measure": "phyiscal", "from": "intake", "to": "exit"},
            {"table": "completeness", "measures": ["risk_level", "phyiscal"], "stages": ["exit"]},
            {"table": "scores", "measure": "phyiscal", "stage": "exit", "by": "role"},
            {"table": "scores", "measure": "age_years", "by": "role"},
        ]);
        let questions: Vec<Question> = serde_json::from_value(questions).unwrap();
        let wrong = check(&questions, Naming::Refused);
        let places: Vec<&str> = wrong.iter().map(|wrong| wrong.pointer.as_str()).collect();
        let expected = ["/questions/1/measure", "/questions/2/measures/1", "/questions/3/measure"];
        assert_eq!(places, expected);
    }
}
