//! The picture of a realm, and how it follows Keycloak: one complete reading, and then what changes.

mod draft;
mod journal;
mod locks;
mod mirror;
mod picture;
mod rows;
mod target;

pub(crate) use draft::Draft;
pub(crate) use locks::KeysGuard;
pub(crate) use mirror::{Mirror, Running};
pub(crate) use picture::Facts;
