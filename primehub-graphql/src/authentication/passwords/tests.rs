use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use jiff::Timestamp;
use primehub_core::clock::ManualClock;
use primehub_core::identity::token::{MockTokenIssuer, TokenPolicy, VerificationKeys};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt as _;

use super::*;
use crate::authentication::testing::{CLIENT, ISSUER, scene};
use crate::{PlatformConfig, Server};

struct World {
    clock: Arc<ManualClock>,
    passwords: Passwords,
}

/// Every password is right; `issuer` is asked at most so often.
fn world(asked: usize) -> World {
    let mut issuer = MockTokenIssuer::new();
    issuer.expect_log_in().times(..=asked).returning(|_, _| Ok("token".into()));
    with(Arc::new(issuer))
}

fn with(issuer: Arc<dyn TokenIssuer>) -> World {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let shared: Arc<dyn Clock> = clock.clone();
    let metrics = AuthenticationMetrics::register(&mut Registry::default());
    World { clock, passwords: Passwords::new(issuer, &shared, metrics) }
}

fn from(number: u32) -> Client {
    Client::Address(Ipv4Addr::from_bits(number))
}

impl World {
    async fn log_in(&self, username: &str, client: Client) -> Result<(), AuthenticationError> {
        self.passwords.token(&STANDARD.encode(format!("{username}:p")), client).await.map(drop)
    }
}

#[tokio::test]
async fn one_client_has_a_pace_whatever_names_it_tries() {
    let world = world(62);
    for number in 0..60 {
        assert_eq!(world.log_in(&format!("user-{number}"), from(1)).await, Ok(()));
    }
    let refused = world.log_in("ada", from(1)).await;
    assert_eq!(refused, Err(AuthenticationError::TooFast { retry_after: 1 }));
    assert_eq!(world.log_in("ada", from(2)).await, Ok(()), "others are not concerned");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.log_in("ada", from(1)).await, Ok(()));
}

#[tokio::test]
async fn one_name_has_a_pace_wherever_it_is_tried() {
    let world = world(31);
    for number in 0..30 {
        let name = if number % 2 == 0 { "ada" } else { "ADA" };
        assert_eq!(world.log_in(name, from(number)).await, Ok(()));
    }
    let refused = world.log_in("ada", from(100)).await;
    assert_eq!(refused, Err(AuthenticationError::TooFast { retry_after: 2 }));
    assert_eq!(world.log_in("zoe", from(100)).await, Ok(()));
}

#[tokio::test]
async fn a_client_that_is_too_fast_leaves_a_name_its_pace() {
    let world = world(61);
    for number in 0..60 {
        world.log_in(&format!("user-{number}"), from(1)).await.unwrap();
    }
    for _ in 0..30 {
        world.log_in("ada", from(1)).await.unwrap_err();
    }
    assert_eq!(world.log_in("ada", from(2)).await, Ok(()));
}

/// Takes passwords and does not answer.
struct Silent(Notify, AtomicUsize);

#[async_trait]
impl TokenIssuer for Silent {
    async fn verification_keys<'a>(&'a self, _: Option<&'a str>) -> Result<Arc<VerificationKeys>, TokenIssuerError> {
        Err(TokenIssuerError::Unavailable { cause: "nobody asks".into() })
    }

    async fn exchange_api_token(&self, _: &SecretString) -> Result<SecretString, TokenIssuerError> {
        Err(TokenIssuerError::Unavailable { cause: "nobody asks".into() })
    }

    async fn log_in(&self, _: &str, _: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.notified().await;
        Ok("token".into())
    }
}

#[tokio::test(start_paused = true)]
async fn a_few_are_checked_at_once_and_the_others_do_not_wait_for_long() {
    let issuer = Arc::new(Silent(Notify::new(), 0.into()));
    let world = with(issuer.clone());
    let names: Vec<_> = (0..20).map(|number| format!("user-{number}")).collect();
    let all = futures::future::join_all(names.iter().map(|name| world.log_in(name, from(1))));
    let (answers, ()) = tokio::join!(all, async {
        // On paused time: the others have given up by then, and no call has yet.
        tokio::time::sleep(Duration::from_secs(2)).await;
        issuer.0.notify_waiters();
    });
    assert_eq!(issuer.1.load(Ordering::SeqCst), CONCURRENT);
    let too_fast = answers.iter().filter(|answer| **answer == Err(AuthenticationError::TooFast { retry_after: 1 }));
    assert_eq!((answers.iter().filter(|answer| answer.is_ok()).count(), too_fast.count()), (CONCURRENT, 16));
}

#[tokio::test]
async fn a_client_that_is_too_fast_is_told_when_to_come_back() {
    let scene = scene();
    let (config, policy) = (PlatformConfig::new(CLIENT), TokenPolicy::new(ISSUER, CLIENT));
    let server = Server::builder(scene.identity.clone(), scene.issuer.clone(), config, policy)
        .clock(scene.clock.clone())
        .password_login(true)
        .build();
    let ask = async |address: [u8; 4], user: &str| {
        let basic = format!("Basic {}", STANDARD.encode(format!("{user}:wrong")));
        let mut request =
            Request::get("/graphql?query=%7B__typename%7D").header(AUTHORIZATION, basic).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((address, 1))));
        server.router().oneshot(request).await.unwrap().into_parts()
    };
    for number in 0..60 {
        let (refused, _) = ask([10, 0, 0, 1], &format!("user-{number}")).await;
        assert_eq!(refused.status, 401);
    }
    let (refused, body) = ask([10, 0, 0, 1], "ada").await;
    assert_eq!((refused.status.as_u16(), refused.headers[RETRY_AFTER].to_str().unwrap()), (429, "1"));
    let body: Value = serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap();
    let error = &body["errors"][0];
    assert_eq!(error["extensions"]["code"], json!("API_UNAVAILABLE"));
    assert_eq!(error["message"], json!("Context creation failed: too many attempts; try again in 1 s"));
    assert_eq!(ask([10, 0, 0, 2], "ada").await.0.status, 401, "others are not concerned");
}
