//! What a log, or a service, must never do.

use std::fmt;

/// One promise that was broken. Commands are named by their number in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// An acknowledged command is not in the log.
    Lost { command: usize },
    /// A command is in the log more than once.
    Repeated { command: usize, times: usize },
    /// An acknowledged command is not where its caller was told it is, or not what was sent.
    Elsewhere { command: usize },
    /// A command that was refused is in the log.
    RefusedYetRecorded { command: usize, status: u16 },
    /// The log has an event that nobody of the tenant sent.
    NobodySent { tenant: i32, position: i64 },
    /// A tenant's positions are not 1, 2, 3 and so on.
    Gap { tenant: i32, position: i64 },
    /// An event was recorded no later than the one before it.
    TimeStandsStill { tenant: i32, position: i64 },
    /// A stream's versions are not 1, 2, 3 and so on.
    VersionGap { tenant: i32, position: i64 },
    /// An event's stream is not in the list of streams, or a stream has no event.
    NoStream { tenant: i32, stream_no: i64 },
    /// A stream has no key of its own.
    NoKey { tenant: i32, stream_no: i64 },
    /// Of a referral, the case is there without the person, or the person without the case.
    HalfReferral { tenant: i32, stream_no: i64 },
    /// The chain does not verify.
    BrokenChain { tenant: i32, found: String },
    /// A client read an older state than it had read, or been told of, before.
    WentBack { client: usize, what: &'static str, from: i64, to: i64 },
    /// A client read something that is not in the log.
    SeenAndGone { client: usize, position: i64 },
    /// A follower of the log was given a position too many, too few or out of order.
    FollowedWrongly { tenant: i32, after: i64, position: i64 },
    /// A follower did not come to the end of the log.
    NotFollowed { tenant: i32, after: i64 },
    /// A follower saw another event at a position than is there.
    FollowedAndGone { tenant: i32, position: i64 },
    /// A client that only uses what it was acknowledged is answered as if it were at fault, or as
    /// if the service were.
    Fault { client: usize, status: u16, path: String },
    /// A process ended that nobody had killed or told to stop.
    ServiceEnded { number: usize, status: String },
    /// The service did not come back in time after a fault.
    NotRecovered { after: &'static str },
    /// A question about the present has another answer when it is asked at the present's dates.
    PresentDiffers { tenant: i32, path: String },
    /// A case could not be folded.
    Parked { tenant: i32 },
    /// After a clean restart the log is another.
    ChangedByRestart { tenant: i32 },
    /// No command was acknowledged, so that nothing was shown.
    NothingDone,
    /// An answer of success does not say what it should.
    UnreadableAnswer { client: usize },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
