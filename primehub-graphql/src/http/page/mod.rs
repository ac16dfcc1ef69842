//! Pages for people: one look, two languages, no scripts.

mod language;
mod layout;
mod texts;

pub(super) use language::Language;
pub(super) use layout::Pages;
pub(super) use texts::Texts;
