//! Erasing a person over HTTP and from the command line, and what a restored backup makes of it.

mod asked;
mod command_line;
mod keys;
pub(crate) mod private;
mod restored;
pub(crate) mod scan;
