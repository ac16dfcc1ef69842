//! That the servers do what the other tests rely on.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use real_peers::{Admin, Database, KEYCLOAK_VERSION, Keycloak, Options, ServerError, Shared};
use reqwest::{Client, StatusCode};
use serde_json::json;

pub(crate) fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    vec![
        trial("peers::the_shared_server_has_the_version_that_was_asked_for", shared, version),
        trial("peers::an_instance_lives_and_ends", shared, life),
        trial("peers::an_instance_on_an_empty_database_makes_its_administrator", shared, empty),
        trial("peers::a_start_that_fails_says_why", shared, refused),
    ]
}

/// A trial with a runtime of its own.
fn trial<F>(name: &str, shared: &Arc<Shared>, run: impl FnOnce(Arc<Shared>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    let shared = Arc::clone(shared);
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run(shared));
        Ok::<_, Failed>(())
    })
}

async fn version(shared: Arc<Shared>) {
    let admin = Admin::new(&shared.keycloak().await.unwrap()).unwrap();
    let version = admin.server_version().await.unwrap();
    eprintln!("Keycloak {version} at {}", admin.endpoint().base_url);
    assert_eq!(version, KEYCLOAK_VERSION);
}

async fn life(shared: Arc<Shared>) {
    let prepared = shared.prepared().await.unwrap();
    let keycloak = Keycloak::start(prepared, Options::default()).await.unwrap();
    assert_eq!(keycloak.version(), KEYCLOAK_VERSION);
    assert!(std::fs::read_to_string(keycloak.log_path()).unwrap().contains(KEYCLOAK_VERSION));
    let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let health = format!("{}/health/ready", keycloak.management_url());
    assert_eq!(client.get(&health).send().await.unwrap().status(), StatusCode::OK);

    // What is written is there again after an orderly end, on the same ports.
    let admin = Admin::new(&keycloak.endpoint()).unwrap();
    admin.create_realm("kept", json!({ "displayName": "Kept" })).await.unwrap();
    let user = admin.create("kept/users", &json!({ "username": "alice" })).await.unwrap();
    keycloak.restart().await.unwrap();
    assert_eq!(admin.get("kept").await.unwrap()["displayName"], "Kept");

    // A paused server neither answers nor refuses.
    keycloak.pause().unwrap();
    let waited = client.get(&health).timeout(Duration::from_secs(1)).send().await.unwrap_err();
    assert!(waited.is_timeout(), "{waited:?}");
    keycloak.resume().unwrap();
    assert_eq!(client.get(&health).send().await.unwrap().status(), StatusCode::OK);

    // And after a power cut, too.
    admin.put(&format!("kept/users/{user}"), &json!({ "firstName": "Alice" })).await.unwrap();
    keycloak.kill().unwrap();
    assert!(matches!(keycloak.pause(), Err(ServerError::NotRunning)));
    assert!(client.get(&health).send().await.unwrap_err().is_connect());
    keycloak.launch_again().unwrap();
    keycloak.ready().await.unwrap();
    assert_eq!(admin.get(&format!("kept/users/{user}")).await.unwrap()["firstName"], "Alice");

    // A paused server can be told to end, which takes its ports and, with the instance, its files away.
    keycloak.pause().unwrap();
    keycloak.stop().await.unwrap();
    for url in [keycloak.base_url(), keycloak.management_url()] {
        TcpListener::bind(url.strip_prefix("http://").unwrap()).unwrap();
    }
    let log = keycloak.log_path();
    assert!(log.exists());
    drop(keycloak);
    assert!(!log.exists());
}

async fn empty(shared: Arc<Shared>) {
    let prepared = shared.prepared().await.unwrap();
    let options = Options { database: Database::Empty, ..Options::default() };
    let keycloak = Keycloak::start(prepared, options).await.unwrap();
    let admin = Admin::new(&keycloak.endpoint()).unwrap();
    let realms = admin.get("").await.unwrap();
    assert_eq!(realms.as_array().unwrap().len(), 1, "{realms}");
}

async fn refused(shared: Arc<Shared>) {
    let prepared = shared.prepared().await.unwrap();
    let options = Options { arguments: vec!["--no-such-option".to_owned()], ..Options::default() };
    let error = Keycloak::start(prepared, options).await.unwrap_err();
    assert!(error.to_string().contains("--no-such-option"), "{error}");
}
