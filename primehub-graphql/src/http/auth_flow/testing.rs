//! A provider, a browser and a command line for tests.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Method, Request};
use primehub_core::clock::ManualClock;
use primehub_core::identity::token::{CodeExchangeError, CodeGrant, IssuedTokens, LoginProvider, TokenPolicy};
use secrecy::ExposeSecret as _;
use tower::ServiceExt as _;
use url::{Url, form_urlencoded};

use crate::authentication::testing::{CLIENT, ISSUER, scene};
use crate::{PlatformConfig, Server, Site};

pub(super) const SITE: &str = "https://hub.example";
pub(super) const GRAPHQL: &str = "https://hub.example/api/graphql";
pub(super) const API_TOKEN: &str = "api-token-of-ada";

/// Gives codes and takes them back, as an OpenID provider does.
#[derive(Default)]
pub(super) struct FakeProvider {
    /// Challenge and redirect URI by code.
    codes: Mutex<HashMap<String, (String, String)>>,
    pub(super) away: AtomicBool,
    pub(super) without_api_tokens: AtomicBool,
    pub(super) verifiers: Mutex<Vec<String>>,
}

#[async_trait]
impl LoginProvider for FakeProvider {
    fn authorization_endpoint(&self) -> String {
        "https://id.example/auth".into()
    }

    fn client_id(&self) -> String {
        CLIENT.into()
    }

    fn issuer(&self) -> Option<String> {
        Some(ISSUER.into())
    }

    async fn exchange_code(&self, grant: &CodeGrant) -> Result<IssuedTokens, CodeExchangeError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(CodeExchangeError::Unavailable { cause: "switched off".into() });
        }
        let verifier = grant.verifier.expose_secret();
        self.verifiers.lock().unwrap().push(verifier.to_owned());
        let asked = self.codes.lock().unwrap().remove(grant.code.expose_secret());
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        if asked != Some((challenge, grant.redirect_uri.clone())) {
            let (error, description) = ("invalid_grant".into(), Some("Code not valid".into()));
            return Err(CodeExchangeError::Refused { error, description });
        }
        let mut tokens = IssuedTokens::new("access-token-of-ada".into());
        tokens.refresh_token = (!self.without_api_tokens.load(Ordering::SeqCst)).then(|| API_TOKEN.into());
        Ok(tokens)
    }
}

impl FakeProvider {
    /// What the browser of somebody who logs in at `location` is sent back with.
    pub(super) fn log_in(&self, location: &Url) -> String {
        let asked: HashMap<_, _> = location.query_pairs().into_owned().collect();
        let code = format!("code-{}.of+ada", self.codes.lock().unwrap().len());
        let value = (asked["code_challenge"].clone(), asked["redirect_uri"].clone());
        self.codes.lock().unwrap().insert(code.clone(), value);
        form_urlencoded::Serializer::new(String::new())
            .append_pair("state", &asked["state"])
            .append_pair("session_state", "a-session")
            .append_pair("iss", ISSUER)
            .append_pair("code", &code)
            .finish()
    }
}

/// A server with everything around it.
pub(super) struct World {
    pub(super) clock: Arc<ManualClock>,
    pub(super) provider: Arc<FakeProvider>,
    pub(super) server: Server,
}

/// What is answered.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// A login that has begun.
pub(super) struct Begun {
    pub(super) location: Url,
    pub(super) cookie: String,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with_site(|site| site)
    }

    pub(super) fn with_site(configure: impl FnOnce(Site) -> Site) -> Self {
        let scene = scene();
        let provider = Arc::new(FakeProvider::default());
        let site = Site::new(SITE, GRAPHQL).unwrap();
        let site = site.log_in_with(provider.clone(), "a secret of the tests".into()).unwrap();
        let server = Server::builder(
            scene.identity.clone(),
            scene.issuer.clone(),
            PlatformConfig::new(CLIENT),
            TokenPolicy::new(ISSUER, CLIENT),
        )
        .clock(scene.clock.clone())
        .prefix("/api")
        .site(configure(site))
        .build();
        Self { clock: scene.clock.clone(), provider, server }
    }

    pub(super) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
        let (parts, body) = self.server.router().oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(super) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(Method::GET, path, headers, String::new()).await
    }

    /// Opens `…/request` in a browser.
    pub(super) async fn begin(&self, prefix: &str) -> Begun {
        let reply = self.get(&format!("{prefix}/oidc/auth-flow/request"), &[]).await;
        assert_eq!(reply.status, 302);
        let cookie = reply.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        Begun { location: reply.headers[LOCATION].to_str().unwrap().parse().unwrap(), cookie }
    }

    /// Comes back to `…/callback`.
    pub(super) async fn come_back(&self, prefix: &str, query: &str, cookie: Option<&str>) -> Reply {
        let headers: Vec<_> = cookie.map(|cookie| (COOKIE.as_str(), cookie)).into_iter().collect();
        self.get(&format!("{prefix}/oidc/auth-flow/callback?{query}"), &headers).await
    }

    /// The code that somebody copies who has begun at `prefix` and logged in.
    pub(super) async fn code(&self, prefix: &str) -> String {
        let begun = self.begin(prefix).await;
        let query = self.provider.log_in(&begun.location);
        let reply = self.come_back(prefix, &query, Some(&begun.cookie)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let code = shown_code(&reply.body);
        assert_eq!(STANDARD.decode(&code).unwrap(), query.as_bytes(), "the query as it came");
        code
    }

    /// Hands a code in as the SDK does.
    pub(super) async fn hand_in(&self, prefix: &str, code: &str) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("code", code).finish();
        let headers = [(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")];
        self.send(Method::POST, &format!("{prefix}/oidc/auth-flow/exchange"), &headers, body).await
    }
}

/// The code on the page.
pub(super) fn shown_code(page: &str) -> String {
    let field = page.split_once("<textarea").unwrap().1.split_once('>').unwrap().1;
    field.split_once("</textarea>").unwrap().0.to_owned()
}
