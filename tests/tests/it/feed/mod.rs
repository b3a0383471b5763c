//! The feed: pages and streams of what was recorded.

mod ends;
mod envelope;
mod pages;
pub(crate) mod reader;
mod resuming;
mod secrets;
mod slow;
mod streams;
mod writers;
