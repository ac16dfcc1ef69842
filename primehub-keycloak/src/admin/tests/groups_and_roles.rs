use rstest::rstest;
use serde_json::json;

use super::*;

#[tokio::test]
async fn reads_of_groups() {
    let peer = Peer::start().await;
    let groups = peer.answers(200, json!([])).groups();
    groups.page(100, 50).await.unwrap();
    groups.all().await.unwrap();
    groups.children(&group()).await.unwrap();
    groups.members(&group()).await.unwrap();
    peer.answers(404, json!({"error": "Could not find group by id"}));
    assert_eq!(groups.get(&group()).await.unwrap(), None);
    assert_eq!(groups.full(&group()).await.unwrap(), None);
    assert_eq!(
        peer.sent().await,
        [
            "service GET /groups?briefRepresentation=false&first=100&max=50",
            "service GET /groups?briefRepresentation=false&first=0&max=500",
            "service GET /groups/g-1/children?briefRepresentation=false&first=0&max=500",
            "service GET /groups/g-1/members?briefRepresentation=true&first=0&max=2000",
            "service GET /groups/g-1",
            "service GET /groups/g-1",
        ]
    );
}

#[tokio::test]
async fn writes_of_groups() {
    let peer = Peer::start().await;
    let (by, groups) = (peer.person(), peer.creates("groups/g-1").groups());
    assert_eq!(groups.create(by, &full(json!({"name": "team"}))).await.unwrap(), group());
    peer.obeys();
    groups.put(by, &group(), &full(json!({"name": "team", "description": "d"}))).await.unwrap();
    groups.add_realm_role(by, &group(), &role()).await.unwrap();
    groups.remove_realm_role(by, &group(), &role()).await.unwrap();
    groups.add_client_role(by, &group(), "c-1", &role()).await.unwrap();
    groups.remove_client_role(by, &group(), "c-1", &role()).await.unwrap();
    groups.delete(by, &group()).await.unwrap();
    assert_eq!(
        peer.sent().await,
        [
            r#"person POST /groups {"name":"team"}"#,
            r#"person PUT /groups/g-1 {"description":"d","name":"team"}"#,
            r#"person POST /groups/g-1/role-mappings/realm [{"id":"r-1","name":"it:cpu-1"}]"#,
            r#"person DELETE /groups/g-1/role-mappings/realm [{"id":"r-1","name":"it:cpu-1"}]"#,
            r#"person POST /groups/g-1/role-mappings/clients/c-1 [{"id":"r-1","name":"it:cpu-1"}]"#,
            r#"person DELETE /groups/g-1/role-mappings/clients/c-1 [{"id":"r-1","name":"it:cpu-1"}]"#,
            "person DELETE /groups/g-1",
        ]
    );
}

#[tokio::test]
async fn reads_of_roles() {
    let peer = Peer::start().await;
    let roles = peer.answers(200, json!([])).roles();
    roles.all().await.unwrap();
    roles.composites("r-1").await.unwrap();
    roles.users("it:cpu-1").await.unwrap();
    roles.client_role_users("c-1", "realm-admin").await.unwrap();
    peer.answers(404, json!({"error": "Could not find role"}));
    assert_eq!(roles.get("it:cpu-1").await.unwrap(), None);
    assert_eq!(roles.full("it:cpu-1").await.unwrap(), None);
    assert_eq!(roles.client_role("c-1", "realm-admin").await.unwrap(), None);
    assert_eq!(
        peer.sent().await,
        [
            "service GET /roles?briefRepresentation=false&first=0&max=1000",
            "service GET /roles-by-id/r-1/composites",
            "service GET /roles/it%3Acpu-1/users?briefRepresentation=true&first=0&max=2000",
            "service GET /clients/c-1/roles/realm-admin/users?briefRepresentation=true&first=0&max=2000",
            "service GET /roles/it%3Acpu-1",
            "service GET /roles/it%3Acpu-1",
            "service GET /clients/c-1/roles/realm-admin",
        ]
    );
}

#[tokio::test]
async fn writes_of_roles() {
    let peer = Peer::start().await;
    let (by, roles) = (peer.person(), peer.creates("roles/it%3Acpu-1").roles());
    roles.create(by, &full(json!({"name": "it:cpu-1"}))).await.unwrap();
    peer.obeys();
    roles.put_by_id(by, "r-1", &full(json!({"name": "it:cpu-2"}))).await.unwrap();
    roles.add_composites(by, "r-1", &[role()]).await.unwrap();
    roles.delete(by, "it:cpu-1").await.unwrap();
    assert_eq!(
        peer.sent().await,
        [
            r#"person POST /roles {"name":"it:cpu-1"}"#,
            r#"person PUT /roles-by-id/r-1 {"name":"it:cpu-2"}"#,
            r#"person POST /roles-by-id/r-1/composites [{"id":"r-1","name":"it:cpu-1"}]"#,
            "person DELETE /roles/it%3Acpu-1",
        ]
    );
}

#[rstest]
#[case::colon("it:cpu-1", "it%3Acpu-1")]
#[case::slash("a/b", "a%2Fb")]
#[case::dots_and_slash("../b", "..%2Fb")]
#[case::backslash("a\\b", "a%5Cb")]
#[case::blank("a b", "a%20b")]
#[case::plus("a+b", "a%2Bb")]
#[case::percent("100%", "100%25")]
#[case::already_escaped("a%2Fb", "a%252Fb")]
#[case::escaped_dots("%2e%2e", "%252e%252e")]
#[case::fragment("x#y", "x%23y")]
#[case::question("q?z", "q%3Fz")]
#[case::parameter("a;b=c&d", "a%3Bb%3Dc%26d")]
#[case::tab_and_line_break("a\tb\nc", "a%09b%0Ac")]
#[case::not_latin("日本", "%E6%97%A5%E6%9C%AC")]
#[tokio::test]
async fn names_of_roles_arrive_as_they_are(#[case] name: &str, #[case] escaped: &str) {
    let peer = Peer::start().await;
    peer.answers(200, json!({"id": "r-1", "name": name}));
    assert_eq!(peer.keycloak.roles().get(name).await.unwrap().unwrap().name, name);
    assert_eq!(peer.sent().await, [format!("service GET /roles/{escaped}")]);
}

#[rstest]
#[case::empty("")]
#[case::here(".")]
#[case::above("..")]
#[tokio::test]
async fn roles_whose_name_is_no_step_of_an_address_are_reached_by_id(#[case] name: &str) {
    let peer = Peer::start().await;
    peer.answers(200, json!([{"id": "r-1", "name": "other"}, {"id": "r-2", "name": name}]));
    assert_eq!(peer.keycloak.roles().get(name).await.unwrap().unwrap().id, "r-2");
    peer.keycloak.roles().delete(By::Service, name).await.unwrap();
    let list = "service GET /roles?briefRepresentation=false&first=0&max=1000";
    assert_eq!(peer.sent().await, [list, list, "service DELETE /roles-by-id/r-2"]);
    peer.answers(200, json!([]));
    assert_eq!(peer.keycloak.roles().full(name).await.unwrap(), None);
    assert!(peer.keycloak.roles().delete(By::Service, name).await.unwrap_err().is_absent());
    assert_eq!(peer.sent().await, [list, list]);
}
