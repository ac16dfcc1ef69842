//! What the tests over HTTP, and the benches, stand on: a whole platform on a port of its own, people with tokens, and identity stores that
//! count calls or fail on demand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "whatever goes wrong here has to end the test"
)]
#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "everything here may panic, and tests use what they ask for"
)]

mod answer;
mod audit;
mod browser;
mod caller;
mod captured_log;
mod counted;
mod decorator;
mod flaky;
pub mod golden;
mod issuer;
mod platform;
pub mod schema;

pub use answer::Answer;
pub use audit::RecordedAudit;
pub use browser::{Browser, Button, Cookie, Cookies, Form, Page};
pub use caller::Caller;
pub use captured_log::CapturedLog;
pub use counted::Counted;
pub use flaky::Flaky;
pub use issuer::ObservedIssuer;
pub use platform::{ObservedStore, Options, Platform};
