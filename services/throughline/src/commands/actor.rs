//! Who acts on the command line, as the log and the audit are to say.

use std::env;

use throughline_domain::code::Code;

/// The role in which whoever has the command line acts.
pub(crate) const ROLE: &str = "operator";

/// The actor that was given, or the name of the account, or the role.
pub(crate) fn actor(given: Option<&Code>) -> String {
    let account = || env::var("USER").ok()?.parse::<Code>().ok();
    given.cloned().or_else(account).map_or_else(|| ROLE.to_owned(), |actor| actor.to_string())
}
