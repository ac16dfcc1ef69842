//! The provider as its clients see it: through the router, on a clock that stands still.

mod account;
mod api_tokens;
mod bodies;
mod browser;
mod claims;
mod clients;
mod codes;
mod cors;
mod end_session;
mod endpoints;
mod forms;
mod login;
mod read_only;
mod required_actions;
mod single_sign_on;
mod start;
mod token_endpoint;
mod witness;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use primehub_core::clock::ManualClock;
use primehub_core::identity::{
    Actor, Binding, Edit, IdentityStore as _, NewGroup, NewPassword, NewUser, Subject, UserEdit,
};
use primehub_core::names::UserId;
use serde_json::Value;
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::{Client, OpenIdProvider, ProviderSettings};
use crate::identity::{MemoryIdentityStore, PasswordCost, RealmSettings};

/// A realm with PrimeHub's client `admin-ui` and another one, `other`; `alice`, who is in a group, and `root`, who is an administrator.
struct World {
    clock: Arc<ManualClock>,
    store: Arc<MemoryIdentityStore>,
    provider: OpenIdProvider,
    router: Router,
    alice: UserId,
}

const BASE: &str = "http://127.0.0.1:8180";
const TOKEN: &str = "/realms/primehub/protocol/openid-connect/token";
const INTROSPECT: &str = "/realms/primehub/protocol/openid-connect/token/introspect";
const USER_INFO: &str = "/realms/primehub/protocol/openid-connect/userinfo";
const REVOKE: &str = "/realms/primehub/protocol/openid-connect/revoke";
const LOGOUT: &str = "/realms/primehub/protocol/openid-connect/logout";
const CERTS: &str = "/realms/primehub/protocol/openid-connect/certs";

const ADMIN_UI: &[(&str, &str)] = &[("client_id", "admin-ui"), ("client_secret", "s3cret")];
const OTHER: &[(&str, &str)] = &[("client_id", "other"), ("client_secret", "0ther")];

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    /// Status, `error` and description: what a table of the contract says.
    fn error(&self) -> (u16, &str, &str) {
        let text = |key: &str| self.body[key].as_str().unwrap_or_default();
        (self.status.as_u16(), text("error"), text("error_description"))
    }

    #[track_caller]
    fn text(&self, key: &str) -> String {
        self.body[key].as_str().unwrap_or_else(|| panic!("no {key} in {} {}", self.status, self.body)).to_owned()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl World {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with other settings.
    async fn with(change: impl FnOnce(&mut ProviderSettings)) -> Self {
        Self::in_realm(RealmSettings::new("primehub", "admin-ui"), change).await
    }

    /// The same, in another realm.
    async fn in_realm(realm: RealmSettings, change: impl FnOnce(&mut ProviderSettings)) -> Self {
        Self::over(realm, MemoryIdentityStore::new, change).await
    }

    /// The same over a store that `open` opens; people are made unless it has them.
    async fn over(
        mut realm: RealmSettings,
        open: impl FnOnce(RealmSettings) -> MemoryIdentityStore,
        change: impl FnOnce(&mut ProviderSettings),
    ) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        realm.clock = clock.clone();
        realm.password_cost = PasswordCost::lowest();
        let mut settings = ProviderSettings::new(&realm, BASE, "s3cret".into());
        settings.client.redirect_uris = vec!["http://127.0.0.1:8080/console/*".to_owned()];
        settings.other_clients = vec![Client::confidential("other", "0ther".into())];
        settings.terms = Some("Be kind.".to_owned());
        change(&mut settings);
        let store = Arc::new(open(realm));
        let alice = store.directory().user_named("alice").map(|alice| alice.id.clone());
        let alice = match alice {
            Some(alice) => alice,
            None => people(&store).await,
        };
        let provider = OpenIdProvider::start(store.clone(), settings).await.unwrap();
        Self { clock, store, router: provider.router(), provider, alice }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let is_page = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/"));
        let body = match &*bytes {
            [] => Value::Null,
            page if is_page => String::from_utf8(page.to_vec()).unwrap().into(),
            json => serde_json::from_slice(json).expect("a JSON body"),
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str, bearer: Option<&str>) -> Answer {
        let mut request = Request::get(path);
        if let Some(token) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, fields: &[&[(&str, &str)]]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.concat()).finish();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// The password grant of `admin-ui`.
    async fn log_in(&self, username: &str, password: &str, scope: &str) -> Answer {
        let grant = [("grant_type", "password"), ("username", username), ("password", password), ("scope", scope)];
        self.post(TOKEN, &[ADMIN_UI, &grant]).await
    }

    /// The refresh grant of `admin-ui`.
    async fn refresh(&self, token: &str) -> Answer {
        self.post(TOKEN, &[ADMIN_UI, &[("grant_type", "refresh_token"), ("refresh_token", token)]]).await
    }

    async fn api_token(&self) -> String {
        self.log_in("alice", "wonder", "offline_access").await.text("refresh_token")
    }

    async fn edit_alice(&self, edit: UserEdit) {
        self.store.edit_user(&Actor::service(), &self.alice, edit).await.unwrap();
    }

    async fn enable_alice(&self, enabled: bool) {
        self.edit_alice(UserEdit { enabled: Some(enabled), ..UserEdit::default() }).await;
    }

    async fn delete_alice(&self) {
        self.store.delete_user(&Actor::service(), &self.alice).await.unwrap();
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// Makes alice, root and their group, and answers alice's id.
async fn people(store: &MemoryIdentityStore) -> UserId {
    let by = Actor::service();
    let mut alice = NewUser::new("alice".parse().unwrap());
    alice.email = Some("Alice@Example.com".to_owned());
    (alice.first_name, alice.last_name) = (Some("Al".to_owned()), Some("Lee".to_owned()));
    let alice = store.create_user(&by, alice).await.unwrap().value.id.clone();
    let root = store.create_user(&by, NewUser::new("root".parse().unwrap())).await.unwrap().value.id.clone();
    let group = store.create_group(&by, NewGroup::new("Vision_Lab".parse().unwrap())).await.unwrap().value;
    let role = store.directory().administrator_role().clone();
    let bindings = [
        Binding::Join { user: alice.clone(), group: group.id.clone() },
        Binding::Grant { to: Subject::User(root.clone()), role },
    ];
    for outcome in store.bind(&by, &bindings).await.unwrap() {
        outcome.unwrap();
    }
    for (user, password) in [(&alice, "wonder"), (&root, "toor")] {
        let password = NewPassword::lasting(password.into());
        store.set_password(&by, user, password).await.unwrap();
    }
    alice
}

/// Header and claims of a token.
#[track_caller]
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

/// A token with one letter of its signature changed.
fn forged(token: &str) -> String {
    let (text, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    format!("{text}.{first}{}", &signature[1..])
}

fn no_name() -> UserEdit {
    UserEdit { first_name: Edit::Clear, last_name: Edit::Clear, email: Edit::Clear, ..UserEdit::default() }
}
