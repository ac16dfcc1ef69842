//! Bad input: each has its answer, changes nothing, and costs no more than it should.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod anything;
mod costly;
mod tokens;
mod values;
