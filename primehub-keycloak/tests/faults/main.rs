//! Faults that a real Keycloak does not show on demand, scripted: a server of the platform on a Keycloak that does what a test says, and what
//! clients see of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "whatever goes wrong here has to end the test; clippy knows only functions marked as tests"
)]

mod events;
mod house;
mod mail;
mod realm;
mod signer;
mod slow;
mod starting;
mod storms;
mod tokens;
