//! Passwords: hashed with argon2, away from the lock and from the threads that serve requests.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use primehub_core::identity::{IdentityError, User};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
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

    /// Whether a login may take that much: 1 GiB and 100 passes are more than anybody configures.
    fn is_bearable(self) -> bool {
        self.memory <= 1 << 20 && self.passes <= 100
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
pub(crate) struct PasswordHash {
    cost: PasswordCost,
    salt: [u8; SALT],
    hash: [u8; HASH],
}

/// The text form that all implementations of Argon2 share: `$argon2id$v=19$m=…,t=…,p=1$salt$hash`.
impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PasswordCost { memory, passes } = self.cost;
        let (salt, hash) = (STANDARD_NO_PAD.encode(self.salt), STANDARD_NO_PAD.encode(self.hash));
        write!(f, "$argon2id$v=19$m={memory},t={passes},p=1${salt}${hash}")
    }
}

/// A text is not a password hash of this store.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a password hash is written as $argon2id$v=19$m=…,t=…,p=1$salt$hash, with 16 bytes of salt and 32 of hash")]
pub(crate) struct InvalidPasswordHash;

impl FromStr for PasswordHash {
    type Err = InvalidPasswordHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (cost, secret) = text.strip_prefix("$argon2id$v=19$")?.split_once('$')?;
            let (salt, hash) = secret.split_once('$')?;
            let (memory, passes) = cost.strip_prefix("m=")?.strip_suffix(",p=1")?.split_once(",t=")?;
            let cost = PasswordCost { memory: memory.parse().ok()?, passes: passes.parse().ok()? };
            // Whatever cannot be computed would refuse every password.
            Params::new(cost.memory, cost.passes, 1, Some(HASH)).ok().filter(|_| cost.is_bearable())?;
            let salt = STANDARD_NO_PAD.decode(salt).ok()?.try_into().ok()?;
            let hash = STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?;
            Some(Self { cost, salt, hash })
        };
        read().ok_or(InvalidPasswordHash)
    }
}

impl Serialize for PasswordHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PasswordHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
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
    computed: AtomicU64,
}

impl PasswordHasher {
    pub(super) fn new(cost: PasswordCost) -> Self {
        Self { cost, permits: Arc::new(Semaphore::new(AT_A_TIME)), computed: AtomicU64::new(0) }
    }

    /// How many hashes were begun.
    pub(super) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
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
        self.computed.fetch_add(1, Ordering::Relaxed);
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
    async fn an_account_that_does_not_exist_costs_as_much_as_one_that_does() {
        let hasher = PasswordHasher::new(PasswordCost::lowest());
        let stored = hasher.hash(&secret("right")).await.unwrap();
        for stored in [Some(stored), None] {
            let before = hasher.computed();
            assert_eq!(hasher.verify(stored, &secret("wrong")).await, Ok(false));
            assert_eq!(hasher.computed(), before + 1);
        }
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
    async fn the_text_form_reads_back() {
        let stored = PasswordHasher::new(PasswordCost::keycloak()).hash(&secret("pw")).await.unwrap();
        let text = stored.to_string();
        assert!(text.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{text}");
        assert_eq!(text.parse(), Ok(stored));
        let (others, cut) = (["", "$argon2id$v=19$m=1,t=1,p=1$$", "pw"], &text[..text.len() - 1]);
        let costly = text.replace("t=5", "t=101");
        for other in others.into_iter().chain([cut, &costly, &text.replace("argon2id", "argon2i")]) {
            assert_eq!(other.parse::<PasswordHash>(), Err(InvalidPasswordHash), "{other}");
        }
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
