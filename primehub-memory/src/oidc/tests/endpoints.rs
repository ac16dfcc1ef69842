//! Everything beside the token endpoint, and what no endpoint may do: panic.

use axum::body::Body;
use http::{Request, header};
use primehub_core::identity::token::VerificationKeys;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::{ADMIN_UI, BASE, CERTS, INTROSPECT, OTHER, REVOKE, TOKEN, USER_INFO, World, forged};
use crate::oidc::{Client, DiscoveryDocument, KeyUse};

impl World {
    async fn revoke(&self, token: &str) {
        assert_eq!(self.post(REVOKE, &[ADMIN_UI, &[("token", token)]]).await.status, 200);
    }
}

#[tokio::test]
async fn discovery_names_what_is_served() {
    let world = World::new().await;
    let answer = world.get("/realms/primehub/.well-known/openid-configuration", None).await;
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "authorization_endpoint": "http://127.0.0.1:8180/realms/primehub/protocol/openid-connect/auth",
      "authorization_response_iss_parameter_supported": true,
      "claim_types_supported": [
        "normal"
      ],
      "claims_parameter_supported": false,
      "claims_supported": [
        "aud",
        "sub",
        "iss",
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "email",
        "email_verified",
        "groups",
        "acr",
        "auth_time",
        "nonce"
      ],
      "code_challenge_methods_supported": [
        "S256"
      ],
      "end_session_endpoint": "http://127.0.0.1:8180/realms/primehub/protocol/openid-connect/logout",
      "grant_types_supported": [
        "authorization_code",
        "password",
        "client_credentials",
        "refresh_token"
      ],
      "id_token_signing_alg_values_supported": [
        "RS256"
      ],
      "introspection_endpoint": "http://127.0.0.1:8180/realms/primehub/protocol/openid-connect/token/introspect",
      "issuer": "http://127.0.0.1:8180/realms/primehub",
      "jwks_uri": "http://127.0.0.1:8180/realms/primehub/protocol/openid-connect/certs",
      "prompt_values_supported": [
        "none",
        "login",
        "consent",
        "select_account"
      ],
      "request_parameter_supported": false,
      "request_uri_parameter_supported": false,
      "response_modes_supported": [
        "query",
        "fragment"
      ],
      "response_types_supported": [
        "code"
      ],
      "revocation_endpoint": "http://127.0.0.1:8180/realms/primehub/protocol/openid-connect/revoke",
      "scopes_supported": [
        "openid",
        "email",
        "profile",
        "offline_access",
        "roles",
        "basic",
        "acr",
        "web-origins"
      ],
      "subject_types_supported": [
        "public"
      ],
      "token_endpoint": "http://127.0.0.1:8180/realms/primehub/protocol/openid-connect/token",
      "token_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "ui_locales_supported": [
        "en",
        "de"
      ],
      "userinfo_endpoint": "http://127.0.0.1:8180/realms/primehub/protocol/openid-connect/userinfo"
    }
    "#);
    let document: DiscoveryDocument = serde_json::from_value(answer.body.clone()).unwrap();
    assert_eq!(document.issuer().as_str(), world.provider.issuer());
    for (key, value) in answer.body.as_object().unwrap() {
        let Some(path) = value.as_str().and_then(|url| url.strip_prefix(BASE)) else { continue };
        let served = world.get(path, None).await.status;
        assert!(key == "issuer" || served != 404, "{key}: {path} {served}");
    }
}

#[tokio::test]
async fn the_realm_page_and_the_key_set() {
    let world = World::new().await;
    let page = world.get("/realms/primehub", None).await;
    assert_eq!((page.status.as_u16(), &page.body["realm"]), (200, &"primehub".into()));
    assert_eq!(page.body["token-service"], format!("{BASE}/realms/primehub/protocol/openid-connect"));
    assert!(page.text("public_key").starts_with("MIIB"));
    let keys = world.get(CERTS, None).await;
    assert_eq!(keys.header(header::CACHE_CONTROL), "no-cache");
    let published = keys.body["keys"].as_array().unwrap();
    let described: Vec<_> = published.iter().map(|key| json!([key["alg"], key["kty"], key["use"], key["e"]])).collect();
    assert_eq!(json!(described), json!([["RS256", "RSA", "sig", "AQAB"], ["RSA-OAEP", "RSA", "enc", "AQAB"]]));
    for key in published {
        let mut fields: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["alg", "e", "kid", "kty", "n", "use"]);
    }
    for part in ["kid", "n"] {
        assert_ne!(published[0][part], published[1][part]);
    }
    let id = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    let checking = VerificationKeys::from_jwks(&keys.body.to_string()).unwrap();
    assert!(checking.contains(&id(&published[0])) && !checking.contains(&id(&published[1])));
}

