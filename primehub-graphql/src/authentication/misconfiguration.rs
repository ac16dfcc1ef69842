//! Tokens that were genuine and yet refused: somebody has configured the wrong address or client, and operators should learn it.

use std::num::NonZeroU32;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use primehub_core::clock::Clock;
use primehub_core::identity::token::{AccessClaims, TokenPolicy, TokenRejection};

use crate::ticks::Ticks;

type Allowance = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>;

/// Warns of each kind of misconfiguration at most once a minute: every request may carry such a token.
pub(super) struct Misconfigurations {
    issuers: String,
    clients: String,
    of_issuer: Allowance,
    of_client: Allowance,
    of_subject: Allowance,
}

impl Misconfigurations {
    pub(super) fn new(policy: &TokenPolicy, clock: &Arc<dyn Clock>) -> Self {
        let once_a_minute =
            || RateLimiter::direct_with_clock(Quota::per_minute(NonZeroU32::MIN), Ticks::new(clock.clone()));
        Self {
            issuers: policy.issuers.join(", "),
            clients: policy.clients.join(", "),
            of_issuer: once_a_minute(),
            of_client: once_a_minute(),
            of_subject: once_a_minute(),
        }
    }

    /// Warns if `token` was refused for what it says in a genuine signature. What it says is shown in part, the token never.
    pub(super) fn tell(&self, rejection: &TokenRejection, token: &str) {
        let allowance = match rejection {
            TokenRejection::WrongIssuer => &self.of_issuer,
            TokenRejection::WrongClient => &self.of_client,
            TokenRejection::NoSubject => &self.of_subject,
            _ => return,
        };
        let Some(claims) = claims(token).filter(|_| allowance.check().is_ok()) else { return };
        let issuer = shortened(&claims.issuer);
        let client = claims.authorized_party.as_deref().map_or("none", shortened);
        match rejection {
            TokenRejection::WrongIssuer => tracing::warn!(
                expected = self.issuers,
                found = issuer,
                client,
                "tokens are refused: they name another issuer; the public address of the identity provider is configured otherwise here and there"
            ),
            TokenRejection::WrongClient => tracing::warn!(
                expected = self.clients,
                found = client,
                "tokens are refused: they are for another client; have that client name this one as an audience, or log in with this one"
            ),
            _ => tracing::warn!(
                client,
                "tokens are refused: they name no account; have the client's tokens carry the claim sub (scope basic)"
            ),
        }
    }
}

/// What a token says whose signature is known to be genuine.
fn claims(token: &str) -> Option<AccessClaims> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Longer than any address or name that would be a help.
const LONGEST: usize = 200;

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::authentication::testing::scene;
    use crate::http::captured_log::CapturedLog;

    #[rstest]
    #[case::issuer("iss", json!("http://inside:8080/realms/primehub"), &["expected=\"https://id.example/realms/primehub\"", "found=\"http://inside:8080/realms/primehub\""])]
    #[case::client("azp", json!("account"), &["expected=\"admin-ui\"", "found=\"account\""])]
    #[case::no_client("azp", json!(null), &["expected=\"admin-ui\"", "found=\"none\""])]
    #[case::subject("sub", json!(null), &["client=\"admin-ui\"", "claim sub"])]
    #[case::long("azp", json!("x".repeat(1_000)), &["found=\"xxx"])]
    #[tokio::test]
    async fn operators_are_warned_once_a_minute(#[case] claim: &str, #[case] value: Value, #[case] told: &[&str]) {
        let scene = scene();
        let mut claims = scene.issuer.claims("ada", false);
        claims[claim] = value;
        let token = scene.issuer.sign(&claims);
        let log = CapturedLog::start();
        for _ in 0..3 {
            scene.bearer(&token).await;
        }
        scene.clock.advance(Duration::from_secs(59));
        scene.bearer(&token).await;
        let log = log.end();
        let warnings: Vec<_> = log.lines().filter(|line| line.contains(" WARN ")).collect();
        let [warning] = warnings[..] else { panic!("{log}") };
        for part in told {
            assert!(warning.contains(part), "{part}: {warning}");
        }
        assert!(warning.len() < 700 && !log.contains(&token), "{warning}");
        let again = CapturedLog::start();
        scene.clock.advance(Duration::from_secs(1));
        scene.bearer(&token).await;
        assert!(again.end().contains(" WARN "), "a minute is over");
    }

    #[tokio::test]
    async fn one_kind_does_not_hide_another_and_everyday_refusals_are_no_warnings() {
        let scene = scene();
        let log = CapturedLog::start();
        for (claim, value) in [("iss", json!("x")), ("azp", json!("x")), ("sub", json!(null)), ("exp", json!(1))] {
            let mut claims = scene.issuer.claims("ada", false);
            claims[claim] = value;
            scene.bearer(&scene.issuer.sign(&claims)).await;
        }
        assert_eq!(log.end().matches(" WARN ").count(), 3);
    }
}
