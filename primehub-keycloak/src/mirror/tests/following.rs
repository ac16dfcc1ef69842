//! Outages, events that are missing, and what is seen when.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::{Freshness, Key};
use primehub_core::names::UserId;
use tokio::time::{Instant, sleep};

use super::model::{Edit, Failure, Model};
use super::{fresh, mirror_following, shown};
use crate::mirror::handle::Mirror;
use crate::settings::Following;

fn realm() -> Arc<Model> {
    let model = Arc::new(Model::new(5));
    for number in 0..4 {
        model.edit(&Edit::CreateUser { name: number, team: Some(0) });
        model.edit(&Edit::CreateTeam(number + 1));
        model.edit(&Edit::CreateRole(number));
    }
    // Nothing of this is to be followed afterwards.
    model.state().admin_events.clear();
    model
}

fn mirror(model: &Arc<Model>) -> Mirror {
    let following =
        Following { overlap: Duration::from_secs(5), refresh: Duration::from_hours(24), ..Following::default() };
    mirror_following(model, following)
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

fn stale(mirror: &Mirror) -> Option<String> {
    match mirror.freshness() {
        Freshness::Stale { cause, .. } => Some(cause),
        _ => None,
    }
}

fn delayed(mirror: &Mirror) -> Option<(Duration, String)> {
    match mirror.freshness() {
        Freshness::Delayed { by, cause } => Some((by, cause)),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_change_shows_within_two_seconds_and_costs_few_calls() {
    let model = realm();
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    assert_eq!(mirror.freshness(), Freshness::Live);
    for round in 0..10 {
        let (calls, began) = (model.calls(), Instant::now());
        let revision = mirror.directory().revision();
        model.edit(&Edit::SetUserAttribute(1, round));
        while mirror.directory().revision() == revision {
            sleep(Duration::from_millis(10)).await;
        }
        assert!(began.elapsed() <= Duration::from_millis(1_200), "{:?}", began.elapsed());
        // At most two looks of two calls each, and the user with groups and roles.
        assert!(model.calls() - calls <= 7, "{}", model.calls() - calls);
        seconds(1).await;
    }
    assert_eq!(shown(&mirror.directory()), fresh(&model).await);
}

#[tokio::test(start_paused = true)]
async fn nothing_happens_nothing_is_published() {
    let model = realm();
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    let (revision, calls) = (mirror.directory().revision(), model.calls());
    seconds(100).await;
    assert_eq!(mirror.directory().revision(), revision);
    let looks = model.calls() - calls;
    assert!((196..=206).contains(&looks), "{looks}");
}

#[tokio::test(start_paused = true)]
async fn keycloak_that_is_not_there_yet_is_waited_for() {
    let model = realm();
    model.fail(Some(Failure::Refused));
    let mirror = mirror(&model);
    let _running = mirror.follow();
    seconds(60).await;
    assert_eq!(mirror.freshness(), Freshness::NotLoaded);
    assert!(mirror.refresh(&[Key::Realm]).await.is_err());
    // Two calls each time, with pauses up to five seconds.
    assert!(model.calls() < 40, "{}", model.calls());
    model.fail(None);
    seconds(6).await;
    assert_eq!(mirror.freshness(), Freshness::Live);
    assert_eq!(shown(&mirror.directory()), fresh(&model).await);
}

#[tokio::test(start_paused = true)]
async fn an_outage_shows_and_heals() {
    for (failure, cause) in [
        (Failure::Refused, "connection refused"),
        (Failure::Silent, "does not answer"),
        (Failure::NoRealm, "the realm does not exist"),
    ] {
        let model = realm();
        let mirror = mirror(&model);
        let _running = mirror.follow();
        mirror.loaded().await;
        seconds(2).await;
        model.fail(Some(failure));
        seconds(5).await;
        let shown_cause = stale(&mirror).unwrap();
        assert!(shown_cause.contains(cause), "{shown_cause}");
        // The picture stays.
        assert_eq!(mirror.directory().people_count(), 4);
        // Longer than the overlap, so that everything is read afterwards.
        seconds(20).await;
        model.edit(&Edit::DeleteUser(0));
        model.state().admin_events.clear();
        model.fail(None);
        seconds(13).await;
        assert_eq!(mirror.freshness(), Freshness::Live, "{failure:?}");
        assert_eq!(shown(&mirror.directory()), fresh(&model).await);
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_read_events_everything_is_read_every_minute() {
    let model = realm();
    model.fail(Some(Failure::NoEvents));
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    let (by, cause) = delayed(&mirror).unwrap();
    assert_eq!(by, Duration::from_mins(1));
    assert!(cause.contains("view-events") && cause.contains("scope of its client"), "{cause}");
    model.edit(&Edit::DeleteUser(0));
    seconds(30).await;
    assert_eq!(mirror.directory().people_count(), 4);
    seconds(32).await;
    assert_eq!(mirror.directory().people_count(), 3);
    // The right is given: found out at the next complete reading.
    model.fail(None);
    seconds(62).await;
    assert_eq!(mirror.freshness(), Freshness::Live);
    model.edit(&Edit::DeleteUser(0));
    seconds(2).await;
    assert_eq!(mirror.directory().people_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn that_events_are_switched_off_and_on_is_noticed() {
    let model = realm();
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    // The last event that is recorded.
    model.edit(&Edit::SetDisplayName(1));
    model.state().realm.admin_events_enabled = false;
    seconds(4).await;
    let (_, cause) = delayed(&mirror).unwrap();
    assert!(cause.contains("no admin events"), "{cause}");
    // Nobody tells of this.
    model.edit(&Edit::DeleteUser(0));
    model.state().admin_events.pop();
    seconds(61).await;
    assert_eq!(mirror.directory().people_count(), 3);
    // Nor of this, before events are recorded again.
    model.edit(&Edit::DeleteUser(0));
    model.state().admin_events.pop();
    model.state().realm.admin_events_enabled = true;
    seconds(4).await;
    assert_eq!(mirror.freshness(), Freshness::Live);
    assert_eq!(mirror.directory().people_count(), 2);
    model.edit(&Edit::DeleteUser(0));
    seconds(2).await;
    assert_eq!(mirror.directory().people_count(), 1);
}

#[tokio::test(start_paused = true)]
async fn that_a_kind_of_acts_is_not_recorded_is_noticed_and_healed() {
    let model = realm();
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    let record = |kinds: &[&str]| {
        // Told by an event like that of every other change of the realm.
        model.edit(&Edit::SetDisplayName(1));
        model.state().realm.enabled_event_types = kinds.iter().copied().map(ToOwned::to_owned).collect();
    };
    record(&["REGISTER", "UPDATE_PROFILE"]);
    seconds(4).await;
    let (by, cause) = delayed(&mirror).unwrap();
    assert!(by == Duration::from_mins(1) && cause.contains("UPDATE_EMAIL"), "{cause}");
    // What is recorded is followed all the same.
    model.edit(&Edit::DeleteUser(0));
    seconds(2).await;
    assert_eq!(mirror.directory().people_count(), 3);
    // What is not shows by the next complete reading.
    model.edit(&Edit::DeleteUser(0));
    model.state().admin_events.pop();
    seconds(61).await;
    assert_eq!(mirror.directory().people_count(), 2);
    record(&[]);
    seconds(4).await;
    assert_eq!(mirror.freshness(), Freshness::Live);
}

#[tokio::test(start_paused = true)]
async fn that_events_were_cleared_is_noticed() {
    let model = realm();
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    model.edit(&Edit::SetDisplayName(1));
    seconds(3).await;
    model.edit(&Edit::DeleteUser(0));
    model.state().admin_events.clear();
    seconds(4).await;
    assert_eq!(mirror.directory().people_count(), 3);
    assert_eq!(mirror.0.metrics.refreshes.get(), 2);
    seconds(100).await;
    assert_eq!(mirror.0.metrics.refreshes.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn rights_that_are_missing_for_single_objects_show_as_an_old_picture() {
    let model = realm();
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    model.fail(Some(Failure::NoUsers));
    model.edit(&Edit::DeleteUser(0));
    seconds(15).await;
    let cause = stale(&mirror).unwrap();
    // The account may well have it: with a narrow scope the client's tokens do not say so.
    assert!(cause.contains("lacks the role view-events") && cause.contains("scope of the client admin-ui"), "{cause}");
    model.fail(None);
    seconds(5).await;
    assert_eq!(mirror.freshness(), Freshness::Live);
    assert_eq!(mirror.directory().people_count(), 3);
}

#[tokio::test(start_paused = true)]
async fn more_changes_than_are_worth_following_cost_one_complete_reading() {
    let model = realm();
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    let template = model.state().people.values().next().unwrap().clone();
    for number in 0..1_500 {
        let mut person = template.clone();
        person.row.id = UserId::new(format!("many-{number}"));
        person.row.username = format!("many-{number}");
        let id = person.row.id.clone();
        model.state().people.insert(id, person);
        let at = model.state().people.len() - 1;
        model.edit(&Edit::SetUserAttribute(at, 1));
        let last = model.state().admin_events.len() - 1;
        model.state().admin_events[last].resource_path = Some(format!("users/many-{number}"));
    }
    let calls = model.calls();
    seconds(5).await;
    assert!(model.calls() - calls < 100, "{}", model.calls() - calls);
    assert_eq!(mirror.directory().people_count(), 1_504);
}

#[tokio::test(start_paused = true)]
async fn a_mirror_that_nobody_holds_asks_nothing() {
    let model = realm();
    let mirror = mirror(&model);
    let running = mirror.follow();
    mirror.loaded().await;
    drop(running);
    seconds(1).await;
    let calls = model.calls();
    seconds(100).await;
    assert_eq!(model.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn what_the_first_reading_covers_is_not_followed_again() {
    let model = Arc::new(Model::new(5));
    for number in 0..4 {
        model.edit(&Edit::CreateUser { name: number, team: None });
    }
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    let metrics = &mirror.0.metrics;
    let counts = || (metrics.refreshes.get(), metrics.rereadings.get(), metrics.late_events.get());
    assert_eq!(counts(), (1, 0, 0));
    model.edit(&Edit::CreateUser { name: 4, team: None });
    seconds(2).await;
    assert_eq!(counts(), (1, 1, 0));
    assert_eq!(shown(&mirror.directory()), fresh(&model).await);
}
