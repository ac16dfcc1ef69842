//! A token issuer and a directory for tests: real signatures, counted calls, switchable failures.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use primehub_core::clock::{Clock as _, ManualClock};
use primehub_core::identity::token::{TokenIssuer, TokenIssuerError, TokenPolicy, VerificationKeys};
use primehub_core::identity::{
    Capabilities, Directory, Freshness, Group, IdentityError, MockIdentityStore, Revision, Role, RoleKey, Subject, User,
};
use prometheus_client::registry::Registry;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{Authenticated, AuthenticationMetrics, Authenticator, AuthenticatorSettings};
use crate::http::rate_limit::Client;

pub(crate) const ISSUER: &str = "https://id.example/realms/primehub";
pub(crate) const CLIENT: &str = "admin-ui";

/// Signs tokens and answers like an identity provider.
pub(crate) struct FakeIssuer {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) away: AtomicBool,
    pub(crate) key_calls: AtomicU32,
    pub(crate) exchange_calls: AtomicU32,
    /// One permit for each exchange that may go on.
    pub(crate) gate: Semaphore,
    /// One permit for each answer with keys.
    pub(crate) key_gate: Semaphore,
    api_tokens: Mutex<HashMap<String, (String, bool)>>,
    keys: Mutex<Vec<(String, EcdsaKeyPair)>>,
}

impl FakeIssuer {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Arc<Self> {
        let issuer = Self {
            clock,
            away: AtomicBool::new(false),
            key_calls: AtomicU32::new(0),
            exchange_calls: AtomicU32::new(0),
            gate: Semaphore::new(1000),
            key_gate: Semaphore::new(1000),
            api_tokens: Mutex::default(),
            keys: Mutex::default(),
        };
        issuer.rotate("key-1");
        Arc::new(issuer)
    }

    /// Signs with a new key from now on, and withdraws the old one.
    pub(crate) fn rotate(&self, name: &str) {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        *self.keys.lock().unwrap() = vec![(name.to_owned(), key)];
    }

    /// Makes `api_token` one of `user`.
    pub(crate) fn give(&self, api_token: &str, user: &str, administrator: bool) {
        self.api_tokens.lock().unwrap().insert(api_token.to_owned(), (user.to_owned(), administrator));
    }

    pub(crate) fn revoke(&self, api_token: &str) {
        self.api_tokens.lock().unwrap().remove(api_token);
    }

    /// An access token that lives for five minutes.
    pub(crate) fn access_token(&self, user: &str, administrator: bool) -> String {
        self.sign(&self.claims(user, administrator))
    }

    pub(crate) fn claims(&self, user: &str, administrator: bool) -> serde_json::Value {
        let roles: &[&str] = if administrator { &["realm-admin"] } else { &[] };
        json!({
            "iss": ISSUER, "azp": CLIENT, "typ": "Bearer", "sub": user, "preferred_username": user,
            "exp": self.clock.now().as_second() + 300,
            "resource_access": {"realm-management": {"roles": roles}},
        })
    }

    pub(crate) fn sign(&self, claims: &serde_json::Value) -> String {
        let keys = self.keys.lock().unwrap();
        let (name, key) = keys.first().unwrap();
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({"alg": "ES256", "typ": "JWT", "kid": name})), part(claims));
        let signature = key.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn reachable(&self) -> Result<(), TokenIssuerError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(TokenIssuerError::Unavailable { cause: "switched off".into() });
        }
        Ok(())
    }
}

#[async_trait]
impl TokenIssuer for FakeIssuer {
    async fn verification_keys<'a>(&'a self, _: Option<&'a str>) -> Result<Arc<VerificationKeys>, TokenIssuerError> {
        self.key_calls.fetch_add(1, Ordering::SeqCst);
        self.key_gate.acquire().await.unwrap().forget();
        self.reachable()?;
        let keys = self.keys.lock().unwrap();
        let jwks: Vec<_> = keys
            .iter()
            .map(|(name, key)| {
                // An uncompressed point: one byte of kind, then both coordinates.
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": name, "x": x, "y": y})
            })
            .collect();
        Ok(Arc::new(VerificationKeys::from_jwks(&json!({ "keys": jwks }).to_string()).unwrap()))
    }

    async fn exchange_api_token(&self, api_token: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.exchange_calls.fetch_add(1, Ordering::SeqCst);
        let known = self.api_tokens.lock().unwrap().get(api_token.expose_secret()).cloned();
        let answer = self.reachable().and_then(|()| {
            let (user, administrator) =
                known.ok_or_else(|| TokenIssuerError::Rejected { reason: "invalid_grant".into() })?;
            Ok(self.access_token(&user, administrator).into())
        });
        self.gate.acquire().await.unwrap().forget();
        answer
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.reachable()?;
        if password.expose_secret() == "right" {
            Ok(self.access_token(username, username == "root").into())
        } else {
            Err(TokenIssuerError::Rejected { reason: "invalid_grant".into() })
        }
    }
}

