//! The parts, put together: who is there, who lets them in, and what answers.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use primehub_core::clock::{Clock as _, SystemClock};
use primehub_core::identity::token::TokenPolicy;
use primehub_graphql::{PlatformConfig, Server, Site};
use primehub_memory::demo::{self, Cast, DemoPerson};
use primehub_memory::identity::RealmSettings;
use primehub_memory::oidc::{Client, KeyUse, OpenIdProvider, ProviderSettings};
use secrecy::SecretString;

use super::exposure::Exposure;
use super::storage::{self, Storage};

pub(crate) const REALM: &str = "primehub";
pub(crate) const CLIENT_ID: &str = "admin-ui";
const API_PREFIX: &str = "/api";

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

/// What serves requests, and what whoever starts it has to be told. Cheap to clone.
#[derive(Clone)]
pub(super) struct Platform {
    pub(super) server: Server,
    pub(super) provider: OpenIdProvider,
    /// Who was made at this start.
    pub(super) people: Arc<[DemoPerson]>,
    /// What the content of a data folder is known by.
    pub(super) store_id: Option<String>,
    /// The secret of [`CLIENT_ID`].
    pub(super) client_secret: SecretString,
    /// What the notebook spawner and controllers show.
    pub(super) shared_secret: SecretString,
}

impl Platform {
    /// Everything, for people who reach it at `base`.
    pub(super) async fn assemble(exposure: &Exposure, base: &str, parts: Parts<'_>) -> anyhow::Result<Self> {
        let mut realm = RealmSettings::new(REALM, CLIENT_ID);
        if parts.terms.is_some() {
            realm.default_actions.push("TERMS_AND_CONDITIONS".to_owned());
        }
        let Storage { store, id: store_id } = storage::open(realm.clone(), parts.data_dir).await?;
        let client_secret = store.ensure_secret("client/admin-ui", random_secret).await?;
        let shared_secret = store.ensure_secret("shared-secret", random_secret).await?;
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
        let site = Site::new(base, &format!("{base}{API_PREFIX}/graphql"))?
            .log_in_at(&format!("{}/account", provider.issuer()))?
            .log_in_with(Arc::new(provider.clone()), site_secret)?;
        let server = Server::builder(store, Arc::new(provider.clone()), platform_config(), policy)
            .prefix(API_PREFIX)
            .site(site)
            .shared_secret(shared_secret.clone())
            .introspection(true)
            .allowed_hosts(exposure.host_names())
            .trusted_proxies(exposure.trusted_proxies().iter().copied())
            .only_through_proxies(exposure.is_proxied_only())
            .secure_site(exposure.is_secure_site())
            .build();
        Ok(Self { server, provider, people: people.into(), store_id, client_secret, shared_secret })
    }

    /// All public routes.
    pub(super) fn routes(&self) -> Router {
        // Whoever types the address of the site gets something to see.
        let account = format!("{}/account", self.provider.issuer());
        let site = Router::new().route("/", get(async move || Redirect::temporary(&account)));
        Router::new().merge(self.server.router()).merge(self.server.surround(self.provider.router().merge(site)))
    }

    /// Signs with new keys from now on. Tokens signed before stay good: access tokens until they expire, API tokens for as long as they are
    /// used.
    pub(super) fn rotate_keys(&self) -> impl Future<Output = ()> + Send + use<> {
        let platform = self.clone();
        async move {
            for which in [KeyUse::AccessTokens, KeyUse::RefreshTokens] {
                match platform.provider.rotate_keys(which).await {
                    Ok(()) => tracing::warn!(?which, "tokens are signed with a new key"),
                    Err(error) => tracing::error!(%error, ?which, "the key that signs tokens stays what it was"),
                }
            }
            tokio::spawn(async move {
                tokio::time::sleep(OpenIdProvider::SIGNATURE_OVERLAP).await;
                platform.retire_keys().await;
            });
        }
    }

    /// Forgets the keys of which nothing is of use any more.
    pub(super) async fn retire_keys(&self) {
        let overlap = OpenIdProvider::SIGNATURE_OVERLAP;
        if let Err(error) = self.provider.retire_keys(KeyUse::AccessTokens, overlap).await {
            tracing::error!(%error, "a signing key that is not needed any more stays");
        }
    }
}

fn platform_config() -> PlatformConfig {
    let mut config = PlatformConfig::new(CLIENT_ID);
    config.timezone_offset_minutes = offset_minutes(&TimeZone::system(), SystemClock.now());
    config
}

/// Minutes east of UTC in `zone` at that moment, daylight saving included.
fn offset_minutes(zone: &TimeZone, now: Timestamp) -> i32 {
    zone.to_offset(now).seconds() / 60
}

/// A secret that nobody can guess.
fn random_secret() -> SecretString {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_that_of_the_moment() {
        let (winter, summer) = ("2026-01-15T12:00:00Z".parse().unwrap(), "2026-07-15T12:00:00Z".parse().unwrap());
        let offset = |zone: &str, now| offset_minutes(&TimeZone::posix(zone).unwrap(), now);
        assert_eq!(offset("CST-8", winter), 480);
        assert_eq!(offset("NST3:30NDT,M3.2.0,M11.1.0", winter), -210);
        assert_eq!(offset("NST3:30NDT,M3.2.0,M11.1.0", summer), -150);
        assert_eq!(offset_minutes(&TimeZone::UTC, summer), 0);
    }
}
