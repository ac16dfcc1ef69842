//! The environment variables: one table, from which they are read and documented.

mod environment;
mod read;
mod reference;
mod table;
mod variable;

pub(crate) use environment::Environment;
pub use environment::{ConfigErrors, Problem};
pub(crate) use read::{Capacity, Wrong};
pub use reference::reference;
pub(crate) use table::*;
pub(crate) use variable::Setting;
pub use variable::{Standing, Unset, Variable};

/// All variables, in the order of the reference.
pub fn variables() -> impl Iterator<Item = &'static Variable> {
    SECTIONS.iter().flat_map(|section| section.variables).copied()
}
