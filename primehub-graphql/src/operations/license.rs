//! How many people the licence allows.

use primehub_core::identity::{Directory, IdentityError};

use crate::config::License;
use crate::error::{ApiError, Code};

impl License {
    /// The most people, as the identity store counts them.
    pub(crate) fn most_users(&self) -> Option<u64> {
        self.max_users.map(u64::from)
    }

    /// Checks that one more person may be created. Creation itself counts again, so that parallel ones do not exceed the licence.
    ///
    /// # Errors
    /// [`Code::ExceedQuota`].
    pub(crate) fn admits_one_more_user(&self, directory: &Directory) -> Result<(), ApiError> {
        let full = self.most_users().is_some_and(|most| directory.people_count() as u64 >= most);
        if full { Err(too_many_users()) } else { Ok(()) }
    }
}

/// The error of creating a user: as everywhere, except that a reached limit is the licence's, with the text that clients show.
pub(crate) fn of_user_creation(error: IdentityError) -> ApiError {
    match error {
        IdentityError::LimitReached { .. } => too_many_users(),
        other => other.into(),
    }
}

fn too_many_users() -> ApiError {
    ApiError::new(Code::ExceedQuota, "Number of users exceeds license limitation.")
}
