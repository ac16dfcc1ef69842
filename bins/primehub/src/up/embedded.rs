//! People, groups and logins within this process.

use std::path::Path;
use std::sync::Arc;

use primehub_core::identity::token::TokenPolicy;
use primehub_graphql::Server;
use primehub_memory::demo::{self, Cast};
use primehub_memory::identity::RealmSettings;
use primehub_memory::oidc::{Client, KeyUse, OpenIdProvider, ProviderSettings};
use primehub_memory::persistence::Part;
use secrecy::SecretString;

use super::description::Person;
use super::exposure::Exposure;
use super::platform::{self, Platform, random_secret};
use super::storage::{self, Storage};

pub(crate) const REALM: &str = "primehub";
pub(crate) const CLIENT_ID: &str = "admin-ui";

/// What a platform is put together from besides the places where it is reached.
pub(super) struct Parts<'a> {
    /// Where everything is kept; nothing is, without.
    pub(super) data_dir: Option<&'a Path>,
    /// Other applications.
    pub(super) clients: Vec<Client>,
    /// What every new account has to accept.
    pub(super) terms: Option<String>,
    /// Whether a new realm gets an administrator alone.
    pub(super) no_demo: bool,
}

/// A platform with an OpenID provider of its own.
pub(super) struct Embedded {
    pub(super) platform: Platform,
    pub(super) keys: Keys,
    /// Where the objects of the Kubernetes API are kept, with a data folder.
    pub(super) objects: Option<Part>,
    /// What administrators of the Kubernetes API show. It stays, with a data folder, so that a kubeconfig does.
    pub(super) cluster_token: SecretString,
}

/// The keys that sign tokens.
#[derive(Clone)]
pub(super) struct Keys(OpenIdProvider);

impl Embedded {
    /// Everything, for people who reach it at `base`.
    pub(super) async fn assemble(exposure: &Exposure, base: &str, parts: Parts<'_>) -> anyhow::Result<Self> {
        let mut realm = RealmSettings::new(REALM, CLIENT_ID);
        if parts.terms.is_some() {
            realm.default_actions.push("TERMS_AND_CONDITIONS".to_owned());
        }
        let Storage { store, id: store_id, objects } = storage::open(realm.clone(), parts.data_dir).await?;
        let client_secret = store.ensure_secret("client/admin-ui", random_secret).await?;
        let shared_secret = store.ensure_secret("shared-secret", random_secret).await?;
        let cluster_token = store.ensure_secret("kubernetes", random_secret).await?;
        let site_secret = store.ensure_secret("site", random_secret).await?;

        let mut settings = ProviderSettings::new(&realm, base, client_secret.clone());
        settings.client.redirect_uris =
            ["/oidc/auth-flow/callback", "/console/*"].map(|path| format!("{base}{path}")).into();
        settings.other_clients = parts.clients;
        settings.terms = parts.terms;
        let provider = OpenIdProvider::start(store.clone(), settings).await?;
        let cast = if parts.no_demo { Cast::Administrator } else { Cast::PeopleAndGroups };
        let people = demo::set_up(&store, &provider, cast).await?;

        let policy = TokenPolicy::new(provider.issuer(), CLIENT_ID);
        let site = platform::site(base, provider.issuer())?.log_in_with(Arc::new(provider.clone()), site_secret)?;
        let server = Server::builder(store, Arc::new(provider.clone()), platform::config(CLIENT_ID), policy);
        let platform = Platform {
            server: platform::build(server, site, exposure, &shared_secret),
            issuer: provider.issuer().to_owned(),
            provider: Some(provider.router()),
            people: people.iter().map(Person::of).collect(),
            store_id,
            client_id: CLIENT_ID.to_owned(),
            client_secret,
            shared_secret,
        };
        Ok(Self { platform, keys: Keys(provider), objects, cluster_token })
    }
}

impl Keys {
    /// Signs with new keys from now on. Tokens signed before stay good: access tokens until they expire, API tokens for as long as they are
    /// used.
    pub(super) fn rotate(&self) -> impl Future<Output = ()> + Send + use<> {
        let keys = self.clone();
        async move {
            for which in [KeyUse::AccessTokens, KeyUse::RefreshTokens] {
                match keys.0.rotate_keys(which).await {
                    Ok(()) => tracing::warn!(?which, "tokens are signed with a new key"),
                    Err(error) => tracing::error!(%error, ?which, "the key that signs tokens stays what it was"),
                }
            }
            tokio::spawn(async move {
                tokio::time::sleep(OpenIdProvider::SIGNATURE_OVERLAP).await;
                keys.retire().await;
            });
        }
    }

    /// Forgets the keys of which nothing is of use any more.
    pub(super) async fn retire(&self) {
        let overlap = OpenIdProvider::SIGNATURE_OVERLAP;
        if let Err(error) = self.0.retire_keys(KeyUse::AccessTokens, overlap).await {
            tracing::error!(%error, "a signing key that is not needed any more stays");
        }
    }
}
