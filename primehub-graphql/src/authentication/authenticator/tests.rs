use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primehub_core::clock::Clock as _;
use primehub_core::identity::{Freshness, User};
use rstest::rstest;
use serde_json::json;

use super::super::testing::{Scene, scene, scene_with};
use super::*;

const INVALID: &str = "Invalid API Token";
const AWAY: &str = "the identity provider is not available";

fn go_stale(scene: &Scene) {
    scene.issuer.away.store(true, Ordering::SeqCst);
    let since = scene.clock.now();
    *scene.store.freshness.write().unwrap() = Freshness::Stale { since, cause: "switched off".into() };
}

#[tokio::test]
async fn access_tokens_name_people_and_administrators() {
    let scene = scene();
    assert_eq!(scene.bearer(&scene.issuer.access_token("ada", false)).await, "USER ada");
    assert_eq!(scene.bearer(&scene.issuer.access_token("root", true)).await, "ADMIN root");
    assert_eq!(scene.issuer.key_calls.load(Ordering::SeqCst), 1, "keys are kept");
}

#[tokio::test]
async fn an_administrator_needs_the_role_in_the_token_and_in_the_picture() {
    let scene = scene();
    assert_eq!(scene.bearer(&scene.issuer.access_token("root", false)).await, "USER root");
    assert_eq!(scene.bearer(&scene.issuer.access_token("ada", true)).await, "USER ada");
}

#[tokio::test]
async fn revocation_is_live() {
    let scene = scene();
    let token = scene.issuer.access_token("ada", false);
    assert_eq!(scene.bearer(&token).await, "USER ada");
    scene.store.change(|directory| {
        let mut user = User::new("ada".into(), "ada");
        user.enabled = false;
        directory.put_user(user);
    });
    assert_eq!(scene.bearer(&token).await, INVALID, "disabled");
    scene.store.change(|directory| {
        directory.remove_user(&"ada".into());
    });
    assert_eq!(scene.bearer(&token).await, INVALID, "deleted");
}

#[tokio::test]
async fn the_shared_secret_is_a_server() {
    let mut scene = scene();
    assert_eq!(scene.bearer("open-sesam").await, INVALID);
    assert_eq!(scene.bearer("open-sesame").await, "CLIENT");
    scene.authenticator.shared_secret = None;
    assert_eq!(scene.bearer("open-sesame").await, INVALID, "none configured, nobody is a server");
}

#[rstest]
#[case::expired("exp", json!(1_700_000_000))]
#[case::no_expiry("exp", json!(null))]
#[case::not_yet_valid("nbf", json!(1_900_000_000))]
#[case::another_issuer("iss", json!("https://elsewhere"))]
#[case::another_client("azp", json!("account"))]
#[case::id_token("typ", json!("ID"))]
#[case::no_type("typ", json!(null))]
#[case::no_subject("sub", json!(null))]
#[case::disabled("sub", json!("off"))]
#[case::unknown("sub", json!("nobody"))]
#[tokio::test]
async fn other_access_tokens_are_refused_without_an_exchange(#[case] claim: &str, #[case] value: serde_json::Value) {
    let scene = scene();
    let mut claims = scene.issuer.claims("ada", false);
    claims[claim] = value;
    assert_eq!(scene.bearer(&scene.issuer.sign(&claims)).await, INVALID);
    assert_eq!(scene.issuer.exchange_calls.load(Ordering::SeqCst), 0, "it cannot be an API token");
}

#[tokio::test]
async fn a_forged_signature_is_refused() {
    let scene = scene();
    let genuine = scene.issuer.access_token("ada", false);
    let (text, _) = genuine.rsplit_once('.').unwrap();
    let other = scene.issuer.access_token("root", true);
    let (_, signature) = other.rsplit_once('.').unwrap();
    assert_eq!(scene.bearer(&format!("{text}.{signature}")).await, INVALID);
}

