//! What passes between linked cases, whatever is killed, stopped or done again.

mod killed;
mod place;
mod stuck;
