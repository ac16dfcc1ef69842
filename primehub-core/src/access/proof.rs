//! Rights as values.

use std::sync::Arc;

use super::{Caller, Operation, rule};
use crate::identity::{Directory, Group, User};
use crate::names::{GroupId, UserId};

/// Why something is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// Callers of this kind may never use the field.
    #[error("Not Authorised!")]
    Field,
    /// This caller may not do this to this object.
    #[error("user not auth")]
    Object,
}

/// What one caller may do, seen in one picture: an account that is gone or disabled there may do nothing, and an administrator's right
/// that was taken away is gone.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    standing: Standing<'a>,
    directory: &'a Directory,
}

/// What a caller is in one picture.
#[derive(Clone, Copy, Debug)]
enum Standing<'a> {
    Nobody,
    Person { user: &'a Arc<User>, administrator: bool },
    Server,
}

impl<'a> Access<'a> {
    /// The rights of `caller` in `directory`.
    #[must_use]
    pub fn new(caller: &Caller, directory: &'a Directory) -> Self {
        let standing = match caller {
            Caller::Anonymous => Standing::Nobody,
            Caller::Person(person) => match person.standing_in(directory) {
                Some((user, administrator)) => Standing::Person { user, administrator },
                None => Standing::Nobody,
            },
            Caller::SharedSecret => Standing::Server,
        };
        Self { standing, directory }
    }

    /// Whether callers of this kind may use a root field at all; conditions on the arguments come on top.
    ///
    /// # Errors
    /// [`Denied::Field`].
    pub fn root_field(self, operation: Operation, field: &str) -> Result<(), Denied> {
        let rule = rule(operation, field);
        let open = match self.standing {
            Standing::Nobody => false,
            Standing::Person { administrator: true, .. } => rule.administrator,
            Standing::Person { .. } => rule.user,
            Standing::Server => rule.shared_secret,
        };
        if open { Ok(()) } else { Err(Denied::Field) }
    }

    /// The proof of being a platform administrator.
    ///
    /// # Errors
    /// [`Denied::Object`].
    pub fn platform_administrator(self) -> Result<PlatformAdministrator, Denied> {
        if self.is_administrator() { Ok(PlatformAdministrator(())) } else { Err(Denied::Object) }
    }

    /// The proof of being allowed to administer `group`: a platform administrator, or somebody the group lists.
    ///
    /// # Errors
    /// [`Denied::Object`], also when the group does not exist: the two look the same to whoever may not know.
    pub fn administrator_of(self, group: &GroupId) -> Result<GroupAdministrator, Denied> {
        let platform = self.is_administrator();
        let listed =
            || self.user_and_group(group).is_some_and(|(user, group)| group.is_administered_by(&user.username));
        if platform || listed() {
            Ok(GroupAdministrator { group: group.clone(), platform })
        } else {
            Err(Denied::Object)
        }
    }

    /// The proof of being allowed to read `group` as its own: members and administrators of the group, platform administrators, servers.
    ///
    /// # Errors
    /// [`Denied::Object`], also when the group does not exist.
    pub fn reader_of(self, group: &GroupId) -> Result<GroupReader, Denied> {
        let insider = || {
            self.user_and_group(group).is_some_and(|(user, group)| {
                self.directory.is_member(&user.id, &group.id) || group.is_administered_by(&user.username)
            })
        };
        if self.reads_all() || insider() { Ok(GroupReader { group: group.clone() }) } else { Err(Denied::Object) }
    }

    /// The proof of being a member of `group`, whatever else the caller may be.
    ///
    /// # Errors
    /// [`Denied::Object`], also when the group does not exist.
    pub fn member_of(self, group: &GroupId) -> Result<GroupReader, Denied> {
        let member =
            self.user_and_group(group).is_some_and(|(user, group)| self.directory.is_member(&user.id, &group.id));
        if member { Ok(GroupReader { group: group.clone() }) } else { Err(Denied::Object) }
    }

