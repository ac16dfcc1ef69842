//! Changing the platform's settings.

use std::sync::Arc;

use primehub_core::access::PlatformAdministrator;
use primehub_core::identity::{
    AttributeEdits, Directory, GroupEdit, RealmEdit, SmtpEdit, SystemSettings, SystemSettingsEdit, check_lengths,
};

use super::group::absent;
use super::steps::Steps;
use crate::error::ApiError;
use crate::request::Request;

/// What a client wants to change about the platform.
#[derive(Clone, Debug, Default)]
pub(crate) struct SystemUpdate {
    /// Organization, volumes, time zone.
    pub(crate) settings: SystemSettingsEdit,
    /// Outgoing mail.
    pub(crate) smtp: SmtpEdit,
}

/// Changes the platform's settings, and answers the picture that shows them.
///
/// They are kept in two places, the group of everyone and the realm. Everything is checked before the first write; if the second write fails,
/// the error says that the first one was made.
///
/// # Errors
/// A value that cannot be stored.
pub(crate) async fn update_system(
    request: &Request,
    _: &PlatformAdministrator,
    update: &SystemUpdate,
) -> Result<Arc<Directory>, ApiError> {
    let directory = request.directory();
    let limit = request.store().capabilities().group_attribute_length;
    let (attributes, realm) = plan(&directory, update, limit)?;
    let mut steps = Steps::default();
    if !attributes.is_empty() {
        let edit = GroupEdit { attributes, ..GroupEdit::default() };
        let outcome = request.store().edit_group(&request.actor(), directory.everyone_id(), edit).await;
        request.read_again();
        steps.record("organization, volume capacity and time zone", outcome)?;
    }
    if realm != RealmEdit::default() {
        let outcome = request.store().edit_realm(&request.actor(), realm).await;
        request.read_again();
        steps.record("login page and outgoing mail", outcome)?;
    }
    Ok(request.read_again())
}

/// The edits of both places.
fn plan(directory: &Directory, update: &SystemUpdate, limit: usize) -> Result<(AttributeEdits, RealmEdit), ApiError> {
    let everyone = directory.everyone().ok_or_else(|| absent(directory.everyone_id()))?;
    let stored = SystemSettings::of(&everyone.attributes);
    let attributes = update.settings.attributes()?;
    check_lengths(&attributes, limit)?;
    let realm = RealmEdit { smtp: update.smtp.entries()?, ..update.settings.realm(&stored)? };
    Ok((attributes, realm))
}
