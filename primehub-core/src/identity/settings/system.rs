//! The platform's settings, kept as attributes of the group `everyone`.

use super::attribute;
use super::stored::{integer, value};
use super::timezone::{self, Timezone};
use super::{AttributeLimits, display_name_html};
use crate::identity::{AttributeEdits, Attributes, Edit, IdentityError, RealmEdit};
use crate::quantity::CapacityG;

/// What applies to the platform as a whole, as stored.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SystemSettings {
    /// Name of the organization, not empty; [`SystemSettings::org_name`] knows what is shown without one.
    pub stored_org_name: Option<String>,
    /// The organization's logo.
    pub logo: Option<Logo>,
    /// Size of a home volume when neither user nor group says otherwise.
    pub default_user_volume_capacity: Option<CapacityG>,
    /// Name of the chosen time zone, as stored.
    pub stored_timezone: Option<String>,
}

/// An image that stands for the organization.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Logo {
    /// Media type.
    pub content_type: Option<String>,
    /// File name.
    pub name: Option<String>,
    /// Size in bytes.
    pub size: Option<i64>,
    /// Address, also `data:image/…`.
    pub url: Option<String>,
}

impl SystemSettings {
    /// Reads the attributes of the group `everyone`. Never fails: what is malformed or empty reads as absent.
    #[must_use]
    pub fn of(everyone: &Attributes) -> Self {
        let text = |name| everyone.first(name).filter(|text: &&str| !text.is_empty()).map(str::to_owned);
        let logo = Logo {
            content_type: text(attribute::ORG_LOGO_CONTENT_TYPE),
            name: text(attribute::ORG_LOGO_NAME),
            size: everyone.first(attribute::ORG_LOGO_SIZE).and_then(integer),
            url: text(attribute::ORG_LOGO_URL),
        };
        Self {
            stored_org_name: text(attribute::ORG_NAME),
            logo: (logo != Logo::default()).then_some(logo),
            default_user_volume_capacity: everyone.first(attribute::DEFAULT_USER_VOLUME_CAPACITY).and_then(value),
            stored_timezone: text(attribute::TIMEZONE).or_else(|| text(attribute::LEGACY_TIMEZONE)),
        }
    }

    /// The name of the organization to show.
    #[must_use]
    pub fn org_name(&self) -> &str {
        self.stored_org_name.as_deref().unwrap_or(DEFAULT_ORG_NAME)
    }

    /// The time zone to show among the settings: `default` when none is stored, none when an unknown one is.
    #[must_use]
    pub fn timezone(&self, default: Timezone) -> Option<Timezone> {
        self.stored_timezone.as_deref().map_or(Some(default), timezone::find)
    }

    /// The time zone to work with: `default` unless a known one is stored.
    #[must_use]
    pub fn effective_timezone(&self, default: Timezone) -> Timezone {
        self.timezone(default).unwrap_or(default)
    }

    fn logo_url(&self) -> Option<&str> {
        self.logo.as_ref()?.url.as_deref()
    }
}

/// Name of the organization as long as nobody has given it one. Clients show it.
pub const DEFAULT_ORG_NAME: &str = "InfuseAI";

/// Edits of [`SystemSettings`]. Absent and empty texts, zero, and an unknown time zone leave what is stored; only an empty
/// [`LogoEdit::url`] takes the logo away.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SystemSettingsEdit {
    /// Name of the organization.
    pub org_name: Option<String>,
    /// The organization's logo.
    pub logo: LogoEdit,
    /// Size of a home volume.
    pub default_user_volume_capacity: Option<CapacityG>,
    /// Name of the time zone.
    pub timezone: Option<String>,
}

/// Edits of [`Logo`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LogoEdit {
    /// Media type.
    pub content_type: Option<String>,
    /// File name.
    pub name: Option<String>,
    /// Size in bytes.
    pub size: Option<i64>,
    /// Address. Empty removes the logo altogether.
    pub url: Option<String>,
}

