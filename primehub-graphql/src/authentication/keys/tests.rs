use std::sync::atomic::Ordering;

use futures::future::join_all;
use primehub_core::clock::ManualClock;
use prometheus_client::registry::Registry;

use super::super::testing::FakeIssuer;
use super::*;

struct Scene {
    clock: Arc<ManualClock>,
    issuer: Arc<FakeIssuer>,
    keys: KeyCache,
}

fn scene() -> Scene {
    let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
    let issuer = FakeIssuer::new(clock.clone());
    let metrics = AuthenticationMetrics::register(&mut Registry::default());
    let keys = KeyCache::new(issuer.clone(), clock.clone(), metrics);
    Scene { clock, issuer, keys }
}

impl Scene {
    /// Whether the key is among those that the issuer publishes, as far as the cache tells.
    async fn knows(&self, key: &str) -> bool {
        self.keys.for_key(key).await.unwrap().contains(key)
    }

    fn askings(&self) -> u32 {
        self.issuer.key_calls.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_rotation_right_after_an_asking_is_followed_at_once() {
    let scene = scene();
    assert!(scene.knows("key-1").await);
    for (next, askings) in [("key-2", 2), ("key-3", 3)] {
        scene.issuer.rotate(next);
        assert!(scene.knows(next).await, "{next}");
        assert_eq!(scene.askings(), askings);
    }
    scene.issuer.rotate("key-4");
    assert!(!scene.knows("key-4").await, "that was the burst");
    scene.clock.advance(PAUSE);
    assert!(scene.knows("key-4").await);
    assert!(scene.knows("key-4").await && !scene.knows("key-3").await);
    assert_eq!(scene.askings(), 4);
}

#[tokio::test]
async fn a_flood_of_unknown_keys_costs_a_burst_and_then_one_asking_in_each_pause() {
    let scene = scene();
    assert!(scene.knows("key-1").await);
    for tenth in 0..600 {
        for number in 0..5 {
            assert!(!scene.knows(&format!("invented-{tenth}-{number}")).await);
        }
        assert!(scene.knows("key-1").await);
        scene.clock.advance(Duration::from_millis(100));
    }
    assert_eq!(scene.askings(), 3 + 29, "a minute, at the end of which the next one is due");
    scene.clock.advance(Duration::from_hours(1));
    for number in 0..100 {
        scene.knows(&format!("later-{number}")).await;
    }
    assert_eq!(scene.askings(), 32 + 3, "after a quiet time there is a burst again, and no more");
}

#[tokio::test]
async fn simultaneous_unknown_keys_share_one_asking() {
    let scene = scene();
    let invented: Vec<String> = (0..100).map(|number| format!("invented-{number}")).collect();
    let answers = join_all(invented.iter().map(|key| scene.knows(key))).await;
    assert!(answers.iter().all(|known| !known));
    assert_eq!(scene.askings(), 1);
}

/// What was asked before the key was published says nothing about it.
#[tokio::test]
async fn who_comes_while_the_issuer_is_asked_is_not_judged_by_that_answer() {
    let scene = scene();
    scene.issuer.key_gate.forget_permits(usize::MAX);
    let early = scene.knows("invented");
    tokio::pin!(early);
    while scene.askings() == 0 {
        assert!(futures::poll!(&mut early).is_pending());
        tokio::task::yield_now().await;
    }
    let late = join_all(["later-1", "later-2", "later-3"].map(|key| scene.knows(key)));
    tokio::pin!(late);
    assert!(futures::poll!(&mut late).is_pending());
    scene.issuer.key_gate.add_permits(10);
    let (early, late) = tokio::join!(early, late);
    assert_eq!((early, late), (false, vec![false; 3]));
    assert_eq!(scene.askings(), 2, "one more for all who came late");
}

#[tokio::test]
async fn an_issuer_that_fails_is_left_in_peace() {
    let scene = scene();
    assert!(scene.knows("key-1").await);
    scene.issuer.away.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        assert!(scene.keys.for_key("key-2").await.is_err(), "it may be a good one");
    }
    assert_eq!(scene.askings(), 2, "no burst for one that does not answer");
    assert!(scene.knows("key-1").await);
    scene.clock.advance(PAUSE);
    assert!(scene.keys.for_key("key-2").await.is_err());
    assert_eq!(scene.askings(), 3);
}
