//! Names and passwords, wherever they are shown: in a form of a page, or to a client that passes them on.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::{IdentityStore as _, User};
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
        let Ok(_waiting) = self.logins.try_acquire() else { return Err(LoginFailure::Busy) };
        let counted = self.counted_name(username);
        match self.guard.admit(&counted, address) {
            Admission::Compare => {}
            Admission::NameWaits => return Err(LoginFailure::WrongCredentials),
            Admission::AddressWaits(left) => return Err(LoginFailure::AddressWaits(left)),
        }
        match self.store.verify_password(username, password).await {
            Ok(PasswordCheck::Correct(user)) => {
                self.guard.succeeded(&counted);
                Ok(user)
            }
            Ok(PasswordCheck::Wrong) => {
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

    /// The name that attempts count for: an e-mail address is another spelling of the login name.
    fn counted_name(&self, username: &str) -> String {
        let name = username.to_lowercase();
        let directory = self.store.directory();
        directory.user_with_email(&name).map_or(name, |user| user.username.to_string())
    }
}