impl SystemSettingsEdit {
    /// The edits of the attributes of the group `everyone`.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a negative number and for an address that [`display_name_html`] refuses.
    pub fn attributes(&self) -> Result<AttributeEdits, IdentityError> {
        display_name_html(None, self.logo.url.as_deref())?;
        let mut edits = AttributeEdits::default();
        if let Some(name) = given(self.org_name.as_ref()) {
            edits.set(attribute::ORG_NAME, name);
        }
        if self.logo.removes() {
            for name in LOGO {
                edits.clear(name);
            }
        } else {
            let texts = [
                (attribute::ORG_LOGO_CONTENT_TYPE, &self.logo.content_type),
                (attribute::ORG_LOGO_NAME, &self.logo.name),
                (attribute::ORG_LOGO_URL, &self.logo.url),
            ];
            for (name, text) in texts {
                if let Some(text) = given(text.as_ref()) {
                    edits.set(name, text);
                }
            }
            if let Some(size) = positive(self.logo.size, attribute::ORG_LOGO_SIZE)? {
                edits.set(attribute::ORG_LOGO_SIZE, size.to_string());
            }
        }
        if let Some(size) = positive(self.default_user_volume_capacity, attribute::DEFAULT_USER_VOLUME_CAPACITY)? {
            edits.set(attribute::DEFAULT_USER_VOLUME_CAPACITY, size.to_string());
        }
        if let Some(zone) = self.timezone.as_deref().and_then(timezone::find) {
            edits.set(attribute::TIMEZONE, zone.name);
        }
        Ok(edits)
    }

    /// What the login page shows afterwards. An edit that touches neither name nor logo leaves it alone; one of the name alone renews the
    /// stored logo's alternative text, and leaves a page alone that shows no logo of ours.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for an address that [`display_name_html`] refuses, and for a name that the realm cannot hold.
    pub fn realm(&self, stored: &SystemSettings) -> Result<RealmEdit, IdentityError> {
        let name = given(self.org_name.as_ref());
        let mut edit = RealmEdit::default();
        if let Some(name) = name {
            let mut own = AttributeEdits::default();
            own.set(attribute::ORG_NAME, name);
            AttributeLimits::of_length(LONGEST_DISPLAY_NAME).check(&Attributes::default(), &own)?;
            edit.display_name = Edit::Set(name.to_owned());
        }
        let shown = name.or(stored.stored_org_name.as_deref());
        edit.display_name_html = if self.logo.url.is_some() {
            Edit::Set(display_name_html(shown, self.logo.url.as_deref())?)
        } else if name.is_some() {
            // A stored address from elsewhere may be unacceptable; that is no reason to refuse a name.
            stored.logo_url().and_then(|url| display_name_html(shown, Some(url)).ok()).map_or(Edit::Keep, Edit::Set)
        } else {
            Edit::Keep
        };
        Ok(edit)
    }
}

impl LogoEdit {
    fn removes(&self) -> bool {
        self.url.as_deref() == Some("")
    }
}

/// Keycloak answers a longer name of a realm with an internal error.
const LONGEST_DISPLAY_NAME: usize = 255;

const LOGO: [&str; 4] =
    [attribute::ORG_LOGO_CONTENT_TYPE, attribute::ORG_LOGO_NAME, attribute::ORG_LOGO_SIZE, attribute::ORG_LOGO_URL];

fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// What is stored of a number: nothing for zero.
///
/// # Errors
/// A negative one.
fn positive<T: Default + Ord>(number: Option<T>, name: &str) -> Result<Option<T>, IdentityError> {
    match number {
        Some(number) if number < T::default() => Err(IdentityError::Invalid {
            field: attribute::field(name).to_owned(),
            reason: "must not be negative".to_owned(),
        }),
        number => Ok(number.filter(|number| *number != T::default())),
    }
}

#[cfg(test)]
mod tests;
