//! What serves requests, wherever people, groups and logins are.

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use primehub_graphql::{InvalidSite, PlatformConfig, Server, ServerBuilder, Site};
use secrecy::SecretString;

use super::description::Person;
use super::exposure::Exposure;

const API_PREFIX: &str = "/api";

/// What serves requests, and what whoever starts it has to be told.
pub(super) struct Platform {
    pub(super) server: Server,
    /// Who issues the tokens, and has the account page.
    pub(super) issuer: String,
    /// The routes of the OpenID provider, if it is in this process.
    pub(super) provider: Option<Router>,
    /// Whose passwords and tokens are known.
    pub(super) people: Vec<Person>,
    /// What the content of a data folder is known by.
    pub(super) store_id: Option<String>,
    /// What PrimeHub is at the provider.
    pub(super) client_id: String,
    /// Its secret there.
    pub(super) client_secret: SecretString,
    /// What the notebook spawner and controllers show.
    pub(super) shared_secret: SecretString,
}

impl Platform {
    /// All public routes.
    pub(super) fn routes(&self) -> Router {
        // Whoever types the address of the site gets something to see.
        let account = account(&self.issuer);
        let site = Router::new().route("/", get(async move || Redirect::temporary(&account)));
        let beside = site.merge(self.provider.clone().unwrap_or_default());
        Router::new().merge(self.server.router()).merge(self.server.surround(beside))
    }
}

/// Where people see to their account.
pub(super) fn account(issuer: &str) -> String {
    format!("{issuer}/account")
}

/// The pages for people.
pub(super) fn site(base: &str, issuer: &str) -> Result<Site, InvalidSite> {
    Site::new(base, &format!("{base}{API_PREFIX}/graphql"))?.log_in_at(&account(issuer))
}

/// What is the same for all servers of `up`.
pub(super) fn build(server: ServerBuilder, site: Site, exposure: &Exposure, shared_secret: &SecretString) -> Server {
    server
        .prefix(API_PREFIX)
        .site(site)
        .shared_secret(shared_secret.clone())
        .introspection(true)
        .allowed_hosts(exposure.host_names())
        .trusted_proxies(exposure.trusted_proxies().iter().copied())
        .only_through_proxies(exposure.is_proxied_only())
        .secure_site(exposure.is_secure_site())
        .build()
}

/// What answers depend on.
pub(super) fn config(client_id: &str) -> PlatformConfig {
    let mut config = PlatformConfig::new(client_id);
    config.timezone_offset_minutes = primehub_graphql_server::system_offset_minutes();
    config
}

/// A secret that nobody can guess.
pub(super) fn random_secret() -> SecretString {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()).into()
}
