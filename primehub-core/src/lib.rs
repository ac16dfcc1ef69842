//! PrimeHub's types, decisions and seams, without any I/O.
//!
//! ```
//! use primehub_core::names::{GroupName, GroupPath};
//!
//! let name: GroupName = "Vision_Lab".parse()?;
//! assert_eq!(GroupPath::of(name.as_ref()).as_str(), "vision-lab");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`names`]: one type per kind of name, and the escaping rules that labels, roles and paths follow.
//! * [`quantity`]: exact Kubernetes quantities, and the platform's reading of `G`.
//! * [`identity`]: people, groups, roles and realm settings; the [`identity::Directory`] picture that is read, the
//!   [`identity::IdentityStore`] seam that is written, and the check of access tokens.
//! * [`access`]: who calls, what the caller may do, and which resources a group effectively has.
//! * [`clock`]: the one source of time.
//! * `crd`: the platform's objects in Kubernetes, as types and as definitions for a cluster. Behind the feature `crd`, which is on unless
//!   default features are off: the Kubernetes types are large, and no decision about people needs them. No client comes with them.
//!
//! The crates that stand in signatures are exported again: [`async_trait`] and [`futures`] for the seams, [`jiff`] for time, [`secrecy`] for
//! what must not be printed, [`serde_json`] for objects of any form; with `crd` also `kube`, `k8s_openapi` and `schemars`.
//!
//! Every decision here is a pure function of its arguments: no clock, no network, no randomness.

// What the signatures of this crate name. Whoever implements a seam needs the same versions.
pub use async_trait;
pub use futures;
pub use jiff;
#[cfg(feature = "crd")]
pub use k8s_openapi;
#[cfg(feature = "crd")]
pub use kube;
#[cfg(feature = "crd")]
pub use schemars;
pub use secrecy;
pub use serde_json;

pub mod access;
pub mod clock;
#[cfg(feature = "crd")]
pub mod crd;
pub mod identity;
pub mod names;
pub mod quantity;
