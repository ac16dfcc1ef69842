//! Storing and taking invitations.

use jiff::{SignedDuration, Timestamp};
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
/// How long the shared role is not looked through for what has expired, unless some of it is known.
const BETWEEN_LOOKS: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    pub(super) async fn put_invitation(&self, actor: &Actor, new: NewInvitation) -> Result<Written<()>, IdentityError> {
        self.writable()?;
        let NewInvitation { invitation, at_most, .. } = new;
        self.known_group(&invitation.group).await?;
        let mut looked_through = self.invitation_changes.lock().await;
        self.throw_expired_away(by(actor), &mut looked_through).await;
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
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        match self.keycloak.roles().create(by(actor), &stored::to_role(&invitation)).await {
            Ok(()) => {}
            // There already: one that gets another time, or whose first answer was lost.
            Err(error) if error.status() == Some(409) => {
                let replaced = Replaced { store: self, by: by(actor), invitation: &invitation };
                let (row, ended) = rewrite(&replaced, None).await.split::<RoleRow>();
                if let (Some(found), Err(_)) = (row.as_ref().and_then(stored::of_role), &ended) {
                    self.mirror.publish(|draft| draft.put_invitation(found));
                }
                ended?;
            }
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
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let roles = self.keycloak.roles();
        let name = stored::role_of(id);
        let unreadable = |error: CallError| error.into_identity(Some(&key));
        let own = match self.mirror.directory().invitation(id) {
            Some(known) => Some(Invitation::clone(known)),
            None => roles.get(&name).await.map_err(unreadable)?.as_ref().and_then(stored::of_role),
        };
        let value = match roles.take(by(actor), &name).await {
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
            Ok(()) => Ok(Some(invitation)),
            Err(error) if error.status() == Some(409) => Ok(None),
            Err(error) => Err(error.into_identity(Some(&Key::Invitation(*id)))),
        }
    }

    /// Deletes expired invitations, the oldest first. A failure matters to nobody: the next call tries again.
    async fn throw_expired_away(&self, by: By<'_>, looked_through: &mut Option<Timestamp>) {
        let directory = self.mirror.directory();
        let now = self.clock.now();
        let expired = directory.expired_invitations(now).map(|found| found.id).take(THROWN_AWAY);
        // Nothing shows those that were taken and have expired.
        let mut in_shared_role = looked_through.is_none_or(|before| now.duration_since(before) > BETWEEN_LOOKS);
        for id in expired.collect::<Vec<_>>() {
            let _guard = self.mirror.lock(&[Key::Invitation(id)]).await;
            match self.keycloak.roles().delete(by, &stored::role_of(&id)).await {
                Ok(()) => drop(self.mirror.publish(|draft| draft.remove_invitation(&id))),
                Err(error) if error.is_absent() => in_shared_role = true,
                Err(error) => return tracing::debug!(%error, "expired invitations stay"),
            }
        }
        if in_shared_role {
            match self.throw_shared_away(by, now).await {
                Ok(()) => *looked_through = Some(now),
                Err(error) => tracing::debug!(%error, "expired invitations stay"),
            }
        }
    }

    /// Takes the expired ones out of the shared role, whether or not they were taken, and then their marks.
    async fn throw_shared_away(&self, by: By<'_>, now: Timestamp) -> Result<(), IdentityError> {
        let roles = self.keycloak.roles();
        let shared = roles.get(stored::SHARED).await.map_err(|error| error.into_identity(None))?;
        let Some(attributes) = shared.map(|role| role.attributes) else { return Ok(()) };
        let expired = stored::shared(&attributes).map(|(_, found)| found).filter(|found| found.is_expired(now));
        let expired: Vec<InvitationId> = expired.map(|found| found.id).collect();
        if expired.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = expired.iter().copied().map(Key::Invitation).collect();
        let _guard = self.mirror.lock(&keys).await;
        match rewrite(&SharedWithoutExpired { store: self, by, now }, None).await.ended {
            Ok(()) | Err(IdentityError::Absent(_)) => {}
            Err(error) => return Err(error),
        }
        for id in &expired {
            match roles.delete(by, &stored::taken_role_of(id)).await {
                Err(error) if !error.is_absent() => tracing::debug!(%error, "the mark of a taken invitation stays"),
                _ => {}
            }
        }
        self.mirror.publish(|draft| expired.iter().for_each(|id| draft.remove_invitation(id)));
        Ok(())
    }
}

/// The role of an invitation that is stored again.
struct Replaced<'a> {
    store: &'a Store,
    by: By<'a>,
    invitation: &'a Invitation,
}

impl Rewrite for Replaced<'_> {
    fn key(&self) -> Key {
        Key::Invitation(self.invitation.id)
    }

    async fn read(&self) -> Result<Option<Full>, CallError> {
        self.store.keycloak.roles().full(&stored::role_of(&self.invitation.id)).await
    }

    fn edited(&self, full: &Full, _first: bool) -> Result<Full, IdentityError> {
        let mut wanted = full.clone();
        if stored::of_role(&role_of(full)?).as_ref() != Some(self.invitation) {
            wanted.0.extend(stored::to_role(self.invitation).0);
        }
        Ok(wanted)
    }

    async fn put(&self, _stored: &Full, wanted: &Full) -> Result<(), CallError> {
        put_role(self.store, self.by, wanted).await
    }

    async fn refused(&self, error: CallError) -> IdentityError {
        error.into_identity(Some(&self.key()))
    }
}

/// The shared role, without the invitations that have expired.
struct SharedWithoutExpired<'a> {
    store: &'a Store,
    by: By<'a>,
    now: Timestamp,
}

impl Rewrite for SharedWithoutExpired<'_> {
    fn key(&self) -> Key {
        Key::Role(primehub_core::identity::RoleKey::realm(stored::SHARED))
    }

    async fn read(&self) -> Result<Option<Full>, CallError> {
        self.store.keycloak.roles().full(stored::SHARED).await
    }

    fn edited(&self, full: &Full, _first: bool) -> Result<Full, IdentityError> {
        let row = role_of(full)?;
        let mut left: Attributes = row.attributes.clone();
        for (name, _) in stored::shared(&row.attributes).filter(|(_, found)| found.is_expired(self.now)) {
            left.set(name, Vec::new());
        }
        let mut wanted = full.clone();
        if left != row.attributes {
            wanted.set_attributes(&left);
        }
        Ok(wanted)
    }

    async fn put(&self, _stored: &Full, wanted: &Full) -> Result<(), CallError> {
        put_role(self.store, self.by, wanted).await
    }

    async fn refused(&self, error: CallError) -> IdentityError {
        error.into_identity(None)
    }
}

async fn put_role(store: &Store, by: By<'_>, full: &Full) -> Result<(), CallError> {
    match role_of(full) {
        Ok(row) => store.keycloak.roles().put_by_id(by, &row.id, full).await,
        Err(error) => Err(CallError::Unreadable { call: "roles.get", cause: error.to_string() }),
    }
}

fn role_of(full: &Full) -> Result<RoleRow, IdentityError> {
    full.row().map_err(|error| IdentityError::Unavailable { cause: format!("a role cannot be read: {error}") })
}
