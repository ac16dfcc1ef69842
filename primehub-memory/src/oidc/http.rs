//! The provider over HTTP, at the paths of a Keycloak realm.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::extract::{
    ConnectInfo, DefaultBodyLimit, Extension, FromRequest as _, FromRequestParts, Path, Request, State,
};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use secrecy::SecretString;

use super::authorization::Parameters;
use super::body;
use super::browser::{self, Visitor};
use super::client::{self, Client};
use super::cors;
use super::error::{BearerError, TokenError, not_stored, refused};
use super::form::Form;
use super::provider::{Inner, OpenIdProvider, TokenAnswer};

/// The longest form body that is read, in bytes. Tokens are a few kilobytes.
const LONGEST_BODY: usize = 64 * 1024;

impl OpenIdProvider {
    /// The provider's routes, all below `/realms/`, to be merged into a server's own or served alone.
    ///
    /// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, or with that address of the client as an extension of the
    /// request: failed logins are counted by it, sessions and tokens of clients' own accounts tell it. Pages of the clients'
    /// [web origins](super::Client::web_origins) may call what clients call, without cookies; nobody else's pages may read those for people.
    pub fn router(&self) -> Router {
        let not_found = || async { refused(StatusCode::NOT_FOUND, "HTTP 404 Not Found") };
        let for_clients = Router::new()
            .route("/realms/{realm}", get(realm_page))
            .route("/realms/{realm}/.well-known/openid-configuration", get(discovery))
            .route("/realms/{realm}/protocol/openid-connect/certs", get(keys))
            .route("/realms/{realm}/protocol/openid-connect/token", post(token))
            .route("/realms/{realm}/protocol/openid-connect/token/introspect", post(introspect))
            .route("/realms/{realm}/protocol/openid-connect/userinfo", get(user_info).post(user_info))
            .route("/realms/{realm}/protocol/openid-connect/revoke", post(revoke))
            .route("/realms/{realm}/protocol/openid-connect/logout", get(browser::log_out).post(log_out))
            .route(
                "/realms/{realm}/{*rest}",
                get(not_found).post(not_found).put(not_found).patch(not_found).delete(not_found),
            )
            .method_not_allowed_fallback(not_allowed)
            .layer(DefaultBodyLimit::max(LONGEST_BODY))
            .layer(middleware::from_fn_with_state(self.clone(), cors::surround));
        let for_people = browser::routes().method_not_allowed_fallback(not_allowed);
        for_clients.merge(for_people).layer(middleware::from_fn(body::in_time)).with_state(self.clone())
    }
}

async fn not_allowed() -> Response {
    refused(StatusCode::METHOD_NOT_ALLOWED, "HTTP 405 Method Not Allowed")
}

/// The request is for this provider's realm.
struct OwnRealm;

impl FromRequestParts<OpenIdProvider> for OwnRealm {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, provider: &OpenIdProvider) -> Result<Self, Response> {
        match Path::<String>::from_request_parts(parts, provider).await {
            Ok(Path(realm)) if realm == provider.0.realm => Ok(Self),
            _ => Err(refused(StatusCode::NOT_FOUND, "Realm does not exist")),
        }
    }
}

type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

async fn realm_page(State(provider): State<OpenIdProvider>, _: OwnRealm) -> Response {
    Json(provider.0.realm_page()).into_response()
}

async fn discovery(State(provider): State<OpenIdProvider>, _: OwnRealm) -> Response {
    match provider.0.discovery() {
        Ok(document) => Json(document).into_response(),
        // The base URL was checked at the start; a realm's name can still spoil it.
        Err(error) => {
            tracing::error!(%error, "the discovery document cannot be made");
            refused(StatusCode::INTERNAL_SERVER_ERROR, "unknown_error")
        }
    }
}

async fn keys(State(provider): State<OpenIdProvider>, _: OwnRealm) -> Response {
    ([(header::CACHE_CONTROL, "no-cache")], Json(provider.0.keys.published().await)).into_response()
}

