//! Rebuilds while live: they give what following gives, whatever is killed, and nothing is switched
//! that is not as the log says.

mod comparing;
mod killed;
mod paused;
mod safety;
mod support;
mod sweeping;
mod switching;
mod walk;
