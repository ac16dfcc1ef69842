//! A realm from nothing, once more, and after somebody has damaged it.

use std::sync::Arc;

use primehub_keycloak::{BootstrapRequest, FirstAdministrator, FirstGroup, Verdict};
use real_peers::Shared;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::place::{CLIENT, MANAGEMENT, PASSWORD, Place, lines, names, news};
use super::portrait::differences;

/// What the platform's account needs, and nothing more.
pub(super) const RIGHTS: [&str; 7] =
    ["manage-realm", "manage-users", "query-groups", "view-clients", "view-events", "view-realm", "view-users"];

/// All that can be asked for.
pub(super) fn everything(place: &Place) -> BootstrapRequest {
    let mut request = place.request();
    let mut administrator = FirstAdministrator::new("phadmin".parse().unwrap());
    administrator.email = Some("phadmin@example.com".to_owned());
    administrator.password = Some(PASSWORD.into());
    administrator.temporary = false;
    request.administrator = Some(administrator);
    let mut group = FirstGroup::new("phusers".parse().unwrap());
    group.display_name = Some("primehub users".to_owned());
    request.group = Some(group);
    request.resources = BootstrapRequest::default_resources(None);
    request.terms = true;
    request
}

pub(super) async fn created_left_alone_and_repaired(shared: Arc<Shared>) {
    let place = Place::new(&shared, "bootstrap-cycle").await;
    let request = everything(&place);

    // A plan makes nothing.
    let plan = place.plan(request.clone()).await;
    assert!(plan.steps().iter().all(|step| step.verdict() == Verdict::Created), "{plan}");
    let realm = place.admin.send(Method::GET, &place.name, None).await.unwrap();
    assert_eq!(realm.status.as_u16(), 404, "{realm:?}");

    let made = place.run(request.clone()).await;
    assert_eq!(lines(&made.steps), lines(&plan));
    is_as_documented(&place).await;
    assert_eq!(made.everyone.as_str(), place.group("everyone").await);
    assert_eq!(made.administrator_password.as_ref().map(ExposeSecret::expose_secret), Some(PASSWORD));
    let first = place.portrait().await;

    let again = place.run_in_vain(request.clone()).await;
    assert_eq!(differences(&first, &place.portrait().await), Vec::<String>::new());
    assert_eq!(again.everyone, made.everyone);
    assert!(again.administrator_password.is_none());
    for (client, secret) in &made.secrets {
        assert_eq!(again.secrets[client].expose_secret(), secret.expose_secret(), "{client}");
    }
    assert_eq!(made.secrets.keys().collect::<Vec<_>>(), ["admin-ui", "jupyterhub", "maintenance-proxy"]);

    damage(&place).await;
    let repaired = place.run(request.clone()).await;
    assert_eq!(
        news(&repaired.steps),
        [
            "! tighten the user profile: undeclared attributes ADMIN_EDIT instead of ENABLED; username changed by administrators alone; \
             email not required; volumeCapacity declared, for administrators alone",
            "! keep values out of the recorded events: they hold people's environment variables",
            "~ let administrators rename people",
            "~ let API tokens lie unused for 365 days instead of 30",
            "~ record the events that a picture of the realm follows (adminEventsEnabled, enabledEventTypes, eventsEnabled)",
            "~ make everybody new a member of everyone",
            "~ let client admin-ui send browsers back to http://hub.example/console/*",
            "~ give client admin-ui its mapper audience",
            "~ let tokens of admin-ui carry realm-admin",
            "~ give client jupyterhub its mapper groups",
            "+ ask everybody new to agree to terms and conditions",
        ]
    );
    let after = place.portrait().await;
    // What was declared last stands last.
    let mut left = differences(&first, &after);
    left.retain(|line| !line.starts_with("clients/admin-ui/protocolMappers/audience/id: "));
    left.retain(|line| !line.starts_with("clients/jupyterhub/protocolMappers/groups/id: "));
    assert_eq!(left, Vec::<String>::new());
    place.run_in_vain(request.clone()).await;

    // The group of everybody, with what was in it, is made anew; its roles were decided once and are not decided again.
    place.delete(&format!("groups/{}", made.everyone)).await;
    let remade = place.run(request.clone()).await;
    assert_eq!(
        news(&remade.steps),
        ["+ create group everyone, without any quota", "+ make everybody new a member of everyone"]
    );
    assert_eq!(remade.everyone.as_str(), place.group("everyone").await);
    place.run_in_vain(request).await;
    place.end().await;
}

