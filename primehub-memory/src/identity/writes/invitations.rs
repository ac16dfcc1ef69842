//! Writes of invitations.

use std::sync::Arc;

use primehub_core::identity::{IdentityError, Invitation, InvitationId, Key, NewInvitation};

use super::super::draft::Draft;

impl Draft<'_> {
    /// Stores an invitation, and throws the expired ones away, so that they do not pile up.
    pub(in super::super) fn put_invitation(&mut self, new: NewInvitation) -> Result<(), IdentityError> {
        let NewInvitation { invitation, at_most, .. } = new;
        self.group(&invitation.group)?;
        let expired: Vec<InvitationId> = self.directory.expired_invitations(self.now).map(|found| found.id).collect();
        for id in expired {
            self.directory.remove_invitation(&id);
            self.touch(Key::Invitation(id));
        }
        let others =
            self.directory.invitations_into(&invitation.group).filter(|found| found.id != invitation.id).count();
        if let Some(limit) = at_most
            && others as u64 >= limit
        {
            return Err(IdentityError::LimitReached { limit });
        }
        if self.directory.invitation(&invitation.id).is_none_or(|found| **found != invitation) {
            self.touch(Key::Invitation(invitation.id));
            self.directory.put_invitation(invitation);
        }
        Ok(())
    }

    /// Takes an invitation away, expired or not: whoever gets it decides what it is worth.
    pub(in super::super) fn take_invitation(&mut self, id: &InvitationId) -> Result<Invitation, IdentityError> {
        match self.directory.remove_invitation(id) {
            Some(invitation) => {
                self.touch(Key::Invitation(*id));
                Ok(Arc::unwrap_or_clone(invitation))
            }
            None => Err(IdentityError::Absent(Key::Invitation(*id))),
        }
    }
}
