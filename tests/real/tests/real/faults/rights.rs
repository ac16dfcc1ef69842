//! Somebody lacks a right in the realm: the message names it.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use primehub_core::identity::{Freshness, IdentityStore as _};
use real_peers::Shared;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::house::{House, eventually};
use super::realm::Realm;

pub(super) async fn missing(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "rights").await;
    let mut settings = realm.settings();
    // The picture is to be the one of before.
    settings.following.interval = Duration::from_hours(1);
    let house = House::ready(settings).await;
    let group = realm.group("research").await;

    // An administrator writes with their own token, and Keycloak asks for the right at that moment.
    let token = realm.log_in("phadmin").await;
    house.rename(&token, &group, "Right").await.data();
    realm.set_right(&realm.user("phadmin").await, "realm-admin", false).await;
    let refused = house.rename(&token, &group, "Wrong").await;
    assert_eq!((refused.status, refused.code()), (200, "NOT_AUTH"), "{refused:?}");
    assert!(refused.message().contains("lacks the role manage-users"), "{refused:?}");

    // For the administrator of a group the platform's account writes.
    let token = realm.log_in("ada").await;
    let admins = async |names: &str| {
        let document = "mutation ($id: ID!, $names: String) { updateGroup(where: { id: $id }, data: { admins: $names }) { admins } }";
        house.run(&token, document, json!({ "id": group, "names": names })).await
    };
    admins("ada,grace").await.data();
    realm.set_right(&realm.service_account().await, "manage-users", false).await;
    let refused = admins("ada").await;
    assert_eq!((refused.status, refused.code()), (200, "NOT_AUTH"), "{refused:?}");
    assert!(refused.message().contains("lacks the role manage-users"), "{refused:?}");
    let stored = realm.get(&format!("groups/{group}")).await;
    assert_eq!(stored["attributes"]["admins"], json!(["ada", "grace"]));
    realm.end().await;
}

pub(super) async fn nothing_to_read(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "nothing-to-read").await;
    let account = realm.service_account().await;
    for right in ["view-users", "manage-users"] {
        realm.set_right(&account, right, false).await;
    }
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let house = House::start(realm.settings()).await;
    eventually("the log says why", async || log.text().contains("lacks the role view-users")).await;
    drop(guard);
    assert_eq!(house.store.freshness(), Freshness::NotLoaded);
    assert_eq!(house.operators("/readyz").await.0, 503);
    assert_eq!(house.operators("/healthz").await.0, 200);
    house.ask("{ groups { name } }").await.assert_unavailable();

    realm.set_right(&account, "manage-users", true).await;
    house.becomes_live().await;
    house.ask("{ groups { name } }").await.data();

    // Taken away from a server that runs: what it knows is old from now on, and the cause is named.
    realm.set_right(&account, "manage-users", false).await;
    realm.change(&format!("users/{}", realm.user("grace").await), |user| user["firstName"] = "Grace".into()).await;
    house.becomes_stale("lacks the role view-users").await;
    realm.set_right(&account, "manage-users", true).await;
    house.becomes_live().await;
    eventually("the change is seen", async || {
        let directory = house.store.directory();
        directory.user_named("grace").is_some_and(|grace| grace.first_name.as_deref() == Some("Grace"))
    })
    .await;
    realm.end().await;
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