/// Looks with other eyes at what was made.
async fn is_as_documented(place: &Place) {
    let realm = place.get("").await;
    let expected = json!({
        "enabled": true, "editUsernameAllowed": true, "revokeRefreshToken": false, "sslRequired": "none", "eventsEnabled": true,
        "adminEventsEnabled": true, "adminEventsDetailsEnabled": false, "eventsExpiration": 604_800,
        "offlineSessionIdleTimeout": 31_536_000,
    });
    for (setting, value) in expected.as_object().unwrap() {
        assert_eq!(realm[setting], *value, "{setting}");
    }
    assert_eq!(realm["attributes"]["frontendUrl"], place.base());
    assert_eq!(realm["attributes"]["adminEventsExpiration"], "604800");

    let profile = place.get("users/profile").await;
    assert_eq!(profile["unmanagedAttributePolicy"], "ADMIN_EDIT");
    for attribute in profile["attributes"].as_array().unwrap() {
        assert_eq!(attribute["required"], Value::Null, "{attribute}");
    }
    let everyone = place.group("everyone").await;
    assert_eq!(names(&place.get("default-groups").await), ["everyone"]);
    let group = place.get(&format!("groups/{everyone}")).await;
    assert_eq!(
        group["attributes"],
        json!({
            "displayName": ["Global"], "canUseGpu": ["false"], "quota-cpu": ["0"], "quota-gpu": ["0"],
            "project-quota-cpu": ["0"], "project-quota-gpu": ["0"],
        })
    );
    let roles = names(&place.get(&format!("groups/{everyone}/role-mappings/realm")).await);
    assert_eq!(roles.len(), 10);
    assert!(roles.contains(&"it:gpu-2".to_owned()) && roles.contains(&"img:base-notebook".to_owned()), "{roles:?}");

    assert_eq!(place.rights(&place.service_account().await).await, RIGHTS);
    let client = place.get(&format!("clients?clientId={CLIENT}")).await[0].clone();
    let flags = ["publicClient", "fullScopeAllowed", "directAccessGrantsEnabled", "implicitFlowEnabled"];
    for flag in flags {
        assert_eq!(client[flag], false, "{flag}");
    }
    let scope =
        format!("clients/{}/scope-mappings/clients/{}", client["id"].as_str().unwrap(), place.client(MANAGEMENT).await);
    assert_eq!(names(&place.get(&scope).await), ["realm-admin"]);
    assert!(
        client["attributes"].get("primehub.bootstrap").is_none(),
        "the mark of an unfinished client stays: {client}"
    );

    let administrator = place.user("phadmin").await;
    assert_eq!(place.rights(&administrator).await, ["realm-admin"]);
    assert_eq!(names(&place.get(&format!("users/{administrator}/groups")).await), ["everyone", "phusers"]);
    let user = place.get(&format!("users/{administrator}")).await;
    assert_eq!((&user["emailVerified"], user.get("attributes")), (&json!(true), None), "{user}");
    let group = place.get(&format!("groups/{}", place.group("phusers").await)).await;
    assert_eq!(group["attributes"], json!({ "admins": ["phadmin"], "displayName": ["primehub users"] }));
}

async fn damage(place: &Place) {
    for (client, mapper) in [("admin-ui", "audience"), ("jupyterhub", "groups")] {
        let client = place.client(client).await;
        let mappers = place.get(&format!("clients/{client}/protocol-mappers/models")).await;
        let mapper = mappers.as_array().unwrap().iter().find(|known| known["name"] == mapper).unwrap();
        place.delete(&format!("clients/{client}/protocol-mappers/models/{}", mapper["id"].as_str().unwrap())).await;
    }
    let client = place.client(CLIENT).await;
    place
        .change(&format!("clients/{client}"), |client| {
            client["redirectUris"].as_array_mut().unwrap().retain(|uri| uri != "http://hub.example/console/*");
        })
        .await;
    let management = place.client(MANAGEMENT).await;
    let scope = format!("clients/{client}/scope-mappings/clients/{management}");
    let roles = place.get(&scope).await;
    place.admin.delete_listed(&place.path(&scope), &roles).await.unwrap();
    place.delete(&format!("default-groups/{}", place.group("everyone").await)).await;
    place
        .change("users/profile", |profile| {
            profile["unmanagedAttributePolicy"] = "ENABLED".into();
            let attributes = profile["attributes"].as_array_mut().unwrap();
            attributes.retain(|attribute| attribute["name"] != "volumeCapacity");
            for attribute in attributes {
                match attribute["name"].as_str() {
                    Some("username") => attribute["permissions"]["edit"] = json!(["admin", "user"]),
                    Some("email") => attribute["required"] = json!({ "roles": ["user"] }),
                    _ => {}
                }
            }
        })
        .await;
    place
        .change("authentication/required-actions/TERMS_AND_CONDITIONS", |action| action["enabled"] = false.into())
        .await;
    // The last, because nothing is recorded from here on.
    place.put("", &json!({
        "editUsernameAllowed": false, "offlineSessionIdleTimeout": 2_592_000, "eventsEnabled": false, "enabledEventTypes": ["REGISTER"],
        "adminEventsEnabled": false, "adminEventsDetailsEnabled": true,
    }))
    .await;
}
