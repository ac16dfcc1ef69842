//! The seam: where people, groups, roles and realm settings live.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    AttributeLimits, Binding, Directory, Group, GroupEdit, IdentityError, Invitation, InvitationId, NewGroup,
    NewInvitation, NewPassword, NewUser, Realm, RealmEdit, RequiredActionsEmail, Role, RoleKey, User, UserEdit,
};
use crate::names::{GroupId, UserId};

/// Users, groups, roles and realm settings, wherever they live.
///
/// * **Reads are synchronous on one immutable picture**, [`IdentityStore::directory`]. A caller takes it once and reads it as often as
///   it likes: the answers fit together and cost no call to the provider.
/// * **Writes are field-wise**, so that edits of different fields commute, and return once `directory()` shows them.
/// * **A failed write has changed nothing**, unless the error is [`IdentityError::OutcomeUnknown`] or [`IdentityError::Partial`].
/// * Whether the caller *may* do something for PrimeHub is decided before ([`crate::access`]). A store checks only that the acting
///   account has the rights that the provider itself asks for.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdentityStore: Send + Sync + 'static {
    /// The present picture. Cheap; never waits.
    fn directory(&self) -> Arc<Directory>;

    /// How far the picture can be trusted.
    fn freshness(&self) -> Freshness;

    /// What this store can do and how much fits into a value.
    fn capabilities(&self) -> Capabilities;

    /// What has been touched after `since`, and then whatever is touched from now on. A reader that cannot be served from there, or is
    /// too slow, gets [`Change::ReadAgain`]. `None` starts now.
    fn changes(&self, since: Option<Revision>) -> BoxStream<'static, Change>;

    /// Makes sure that the picture is at least as new as this call for `keys`. Bounded, and shared among simultaneous callers.
    ///
    /// # Errors
    /// [`IdentityError::Unavailable`]. A key that does not exist is no error.
    async fn refresh(&self, keys: &[Key]) -> Result<Revision, IdentityError>;

    /// Creates a user.
    ///
    /// # Errors
    /// A taken username or e-mail, a value that does not fit, the limit.
    async fn create_user(&self, by: &Actor, new: NewUser) -> Result<Written<Arc<User>>, IdentityError>;

    /// Changes what `edit` names and keeps the rest.
    ///
    /// # Errors
    /// An absent user, a taken username or e-mail, a value that does not fit.
    async fn edit_user(&self, by: &Actor, id: &UserId, edit: UserEdit) -> Result<Written<Arc<User>>, IdentityError>;

    /// Deletes a user with memberships, role grants, sessions and API tokens. Answers what was deleted.
    ///
    /// # Errors
    /// An absent user.
    async fn delete_user(&self, by: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError>;

    /// Sets a password.
    ///
    /// # Errors
    /// An absent user, an empty password.
    async fn set_password(&self, by: &Actor, id: &UserId, password: NewPassword) -> Result<(), IdentityError>;

    /// Takes away the one-time-password generators of a user; none registered is no error.
    ///
    /// # Errors
    /// An absent user.
    async fn remove_one_time_passwords(&self, by: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError>;

    /// Sends a person an e-mail with things to do.
    ///
    /// # Errors
    /// An absent user, a user without e-mail (`Invalid` with field `email`), an unknown action, no working mail server (`Unavailable`).
    async fn send_required_actions(
        &self,
        by: &Actor,
        id: &UserId,
        email: RequiredActionsEmail,
    ) -> Result<(), IdentityError>;

    /// Creates a top-level group. Creations are serialized: of two names with the same path one wins.
    ///
    /// # Errors
    /// A taken name, a value that does not fit, the limit.
    async fn create_group(&self, by: &Actor, new: NewGroup) -> Result<Written<Arc<Group>>, IdentityError>;

    /// Changes the attributes that `edit` names and keeps the rest.
    ///
    /// # Errors
    /// An absent group, a value that does not fit, an expectation that no longer holds.
    async fn edit_group(&self, by: &Actor, id: &GroupId, edit: GroupEdit)
    -> Result<Written<Arc<Group>>, IdentityError>;

    /// Deletes a group with its nested groups, memberships and role grants. Answers what was deleted.
    ///
    /// # Errors
    /// An absent group.
    async fn delete_group(&self, by: &Actor, id: &GroupId) -> Result<Written<Arc<Group>>, IdentityError>;

    /// Carries out each binding, and says for each whether it changed something or why it failed: one failure does not stop the others.
    /// The answers stand in the order of `edits`. A binding that [cannot be](Binding::check_subject) fails before anything is looked up.
    ///
    /// # Errors
    /// Only what concerns the call as a whole: missing rights, an unavailable provider.
    async fn bind(&self, by: &Actor, edits: &[Binding]) -> Result<Vec<Outcome>, IdentityError>;

    /// Creates the realm role unless it exists.
    ///
    /// # Errors
    /// A name that does not fit.
    async fn ensure_role(&self, by: &Actor, role: Role) -> Result<Written<Applied>, IdentityError>;

    /// Deletes a realm role with its grants; an absent role is no error.
    ///
    /// # Errors
    /// The role of a client (`Unsupported`).
    async fn delete_role(&self, by: &Actor, role: &RoleKey) -> Result<Written<Applied>, IdentityError>;

    /// Changes the settings that `edit` names and keeps the rest.
    ///
    /// # Errors
    /// A value that does not fit.
    async fn edit_realm(&self, by: &Actor, edit: RealmEdit) -> Result<Written<Arc<Realm>>, IdentityError>;

    /// How many API tokens each user has. Asked for all of them together; costs as few calls as the provider allows. Unknown users are left
    /// out.
    ///
    /// # Errors
    /// [`IdentityError::Unavailable`].
    async fn api_token_counts(&self, users: &[UserId]) -> Result<BTreeMap<UserId, u32>, IdentityError>;

    /// Makes every API token of the user worthless; none is no error.
    ///
    /// # Errors
    /// An absent user.
    async fn revoke_api_tokens(&self, by: &Actor, user: &UserId) -> Result<Applied, IdentityError>;

    /// Stores an invitation, by the hash of its token, and throws expired ones away, so that they do not pile up. Also puts back one that
    /// was taken but could not be used.
    ///
    /// # Errors
    /// An absent group, the limit.
    async fn put_invitation(&self, by: &Actor, new: NewInvitation) -> Result<Written<()>, IdentityError>;

    /// Takes an invitation away; of simultaneous callers exactly one gets it.
    ///
    /// # Errors
    /// [`IdentityError::Absent`] for everybody else.
    async fn take_invitation(&self, by: &Actor, id: &InvitationId) -> Result<Written<Invitation>, IdentityError>;
}

/// On whose behalf, and with whose rights at the identity provider, a write is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Actor {
    /// The platform itself, or a person whose right to do this is PrimeHub's own (a group administrator, for example).
    Service {
        /// The person, if there is one, for the log.
        on_behalf_of: Option<UserId>,
    },
    /// A person with their own token: the rights and the audit of the identity provider decide.
    Person {
        /// Who it is.
        id: UserId,
        /// Their access token.
        token: SecretString,
    },
}

