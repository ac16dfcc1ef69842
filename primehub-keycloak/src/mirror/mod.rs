//! The picture of a realm, and how it follows Keycloak: one complete reading, and then what changes.
//!
//! What it cannot show at once:
//!
//! * **That Keycloak is away.** Single calls fail for reasons that pass, so the picture counts as old only when no look at the events has been
//!   answered for three seconds. A platform that is to answer nothing from an old picture answers from it for that long.
//! * **Directories behind Keycloak** (LDAP, Active Directory). Keycloak records no event when it takes accounts over from one, changes them or
//!   drops them; they are found by complete readings, which are more frequent where there are such accounts. That there are shows by an
//!   account that was taken over, and by nothing else: a directory of which nobody has been taken over yet is not recognized. What Keycloak
//!   itself has not synchronized does not exist for the platform.
//! * **What has no event otherwise**: imports when Keycloak starts, a restored database, changes whose commit took longer than the overlap.

mod cursor;
mod draft;
mod events;
mod follow;
mod handle;
mod health;
mod journal;
mod keycloak;
mod locks;
mod metrics;
mod picture;
mod queue;
mod read;
mod rows;
mod snapshot;
mod source;
mod target;
#[cfg(test)]
mod tests;
mod warning;

pub(crate) use follow::Running;
pub(crate) use handle::Mirror;
pub(crate) use metrics::MirrorMetrics;
pub use warning::RealmWarning;
