//! primehub
fn main() {}
