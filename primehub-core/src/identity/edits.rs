//! What is asked of an identity store: new objects, field-wise edits, bindings.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use super::{AttributeEdits, Attributes, Edit, IdentityError, Invitation, RoleKey, Subject};
use crate::names::{GroupId, GroupName, UserId, UserName};

/// A user to create. Enabled unless said otherwise; joins the realm's default groups by itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewUser {
    /// Login name. People log in by name or by e-mail address, so another's address is taken as well.
    pub username: UserName,
    /// E-mail address; stored lower case. Another's name is taken as well.
    pub email: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Whether the account may log in.
    pub enabled: bool,
    /// First attributes.
    pub attributes: Attributes,
    /// Fail with [`super::IdentityError::LimitReached`] when this many people exist already. Checked together with the creation,
    /// so that parallel calls do not exceed it.
    pub at_most: Option<u64>,
}

impl NewUser {
    /// An enabled user without anything optional.
    #[must_use]
    pub fn new(username: UserName) -> Self {
        Self {
            username,
            email: None,
            first_name: None,
            last_name: None,
            enabled: true,
            attributes: Attributes::default(),
            at_most: None,
        }
    }
}

/// Edits of one user's own fields. What is not named stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UserEdit {
    /// A new login name. Refused where [`super::Capabilities::renames_users`] is false, and when it is another's name or e-mail address.
    pub username: Option<UserName>,
    /// E-mail address, refused when it is another's address or name. Nobody has shown that a new one is theirs: it becomes unverified.
    pub email: Edit<String>,
    /// Given name.
    pub first_name: Edit<String>,
    /// Family name.
    pub last_name: Edit<String>,
    /// Whether the account may log in.
    pub enabled: Option<bool>,
    /// Everything else.
    pub attributes: AttributeEdits,
}

impl UserEdit {
    /// Whether nothing is edited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A top-level group to create.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewGroup {
    /// Its name. Refused when a group has the same [path](crate::names::GroupPath): the identity provider alone would take both
    /// `Team_A` and `team-a`, and their files would mix.
    pub name: GroupName,
    /// First attributes.
    pub attributes: Attributes,
    /// Fail with [`super::IdentityError::LimitReached`] when this many groups, `everyone` not counted, exist already.
    pub at_most: Option<u64>,
}

impl NewGroup {
    /// A group without attributes.
    #[must_use]
    pub fn new(name: GroupName) -> Self {
        Self { name, attributes: Attributes::default(), at_most: None }
    }
}

/// Edits of one group's attributes. Groups are never renamed; what is not named stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GroupEdit {
    /// What to change.
    pub attributes: AttributeEdits,
    /// Attributes on whose present values the decision to edit rests. If one of them has other values by the time of the write, nothing is
    /// written and the answer is [`super::Conflict::Expectation`].
    pub expecting: BTreeMap<String, Vec<String>>,
}

/// An invitation to store.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NewInvitation {
    /// What is stored.
    pub invitation: Invitation,
    /// Fail with [`super::IdentityError::LimitReached`] when the group has this many other invitations that have not expired. Checked
    /// together with the write, so that parallel calls do not exceed it.
    pub at_most: Option<u64>,
}

impl NewInvitation {
    /// An invitation that is stored however many there are: one that is put back.
    #[must_use]
    pub fn new(invitation: Invitation) -> Self {
        Self { invitation, at_most: None }
    }
}

/// Edits of the realm's settings. An empty display name is none.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct RealmEdit {
    /// Plain name on the login page.
    pub display_name: Edit<String>,
    /// The same as HTML.
    pub display_name_html: Edit<String>,
    /// Outgoing mail, key by key; a key that is not named stays. Writing the mask `**********` as password keeps the stored one.
    pub smtp: BTreeMap<String, Edit<String>>,
}

// The values of `smtp` stay out: one of them is a password.
impl fmt::Debug for RealmEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealmEdit")
            .field("display_name", &self.display_name)
            .field("display_name_html", &self.display_name_html)
            .field("smtp", &self.smtp.keys())
            .finish()
    }
}