#[tokio::test]
async fn the_key_for_encryption_stays() {
    let world = World::new().await;
    let last = async || world.get(CERTS, None).await.body["keys"].as_array().unwrap().last().unwrap().clone();
    let first = last().await;
    assert_eq!(first["use"], "enc");
    world.provider.rotate_keys(KeyUse::AccessTokens).await.unwrap();
    world.provider.retire_keys(KeyUse::AccessTokens, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(last().await, first);
}

#[rstest]
#[case::unknown_realm("GET", "/realms/nowhere", 404, "Realm does not exist")]
#[case::keys_of_an_unknown_realm("GET", "/realms/nowhere/protocol/openid-connect/certs", 404, "Realm does not exist")]
#[case::token_of_an_unknown_realm("POST", "/realms/nowhere/protocol/openid-connect/token", 404, "Realm does not exist")]
#[case::unknown_path("GET", "/realms/primehub/protocol/saml", 404, "HTTP 404 Not Found")]
#[case::wrong_method("GET", TOKEN, 405, "HTTP 405 Method Not Allowed")]
#[case::no_form("POST", TOKEN, 415, "The content-type header value did not match the value in @Consumes")]
#[case::wrong_method_of_a_page(
    "GET",
    "/realms/primehub/login-actions/authenticate",
    405,
    "HTTP 405 Method Not Allowed"
)]
#[case::unknown_resource("GET", "/realms/primehub/resources/0/login.css", 404, "HTTP 404 Not Found")]
#[tokio::test]
async fn other_requests(#[case] method: &str, #[case] path: &str, #[case] status: u16, #[case] error: &str) {
    let world = World::new().await;
    let answer = world.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.error().1), (status, error));
}

#[tokio::test]
async fn a_body_of_megabytes_is_not_read() {
    let world = World::new().await;
    let long = "x".repeat(70_000);
    assert_eq!(world.post(TOKEN, &[ADMIN_UI, &[("grant_type", &long)]]).await.error().0, 413);
}

#[tokio::test]
async fn user_information_needs_openid() {
    let world = World::new().await;
    let token = world.log_in("alice", "wonder", "openid").await.text("access_token");
    let info = world.get(USER_INFO, Some(&token)).await;
    let expected = json!({
        "sub": world.alice.as_str(), "email_verified": false, "name": "Al Lee", "groups": ["/Vision_Lab", "/everyone"],
        "preferred_username": "alice", "given_name": "Al", "family_name": "Lee", "email": "alice@example.com",
    });
    assert_eq!((info.status.as_u16(), &info.body), (200, &expected));
    let by_form = world.post(USER_INFO, &[&[("access_token", &*token)]]).await;
    assert_eq!((by_form.status.as_u16(), by_form.body), (200, expected));
    let without = world.log_in("alice", "wonder", "").await.text("access_token");
    let refused = world.get(USER_INFO, Some(&without)).await;
    assert_eq!(refused.status, 403);
    assert!(refused.header(header::WWW_AUTHENTICATE).contains("error=\"insufficient_scope\""));
}

#[rstest]
#[case::none("none", "Bearer realm=\"primehub\"")]
#[case::garbage("garbage", "error=\"invalid_token\", error_description=\"Token verification failed\"")]
#[case::forged("forged", "error=\"invalid_token\", error_description=\"Token verification failed\"")]
#[case::expired("expired", "error=\"invalid_token\", error_description=\"Token verification failed\"")]
#[case::retired_key("retired", "error=\"invalid_token\", error_description=\"Token verification failed\"")]
#[case::revoked("revoked", "error=\"invalid_token\", error_description=\"Token verification failed\"")]
#[case::ended_session("ended", "error=\"invalid_token\", error_description=\"user_session_not_found\"")]
#[case::deleted_user("deleted", "error=\"invalid_token\", error_description=\"user_session_not_found\"")]
#[case::disabled_user("disabled", "error=\"invalid_token\", error_description=\"User disabled\"")]
#[tokio::test]
async fn tokens_that_open_nothing(#[case] kind: &str, #[case] challenge: &str) {
    let world = World::new().await;
    let login = world.log_in("alice", "wonder", "openid").await;
    let mut token = login.text("access_token");
    match kind {
        "garbage" => token = "x".to_owned(),
        "forged" => token = forged(&token),
        "expired" => world.advance(300),
        "retired" => {
            world.provider.rotate_keys(KeyUse::AccessTokens).await.unwrap();
            world.provider.retire_keys(KeyUse::AccessTokens, std::time::Duration::ZERO).await.unwrap();
        }
        "revoked" => world.revoke(&token).await,
        "ended" => world.revoke(&login.text("refresh_token")).await,
        "deleted" => world.delete_alice().await,
        "disabled" => world.enable_alice(false).await,
        _ => {}
    }
    let answer = world.get(USER_INFO, (kind != "none").then_some(&*token)).await;
    assert_eq!(answer.status, 401);
    let header = answer.header(header::WWW_AUTHENTICATE);
    assert!(header.ends_with(challenge), "{header}");
    let seen = world.post(INTROSPECT, &[ADMIN_UI, &[("token", &token)]]).await;
    assert_eq!((seen.status.as_u16(), seen.body["active"] == json!(true)), (200, kind == "none"));
}

