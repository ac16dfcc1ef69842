//! The bootstrap on a realm of the original.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::clock::SystemClock;
use primehub_core::identity::token::TokenIssuer as _;
use primehub_core::identity::{IdentityStore as _, RoleKey};
use primehub_keycloak::{CheckOptions, Keycloak, KeycloakIdentityStore, KeycloakTokens, check};
use real_peers::Shared;
use secrecy::SecretString;

use super::check::wrong;
use super::original::SECRET;
use super::place::{Place, lines};
use super::portrait::differences;

pub(super) async fn nothing_is_lost(shared: Arc<Shared>) {
    let place = Place::new(&shared, "bootstrap-original").await;
    place.make_as_the_original().await;
    let secret = SecretString::from(SECRET);
    let tokens = place.platform_tokens(&secret, "ada", "openid offline_access").await;
    let before = place.portrait().await;

    // Everything that belongs to a first installation is asked for, and none of it happens.
    let request = super::cycle::everything(&place);
    let plan = place.plan(request.clone()).await;
    assert_eq!(differences(&before, &place.portrait().await), Vec::<String>::new(), "a plan changes nothing");
    assert_eq!(
        lines(&plan),
        [
            "! tighten the user profile: undeclared attributes ADMIN_EDIT instead of ENABLED; usernames of one letter; username changed by \
             administrators alone; email not required; firstName not required; lastName not required; predefinedEnvs declared, for \
             administrators alone; volumeCapacity declared, for administrators alone; enableInviteUsers declared, for administrators alone; \
             annLastReadTime declared, for administrators alone",
            "~ let administrators rename people",
            "~ let API tokens lie unused for 365 days instead of 30",
            "~ record the events that a picture of the realm follows (adminEventsEnabled, enabledEventTypes, eventsEnabled)",
            "~ keep events of people for 7 days",
            "~ keep events of administrators for 7 days",
            "= group everyone",
            "~ let client admin-ui send browsers back to http://hub.example/oidc/auth-flow/callback",
            "~ give client admin-ui its mapper audience",
            "= the service account of admin-ui keeps realm-admin, which is more than it needs: manage-users, view-users, query-groups, \
             manage-realm, view-realm, view-clients, view-events",
            "~ give client jupyterhub its mapper project-quota-gpu",
            "= client maintenance-proxy",
            "+ ask everybody new to agree to terms and conditions",
            "= there are people, so nobody and nothing of theirs is made",
        ]
    );
    place.run(request.clone()).await;
    let after = place.portrait().await;
    let changed = differences(&before, &after);
    let places: Vec<&str> = changed.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "actions/Terms and Conditions/defaultAction",
            "actions/Terms and Conditions/enabled",
            // Keycloak itself puts what belongs to a service account there whenever the client is written.
            "clients/admin-ui/defaultClientScopes",
            "clients/admin-ui/protocolMappers",
            "clients/admin-ui/redirectUris",
            "clients/jupyterhub/protocolMappers/project-quota-gpu",
            "profile/attributes/annLastReadTime",
            "profile/attributes/email/required",
            "profile/attributes/enableInviteUsers",
            "profile/attributes/firstName/required",
            "profile/attributes/lastName/required",
            "profile/attributes/predefinedEnvs",
            "profile/attributes/username/permissions/edit",
            "profile/attributes/username/validations/length/min",
            "profile/attributes/volumeCapacity",
            "profile/unmanagedAttributePolicy",
            "realm/adminEventsEnabled",
            "realm/attributes/adminEventsExpiration",
            "realm/editUsernameAllowed",
            "realm/enabledEventTypes",
            "realm/eventsEnabled",
            "realm/eventsExpiration",
            "realm/offlineSessionIdleTimeout",
        ],
        "{changed:#?}"
    );
    for kept in ["http://hub.example/console/*", "http://hub.example/oidc/auth-flow/callback"] {
        assert!(after["clients"]["admin-ui"]["redirectUris"].as_array().unwrap().contains(&kept.into()), "{kept}");
    }
    place.run_in_vain(request).await;

    is_shown(&place, &secret).await;
    // Tokens of before work, and whoever could not log in can.
    let keycloak = Keycloak::new(place.settings(&secret)).unwrap();
    let api_token = SecretString::from(tokens["refresh_token"].as_str().unwrap());
    KeycloakTokens::new(&keycloak).exchange_api_token(&api_token).await.unwrap();
    place.platform_tokens(&secret, "invited", "openid offline_access").await;
    let report = check(&place.settings(&secret), &CheckOptions::default()).await;
    assert_eq!(wrong(&report), Vec::<String>::new());
    place.end().await;
}

/// The platform sees all of it.
async fn is_shown(place: &Place, secret: &SecretString) {
    let keycloak = Keycloak::new(place.settings(secret)).unwrap();
    let store = KeycloakIdentityStore::start(keycloak, Arc::new(SystemClock));
    tokio::time::timeout(Duration::from_mins(1), store.loaded()).await.expect("the realm is not read within a minute");
    let directory = store.directory();
    assert_eq!(directory.everyone_id().as_str(), place.group("everyone").await);
    let mut people: Vec<_> = directory.people_from(0).map(|user| user.username.to_string()).collect();
    people.sort();
    assert_eq!(people, ["ada", "gone", "invited", "phadmin"]);
    let invited = directory.user_named("invited").unwrap();
    assert_eq!(invited.attributes.first("predefinedEnvs"), Some(r#"[{"name":"A","value":"b=c"}]"#));
    let ada = directory.user_named("ada").unwrap();
    assert_eq!(ada.attributes.all("department"), ["x", "y"]);
    let group = directory.group_named("phusers").unwrap();
    assert_eq!(group.attributes.all("mlflow-tracking-envs"), ["A=b=c", "D="]);
    assert_eq!(group.attributes.all("admins"), ["phadmin", "ada"]);
    assert_eq!(directory.member_count(&group.id), 3);
    assert_eq!(directory.invitations().count(), 1);
    assert!(directory.role(&RoleKey::realm("ds:rw:data")).is_some());
}
