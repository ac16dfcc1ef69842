//! The token endpoint: what each grant answers, and every way to say no.

use axum::body::Body;
use http::{Request, header};
use primehub_core::identity::{Actor, IdentityStore as _, NewPassword, NewUser};
use rstest::rstest;
use serde_json::Value;

use super::{ADMIN_UI, OTHER, TOKEN, World, parts};

fn keys(body: &Value) -> Vec<&str> {
    body.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn the_password_grant_answers_like_keycloak() {
    let world = World::new().await;
    let answer = world.log_in("Alice", "wonder", "openid").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut expected = vec![
        "access_token",
        "expires_in",
        "refresh_expires_in",
        "refresh_token",
        "token_type",
        "id_token",
        "not-before-policy",
        "session_state",
        "scope",
    ];
    expected.sort_unstable();
    let mut found = keys(&answer.body);
    found.sort_unstable();
    assert_eq!(found, expected);
    let body = &answer.body;
    assert_eq!((&body["expires_in"], &body["refresh_expires_in"]), (&300.into(), &1800.into()));
    assert_eq!((&body["token_type"], &body["not-before-policy"]), (&"Bearer".into(), &0.into()));
    assert_eq!(body["scope"], "openid email profile");
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(body["session_state"], parts(&answer.text("access_token")).1["sid"]);
}

#[rstest]
#[case::e_mail("alice@example.com", "wonder", "openid", 200)]
#[case::e_mail_in_capitals("ALICE@EXAMPLE.COM", "wonder", "", 200)]
#[case::unknown_scope("alice", "wonder", "nonsense", 400)]
#[tokio::test]
async fn names_and_scopes(#[case] username: &str, #[case] password: &str, #[case] scope: &str, #[case] status: u16) {
    let answer = World::new().await.log_in(username, password, scope).await;
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.body.get("id_token").is_some(), scope == "openid");
}

#[tokio::test]
async fn client_credentials_get_no_refresh_token_and_no_session() {
    let world = World::new().await;
    for scope in ["", "offline_access"] {
        let answer = world.post(TOKEN, &[ADMIN_UI, &[("grant_type", "client_credentials"), ("scope", scope)]]).await;
        let mut found = keys(&answer.body);
        found.sort_unstable();
        assert_eq!(
            found,
            ["access_token", "expires_in", "not-before-policy", "refresh_expires_in", "scope", "token_type"]
        );
        assert_eq!((&answer.body["refresh_expires_in"], &answer.body["scope"]), (&0.into(), &"email profile".into()));
    }
}

const PASSWORD: &[(&str, &str)] = &[("grant_type", "password"), ("username", "alice"), ("password", "wonder")];
const CREDENTIALS: &str = "Invalid user credentials";
const CLIENT: &str = "Invalid client or Invalid client credentials";

#[rstest]
#[case::wrong_password(&[ADMIN_UI, &[("grant_type", "password"), ("username", "alice"), ("password", "x")]], (400, "invalid_grant", CREDENTIALS))]
#[case::unknown_user(&[ADMIN_UI, &[("grant_type", "password"), ("username", "nobody"), ("password", "x")]], (400, "invalid_grant", CREDENTIALS))]
#[case::user_without_password(&[ADMIN_UI, &[("grant_type", "password"), ("username", "bare"), ("password", "x")]], (400, "invalid_grant", CREDENTIALS))]
#[case::no_password(&[ADMIN_UI, &[("grant_type", "password"), ("username", "alice")]], (400, "invalid_grant", CREDENTIALS))]
#[case::service_account(&[ADMIN_UI, &[("grant_type", "password"), ("username", "service-account-admin-ui"), ("password", "x")]], (400, "invalid_grant", CREDENTIALS))]
#[case::no_username(&[ADMIN_UI, &[("grant_type", "password"), ("password", "x")]], (400, "invalid_request", "Missing parameter: username"))]
#[case::temporary_password(&[ADMIN_UI, &[("grant_type", "password"), ("username", "fresh"), ("password", "first")]], (400, "invalid_grant", "Account is not fully set up"))]
#[case::wrong_secret(&[&[("client_id", "admin-ui"), ("client_secret", "x")], PASSWORD], (401, "unauthorized_client", CLIENT))]
#[case::no_secret(&[&[("client_id", "admin-ui")], PASSWORD], (401, "unauthorized_client", CLIENT))]
#[case::unknown_client(&[&[("client_id", "nobody"), ("client_secret", "x")], PASSWORD], (401, "invalid_client", CLIENT))]
#[case::no_client(&[PASSWORD], (401, "invalid_client", CLIENT))]
#[case::unknown_grant(&[ADMIN_UI, &[("grant_type", "magic")]], (400, "unsupported_grant_type", "Unsupported grant_type"))]
#[case::no_grant(&[ADMIN_UI], (400, "invalid_request", "Missing form parameter: grant_type"))]
#[case::empty_grant(&[ADMIN_UI, &[("grant_type", "")]], (400, "invalid_request", "Missing form parameter: grant_type"))]
#[case::parameter_twice(&[ADMIN_UI, PASSWORD, &[("username", "root")]], (400, "invalid_request", "duplicated parameter"))]
#[case::no_refresh_token(&[ADMIN_UI, &[("grant_type", "refresh_token")]], (400, "invalid_request", "No refresh token"))]
#[case::malformed_refresh_token(&[ADMIN_UI, &[("grant_type", "refresh_token"), ("refresh_token", "x.y.z")]], (400, "invalid_grant", "Invalid refresh token"))]
#[case::no_direct_access(&[OTHER, PASSWORD], (400, "unauthorized_client", "Client not allowed for direct access grants"))]
#[case::no_service_account(&[OTHER, &[("grant_type", "client_credentials")]], (401, "unauthorized_client", "Client not enabled to retrieve service account"))]
#[tokio::test]
async fn refusals(#[case] fields: &[&[(&str, &str)]], #[case] expected: (u16, &str, &str)) {
    let world = World::new().await;
    let by = Actor::service();
    world.store.create_user(&by, NewUser::new("bare".parse().unwrap())).await.unwrap();
    let fresh = world.store.create_user(&by, NewUser::new("fresh".parse().unwrap())).await.unwrap().value;
    let temporary = NewPassword::temporary("first".into());
    world.store.set_password(&by, &fresh.id, temporary).await.unwrap();

    let answer = world.post(TOKEN, fields).await;
    assert_eq!(answer.error(), expected);
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(world.store.api_token_counts(std::slice::from_ref(&world.alice)).await.unwrap()[&world.alice], 0);
}

