//! Runs that end anywhere, and runs beside each other.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use primehub_keycloak::{Bootstrap, BootstrapError, Outcome};
use real_peers::Shared;
use serde_json::json;

use super::cycle::everything;
use super::place::Place;
use super::portrait::differences;

/// A run is looked at so often, at most, after its first change has begun. Few times end it while that is on its way, more while one of those
/// after it is; and with the most it comes through any single step.
const LOOKS: usize = 30;

pub(super) async fn again_and_again(shared: Arc<Shared>) {
    let place = Place::new(&shared, "bootstrap-broken").await;
    let (mut interruptions, mut refusals) = (0, 0);
    loop {
        let looks = 1 + interruptions % LOOKS;
        match interrupt(&place.bootstrap(everything(&place)), looks).await {
            Some(Ok(_)) => break,
            // A realm that Keycloak is still making may not be looked at, not even by who has it made.
            Some(Err(BootstrapError::Denied { .. })) if interruptions < 4 => refusals += 1,
            Some(Err(error)) => panic!("after {interruptions} interruptions: {error}"),
            None => interruptions += 1,
        }
        assert!(interruptions < 500 && refusals < 100, "a run never ends");
    }
    assert!(interruptions > 10, "{interruptions}");
    place.run_in_vain(everything(&place)).await;

    let whole = Place::new(&shared, "bootstrap-whole").await;
    whole.run(everything(&whole)).await;
    assert_eq!(differences(&whole.likeness().await, &place.likeness().await), Vec::<String>::new());
    whole.end().await;

    // The administrator's password is the one that was asked for, whichever of the runs has set it.
    let administrator = format!("users/{}", place.user("phadmin").await);
    place.change(&administrator, |user| user["requiredActions"] = json!([])).await;
    place.add_direct_client().await;
    place.direct_token("phadmin").await;
    place.end().await;
}

/// Drops a run after it was looked at so many times since its first change began.
async fn interrupt(bootstrap: &Bootstrap, looks: usize) -> Option<Result<Outcome, BootstrapError>> {
    let began = AtomicBool::new(false);
    let is_change = |line: &str| !line.starts_with('=') && !line.starts_with('x');
    let mut run = pin!(bootstrap.run(|step| {
        if is_change(&step.to_string()) {
            began.store(true, Ordering::Relaxed);
        }
    }));
    let mut left = looks;
    poll_fn(|context| {
        let polled = run.as_mut().poll(context);
        match polled {
            Poll::Ready(outcome) => return Poll::Ready(Some(outcome)),
            Poll::Pending if began.load(Ordering::Relaxed) => left -= 1,
            Poll::Pending => {}
        }
        if left == 0 { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

pub(super) async fn in_parallel(shared: Arc<Shared>) {
    let place = Place::new(&shared, "bootstrap-twice").await;
    let (one, other) = (place.bootstrap(everything(&place)), place.bootstrap(everything(&place)));
    let (one, other) = tokio::join!(one.run(|_| {}), other.run(|_| {}));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.everyone, other.everyone);
    let secrets = |outcome: &Outcome| {
        use secrecy::ExposeSecret as _;
        outcome.secrets.values().map(|secret| secret.expose_secret().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(secrets(&one), secrets(&other));
    assert!(one.administrator_password.is_some() || other.administrator_password.is_some());
    place.run_in_vain(everything(&place)).await;

    let alone = Place::new(&shared, "bootstrap-alone").await;
    alone.run(everything(&alone)).await;
    assert_eq!(differences(&alone.likeness().await, &place.likeness().await), Vec::<String>::new());

    // And on a realm that both find damaged.
    let hub = place.client("jupyterhub").await;
    place.change(&format!("clients/{hub}"), |client| client["redirectUris"] = json!([])).await;
    let everyone = place.group("everyone").await;
    place.delete(&format!("groups/{everyone}")).await;
    let (one, other) = (place.bootstrap(everything(&place)), place.bootstrap(everything(&place)));
    let (one, other) = tokio::join!(one.run(|_| {}), other.run(|_| {}));
    assert_eq!(one.unwrap().everyone, other.unwrap().everyone);
    place.run_in_vain(everything(&place)).await;
    alone.end().await;
    place.end().await;
}
