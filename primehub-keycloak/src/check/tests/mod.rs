//! What is said about what was seen.

mod fixtures;
mod reaching;
mod realm;
mod wire;
