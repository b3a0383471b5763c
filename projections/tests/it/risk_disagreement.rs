//! Who sees risk differently: the tables and the fold give one answer.

use throughline_domain::case::CaseStatus;
use throughline_domain::code_lists::CaseRole;
use throughline_domain::two_clocks::Asked;
use throughline_projections::risk_disagreement::{
    Answer, Comparison, PageAnswer, PageQuestion, Pair, Question, fold, read, read_page,
};
use tokio_postgres::Client;

use crate::present_equals_past::{Histories, PLACE};

/// Pairs of assessors compared, and cases listed.
pub(crate) async fn assert_disagreements(client: &Client, histories: &Histories) -> [u64; 2] {
    let cases: Vec<Comparison> = histories
        .iter()
        .rev()
        .filter_map(|(id, history)| fold(*id, history, &Asked::LATEST))
        .collect();
    let all = Question { programme: None, role: None, area: None, status: None };
    let (mut compared, mut listed) = (0, 0);
    for question in [
        all,
        Question { programme: Some("mrp"), ..all },
        Question { role: Some(CaseRole::Perpetrator), area: Some("north"), ..all },
        Question { status: Some(CaseStatus::Open), ..all },
    ] {
        let figures = read(client, PLACE, question).await.unwrap();
        let mut answer = Answer::new(question);
        for case in &cases {
            answer.take(case);
        }
        assert_eq!(figures, answer.finish().unwrap(), "{question:?}");
        compared += figures.pairs.iter().map(Pair::cases).sum::<u64>();

        let (mut after, mut disagreements) = (None, 0);
        loop {
            let asked = PageQuestion { question, after, limit: 2 };
            let page = read_page(client, PLACE, asked).await.unwrap();
            let mut answer = PageAnswer::new(asked);
            for case in &cases {
                answer.take(case.clone());
            }
            assert_eq!(page, answer.finish(), "{asked:?}");
            disagreements += page.cases.len() as u64;
            after = page.cases.last().map(Comparison::page_key);
            if !page.more {
                break;
            }
        }
        assert_eq!(disagreements, figures.disagreements, "the list has what is counted");
        listed += disagreements;
    }
    [compared, listed]
}
