//! What is asked of the running service once nothing breaks any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use throughline_log::{AppendSettings, EventLog, MasterKey, TenantNo, Verified};
use uuid::Uuid;

use crate::found::Found;
use crate::ledger::Ledger;
use crate::line::{Line, Reply};
use crate::postgres::Postgres;
use crate::random::Random;
use crate::violation::Violation;

/// How long the read models may take to catch up with the log.
const CATCH_UP_MAX: Duration = Duration::from_mins(2);
/// How many cases of a tenant are asked about.
const CASES: usize = 8;

/// Recomputes every tenant's chain.
pub(crate) async fn verify(postgres: &Postgres, tenants: &[i32]) -> Vec<Violation> {
    let pool = throughline_log::pool(postgres.config(), 2).unwrap();
    // The chain is over what is sealed, so that no key is needed.
    let log = EventLog::new(pool, MasterKey::random().unwrap(), AppendSettings::default());
    let mut wrong = Vec::new();
    for tenant in tenants {
        match log.verify(TenantNo(*tenant)).await {
            Ok(Verified::Holds { .. }) => {}
            other => {
                let found = format!("{other:?}");
                wrong.push(Violation::BrokenChain { tenant: *tenant, found });
            }
        }
    }
    wrong
}

/// Somebody who asks in a tenant.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) tenant: i32,
    pub(crate) worker: Line,
    pub(crate) operator: Line,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) random: Random,
}

impl Asking {
    /// Waits until the read models have caught up, and asks whether the stored present is the
    /// computed one.
    pub(crate) async fn about_the_present(mut self, found: &Found) {
        self.catch_up().await;
        let mut paths = vec!["/v1/caseloads".to_owned(), "/v1/caseloads/w-ann".to_owned()];
        let cases: Vec<Uuid> = found
            .streams
            .iter()
            .filter(|stream| stream.tenant == self.tenant && stream.kind == "case")
            .map(|stream| stream.id)
            .collect();
        for _ in 0..CASES {
            paths.push(format!("/v1/cases/{}/timeline", self.random.pick(&cases)));
        }
        for path in paths {
            if !self.is_the_same(&path).await {
                self.ledger.report(Violation::PresentDiffers { tenant: self.tenant, path });
            }
        }
    }

    async fn catch_up(&mut self) {
        let started = Instant::now();
        loop {
            let projections = self.ask_operator("/v1/projections").await;
            let projections = projections["projections"].as_array().unwrap();
            if projections.iter().any(|projection| projection["parked"] != 0) {
                self.ledger.report(Violation::Parked { tenant: self.tenant });
            }
            if projections.iter().all(|projection| projection["lag_events"] == 0) {
                return;
            }
            assert!(started.elapsed() < CATCH_UP_MAX, "read models trail: {projections:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ask_operator(&mut self, path: &str) -> Value {
        let reply = self.operator.read(path, None, &mut self.random).await;
        let reply = reply.expect("the service answers");
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }

    /// Whether a question has the same answer from the tables as from the log, which is asked when
    /// the dates are given.
    async fn is_the_same(&mut self, path: &str) -> bool {
        let present = self.ask(path).await;
        let date = |name: &str| present.body[name].as_str().unwrap().to_owned();
        let (as_of, known_at) = (date("as_of"), date("known_at"));
        let computed = self.ask(&format!("{path}?as_of={as_of}&known_at={known_at}")).await;
        // Not the link to the next page: it names the dates.
        ["cases", "totals", "entries", "periods"]
            .iter()
            .all(|member| present.body.get(member) == computed.body.get(member))
    }

    async fn ask(&mut self, path: &str) -> Reply {
        let reply = self.worker.read(path, None, &mut self.random).await;
        let reply = reply.expect("the service answers");
        assert_eq!(reply.status, 200, "{path} {reply:?}");
        reply
    }
}
