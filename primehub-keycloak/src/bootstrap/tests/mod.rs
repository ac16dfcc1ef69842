//! Plans, in tables: what is there, and what is done about it.

mod existing;
mod fixtures;
mod fresh;
mod last_step;
mod profiles;
mod wire;
