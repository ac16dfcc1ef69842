use primehub_core::identity::token::{TokenIssuer as _, TokenIssuerError};
use rstest::rstest;
use secrecy::ExposeSecret as _;
use wiremock::matchers::{body_string_contains, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::transport::tests::server::{Reply, Server, nobody};
use crate::transport::tests::{LONG, SHORT, keycloak};
use crate::{IssuerProbeError, KeycloakTokens};

const TOKEN: &str = "/realms/primehub/protocol/openid-connect/token";
const CERTS: &str = "/realms/primehub/protocol/openid-connect/certs";

/// Whose fault it is.
#[derive(Debug, Eq, PartialEq)]
enum Blame {
    Token,
    Platform,
}

fn blame(error: &TokenIssuerError) -> Blame {
    match error {
        TokenIssuerError::Rejected { .. } => Blame::Token,
        _ => Blame::Platform,
    }
}

async fn answering(at: &str, answer: ResponseTemplate) -> (MockServer, KeycloakTokens) {
    let server = MockServer::start().await;
    Mock::given(path(at)).respond_with(answer).mount(&server).await;
    let keycloak = keycloak(&server.uri().parse().unwrap(), LONG);
    (server, KeycloakTokens::new(&keycloak))
}

#[rstest]
#[case::revoked(400, "invalid_grant", "Offline user session not found", Blame::Token)]
#[case::disabled(400, "invalid_grant", "User disabled", Blame::Token)]
#[case::garbage(400, "invalid_grant", "Invalid refresh token", Blame::Token)]
#[case::another_client(
    400,
    "invalid_grant",
    "Invalid refresh token. Token client and authorized client don't match",
    Blame::Token
)]
#[case::another_issuer(400, "invalid_grant", "Invalid token issuer. Expected 'http://k/realms/primehub'", Blame::Token)]
#[case::used_up(400, "invalid_grant", "Maximum allowed refresh token reuse exceeded", Blame::Token)]
#[case::ended(400, "invalid_grant", "Session not active", Blame::Token)]
#[case::password(400, "invalid_grant", "Invalid user credentials", Blame::Token)]
#[case::not_set_up(400, "invalid_grant", "Account is not fully set up", Blame::Token)]
#[case::no_offline_role(400, "not_allowed", "Offline tokens not allowed for the user or client", Blame::Token)]
#[case::secret(401, "unauthorized_client", "Invalid client or Invalid client credentials", Blame::Platform)]
#[case::client(401, "invalid_client", "Invalid client or Invalid client credentials", Blame::Platform)]
#[case::direct_grants_off(400, "unauthorized_client", "Client not allowed for direct access grants", Blame::Platform)]
#[case::grant_type(400, "unsupported_grant_type", "Unsupported grant_type", Blame::Platform)]
#[case::too_long(400, "invalid_request", "No refresh token", Blame::Token)]
#[case::much_too_long(413, "HTTP 413 Request Entity Too Large", "", Blame::Token)]
#[case::not_encrypted(403, "invalid_request", "HTTPS required", Blame::Platform)]
#[case::realm(404, "Realm does not exist", "", Blame::Platform)]
#[case::failure(500, "unknown_error", "For more on this error consult the server log.", Blame::Platform)]
#[case::flood(429, "slow", "down", Blame::Platform)]
#[case::starting(503, "any", "any", Blame::Platform)]
#[tokio::test]
async fn only_a_bad_token_is_a_bad_token(
    #[case] status: u16,
    #[case] error: &str,
    #[case] description: &str,
    #[case] expected: Blame,
) {
    let body = serde_json::json!({"error": error, "error_description": description});
    let (server, tokens) = answering(TOKEN, ResponseTemplate::new(status).set_body_json(body)).await;
    let exchanged = tokens.exchange_api_token(&"an-api-token".into()).await.unwrap_err();
    let logged_in = tokens.log_in("alice", &"a-password".into()).await.unwrap_err();
    for error in [exchanged, logged_in] {
        assert_eq!(blame(&error), expected, "{error}");
        assert!(error.to_string().contains(description), "{error}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 2, "each is asked once");
}

#[tokio::test]
async fn without_an_answer_nothing_is_said_about_the_token() {
    let silent = Server::always(Reply::Never).await;
    for base in [nobody(), silent.url.clone()] {
        let tokens = KeycloakTokens::new(&keycloak(&base, SHORT));
        let exchanged = tokens.exchange_api_token(&"an-api-token".into()).await.unwrap_err();
        assert_eq!(blame(&exchanged), Blame::Platform);
        assert_eq!(blame(&tokens.verification_keys(None).await.unwrap_err()), Blame::Platform);
    }
}

#[tokio::test]
async fn an_exchange_is_one_call_with_the_credentials_of_the_client() {
    let server = MockServer::start().await;
    let grant = serde_json::json!({"access_token": "opens-doors", "expires_in": 300, "refresh_token": "another"});
    for fields in [
        "grant_type=refresh_token&refresh_token=an-api%2Btoken&client_id=admin-ui&client_secret=the-client-secret",
        "grant_type=password&scope=openid&username=alice&password=a%26b&client_id=admin-ui&client_secret=the-client-secret",
    ] {
        Mock::given(method("POST"))
            .and(path(TOKEN))
            .and(body_string_contains(fields))
            .respond_with(ResponseTemplate::new(200).set_body_json(grant.clone()))
            .expect(1)
            .mount(&server)
            .await;
    }
    let tokens = KeycloakTokens::new(&keycloak(&server.uri().parse().unwrap(), LONG));
    let exchanged = tokens.exchange_api_token(&"an-api+token".into()).await.unwrap();
    let logged_in = tokens.log_in("alice", &"a&b".into()).await.unwrap();
    assert_eq!((exchanged.expose_secret(), logged_in.expose_secret()), ("opens-doors", "opens-doors"));
}

#[tokio::test]
async fn keys_are_read_anew_each_time() {
    let jwk = serde_json::json!({"kid": "sig-1", "kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB", "n": "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw"});
    let server = MockServer::start().await;
    for (keys, times) in [(serde_json::json!([]), 1), (serde_json::json!([jwk]), 9)] {
        let answer = ResponseTemplate::new(200).set_body_json(serde_json::json!({ "keys": keys }));
        Mock::given(path(CERTS)).respond_with(answer).up_to_n_times(times).mount(&server).await;
    }
    let tokens = KeycloakTokens::new(&keycloak(&server.uri().parse().unwrap(), LONG));
    assert!(!tokens.verification_keys(None).await.unwrap().contains("sig-1"));
    assert!(tokens.verification_keys(Some("sig-1")).await.unwrap().contains("sig-1"));
}

#[rstest]
#[case::a_page(ResponseTemplate::new(200).set_body_string("<html>"))]
#[case::no_keys(ResponseTemplate::new(200).set_body_string("{}"))]
#[case::no_text(ResponseTemplate::new(200).set_body_bytes(vec![0xff]))]
#[case::no_realm(ResponseTemplate::new(404).set_body_string(r#"{"error":"Realm does not exist"}"#))]
#[case::failure(ResponseTemplate::new(500))]
#[tokio::test]
async fn keys_that_cannot_be_had_are_no_empty_set_of_keys(#[case] answer: ResponseTemplate) {
    let (_server, tokens) = answering(CERTS, answer).await;
    assert_eq!(blame(&tokens.verification_keys(None).await.unwrap_err()), Blame::Platform);
}

#[rstest]
#[case::another_issuer(200, r#"{"issuer":"http://elsewhere/realms/primehub"}"#, "Different")]
#[case::no_realm(404, r#"{"error":"Realm does not exist"}"#, "NoRealm")]
#[case::a_page(200, "<html>", "NoRealm")]
#[case::a_page_that_is_missing(404, "<html>", "NoRealm")]
#[case::starting(503, "Bootstrap in progress. Retry in 1 seconds.", "Unavailable")]
#[case::failure(500, "", "Unavailable")]
#[tokio::test]
async fn a_probe_says_what_is_wrong(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
    let answer = ResponseTemplate::new(status).set_body_string(body);
    let (_server, tokens) = answering("/realms/primehub/.well-known/openid-configuration", answer).await;
    let error = tokens.probe().await.unwrap_err();
    let name = match error {
        IssuerProbeError::Different { .. } => "Different",
        IssuerProbeError::NoRealm { .. } => "NoRealm",
        IssuerProbeError::Unavailable { .. } => "Unavailable",
    };
    assert_eq!(name, expected, "{error}");
}

#[tokio::test]
async fn a_probe_is_content_with_the_issuer_of_the_settings() {
    let server = MockServer::start().await;
    let issuer = format!("{}/realms/primehub", server.uri());
    let answer = ResponseTemplate::new(200).set_body_json(serde_json::json!({ "issuer": issuer }));
    Mock::given(path("/realms/primehub/.well-known/openid-configuration")).respond_with(answer).mount(&server).await;
    KeycloakTokens::new(&keycloak(&server.uri().parse().unwrap(), LONG)).probe().await.unwrap();
}
