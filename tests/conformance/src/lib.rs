//! What every [`IdentityStore`](primehub_core::identity::IdentityStore) has to do, as cases with names.
//!
//! A [`Case`] is a function on a [`Context`]: the store, and the hand of somebody else who changes the realm behind its back. Whatever
//! offers both is a [`Backend`]; [`MemoryBackend`] is the one in memory. [`run`] makes each case a trial of its own.
//!
//! The cases share one realm and run beside each other. Each makes its own objects under its own names and counts nothing that is not its
//! own; the few that change the realm as a whole, or count everybody, run [alone](Case::alone).

mod backend;
mod case;
mod cases;
mod check;
mod context;
mod coverage;
mod differences;
mod memory;
mod memory_hand;
mod recording;
mod runner;

pub use backend::{Backend, HandedUser, OtherHand};
pub use case::{Case, Failure};
pub use cases::all;
pub use context::Context;
pub use coverage::METHODS;
pub use differences::DIFFERENCES;
pub use memory::MemoryBackend;
pub use recording::Recording;
pub use runner::{Conformance, Summary, run};
