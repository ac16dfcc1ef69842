//! Storing and taking invitations.

use primehub_core::identity::{
    Actor, Attributes, IdentityError, Invitation, InvitationId, Key, NewInvitation, Written,
};

use super::rewrite::{Rewrite, rewrite};
use super::{Store, by};
use crate::admin::{Full, RoleRow};
use crate::invitations as stored;
use crate::transport::{By, CallError};

/// How many expired ones are thrown away at a time: somebody waits for the call.
const THROWN_AWAY: usize = 8;

impl Store {
    pub(super) async fn put_invitation(&self, actor: &Actor, new: NewInvitation) -> Result<Written<()>, IdentityError> {
        self.writable()?;
        let NewInvitation { invitation, at_most, .. } = new;
        self.group(&invitation.group).await?;
        let _turn = self.invitation_changes.lock().await;
        self.throw_expired_away(by(actor)).await;
        let now = self.clock.now();
        let directory = self.mirror.directory();
        let others = directory
            .invitations_into(&invitation.group)
            .filter(|found| found.id != invitation.id && !found.is_expired(now))
            .count();
        if let Some(limit) = at_most
            && others as u64 >= limit
        {
            return Err(IdentityError::LimitReached { limit });
        }
        let key = Key::Invitation(invitation.id);
        match self.keycloak.roles().create(by(actor), &stored::to_role(&invitation)).await {
            Ok(()) => {}
            // There already: one that is put back, or whose first answer was lost.
            Err(error) if error.status() == Some(409) => {}
            Err(error) => return Err(error.into_identity(Some(&key))),
        }
        let revision = self.mirror.publish(|draft| draft.put_invitation(invitation));
        Ok(Written { value: (), revision })
    }

    /// Takes the invitation: the deletion of its role, which succeeds once. One of the shared role is claimed by creating a role, which
    /// succeeds once as well.
    pub(super) async fn take_invitation(
        &self,
        actor: &Actor,
        id: &InvitationId,
    ) -> Result<Written<Invitation>, IdentityError> {
        self.writable()?;
        let key = Key::Invitation(*id);
        let _turn = self.invitation_changes.lock().await;
        let roles = self.keycloak.roles();
        let name = stored::role_of(id);
        let unreadable = |error: CallError| error.into_identity(Some(&key));
        let own = match self.mirror.directory().invitation(id) {
            Some(known) => Some(Invitation::clone(known)),
            None => roles.get(&name).await.map_err(unreadable)?.as_ref().and_then(stored::of_role),
        };
        let value = match roles.delete(by(actor), &name).await {
            Ok(()) => own,
            Err(error) if error.is_absent() => self.take_shared(by(actor), id).await?,
            // Somebody else has deleted it at the same moment.
            Err(error) if error.status() == Some(500) && matches!(roles.get(&name).await, Ok(None)) => None,
            Err(error) => return Err(error.into_identity(Some(&key))),
        };
        let revision = self.mirror.publish(|draft| draft.remove_invitation(id));
        let value = value.ok_or(IdentityError::Absent(key))?;
        Ok(Written { value, revision })
    }

    async fn take_shared(&self, by: By<'_>, id: &InvitationId) -> Result<Option<Invitation>, IdentityError> {
        let roles = self.keycloak.roles();
        let shared = roles.get(stored::SHARED).await.map_err(|error| error.into_identity(None))?;
        let Some((_, invitation)) =
            shared.as_ref().and_then(|role| stored::shared(&role.attributes).find(|(_, found)| found.id == *id))
        else {
            return Ok(None);
        };
        let mut claim = Full::default();
        claim.set("name", stored::taken_role_of(id));
        match roles.create(by, &claim).await {
            Ok(()) => {}
            Err(error) if error.status() == Some(409) => return Ok(None),
            Err(error) => return Err(error.into_identity(Some(&Key::Invitation(*id)))),
        }
        // It is ours. If the attribute cannot be removed now, the claim says so for as long as it stands there.
        let gone = SharedWithout { store: self, by, gone: &|found: &Invitation| found.id == *id };
        match rewrite(&gone).await {
            Ok(_) => self.forget_claim(by, id).await,
            Err(error) => tracing::warn!(%error, "a taken invitation stays in its role, marked as taken"),
        }
        Ok(Some(invitation))
    }

    async fn forget_claim(&self, by: By<'_>, id: &InvitationId) {
        if let Err(error) = self.keycloak.roles().delete(by, &stored::taken_role_of(id)).await {
            tracing::debug!(%error, "the mark of a taken invitation stays");
        }
    }

    /// Deletes expired invitations, the oldest first. A failure matters to nobody: the next call tries again.
    async fn throw_expired_away(&self, by: By<'_>) {
        let directory = self.mirror.directory();
        let now = self.clock.now();
        let expired: Vec<InvitationId> =
            directory.expired_invitations(now).map(|found| found.id).take(THROWN_AWAY).collect();
        let mut in_shared_role = false;
        for id in &expired {
            match self.keycloak.roles().delete(by, &stored::role_of(id)).await {
                Ok(()) => drop(self.mirror.publish(|draft| draft.remove_invitation(id))),
                Err(error) if error.is_absent() => in_shared_role = true,
                Err(error) => return tracing::debug!(%error, "expired invitations stay"),
            }
        }
        if in_shared_role {
            let gone = SharedWithout { store: self, by, gone: &|found: &Invitation| found.is_expired(now) };
            match rewrite(&gone).await {
                Ok(_) | Err(IdentityError::Absent(_)) => drop(self.mirror.publish(|draft| {
                    for id in &expired {
                        draft.remove_invitation(id);
                    }
                })),
                Err(error) => tracing::debug!(%error, "expired invitations stay"),
            }
        }
    }
}

/// The shared role, without some of its invitations.
struct SharedWithout<'a> {
    store: &'a Store,
    by: By<'a>,
    gone: &'a (dyn Fn(&Invitation) -> bool + Sync),
}

impl Rewrite for SharedWithout<'_> {
    fn key(&self) -> Key {
        Key::Role(primehub_core::identity::RoleKey::realm(stored::SHARED))
    }

    async fn read(&self) -> Result<Option<Full>, CallError> {
        self.store.keycloak.roles().full(stored::SHARED).await
    }

    fn edited(&self, full: &Full, _first: bool) -> Result<Full, IdentityError> {
        let row = role_of(full)?;
        let mut left: Attributes = row.attributes.clone();
        for (name, _) in stored::shared(&row.attributes).filter(|(_, invitation)| (self.gone)(invitation)) {
            left.set(name, Vec::new());
        }
        let mut wanted = full.clone();
        if left != row.attributes {
            wanted.set_attributes(&left);
        }
        Ok(wanted)
    }

    async fn put(&self, full: &Full) -> Result<(), CallError> {
        match role_of(full) {
            Ok(row) => self.store.keycloak.roles().put_by_id(self.by, &row.id, full).await,
            Err(error) => Err(CallError::Unreadable { call: "roles.get", cause: error.to_string() }),
        }
    }

    async fn refused(&self, error: CallError) -> IdentityError {
        error.into_identity(None)
    }
}

fn role_of(full: &Full) -> Result<RoleRow, IdentityError> {
    full.row().map_err(|error| IdentityError::Unavailable { cause: format!("a role cannot be read: {error}") })
}
