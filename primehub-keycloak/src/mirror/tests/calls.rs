//! How many calls a complete reading costs, against a server that answers as Keycloak does.

use std::collections::BTreeMap;
use std::sync::Arc;

use primehub_core::clock::ManualClock;
use primehub_core::names::GroupId;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::mirror::RealmWarning;
use crate::mirror::follow::complete::complete;
use crate::mirror::handle::Mirror;
use crate::{Keycloak, KeycloakSettings};

/// A realm of so many users, all of them members of the first of so many groups.
#[derive(Clone, Copy)]
struct Realm {
    users: usize,
    groups: usize,
    roles: usize,
    /// A user that is not as it should be.
    broken: Option<usize>,
}

impl Respond for Realm {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let path: Vec<&str> = request.url.path().split('/').skip(1).collect();
        let query =
            |name: &str| request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let number = |name: &str| query(name).and_then(|value| value.parse().ok());
        let page = |length: usize| {
            let first: usize = number("first").unwrap_or(0).min(length);
            first..first.saturating_add(number("max").unwrap_or(100)).min(length)
        };
        let rows = |length: usize, row: &dyn Fn(usize) -> Value| page(length).map(row).collect::<Value>();
        let user = |at: usize| {
            let attributes =
                if self.broken == Some(at) { json!("nonsense") } else { json!({"volumeCapacity": ["20G"]}) };
            json!({"id": format!("u{at}"), "username": format!("user{at:06}"), "enabled": true, "attributes": attributes})
        };
        let role = |at: usize| json!({"id": format!("r{at}"), "name": format!("it:{at:06}"), "composite": at == 0});
        let answer = match &path[..] {
            ["realms", _, ".well-known", "openid-configuration"] => {
                json!({"issuer": "http://elsewhere/realms/primehub"})
            }
            ["realms", ..] => json!({"access_token": "token", "expires_in": 300}),
            ["admin", "realms", "primehub", rest @ ..] => match rest {
                [] => json!({"id": "realm", "adminEventsEnabled": true, "eventsEnabled": true}),
                // No events, no service accounts.
                ["admin-events" | "events"] => json!([]),
                ["users", "profile"] => json!({"attributes": [], "unmanagedAttributePolicy": "ENABLED"}),
                ["users"] if query("username").is_some() => Value::Array(Vec::new()),
                ["clients"] => query("clientId").map(|id| json!([{"id": "c", "clientId": id}])).unwrap(),
                ["clients", "c", "roles", "realm-admin"] => {
                    json!({"id": "ra", "name": "realm-admin", "clientRole": true})
                }
                ["clients", "c", "roles", "realm-admin", "users"] => rows(1, &user),
                ["users"] | ["groups", "g0", "members"] => rows(self.users, &user),
                ["groups"] => rows(self.groups, &|at| {
                    let name = if at == 0 { "everyone".to_owned() } else { format!("group{at:06}") };
                    json!({"id": format!("g{at}"), "name": name, "subGroupCount": 0, "attributes": {}, "realmRoles": ["it:000001"]})
                }),
                ["groups", _, "members"] => rows(3, &user),
                ["roles"] => rows(self.roles, &role),
                ["roles-by-id", "r0", "composites"] => json!([role(2)]),
                ["default-groups"] => json!([{"id": "g0", "name": "everyone"}]),
                other => panic!("{other:?} is not needed"),
            },
            other => panic!("{other:?} is not needed"),
        };
        ResponseTemplate::new(200).set_body_json(answer)
    }
}

/// A mirror of what the server answers.
fn mirror(server: &MockServer, change: impl FnOnce(&mut KeycloakSettings)) -> (Keycloak, Mirror) {
    let mut settings = KeycloakSettings::new(server.uri().parse().unwrap(), "primehub", "admin-ui", "secret".into());
    change(&mut settings);
    let keycloak = Keycloak::new(settings).unwrap();
    let mirror = Mirror::new(keycloak.clone(), Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH)));
    (keycloak, mirror)
}

async fn read(realm: Realm) -> (Mirror, usize) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(realm).mount(&server).await;
    let (_, mirror) = mirror(&server, |_| {});
    complete(mirror.0.clone()).await.unwrap();
    let calls = server.received_requests().await.unwrap().len();
    (mirror, calls)
}

#[rstest]
#[case::small(1_000, 201, 43, 215)]
#[case::large(10_000, 1_001, 1_043, 1_060)]
#[tokio::test]
async fn a_complete_reading_costs_calls_per_page_and_group(
    #[case] users: usize,
    #[case] groups: usize,
    #[case] roles: usize,
    #[case] most: usize,
) {
    let (mirror, calls) = read(Realm { users, groups, roles, broken: None }).await;
    let directory = mirror.directory();
    assert_eq!((directory.people_count(), directory.group_count() + 1), (users, groups));
    assert_eq!(directory.member_count(directory.everyone_id()), users);
    assert_eq!(directory.administrators().count(), 1);
    // The token among them.
    assert!(calls <= most, "{calls}");
}

#[tokio::test]
async fn a_user_that_cannot_be_read_is_left_out_and_counted() {
    let (mirror, _) = read(Realm { users: 700, groups: 2, roles: 3, broken: Some(600) }).await;
    let directory = mirror.directory();
    assert_eq!(directory.people_count(), 699);
    assert!(directory.user_named("user000600").is_none() && directory.user_named("user000699").is_some());
    assert_eq!(mirror.0.metrics.broken.get(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_realm_costs_two_calls_of_upkeep_and_shows_in_the_metrics() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(Realm { users: 3, groups: 2, roles: 1, broken: None }).mount(&server).await;
    let (keycloak, mirror) = mirror(&server, |settings| settings.everyone = Some(GroupId::new("nowhere")));
    let _running = mirror.follow();
    while mirror.warnings().len() < 3 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let what: Vec<_> = mirror.warnings().iter().map(RealmWarning::what).collect();
    assert_eq!(what, ["open_attributes", "issuer", "everyone_by_name"]);
    assert_eq!(["realm.profile", "token.discovery"].map(|call| keycloak.metrics().calls_of(call)), [1, 1]);
    assert_eq!(keycloak.metrics().calls_for_requests(), BTreeMap::new());

    let (mut registry, mut text) = (Registry::default(), String::new());
    keycloak.metrics().register(&mut registry);
    encode(&mut text, &registry).unwrap();
    for (what, is) in RealmWarning::KINDS.into_iter().zip([1, 0, 1, 1, 0]) {
        let line = format!("keycloak_realm_misconfigured{{what=\"{what}\"}} {is}\n");
        assert!(text.contains(&line), "{line} is missing in {text}");
    }
}