impl Actor {
    /// The platform itself, on nobody's behalf.
    #[must_use]
    pub fn service() -> Self {
        Self::Service { on_behalf_of: None }
    }
}

/// What a write left behind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written<T> {
    /// The object as stored now, or as it was before it was deleted.
    pub value: T,
    /// The first picture that shows it.
    pub revision: Revision,
}

/// Whether an idempotent write had something to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Applied {
    /// Something changed.
    Changed,
    /// It was so before.
    Unchanged,
}

/// What became of one binding.
pub type Outcome = Result<Applied, IdentityError>;

/// Number of a picture within one store; a larger one is newer.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Revision(pub u64);

/// What a change touched, or an error concerns.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Key {
    /// A user, with memberships and role grants.
    User(UserId),
    /// A group, with role grants.
    Group(GroupId),
    /// A role.
    Role(RoleKey),
    /// An invitation.
    Invitation(InvitationId),
    /// The realm's settings.
    Realm,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user {id}"),
            Self::Group(id) => write!(f, "group {id}"),
            Self::Role(key) => write!(f, "role {key}"),
            Self::Invitation(_) => f.write_str("the invitation"),
            Self::Realm => f.write_str("the realm"),
        }
    }
}

/// One entry of the change feed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// These keys look different in this picture, or are gone.
    Touched {
        /// The picture that shows it.
        revision: Revision,
        /// What was touched.
        keys: Vec<Key>,
    },
    /// The feed cannot say what happened: read the whole picture again.
    ReadAgain {
        /// The picture to read.
        revision: Revision,
    },
}

impl Change {
    /// The picture that the entry is about.
    #[must_use]
    pub fn revision(&self) -> Revision {
        match self {
            Self::Touched { revision, .. } | Self::ReadAgain { revision } => *revision,
        }
    }
}

/// How far a picture can be trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Freshness {
    /// It follows the provider.
    Live,
    /// The provider works but does not tell what changes, so that everything is read again every so often. Own writes show at once; what
    /// others change shows after a while. Trusted like [`Freshness::Live`]; operators are told.
    Delayed {
        /// How long a change made by others can remain unseen.
        by: Duration,
        /// Why, and what would help; for operators.
        cause: String,
    },
    /// The provider cannot be reached; the picture is as of then.
    Stale {
        /// When the picture was last known to be true.
        since: Timestamp,
        /// Why it is not any more.
        cause: String,
    },
    /// There is no picture yet.
    NotLoaded,
}

/// What a store can do.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Whether every write is refused with [`IdentityError::Unsupported`].
    pub read_only: bool,
    /// Whether a username can change.
    pub renames_users: bool,
    /// How much fits into the attributes of a group or role.
    pub group_attributes: AttributeLimits,
    /// How much fits into the attributes of a user. A store may allow more to the single attributes that it knows to be long.
    pub user_attributes: AttributeLimits,
}

impl Capabilities {
    /// A writable store with the limits of a stock Keycloak 26: 255 characters for a value of a group or role, 2,048 for a user's. The
    /// number of values and the size in all are limits of ours.
    #[must_use]
    pub fn keycloak() -> Self {
        Self {
            read_only: false,
            renames_users: true,
            group_attributes: AttributeLimits::of_length(255),
            user_attributes: AttributeLimits::of_length(2048),
        }
    }

    /// A store that can only be read.
    #[must_use]
    pub fn read_only() -> Self {
        Self { read_only: true, renames_users: false, ..Self::keycloak() }
    }
}