#[rstest]
#[case::right_password("wonder", (400, "invalid_grant", "Account disabled"))]
#[case::wrong_password_tells_nothing("x", (400, "invalid_grant", "Invalid user credentials"))]
#[tokio::test]
async fn a_disabled_user_cannot_log_in(#[case] password: &str, #[case] expected: (u16, &str, &str)) {
    let world = World::new().await;
    world.enable_alice(false).await;
    assert_eq!(world.log_in("alice", password, "").await.error(), expected);
}

#[tokio::test]
async fn a_refresh_token_works_until_its_session_ends() {
    let world = World::new().await;
    let first = world.log_in("alice", "wonder", "openid").await.text("refresh_token");
    world.advance(29 * 60);
    let answer = world.refresh(&first).await;
    assert_eq!((answer.status.as_u16(), &answer.body["refresh_expires_in"]), (200, &1800.into()));
    assert!(answer.body.get("id_token").is_some());
    let second = answer.text("refresh_token");
    assert_ne!(first, second);
    assert_eq!(world.refresh(&first).await.status, 200, "an older one of the same session goes on working");

    world.advance(60);
    assert_eq!(world.refresh(&first).await.error(), (400, "invalid_grant", "Token is not active"));
    assert_eq!(world.refresh(&second).await.status, 200, "which is younger");

    let third = world.log_in("alice", "wonder", "").await.text("refresh_token");
    world.enable_alice(false).await;
    assert_eq!(world.refresh(&third).await.error(), (400, "invalid_grant", "User disabled"));
    world.enable_alice(true).await;
    world.delete_alice().await;
    assert_eq!(world.refresh(&third).await.error(), (400, "invalid_grant", "Session not active"));
}

#[tokio::test]
async fn the_last_tokens_of_a_session_end_with_it() {
    let world = World::new().await;
    let mut token = world.log_in("alice", "wonder", "").await.text("refresh_token");
    for _ in 0..23 {
        world.advance(26 * 60);
        token = world.refresh(&token).await.text("refresh_token");
    }
    let answer = world.refresh(&token).await;
    assert_eq!((&answer.body["refresh_expires_in"], &answer.body["expires_in"]), (&120.into(), &120.into()));
}

#[tokio::test]
async fn a_refresh_can_ask_for_less_but_not_for_more() {
    let world = World::new().await;
    let token = world.log_in("alice", "wonder", "openid").await.text("refresh_token");
    let ask = |scope| [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("scope", scope)];
    let more = world.post(TOKEN, &[ADMIN_UI, &ask("openid offline_access")]).await;
    assert_eq!(more.error(), (400, "invalid_scope", "Invalid scopes: openid offline_access"));
    let less = world.post(TOKEN, &[ADMIN_UI, &ask("profile")]).await;
    assert_eq!((less.body.get("id_token"), &less.body["scope"]), (None, &"email profile".into()));
    let again = world.refresh(&less.text("refresh_token")).await;
    assert_eq!(again.body["scope"], "openid email profile", "the grant itself has not shrunk");
}

#[tokio::test]
async fn access_and_id_tokens_are_no_refresh_tokens() {
    let world = World::new().await;
    let answer = world.log_in("alice", "wonder", "openid").await;
    for kind in ["access_token", "id_token"] {
        assert_eq!(
            world.refresh(&answer.text(kind)).await.error(),
            (400, "invalid_grant", "Invalid refresh token"),
            "{kind}"
        );
    }
    let forged = super::forged(&answer.text("refresh_token"));
    assert_eq!(world.refresh(&forged).await.error(), (400, "invalid_grant", "Invalid refresh token"));
}

#[rstest]
#[case::json("application/json", 415)]
#[case::none("", 415)]
#[case::with_charset("application/x-www-form-urlencoded; charset=utf-8", 200)]
#[tokio::test]
async fn bodies_are_forms(#[case] content_type: &str, #[case] status: u16) {
    let world = World::new().await;
    let body = "grant_type=client_credentials&client_id=admin-ui&client_secret=s3cret";
    let request = Request::post(TOKEN).header(header::CONTENT_TYPE, content_type).body(Body::from(body)).unwrap();
    assert_eq!(world.send(request).await.status, status);
}

#[tokio::test]
async fn a_flood_of_logins_is_turned_away() {
    use primehub_core::identity::token::{TokenIssuer as _, TokenIssuerError};
    let world = World::new().await;
    let waiting = world.provider.0.logins.try_acquire_many(64).unwrap();
    let answer = world.log_in("alice", "wonder", "").await;
    assert_eq!((answer.status.as_u16(), answer.error().1), (503, "temporarily_unavailable"));
    let refused = world.provider.log_in("alice", &"wonder".into()).await;
    assert!(matches!(refused, Err(TokenIssuerError::Unavailable { .. })), "this says nothing about the password");
    drop(waiting);
    assert_eq!(world.log_in("alice", "wonder", "").await.status, 200);
}
