//! What a realm is made of before anybody has written to it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use primehub_core::clock::{Clock, SystemClock};
use primehub_core::identity::{Directory, Group, Realm, Role, RoleKey, attribute};
use primehub_core::names::GroupId;

use super::PasswordCost;

/// What a [`MemoryIdentityStore`](super::MemoryIdentityStore) is made from.
#[derive(Clone)]
#[non_exhaustive]
pub struct RealmSettings {
    /// Name of the realm; `master` is special, as in Keycloak: its administrators hold the realm role `admin`.
    pub realm: String,
    /// PrimeHub's client at the OpenID provider: a user's API tokens are the offline sessions of this client.
    pub client_id: String,
    /// Tells when something was made, and what has expired.
    pub clock: Arc<dyn Clock>,
    /// What guessing a password costs.
    pub password_cost: PasswordCost,
    /// What every new person has to do at the first login, such as `TERMS_AND_CONDITIONS`; nothing by default.
    pub default_actions: Vec<String>,
}

impl RealmSettings {
    /// A realm by name, with the client id of PrimeHub, the operating system's clock and Keycloak's password cost.
    #[must_use]
    pub fn new(realm: impl Into<String>, client_id: impl Into<String>) -> Self {
        Self {
            realm: realm.into(),
            client_id: client_id.into(),
            clock: Arc::new(SystemClock),
            password_cost: PasswordCost::keycloak(),
            default_actions: Vec::new(),
        }
    }

    /// The role that every new account gets: it contains [`offline_access`](https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess),
    /// without which there are no API tokens.
    pub(super) fn default_role(&self) -> RoleKey {
        RoleKey::realm(format!("default-roles-{}", self.realm))
    }
}

impl fmt::Debug for RealmSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealmSettings")
            .field("realm", &self.realm)
            .field("client_id", &self.client_id)
            .field("password_cost", &self.password_cost)
            .finish_non_exhaustive()
    }
}

/// A realm as PrimeHub's bootstrap leaves it: the group of everyone, which new accounts join by themselves, and the roles that a
/// Keycloak realm has from the start, as far as PrimeHub or its clients read them.
pub(super) fn first_picture(settings: &RealmSettings) -> Directory {
    // What can be allowed singly in a realm: an administrator holds all of it, and tokens list it.
    const REALM_RIGHTS: [&str; 21] = [
        "create-client",
        "impersonation",
        "manage-authorization",
        "manage-clients",
        "manage-events",
        "manage-identity-providers",
        "manage-organizations",
        "manage-realm",
        "manage-users",
        "query-clients",
        "query-groups",
        "query-organizations",
        "query-realms",
        "query-users",
        "view-authorization",
        "view-clients",
        "view-events",
        "view-identity-providers",
        "view-organizations",
        "view-realm",
        "view-users",
    ];
    let everyone = GroupId::new(new_id());
    let administrator = RoleKey::administrator(&settings.realm);
    let mut directory = Directory::new(everyone.clone(), administrator.clone());

    let mut group = Group::new(everyone.clone(), "everyone");
    group.attributes.set_one(attribute::DISPLAY_NAME, "Global");
    group.attributes.set_one("canUseGpu", "false");
    for quota in
        [attribute::QUOTA_CPU, attribute::QUOTA_GPU, attribute::PROJECT_QUOTA_CPU, attribute::PROJECT_QUOTA_GPU]
    {
        group.attributes.set_one(quota, "0");
    }
    directory.put_group(group);
    let mut realm = Realm::default();
    realm.default_groups.insert(everyone);
    directory.put_realm(realm);

    let mut administration = Role::new(administrator);
    if let RoleKey::Client { client, .. } = &administration.key {
        let rights = REALM_RIGHTS.map(|role| RoleKey::Client { client: client.clone(), role: role.into() });
        for right in &rights {
            directory.put_role(Role::new(right.clone()));
        }
        administration.composites = BTreeSet::from(rights);
    }
    directory.put_role(administration);
    let account = |role: &str| RoleKey::Client { client: "account".into(), role: role.into() };
    let contained = [
        RoleKey::realm("offline_access"),
        RoleKey::realm("uma_authorization"),
        account("view-profile"),
        account("manage-account"),
    ];
    let mut default_role = Role::new(settings.default_role());
    default_role.composites = BTreeSet::from(contained.clone());
    for key in contained {
        directory.put_role(Role::new(key));
    }
    directory.put_role(default_role);
    directory.advance();
    directory
}

/// An id that nothing else has or will have.
pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::own_realm("primehub", "realm-management:realm-admin")]
    #[case::master("master", "admin")]
    fn a_new_realm_is_what_the_bootstrap_leaves(#[case] realm: &str, #[case] administrator: &str) {
        let settings = RealmSettings::new(realm, "admin-ui");
        let directory = first_picture(&settings);
        let everyone = directory.group_named("everyone").unwrap();
        assert_eq!(&everyone.id, directory.everyone_id());
        let attributes: Vec<_> = everyone.attributes.iter().map(|(name, values)| (name, values.join(","))).collect();
        let expected = [
            ("canUseGpu", "false"),
            ("displayName", "Global"),
            ("project-quota-cpu", "0"),
            ("project-quota-gpu", "0"),
            ("quota-cpu", "0"),
            ("quota-gpu", "0"),
        ];
        assert_eq!(attributes, expected.map(|(name, value)| (name, value.to_owned())));
        assert!(directory.realm().default_groups.contains(&everyone.id));
        assert_eq!(directory.administrator_role().to_string(), administrator);
        assert!(directory.role(directory.administrator_role()).is_some());
        let default_role = directory.role(&settings.default_role()).unwrap();
        assert!(default_role.composites.contains(&RoleKey::realm("offline_access")));
        assert!(default_role.composites.iter().all(|role| directory.role(role).is_some()));
        assert_eq!((directory.group_count(), directory.people_count()), (0, 0));
    }
}
