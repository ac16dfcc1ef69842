//! A process: its log, its signals, and serving until one of them says stop.

mod logging;
mod serving;
mod signals;

pub use logging::{LogFormat, log_to_standard_error};
pub use serving::{bind, serve};
pub use signals::{Stop, at_each, stop};