/// Tokens of other kinds name keys that nobody publishes: each of them would make the issuer be asked in vain.
#[rstest]
#[case::offline("HS512", json!("Offline"))]
#[case::refresh("HS512", json!("Refresh"))]
#[case::symmetric("HS512", json!("Bearer"))]
#[case::symmetric_without_a_type("HS256", json!(null))]
#[case::offline_signed_otherwise("ES256", json!("Offline"))]
#[case::unsigned("none", json!("Bearer"))]
#[tokio::test]
async fn the_shape_of_a_token_decides_before_any_key_is_asked_for(#[case] alg: &str, #[case] typ: serde_json::Value) {
    let scene = scene();
    let mut claims = scene.issuer.claims("ada", false);
    claims["typ"] = typ;
    let header = json!({"alg": alg, "typ": "JWT", "kid": "of-no-published-key"});
    let token = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".") + ".c2lnbmF0dXJl";
    for _ in 0..3 {
        assert_eq!(scene.bearer(&token).await, INVALID);
    }
    assert_eq!(scene.issuer.key_calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_withdrawn_key_stops_counting() {
    let scene = scene();
    let token = scene.issuer.access_token("ada", false);
    assert_eq!(scene.bearer(&token).await, "USER ada");
    scene.issuer.rotate("key-2");
    scene.clock.advance(Duration::from_secs(299));
    assert_eq!(scene.bearer(&token).await, "USER ada");
    scene.clock.advance(Duration::from_secs(1));
    assert_eq!(scene.bearer(&token).await, INVALID);
}

#[tokio::test]
async fn api_tokens_are_exchanged_and_remembered_for_30_seconds() {
    let scene = scene();
    let calls = || scene.issuer.exchange_calls.load(Ordering::SeqCst);
    scene.issuer.give("offline-ada", "ada", false);
    for _ in 0..10 {
        assert_eq!(scene.bearer("offline-ada").await, "USER ada");
    }
    assert_eq!(calls(), 1);
    scene.clock.advance(Duration::from_secs(29));
    assert_eq!(scene.bearer("offline-ada").await, "USER ada");
    assert_eq!(calls(), 1);
    scene.clock.advance(Duration::from_secs(1));
    assert_eq!(scene.bearer("offline-ada").await, "USER ada");
    assert_eq!(calls(), 2);
}

#[tokio::test]
async fn a_refused_api_token_is_remembered_for_5_seconds() {
    let scene = scene();
    assert_eq!(scene.bearer("unknown").await, INVALID);
    scene.issuer.give("unknown", "ada", false);
    scene.clock.advance(Duration::from_secs(4));
    assert_eq!(scene.bearer("unknown").await, INVALID);
    scene.clock.advance(Duration::from_secs(1));
    assert_eq!(scene.bearer("unknown").await, "USER ada");
}

#[tokio::test]
async fn a_refusal_is_forgotten_with_the_tokens_of_anybody() {
    let scene = scene();
    let calls = || scene.issuer.exchange_calls.load(Ordering::SeqCst);
    assert_eq!(scene.bearer("offline-ada").await, INVALID);
    scene.issuer.give("offline-ada", "ada", false);
    assert_eq!(scene.bearer("offline-ada").await, INVALID);
    scene.authenticator.forget(&"ada".into());
    assert_eq!(scene.bearer("offline-ada").await, "USER ada");
    assert_eq!(calls(), 2);

    assert_eq!((scene.bearer("unknown").await, scene.bearer("unknown").await), (INVALID.into(), INVALID.into()));
    assert_eq!(calls(), 3, "the refusals that follow are remembered again");
}

#[tokio::test]
async fn simultaneous_uses_of_one_api_token_cost_one_exchange() {
    let scene = scene();
    scene.issuer.give("offline-ada", "ada", false);
    scene.issuer.gate.forget_permits(usize::MAX);
    let all = futures::future::join_all((0..64).map(|_| scene.bearer("offline-ada")));
    // All of them wait before the first exchange may go on.
    let (all, ()) = tokio::join!(all, async { scene.issuer.gate.add_permits(64) });
    assert!(all.iter().all(|outcome| outcome == "USER ada"));
    assert_eq!(scene.issuer.exchange_calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn revoked_api_tokens_are_forgotten_at_once_even_during_an_exchange() {
    let scene = scene();
    scene.issuer.give("offline-ada", "ada", false);
    assert_eq!(scene.bearer("offline-ada").await, "USER ada");
    scene.issuer.revoke("offline-ada");
    assert_eq!(scene.bearer("offline-ada").await, "USER ada", "nobody said so yet");
    scene.authenticator.forget(&"ada".into());
    assert_eq!(scene.bearer("offline-ada").await, INVALID);

    scene.issuer.give("other", "ada", false);
    scene.issuer.gate.forget_permits(usize::MAX);
    let early = scene.bearer("other");
    let revoke_and_use_again = async {
        scene.issuer.revoke("other");
        scene.authenticator.forget(&"ada".into());
        let again = scene.bearer("other");
        let (again, ()) = tokio::join!(again, async { scene.issuer.gate.add_permits(10) });
        again
    };
    let (early, late) = tokio::join!(early, revoke_and_use_again);
    assert_eq!(early, "USER ada", "it was good when it was asked for");
    assert_eq!(late, INVALID, "an exchange from before does not count");
}

#[tokio::test]
async fn while_the_issuer_is_away_known_tokens_go_on_and_others_wait() {
    let scene = scene();
    scene.issuer.give("offline-ada", "ada", false);
    scene.issuer.give("offline-zoe", "zoe", false);
    let access = scene.issuer.access_token("ada", false);
    assert_eq!(scene.bearer("offline-ada").await, "USER ada");
    go_stale(&scene);
    scene.clock.advance(Duration::from_secs(290));
    assert_eq!(scene.bearer(&access).await, "USER ada", "until it expires");
    assert_eq!(scene.bearer("offline-zoe").await, AWAY, "never seen before");
    scene.clock.advance(Duration::from_mins(1));
    assert_eq!(scene.bearer(&access).await, INVALID, "expired");
    assert_eq!(scene.bearer("offline-ada").await, "USER ada", "claims of the last good exchange");
    let found = scene
        .authenticator
        .authenticate(&super::super::testing::authorization("Bearer offline-ada"), Client::Unknown)
        .await;
    assert!(found.is_ok_and(|found| found.stale_since.is_some()));
    scene.clock.advance(Duration::from_secs(250));
    assert_eq!(scene.bearer("offline-ada").await, AWAY, "ten minutes are over");
    assert_eq!(scene.bearer("open-sesame").await, AWAY);

    scene.issuer.away.store(false, Ordering::SeqCst);
    *scene.store.freshness.write().unwrap() = Freshness::Live;
    assert_eq!(scene.bearer("offline-zoe").await, "USER zoe", "an outage is never remembered as a refusal");
}

#[tokio::test]
async fn keys_outlive_an_outage_and_unknown_ones_are_not_judged_during_it() {
    let scene = scene();
    let mut claims = scene.issuer.claims("ada", false);
    claims["exp"] = json!(scene.clock.now().as_second() + 3600);
    let token = scene.issuer.sign(&claims);
    assert_eq!(scene.bearer(&token).await, "USER ada");
    scene.issuer.away.store(true, Ordering::SeqCst);
    scene.clock.advance(Duration::from_mins(8));
    for _ in 0..10 {
        assert_eq!(scene.bearer(&token).await, "USER ada", "the keys had been published");
    }
    assert_eq!(scene.issuer.key_calls.load(Ordering::SeqCst), 2, "the issuer is left in peace");
    scene.issuer.rotate("key-2");
    claims["exp"] = json!(scene.clock.now().as_second() + 60);
    assert_eq!(scene.bearer(&scene.issuer.sign(&claims)).await, AWAY);
    scene.issuer.away.store(false, Ordering::SeqCst);
    scene.clock.advance(Duration::from_secs(2));
    assert_eq!(scene.bearer(&scene.issuer.sign(&claims)).await, "USER ada");
}

/// The issuer takes calls and answers none.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_does_not_answer_is_away() {
    let scene = scene();
    scene.issuer.give("offline-ada", "ada", false);
    assert_eq!(scene.bearer("offline-ada").await, "USER ada");
    scene.issuer.gate.forget_permits(usize::MAX);
    scene.issuer.key_gate.forget_permits(usize::MAX);
    scene.clock.advance(Duration::from_mins(6));
    let begun = tokio::time::Instant::now();
    assert_eq!(scene.bearer("offline-ada").await, "USER ada", "from the last good exchange");
    assert_eq!(scene.bearer("offline-zoe").await, AWAY);
    assert_eq!(scene.bearer(&scene.issuer.access_token("ada", false)).await, "USER ada", "the keys at hand count");
    scene.issuer.rotate("key-2");
    scene.clock.advance(Duration::from_secs(3));
    assert_eq!(scene.bearer(&scene.issuer.access_token("ada", false)).await, AWAY);
    assert!(begun.elapsed() < Duration::from_secs(13), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_leave_the_keys_to_be_asked_for_again() {
    let scene = scene();
    scene.issuer.key_gate.forget_permits(usize::MAX);
    let token = scene.issuer.access_token("ada", false);
    {
        let gone = scene.bearer(&token);
        tokio::pin!(gone);
        while scene.issuer.key_calls.load(Ordering::SeqCst) == 0 {
            assert!(futures::poll!(&mut gone).is_pending());
            tokio::task::yield_now().await;
        }
    }
    let (later, ()) = tokio::join!(scene.bearer(&token), async { scene.issuer.key_gate.add_permits(10) });
    assert_eq!((later.as_str(), scene.issuer.key_calls.load(Ordering::SeqCst)), ("USER ada", 1));
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_invented_tokens_leaves_the_known_ones_alone_and_waits_for_nothing() {
    let scene = scene();
    scene.issuer.give("offline-ada", "ada", false);
    assert_eq!(scene.bearer("offline-ada").await, "USER ada");
    scene.clock.advance(Duration::from_secs(31));
    scene.issuer.gate.forget_permits(usize::MAX);
    let invented: Vec<_> = (0..100).map(|number| format!("invented-{number}")).collect();
    let flood = futures::future::join_all(invented.iter().map(|token| scene.bearer(token)));
    tokio::pin!(flood);
    assert!(futures::poll!(&mut flood).is_pending());
    assert_eq!(scene.issuer.exchange_calls.load(Ordering::SeqCst), 1 + 32, "no more at once");
    let known = scene.bearer("offline-ada");
    tokio::pin!(known);
    assert!(futures::poll!(&mut known).is_pending());
    assert_eq!(scene.issuer.exchange_calls.load(Ordering::SeqCst), 1 + 32 + 1, "it has a turn of its own");
    let answers = flood.await;
    assert!(answers.iter().all(|answer| answer == AWAY), "{answers:?}");
}

#[tokio::test]
async fn without_a_picture_nobody_is_refused_or_let_in() {
    let scene = scene();
    *scene.store.freshness.write().unwrap() = Freshness::NotLoaded;
    assert_eq!(scene.bearer(&scene.issuer.access_token("ada", false)).await, AWAY);
    assert_eq!(scene.authenticator.readiness(), Err(AuthenticationError::Unavailable));
    assert_eq!(scene.who("Digest x").await, "request not authorized", "that needs no picture");
}

#[tokio::test]
async fn an_unknown_account_is_looked_up_once() {
    let scene = scene();
    scene.store.unseen.lock().unwrap().push(User::new("new".into(), "new"));
    assert_eq!(scene.bearer(&scene.issuer.access_token("new", false)).await, "USER new");
    assert_eq!(scene.store.refreshes.load(Ordering::SeqCst), 1);
    let gone = scene.issuer.access_token("gone", false);
    for _ in 0..20 {
        assert_eq!(scene.bearer(&gone).await, INVALID);
    }
    assert_eq!(scene.store.refreshes.load(Ordering::SeqCst), 2, "the answer is remembered");
    scene.clock.advance(Duration::from_secs(5));
    assert_eq!(scene.bearer(&gone).await, INVALID);
    assert_eq!(scene.store.refreshes.load(Ordering::SeqCst), 3);
}

#[rstest]
#[case::off_by_default(false, "root:right", "request not authorized")]
#[case::administrator(true, "root:right", "ADMIN root")]
#[case::no_administrator(true, "ada:right", "USER ada")]
#[case::wrong(true, "ada:wrong", "basic auth not valid")]
#[case::no_password(true, "ada:", "basic auth not valid")]
#[tokio::test]
async fn passwords_count_only_when_switched_on(#[case] basic: bool, #[case] text: &str, #[case] expected: &str) {
    use base64::Engine as _;
    let scene = scene_with(basic);
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    assert_eq!(scene.who(&format!("Basic {encoded}")).await, expected);
}
