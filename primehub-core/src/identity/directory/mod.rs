//! One consistent picture of people, groups, memberships, roles and realm settings.

mod changes;
mod people;
mod picture;
mod roles;
mod small_set;

pub use people::PeopleFilter;
pub use picture::Directory;

#[cfg(test)]
mod tests;
