//! Keycloak is killed in the middle of a write of several steps.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::gate::Gate;
use super::house::{Answer, House, eventually};
use super::own::{Own, Turn};
use super::realm::Realm;

/// What a request about a membership has in its first line.
const MEMBERSHIP: [&str; 3] = ["PUT ", "/users/", "/groups/"];
const CREATE: &str = "mutation ($name: String!, $groups: [GroupWhereUniqueInput!]) {
    createUser(data: { username: $name, groups: { connect: $groups } }) { id groups { name } }
}";
const UPDATE: &str = "mutation ($id: ID!, $users: [UserWhereUniqueInput!]) {
    updateGroup(where: { id: $id }, data: { displayName: \"Renamed\", users: { connect: $users } }) { displayName users { username } }
}";

/// The server of a realm, with a wire to Keycloak that stops at a request.
async fn scene(keycloak: &Turn<'_>, purpose: &str) -> (Realm, Gate, House) {
    let realm = Realm::create(&keycloak.endpoint(), purpose).await;
    let gate = Gate::to(&keycloak.base_url()).await;
    let house = House::ready(realm.settings_at(&gate.base)).await;
    (realm, gate, house)
}

/// Carries `operation` out and kills Keycloak when its `number`th request about a membership is on its way.
async fn killed(keycloak: &Turn<'_>, gate: &Gate, number: usize, operation: impl Future<Output = Answer>) -> Answer {
    gate.catch(number, &MEMBERSHIP);
    let kill = async {
        gate.caught().await;
        keycloak.kill().unwrap();
    };
    tokio::join!(operation, kill).0
}

async fn healed(keycloak: &Turn<'_>, gate: &Gate, house: &House) {
    house.becomes_stale("").await;
    keycloak.launch_again().unwrap();
    keycloak.ready().await.unwrap();
    gate.mend();
    house.becomes_live().await;
}

fn names(rows: &Value, name: &str) -> BTreeSet<String> {
    rows.as_array().into_iter().flatten().map(|row| row[name].as_str().unwrap().to_owned()).collect()
}

pub(super) async fn creating_a_user(own: Arc<Own>) {
    let keycloak = own.turn().await;
    let (realm, gate, house) = scene(&keycloak, "killed-user").await;
    let mut groups = Vec::new();
    for name in ["one", "two", "three"] {
        groups.push(json!({ "id": realm.add_group(name).await }));
    }
    eventually("the groups are seen", async || {
        let answer = house.ask("{ groups { name } }").await;
        names(&answer.data()["groups"], "name").contains("three")
    })
    .await;
    let new = json!({ "name": "newbie", "groups": groups });
    let administrator = realm.log_in("phadmin").await;
    house.query(&administrator, "{ me { id } }").await.data();

    let answer = killed(&keycloak, &gate, 2, house.run(&administrator, CREATE, new.clone())).await;
    assert_eq!((answer.status, answer.code()), (200, "PARTIAL_FAILURE"), "{answer:?}");
    for part in ["done: creating user newbie", "failed: ", "deleting the user again"] {
        assert!(answer.message().contains(part), "{part} in {answer:?}");
    }
    healed(&keycloak, &gate, &house).await;

    // The account is there, as the answer said, in the groups that Keycloak says.
    let id = realm.user("newbie").await;
    let stored = names(&realm.get(&format!("users/{id}/groups")).await, "name");
    assert!(stored.contains("everyone") && stored.len() == 2, "{stored:?}");
    let shown = format!(r#"{{ user(where: {{ id: "{id}" }}) {{ groups {{ name }} }} }}"#);
    eventually("the picture is right", async || {
        names(&house.ask(&shown).await.data()["user"]["groups"], "name") == stored
    })
    .await;
    let administrator = realm.log_in("phadmin").await;
    let again = house.run(&administrator, CREATE, new.clone()).await;
    assert_eq!(again.code(), "USER_CONFLICT_USERNAME", "{again:?}");

    // What was left to do: deleting it. Then the same call does everything.
    let delete = "mutation ($id: ID!) { deleteUser(where: { id: $id }) { id } }";
    house.run(&administrator, delete, json!({ "id": id })).await.data();
    let whole = house.run(&administrator, CREATE, new).await;
    let joined = names(&whole.data()["createUser"]["groups"], "name");
    let expected: BTreeSet<String> = ["everyone", "one", "three", "two"].map(str::to_owned).into();
    assert_eq!(joined, expected);
    let id = realm.user("newbie").await;
    assert_eq!(names(&realm.get(&format!("users/{id}/groups")).await, "name"), expected);
    realm.end().await;
}

pub(super) async fn changing_members(own: Arc<Own>) {
    let keycloak = own.turn().await;
    let (realm, gate, house) = scene(&keycloak, "killed-members").await;
    let group = realm.group("research").await;
    let mut users = Vec::new();
    for number in 0..10 {
        users.push(json!({ "id": realm.add_user(&format!("member-{number}")).await }));
    }
    house.shows_user("member-9", true).await;
    let update = json!({ "id": group, "users": users });
    let administrator = realm.log_in("phadmin").await;
    house.query(&administrator, "{ me { id } }").await.data();

    let answer = killed(&keycloak, &gate, 5, house.run(&administrator, UPDATE, update.clone())).await;
    assert_eq!((answer.status, answer.code()), (200, "PARTIAL_FAILURE"), "{answer:?}");
    let (done, failed) = answer.message().split_once("; failed: ").unwrap_or_default();
    assert!(done.starts_with("done: settings, "), "{answer:?}");
    let (done, failed) = (named(done), named(failed));
    assert_eq!(done.len() + failed.len(), 10, "{answer:?}");
    assert!(done.is_disjoint(&failed) && !done.is_empty(), "{answer:?}");
    healed(&keycloak, &gate, &house).await;

    // What was said to be done is done; of the rest nobody could know.
    let stored = realm.members(&group).await;
    assert!(done.is_subset(&stored), "{done:?} in {stored:?}");
    let shown = format!(r#"{{ group(where: {{ id: "{group}" }}) {{ displayName users {{ username }} }} }}"#);
    let administrator = realm.log_in("phadmin").await;
    eventually("the picture is right", async || {
        names(&house.query(&administrator, &shown).await.data()["group"]["users"], "username") == stored
    })
    .await;

    let again = house.run(&administrator, UPDATE, update).await;
    let members = names(&again.data()["updateGroup"]["users"], "username");
    assert_eq!(again.data()["updateGroup"]["displayName"], "Renamed");
    assert_eq!((members.len(), &members), (12, &realm.members(&group).await));
    realm.end().await;
}

/// The members that a part of the message names.
fn named(part: &str) -> BTreeSet<String> {
    let words = part.split(|character: char| !character.is_alphanumeric() && character != '-');
    words.filter(|word| word.starts_with("member-")).map(str::to_owned).collect()
}
