//! Names and passwords, wherever they are shown: in a form of a page, or to a client that passes them on.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::User;
use primehub_core::names::UserId;
use secrecy::SecretString;

use super::guard::Admission;
use super::provider::Inner;
use crate::identity::PasswordCheck;

/// Why nobody is logged in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LoginFailure {
    /// Unknown name, wrong password, or a name that waits after too many wrong ones: nobody learns which.
    WrongCredentials,
    /// Too many failures of one address, which has to wait that long.
    AddressWaits(Duration),
    /// More logins at once than are let wait, or the hashing of passwords does not work.
    Busy,
}

impl Inner {
    /// Whose name, or e-mail address, and password these are. The account may be disabled, or have something to do first.
    ///
    /// The answer to an unknown name takes as long as that to a wrong password. [`super::guard`] limits how often one may try.
    pub(super) async fn check_password(
        &self,
        username: &str,
        password: &SecretString,
        address: Option<IpAddr>,
    ) -> Result<Arc<User>, LoginFailure> {
        match self.store.account(username) {
            Some(user) => self.check_password_of(&user, password, address).await,
            None => self.compare(username, None, password, address).await,
        }
    }

    /// Whether this is the password of the account, by whichever of its names; the answer is the account as it is by then.
    pub(super) async fn check_password_of(
        &self,
        user: &User,
        password: &SecretString,
        address: Option<IpAddr>,
    ) -> Result<Arc<User>, LoginFailure> {
        self.compare(&user.username, Some(user.id.clone()), password, address).await
    }

    /// `name` is what attempts count for.
    async fn compare(
        &self,
        name: &str,
        id: Option<UserId>,
        password: &SecretString,
        address: Option<IpAddr>,
    ) -> Result<Arc<User>, LoginFailure> {
        let Ok(_waiting) = self.logins.try_acquire() else { return Err(LoginFailure::Busy) };
        let waits = match self.guard.admit(name, address) {
            Admission::Compare => false,
            Admission::NameWaits => true,
            Admission::AddressWaits(left) => return Err(LoginFailure::AddressWaits(left)),
        };
        // Also for a name that waits: a quick answer would tell that a name and an e-mail address are of one account.
        match self.store.verify_password_of(id, password).await {
            Ok(PasswordCheck::Correct(user)) if !waits => {
                self.guard.succeeded(name);
                Ok(user)
            }
            Ok(_) => {
                self.guard.failed(address);
                tracing::info!(client.address = address.map(tracing::field::display), "a login failed");
                Err(LoginFailure::WrongCredentials)
            }
            Err(error) => {
                tracing::error!(%error, "a password could not be compared");
                Err(LoginFailure::Busy)
            }
        }
    }
}
