//! Passwords: hashed with argon2, away from the lock and from the threads that serve requests.

use std::fmt;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use primehub_core::identity::{IdentityError, User};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

/// How many passwords are hashed at a time. Each takes megabytes and tens of milliseconds of a processor.
const AT_A_TIME: usize = 2;

const SALT: usize = 16;
const HASH: usize = 32;

/// What a login attempt showed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PasswordCheck {
    /// The password is that of this account, which may be disabled or have open required actions: that is for the caller to look at.
    Correct(Arc<User>),
    /// Unknown account, account without password, or wrong password: which one is not told, and takes the same time.
    Wrong,
}

/// What guessing a password costs: memory and passes of Argon2id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PasswordCost {
    memory: u32,
    passes: u32,
}

impl PasswordCost {
    /// What Keycloak uses: 7 MiB and five passes, tens of milliseconds.
    #[must_use]
    pub const fn keycloak() -> Self {
        Self { memory: 7_168, passes: 5 }
    }

    /// As little as Argon2id allows: for tests, never for the passwords of people.
    #[must_use]
    pub const fn lowest() -> Self {
        Self { memory: Params::MIN_M_COST, passes: Params::MIN_T_COST }
    }
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self::keycloak()
    }
}

/// A stored password. It carries its own cost, so that hashes of another cost still verify.
#[derive(Clone, Eq, PartialEq)]
pub(super) struct PasswordHash {
    cost: PasswordCost,
    salt: [u8; SALT],
    hash: [u8; HASH],
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// Hashes and compares passwords on threads for blocking work, a few at a time.
pub(super) struct PasswordHasher {
    cost: PasswordCost,
    permits: Arc<Semaphore>,
}

impl PasswordHasher {
    pub(super) fn new(cost: PasswordCost) -> Self {
        Self { cost, permits: Arc::new(Semaphore::new(AT_A_TIME)) }
    }

    /// Hashes a password with a new salt.
    pub(super) async fn hash(&self, password: &SecretString) -> Result<PasswordHash, IdentityError> {
        let mut salt = [0; SALT];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_| unavailable("no random numbers for a salt"))?;
        let (cost, password) = (self.cost, password.clone());
        let hash = self.run(move || digest(cost, &salt, &password)).await?;
        Ok(PasswordHash { cost, salt, hash })
    }

    /// Whether `password` is the stored one. Without a stored one the answer is no, after the same work.
    pub(super) async fn verify(
        &self,
        stored: Option<PasswordHash>,
        password: &SecretString,
    ) -> Result<bool, IdentityError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(PasswordHash { cost: self.cost, salt: [0; SALT], hash: [0; HASH] });
        let password = password.clone();
        let hash = self.run(move || digest(stored.cost, &stored.salt, &password)).await?;
        Ok(known & bool::from(hash.ct_eq(&stored.hash)))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<T, IdentityError> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|error| unavailable(&error.to_string()))?;
        // The work goes on when the caller gives up, so the permit goes with the work.
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| unavailable(&error.to_string()))?
    }
}

fn digest(cost: PasswordCost, salt: &[u8], password: &SecretString) -> Result<[u8; HASH], IdentityError> {
    let mut hash = [0; HASH];
    Params::new(cost.memory, cost.passes, 1, Some(HASH))
        .and_then(|params| {
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon2.hash_password_into(password.expose_secret().as_bytes(), salt, &mut hash)
        })
        .map_err(|error| unavailable(&error.to_string()))?;
    Ok(hash)
}

fn unavailable(cause: &str) -> IdentityError {
    IdentityError::Unavailable { cause: format!("a password could not be hashed: {cause}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_same_password_verifies() {
        let hasher = PasswordHasher::new(PasswordCost::lowest());
        let stored = hasher.hash(&secret("correct horse")).await.unwrap();
        for (password, correct) in
            [("correct horse", true), ("Correct horse", false), ("correct horse ", false), ("", false)]
        {
            assert_eq!(hasher.verify(Some(stored.clone()), &secret(password)).await, Ok(correct), "{password:?}");
        }
        assert_eq!(hasher.verify(None, &secret("correct horse")).await, Ok(false));
    }

    #[tokio::test]
    async fn equal_passwords_have_different_hashes_that_no_log_shows() {
        let hasher = PasswordHasher::new(PasswordCost::lowest());
        let one = hasher.hash(&secret("same")).await.unwrap();
        let other = hasher.hash(&secret("same")).await.unwrap();
        assert_ne!((one.salt, one.hash), (other.salt, other.hash));
        assert!(!format!("{one:?}").contains("salt"));
    }

    #[tokio::test]
    async fn a_hash_of_another_cost_still_verifies() {
        let cost = PasswordCost { passes: 2, ..PasswordCost::lowest() };
        let stored = PasswordHasher::new(cost).hash(&secret("old")).await.unwrap();
        let hasher = PasswordHasher::new(PasswordCost::lowest());
        assert_eq!(hasher.verify(Some(stored), &secret("old")).await, Ok(true));
    }

    /// The published test vector of the reference implementation: a hash made elsewhere would verify here.
    #[test]
    fn the_hash_is_argon2id() {
        let cost = PasswordCost { memory: 256, passes: 2 };
        let hash = digest(cost, b"somesalt", &secret("password")).unwrap();
        assert_eq!(hash[..8], [0x9d, 0xfe, 0xb9, 0x10, 0xe8, 0x0b, 0xad, 0x03]);
    }
}
