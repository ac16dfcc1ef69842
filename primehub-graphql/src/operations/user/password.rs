//! Passwords that somebody else sets.

use std::sync::Arc;

use primehub_core::access::PlatformAdministrator;
use primehub_core::identity::NewPassword;
use primehub_core::names::UserId;
use secrecy::ExposeSecret as _;

use super::rules::existing_user;
use crate::error::ApiError;
use crate::request::Request;

/// Gives a user a password.
///
/// # Errors
/// An unknown user, an empty password.
pub(crate) async fn reset_password(
    request: Arc<Request>,
    _administrator: PlatformAdministrator,
    id: UserId,
    password: NewPassword,
) -> Result<UserId, ApiError> {
    existing_user(&request.directory(), &id)?;
    if password.value.expose_secret().is_empty() {
        return Err(ApiError::invalid("password", "must not be empty"));
    }
    let outcome = request.store().set_password(&request.actor(), &id, password).await;
    request.read_again();
    outcome?;
    Ok(id)
}
