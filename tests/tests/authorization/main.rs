//! Who may see and do what: every field of the schema, every kind of caller, in one golden table that checks itself.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod coverage;
mod object_fields;
mod outcome;
mod root_fields;
mod scene;
mod several_at_once;
mod table;
