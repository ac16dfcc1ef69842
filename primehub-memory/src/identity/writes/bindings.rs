//! Memberships and role grants.

use primehub_core::identity::{Applied, Binding, IdentityError, Key, Outcome, RoleKey, Subject};
use primehub_core::names::{GroupId, UserId};

use super::super::draft::Draft;

impl Draft<'_> {
    /// Carries out one binding.
    pub(in super::super) fn bind(&mut self, edit: &Binding) -> Outcome {
        edit.check_subject(self.directory.administrator_role())?;
        let changed = match edit {
            Binding::Join { user, group } => {
                self.check_membership(user, group)?;
                self.directory.join(user, group)
            }
            Binding::Leave { user, group } => {
                self.check_membership(user, group)?;
                self.directory.leave(user, group)
            }
            Binding::Grant { to, role } => {
                self.check_grant(to, role)?;
                self.directory.grant(to, role)
            }
            Binding::Revoke { from, role } => {
                self.check_grant(from, role)?;
                self.directory.revoke(from, role)
            }
        };
        if !changed {
            return Ok(Applied::Unchanged);
        }
        self.touch(match edit {
            Binding::Join { user, .. } | Binding::Leave { user, .. } => Key::User(user.clone()),
            Binding::Grant { to: subject, .. } | Binding::Revoke { from: subject, .. } => subject_key(subject),
        });
        Ok(Applied::Changed)
    }

    fn check_membership(&self, user: &UserId, group: &GroupId) -> Result<(), IdentityError> {
        self.user(user)?;
        self.group(group)?;
        Ok(())
    }

    fn check_grant(&self, subject: &Subject, role: &RoleKey) -> Result<(), IdentityError> {
        match subject {
            Subject::User(id) => drop(self.user(id)?),
            Subject::Group(id) => drop(self.group(id)?),
        }
        match self.directory.role(role) {
            Some(_) => Ok(()),
            None => Err(IdentityError::Absent(Key::Role(role.clone()))),
        }
    }
}

fn subject_key(subject: &Subject) -> Key {
    match subject {
        Subject::User(id) => Key::User(id.clone()),
        Subject::Group(id) => Key::Group(id.clone()),
    }
}
