//! What every Kubernetes API has to answer, as cases with names.
//!
//! A [`Case`] is a function on a [`Cluster`]: a [`kube::Client`] and what a case needs besides, such as namespaces of its own. The answers
//! are those of a real kube-apiserver: each case was recorded there first. [`trials`] makes each case a trial of its own, [`run`] runs them
//! for a program.
//!
//! The cases share one API and run beside each other. Each works in namespaces of its own, gives objects outside of them unique names and
//! counts nothing that is not its own. They need the deletion of namespaces and garbage collection, but no other controllers; those of a
//! complete cluster do not disturb them.

mod answer;
mod call;
mod case;
mod cases;
mod check;
mod cluster;
mod definition;
mod runner;
mod watch;

pub use answer::Answer;
pub use call::{APPLY, Call, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH};
pub use case::{Case, Failure};
pub use cases::cases;
pub use cluster::Cluster;
pub use definition::Definition;
pub use kube;
pub use runner::{AT_ONCE, Summary, run, trials};
pub use watch::Watch;
