//! The statistics of the tables: small functions, each checked against other programs' results.

pub mod mcnemar;
