//! Clients other than PrimeHub's own: what their tokens tell, and what is asked of them.

use primehub_core::identity::{Actor, AttributeEdits, Binding, IdentityStore as _, Role, RoleKey, Subject, UserEdit};
use serde_json::{Value, json};

use super::{TOKEN, USER_INFO, World, parts};
use crate::oidc::{ClaimMapper, Client};

const HUB: &[(&str, &str)] = &[("client_id", "hub"), ("client_secret", "hub-s3cret")];

fn mapper(kind: &str, config: &Value) -> Value {
    let mut all = json!({ "id.token.claim": "true", "access.token.claim": "true", "userinfo.token.claim": "true" });
    all.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({ "name": kind, "protocol": "openid-connect", "protocolMapper": kind, "config": all })
}

/// A notebook hub as the platform's installation sets one up.
fn hub() -> Client {
    let quota = |attribute: &str, claim: &str| {
        let config = json!({ "user.attribute": attribute, "claim.name": claim, "jsonType.label": "int" });
        mapper("oidc-usermodel-attribute-mapper", &config)
    };
    let property = |property: &str, claim: &str| {
        let config = json!({ "user.attribute": property, "claim.name": claim, "jsonType.label": "String" });
        mapper("oidc-usermodel-property-mapper", &config)
    };
    let roles = json!({ "claim.name": "roles", "multivalued": "true", "jsonType.label": "String" });
    let audience = json!({
        "included.client.audience": "proxy", "id.token.claim": "false", "userinfo.token.claim": "false",
    });
    let export = json!({
        "clientId": "hub", "secret": "hub-s3cret", "directAccessGrantsEnabled": true,
        "redirectUris": ["https://hub.example/*"],
        "protocolMappers": [
            mapper("oidc-usermodel-realm-role-mapper", &roles),
            quota("project-quota-gpu", "project-quota.gpu"),
            quota("quota-gpu", "quota.gpu"),
            property("username", "preferred_username"),
            property("email", "email"),
            mapper("oidc-group-membership-mapper", &json!({ "full.path": "true", "claim.name": "groups" })),
            mapper("oidc-audience-mapper", &audience),
        ],
    });
    Client::from_keycloak(&export).unwrap()
}

impl World {
    async fn log_in_to_hub(&self) -> super::Answer {
        let grant = [("grant_type", "password"), ("username", "alice"), ("password", "wonder"), ("scope", "openid")];
        self.post(TOKEN, &[HUB, &grant]).await
    }
}

#[tokio::test]
async fn a_hub_reads_roles_quotas_and_groups_wherever_it_looks() {
    let world = World::with(|settings| settings.other_clients.push(hub())).await;
    let by = Actor::service();
    world.store.ensure_role(&by, Role::new(RoleKey::realm("it:gpu-1"))).await.unwrap();
    let group = world.store.directory().group_named("Vision_Lab").unwrap().id.clone();
    let grant = Binding::Grant { to: Subject::Group(group), role: RoleKey::realm("it:gpu-1") };
    world.store.bind(&by, &[grant]).await.unwrap().remove(0).unwrap();
    let mut attributes = AttributeEdits::default();
    attributes.set("quota-gpu", "2").set("project-quota-gpu", "many");
    world.edit_alice(UserEdit { attributes, ..UserEdit::default() }).await;

    let answer = world.log_in_to_hub().await;
    let access = answer.text("access_token");
    let info = world.get(USER_INFO, Some(&access)).await.body;
    for claims in [parts(&access).1, parts(&answer.text("id_token")).1, info] {
        let roles = claims["roles"].as_array().unwrap();
        assert!(roles.contains(&json!("it:gpu-1")) && roles.contains(&json!("offline_access")), "{claims}");
        assert!(roles.iter().all(Value::is_string));
        assert_eq!(claims["quota"], json!({ "gpu": 2 }));
        assert_eq!(claims.get("project-quota"), None, "it is no number");
        assert_eq!((&claims["preferred_username"], &claims["email"]), (&json!("alice"), &json!("alice@example.com")));
        assert_eq!(claims["groups"], json!(["/Vision_Lab", "/everyone"]));
    }
    let audience = parts(&access).1["aud"].as_array().unwrap().clone();
    assert!(audience.contains(&json!("hub")) && audience.contains(&json!("proxy")), "{audience:?}");
    assert_eq!(parts(&answer.text("id_token")).1["aud"], "hub");
}

#[tokio::test]
async fn an_audience_is_named_once() {
    let own = |settings: &mut crate::oidc::ProviderSettings| {
        settings.client.mappers.extend(["admin-ui", "proxy", "proxy"].map(ClaimMapper::audience));
    };
    let world = World::with(own).await;
    let token = world.log_in("root", "toor", "").await.text("access_token");
    assert_eq!(parts(&token).1["aud"], json!(["admin-ui", "realm-management", "proxy"]));
}

#[tokio::test]
async fn a_client_without_a_group_mapper_learns_no_groups() {
    let world = World::with(|settings| settings.client.mappers.clear()).await;
    let token = world.log_in("alice", "wonder", "openid").await.text("access_token");
    assert_eq!(parts(&token).1.get("groups"), None);
    assert_eq!(world.get(USER_INFO, Some(&token)).await.body.get("groups"), None);
}

#[tokio::test]
async fn a_client_that_is_switched_off_is_unknown() {
    let mut client = hub();
    client.enabled = false;
    let world = World::with(|settings| settings.other_clients.push(client)).await;
    let error = "Invalid client or Invalid client credentials";
    assert_eq!(world.log_in_to_hub().await.error(), (401, "invalid_client", error));
}
