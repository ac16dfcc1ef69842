//! `primehub up --data-dir`: what survives which end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod full;
mod kill;
mod objects;
mod restart;
mod running;
mod transfer;
