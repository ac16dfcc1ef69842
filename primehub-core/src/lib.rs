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
//!
//! Every decision here is a pure function of its arguments: no clock, no network, no randomness.

pub mod access;
pub mod clock;
pub mod identity;
pub mod names;
pub mod quantity;
