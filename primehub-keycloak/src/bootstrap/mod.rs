//! Setting up the realm of an installation: observe, plan, apply.

mod apply;
mod clients;
mod error;
mod login;
mod observe;
mod observed;
mod plan;
mod profile;
mod realm;
mod request;
mod run;
mod step;

pub(crate) use clients::{REALM_ADMIN, REALM_MANAGEMENT, RIGHTS};
pub use error::BootstrapError;
pub use login::AdminLogin;
pub(crate) use plan::EVERYONE;
pub(crate) use profile::{Harm, USERNAME, repair};
pub(crate) use realm::{EVENT_TYPES, Settings, duration};
pub use request::{BootstrapRequest, ClientRequest, FirstAdministrator, FirstGroup, Flags, SslRequired};
pub use run::{Bootstrap, DEFAULT_WAIT, Outcome};
pub use step::{Flag, Plan, Step, Verdict};

#[cfg(test)]
mod tests;
