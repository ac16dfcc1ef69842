use primehub_core::identity::token::{CodeExchangeError, CodeGrant, LoginProvider as _};
use rstest::rstest;
use secrecy::ExposeSecret;
use wiremock::matchers::{body_string, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::transport::tests::server::nobody;
use crate::transport::tests::{LONG, keycloak, settings};
use crate::{Keycloak, KeycloakTokens};

const TOKEN: &str = "/realms/primehub/protocol/openid-connect/token";

fn grant() -> CodeGrant {
    CodeGrant::new("a-code".into(), "https://primehub/callback?x=1", "a-verifier".into())
}

fn tokens(server: &MockServer) -> KeycloakTokens {
    KeycloakTokens::new(&keycloak(&server.uri().parse().unwrap(), LONG))
}

#[test]
fn people_are_sent_to_the_address_that_browsers_reach() {
    let mut settings = settings(&"http://keycloak:8080".parse().unwrap(), LONG);
    settings.public_base = "https://id.example.com/auth/".parse().unwrap();
    let tokens = KeycloakTokens::new(&Keycloak::new(settings).unwrap());
    let expected = "https://id.example.com/auth/realms/primehub/protocol/openid-connect/auth";
    assert_eq!((tokens.authorization_endpoint().as_str(), tokens.client_id().as_str()), (expected, "admin-ui"));
    assert_eq!(tokens.issuer().as_deref(), Some("https://id.example.com/auth/realms/primehub"));
}

#[rstest]
#[case::offline(serde_json::json!({"access_token": "a", "refresh_token": "r"}), Some("r"), None)]
#[case::openid(serde_json::json!({"access_token": "a", "refresh_token": "r", "id_token": "i"}), Some("r"), Some("i"))]
#[case::bare(serde_json::json!({"access_token": "a"}), None, None)]
#[tokio::test]
async fn a_code_is_exchanged_in_one_call(
    #[case] answer: serde_json::Value,
    #[case] refresh: Option<&str>,
    #[case] id: Option<&str>,
) {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(TOKEN))
        .and(body_string(
            "grant_type=authorization_code&code=a-code&redirect_uri=https%3A%2F%2Fprimehub%2Fcallback%3Fx%3D1\
             &code_verifier=a-verifier&client_id=admin-ui&client_secret=the-client-secret",
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .expect(1)
        .mount(&server)
        .await;
    let issued = tokens(&server).exchange_code(&grant()).await.unwrap();
    assert_eq!(issued.access_token.expose_secret(), "a");
    assert_eq!(issued.refresh_token.as_ref().map(ExposeSecret::expose_secret), refresh);
    assert_eq!(issued.id_token.as_ref().map(ExposeSecret::expose_secret), id);
}

#[rstest]
#[case::code(400, r#"{"error":"invalid_grant","error_description":"Code not valid"}"#, Some("invalid_grant"))]
#[case::verifier(
    400,
    r#"{"error":"invalid_grant","error_description":"PKCE code verifier not specified"}"#,
    Some("invalid_grant")
)]
#[case::offline(
    400,
    r#"{"error":"not_allowed","error_description":"Offline tokens not allowed for the user or client"}"#,
    Some("not_allowed")
)]
#[case::secret(
    401,
    r#"{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}"#,
    Some("unauthorized_client")
)]
#[case::client(401, r#"{"error":"invalid_client"}"#, Some("invalid_client"))]
#[case::realm(404, r#"{"error":"Realm does not exist"}"#, None)]
#[case::page(400, "<html>", None)]
#[case::failure(500, r#"{"error":"unknown_error"}"#, None)]
#[case::starting(503, "Bootstrap in progress. Retry in 1 seconds.", None)]
#[case::unreadable(200, "{}", None)]
#[tokio::test]
async fn a_refusal_is_told_in_the_terms_of_oauth(#[case] status: u16, #[case] body: &str, #[case] code: Option<&str>) {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(path(TOKEN)).respond_with(answer).expect(1).mount(&server).await;
    let told = match tokens(&server).exchange_code(&grant()).await.unwrap_err() {
        CodeExchangeError::Refused { error, description } => {
            assert!(description.is_none_or(|description| body.contains(&description)));
            Some(error)
        }
        _ => None,
    };
    assert_eq!(told.as_deref(), code);
}

#[tokio::test]
async fn without_an_answer_the_code_may_still_be_good() {
    let tokens = KeycloakTokens::new(&keycloak(&nobody(), LONG));
    let error = tokens.exchange_code(&grant()).await.unwrap_err();
    assert!(matches!(error, CodeExchangeError::Unavailable { .. }), "{error}");
}