#[tokio::test]
async fn introspection_of_live_tokens() {
    let world = World::new().await;
    let login = world.log_in("alice", "wonder", "openid offline_access").await;
    let (access, offline) = (login.text("access_token"), login.text("refresh_token"));
    let seen = world.post(INTROSPECT, &[ADMIN_UI, &[("token", &access)]]).await.body;
    let (_, claims) = super::parts(&access);
    for (claim, value) in claims.as_object().unwrap() {
        assert_eq!(&seen[claim], value, "{claim}");
    }
    let expected = json!([true, "alice", "admin-ui", "Bearer"]);
    assert_eq!(json!([seen["active"], seen["username"], seen["client_id"], seen["token_type"]]), expected);

    let inactive = json!({ "active": false });
    assert_eq!(world.post(INTROSPECT, &[ADMIN_UI, &[("token", &offline)]]).await.body, inactive);
    let hint = [("token", offline.as_str()), ("token_type_hint", "refresh_token")];
    let seen = world.post(INTROSPECT, &[ADMIN_UI, &hint]).await.body;
    assert_eq!((&seen["active"], &seen["typ"], &seen["username"]), (&true.into(), &"Offline".into(), &"alice".into()));
    world.enable_alice(false).await;
    assert_eq!(world.post(INTROSPECT, &[ADMIN_UI, &hint]).await.body, inactive);
}

#[rstest]
#[case::introspection(INTROSPECT)]
#[case::revocation(REVOKE)]
#[tokio::test]
async fn who_asks_must_be_a_client(#[case] path: &str) {
    let world = World::new().await;
    let error = "Invalid client or Invalid client credentials";
    let wrong = [("client_id", "admin-ui"), ("client_secret", "x"), ("token", "t")];
    assert_eq!(world.post(path, &[&wrong]).await.error(), (401, "unauthorized_client", error));
    assert_eq!(world.post(path, &[ADMIN_UI]).await.error(), (400, "invalid_request", "Token not provided"));
    let garbage = world.post(path, &[OTHER, &[("token", "garbage")]]).await;
    assert_eq!(garbage.status, 200);
    assert!([json!({ "active": false }), Value::Null].contains(&garbage.body));
}

#[tokio::test]
async fn an_access_token_is_revoked_by_its_client_only() {
    let world = World::new().await;
    let token = world.log_in("alice", "wonder", "openid").await.text("access_token");
    let error = (400, "invalid_client", "Unmatching clients");
    assert_eq!(world.post(REVOKE, &[OTHER, &[("token", &token)]]).await.error(), error);
    assert_eq!(world.get(USER_INFO, Some(&token)).await.status, 200);
}

#[test]
fn secrets_are_not_printed() {
    assert!(!format!("{:?}", Client::confidential("c", "s3cret".into())).contains("s3cret"));
}

fn field() -> impl Strategy<Value = (String, String)> {
    const NAMES: [&str; 16] = [
        "form",
        "redirect_uri",
        "response_type",
        "code",
        "code_verifier",
        "id_token_hint",
        "post_logout_redirect_uri",
        "grant_type",
        "client_id",
        "client_secret",
        "username",
        "password",
        "refresh_token",
        "scope",
        "token",
        "token_type_hint",
    ];
    const VALUES: [&str; 12] = [
        "authorization_code",
        "http://127.0.0.1:8080/console/",
        "password",
        "refresh_token",
        "client_credentials",
        "admin-ui",
        "s3cret",
        "alice",
        "wonder",
        "openid",
        "eyJhbGciOiJIUzUxMiJ9.e30.x",
        "",
    ];
    let value = prop_oneof![prop::sample::select(&VALUES[..]).prop_map(str::to_owned), ".{0,40}"];
    (prop::sample::select(&NAMES[..]).prop_map(str::to_owned), value)
}

/// Any bytes, and forms that get further.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let form = prop::collection::vec(field(), 0..8).prop_map(|fields| {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
    });
    prop_oneof![form, prop::collection::vec(any::<u8>(), 0..200)]
}

const PATHS: [&str; 11] = [
    TOKEN,
    INTROSPECT,
    REVOKE,
    super::LOGOUT,
    USER_INFO,
    super::browser::AUTH,
    "/realms/primehub/login-actions/authenticate",
    "/realms/primehub/login-actions/required-action",
    "/realms/primehub/protocol/openid-connect/logout/logout-confirm",
    "/realms/primehub/account/password",
    "/realms/primehub/account/tokens/revoke",
];

#[test]
fn no_body_makes_an_endpoint_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(body in body(), path in prop::sample::select(&PATHS[..]),
                        authorization in prop::option::of("(Basic|Bearer|basic) [ -~]{0,60}"))| {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = runtime.block_on(world.send(request.body(Body::from(body)).unwrap()));
        prop_assert!(answer.status.as_u16() < 500, "{} {}", answer.status, answer.body);
    });
}
