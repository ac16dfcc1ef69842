//! What Keycloak's rows say, in our words.

use std::collections::BTreeSet;

use jiff::Timestamp;
use primehub_core::identity::{Group, Realm, RoleKey, User};
use primehub_core::names::GroupId;

use crate::admin::{GroupRow, RealmRow, UserRow};

/// How the login name of a service account begins. Keycloak does not say otherwise that an account is one.
const SERVICE_ACCOUNT: &str = "service-account-";

pub(super) fn user(row: UserRow) -> User {
    let mut user = User::new(row.id, row.username);
    user.service_account_of = user.username.strip_prefix(SERVICE_ACCOUNT).map(ToOwned::to_owned);
    user.email = row.email.filter(|email| !email.is_empty());
    user.email_verified = row.email_verified;
    user.first_name = row.first_name;
    user.last_name = row.last_name;
    user.enabled = row.enabled;
    user.has_one_time_password = row.totp;
    let created = row.created_timestamp.and_then(|time| Timestamp::from_millisecond(time).ok());
    user.created_at = created.unwrap_or(Timestamp::UNIX_EPOCH);
    user.federated = row.federation_link.is_some();
    user.required_actions = row.required_actions;
    user.attributes = row.attributes;
    user
}

/// The group, and the roles mapped on it.
pub(super) fn group(row: GroupRow) -> (Group, BTreeSet<RoleKey>) {
    let mut group = Group::new(row.id, row.name);
    group.parent = row.parent_id;
    group.description = row.description;
    group.attributes = row.attributes;
    let mut roles: BTreeSet<RoleKey> = row.realm_roles.into_iter().map(RoleKey::realm).collect();
    for (client, names) in row.client_roles {
        let client: std::sync::Arc<str> = client.into();
        roles.extend(names.into_iter().map(|role| RoleKey::Client { client: client.clone(), role: role.into() }));
    }
    (group, roles)
}

pub(super) fn realm(row: &RealmRow, default_groups: BTreeSet<GroupId>) -> Realm {
    let mut realm = Realm::default();
    // A name that was taken away is stored as an empty text.
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    realm.display_name = text(&row.display_name);
    realm.display_name_html = text(&row.display_name_html);
    realm.smtp.clone_from(&row.smtp_server);
    realm.default_groups = default_groups;
    realm
}
