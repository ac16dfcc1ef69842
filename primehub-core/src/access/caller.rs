//! Who calls.

use std::sync::Arc;

use secrecy::SecretString;

use crate::identity::{Actor, Directory, User};
use crate::names::UserId;

/// Who makes a request, after authentication.
#[derive(Clone, Debug)]
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

    /// Whether this is a platform administrator.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.person().is_some_and(|person| person.administrator)
    }

    /// With whose rights the caller's writes go to the identity provider. An administrator's own; everybody else's right to do what they
    /// do is PrimeHub's (a group administrator has none at the provider), so the platform's account acts for them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Person(Person { user, administrator: true, token }) => {
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

/// A caller with an account.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account as it stands in the picture that the request reads.
    pub user: Arc<User>,
    /// Whether the token carries the administrator role *and* the account holds it now.
    pub administrator: bool,
    /// The access token, for writes at the identity provider.
    pub token: SecretString,
}

impl Person {
    /// The person behind a checked token, or `None` if the account is gone or disabled: a token alone is not enough.
    #[must_use]
    pub fn in_directory(
        directory: &Directory,
        id: &UserId,
        token_is_administrators: bool,
        token: SecretString,
    ) -> Option<Self> {
        let user = directory.user(id).filter(|user| user.enabled)?.clone();
        let administrator = token_is_administrators && directory.is_administrator(id);
        Some(Self { user, administrator, token })
    }
}
