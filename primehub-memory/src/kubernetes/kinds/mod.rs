//! Which kinds of objects there are. A kind is data: nothing of what serves requests knows a single kind by name, but for the rules of
//! built-in kinds that a schema cannot express.

mod builtin;
pub(crate) mod definition;
mod definition_check;
pub mod json_path;
mod kind;
mod registry;

pub mod cells;
pub mod discovery;
pub mod openapi;

pub use builtin::{builtin, schema};
pub use kind::{Cell, Column, Conversion, Generation, Kind, Scope, Selectable, Storage, Subresource, Verbs};
pub use registry::Kinds;

#[cfg(test)]
mod definition_tests;
#[cfg(test)]
mod document_tests;
