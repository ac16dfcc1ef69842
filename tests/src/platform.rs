//! A whole platform on loopback, as `primehub up` puts it together.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use primehub_core::clock::ManualClock;
use primehub_core::identity::token::{TokenIssuer as _, TokenPolicy};
use primehub_core::identity::{
    Actor, AttributeEdits, Binding, Directory, Edit, Group, GroupEdit, IdentityStore as _, NewGroup, NewUser,
    RealmEdit, Revision, Subject, User,
};
use primehub_core::names::{GroupId, UserId};
use primehub_graphql::{LOOPBACK_HOSTS, Limits, Network, PlatformConfig, Server, Site};
use primehub_memory::demo::{self, DemoPerson};
use primehub_memory::identity::{MemoryIdentityStore, PasswordCost, RealmSettings};
use primehub_memory::oidc::{Client as OidcClient, OpenIdProvider, ProviderSettings};
use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{Answer, Caller, Counted, Flaky, ObservedIssuer, RecordedAudit};

/// The store as the platform sees it: calls are counted first, and then fail if that is asked for.
pub type ObservedStore = Counted<Flaky<MemoryIdentityStore>>;

/// How a platform is set up.
#[derive(Debug)]
#[non_exhaustive]
pub struct Options {
    /// Settings of the installation.
    pub config: PlatformConfig,
    /// How much a request may ask for.
    pub limits: Limits,
    /// Whether the schema can be asked for.
    pub introspection: bool,
    /// Whether only names of this machine are answered to.
    pub loopback_hosts_only: bool,
    /// Whether a user name and a password are taken in place of a token.
    pub password_login: bool,
    /// Clients of the identity provider, beside the two that are always there.
    pub clients: Vec<OidcClient>,
    /// What everybody has to do at the first login, such as `TERMS_AND_CONDITIONS`. Nobody has a token then.
    pub default_actions: Vec<String>,
    /// What browsers put before every path, if that is not where the platform listens: a proxy is in between.
    pub public_url: Option<String>,
    /// The proxies whose word is taken for where a request comes from.
    pub trusted_proxies: Vec<Network>,
}

/// A running platform with the demo's people and groups. Its clock stands still until it is moved. Everything stops when it is dropped.
pub struct Platform {
    /// Scheme, host and port.
    pub base: String,
    /// The same of the port for operators.
    pub management: String,
    /// The clock of all parts.
    pub clock: Arc<ManualClock>,
    /// What is stored, past the counter.
    pub memory: Arc<MemoryIdentityStore>,
    /// Fails on demand.
    pub flaky: Arc<Flaky<MemoryIdentityStore>>,
    /// Counts calls.
    pub counted: Arc<ObservedStore>,
    /// Issues tokens.
    pub provider: OpenIdProvider,
    /// Everything that the public port answers.
    pub routes: Router,
    /// The same as the platform sees it: counts, and is away on demand.
    pub issuer: Arc<ObservedIssuer>,
    /// The audit records.
    pub audit: Arc<RecordedAudit>,
    /// Follows no redirects and unpacks nothing, so that tests see what is sent.
    pub client: Client,
    people: Vec<DemoPerson>,
    tokens: BTreeMap<Caller, String>,
    tasks: Vec<JoinHandle<()>>,
    number: AtomicUsize,
}

impl Platform {
    /// Id of PrimeHub's client at the identity provider.
    pub const CLIENT_ID: &str = "admin-ui";
    /// Id of another client there, whose tokens are not meant for PrimeHub.
    pub const OTHER_CLIENT_ID: &str = "other-app";
    /// Secret of both clients.
    pub const CLIENT_SECRET: &str = "client-secret-of-the-tests";
    /// What servers show.
    pub const SHARED_SECRET: &str = "shared-secret-of-the-tests";

    /// What the way to an API token is signed with.
    pub const SITE_SECRET: &str = "site-secret-of-the-tests";

    /// A platform with the usual settings.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A platform with other settings.
    pub async fn start_with(configure: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            config: PlatformConfig::new(Self::CLIENT_ID),
            limits: Limits::default(),
            introspection: false,
            loopback_hosts_only: false,
            password_login: false,
            clients: Vec::new(),
            default_actions: Vec::new(),
            public_url: None,
            trusted_proxies: Vec::new(),
        };
        configure(&mut options);
        let (listener, base) = listen().await;
        let public = options.public_url.take().unwrap_or_else(|| base.clone());
        let (management_listener, management) = listen().await;
        let clock = Arc::new(ManualClock::new("2030-01-01T00:00:00Z".parse().unwrap()));