    /// How much the caller sees of a user.
    #[must_use]
    pub fn view_of_user(self, user: &UserId) -> UserView {
        match self.standing {
            Standing::Nobody => UserView::Stranger,
            Standing::Server => UserView::Whole,
            Standing::Person { user: caller, administrator } if administrator || caller.id == *user => UserView::Whole,
            Standing::Person { user: caller, .. } => {
                let shared = |group: &Arc<Group>| {
                    group.id != *self.directory.everyone_id() && self.directory.is_member(user, &group.id)
                };
                if self.directory.groups_of(&caller.id).any(shared) { UserView::CoMember } else { UserView::Stranger }
            }
        }
    }

    /// How much the caller sees of a group. Everybody is inside the group of everyone, but its member list stays closed to them.
    #[must_use]
    pub fn view_of_group(self, group: &GroupId) -> GroupView {
        if self.reads_all() {
            GroupView::Whole
        } else if group == self.directory.everyone_id() && self.user().is_some() {
            GroupView::WithoutMembers
        } else if self.reader_of(group).is_ok() {
            GroupView::Whole
        } else {
            GroupView::Nothing
        }
    }

    /// Whether whoever administers a group may let people into it: not if that makes them platform administrators, unless the caller is
    /// one.
    ///
    /// # Errors
    /// [`Denied::Object`].
    pub fn may_add_members(self, administrator: &GroupAdministrator) -> Result<(), Denied> {
        let may = self.is_administrator() || !self.directory.grants_administration(administrator.group());
        if may { Ok(()) } else { Err(Denied::Object) }
    }

    /// Whether the person may invite into `group`: platform administrators always; others if they are members, their account is allowed
    /// to invite, and the group does not make platform administrators. Never into the group of everyone.
    ///
    /// # Errors
    /// [`Denied::Object`].
    pub fn inviter_into(
        self,
        group: &GroupId,
        account_may_invite: impl FnOnce(&User) -> bool,
    ) -> Result<GroupReader, Denied> {
        let user = self.user().ok_or(Denied::Object)?;
        if group == self.directory.everyone_id() {
            return Err(Denied::Object);
        }
        if self.is_administrator() {
            return Ok(GroupReader { group: group.clone() });
        }
        let member = self.member_of(group)?;
        if self.directory.grants_administration(group) {
            return Err(Denied::Object);
        }
        if account_may_invite(user) { Ok(member) } else { Err(Denied::Object) }
    }

    fn is_administrator(self) -> bool {
        matches!(self.standing, Standing::Person { administrator: true, .. })
    }

    fn reads_all(self) -> bool {
        matches!(self.standing, Standing::Server) || self.is_administrator()
    }

    fn user(self) -> Option<&'a Arc<User>> {
        match self.standing {
            Standing::Person { user, .. } => Some(user),
            Standing::Nobody | Standing::Server => None,
        }
    }

    fn user_and_group(self, group: &GroupId) -> Option<(&'a Arc<User>, &'a Arc<Group>)> {
        Some((self.user()?, self.directory.group(group)?))
    }
}

/// Proof: the caller is a platform administrator.
#[derive(Clone, Copy, Debug)]
pub struct PlatformAdministrator(());

/// Proof: the caller may administer this group.
#[derive(Clone, Debug)]
pub struct GroupAdministrator {
    group: GroupId,
    platform: bool,
}

impl GroupAdministrator {
    /// The group that the proof is about.
    #[must_use]
    pub fn group(&self) -> &GroupId {
        &self.group
    }

    /// Whether the caller is a platform administrator, who may change every setting; a group's own administrators may change few.
    #[must_use]
    pub fn is_platform_administrator(&self) -> bool {
        self.platform
    }
}

/// Proof: the caller may read this group as one of its own.
#[derive(Clone, Debug)]
pub struct GroupReader {
    group: GroupId,
}

impl GroupReader {
    /// The group that the proof is about.
    #[must_use]
    pub fn group(&self) -> &GroupId {
        &self.group
    }
}

/// How much of a user somebody sees.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum UserView {
    /// Id and username: the command line resolves names of people it adds to a group.
    Stranger,
    /// Also names and e-mail address: group lists show them.
    CoMember,
    /// Everything: oneself, platform administrators, servers.
    Whole,
}

/// How much of a group somebody sees.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum GroupView {
    /// Id and name.
    Nothing,
    /// The settings; the list of members looks empty, and secrets of the group stay closed.
    WithoutMembers,
    /// Everything.
    Whole,
}
