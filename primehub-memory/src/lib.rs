//! primehub-memory