/// One edit of who belongs where or holds what. Carrying it out twice is the same as once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Binding {
    /// The user becomes a member of the group.
    Join {
        /// Who joins.
        user: UserId,
        /// Which group.
        group: GroupId,
    },
    /// The user stops being a member of the group.
    Leave {
        /// Who leaves.
        user: UserId,
        /// Which group.
        group: GroupId,
    },
    /// The subject gets the role: any role if it is a group; a single user only the one that makes administrators.
    Grant {
        /// Who gets it.
        to: Subject,
        /// Which role.
        role: RoleKey,
    },
    /// The subject loses the role; which roles, as for [`Binding::Grant`].
    Revoke {
        /// Who loses it.
        from: Subject,
        /// Which role.
        role: RoleKey,
    },
}

impl Binding {
    /// Refuses to grant a single user, or revoke from one, any role but the one that makes administrators.
    ///
    /// What people may use comes to them through groups. A picture of the provider knows the direct grants of single users for the
    /// `administrator` role only: asking who holds the others would cost one call for each role.
    ///
    /// # Errors
    /// [`IdentityError::Unsupported`].
    pub fn check_subject(&self, administrator: &RoleKey) -> Result<(), IdentityError> {
        match self {
            Self::Grant { to: Subject::User(_), role } | Self::Revoke { from: Subject::User(_), role }
                if role != administrator =>
            {
                Err(IdentityError::Unsupported { operation: "granting a role to a single user" })
            }
            _ => Ok(()),
        }
    }
}

/// A password to set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewPassword {
    /// The password in clear; stored as a hash only.
    pub value: SecretString,
    /// Whether the person has to choose another one at the next login.
    pub temporary: bool,
}

impl NewPassword {
    /// A password that stays.
    #[must_use]
    pub fn lasting(value: SecretString) -> Self {
        Self { value, temporary: false }
    }

    /// A password that somebody else knows: the person has to choose another one at the next login.
    #[must_use]
    pub fn temporary(value: SecretString) -> Self {
        Self { value, temporary: true }
    }
}

/// What a person can be asked to do at the identity provider, under the names that clients and Keycloak use. A provider may know fewer.
pub const REQUIRED_ACTIONS: [&str; 6] =
    ["VERIFY_EMAIL", "UPDATE_PROFILE", "CONFIGURE_TOTP", "UPDATE_PASSWORD", "TERMS_AND_CONDITIONS", "VERIFY_PROFILE"];

/// An e-mail that asks a person to do something at the identity provider.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RequiredActionsEmail {
    /// What to do, out of [`REQUIRED_ACTIONS`].
    pub actions: Vec<String>,
    /// How long the link in the message works.
    pub lifespan: Duration,
}

impl RequiredActionsEmail {
    /// An e-mail that asks for `actions`, with a link that works for `lifespan`.
    #[must_use]
    pub fn new(actions: Vec<String>, lifespan: Duration) -> Self {
        Self { actions, lifespan }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn administrator() -> RoleKey {
        RoleKey::administrator("primehub")
    }

    #[rstest]
    #[case::administrator_to_a_user(Subject::User("amy".into()), administrator(), true)]
    #[case::administrator_to_a_group(Subject::Group("ops".into()), administrator(), true)]
    #[case::another_to_a_group(Subject::Group("ops".into()), RoleKey::realm("it:cpu-1"), true)]
    #[case::another_to_a_user(Subject::User("amy".into()), RoleKey::realm("it:cpu-1"), false)]
    #[case::of_the_same_name(Subject::User("amy".into()), RoleKey::realm("realm-admin"), false)]
    fn single_users_are_granted_administration_alone(
        #[case] subject: Subject,
        #[case] role: RoleKey,
        #[case] allowed: bool,
    ) {
        let grant = Binding::Grant { to: subject.clone(), role: role.clone() };
        for binding in [grant, Binding::Revoke { from: subject, role }] {
            assert_eq!(binding.check_subject(&administrator()).is_ok(), allowed, "{binding:?}");
        }
    }

    #[test]
    fn memberships_are_free() {
        for binding in [
            Binding::Join { user: "amy".into(), group: "ops".into() },
            Binding::Leave { user: "amy".into(), group: "ops".into() },
        ] {
            assert_eq!(binding.check_subject(&administrator()), Ok(()));
        }
    }
}
