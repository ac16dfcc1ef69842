//! Starting a provider in front of a store.

use std::sync::Arc;

use primehub_core::identity::{Actor, IdentityStore as _, NewUser};
use rstest::rstest;

use crate::identity::{MemoryIdentityStore, RealmSettings};
use crate::oidc::{Client, OpenIdProvider, ProviderSettings, StartError};

fn new(base_url: &str) -> (Arc<MemoryIdentityStore>, ProviderSettings) {
    let realm = RealmSettings::new("primehub", "admin-ui");
    let settings = ProviderSettings::new(&realm, base_url, "s3cret".into());
    (Arc::new(MemoryIdentityStore::new(realm)), settings)
}

#[tokio::test]
async fn the_client_s_own_account_is_an_administrator_and_no_person() {
    let (store, settings) = new("http://127.0.0.1:1/");
    let first = OpenIdProvider::start(store.clone(), settings.clone()).await.unwrap();
    assert_eq!((first.issuer(), first.realm()), ("http://127.0.0.1:1/realms/primehub", "primehub"));
    let before = store.directory();
    let account = before.user_named("service-account-admin-ui").unwrap();
    assert!(before.is_administrator(&account.id));
    assert_eq!((account.service_account_of.as_deref(), before.people_count()), (Some("admin-ui"), 0));

    OpenIdProvider::start(store.clone(), settings).await.unwrap();
    assert_eq!(store.directory().revision(), before.revision(), "a second start has nothing to do");
}

#[tokio::test]
async fn a_person_with_the_account_s_name_is_in_the_way() {
    let (store, settings) = new("http://127.0.0.1:1");
    let person = NewUser::new("service-account-admin-ui".parse().unwrap());
    store.create_user(&Actor::service(), person).await.unwrap();
    let refused = OpenIdProvider::start(store, settings).await;
    assert!(matches!(refused, Err(StartError::ServiceAccount { client, .. }) if client == "admin-ui"));
}

#[tokio::test]
async fn a_provider_does_not_start_at_no_address() {
    let (store, settings) = new("nowhere");
    assert!(matches!(OpenIdProvider::start(store, settings).await, Err(StartError::BaseUrl { .. })));
}

#[rstest]
#[case::after_a_login(&["*"], &[], "*")]
#[case::after_a_logout(&["https://a.example/*"], &["+", "javascript:alert(1)"], "javascript:alert(1)")]
#[tokio::test]
async fn a_client_has_no_address_that_is_anybody_s(
    #[case] after_login: &[&str],
    #[case] after_logout: &[&str],
    #[case] refused: &str,
) {
    let (store, mut settings) = new("http://127.0.0.1:1");
    let mut client = Client::confidential("other", "s".into());
    client.redirect_uris = after_login.iter().map(|uri| (*uri).to_owned()).collect();
    client.post_logout_redirect_uris = after_logout.iter().map(|uri| (*uri).to_owned()).collect();
    settings.other_clients.push(client);
    let error = OpenIdProvider::start(store.clone(), settings).await.unwrap_err();
    assert!(
        matches!(&error, StartError::RedirectUri { client, uri, .. } if client == "other" && uri == refused),
        "{error}"
    );
    assert!(store.directory().user_named("service-account-admin-ui").is_none(), "nothing has been done yet");
}

#[tokio::test]
async fn settings_do_not_print_secrets() {
    let (_, settings) = new("http://127.0.0.1:1");
    assert!(!format!("{settings:?}").contains("s3cret"));
}
