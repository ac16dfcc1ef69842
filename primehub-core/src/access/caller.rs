//! Who calls.

use std::sync::Arc;

use secrecy::SecretString;

use crate::identity::{Actor, Directory, User};
use crate::names::UserId;

/// Who makes a request, after authentication.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Caller {
    /// Nobody we know. May see the health of the server and nothing else.
    Anonymous,
    /// A person, or a client's service account, with a token of their own.
    Person(Person),
    /// A server that knows the shared secret: the notebook spawner, a controller.
    SharedSecret,
}

impl Caller {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Anonymous | Self::SharedSecret => None,
        }
    }

    /// Whether this was a platform administrator in the picture in which the caller was found. What the caller may do in another
    /// picture, [`Access`](super::Access) knows.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.person().is_some_and(|person| person.administrator)
    }

    /// The same caller as a newer picture shows them, or `None` if the account is gone or disabled there.
    #[must_use]
    pub fn again_in(&self, directory: &Directory) -> Option<Self> {
        match self {
            Self::Person(person) => person.again_in(directory).map(Self::Person),
            Self::Anonymous => Some(Self::Anonymous),
            Self::SharedSecret => Some(Self::SharedSecret),
        }
    }

    /// With whose rights the caller's writes go to the identity provider. An administrator's own; everybody else's right to do what they
    /// do is PrimeHub's (a group administrator has none at the provider), so the platform's account acts for them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Person(Person { user, administrator: true, token, .. }) => {
                Actor::Person { id: user.id.clone(), token: token.clone() }
            }
            Self::Person(Person { user, .. }) => Actor::Service { on_behalf_of: Some(user.id.clone()) },
            Self::Anonymous | Self::SharedSecret => Actor::service(),
        }
    }

    /// The role under which the caller appears in audit records and metrics.
    #[must_use]
    pub fn role(&self) -> &'static str {
        match self {
            Self::Anonymous => "NOT_AUTH",
            Self::Person(Person { administrator: true, .. }) => "ADMIN",
            Self::Person(_) => "USER",
            Self::SharedSecret => "CLIENT",
        }
    }
}

/// A caller with an account. The only way to one leads through a picture that shows the account enabled.
#[derive(Clone, Debug)]
pub struct Person {
    user: Arc<User>,
    token_is_administrators: bool,
    administrator: bool,
    token: SecretString,
}

impl Person {
    /// The person behind a checked token, or `None` if the account is gone or disabled: a token alone is not enough.
    ///
    /// `token_is_administrators` says whether the token carries the administrator role; the account must hold it as well.
    #[must_use]
    pub fn in_directory(
        directory: &Directory,
        id: &UserId,
        token_is_administrators: bool,
        token: SecretString,
    ) -> Option<Self> {
        let user = directory.user(id).filter(|user| user.enabled)?.clone();
        let administrator = token_is_administrators && directory.is_administrator(id);
        Some(Self { user, token_is_administrators, administrator, token })
    }

    /// The same person as a newer picture shows them, or `None` if the account is gone or disabled there.
    #[must_use]
    pub fn again_in(&self, directory: &Directory) -> Option<Self> {
        Self::in_directory(directory, &self.user.id, self.token_is_administrators, self.token.clone())
    }

    /// The account as it stood in the picture in which the person was found.
    #[must_use]
    pub fn user(&self) -> &Arc<User> {
        &self.user
    }

    /// The access token, for writes at the identity provider.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// Whether the token carried the administrator role *and* the account held it in the picture in which the person was found.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.administrator
    }

    /// The account in `directory`, unless it is gone or disabled there, and whether the person is a platform administrator there.
    pub(super) fn standing_in<'a>(&self, directory: &'a Directory) -> Option<(&'a Arc<User>, bool)> {
        let user = directory.user(&self.user.id).filter(|user| user.enabled)?;
        Some((user, self.token_is_administrators && directory.is_administrator(&user.id)))
    }
}
