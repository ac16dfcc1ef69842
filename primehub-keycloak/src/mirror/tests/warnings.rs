//! What is wrong with a realm that can be followed all the same.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::mirror;
use super::model::{Edit, Failure, Model};
use crate::mirror::RealmWarning;
use crate::mirror::handle::Mirror;
use crate::token::IssuerProbeError;

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

fn what(mirror: &Mirror) -> Vec<&'static str> {
    mirror.warnings().iter().map(RealmWarning::what).collect()
}

fn set_policy(model: &Model, policy: impl Into<Value>) {
    model.state().profile.set("unmanagedAttributePolicy", policy);
}

fn other_issuer() -> Result<(), IssuerProbeError> {
    Err(IssuerProbeError::Different { found: "http://a".into(), expected: "http://b".into() })
}

#[tokio::test(start_paused = true)]
async fn a_realm_as_it_should_be_brings_no_warning_and_is_looked_at_once() {
    let model = Arc::new(Model::new(5));
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    let read = model.calls();
    seconds(100).await;
    assert_eq!(what(&mirror), [] as [&str; 0]);
    // Two calls for each look at the events, and two more.
    let calls = model.calls() - read - 2;
    assert!((198..=202).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_from_the_beginning_is_known_soon_after_it() {
    let model = Arc::new(Model::new(5));
    set_policy(&model, "ENABLED");
    model.state().issuer = other_issuer();
    model.state().teams.clear();
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(1).await;
    assert_eq!(what(&mirror), ["open_attributes", "issuer", "no_everyone"]);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_settings_is_looked_at_when_its_event_comes() {
    let model = Arc::new(Model::new(5));
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    let profile_changes = || {
        model.edit(&Edit::SetDisplayName(1));
        let last = model.state().admin_events.len() - 1;
        model.state().admin_events[last].resource_path = Some("users/profile".into());
    };
    set_policy(&model, Value::Null);
    profile_changes();
    seconds(2).await;
    assert_eq!(what(&mirror), ["dropped_attributes"]);
    set_policy(&model, "ADMIN_EDIT");
    profile_changes();
    seconds(2).await;
    assert_eq!(what(&mirror), [] as [&str; 0]);
    // The address that tokens name as issuer is a setting of the realm.
    model.state().issuer = other_issuer();
    model.edit(&Edit::SetDisplayName(2));
    seconds(2).await;
    assert_eq!(what(&mirror), ["issuer"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_at_stays_as_it_was_and_is_looked_at_again() {
    let model = Arc::new(Model::new(5));
    set_policy(&model, "ENABLED");
    let mirror = mirror(&model);
    let _running = mirror.follow();
    mirror.loaded().await;
    seconds(2).await;
    assert_eq!(what(&mirror), ["open_attributes"]);
    set_policy(&model, "ADMIN_EDIT");
    model.fail(Some(Failure::NoProfile));
    model.edit(&Edit::SetDisplayName(1));
    seconds(4).await;
    assert_eq!(what(&mirror), ["open_attributes"]);
    model.fail(None);
    seconds(super::EVENTLESS.as_secs() + 2).await;
    assert_eq!(what(&mirror), [] as [&str; 0]);
}