        let mut realm = RealmSettings::new("primehub", Self::CLIENT_ID);
        realm.clock = clock.clone();
        realm.password_cost = PasswordCost::lowest();
        realm.default_actions.clone_from(&options.default_actions);
        let mut provider_settings = ProviderSettings::new(&realm, &public, Self::CLIENT_SECRET.into());
        provider_settings.client.redirect_uris =
            ["/oidc/auth-flow/callback", "/console/*"].map(|path| format!("{public}{path}")).into();
        let mut other_client = OidcClient::confidential(Self::OTHER_CLIENT_ID, Self::CLIENT_SECRET.into());
        other_client.direct_access_grants = true;
        provider_settings.other_clients.push(other_client);
        provider_settings.other_clients.append(&mut options.clients);
        let memory = Arc::new(MemoryIdentityStore::new(realm));
        let provider = OpenIdProvider::start(memory.clone(), provider_settings).await.unwrap();
        let people = demo::people_and_groups(&*memory, &provider).await.unwrap();

        let flaky = Arc::new(Flaky::new(memory.clone()));
        let counted = Arc::new(Counted::new(flaky.clone()));
        let audit = Arc::new(RecordedAudit::default());
        let issuer = Arc::new(ObservedIssuer::new(provider.clone()));
        let policy = TokenPolicy::new(provider.issuer(), Self::CLIENT_ID);
        let site = Site::new(&public, &format!("{public}/api/graphql"))
            .and_then(|site| site.log_in_at(&format!("{}/account", provider.issuer())))
            .and_then(|site| site.log_in_with(Arc::new(provider.clone()), Self::SITE_SECRET.into()))
            .unwrap();
        let server = Server::builder(counted.clone(), issuer.clone(), options.config, policy)
            .prefix("/api")
            .site(site)
            .trusted_proxies(options.trusted_proxies)
            .secure_site(public.starts_with("https:"))
            .shared_secret(Self::SHARED_SECRET.into())
            .introspection(options.introspection)
            .limits(options.limits)
            .password_login(options.password_login)
            .audit(audit.clone())
            .clock(clock.clone())
            .allowed_hosts(if options.loopback_hosts_only { &LOOPBACK_HOSTS[..] } else { &[] }.iter().copied())
            .build();
        let routes = Router::new().merge(server.router()).merge(server.surround(provider.router()));
        let tasks = vec![serve(listener, routes.clone()), serve(management_listener, server.management_router())];

