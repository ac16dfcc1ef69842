use rstest::rstest;

use super::server::{Reply, Server, nobody};
use super::{LONG, call, keycloak};
use crate::transport::{By, CallError, Class};

const OK: Reply = Reply::Answer(200, "", "[]");
const STARTING: Reply = Reply::Answer(503, "Retry-After: 0\r\n", "Bootstrap in progress. Retry in 1 seconds.");
const NO_USER: Reply = Reply::Answer(404, "", r#"{"error":"User not found"}"#);

/// What a call may come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    Ok,
    Unavailable,
    Unknown,
    Refused,
}

fn outcome<T>(result: &Result<T, CallError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Ok,
        Err(CallError::Unavailable { .. }) => Outcome::Unavailable,
        Err(CallError::Unknown { .. }) => Outcome::Unknown,
        Err(CallError::Refused(_) | CallError::Unreadable { .. }) => Outcome::Refused,
    }
}

#[rstest]
#[case::read_once(Class::Read, &[Reply::Reset, OK], Outcome::Ok, 2)]
#[case::page_once(Class::Page, &[Reply::Reset, OK], Outcome::Ok, 2)]
#[case::read_each_time(Class::Read, &[Reply::Reset], Outcome::Unavailable, 3)]
#[case::idempotent_once(Class::Idempotent, &[Reply::Reset, OK], Outcome::Ok, 2)]
#[case::idempotent_each_time(Class::Idempotent, &[Reply::Reset], Outcome::Unknown, 3)]
#[case::write(Class::Write, &[Reply::Reset, OK], Outcome::Unknown, 1)]
#[case::mail(Class::Mail, &[Reply::Reset, OK], Outcome::Unknown, 1)]
#[case::token(Class::Token, &[Reply::Reset, OK], Outcome::Unknown, 1)]
#[case::public(Class::Public, &[Reply::Reset, OK], Outcome::Ok, 2)]
#[case::read_with_half_a_body(Class::Read, &[Reply::BreakOff, OK], Outcome::Ok, 2)]
#[case::write_with_half_a_body(Class::Write, &[Reply::BreakOff, OK], Outcome::Unknown, 1)]
#[case::write_while_starting(Class::Write, &[STARTING, STARTING, OK], Outcome::Ok, 3)]
#[case::never_started(Class::Write, &[STARTING], Outcome::Unavailable, 3)]
#[case::token_while_starting(Class::Token, &[STARTING], Outcome::Unavailable, 1)]
#[case::cut_off_by_a_restart(Class::Idempotent, &[Reply::Reset, STARTING], Outcome::Unknown, 3)]
#[case::refused(Class::Idempotent, &[NO_USER], Outcome::Refused, 1)]
#[tokio::test]
async fn calls_are_repeated_where_that_is_safe(
    #[case] class: Class,
    #[case] script: &'static [Reply],
    #[case] expected: Outcome,
    #[case] requests: usize,
) {
    let server = Server::start(|number| script[number.min(script.len() - 1)]).await;
    let result = keycloak(&server.url, LONG).call(&call(class).by(By::Nobody)).await;
    assert_eq!((outcome(&result), server.count()), (expected, requests), "{result:?}");
}

#[rstest]
#[case::read(Class::Read, Outcome::Ok)]
#[case::idempotent(Class::Idempotent, Outcome::Ok)]
#[case::write(Class::Write, Outcome::Unknown)]
#[tokio::test]
async fn a_kept_connection_may_be_dead(#[case] class: Class, #[case] expected: Outcome) {
    let server = Server::start(|number| if number == 1 { Reply::Reset } else { OK }).await;
    let keycloak = keycloak(&server.url, LONG);
    keycloak.call(&call(Class::Read).by(By::Nobody)).await.unwrap();
    let result = keycloak.call(&call(class).by(By::Nobody)).await;
    assert_eq!(outcome(&result), expected, "{result:?}");
}

#[tokio::test]
async fn what_was_deleted_by_the_call_before_the_repeat_is_deleted() {
    let server = Server::start(|number| if number == 0 { Reply::Reset } else { NO_USER }).await;
    let mut call = call(Class::Idempotent).by(By::Nobody);
    call.method = http::Method::DELETE;
    let keycloak = keycloak(&server.url, LONG);
    keycloak.call(&call).await.unwrap();
    assert!(keycloak.call(&call).await.unwrap_err().is_absent());
}

#[rstest]
#[case::read(Class::Read, 2)]
#[case::write(Class::Write, 2)]
#[case::token(Class::Token, 0)]
#[tokio::test]
async fn where_nobody_listens_nothing_is_carried_out(#[case] class: Class, #[case] repeats: u64) {
    let keycloak = keycloak(&nobody(), LONG);
    let result = keycloak.call(&call(class).by(By::Nobody)).await;
    assert_eq!(outcome(&result), Outcome::Unavailable, "{result:?}");
    assert!(result.unwrap_err().to_string().to_lowercase().contains("connection refused"));
    assert_eq!(keycloak.metrics().repeats_of("test.call"), repeats);
}

#[rstest]
#[case::empty("")]
#[case::dot(".")]
#[case::dots("..")]
#[tokio::test]
async fn a_name_that_would_change_the_address_is_not_sent(#[case] name: &'static str) {
    let server = Server::always(OK).await;
    let mut call = call(Class::Idempotent).by(By::Nobody);
    call.path.push(name.into());
    assert!(keycloak(&server.url, LONG).call(&call).await.unwrap_err().is_absent());
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_proxy_is_used_except_for_the_hosts_that_are_named() {
    let (direct, proxy) = (Server::always(OK).await, Server::always(OK).await);
    let ask = async |base: &str, no_proxy: &str| {
        let mut settings = super::settings(&base.parse().unwrap(), LONG);
        settings.proxy = Some(proxy.url.clone());
        settings.no_proxy = no_proxy.into();
        crate::Keycloak::new(settings).unwrap().call(&call(Class::Read).by(By::Nobody)).await.unwrap();
        (direct.count(), proxy.count())
    };
    assert_eq!(ask("http://keycloak.example.com:8080/auth", "").await, (0, 1));
    assert_eq!(proxy.requests(), ["GET http://keycloak.example.com:8080/auth/admin/realms/primehub/users HTTP/1.1"]);
    assert_eq!(ask("http://keycloak.example.com", "ample.com, 10.0.0.0/8").await, (0, 2));
    assert_eq!(ask(direct.url.as_str(), ".example.com").await, (0, 3));
    assert_eq!(ask(direct.url.as_str(), ".example.com, 127.0.0.0/8").await, (1, 3));
    assert_eq!(ask(direct.url.as_str(), "127.0.0.1").await, (2, 3));
}
