//! The platform as a whole: organization, mail, time zone, entitlement.

mod input;
mod node;
mod root;

#[cfg(test)]
mod tests;

pub(crate) use root::{SystemMutation, SystemQuery};
