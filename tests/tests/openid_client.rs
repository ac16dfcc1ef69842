//! The `openidconnect` crate as a client: it checks by itself what it is told about the provider, the person and the tokens.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use openidconnect::core::{
    CoreClient, CoreErrorResponseType, CoreIdTokenClaims, CoreResponseType, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    RequestTokenError, Scope, TokenResponse as _,
};
use primehub_core::clock::{Clock as _, ManualClock};
use primehub_memory::oidc::{ClaimMapper, ClaimSource, Client, KeyUse, TokenKinds};
use primehub_tests::{Browser, Page, Platform};
use secrecy::ExposeSecret as _;

const CLIENT_ID: &str = "portal";
const CALLBACK: &str = "https://portal.example.com/callback";
const GOODBYE: &str = "https://portal.example.com/goodbye";
const ME: &str = "{ me { username } }";

type Portal =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// An application that people log in to, and its HTTP client.
struct Application {
    portal: Portal,
    metadata: ProviderMetadataWithLogout,
    http: reqwest::Client,
    clock: std::sync::Arc<ManualClock>,
}

/// A login that has begun.
struct Login {
    url: String,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

async fn platform() -> Platform {
    Platform::start_with(|options| {
        let mut client = Client::confidential(CLIENT_ID, Platform::CLIENT_SECRET.into());
        client.redirect_uris = vec![CALLBACK.to_owned()];
        client.post_logout_redirect_uris = vec![GOODBYE.to_owned()];
        client.pkce_required = true;
        // So that PrimeHub takes the tokens.
        let audience = ClaimSource::Audience(Platform::CLIENT_ID.to_owned());
        client.mappers.push(ClaimMapper::new(audience, TokenKinds::new(true, false, false)));
        options.clients.push(client);
    })
    .await
}

async fn exchange(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let response = http.execute(request.try_into()?).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut answer = HttpResponse::new(response.bytes().await?.to_vec());
    (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
    Ok(answer)
}

impl Application {
    async fn start(platform: &Platform) -> Self {
        let http = platform.client.clone();
        let issuer = IssuerUrl::new(platform.provider.issuer().to_owned()).unwrap();
        let metadata = ProviderMetadataWithLogout::discover_async(issuer, &|request| exchange(http.clone(), request))
            .await
            .unwrap();
        let secret = ClientSecret::new(Platform::CLIENT_SECRET.to_owned());
        let portal =
            CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(CLIENT_ID.to_owned()), Some(secret))
                .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap());
        Self { portal, metadata, http, clock: platform.clock.clone() }
    }

    fn begin(&self) -> Login {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (url, state, nonce) = self
            .portal
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Login { url: url.into(), state, nonce, verifier }
    }

    /// Takes what the browser came back with: the tokens, and what the ID token says.
    async fn finish(&self, login: Login, back: &Page) -> (CoreTokenResponse, CoreIdTokenClaims) {
        assert!(back.location().unwrap().as_str().starts_with(CALLBACK), "{:?}", back.location());
        assert_eq!(back.returned("state").as_ref(), Some(login.state.secret()));
        assert_eq!(back.returned("iss").as_deref(), Some(self.metadata.issuer().as_str()));
        let code = AuthorizationCode::new(back.returned("code").unwrap());
        let request = self.portal.exchange_code(code).unwrap().set_pkce_verifier(login.verifier);
        let tokens = request.request_async(&|request| exchange(self.http.clone(), request)).await.unwrap();
        let claims = self.claims(&tokens, &login.nonce);
        (tokens, claims)
    }

    /// What the ID token says: signature, issuer, audience, expiry, nonce and the hash of the access token are checked.
    fn claims(&self, tokens: &CoreTokenResponse, nonce: &Nonce) -> CoreIdTokenClaims {
        let now = SystemTime::from(self.clock.now());
        let verifier = self.portal.id_token_verifier().set_time_fn(move || now.into());
        let id_token = tokens.id_token().unwrap();
        let claims = id_token.claims(&verifier, nonce).unwrap().clone();
        let (algorithm, key) = (id_token.signing_alg().unwrap(), id_token.signing_key(&verifier).unwrap());
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).unwrap();
        assert_eq!(claims.access_token_hash(), Some(&hash));
        claims
    }

    async fn refresh(&self, tokens: &CoreTokenResponse) -> Result<CoreTokenResponse, CoreErrorResponseType> {
        let request = self.portal.exchange_refresh_token(tokens.refresh_token().unwrap()).unwrap();
        match request.request_async(&|request| exchange(self.http.clone(), request)).await {
            Ok(tokens) => Ok(tokens),
            Err(RequestTokenError::ServerResponse(refusal)) => Err(refusal.error().clone()),
            Err(error) => panic!("{error}: {:?}", error.source()),
        }
    }

    async fn user_info(&self, tokens: &CoreTokenResponse, claims: &CoreIdTokenClaims) -> CoreUserInfoClaims {
        let subject = Some(claims.subject().clone());
        let request = self.portal.user_info(tokens.access_token().clone(), subject).unwrap();
        request.request_async(&|request| exchange(self.http.clone(), request)).await.unwrap()
    }
}

