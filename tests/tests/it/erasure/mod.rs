//! Erasing a person over HTTP and from the command line, and what a restored backup makes of it.

mod private;
mod restored;
mod scan;
