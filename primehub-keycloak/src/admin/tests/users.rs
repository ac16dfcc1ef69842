use std::time::Duration;

use serde_json::json;

use super::*;

#[tokio::test]
async fn reads_of_users() {
    let peer = Peer::start().await;
    let keycloak = peer.answers(200, json!([]));
    keycloak.users().page(20, 10).await.unwrap();
    keycloak.users().all().await.unwrap();
    keycloak.users().service_accounts().await.unwrap();
    keycloak.users().find_exact("al&ce+b").await.unwrap();
    keycloak.users().find_by_email_exact("a@b.c").await.unwrap();
    keycloak.users().groups(&user()).await.unwrap();
    keycloak.users().client_roles(&user(), "c-1").await.unwrap();
    keycloak.users().realm_roles(&user()).await.unwrap();
    keycloak.users().credentials(By::Service, &user()).await.unwrap();
    keycloak.users().offline_sessions(&user(), "c-1").await.unwrap();
    assert_eq!(peer.answers(200, 3).users().count().await.unwrap(), 3);
    peer.answers(404, json!({"error": "User not found"}));
    assert_eq!(keycloak.users().get(&user()).await.unwrap(), None);
    assert_eq!(keycloak.users().full(&user()).await.unwrap(), None);
    assert_eq!(
        peer.sent().await,
        [
            "service GET /users?briefRepresentation=false&first=20&max=10",
            "service GET /users?briefRepresentation=false&first=0&max=1500",
            "service GET /users?username=service-account-&briefRepresentation=false&first=0&max=1500",
            "service GET /users?username=al%26ce%2Bb&exact=true&briefRepresentation=false&first=0&max=20",
            "service GET /users?email=a%40b.c&exact=true&briefRepresentation=false&first=0&max=20",
            "service GET /users/u-1/groups?briefRepresentation=true&first=0&max=500",
            "service GET /users/u-1/role-mappings/clients/c-1",
            "service GET /users/u-1/role-mappings/realm",
            "service GET /users/u-1/credentials",
            "service GET /users/u-1/offline-sessions/c-1",
            "service GET /users/count",
            "service GET /users/u-1",
            "service GET /users/u-1",
        ]
    );
}

#[tokio::test]
async fn writes_of_users() {
    let peer = Peer::start().await;
    let (by, users) = (peer.person(), peer.creates("users/u-1").users());
    assert_eq!(users.create(by, &full(json!({"username": "alice"}))).await.unwrap(), user());
    peer.obeys();
    users.put(by, &user(), &full(json!({"username": "alice", "email": "a@b.c"}))).await.unwrap();
    users.join(by, &user(), &group()).await.unwrap();
    users.leave(by, &user(), &group()).await.unwrap();
    users.grant_client_role(by, &user(), "c-1", &role()).await.unwrap();
    users.revoke_client_role(by, &user(), "c-1", &role()).await.unwrap();
    users.grant_realm_role(by, &user(), &role()).await.unwrap();
    users.revoke_realm_role(by, &user(), &role()).await.unwrap();
    users.set_password(By::Service, &user(), &"pass".into(), true).await.unwrap();
    users.remove_credential(by, &user(), "otp-1").await.unwrap();
    users.send_actions(by, &user(), &["VERIFY_EMAIL".to_owned()], Duration::from_hours(1)).await.unwrap();
    users.revoke_consent(by, &user(), "admin/ui").await.unwrap();
    users.delete(by, &user()).await.unwrap();
    assert_eq!(
        peer.sent().await,
        [
            r#"person POST /users {"username":"alice"}"#,
            r#"person PUT /users/u-1 {"email":"a@b.c","username":"alice"}"#,
            "person PUT /users/u-1/groups/g-1",
            "person DELETE /users/u-1/groups/g-1",
            r#"person POST /users/u-1/role-mappings/clients/c-1 [{"id":"r-1","name":"it:cpu-1"}]"#,
            r#"person DELETE /users/u-1/role-mappings/clients/c-1 [{"id":"r-1","name":"it:cpu-1"}]"#,
            r#"person POST /users/u-1/role-mappings/realm [{"id":"r-1","name":"it:cpu-1"}]"#,
            r#"person DELETE /users/u-1/role-mappings/realm [{"id":"r-1","name":"it:cpu-1"}]"#,
            r#"service PUT /users/u-1/reset-password {"temporary":true,"type":"password","value":"pass"}"#,
            "person DELETE /users/u-1/credentials/otp-1",
            r#"person PUT /users/u-1/execute-actions-email?lifespan=3600 ["VERIFY_EMAIL"]"#,
            "person DELETE /users/u-1/consents/admin%2Fui",
            "person DELETE /users/u-1",
        ]
    );
}

#[tokio::test]
async fn only_the_user_of_exactly_this_name_or_address_is_found() {
    let peer = Peer::start().await;
    // An empty name finds everybody, and letters of other cases count as the same.
    let rows = json!([
        {"id": "u-2", "username": "al_ce", "email": "two@b.c"},
        {"id": "u-1", "username": "alice", "email": "One@b.c"}
    ]);
    let users = peer.answers(200, rows).users();
    assert_eq!(users.find_exact("ALICE").await.unwrap().unwrap().id, user());
    assert_eq!(users.find_exact("").await.unwrap(), None);
    assert_eq!(users.find_by_email_exact("one@B.c").await.unwrap().unwrap().id, user());
    assert_eq!(users.find_by_email_exact("").await.unwrap(), None);
}

#[tokio::test]
async fn accounts_of_clients_are_told_by_the_beginning_of_the_name() {
    let peer = Peer::start().await;
    let rows =
        json!([{"id": "u-1", "username": "service-account-ui"}, {"id": "u-2", "username": "my-service-account-x"}]);
    let found = peer.answers(200, rows).users().service_accounts().await.unwrap();
    assert_eq!(found.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["u-1"]);
}

#[tokio::test]
async fn ids_that_are_no_step_of_an_address_reach_nobody() {
    let peer = Peer::start().await;
    let users = peer.obeys().users();
    for id in ["", ".", ".."] {
        assert_eq!(users.get(&id.into()).await.unwrap(), None);
        assert!(users.delete(By::Service, &id.into()).await.unwrap_err().is_absent());
        assert!(users.leave(By::Service, &user(), &id.into()).await.unwrap_err().is_absent());
    }
    assert_eq!(peer.sent().await, [""; 0]);
}

#[tokio::test]
async fn reads_can_be_made_with_the_rights_of_a_person() {
    let peer = Peer::start().await;
    peer.answers(200, json!([]));
    peer.keycloak.admin(peer.person()).users().page(0, 5).await.unwrap();
    assert_eq!(peer.sent().await, ["person GET /users?briefRepresentation=false&first=0&max=5"]);
}
