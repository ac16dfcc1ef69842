//! A group with more members than a page of its list has.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::{Actor, Binding, Directory, IdentityStore as _};
use primehub_core::names::{GroupId, UserId};
use real_peers::{Population, Shared};
use serde_json::json;
use tokio::time::Instant;

use crate::following::Scene;

const MEMBERS: usize = 2_000;
const WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn followed(shared: Arc<Shared>) {
    let began = Instant::now();
    let population = Population { users: MEMBERS, groups: 1, groups_each: 1, roles: 0 };
    let scene = Scene::new(&shared, "large-group", population, json!({})).await;
    eprintln!("{MEMBERS} users in a group are made in {:?}", began.elapsed());
    let follower = scene.follow(|_| {}).loaded().await;
    let id = scene.realm.groups[0].clone();
    let group = GroupId::new(id.as_str());
    let names =
        |directory: &Directory| directory.members(&group).map(|user| user.username.to_string()).collect::<Vec<_>>();
    let expected: Vec<_> = (0..MEMBERS).map(|number| format!("user-{number:05}")).collect();
    assert_eq!(names(&follower.store.directory()), expected);

    // One more, by somebody else.
    let user = scene.create("users", &json!({ "username": "one-more", "enabled": true })).await;
    scene.put(&format!("users/{user}/groups/{id}"), &json!({})).await;
    let say = |directory: &Directory| format!("{} members", directory.member_count(&group));
    let is = |directory: &Directory| directory.is_member(&UserId::new(user.as_str()), &group);
    let joined = follower.shows(Instant::now(), WITHIN, is, say).await;
    assert_eq!(follower.store.directory().member_count(&group), MEMBERS + 1);

    // One less, by ourselves: shows at once, and costs no reading of the list.
    let before = follower.keycloak.metrics().calls_by_kind();
    let leave = Binding::Leave { user: UserId::new(user.as_str()), group: group.clone() };
    let outcomes = follower.store.bind(&Actor::service(), &[leave]).await.unwrap();
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(names(&follower.store.directory()), expected);
    let after = follower.keycloak.metrics().calls_by_kind();
    assert_eq!(before.get("group.members"), after.get("group.members"), "{after:?}");

    // Gone, with all memberships, by somebody else.
    let member = follower.store.directory().user_named("user-00007").unwrap().id.clone();
    scene.delete(&format!("groups/{id}")).await;
    let is = |directory: &Directory| directory.group(&group).is_none();
    let deleted = follower.shows(Instant::now(), WITHIN, is, say).await;
    let directory = follower.store.directory();
    assert_eq!((directory.member_count(&group), directory.people_count()), (0, MEMBERS + 1));
    let groups: Vec<_> = directory.groups_of(&member).map(|group| group.name.to_string()).collect();
    assert_eq!(groups, ["everyone"]);
    eprintln!("a join shows after {joined:?}, the deletion of the group after {deleted:?}");
    scene.end().await;
}