async fn token(
    State(provider): State<OpenIdProvider>,
    _: OwnRealm,
    peer: Peer,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, TokenError> {
    let answer = provider.0.grant(&headers, &form, peer).await?;
    Ok(not_stored(Json(answer)))
}

impl Inner {
    async fn grant(&self, headers: &HeaderMap, form: &Form, peer: Peer) -> Result<TokenAnswer, TokenError> {
        let grant = form.get("grant_type").ok_or(TokenError::MissingFormParameter("grant_type"))?;
        if !["authorization_code", "password", "client_credentials", "refresh_token"].contains(&grant) {
            return Err(TokenError::UnsupportedGrantType);
        }
        let client = self.client(headers, form)?;
        let scope = form.get("scope");
        let from = peer.map(|Extension(ConnectInfo(address))| address.ip());
        match grant {
            "authorization_code" => {
                let code = form.get("code").ok_or(TokenError::MissingParameter("code"))?;
                self.code_grant(client, code, form.get("redirect_uri"), form.get("code_verifier")).await
            }
            "password" => {
                let username = form.get("username").ok_or(TokenError::MissingParameter("username"))?;
                let password = SecretString::from(form.get("password").ok_or(TokenError::InvalidCredentials)?);
                self.password_grant(client, username, &password, scope, from).await
            }
            "client_credentials" => self.client_credentials_grant(client, scope, from),
            _ => self.refresh_grant(client, form.get("refresh_token").ok_or(TokenError::NoRefreshToken)?, scope),
        }
    }

    async fn log_out_of_client(&self, headers: &HeaderMap, form: &Form) -> Result<Response, TokenError> {
        let client = self.client(headers, form)?;
        self.log_out(client, form.get("refresh_token").ok_or(TokenError::NoRefreshToken)?).await?;
        Ok(not_stored(StatusCode::NO_CONTENT))
    }

    fn client(&self, headers: &HeaderMap, form: &Form) -> Result<&Client, TokenError> {
        client::authenticate(&self.clients, headers, &form.0)
    }
}

async fn introspect(
    State(provider): State<OpenIdProvider>,
    _: OwnRealm,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, TokenError> {
    if provider.0.client(&headers, &form)?.secret.is_none() {
        return Err(TokenError::PublicClient);
    }
    let token = form.get("token").ok_or(TokenError::NoToken)?;
    Ok(not_stored(Json(provider.0.introspection(token, form.get("token_type_hint")))))
}

async fn revoke(
    State(provider): State<OpenIdProvider>,
    _: OwnRealm,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, TokenError> {
    let client = provider.0.client(&headers, &form)?;
    provider.0.revoke(client, form.get("token").ok_or(TokenError::NoToken)?).await?;
    Ok(not_stored(StatusCode::OK))
}

/// Both ways to log out: a client shows a refresh token, or a browser brings a client's request as a form.
async fn log_out(State(provider): State<OpenIdProvider>, _: OwnRealm, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let of = |body: Body| Request::from_parts(parts.clone(), body);
    let body = match Bytes::from_request(of(body), &()).await {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return TokenError::BodyTooLong.into_response();
        }
        Err(_) => return TokenError::UnreadableBody.into_response(),
    };
    let fields = Parameters::parse(&body);
    let of_client = parts.headers.contains_key(header::AUTHORIZATION)
        || ["refresh_token", "client_secret"].iter().any(|name| fields.get(name).is_some());
    if of_client {
        let form = Form::from_request(of(Body::from(body)), &()).await;
        let outcome =
            async { provider.0.log_out_of_client(&parts.headers, &form?).await.map_err(TokenError::into_response) };
        return outcome.await.unwrap_or_else(|refusal| refusal);
    }
    match Visitor::from_request(of(Body::from(body)), &provider).await {
        Ok(visitor) => browser::log_out(visitor).await,
        Err(refusal) => refusal,
    }
}

/// The access token stands in the header, or in the form of a `POST` (RFC 6750 §2.2).
async fn user_info(
    State(provider): State<OpenIdProvider>,
    _: OwnRealm,
    headers: HeaderMap,
    form: Result<Form, Response>,
) -> Response {
    let in_header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
    });
    let token = in_header.or_else(|| form.as_ref().ok()?.get("access_token"));
    let info = token.ok_or(BearerError::Missing).and_then(|token| provider.0.user_info(token));
    match info {
        Ok(info) => not_stored(Json(info)),
        Err(error) => error.response(&provider.0.realm),
    }
}