/// Opens the login page and logs somebody in there.
async fn log_in(platform: &Platform, browser: &mut Browser, login: &Login, username: &str) -> Page {
    let page = browser.visit(&login.url).await;
    let password = platform.person(username).password.expose_secret();
    let page = browser.send(&page, &page.form("password"), &[("username", username), ("password", password)]).await;
    browser.follow(page).await
}

#[tokio::test]
async fn a_person_logs_in_and_out_at_an_application() {
    let platform = platform().await;
    let application = Application::start(&platform).await;
    let mut browser = Browser::new();

    let login = application.begin();
    let back = log_in(&platform, &mut browser, &login, "grace").await;
    let (tokens, claims) = application.finish(login, &back).await;
    let grace = platform.user("grace");
    assert_eq!(claims.subject().as_str(), grace.id.as_str());
    assert_eq!(claims.preferred_username().unwrap().as_str(), "grace");

    assert_eq!(platform.query_with(tokens.access_token().secret(), ME).await.data()["me"]["username"], "grace");
    let told = application.user_info(&tokens, &claims).await;
    assert_eq!(told.preferred_username().unwrap().as_str(), "grace");

    platform.clock.advance(Duration::from_mins(20));
    let expired = platform.query_with(tokens.access_token().secret(), ME).await;
    assert_eq!(expired.status, 401, "{}", expired.text);
    let newer = application.refresh(&tokens).await.unwrap();
    assert_eq!(platform.query_with(newer.access_token().secret(), ME).await.data()["me"]["username"], "grace");

    let goodbye = LogoutRequest::from(application.metadata.additional_metadata().end_session_endpoint.clone().unwrap())
        .set_id_token_hint(newer.id_token().unwrap())
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(GOODBYE.to_owned()).unwrap())
        .set_state(CsrfToken::new("see you".to_owned()));
    let left = browser.visit(goodbye.http_get_url().as_str()).await;
    assert!(left.location().unwrap().as_str().starts_with(GOODBYE), "{:?}: {}", left.location(), left.text);
    assert_eq!(left.returned("state").as_deref(), Some("see you"));
    assert_eq!(application.refresh(&newer).await.unwrap_err(), CoreErrorResponseType::InvalidGrant);
    let page = browser.visit(&application.begin().url).await;
    assert!(page.form("password").has("username"), "somebody has to log in again");
}

#[tokio::test]
async fn who_is_logged_in_comes_back_from_the_second_application_at_once() {
    let platform = platform().await;
    let application = Application::start(&platform).await;
    let mut browser = Browser::new();
    let first = application.begin();
    let back = log_in(&platform, &mut browser, &first, "ada").await;
    let (_, first) = application.finish(first, &back).await;

    platform.clock.advance(Duration::from_mins(5));
    let second = application.begin();
    let back = browser.visit(&second.url).await;
    let (_, second) = application.finish(second, &back).await;
    assert_eq!((first.subject(), first.auth_time()), (second.subject(), second.auth_time()));
    assert!(first.auth_time().is_some() && first.issue_time() < second.issue_time());
}

#[tokio::test]
async fn a_new_key_signs_what_an_application_still_believes() {
    let platform = platform().await;
    let application = Application::start(&platform).await;
    let mut browser = Browser::new();
    let login = application.begin();
    let nonce = login.nonce.clone();
    let back = log_in(&platform, &mut browser, &login, "ada").await;
    let (before, _) = application.finish(login, &back).await;
    platform.provider.rotate_keys(KeyUse::AccessTokens).await.unwrap();

    let after = application.refresh(&before).await.unwrap();
    for tokens in [&before, &after] {
        assert_eq!(platform.query_with(tokens.access_token().secret(), ME).await.data()["me"]["username"], "ada");
    }
    // This client has the keys from when it started; a new one has both.
    let restarted = Application::start(&platform).await;
    restarted.claims(&before, &nonce);
    let keys = restarted.metadata.jwks().keys();
    assert!(keys.len() > application.metadata.jwks().keys().len(), "{keys:?}");
    let signed_by = |tokens: &CoreTokenResponse| {
        let verifier = restarted.portal.id_token_verifier();
        tokens.id_token().unwrap().signing_key(&verifier).unwrap().clone()
    };
    assert_ne!(signed_by(&before), signed_by(&after));
}
