//! What a backend brings along, so that the cases can run on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use primehub_core::identity::{Actor, Attributes, IdentityStore, RoleKey, Subject};
use primehub_core::names::{GroupId, UserId};
use secrecy::SecretString;

use crate::Failure;

/// A store with a realm behind it, as `primehub bootstrap` leaves it: the group of everyone, which new accounts join by themselves; no
/// outgoing mail; API tokens for everybody.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// The store under test; always the same one.
    fn store(&self) -> Arc<dyn IdentityStore>;

    /// Somebody else who changes the realm behind the store's back.
    fn hand(&self) -> Arc<dyn OtherHand>;

    /// A person with a token of their own who may do everything. No case takes that away.
    fn administrator(&self) -> Actor;

    /// A person with a token of their own and without any right.
    fn plain_person(&self) -> Actor;

    /// Logs a person in with name and password, past the store, and answers how they act then. `None` if the provider refuses: a wrong
    /// password, a disabled account, something to do first. The token must work at the provider's own API as far as the person's rights
    /// at that moment go, so that rights can be given and taken while it lives.
    async fn log_in(&self, username: &str, password: &SecretString) -> Result<Option<Actor>, Failure>;

    /// Until when a change of the other hand has to show.
    fn visible_within(&self) -> Duration {
        Duration::from_secs(2)
    }

    /// Cases that do not arise here, each with its reason: what they need, the backend cannot have. Such a case must fail with
    /// [`Failure::DoesNotArise`], and no other may.
    fn does_not_arise(&self) -> &'static [(&'static str, &'static str)];
}

/// A user as the other hand makes one.
#[derive(Clone, Debug, Default)]
pub struct HandedUser {
    /// Login name, in the case that the hand happens to write; the provider stores lower case.
    pub username: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether the address counts as verified.
    pub email_verified: bool,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// What the person has to do at the next login.
    pub required_actions: Vec<String>,
    /// First attributes.
    pub attributes: Attributes,
}

impl HandedUser {
    /// An enabled user without anything optional.
    #[must_use]
    pub fn named(username: impl Into<String>) -> Self {
        Self { username: username.into(), ..Self::default() }
    }
}

/// Somebody else who changes the realm, not through the store: at Keycloak, an administrator with the admin REST interface. The answer
/// comes once the change is made, whether or not the store shows it yet.
///
/// # Errors
/// All methods: [`Failure::DoesNotArise`] for what the backend cannot have, [`Failure::Broken`] when the hand itself does not succeed.
#[async_trait]
pub trait OtherHand: Send + Sync + 'static {
    /// Creates an enabled user.
    async fn create_user(&self, user: HandedUser) -> Result<UserId, Failure>;
    /// Deletes a user.
    async fn delete_user(&self, user: &UserId) -> Result<(), Failure>;
    /// Lets the account log in, or not.
    async fn set_enabled(&self, user: &UserId, enabled: bool) -> Result<(), Failure>;
    /// Gives the user another e-mail address and keeps everything else.
    async fn set_email(&self, user: &UserId, email: &str) -> Result<(), Failure>;
    /// Sets one attribute of the user and keeps everything else; no values remove it.
    async fn set_user_attribute(&self, user: &UserId, name: &str, values: &[&str]) -> Result<(), Failure>;
    /// Registers a one-time-password generator for the user.
    async fn add_one_time_password(&self, user: &UserId) -> Result<(), Failure>;

    /// Creates a group, nested in `parent` if there is one. The name may be any that the provider takes.
    async fn create_group(&self, name: &str, parent: Option<&GroupId>) -> Result<GroupId, Failure>;
    /// Deletes a group with everything in it.
    async fn delete_group(&self, group: &GroupId) -> Result<(), Failure>;
    /// Gives a group another name.
    async fn rename_group(&self, group: &GroupId, name: &str) -> Result<(), Failure>;
    /// Gives a group a description.
    async fn describe_group(&self, group: &GroupId, description: &str) -> Result<(), Failure>;
    /// Sets one attribute of the group, sense or nonsense, and keeps everything else; no values remove it.
    async fn set_group_attribute(&self, group: &GroupId, name: &str, values: &[&str]) -> Result<(), Failure>;

    /// Makes the user a member.
    async fn join(&self, user: &UserId, group: &GroupId) -> Result<(), Failure>;
    /// Ends a membership.
    async fn leave(&self, user: &UserId, group: &GroupId) -> Result<(), Failure>;
    /// Makes new accounts join the group by themselves.
    async fn add_default_group(&self, group: &GroupId) -> Result<(), Failure>;

    /// Creates a realm role that contains others, which may be roles of clients.
    async fn create_role(&self, name: &str, composites: &[RoleKey]) -> Result<(), Failure>;
    /// Deletes a realm role.
    async fn delete_role(&self, name: &str) -> Result<(), Failure>;
    /// Grants a role; users are granted the administrator role only.
    async fn grant(&self, to: &Subject, role: &RoleKey) -> Result<(), Failure>;
    /// Revokes what [`OtherHand::grant`] granted.
    async fn revoke(&self, from: &Subject, role: &RoleKey) -> Result<(), Failure>;

    /// Gives the realm another plain name.
    async fn set_display_name(&self, name: &str) -> Result<(), Failure>;

    /// Mail settings with which sending works.
    async fn working_mail_settings(&self) -> Result<BTreeMap<String, String>, Failure>;
    /// How many messages with things to do were sent to the address.
    async fn messages_to(&self, address: &str) -> Result<usize, Failure>;
    /// The password of outgoing mail as it is stored, not masked.
    async fn mail_password(&self) -> Result<Option<String>, Failure>;

    /// Makes an API token for the user, as a login that asks for one does.
    async fn issue_api_token(&self, user: &UserId) -> Result<SecretString, Failure>;
    /// Whether an API token still opens anything.
    async fn api_token_works(&self, token: &SecretString) -> Result<bool, Failure>;
    /// Stores an invitation the way the original PrimeHub did: as an attribute of the realm role `invitation`, with the token in clear.
    async fn put_original_invitation(&self, token: &str, into: &GroupId, expires_at: Timestamp) -> Result<(), Failure>;
}
