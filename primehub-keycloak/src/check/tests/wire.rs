use secrecy::SecretString;
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::{CheckOptions, FindingState, check};
use crate::settings::KeycloakSettings;

fn settings(base: &str) -> KeycloakSettings {
    KeycloakSettings::new(base.parse().unwrap(), "primehub", "admin-ui", SecretString::from("hush-hush"))
}

#[tokio::test]
async fn a_port_without_a_listener_is_told_from_a_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let report = check(&settings(&base), &CheckOptions::default()).await;
    assert_eq!(report.findings.len(), 1, "{report}");
    assert!(report.findings[0].what.contains("nobody listens"), "{report}");
}

#[tokio::test]
async fn a_keycloak_that_is_starting_is_a_warning() {
    let server = MockServer::start().await;
    let starting = ResponseTemplate::new(503).set_body_string("Bootstrap in progress. Retry in 1 seconds.");
    Mock::given(method("GET")).respond_with(starting).mount(&server).await;
    let report = check(&settings(&server.uri()), &CheckOptions::default()).await;
    assert_eq!((report.errors(), report.warnings()), (0, 1), "{report}");
}

#[tokio::test]
async fn a_wrong_secret_is_said_and_not_shown() {
    let server = MockServer::start().await;
    let realm = "/realms/primehub";
    let answers = [
        (realm.to_owned(), json!({"realm": "primehub"})),
        (format!("{realm}/.well-known/openid-configuration"), json!({"issuer": format!("{}{realm}", server.uri())})),
        (format!("{realm}/protocol/openid-connect/certs"), json!({"keys": [{"use": "sig", "alg": "RS256"}]})),
    ];
    for (at, body) in answers {
        Mock::given(method("GET"))
            .and(path(at))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    let refused =
        json!({"error": "unauthorized_client", "error_description": "Invalid client or Invalid client credentials"});
    let refused = ResponseTemplate::new(401).set_body_json(refused);
    Mock::given(method("POST")).respond_with(refused).mount(&server).await;
    let report = check(&settings(&server.uri()), &CheckOptions::default()).await;
    let last = report.findings.last().unwrap();
    assert_eq!((&*last.subject, last.state), ("client", FindingState::Error), "{report}");
    assert!(last.what.contains("unauthorized_client"), "{report}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["findings"][0],
        json!({
            "subject": "address", "state": "ok", "what": format!("{}/ answers", server.uri()),
        })
    );
    assert!(!json.to_string().contains("hush-hush"));
}
