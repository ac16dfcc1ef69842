//! Who calls, and what the caller may do.
//!
//! Rights are values: a function that changes a group takes a [`GroupAdministrator`], which only [`Access`] hands out. So a check cannot be
//! forgotten, only fail.

mod caller;
mod effective;
mod matrix;
mod proof;

pub use caller::{Caller, Person};
pub use effective::{EffectiveResource, effective_resources, resources_of_group};
pub use matrix::{Operation, Rule, rule};
pub use proof::{Access, Denied, GroupAdministrator, GroupReader, GroupView, PlatformAdministrator, UserView};

#[cfg(test)]
mod tests;
