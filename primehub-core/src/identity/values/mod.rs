//! What a Keycloak realm that is set up for PrimeHub accepts, decided before anything is sent.
//!
//! Every [`IdentityStore`](super::IdentityStore) of such a realm asks here, so that all of them refuse the same values with the same
//! words. It has to be decided here: the server answers some of what it cannot keep with an internal error, drops some in silence, and
//! accepts some that nobody can use, such as a role without a name.
//!
//! *Set up* means a user profile that keeps undeclared attributes for administrators alone, declares [`DECLARED_USER_ATTRIBUTES`] with one
//! value each, and lets usernames be short. What a name of a user may look like is settled by [`UserName`](crate::names::UserName).
//!
//! Lengths count as the server counts them: a character outside the basic plane, such as an emoji, counts as two.
//!
//! Values that are stored already are never checked: a realm may hold anything.

mod attributes;
mod mail;
mod texts;

pub use attributes::{
    DECLARED_USER_ATTRIBUTES, MAX_PREDEFINED_ENVS, check_group_attribute_edits, check_group_attributes,
    check_role_attributes, check_user_attribute_edits, check_user_attributes, without_blank,
};
pub use mail::settle_mail_settings;
pub(super) use texts::is_longer_than;
pub use texts::{
    MAX_TEXT, check_email, check_group_name, check_password, check_person_name, check_realm_edit,
    check_required_actions, check_role_name, check_text, is_blank,
};
