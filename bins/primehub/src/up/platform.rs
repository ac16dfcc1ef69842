//! The parts, put together: who is there, who lets them in, and what answers.

use std::sync::Arc;

use axum::Router;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use primehub_core::clock::{Clock as _, SystemClock};
use primehub_core::identity::token::TokenPolicy;
use primehub_graphql::{PlatformConfig, Server};
use primehub_memory::demo::{self, DemoPerson};
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::oidc::{KeyUse, OpenIdProvider, ProviderSettings};
use secrecy::SecretString;

use super::exposure::Exposure;

const REALM: &str = "primehub";
pub(super) const CLIENT_ID: &str = "admin-ui";
const API_PREFIX: &str = "/api";

/// What serves requests, and what whoever starts it has to be told. Cheap to clone.
#[derive(Clone)]
pub(super) struct Platform {
    pub(super) server: Server,
    pub(super) provider: OpenIdProvider,
    pub(super) people: Arc<[DemoPerson]>,
    /// The secret of [`CLIENT_ID`].
    pub(super) client_secret: SecretString,
    /// What the notebook spawner and controllers show.
    pub(super) shared_secret: SecretString,
}

impl Platform {
    /// Everything, for people who reach it at `base`.
    pub(super) async fn assemble(exposure: &Exposure, base: &str, no_demo: bool) -> anyhow::Result<Self> {
        let (client_secret, shared_secret) = (random_secret(), random_secret());
        let realm = RealmSettings::new(REALM, CLIENT_ID);
        let provider_settings = ProviderSettings::new(&realm, base, client_secret.clone());
        let store = Arc::new(MemoryIdentityStore::new(realm));
        let provider = OpenIdProvider::start(store.clone(), provider_settings).await?;
        let people = if no_demo {
            demo::administrator(&store, &provider).await?
        } else {
            demo::people_and_groups(&store, &provider).await?
        };
        let policy = TokenPolicy::new(provider.issuer(), CLIENT_ID);
        let server = Server::builder(store, Arc::new(provider.clone()), platform_config(), policy)
            .prefix(API_PREFIX)
            .shared_secret(shared_secret.clone())
            .introspection(true)
            .allowed_hosts(exposure.host_names())
            .trusted_proxies(exposure.trusted_proxies().iter().copied())
            .secure_site(exposure.is_secure_site())
            .build();
        Ok(Self { server, provider, people: people.into(), client_secret, shared_secret })
    }

    /// All public routes.
    pub(super) fn routes(&self) -> Router {
        Router::new().merge(self.server.router()).merge(self.server.surround(self.provider.router()))
    }

    /// Signs access tokens with a new key from now on; those signed before stay good.
    pub(super) fn rotate_keys(&self) -> impl Future<Output = ()> + Send + use<> {
        let provider = self.provider.clone();
        async move {
            match provider.rotate_keys(KeyUse::AccessTokens).await {
                Ok(()) => tracing::info!("access tokens are signed with a new key"),
                Err(error) => tracing::error!(%error, "the key that signs access tokens stays what it was"),
            }
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

/// A secret that nobody can guess, made anew at every start.
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
