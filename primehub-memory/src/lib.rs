//! Embedded backends for PrimeHub: everything that otherwise needs a service of its own, in memory and in this process.
//!
//! They are peers of the real ones: the same conflicts, limits and answers, so that what works here works there.
//!
//! ```
//! use primehub_core::identity::{Actor, Binding, IdentityStore as _, NewGroup, NewUser};
//! use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryIdentityStore::new(RealmSettings::new("primehub", "admin-ui"));
//! let by = Actor::service();
//! let group = store.create_group(&by, NewGroup::new("Vision_Lab".parse()?)).await?.value;
//! let user = store.create_user(&by, NewUser::new("amy".parse()?)).await?.value;
//! store.bind(&by, &[Binding::Join { user: user.id.clone(), group: group.id.clone() }]).await?;
//!
//! let directory = store.directory();
//! let groups: Vec<_> = directory.groups_of(&user.id).map(|group| &*group.name).collect();
//! assert_eq!(groups, ["Vision_Lab", "everyone"]);
//! # Ok(())
//! # }
//! ```
//!
//! * [`identity`]: people, groups, roles and realm settings; passwords, invitations and API tokens.
//! * [`demo`]: people and groups to try PrimeHub with.
//! * [`oidc`]: the OpenID provider in front of them, with the paths, claims, lifetimes and errors of a Keycloak realm.
//! * [`persistence`]: a folder where records are kept, for what is to outlive the process.
//!
//! A store keeps nothing when the process ends, unless it was [opened](identity::MemoryIdentityStore::open) on a folder. [`primehub_core`] and [`axum`], which stand in signatures, are exported again.

// What the signatures of this crate name beside those of `primehub_core`.
pub use axum;
pub use primehub_core;

pub mod demo;
pub mod identity;
pub mod kubernetes;
pub mod oidc;
pub mod persistence;
mod random;
mod sessions;