/// What the store shows, changeable while it is in use.
pub(crate) struct FakeStore {
    pub(crate) directory: RwLock<Arc<Directory>>,
    pub(crate) freshness: RwLock<Freshness>,
    /// Users that only a look-up finds.
    pub(crate) unseen: Mutex<Vec<User>>,
    pub(crate) refreshes: AtomicU32,
}

impl FakeStore {
    pub(crate) fn change(&self, change: impl FnOnce(&mut Directory)) {
        let mut directory = self.directory.write().unwrap();
        change(Arc::make_mut(&mut directory));
    }
}

/// A store with the administrator `root`, the plain users `ada` and `zoe`, and `off`, who is disabled.
pub(crate) fn fake_store() -> (Arc<FakeStore>, Arc<MockIdentityStore>) {
    let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
    directory.put_group(Group::new("everyone".into(), "everyone"));
    for id in ["root", "ada", "zoe", "off"] {
        directory.put_user(User::new(id.into(), id));
    }
    let mut off = User::new("off".into(), "off");
    off.enabled = false;
    directory.put_user(off);
    directory.put_role(Role::new(RoleKey::administrator("primehub")));
    directory.grant(&Subject::User("root".into()), &RoleKey::administrator("primehub"));
    let fake = Arc::new(FakeStore {
        directory: RwLock::new(Arc::new(directory)),
        freshness: RwLock::new(Freshness::Live),
        unseen: Mutex::default(),
        refreshes: AtomicU32::new(0),
    });
    let mut store = MockIdentityStore::new();
    let shown = fake.clone();
    store.expect_directory().returning(move || shown.directory.read().unwrap().clone());
    let shown = fake.clone();
    store.expect_freshness().returning(move || shown.freshness.read().unwrap().clone());
    store.expect_capabilities().returning(Capabilities::keycloak);
    let shown = fake.clone();
    store.expect_refresh().returning(move |_| {
        shown.refreshes.fetch_add(1, Ordering::SeqCst);
        if !matches!(*shown.freshness.read().unwrap(), Freshness::Live | Freshness::Delayed { .. }) {
            return Err(IdentityError::Unavailable { cause: "switched off".into() });
        }
        for user in std::mem::take(&mut *shown.unseen.lock().unwrap()) {
            shown.change(|directory| directory.put_user(user));
        }
        Ok(Revision(0))
    });
    (fake, Arc::new(store))
}

/// An authenticator with everything around it.
pub(crate) struct Scene {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) issuer: Arc<FakeIssuer>,
    pub(crate) store: Arc<FakeStore>,
    pub(crate) identity: Arc<MockIdentityStore>,
    pub(crate) authenticator: Authenticator,
}

pub(crate) fn scene() -> Scene {
    scene_with(false)
}

pub(crate) fn scene_with(basic: bool) -> Scene {
    let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
    let issuer = FakeIssuer::new(clock.clone());
    let (fake, store) = fake_store();
    let authenticator = Authenticator::new(AuthenticatorSettings {
        store: store.clone(),
        issuer: issuer.clone(),
        policy: TokenPolicy::new(ISSUER, CLIENT),
        shared_secret: Some("open-sesame".into()),
        basic,
        stale_max: Duration::from_mins(10),
        clock: clock.clone(),
        metrics: AuthenticationMetrics::register(&mut Registry::default()),
    });
    Scene { clock, issuer, store: fake, identity: store, authenticator }
}

/// Headers with one `Authorization`.
pub(crate) fn authorization(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
}

impl Scene {
    /// Role and name of who calls, or why nobody does.
    pub(crate) async fn who(&self, value: &str) -> String {
        match self.authenticator.authenticate(&authorization(value), Client::Unknown).await {
            Ok(Authenticated { caller, .. }) => {
                let name = caller.person().map_or("", |person| &person.user().username);
                format!("{} {name}", caller.role()).trim_end().to_owned()
            }
            Err(error) => error.to_string(),
        }
    }

    pub(crate) async fn bearer(&self, token: &str) -> String {
        self.who(&format!("Bearer {token}")).await
    }
}
