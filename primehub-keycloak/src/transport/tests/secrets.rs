use http::Method;
use rstest::rstest;
use serde_json::json;

use super::server::{Reply, Server};
use super::{LONG, call, keycloak, settings};
use crate::transport::{Answer, By, Call, CallError, Class, Kind};

const SECRET: &str = "hidden-away";

/// A response of the token endpoint that is not what it should be.
const ODD: &str = r#"{"access_token":"hidden-away","expires_in":"hidden-away"}"#;

#[derive(Debug, serde::Deserialize)]
#[expect(dead_code, reason = "it is never read")]
struct Expected {
    expires_in: u64,
}

#[test]
fn calls_do_not_show_what_they_carry() {
    let kind = Kind::new("user.reset-password", Class::Write, "manage-users");
    let token = SECRET.into();
    let calls = [
        Call::new(kind, Method::PUT, ["users"]).json(&json!({"type": "password", "value": SECRET})),
        Call::new(kind, Method::POST, ["token"]).form(vec![("client_secret", SECRET.into())]),
        Call::new(kind, Method::GET, ["users"]).by(By::Token(&token)),
    ];
    for call in calls {
        assert!(!format!("{call:?}").contains(SECRET), "{call:?}");
    }
}

#[rstest]
#[case::of_another_type(ODD)]
#[case::a_text(r#""hidden-away""#)]
#[case::no_json("hidden-away")]
#[case::another_number(r#"{"expires_in":"hidden-away"}"#)]
fn answers_do_not_show_what_they_carry(#[case] body: &'static str) {
    let answer = Answer::new(call(Class::Token).kind, None, body.into());
    let error = answer.json::<Expected>().unwrap_err();
    for text in [format!("{answer:?}"), format!("{error:?}"), error.to_string()] {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn an_unreadable_answer_still_says_what_is_wrong_with_it() {
    let text = |body: &'static str| {
        let answer = Answer::new(call(Class::Read).kind, None, body.into());
        answer.json::<Expected>().unwrap_err().to_string()
    };
    assert_eq!(text("{}"), "test.call: the answer cannot be read: missing field `expires_in`, at line 1, column 2");
    assert_eq!(text(ODD), "test.call: the answer cannot be read: invalid type, at line 1, column 56");
    assert_eq!(text("<html>"), "test.call: the answer cannot be read: not JSON, at line 1, column 1");
}

#[rstest]
#[case::read(Class::Read, false)]
#[case::write(Class::Write, true)]
#[case::idempotent(Class::Idempotent, true)]
fn an_unreadable_answer_to_a_change_leaves_open_what_has_become_of_it(#[case] class: Class, #[case] unknown: bool) {
    let answer = Answer::new(call(class).kind, None, "<html>".into());
    for error in [answer.json::<Expected>().unwrap_err(), answer.created_id().unwrap_err()] {
        assert_eq!(matches!(error, CallError::Unknown { .. }), unknown, "{error}");
    }
}

#[tokio::test]
async fn failed_calls_show_neither_tokens_nor_addresses() {
    for reply in [Reply::Reset, Reply::Answer(401, "", r#"{"error":"HTTP 401 Unauthorized"}"#)] {
        let server = Server::always(reply).await;
        let token = SECRET.into();
        let call = call(Class::Read).query("search", SECRET).by(By::Token(&token));
        let error = keycloak(&server.url, LONG).call(&call).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    }
}

#[test]
fn settings_and_the_errors_about_them_show_no_passwords() {
    let mut settings = settings(&"http://keycloak:8080".parse().unwrap(), LONG);
    settings.client_secret = SECRET.into();
    settings.proxy = Some(format!("http://proxy-user:{SECRET}@proxy:3128").parse().unwrap());
    let keycloak = crate::Keycloak::new(settings.clone()).unwrap();
    let text = format!("{settings:?} {keycloak:?} {:?}", crate::KeycloakTokens::new(&keycloak));
    assert!(!text.contains(SECRET), "{text}");
    settings.proxy = Some(format!("unknown://proxy-user:{SECRET}@proxy").parse().unwrap());
    let error = crate::Keycloak::new(settings).unwrap_err();
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
}
