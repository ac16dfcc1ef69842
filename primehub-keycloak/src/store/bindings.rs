//! Memberships and role grants.

use futures::StreamExt as _;
use futures::stream;
use primehub_core::identity::{Actor, Applied, Binding, IdentityError, Key, Outcome, RoleKey, Subject};
use primehub_core::names::{GroupId, UserId};

use super::roles::refuse_storage;
use super::{Store, by};
use crate::admin::RoleReference;
use crate::transport::{By, CallError};

/// How many subjects are worked on at once.
const AT_ONCE: usize = 4;

impl Store {
    pub(super) async fn bind(&self, actor: &Actor, edits: &[Binding]) -> Result<Vec<Outcome>, IdentityError> {
        self.writable()?;
        let by = by(actor);
        let chains: Vec<_> = chains(edits).into_iter().map(|chain| self.bind_in_order(by, edits, chain)).collect();
        let mut outcomes: Vec<_> = stream::iter(chains).buffer_unordered(AT_ONCE).concat().await;
        outcomes.sort_by_key(|(position, _)| *position);
        whole(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    async fn bind_in_order(&self, by: By<'_>, edits: &[Binding], chain: Vec<usize>) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::with_capacity(chain.len());
        for position in chain {
            outcomes.push((position, self.bind_one(by, &edits[position]).await));
        }
        outcomes
    }

    async fn bind_one(&self, by: By<'_>, edit: &Binding) -> Outcome {
        match edit {
            Binding::Join { user, group } => self.change_membership(by, user, group, true).await,
            Binding::Leave { user, group } => self.change_membership(by, user, group, false).await,
            Binding::Grant { to, role } => self.change_grant(by, to, role, true).await,
            Binding::Revoke { from, role } => self.change_grant(by, from, role, false).await,
        }
    }

    /// Brings the membership about, or ends it. Keycloak's answer proves it, so it is not read back.
    async fn change_membership(&self, by: By<'_>, user: &UserId, group: &GroupId, member: bool) -> Outcome {
        self.known_user(user).await?;
        self.known_group(group).await?;
        let _guard = self.mirror.lock(&[Key::User(user.clone())]).await;
        let users = self.keycloak.users();
        let answer = if member { users.join(by, user, group).await } else { users.leave(by, user, group).await };
        if let Err(error) = answer {
            let raced = matches!(error.status(), Some(400 | 409 | 500));
            let reached = raced
                && matches!(users.groups(user).await, Ok(groups) if groups.iter().any(|found| found.id == *group) == member);
            if !reached {
                return Err(self.absent_of_two(error, user, group));
            }
        }
        let was = self.mirror.directory().is_member(user, group);
        self.mirror.publish(|draft| if member { draft.join(user, group) } else { draft.leave(user, group) });
        Ok(applied(was != member))
    }

    /// Which of the two does not exist: Keycloak's words tell.
    fn absent_of_two(&self, error: CallError, user: &UserId, group: &GroupId) -> IdentityError {
        let group_is_gone = error.refusal().is_some_and(|refusal| refusal.says("group"));
        if !error.is_absent() {
            return error.into_identity(None);
        }
        if group_is_gone {
            self.mirror.publish(|draft| draft.remove_group(group));
            IdentityError::Absent(Key::Group(group.clone()))
        } else {
            self.mirror.publish(|draft| draft.remove_user(user));
            IdentityError::Absent(Key::User(user.clone()))
        }
    }

    async fn change_grant(&self, by: By<'_>, subject: &Subject, role: &RoleKey, held: bool) -> Outcome {
        let key = match subject {
            Subject::User(id) => Key::User(id.clone()),
            Subject::Group(id) => Key::Group(id.clone()),
        };
        if matches!(subject, Subject::User(_)) && role != self.mirror.directory().administrator_role() {
            return Err(IdentityError::Unsupported { operation: "granting a role to a single user" });
        }
        if let RoleKey::Realm(name) = role {
            refuse_storage(name)?;
        }
        match subject {
            Subject::User(id) => drop(self.known_user(id).await?),
            Subject::Group(id) => drop(self.known_group(id).await?),
        }
        if self.mirror.directory().role(role).is_none() {
            // A grant of a role that the picture does not know could not be shown.
            let unknown = [Key::Role(role.clone())];
            self.mirror.refresh(&unknown).await.map_err(|error| error.into_identity(None))?;
        }
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let (client, reference) = self.role_reference(role).await?;
        let answer = self.map_role(by, subject, client.as_deref(), &reference, held).await;
        let before = self.holds(subject, role);
        if let Err(error) = answer {
            // Two at once that want the same: one of them is refused, in the end both have what they want.
            let raced = matches!(error.status(), Some(400 | 409 | 500));
            if raced {
                let keys = [key.clone()];
                self.mirror.reread(&keys).await.map_err(|error| error.into_identity(None))?;
            }
            if !raced || self.holds(subject, role) != held {
                let role_is_gone = error.refusal().is_some_and(|refusal| refusal.says("role"));
                return Err(if error.is_absent() && role_is_gone {
                    IdentityError::Absent(Key::Role(role.clone()))
                } else {
                    error.into_identity(Some(&key))
                });
            }
            return Ok(applied(before != held));
        }
        self.mirror.publish(|draft| if held { draft.grant(subject, role) } else { draft.revoke(subject, role) });
        Ok(applied(before != held))
    }

    async fn map_role(
        &self,
        by: By<'_>,
        subject: &Subject,
        client: Option<&str>,
        role: &RoleReference,
        held: bool,
    ) -> Result<(), CallError> {
        let (users, groups) = (self.keycloak.users(), self.keycloak.groups());
        match (subject, client, held) {
            (Subject::User(id), Some(client), true) => users.grant_client_role(by, id, client, role).await,
            (Subject::User(id), Some(client), false) => users.revoke_client_role(by, id, client, role).await,
            (Subject::User(id), None, true) => users.grant_realm_role(by, id, role).await,
            (Subject::User(id), None, false) => users.revoke_realm_role(by, id, role).await,
            (Subject::Group(id), Some(client), true) => groups.add_client_role(by, id, client, role).await,
            (Subject::Group(id), Some(client), false) => groups.remove_client_role(by, id, client, role).await,
            (Subject::Group(id), None, true) => groups.add_realm_role(by, id, role).await,
            (Subject::Group(id), None, false) => groups.remove_realm_role(by, id, role).await,
        }
    }

    /// How Keycloak names the role where it is mapped, and the client that it belongs to.
    pub(super) async fn role_reference(
        &self,
        role: &RoleKey,
    ) -> Result<(Option<String>, RoleReference), IdentityError> {
        let absent = || IdentityError::Absent(Key::Role(role.clone()));
        let unreadable = |error: CallError| error.into_identity(Some(&Key::Role(role.clone())));
        match role {
            RoleKey::Realm(name) => {
                let found = self.keycloak.roles().get(name).await.map_err(unreadable)?.ok_or_else(absent)?;
                Ok((None, RoleReference { id: found.id, name: found.name }))
            }
            RoleKey::Client { client, role: name } => {
                let facts = self.mirror.facts().ok_or_else(|| not_loaded("the client's id is not known yet"))?;
                if role == self.mirror.directory().administrator_role()
                    && let Some(reference) = facts.administrator
                {
                    return Ok((Some(facts.realm_management), reference));
                }
                let found = self.keycloak.clients().find(client).await.map_err(unreadable)?.ok_or_else(absent)?;
                let row = self.keycloak.roles().client_role(&found.id, name).await.map_err(unreadable)?;
                let row = row.ok_or_else(absent)?;
                Ok((Some(found.id), RoleReference { id: row.id, name: row.name }))
            }
        }
    }

    fn holds(&self, subject: &Subject, role: &RoleKey) -> bool {
        let directory = self.mirror.directory();
        match subject {
            Subject::User(id) => directory.roles_of_user(id).any(|held| held == role),
            Subject::Group(id) => directory.group_has_role(id, role),
        }
    }
}

fn not_loaded(cause: &str) -> IdentityError {
    IdentityError::Unavailable { cause: cause.to_owned() }
}

fn applied(changed: bool) -> Applied {
    if changed { Applied::Changed } else { Applied::Unchanged }
}

/// Positions of the edits, together where they are about the same subject: those are carried out in their order, others at once.
fn chains(edits: &[Binding]) -> Vec<Vec<usize>> {
    let subject = |edit: &Binding| match edit {
        Binding::Join { user, .. } | Binding::Leave { user, .. } => Subject::User(user.clone()),
        Binding::Grant { to: subject, .. } | Binding::Revoke { from: subject, .. } => subject.clone(),
    };
    let mut chains: std::collections::BTreeMap<Subject, Vec<usize>> = std::collections::BTreeMap::new();
    for (position, edit) in edits.iter().enumerate() {
        chains.entry(subject(edit)).or_default().push(position);
    }
    chains.into_values().collect()
}

/// If every edit failed because the account may not or Keycloak is away, the call as a whole failed.
fn whole(outcomes: Vec<Outcome>) -> Result<Vec<Outcome>, IdentityError> {
    let concerns_all = |outcome: &Outcome| {
        use IdentityError::{Denied, TokenNotAccepted, Unavailable};
        matches!(outcome, Err(Denied { .. } | TokenNotAccepted | Unavailable { .. }))
    };
    match outcomes.first() {
        Some(Err(first)) if outcomes.iter().all(concerns_all) => Err(first.clone()),
        _ => Ok(outcomes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(user: &str, group: &str) -> Binding {
        Binding::Join { user: user.into(), group: group.into() }
    }

    #[test]
    fn edits_of_one_subject_keep_their_order() {
        let leave = Binding::Leave { user: "a".into(), group: "g".into() };
        let grant = Binding::Grant { to: Subject::Group("a".into()), role: RoleKey::realm("r") };
        let edits = [join("a", "g"), join("b", "g"), leave, grant, join("b", "h")];
        assert_eq!(chains(&edits), [vec![0, 2], vec![1, 4], vec![3]]);
    }

    #[test]
    fn what_concerns_all_is_an_error_of_the_call() {
        let away = || Err(IdentityError::Unavailable { cause: "down".into() });
        assert_eq!(whole(vec![away(), away()]), Err(IdentityError::Unavailable { cause: "down".into() }));
        let mixed = vec![Ok(Applied::Changed), away()];
        assert_eq!(whole(mixed.clone()), Ok(mixed));
        assert_eq!(whole(Vec::new()), Ok(Vec::new()));
    }
}
