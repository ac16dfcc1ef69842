//! The picture of a realm, and how it follows Keycloak: one complete reading, and then what changes.

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

pub(crate) use follow::Running;
pub(crate) use handle::Mirror;
pub(crate) use metrics::MirrorMetrics;
