//! The types of built-in kinds.

use std::sync::{Arc, LazyLock};

use super::Types;

/// Written by `cargo run -p schema-table`.
const TABLE: &str = include_str!("builtin.txt");

/// The types of built-in kinds: one graph, read when it is asked for the first time.
#[must_use]
pub fn types() -> &'static Arc<Types> {
    static TYPES: LazyLock<Arc<Types>> = LazyLock::new(|| Arc::new(Types::parse(TABLE).unwrap_or_default()));
    &TYPES
}
