//! Events that are switched off, thrown away, or late.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::{Directory, Freshness, IdentityStore as _};
use primehub_core::names::UserId;
use real_peers::{Population, Shared};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use super::picture::{differences, of, told};
use super::scene::{Follower, Scene};

/// So many imports are watched at least, and at most if none of them was overtaken.
const IMPORTS: (u32, u32) = (3, 40);
/// More than any of these takes on a busy machine, and less than the next complete reading would.
const LONG: Duration = Duration::from_secs(30);

pub(super) async fn switched_off(shared: Arc<Shared>) {
    let off = json!({ "adminEventsEnabled": false, "eventsEnabled": false });
    let scene = Scene::new(&shared, "without-events", Population::EMPTY, off.clone()).await;
    let every = Duration::from_secs(2);
    let follower = scene.follow(|following| following.refresh_without_events = every).loaded().await;
    let freshness = follower.store.freshness();
    assert!(
        matches!(&freshness, Freshness::Delayed { by, cause } if *by == every && cause.contains("events")),
        "{freshness:?}"
    );

    let first = scene.create("users", &json!({ "username": "first", "enabled": true })).await;
    let took = shows_user(&follower, &first).await;
    eprintln!("without events, everything read every {every:?}: a change shows after {took:?}");

    // Switched on: followed again, without a restart. What happened in between is not missed.
    let second = scene.create("users", &json!({ "username": "second", "enabled": true })).await;
    scene.put("", &json!({ "adminEventsEnabled": true, "eventsEnabled": true })).await;
    shows_user(&follower, &second).await;
    // A picture that is published says nothing of the state of the store, which changes a moment later: the next change is waited for.
    let mut turn = 0;
    while follower.store.freshness() != Freshness::Live {
        turn += 1;
        assert!(turn < 20, "{:?}", follower.store.freshness());
        let user = scene.create("users", &json!({ "username": format!("turn-{turn}"), "enabled": true })).await;
        shows_user(&follower, &user).await;
    }

    // And off: that is the last thing the events tell.
    scene.put("", &off).await;
    let third = scene.create("users", &json!({ "username": "third", "enabled": true })).await;
    shows_user(&follower, &third).await;
    assert!(matches!(follower.store.freshness(), Freshness::Delayed { .. }), "{:?}", follower.store.freshness());
    scene.end().await;
}

pub(super) async fn cleared(shared: Arc<Shared>) {
    let scene = Scene::new(&shared, "cleared-events", Population::EMPTY, json!({})).await;
    let follower = scene.follow(|_| {}).loaded().await;
    for turn in 0..5 {
        let before = scene.create("users", &json!({ "username": format!("before-{turn}"), "enabled": true })).await;
        shows_user(&follower, &before).await;
        // Its event is gone before anybody has looked.
        let hidden = scene.create("users", &json!({ "username": format!("hidden-{turn}"), "enabled": true })).await;
        scene.delete("admin-events").await;
        scene.delete("events").await;
        if turn % 2 == 0 {
            // Others come after the clearing, so that the list is not empty at the next look.
            scene.create("groups", &json!({ "name": format!("after-{turn}") })).await;
        }
        let took = shows_user(&follower, &hidden).await;
        eprintln!("a change whose event was thrown away shows after {took:?}");
    }
    let truth = told(&scene).await;
    let is = |directory: &Directory| of(directory) == truth;
    follower.shows(Instant::now(), LONG, is, |directory| differences(&of(directory), &truth)).await;
    scene.end().await;
}

pub(super) async fn late(shared: Arc<Shared>) {
    let scene = Scene::new(&shared, "late-events", Population::EMPTY, json!({})).await;
    let marker = scene.create("users", &json!({ "username": "marker", "enabled": true })).await;
    // Looks all the time, so that it has seen events that are newer than those that come late.
    let often = scene.follow(|following| following.interval = Duration::from_millis(20)).loaded().await;
    let follower = scene.follow(|_| {}).loaded().await;
    let mut round = 0;
    // Whether a commit is overtaken is up to the server and the machine: until one was.
    while round < IMPORTS.0 || often.count("late_events_total") == 0 {
        assert!(round < IMPORTS.1, "nothing was late, so nothing was shown");
        // Each event of an import is stamped when its user is made and shows when all are.
        let users: Vec<_> = (0..150)
            .map(|number| json!({ "username": format!("imported-{round}-{number}"), "enabled": true }))
            .collect();
        let import = json!({ "ifResourceExists": "FAIL", "users": users });
        let path = scene.path("partialImport");
        let import = scene.admin.send(Method::POST, &path, Some(&import));
        let mut import = std::pin::pin!(import);
        let (mut number, marker) = (0, format!("users/{marker}"));
        loop {
            number += 1;
            let newer = json!({ "lastName": format!("Last{round}-{number}") });
            tokio::select! {
                answer = &mut import => {
                    assert!(answer.unwrap().status.is_success());
                    break;
                }
                () = scene.put(&marker, &newer) => {}
            }
        }
        let last = format!("imported-{round}-149");
        let shown = |directory: &Directory| directory.user_named(&last).is_some();
        often.shows(Instant::now(), LONG, shown, |_| format!("user {last} is absent")).await;
        round += 1;
    }
    let ended = Instant::now();
    let truth = told(&scene).await;
    let is = |directory: &Directory| of(directory) == truth;
    for (follower, name) in [(&often, "every 20 ms"), (&follower, "every second")] {
        follower.shows(ended, LONG, is, |directory| differences(&of(directory), &truth)).await;
        let (late, all) = (follower.count("late_events_total"), follower.count("events_total"));
        eprintln!("who looks {name} has seen {all} events, {late} of them late");
    }
    assert_eq!(often.count("refreshes_total"), 1, "a complete reading would have hidden what was missed");
    scene.end().await;
}

async fn shows_user(follower: &Follower, id: &str) -> Duration {
    let id = UserId::new(id);
    let is = |directory: &Directory| directory.user(&id).is_some();
    follower.shows(Instant::now(), LONG, is, |_| format!("user {id} is absent")).await
}
