//! Answers as a Keycloak 26.7 gives them.

use primehub_core::identity::Attributes;
use serde_json::json;

use super::*;

fn attributes(pairs: &[(&str, &[&str])]) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, values) in pairs {
        attributes.set(*name, values.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    attributes
}

#[tokio::test]
async fn a_user() {
    let peer = Peer::start().await;
    let answer = json!({
        "id": "u-1", "username": "alice", "firstName": "Al", "lastName": "Lee", "email": "alice@example.com",
        "emailVerified": false, "attributes": {"volumeCapacity": ["20G"]}, "enabled": true,
        "createdTimestamp": 1_795_489_174_788_u64, "totp": false, "disableableCredentialTypes": [],
        "requiredActions": ["UPDATE_PASSWORD"], "notBefore": 0, "access": {"view": true, "manage": true}
    });
    let users = peer.answers(200, &answer).users();
    let row = users.get(&user()).await.unwrap().unwrap();
    assert_eq!((row.username.as_str(), row.enabled, row.email_verified), ("alice", true, false));
    assert_eq!((row.first_name.as_deref(), row.last_name.as_deref()), (Some("Al"), Some("Lee")));
    assert_eq!(row.email.as_deref(), Some("alice@example.com"));
    assert_eq!(row.created_timestamp, Some(1_795_489_174_788));
    assert_eq!(row.required_actions, ["UPDATE_PASSWORD"]);
    assert_eq!(row.attributes, attributes(&[("volumeCapacity", &["20G"])]));

    let mut whole = users.full(&user()).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&whole).unwrap(), answer, "what is sent back is what was read");
    assert_eq!(whole.row::<super::super::UserRow>().unwrap(), row);
    whole.set("firstName", "Alice");
    whole.set_attributes(&attributes(&[("a", &["1", "2"])]));
    assert_eq!(whole.0["attributes"], json!({"a": ["1", "2"]}));
    assert_eq!((&whole.0["firstName"], &whole.0["email"]), (&json!("Alice"), &json!("alice@example.com")));
}

#[tokio::test]
async fn a_user_of_whom_little_is_known() {
    let peer = Peer::start().await;
    let answer = json!({"id": "u-1", "username": "service-account-c1", "emailVerified": false, "enabled": true});
    let row = peer.answers(200, answer).clients().service_account_user("c-1").await.unwrap();
    assert_eq!((row.email, row.first_name, row.attributes), (None, None, Attributes::default()));
}

#[tokio::test]
async fn a_group_with_its_roles() {
    let peer = Peer::start().await;
    let answer = json!([{
        "id": "g-1", "name": "sub", "path": "/g/sub", "parentId": "g-0", "subGroupCount": 2, "subGroups": [],
        "attributes": {"admins": [""], "quota-cpu": ["10.5"]}, "realmRoles": ["it:cpu-1"],
        "clientRoles": {"realm-management": ["realm-admin"]}, "access": {"view": true}
    }]);
    let row = peer.answers(200, answer).groups().children(&"g-0".into()).await.unwrap().remove(0);
    assert_eq!((row.parent_id, row.sub_group_count, row.description), (Some("g-0".into()), 2, None));
    assert_eq!(row.attributes, attributes(&[("admins", &[""]), ("quota-cpu", &["10.5"])]));
    assert_eq!(
        (row.realm_roles, &row.client_roles["realm-management"][..]),
        (vec!["it:cpu-1".to_owned()], &["realm-admin".to_owned()][..])
    );
}

#[tokio::test]
async fn members_roles_credentials_and_sessions() {
    let peer = Peer::start().await;
    let member =
        json!([{"id": "u-1", "username": "alice", "email": "a@b.c", "enabled": true, "access": {"manage": true}}]);
    assert_eq!(peer.answers(200, member).groups().members(&group()).await.unwrap()[0].username, "alice");
    let found = json!([{
        "id": "r-1", "name": "it:cpu-1", "description": "${it}", "composite": true, "clientRole": true,
        "containerId": "c-1", "attributes": {"a": ["1"]}
    }]);
    let row = peer.answers(200, found).roles().all().await.unwrap().remove(0);
    assert_eq!((row.composite, row.client_role, row.container_id.as_deref()), (true, true, Some("c-1")));
    assert_eq!((RoleReference::from(&row), row.attributes), (role(), attributes(&[("a", &["1"])])));
    let credential = json!([{"id": "p-1", "type": "password", "createdDate": 1, "credentialData": "{}"}]);
    let credentials = peer.answers(200, credential).users().credentials(By::Service, &user()).await.unwrap();
    assert_eq!((credentials[0].id.as_str(), credentials[0].kind.as_str()), ("p-1", "password"));
    let session =
        json!([{"id": "ry0EN9PD5OFDcFgvOvF-_6QV", "username": "alice", "start": 1, "clients": {"c-1": "admin-ui"}}]);
    let sessions = peer.answers(200, session).users().offline_sessions(&user(), "c-1").await.unwrap();
    assert_eq!(sessions[0].id, "ry0EN9PD5OFDcFgvOvF-_6QV");
}

#[tokio::test]
async fn events_of_both_kinds() {
    let peer = Peer::start().await;
    let admin = json!([{
        "id": "e-1", "time": 1_795_489_447_258_i64, "realmId": "i", "authDetails": {"userId": "u-9"},
        "operationType": "CREATE", "resourceType": "USER", "resourcePath": "users/u-1", "representation": "{}"
    }]);
    let event = peer.answers(200, admin).events().newest_admin_event().await.unwrap().unwrap();
    assert_eq!((event.id.as_deref(), event.time), (Some("e-1"), 1_795_489_447_258));
    assert_eq!((event.operation_type.as_str(), event.resource_path.as_deref()), ("CREATE", Some("users/u-1")));
    let without_path = json!([{"id": "e-2", "time": 2, "operationType": "UPDATE", "resourceType": "REALM"}]);
    let event = peer.answers(200, without_path).events().admin_events(0, 0, 5).await.unwrap().remove(0);
    assert_eq!((event.resource_type.as_str(), event.resource_path), ("REALM", None));
    let own = json!([{"id": "e-3", "time": 3, "type": "UPDATE_PROFILE", "clientId": "account", "userId": "u-1"}]);
    let event = peer.answers(200, own).events().newest_user_event().await.unwrap().unwrap();
    assert_eq!((event.kind.as_str(), event.user_id), ("UPDATE_PROFILE", Some(user())));
}

#[tokio::test]
async fn only_a_missing_object_is_none() {
    let peer = Peer::start().await;
    for elsewhere in ["Realm not found.", "HTTP 404 Not Found"] {
        let answer = peer.answers(404, json!({"error": elsewhere})).users().get(&user()).await;
        assert_eq!(answer.unwrap_err().status(), Some(404), "{elsewhere}");
    }
    let lists = peer.answers(404, json!({"error": "User not found"})).users();
    assert!(lists.groups(&user()).await.unwrap_err().is_absent());
    let refused = peer.answers(403, json!({"error": "HTTP 403 Forbidden"})).users().get(&user()).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().kind.right, "view-users");
}
