//! How invitations stand in a realm: one role for each, so that taking one is deleting a role, which Keycloak lets succeed once.
//!
//! A role `invitation:<hash of the token>` has the group and the time in its attributes. Earlier installations kept them as attributes of
//! one role, `invitation`, with the token in clear; those stay valid. One of them is taken by creating a role `invitation-taken:<hash>`,
//! which Keycloak lets succeed once as well. Attribute and mark stay until the invitation has expired: several processes that remove
//! attributes of one role at the same moment bring each other's back, and one without its mark could be taken again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use primehub_core::identity::{Attributes, Invitation, InvitationId};
use serde::Deserialize;

use crate::admin::{Full, RoleRow};

/// The role that had all invitations as its attributes.
pub(crate) const SHARED: &str = "invitation";
const OWN: &str = "invitation:";
const TAKEN: &str = "invitation-taken:";
/// How the attributes of the shared role begin that are invitations.
const SHARED_ATTRIBUTE: &str = "invitation-";
const GROUP: &str = "groupId";
const EXPIRES: &str = "expiredDate";

/// Whether a role is the storage of invitations, and nothing that anybody holds.
pub(crate) fn is_storage(role: &str) -> bool {
    role == SHARED || role.starts_with(OWN) || role.starts_with(TAKEN)
}

/// The role that is this invitation.
pub(crate) fn role_of(id: &InvitationId) -> String {
    format!("{OWN}{id}")
}

/// The role that says that this invitation of the shared role has been taken.
pub(crate) fn taken_role_of(id: &InvitationId) -> String {
    format!("{TAKEN}{id}")
}

/// The role to create for an invitation.
pub(crate) fn to_role(invitation: &Invitation) -> Full {
    let mut attributes = Attributes::default();
    attributes.set_one(GROUP, invitation.group.as_str());
    attributes.set_one(EXPIRES, invitation.expires_at.to_string());
    let mut role = Full::default();
    role.set("name", role_of(&invitation.id));
    role.set_attributes(&attributes);
    role
}

/// The invitation that a role is.
pub(crate) fn of_role(role: &RoleRow) -> Option<Invitation> {
    let id = role.name.strip_prefix(OWN)?.parse().ok()?;
    let group = role.attributes.first(GROUP)?.into();
    Some(Invitation::new(id, group, role.attributes.first(EXPIRES)?.parse().ok()?))
}

/// Every invitation that the roles of a realm hold and that has not been taken. What cannot be read is left out. One that was taken from the
/// shared role and put back has a role of its own.
pub(crate) fn read(roles: &[RoleRow]) -> BTreeMap<InvitationId, Invitation> {
    let mut found = BTreeMap::new();
    for role in roles {
        if role.name == SHARED {
            found.extend(shared(&role.attributes).map(|(_, invitation)| (invitation.id, invitation)));
        }
    }
    for role in roles {
        if let Some(id) = taken(&role.name) {
            found.remove(&id);
        }
    }
    found.extend(roles.iter().filter_map(of_role).map(|invitation| (invitation.id, invitation)));
    found
}

/// Which invitation a role says has been taken.
pub(crate) fn taken(role: &str) -> Option<InvitationId> {
    role.strip_prefix(TAKEN)?.parse().ok()
}

/// The invitations in the attributes of the shared role, with the names of the attributes.
pub(crate) fn shared(attributes: &Attributes) -> impl Iterator<Item = (&str, Invitation)> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Stored {
        group_id: String,
        invitation_token: String,
        expired_date: Timestamp,
    }
    attributes.iter().filter(|(name, _)| name.starts_with(SHARED_ATTRIBUTE)).filter_map(|(name, values)| {
        let stored: Stored = serde_json::from_str(values.first()?).ok()?;
        let id = InvitationId::of_token(&stored.invitation_token);
        Some((name, Invitation::new(id, stored.group_id.as_str().into(), stored.expired_date)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, attributes: &[(&str, &str)]) -> RoleRow {
        let mut row: RoleRow = serde_json::from_value(serde_json::json!({"id": name, "name": name})).unwrap();
        for (name, value) in attributes {
            row.attributes.set_one(*name, *value);
        }
        row
    }

    const OLD: &str = r#"{"groupId":"g1","invitationToken":"token","expiredDate":"2026-11-25T10:00:00.123Z"}"#;

    #[test]
    fn an_invitation_reads_back_from_its_role() {
        let expires_at = "2026-11-25T10:00:00Z".parse().unwrap();
        let invitation = Invitation::new(InvitationId::of_token("t"), "g".into(), expires_at);
        let row: RoleRow = {
            let mut role = to_role(&invitation);
            role.set("id", "r");
            role.row().unwrap()
        };
        assert_eq!(of_role(&row), Some(invitation.clone()));
        assert_eq!(read(&[row]), BTreeMap::from([(invitation.id, invitation)]));
    }

    #[test]
    fn invitations_of_the_shared_role_count_until_they_are_taken() {
        let id = InvitationId::of_token("token");
        let shared = role(SHARED, &[("invitation-1", OLD), ("invitation-2", "nonsense"), ("other", OLD)]);
        let found = read(std::slice::from_ref(&shared));
        assert_eq!(found.keys().collect::<Vec<_>>(), [&id]);
        assert_eq!(found[&id].group.as_str(), "g1");
        let taken = role(&taken_role_of(&id), &[]);
        assert!(read(&[shared.clone(), taken.clone()]).is_empty());
        let own = role(&role_of(&id), &[(GROUP, "g2"), (EXPIRES, "2026-11-25T10:00:00Z")]);
        assert_eq!(read(&[own, shared, taken])[&id].group.as_str(), "g2");
    }

    #[test]
    fn other_roles_are_none_and_broken_ones_are_left_out() {
        let hash = InvitationId::of_token("x").to_string();
        let own = format!("{OWN}{hash}");
        for row in [
            role("it:cpu-1", &[(GROUP, "g"), (EXPIRES, "2026-11-25T10:00:00Z")]),
            role(&own, &[(GROUP, "g")]),
            role(&own, &[(GROUP, "g"), (EXPIRES, "tomorrow")]),
            role("invitation:short", &[(GROUP, "g"), (EXPIRES, "2026-11-25T10:00:00Z")]),
        ] {
            assert_eq!(of_role(&row), None, "{row:?}");
        }
        assert!(is_storage(SHARED) && is_storage(&own) && is_storage(&format!("{TAKEN}{hash}")));
        assert!(!is_storage("it:invitation") && !is_storage("invitations"));
    }
}
