use secrecy::ExposeSecret as _;
use serde_json::json;

use super::*;

#[tokio::test]
async fn the_realm() {
    let peer = Peer::start().await;
    let (by, realm) = (peer.person(), peer.answers(200, json!({"id": "i", "realm": "primehub"})).realm());
    let whole = realm.full().await.unwrap();
    assert_eq!(realm.get().await.unwrap().id, "i");
    realm.profile().await.unwrap();
    peer.answers(200, json!([{"id": "g-1", "name": "everyone", "path": "/everyone", "subGroups": []}]));
    assert_eq!(realm.default_groups().await.unwrap(), [group()]);
    peer.answers(404, json!({"error": "Failed to find required action"}));
    assert_eq!(realm.required_action("TERMS_AND_CONDITIONS").await.unwrap(), None);
    peer.obeys();
    realm.create(by, &whole).await.unwrap();
    realm.put(by, &whole).await.unwrap();
    realm.add_default_group(by, &group()).await.unwrap();
    realm.put_profile(by, &full(json!({"attributes": []}))).await.unwrap();
    realm.put_required_action(by, "TERMS_AND_CONDITIONS", &full(json!({"enabled": true}))).await.unwrap();
    assert_eq!(
        peer.sent().await,
        [
            "service GET ",
            "service GET ",
            "service GET /users/profile",
            "service GET /default-groups",
            "service GET /authentication/required-actions/TERMS_AND_CONDITIONS",
            r#"person POST /auth/admin/realms {"id":"i","realm":"primehub"}"#,
            r#"person PUT  {"id":"i","realm":"primehub"}"#,
            "person PUT /default-groups/g-1",
            r#"person PUT /users/profile {"attributes":[]}"#,
            r#"person PUT /authentication/required-actions/TERMS_AND_CONDITIONS {"enabled":true}"#,
        ]
    );
}

#[tokio::test]
async fn a_realm_of_which_only_the_name_is_shown_is_a_missing_right() {
    let peer = Peer::start().await;
    let few = json!({"realm": "primehub", "displayName": "PrimeHub", "registrationEmailAsUsername": false});
    let error = peer.answers(200, few).realm().get().await.unwrap_err();
    assert_eq!((error.status(), error.refusal().unwrap().kind.right), (Some(403), "view-realm"));
}

#[tokio::test]
async fn clients() {
    let peer = Peer::start().await;
    let rows = json!([{"id": "c-1", "clientId": "admin-ui", "secret": "hidden"}]);
    let (by, clients) = (peer.person(), peer.answers(200, rows).clients());
    assert_eq!(clients.find("admin-ui").await.unwrap().unwrap().id, "c-1");
    assert_eq!(clients.find("").await.unwrap(), None, "Keycloak answers all clients");
    let whole = clients.full("admin-ui").await.unwrap().unwrap();
    assert_eq!(clients.full("").await.unwrap(), None);
    assert_eq!(whole.0["secret"], "hidden");
    peer.answers(200, json!([{"id": "r-1", "name": "it:cpu-1", "composite": true}]));
    assert_eq!(clients.scope_mappings("c-1", "c-2").await.unwrap(), [role()]);
    peer.answers(200, json!({"type": "secret", "value": "hidden"}));
    assert_eq!(clients.secret("c-1").await.unwrap().unwrap().expose_secret(), "hidden");
    peer.answers(200, json!({"type": "secret"}));
    assert!(clients.secret("c-1").await.unwrap().is_none(), "a public client");
    peer.answers(200, json!({"id": "u-1", "username": "service-account-admin-ui"}));
    assert_eq!(clients.service_account_user("c-1").await.unwrap().id, user());
    peer.creates("clients/c-9");
    assert_eq!(clients.create(by, &full(json!({"clientId": "new"}))).await.unwrap(), "c-9");
    clients.add_mapper(by, "c-1", &full(json!({"name": "groups"}))).await.unwrap();
    peer.obeys();
    clients.put(by, "c-1", &whole).await.unwrap();
    clients.add_scope_mapping(by, "c-1", "c-2", &[role()]).await.unwrap();
    assert_eq!(
        peer.sent().await,
        [
            "service GET /clients?clientId=admin-ui",
            "service GET /clients?clientId=",
            "service GET /clients?clientId=admin-ui",
            "service GET /clients?clientId=",
            "service GET /clients/c-1/scope-mappings/clients/c-2",
            "service GET /clients/c-1/client-secret",
            "service GET /clients/c-1/client-secret",
            "service GET /clients/c-1/service-account-user",
            r#"person POST /clients {"clientId":"new"}"#,
            r#"person POST /clients/c-1/protocol-mappers/models {"name":"groups"}"#,
            r#"person PUT /clients/c-1 {"clientId":"admin-ui","id":"c-1","secret":"hidden"}"#,
            r#"person POST /clients/c-1/scope-mappings/clients/c-2 [{"id":"r-1","name":"it:cpu-1"}]"#,
        ]
    );
}

#[tokio::test]
async fn events() {
    let peer = Peer::start().await;
    let events = peer.answers(200, json!([])).events();
    events.admin_events(1_795_489_447_258, 400, 500).await.unwrap();
    events.admin_events(-30_000, 0, 500).await.unwrap();
    events.user_events(1_795_489_447_258, 0, 500).await.unwrap();
    assert_eq!(events.newest_admin_event().await.unwrap(), None);
    assert_eq!(events.newest_user_event().await.unwrap(), None);
    assert_eq!(
        peer.sent().await,
        [
            "service GET /admin-events?dateFrom=1795489447258&direction=asc&first=400&max=500",
            "service GET /admin-events?dateFrom=0&direction=asc&first=0&max=500",
            "service GET /events?dateFrom=1795489447258&direction=asc&first=0&max=500",
            "service GET /admin-events?direction=desc&first=0&max=1",
            "service GET /events?direction=desc&first=0&max=1",
        ]
    );
}
