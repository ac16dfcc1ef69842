//! A new password that somebody has chosen.

use primehub_core::identity::{Actor, IdentityStore as _, NewPassword, User};
use secrecy::SecretString;

use super::visitor::{Visitor, not_kept};
use crate::identity::PasswordCheck;
use crate::oidc::pages::{Failure, PasswordProblem};

/// The fewest characters of a password that somebody chooses (NIST SP 800-63B). What administrators set is their affair.
const SHORTEST: usize = 8;

/// The most bytes. Nobody types more, and hashing must not be made to work for nothing.
const LONGEST: usize = 1_024;

impl Visitor {
    /// Takes the new password of the form, unless something is wrong with it.
    pub(super) async fn take_new_password(&self, user: &User) -> Result<Result<(), PasswordProblem>, Failure<'static>> {
        let field = |name: &str| self.parameters.get(name).unwrap_or_default();
        let (new, again) = (field("password-new"), field("password-confirm"));
        if let Err(problem) = check(new, again, &user.username) {
            return Ok(Err(problem));
        }
        let store = &self.inner().store;
        let password = SecretString::from(new);
        let Ok(_waiting) = self.inner().logins.try_acquire() else { return Err(Failure::Unavailable) };
        match store.verify_password_of(Some(user.id.clone()), &password).await {
            Ok(PasswordCheck::Wrong) => {}
            Ok(PasswordCheck::Correct(_)) => return Ok(Err(PasswordProblem::SameAsCurrent)),
            Err(error) => return Err(not_kept(&error)),
        }
        let by = Actor::service();
        store.set_password(&by, &user.id, NewPassword::lasting(password)).await.map_err(|error| not_kept(&error))?;
        tracing::info!(user.id = %user.id, "changed the own password");
        Ok(Ok(()))
    }
}

fn check(new: &str, again: &str, username: &str) -> Result<(), PasswordProblem> {
    if new.is_empty() {
        Err(PasswordProblem::Empty)
    } else if new.len() > LONGEST {
        Err(PasswordProblem::TooLong)
    } else if new != again {
        Err(PasswordProblem::Mismatch)
    } else if new.to_lowercase() == username.to_lowercase() {
        Err(PasswordProblem::SameAsUsername)
    } else if new.chars().count() < SHORTEST {
        Err(PasswordProblem::TooShort(SHORTEST))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::good("correct horse", "correct horse", Ok(()))]
    #[case::eight_letters("pässwört", "pässwört", Ok(()))]
    #[case::seven_letters("pässwör", "pässwör", Err(PasswordProblem::TooShort(8)))]
    #[case::none("", "", Err(PasswordProblem::Empty))]
    #[case::not_repeated("correct horse", "", Err(PasswordProblem::Mismatch))]
    #[case::repeated_otherwise("correct horse", "Correct horse", Err(PasswordProblem::Mismatch))]
    #[case::the_name("Wonderland", "Wonderland", Err(PasswordProblem::SameAsUsername))]
    fn passwords(#[case] new: &str, #[case] again: &str, #[case] expected: Result<(), PasswordProblem>) {
        assert_eq!(check(new, again, "wonderland"), expected);
    }

    #[test]
    fn a_password_has_an_end() {
        let longest = "x".repeat(LONGEST);
        assert_eq!(check(&longest, &longest, "amy"), Ok(()));
        let longer = format!("{longest}x");
        assert_eq!(check(&longer, &longer, "amy"), Err(PasswordProblem::TooLong));
    }
}
