//! The server as a library: built from parts, handed out as routers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use primehub_core::clock::{Clock, SystemClock};
use primehub_core::identity::IdentityStore;
use primehub_core::identity::token::{TokenIssuer, TokenPolicy};
use prometheus_client::registry::Registry;
use secrecy::SecretString;

use super::edge::Edge;
use super::endpoint::Endpoint;
use super::host::AllowedHosts;
use super::limits::Limits;
use super::management::management;
use super::metrics::RequestMetrics;
use super::peer::Network;
use super::prefix::Prefix;
use super::router::{beside, public, site as site_routes};
use super::site::Site;
use crate::audit::{AuditSink, TracingAudit};
use crate::authentication::{AuthenticationMetrics, Authenticator, AuthenticatorSettings};
use crate::config::PlatformConfig;
use crate::request::Services;
use crate::schema::{self, Schema};

/// How long answers are given from what was last known of an identity provider that cannot be reached.
const STALE_MAX: Duration = Duration::from_mins(10);

/// PrimeHub's GraphQL server. Cheap to clone; all clones share caches and numbers.
#[derive(Clone)]
pub struct Server {
    endpoint: Arc<Endpoint<Schema>>,
    prefix: Prefix,
    edge: Arc<Edge>,
    registry: Arc<Registry>,
    site: Option<Router>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Server {
    /// Starts to put a server together: over `store`, for people whose tokens come from `issuer` and pass `policy`.
    #[must_use]
    pub fn builder(
        store: Arc<dyn IdentityStore>,
        issuer: Arc<dyn TokenIssuer>,
        config: PlatformConfig,
        policy: TokenPolicy,
    ) -> ServerBuilder {
        ServerBuilder {
            store,
            issuer,
            config,
            policy,
            shared_secret: None,
            basic: false,
            stale_max: STALE_MAX,
            prefix: Prefix::default(),
            limits: Limits::default(),
            introspection: false,
            audit: Arc::new(TracingAudit),
            clock: Arc::new(SystemClock),
            edge: Edge::default(),
            site: None,
            registry: Registry::default(),
        }
    }

    /// The public routes: `<prefix>/graphql`, `<prefix>/health`, a redirect from `<prefix>/`, and those of [`ServerBuilder::site`] if there
    /// is one. Whatever else is asked for is answered 404 as JSON; merge it into a router without a fallback of its own.
    pub fn router(&self) -> Router {
        let router = public(&self.prefix, self.endpoint.clone(), self.edge.clone());
        match &self.site {
            Some(site) => router.merge(site.clone()),
            None => router,
        }
    }

    /// Routes for operators, without authentication: `/healthz` (the process lives), `/readyz` (503 while nothing can be answered) and
    /// `/metrics` (the text format of `OpenMetrics`). For a port that the public cannot reach.
    pub fn management_router(&self) -> Router {
        // This port is none of the site's: it speaks plain HTTP.
        let edge = Edge { secure_site: false, ..Edge::clone(&self.edge) };
        management(self.endpoint.clone(), self.registry.clone(), Arc::new(edge))
    }

    /// Puts around `router` what stands around this server's own routes: the check of host names, request ids, a line in the log for each
    /// request, and an answer to requests that panic. For routes that are merged beside [`Self::router`]. Rules for pages from elsewhere
    /// (CORS) and for caches stay theirs.
    pub fn surround(&self, router: Router) -> Router {
        beside(router, self.edge.clone())
    }

    /// The path of the GraphQL endpoint.
    #[must_use]
    pub fn graphql_path(&self) -> String {
        self.prefix.graphql()
    }

    /// Waits until no request is in work, changes included whose clients have gone away. Call it after the listener is closed.
    pub async fn drained(&self) {
        self.endpoint.drained().await;
    }
}

/// Puts a [`Server`] together.
pub struct ServerBuilder {
    store: Arc<dyn IdentityStore>,
    issuer: Arc<dyn TokenIssuer>,
    config: PlatformConfig,
    policy: TokenPolicy,
    shared_secret: Option<SecretString>,
    basic: bool,
    stale_max: Duration,
    prefix: Prefix,
    limits: Limits,
    introspection: bool,
    audit: Arc<dyn AuditSink>,
    clock: Arc<dyn Clock>,
    edge: Edge,
    site: Option<Site>,
    registry: Registry,
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("prefix", &self.prefix)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl ServerBuilder {
    /// What the notebook spawner and controllers show instead of a token (`SHARED_GRAPHQL_SECRET_KEY`). Without one, or with an empty
    /// one, nobody is taken for a server.
    #[must_use]
    pub fn shared_secret(mut self, secret: SecretString) -> Self {
        self.shared_secret = Some(secret);
        self
    }

    /// Whether a user name and password are accepted in place of a token (`KC_GRANT_TYPE=password`). Off by default.
    #[must_use]
    pub fn password_login(mut self, accepted: bool) -> Self {
        self.basic = accepted;
        self
    }

    /// How long reads go on from what was last known while the identity provider cannot be reached (`KC_STALE_MAX`, default 10 min);
    /// zero answers 503 at once.
    #[must_use]
    pub fn stale_max(mut self, time: Duration) -> Self {
        self.stale_max = time;
        self
    }

    /// What stands before every route (`APP_PREFIX`); the published Python SDK needs `/api`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<Prefix>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How much one request may ask for.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether the schema can be asked for (`GRAPHQL_PLAYGROUND`). Off by default.
    #[must_use]
    pub fn introspection(mut self, allowed: bool) -> Self {
        self.introspection = allowed;
        self
    }

    /// Where audit records go; the log by default.
    #[must_use]
    pub fn audit(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = sink;
        self
    }

    /// The clock; the operating system's by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Answers only to these host names, ports aside, and 421 to all others; [`LOOPBACK_HOSTS`](crate::LOOPBACK_HOSTS) for a server on
    /// loopback, which web pages could otherwise reach by a name of their own. None, the default: any name.
    #[must_use]
    pub fn allowed_hosts(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.edge.hosts = AllowedHosts::new(names);
        self
    }

    /// Proxies whose `X-Forwarded-For` is believed. Handlers behind the edge, of [`Server::surround`] too, then find the client's address
    /// in the place of the proxy's, with port zero if the proxy does not name one; the log has it as well.
    #[must_use]
    pub fn trusted_proxies(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.edge.trusted_proxies = networks.into_iter().collect();
        self
    }

    /// Also serves invitation pages and, if people can log in there, the way to an API token. Below which paths, the site says; the
    /// [`Self::prefix`] of the API does not count.
    #[must_use]
    pub fn site(mut self, site: Site) -> Self {
        self.site = Some(site);
        self
    }

    /// Whether only the trusted proxies, and this machine itself, may connect; others are answered 403. For a server that speaks plain HTTP to
    /// a proxy which speaks TLS: whoever passes the proxy by would send passwords and tokens in clear. Off by default.
    #[must_use]
    pub fn only_through_proxies(mut self, only: bool) -> Self {
        self.edge.proxied_only = only;
        self
    }

    /// Whether people reach the site over TLS, here or at a proxy. Browsers are then told to come back over TLS only
    /// (`Strict-Transport-Security`, for a year), which holds for every port of that host name. Off by default.
    #[must_use]
    pub fn secure_site(mut self, secure: bool) -> Self {
        self.edge.secure_site = secure;
        self
    }

    /// Numbers of the program around this server, for instance of its connection to an identity provider: `/metrics` of
    /// [`Server::management_router`] shows them too. Names that begin with `primehub_graphql_` are this server's own.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// The server.
    #[must_use]
    pub fn build(self) -> Server {
        let mut all = self.registry;
        let registry = all.sub_registry_with_prefix("primehub_graphql");
        let authenticator = Authenticator::new(AuthenticatorSettings {
            store: self.store.clone(),
            issuer: self.issuer,
            policy: self.policy,
            shared_secret: self.shared_secret,
            basic: self.basic,
            stale_max: self.stale_max,
            clock: self.clock.clone(),
            metrics: AuthenticationMetrics::register(registry),
        });
        let services = Arc::new(Services {
            store: self.store,
            authenticator: Arc::new(authenticator),
            clock: self.clock,
            audit: self.audit,
            config: self.config,
            administrators: tokio::sync::Mutex::default(),
        });
        // The limits are checked before the engine sees a document; this one must only not be tighter.
        let schema = schema::builder().limit_recursive_depth(self.limits.nesting).finish();
        let metrics = RequestMetrics::register(registry);
        let endpoint = Endpoint::new(services, schema, self.limits, self.introspection, metrics);
        let (endpoint, edge) = (Arc::new(endpoint), Arc::new(self.edge));
        let site = self.site.map(|site| site_routes(&site, &endpoint, registry, edge.clone()));
        Server { endpoint, prefix: self.prefix, edge, registry: Arc::new(all), site }
    }
}

#[cfg(test)]
mod tests;
