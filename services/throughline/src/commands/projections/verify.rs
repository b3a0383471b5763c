//! `throughline projections verify`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use throughline_api::projections::comparison::ComparisonAnswer;
use throughline_domain::code::Code;
use throughline_log::Tenant;
use throughline_projections::Projection;
use throughline_projector::operator::{Act, Action};
use throughline_projector::{Comparison, Sample, VerifyError, count_cases, verify};

use super::{ActingArguments, DIFFERS, named_or_all, projection, shown, tenants};
use crate::commands::progress::{Progress, Unit};
use crate::commands::with_log::{OpenLog, Sealed, with_log};

/// What `projections verify` is told.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArguments {
    /// Projections to verify. All of them when absent.
    #[arg(value_name = "NAME", value_parser = projection())]
    names: Vec<Projection>,

    /// Tenant whose rows are verified; may be given several times. All of them when absent.
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<Code>,

    /// Build to verify. The one that readers are answered from when absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    build: Option<i32>,

    /// How many cases, drawn at random.
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "all_cases")]
    sample: u32,

    /// Every case, and every row.
    #[arg(long)]
    all_cases: bool,

    /// Print a JSON object for each projection.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    acting: ActingArguments,
}

/// Verifies one projection after the other and prints what was found of each.
pub(super) async fn run(arguments: VerifyArguments) -> anyhow::Result<u8> {
    with_log(&arguments.acting.database, Sealed::Untouched, async |open: OpenLog| {
        let mut code = 0;
        for tenant in tenants(&open, &arguments.tenants).await? {
            for projection in named_or_all(&arguments.names) {
                let found = verify_one(&open, &arguments, &tenant, projection).await?;
                println!("{}", arguments.told(&tenant, projection, &found));
                if !found.is_equal() {
                    code = DIFFERS;
                }
            }
        }
        Ok(code)
    })
    .await
}

async fn verify_one(
    open: &OpenLog,
    arguments: &VerifyArguments,
    Tenant { tenant_no, .. }: &Tenant,
    projection: Projection,
) -> anyhow::Result<Comparison> {
    let (log, pool) = (&open.log, open.log.pool());
    let sample = if arguments.all_cases { Sample::All } else { Sample::Of(arguments.sample) };
    let checked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&checked);
    let cases = count_cases(&*pool.get().await?, *tenant_no).await?;
    let total = match sample {
        Sample::All => cases,
        Sample::Of(some) => cases.min(some.into()),
    };
    let progress =
        Progress::follow(Unit::Cases, Some(total), move || counted.load(Ordering::Relaxed));
    let build = arguments.build;
    let found = verify(log, pool, *tenant_no, projection, build, sample, checked).await;
    drop(progress);
    let act = Act { build, ..Act::on(Action::Verify, Some(projection)) };
    let mut client = pool.get().await?;
    let by = arguments.acting.operator(*tenant_no);
    // That there is no such build is written down too.
    let written = by.act(&mut client, act, async |_, act| {
        let found: Comparison = found?;
        act.build = Some(found.build);
        act.count = Some(found.differing_cases);
        Ok::<_, VerifyError>(found)
    });
    Ok(written.await?)
}

impl VerifyArguments {
    fn told(&self, tenant: &Tenant, projection: Projection, found: &Comparison) -> String {
        if self.json {
            let members = json!({
                "tenant": tenant.name,
                "projection": projection.name(),
                "equal": found.is_equal(),
                "comparison": ComparisonAnswer::of(found),
            });
            return members.to_string();
        }
        format!("{} {}: {}", tenant.name, projection.name(), shown::comparison(found))
    }
}
