//! Complete readings and own writes at the same time, and readings that are shared.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::Key;
use primehub_core::names::{GroupId, UserId};
use rstest::rstest;
use tokio::time::sleep;

use super::model::{Edit, Model};
use super::{fresh, mirror_following, shown};
use crate::mirror::handle::Mirror;
use crate::settings::Following;

/// User 0 is a member of team 0, user 1 is not.
fn realm() -> (Arc<Model>, Mirror) {
    let model = Arc::new(Model::new(0));
    model.edit(&Edit::CreateUser { name: 0, team: Some(0) });
    model.edit(&Edit::CreateUser { name: 1, team: None });
    model.state().admin_events.clear();
    let following = Following { refresh: Duration::from_secs(10), ..Following::default() };
    let mirror = mirror_following(&model, following);
    (model, mirror)
}

fn first<K: Clone, V>(map: &std::collections::BTreeMap<K, V>) -> K {
    map.keys().next().unwrap().clone()
}

/// The next complete reading stops with the answer to `call` in hand.
async fn stop_at(model: &Model, call: &'static str) {
    *model.gate.lock().unwrap() = Some(call);
    model.reached.acquire().await.unwrap().forget();
}

#[rstest]
#[case::joins(true)]
#[case::leaves(false)]
#[tokio::test(start_paused = true)]
async fn an_own_write_made_during_a_complete_reading_is_never_undone(#[case] joins: bool) {
    let (model, mirror) = realm();
    let _running = mirror.follow();
    mirror.loaded().await;
    let group: GroupId = first(&model.state().teams);
    let user: UserId = model.state().people.keys().nth(usize::from(joins)).unwrap().clone();
    assert_eq!(mirror.directory().is_member(&user, &group), !joins);
    stop_at(&model, "members").await;

    let guard = mirror.lock(&[Key::User(user.clone())]).await;
    model.edit(&if joins { Edit::Join(1, 0) } else { Edit::Leave(0, 0) });
    // Others do not tell: what the write shows must not depend on the event.
    model.state().admin_events.clear();
    let revision = mirror.publish(|draft| if joins { draft.join(&user, &group) } else { draft.leave(&user, &group) });
    drop(guard);
    assert_eq!(mirror.directory().revision(), revision);
    assert_eq!(mirror.directory().is_member(&user, &group), joins);

    let calls = model.calls();
    model.go.add_permits(1);
    for _ in 0..200 {
        sleep(Duration::from_millis(10)).await;
        assert_eq!(mirror.directory().is_member(&user, &group), joins);
    }
    // What was written meanwhile was read again by itself: three calls, beside the rest of the reading and the looks.
    assert_eq!(mirror.0.metrics.refreshes.get(), 2);
    assert_eq!(mirror.0.metrics.rereadings.get(), 1);
    assert!(model.calls() > calls);
    assert_eq!(shown(&mirror.directory()), fresh(&model).await);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_being_written_is_left_alone_by_complete_readings() {
    let (model, mirror) = realm();
    let _running = mirror.follow();
    mirror.loaded().await;
    let user = first(&model.state().people);
    let group = first(&model.state().teams);
    let guard = mirror.lock(&[Key::User(user.clone())]).await;
    // Carried out; the answer is on its way.
    model.edit(&Edit::Leave(0, 0));
    model.state().admin_events.clear();
    sleep(Duration::from_secs(12)).await;
    assert_eq!(mirror.0.metrics.refreshes.get(), 2);
    assert!(mirror.directory().is_member(&user, &group));
    mirror.publish(|draft| draft.leave(&user, &group));
    drop(guard);
    sleep(Duration::from_secs(2)).await;
    assert!(!mirror.directory().is_member(&user, &group));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_is_at_least_as_new_as_its_call_and_shared_by_those_who_wait() {
    let (model, mirror) = realm();
    let running = mirror.follow();
    mirror.loaded().await;
    drop(running);
    let user = first(&model.state().people);
    let keys = [Key::User(user.clone())];
    let before = mirror.0.metrics.rereadings.get();
    // The first one has its answer in hand when the user is changed.
    *model.gate.lock().unwrap() = Some("user");
    let refresh = |mirror: Mirror, keys: [Key; 1]| tokio::spawn(async move { mirror.refresh(&keys).await.unwrap() });
    let first = refresh(mirror.clone(), keys.clone());
    model.reached.acquire().await.unwrap().forget();
    model.edit(&Edit::SetUserAttribute(0, 7));
    // A hundred more must not share the first one's reading, but one of their own.
    let others: Vec<_> = (0..100).map(|_| refresh(mirror.clone(), keys.clone())).collect();
    sleep(Duration::from_millis(1)).await;
    model.go.add_permits(1);
    let first = first.await.unwrap();
    for other in others {
        assert!(other.await.unwrap() > first);
    }
    assert_eq!(mirror.directory().user(&user).unwrap().attributes.first("volumeCapacity"), Some("7"));
    assert_eq!(mirror.0.metrics.rereadings.get() - before, 2);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_no_error_and_leaves_the_picture() {
    let (model, mirror) = realm();
    let running = mirror.follow();
    mirror.loaded().await;
    drop(running);
    let user = first(&model.state().people);
    model.edit(&Edit::DeleteUser(0));
    let keys = [Key::User(user.clone()), Key::User("nobody".into()), Key::Group("none".into()), Key::Realm];
    mirror.refresh(&keys).await.unwrap();
    assert!(mirror.directory().user(&user).is_none());
}
