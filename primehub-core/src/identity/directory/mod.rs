//! One consistent picture of people, groups, memberships, roles and realm settings.

mod changes;
mod people;
mod picture;
mod roles;
mod small_set;
mod text_filter;

pub use people::PeopleFilter;
pub use picture::Directory;
pub use text_filter::{InvalidFilter, TextFilter};

#[cfg(test)]
mod tests;
