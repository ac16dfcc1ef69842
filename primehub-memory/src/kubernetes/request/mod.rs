//! What a request asks for: from HTTP to something that can be decided on, and the form of the answer.

mod accept;
mod answer;
mod duration;
mod options;
mod route;

pub(crate) use accept::{Accept, check_representations, representable};
pub(crate) use answer::Answer;
pub use answer::Body;
pub(crate) use options::{FieldValidation, Options, Propagation};
pub(crate) use route::{Resource, Route, Verb, route};
