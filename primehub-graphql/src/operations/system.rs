//! Changing the platform's settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use primehub_core::access::PlatformAdministrator;
use primehub_core::identity::{
    AttributeLimits, Conflict, Directory, GroupEdit, IdentityError, RealmEdit, SmtpEdit, SystemSettings,
    SystemSettingsEdit, attribute,
};

use super::group_list::existing_group;
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

/// How often an update is planned anew because somebody else was faster.
const ATTEMPTS: usize = 5;

/// Changes the platform's settings, and answers the picture that shows them.
///
/// They are kept in two places, the group of everyone and the realm. Everything is checked before the first write; if the second write fails,
/// the error says that the first one was made.
///
/// # Errors
/// A value that cannot be stored.
pub(crate) async fn update_system(
    request: &Request,
    _administrator: PlatformAdministrator,
    update: &SystemUpdate,
) -> Result<Arc<Directory>, ApiError> {
    let limits = request.store().capabilities().group_attributes;
    let mut steps = Steps::default();
    let mut attempts = ATTEMPTS;
    let realm = loop {
        let directory = request.directory();
        let (edit, realm) = plan(&directory, update, limits)?;
        if edit.attributes.is_empty() {
            break realm;
        }
        let outcome = request.store().edit_group(&request.actor(), directory.everyone_id(), edit).await;
        request.read_again();
        match outcome {
            // Somebody else has changed the name or the logo meanwhile: the login page must show both as they are now.
            Err(IdentityError::Conflict(Conflict::Expectation)) if attempts > 1 => attempts -= 1,
            outcome => {
                steps.record("organization, volume capacity and time zone", outcome)?;
                break realm;
            }
        }
    };
    if realm != RealmEdit::default() {
        let outcome = request.store().edit_realm(&request.actor(), realm).await;
        request.read_again();
        steps.record("login page and outgoing mail", outcome)?;
    }
    Ok(request.read_again())
}

/// The edits of both places.
fn plan(
    directory: &Directory,
    update: &SystemUpdate,
    limits: AttributeLimits,
) -> Result<(GroupEdit, RealmEdit), ApiError> {
    let everyone = existing_group(directory, directory.everyone_id())?;
    let stored = SystemSettings::of(&everyone.attributes);
    let attributes = update.settings.attributes()?;
    limits.check(&everyone.attributes, &attributes)?;
    let realm = RealmEdit { smtp: update.smtp.entries()?, ..update.settings.realm(&stored)? };
    let shown = [attribute::ORG_NAME, attribute::ORG_LOGO_URL];
    let expecting = if realm.display_name_html.is_keep() {
        BTreeMap::new()
    } else {
        shown.map(|name| (name.to_owned(), everyone.attributes.all(name).to_vec())).into()
    };
    Ok((GroupEdit { attributes, expecting }, realm))
}