        let mut platform = Self {
            base,
            management,
            clock,
            memory,
            flaky,
            counted,
            provider,
            routes,
            issuer,
            audit,
            client: Client::builder().redirect(reqwest::redirect::Policy::none()).no_gzip().no_proxy().build().unwrap(),
            people,
            tokens: BTreeMap::new(),
            tasks,
            number: AtomicUsize::new(1),
        };
        if options.default_actions.is_empty() {
            platform.log_in().await;
        }
        platform
    }

    /// Gets everybody a new access token.
    pub async fn log_in(&mut self) {
        for caller in Caller::ALL {
            let token = match caller.username() {
                Some(username) => {
                    let person = self.person(username);
                    self.provider.log_in(username, &person.password).await.unwrap().expose_secret().to_owned()
                }
                None if caller == Caller::Server => Self::SHARED_SECRET.to_owned(),
                None => continue,
            };
            self.tokens.insert(caller, token);
        }
    }

    /// A person of the demo.
    pub fn person(&self, username: &str) -> &DemoPerson {
        self.people.iter().find(|person| person.username == username).unwrap_or_else(|| panic!("no person {username}"))
    }

    /// An access token, or the shared secret.
    pub fn token(&self, caller: Caller) -> &str {
        &self.tokens[&caller]
    }

    /// Address of the GraphQL endpoint.
    pub fn graphql(&self) -> String {
        format!("{}/api/graphql", self.base)
    }

    /// A `POST` to the GraphQL endpoint with the caller's credentials and no body yet.
    pub fn post(&self, caller: Caller) -> RequestBuilder {
        let request = self.client.post(self.graphql());
        match self.tokens.get(&caller) {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a document with variables.
    pub async fn run(&self, caller: Caller, document: &str, variables: Value) -> Answer {
        self.send(self.post(caller).json(&json!({ "query": document, "variables": variables }))).await
    }

    /// Sends a document.
    pub async fn query(&self, caller: Caller, document: &str) -> Answer {
        self.run(caller, document, json!({})).await
    }

    /// Sends a document with any bearer token.
    pub async fn query_with(&self, token: &str, document: &str) -> Answer {
        self.send(self.client.post(self.graphql()).bearer_auth(token).json(&json!({ "query": document }))).await
    }

    /// What the token endpoint of the identity provider answers when a person logs in at a client.
    pub async fn log_in_at(&self, client: &str, username: &str, scope: &str) -> Answer {
        let form = [
            ("grant_type", "password"),
            ("client_id", client),
            ("client_secret", Self::CLIENT_SECRET),
            ("username", username),
            ("password", self.person(username).password.expose_secret()),
            ("scope", scope),
        ];
        self.send(self.client.post(format!("{}/protocol/openid-connect/token", self.provider.issuer())).form(&form))
            .await
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.unwrap()).await
    }

    /// The present picture.
    pub fn directory(&self) -> Arc<Directory> {
        self.memory.directory()
    }

    /// Number of the present picture: while it stays, nothing that a picture shows has changed.
    pub fn revision(&self) -> Revision {
        self.directory().revision()
    }

    /// People, groups, memberships and settings as text, to see whether anything has changed.
    pub fn picture(&self) -> String {
        let directory = self.directory();
        let mut text = format!("{:?}\n", directory.realm());
        for group in directory.groups().chain(directory.everyone()) {
            let members: Vec<&str> = directory.members(&group.id).map(|user| &*user.username).collect();
            let _ = writeln!(text, "{group:?} {members:?}");
        }
        for user in directory.people_from(0) {
            let _ = writeln!(text, "{user:?} {:?}", directory.roles_of_user(&user.id).collect::<Vec<_>>());
        }
        for invitation in directory.invitations() {
            let _ = writeln!(text, "{invitation:?}");
        }
        text
    }

    /// A group as it is stored.
    pub fn group(&self, name: &str) -> Arc<Group> {
        self.directory().group_named(name).unwrap_or_else(|| panic!("no group {name}")).clone()
    }

    /// A user as stored.
    pub fn user(&self, username: &str) -> Arc<User> {
        self.directory().user_named(username).unwrap_or_else(|| panic!("no user {username}")).clone()
    }

    /// Id of the group of everyone.
    pub fn everyone(&self) -> GroupId {
        self.directory().everyone_id().clone()
    }

    /// A number that has not been used on this platform.
    pub fn fresh_number(&self) -> usize {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a user past the platform.
    pub async fn add_user(&self, username: &str) -> UserId {
        self.memory
            .create_user(&Actor::service(), NewUser::new(username.parse().unwrap()))
            .await
            .unwrap()
            .value
            .id
            .clone()
    }

    /// Makes a group past the platform, with members and the text of the attribute `admins`.
    pub async fn add_group(&self, name: &str, members: &[&UserId], administrators: &[&str]) -> GroupId {
        let new = NewGroup::new(name.parse().unwrap());
        let group = self.memory.create_group(&Actor::service(), new).await.unwrap().value.id.clone();
        for user in members {
            self.bind(Binding::Join { user: (*user).clone(), group: group.clone() }).await;
        }
        let administrators: Vec<String> = administrators.iter().map(ToString::to_string).collect();
        self.set_attribute(&group, "admins", administrators).await;
        group
    }

    /// Writes an attribute of a group past the platform.
    pub async fn set_attribute(&self, group: &GroupId, name: &str, values: Vec<String>) {
        let mut attributes = AttributeEdits::default();
        attributes.put(name, primehub_core::identity::AttributeEdit::Set(values));
        let edit = GroupEdit { attributes, ..GroupEdit::default() };
        self.memory.edit_group(&Actor::service(), group, edit).await.unwrap();
    }

    /// Carries out a binding past the platform.
    pub async fn bind(&self, binding: Binding) {
        for outcome in self.memory.bind(&Actor::service(), &[binding]).await.unwrap() {
            outcome.unwrap();
        }
    }

    /// Makes somebody a platform administrator, past the platform.
    pub async fn make_administrator(&self, user: &UserId) {
        let role = self.directory().administrator_role().clone();
        self.bind(Binding::Grant { to: Subject::User(user.clone()), role }).await;
    }

    /// Makes the realm able to send e-mails.
    pub async fn add_mail_server(&self) {
        let set = |text: &str| Edit::Set(text.to_owned());
        let smtp = [("host".to_owned(), set("mail.example.com")), ("from".to_owned(), set("primehub@example.com"))];
        let edit = RealmEdit { smtp: smtp.into(), ..RealmEdit::default() };
        self.memory.edit_realm(&Actor::service(), edit).await.unwrap();
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}

fn serve(listener: TcpListener, routes: Router) -> JoinHandle<()> {
    tokio::spawn(async move {
        primehub_graphql::serve(listener, routes, std::future::pending(), Duration::ZERO).await;
    })
}
