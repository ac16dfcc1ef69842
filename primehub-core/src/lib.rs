//! primehub-core
