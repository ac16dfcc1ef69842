//! What a user's attributes say.

use super::attribute::{self, field};
use super::stored::{integer, value};
use crate::identity::{AttributeEdits, Attributes, Edit, IdentityError};
use crate::quantity::CapacityG;

/// What PrimeHub keeps about a person beside the account itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct UserSettings {
    /// Size of the home volume; the group's or the platform's when absent.
    pub volume_capacity: Option<CapacityG>,
    /// Whether the person may invite others.
    pub enable_invite_users: bool,
    /// What the spawner remembers for the person. Opaque to everybody else.
    pub predefined_envs: Option<String>,
    /// When the person last read the announcements, in seconds since 1970.
    pub announcements_read_at: Option<i64>,
}

impl UserSettings {
    /// Reads a user's attributes. Never fails: what is malformed reads as absent.
    #[must_use]
    pub fn of(attributes: &Attributes) -> Self {
        Self {
            volume_capacity: attributes.first(attribute::VOLUME_CAPACITY).and_then(value),
            enable_invite_users: attributes.first(attribute::ENABLE_INVITE_USERS) == Some("true"),
            predefined_envs: attributes.first(attribute::PREDEFINED_ENVS).map(str::to_owned),
            announcements_read_at: attributes.first(attribute::ANNOUNCEMENTS_READ_AT).and_then(integer),
        }
    }
}

/// Edits of [`UserSettings`]. What is not named stays; zero, `false` and the empty text remove an attribute as `Clear` does.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UserSettingsEdit {
    /// Size of the home volume.
    pub volume_capacity: Edit<CapacityG>,
    /// Whether the person may invite others.
    pub enable_invite_users: Edit<bool>,
    /// What the spawner remembers.
    pub predefined_envs: Edit<String>,
}

impl UserSettingsEdit {
    /// The edits of the stored attributes. Whether they fit is for [`super::AttributeLimits`].
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a negative capacity.
    pub fn attributes(&self) -> Result<AttributeEdits, IdentityError> {
        if matches!(self.volume_capacity, Edit::Set(value) if value.gigabytes().is_negative()) {
            let field = field(attribute::VOLUME_CAPACITY).to_owned();
            return Err(IdentityError::Invalid { field, reason: "must not be negative".to_owned() });
        }
        let mut edits = AttributeEdits::default();
        let mut put = |name, edit: Edit<String>| match edit {
            Edit::Keep => {}
            Edit::Set(text) if !text.is_empty() => {
                edits.set(name, text);
            }
            Edit::Set(_) | Edit::Clear => {
                edits.clear(name);
            }
        };
        put(
            attribute::VOLUME_CAPACITY,
            self.volume_capacity
                .clone()
                .map(|value| if value == CapacityG::default() { String::new() } else { value.to_string() }),
        );
        put(
            attribute::ENABLE_INVITE_USERS,
            self.enable_invite_users.clone().map(|flag| if flag { "true".into() } else { String::new() }),
        );
        put(attribute::PREDEFINED_ENVS, self.predefined_envs.clone());
        Ok(edits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn stored(pairs: &[(&str, &str)]) -> Attributes {
        let mut attributes = Attributes::default();
        for (name, value) in pairs {
            attributes.set_one(*name, *value);
        }
        attributes
    }

    #[rstest]
    #[case::nothing(&[], UserSettings::default())]
    #[case::everything(
        &[("volumeCapacity", "20G"), ("enableInviteUsers", "true"), ("predefinedEnvs", "{}"), ("annLastReadTime", "1600000000")],
        UserSettings {
            volume_capacity: Some("20G".parse().unwrap()), enable_invite_users: true, predefined_envs: Some("{}".into()),
            announcements_read_at: Some(1_600_000_000),
        },
    )]
    #[case::malformed(
        &[("volumeCapacity", "lots"), ("enableInviteUsers", "yes"), ("annLastReadTime", "yesterday")],
        UserSettings::default(),
    )]
    #[case::no_digit_is_dropped(
        &[("volumeCapacity", "20")], UserSettings { volume_capacity: Some("20G".parse().unwrap()), ..UserSettings::default() },
    )]
    fn attributes_are_read(#[case] attributes: &[(&str, &str)], #[case] read: UserSettings) {
        assert_eq!(UserSettings::of(&stored(attributes)), read);
    }

    fn size(text: &str) -> Edit<CapacityG> {
        Edit::Set(text.parse().unwrap())
    }

    #[rstest]
    #[case::nothing(UserSettingsEdit::default(), &[("volumeCapacity", "1G"), ("enableInviteUsers", "true"), ("predefinedEnvs", "{}")])]
    #[case::values(
        UserSettingsEdit { volume_capacity: size("20"), enable_invite_users: Edit::Set(true), predefined_envs: Edit::Set("[]".into()) },
        &[("volumeCapacity", "20G"), ("enableInviteUsers", "true"), ("predefinedEnvs", "[]")],
    )]
    #[case::null(UserSettingsEdit { volume_capacity: Edit::Clear, enable_invite_users: Edit::Clear, predefined_envs: Edit::Clear }, &[])]
    #[case::zero_false_empty(
        UserSettingsEdit { volume_capacity: size("0"), enable_invite_users: Edit::Set(false), predefined_envs: Edit::Set(String::new()) },
        &[],
    )]
    fn edits_are_written(#[case] edit: UserSettingsEdit, #[case] after: &[(&str, &str)]) {
        let mut attributes = stored(&[
            ("volumeCapacity", "1G"),
            ("enableInviteUsers", "true"),
            ("predefinedEnvs", "{}"),
            ("other", "x"),
        ]);
        attributes.apply(&edit.attributes().unwrap());
        let mut expected = stored(after);
        expected.set_one("other", "x");
        assert_eq!(attributes, expected);
    }

    #[test]
    fn a_negative_capacity_is_refused() {
        let error =
            UserSettingsEdit { volume_capacity: size("-1"), ..UserSettingsEdit::default() }.attributes().unwrap_err();
        assert_eq!(error.to_string(), "volumeCapacity must not be negative");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(gigabytes in 1_i64..1_000_000, flag: bool, text in ".+") {
            let capacity = CapacityG::new(gigabytes.into()).unwrap();
            let edit = UserSettingsEdit {
                volume_capacity: Edit::Set(capacity), enable_invite_users: Edit::Set(flag), predefined_envs: Edit::Set(text.clone()),
            };
            let mut attributes = Attributes::default();
            attributes.apply(&edit.attributes().unwrap());
            let read = UserSettings::of(&attributes);
            prop_assert_eq!((read.volume_capacity, read.enable_invite_users, read.predefined_envs), (Some(capacity), flag, Some(text)));
        }

        #[test]
        fn any_texts_can_be_read(text: String) {
            let names = [attribute::VOLUME_CAPACITY, attribute::ENABLE_INVITE_USERS, attribute::PREDEFINED_ENVS, attribute::ANNOUNCEMENTS_READ_AT];
            let read = UserSettings::of(&stored(&names.map(|name| (name, text.as_str()))));
            prop_assert_eq!(read.predefined_envs, Some(text));
        }
    }
}
