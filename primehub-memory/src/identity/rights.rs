//! What the provider itself asks for before a write.

use primehub_core::identity::{Actor, Directory, IdentityError, RoleKey};

/// Whether `by` may write. The platform may; a person must be there, be enabled and be an administrator in the present picture,
/// whatever the token says: rights that were taken away are gone at once.
///
/// # Errors
/// [`IdentityError::TokenNotAccepted`] for a person who is gone or disabled, [`IdentityError::Denied`] with the role that would have allowed it.
pub(super) fn check_rights(by: &Actor, directory: &Directory) -> Result<(), IdentityError> {
    let allowed = match by {
        Actor::Person { id, .. } if directory.user(id).is_some_and(|user| user.enabled) => {
            directory.is_administrator(id)
        }
        Actor::Person { .. } => return Err(IdentityError::TokenNotAccepted),
        Actor::Service { .. } => true,
        // An actor that is not known here has no rights here.
        _ => false,
    };
    if allowed {
        return Ok(());
    }
    let (RoleKey::Realm(missing) | RoleKey::Client { role: missing, .. }) = directory.administrator_role();
    Err(IdentityError::Denied { missing: missing.to_string() })
}
