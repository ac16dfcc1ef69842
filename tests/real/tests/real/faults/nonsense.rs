//! What stands in Keycloak is nonsense, or a lot.

use std::sync::Arc;

use primehub_core::identity::IdentityStore as _;
use real_peers::Shared;
use serde_json::{Value, json};

use super::house::{House, eventually};
use super::realm::Realm;

fn row<'a>(rows: &'a Value, name: &str, value: &str) -> &'a Value {
    rows.as_array().unwrap().iter().find(|row| row[name] == value).unwrap_or_else(|| panic!("no {value} in {rows}"))
}

pub(super) async fn attributes(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "nonsense").await;
    let house = House::ready(realm.settings()).await;
    let longest = "x".repeat(255);
    realm
        .change(&format!("users/{}", realm.user("grace").await), |user| {
            user["attributes"] = json!({
                "volumeCapacity": ["abc"], "enableInviteUsers": ["perhaps", "true"], "predefinedEnvs": ["{\"updated\":"],
                "annLastReadTime": ["yesterday"], (longest.as_str()): ["a name as long as it can be"], "updated": ["{[}"],
            });
        })
        .await;
    realm
        .change(&format!("groups/{}", realm.group("research").await), |group| {
            group["attributes"] = json!({
                "quota-cpu": ["lots"], "quota-gpu": ["-1.5"], "quota-memory": ["NaN"], "project-quota-cpu": ["1e400"],
                "project-quota-memory": ["5 apples"], "user-volume-capacity": ["99999999999999999999G"], "max-deploy": [""],
                "admins": ["  ada , ,", "", "  "], "enabled-shared-volume": ["maybe"], "mlflow-tracking-envs": ["no sign", "="],
                "displayName": [longest.clone()], "job-default-active-deadline-seconds": ["∞"], "updated": ["{\"by\":"],
            });
        })
        .await;
    let healthy = json!({ "name": "healthy", "attributes": { "quota-cpu": ["3"], "admins": ["grace"] } });
    realm.admin.create(&realm.path("groups"), &healthy).await.unwrap();
    realm.admin.create(&realm.path("groups"), &json!({ "name": "a/b  ü" })).await.unwrap();
    // Invitations: the role in which the original kept all of them, and roles of which each is one.
    for (name, attributes) in [
        ("invitation", json!({ "invitation-1": ["nonsense"], "invitation-2": [], "other": ["{}"] })),
        ("invitation:nonsense", json!({ "groupId": ["?"], "expiredDate": ["never"] })),
        ("it:", json!({})),
        ("it:rw:ü/b c", json!({})),
    ] {
        realm.admin.post(&realm.path("roles"), &json!({ "name": name })).await.unwrap();
        let path: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        realm.change(&format!("roles/{}", path.replace('+', "%20")), |role| role["attributes"] = attributes).await;
    }
    eventually("the last of it is seen", async || {
        let directory = house.store.directory();
        directory.group_named("a/b  ü").is_some()
            && directory.role(&primehub_core::identity::RoleKey::realm("it:rw:ü/b c")).is_some()
    })
    .await;

    let administrator = realm.log_in("phadmin").await;
    let document = "{
        users { username email isAdmin volumeCapacity enableInviteUsers predefinedEnvs groups { name } }
        groups { name displayName quotaCpu quotaGpu quotaMemory projectQuotaCpu projectQuotaGpu projectQuotaMemory userVolumeCapacity
            enabledSharedVolume maxDeploy jobDefaultActiveDeadlineSeconds admins users { username } }
    }";
    for house in [&house, &House::ready(realm.settings()).await] {
        let answer = house.query(&administrator, document).await;
        let (users, groups) = (&answer.data()["users"], &answer.data()["groups"]);
        let grace = row(users, "username", "grace");
        assert_eq!((&grace["volumeCapacity"], &grace["email"]), (&Value::Null, &"grace@example.com".into()), "{grace}");
        assert_eq!((&grace["enableInviteUsers"], &grace["predefinedEnvs"]), (&false.into(), &"{\"updated\":".into()));
        let research = row(groups, "name", "research");
        for field in [
            "quotaCpu",
            "quotaGpu",
            "quotaMemory",
            "projectQuotaCpu",
            "projectQuotaGpu",
            "projectQuotaMemory",
            "userVolumeCapacity",
            "maxDeploy",
            "jobDefaultActiveDeadlineSeconds",
        ] {
            assert_eq!(research[field], Value::Null, "{field} of {research}");
        }
        assert_eq!(
            (&research["displayName"], &research["enabledSharedVolume"]),
            (&longest.clone().into(), &false.into())
        );
        // No name of anybody, so it is shown as it stands.
        assert_eq!(research["admins"], "  ada , ,,  ");
        assert_eq!(research["users"].as_array().unwrap().len(), 2);
        // The others are what they were.
        let healthy = row(groups, "name", "healthy");
        assert_eq!((&healthy["quotaCpu"], &healthy["admins"]), (&3.0.into(), &"grace".into()));
        assert_eq!(row(users, "username", "phadmin")["isAdmin"], true);
    }

    // And what is broken can be repaired here.
    let group = realm.group("research").await;
    let repair = "mutation ($id: ID!) {
        updateGroup(where: { id: $id }, data: { quotaCpu: 4, quotaGpu: 1, admins: \"ada\" }) { quotaCpu quotaGpu admins }
    }";
    let repaired = house.run(&administrator, repair, json!({ "id": group })).await;
    let expected = json!({ "quotaCpu": 4.0, "quotaGpu": 1, "admins": "ada" });
    assert_eq!(repaired.data()["updateGroup"], expected);
    let stored = realm.get(&format!("groups/{group}")).await;
    assert_eq!(
        (&stored["attributes"]["updated"][0], &stored["attributes"]["quota-memory"][0]),
        (&"{\"by\":".into(), &"NaN".into())
    );
    let invited =
        house.query(&administrator, r#"{ invitation(data: { invitationToken: "nonsense" }) { invitation } }"#).await;
    assert!(invited.body["errors"].is_array(), "{invited:?}");
    realm.end().await;
}

pub(super) async fn two_thousand_members(shared: Arc<Shared>) {
    const MEMBERS: usize = 2_000;
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "members").await;
    for hundred in 0..MEMBERS / 100 {
        let users: Vec<Value> = (0..100)
            .map(|number| {
                let name = format!("m{:04}", hundred * 100 + number);
                json!({ "username": name, "enabled": true, "groups": ["/research"] })
            })
            .collect();
        let body = json!({ "ifResourceExists": "SKIP", "users": users });
        realm.admin.post(&realm.path("partialImport"), &body).await.unwrap();
    }
    let house = House::ready(realm.settings()).await;
    let token = realm.log_in("phadmin").await;
    let group = realm.group("research").await;
    let document = format!(r#"{{ group(where: {{ id: "{group}" }}) {{ users {{ username }} }} }}"#);
    let answer = house.query(&token, &document).await;
    assert_eq!(answer.data()["group"]["users"].as_array().unwrap().len(), MEMBERS + 2);

    // What one of them does costs what it costs in any group.
    let calls = house.keycloak.metrics().total_calls();
    house.rename(&token, &group, "Large").await.data();
    let first = realm.user("m0000").await;
    let update = "mutation ($id: ID!, $user: ID!) {
        updateGroup(where: { id: $id }, data: { users: { disconnect: [{ id: $user }] } }) { users { username } }
    }";
    let left = house.run(&token, update, json!({ "id": group, "user": first })).await;
    assert_eq!(left.data()["updateGroup"]["users"].as_array().unwrap().len(), MEMBERS + 1);
    let by_kind = house.keycloak.metrics().calls_by_kind();
    let lists = by_kind.get("groups.members").copied().unwrap_or_default();
    assert!(lists < 20, "{by_kind:?}, {calls} before");

    // Deleted elsewhere, all of them leave it with one event.
    realm.admin.delete(&realm.path(&format!("groups/{group}"))).await.unwrap();
    eventually("the group is gone", async || house.store.directory().group_named("research").is_none()).await;
    let member = house.store.directory().user_named("m1999").unwrap().id.clone();
    assert_eq!(house.store.directory().groups_of(&member).count(), 0);
    realm.end().await;
}
