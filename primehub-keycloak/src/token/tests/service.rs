use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use secrecy::ExposeSecret as _;
use tokio::sync::Notify;
use tokio::time::{Instant, advance};

use super::super::service::{Fresh, ServiceToken, Source};
use crate::transport::CallError;

const LIFETIME: Duration = Duration::from_mins(5);

/// Issues the tokens 1, 2, 3 …, each after a second.
#[derive(Clone, Default)]
struct Counting(Arc<Counts>);

#[derive(Default)]
struct Counts {
    asked: AtomicUsize,
    down: AtomicUsize,
    answered: Notify,
}

impl Source for Counting {
    async fn ask(&self) -> Result<Fresh, CallError> {
        let number = self.0.asked.fetch_add(1, Ordering::SeqCst) + 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.0.answered.notify_one();
        if self.0.down.load(Ordering::SeqCst) == 1 {
            return Err(CallError::Unavailable { call: "token.service", cause: format!("down, {number}") });
        }
        Ok(Fresh { token: number.to_string().into(), lifetime: LIFETIME })
    }
}

impl Counting {
    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    fn set_down(&self, down: bool) {
        self.0.down.store(usize::from(down), Ordering::SeqCst);
    }

    /// Waits for the renewal that goes on in the background.
    async fn renewed(&self) {
        self.0.answered.notified().await;
        tokio::task::yield_now().await;
    }
}

fn token() -> (Counting, ServiceToken<Counting>) {
    let source = Counting::default();
    (source.clone(), ServiceToken::new(source))
}

async fn get(token: &ServiceToken<Counting>) -> Result<String, String> {
    token.get().await.map(|token| token.expose_secret().to_owned()).map_err(|error| error.to_string())
}

/// A token that does not cost any time.
async fn get_at_once(token: &ServiceToken<Counting>) -> String {
    let began = Instant::now();
    let token = get(token).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO, "the caller was held up");
    token
}

#[tokio::test(start_paused = true)]
async fn all_who_need_it_share_one_call() {
    let (source, token) = token();
    for result in join_all((0..100).map(|_| get(&token))).await {
        assert_eq!(result.unwrap(), "1");
    }
    assert_eq!((get_at_once(&token).await, source.asked()), ("1".into(), 1));
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_before_its_end_without_holding_up_anybody() {
    let (source, token) = token();
    get(&token).await.unwrap();
    source.renewed().await;
    advance(LIFETIME.mul_f64(0.78)).await;
    assert_eq!((get_at_once(&token).await, source.asked()), ("1".into(), 1));
    advance(LIFETIME.mul_f64(0.03)).await;
    for _ in 0..3 {
        assert_eq!(get_at_once(&token).await, "1");
    }
    source.renewed().await;
    assert_eq!((get_at_once(&token).await, source.asked()), ("2".into(), 2));
}

#[tokio::test(start_paused = true)]
async fn while_it_counts_a_failed_renewal_hurts_nobody_and_is_not_repeated_at_once() {
    let (source, token) = token();
    get(&token).await.unwrap();
    source.renewed().await;
    source.set_down(true);
    advance(LIFETIME.mul_f64(0.81)).await;
    assert_eq!(get_at_once(&token).await, "1");
    source.renewed().await;
    for _ in 0..10 {
        assert_eq!(get_at_once(&token).await, "1");
    }
    assert_eq!(source.asked(), 2);
    source.set_down(false);
    advance(Duration::from_secs(1)).await;
    assert_eq!(get_at_once(&token).await, "1");
    source.renewed().await;
    assert_eq!((get_at_once(&token).await, source.asked()), ("3".into(), 3));
}

#[tokio::test(start_paused = true)]
async fn after_its_end_it_is_not_used() {
    let (source, token) = token();
    get(&token).await.unwrap();
    advance(LIFETIME).await;
    assert_eq!((get(&token).await.unwrap(), source.asked()), ("2".into(), 2));
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_a_failure_and_so_does_who_comes_next() {
    let (source, token) = token();
    source.set_down(true);
    for result in join_all((0..100).map(|_| get(&token))).await {
        assert!(result.unwrap_err().contains("down, 1"));
    }
    assert!(get(&token).await.unwrap_err().contains("down, 1"));
    assert_eq!(source.asked(), 1);
    source.set_down(false);
    advance(Duration::from_secs(1)).await;
    assert_eq!((get(&token).await.unwrap(), source.asked()), ("2".into(), 2));
}

#[tokio::test(start_paused = true)]
async fn all_whose_token_is_refused_share_one_renewal() {
    let (source, token) = token();
    let refused = token.get().await.unwrap();
    for another in join_all((0..100).map(|_| token.get_instead_of(&refused))).await {
        assert_eq!(another.unwrap().expose_secret(), "2");
    }
    // Somebody who has been slow to notice takes what the others have fetched.
    assert_eq!(token.get_instead_of(&refused).await.unwrap().expose_secret(), "2");
    assert_eq!(source.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_call_goes_on_when_whoever_began_it_goes_away() {
    let (source, token) = token();
    tokio::time::timeout(Duration::from_millis(10), token.get()).await.unwrap_err();
    source.renewed().await;
    assert_eq!((get_at_once(&token).await, source.asked()), ("1".into(), 1));
}
