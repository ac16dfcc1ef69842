//! Pages for people: one look, two languages, no scripts.

mod layout;
mod texts;

pub(super) use layout::Pages;
pub(super) use texts::Texts;
