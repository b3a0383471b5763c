//! From when on the service says that it is not ready.

use throughline_api::health::ReadyLimits;

/// What `/readyz` goes by. The figures are those of the projection that is worst off, of all tenants.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_field_names, reason = "a flag says what it is about")]
pub(crate) struct ReadinessArguments {
    /// Events that a projection may trail by while the service is ready.
    #[arg(long, value_name = "N", env = "THROUGHLINE_READY_LAG_EVENTS_MAX",
          default_value_t = ReadyLimits::default().lag_events_max)]
    ready_lag_events_max: i64,

    /// Seconds that an event may wait for a projection while the service is ready.
    #[arg(long, value_name = "SECONDS", env = "THROUGHLINE_READY_LAG_SECONDS_MAX",
          default_value_t = ReadyLimits::default().lag_seconds_max)]
    ready_lag_seconds_max: u32,

    /// Cases of a tenant that a projection may have set aside while the service is ready.
    #[arg(long, value_name = "N", env = "THROUGHLINE_READY_PARKED_MAX",
          default_value_t = ReadyLimits::default().parked_cases_max)]
    ready_parked_max: u64,
}

impl ReadinessArguments {
    /// The limits, as the interface takes them.
    pub(crate) fn limits(&self) -> ReadyLimits {
        ReadyLimits {
            lag_events_max: self.ready_lag_events_max,
            lag_seconds_max: self.ready_lag_seconds_max,
            parked_cases_max: self.ready_parked_max,
        }
    }
}
