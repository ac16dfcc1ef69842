//! The proof by load: four writers for half a minute, a store that begins to follow in the middle, and then nothing differs.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::{Freshness, IdentityStore as _};
use real_peers::{Population, Shared};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::picture::{self, differences, of, told};
use super::scene::Scene;
use super::writers::Writers;

const WRITERS: u64 = 4;
const LOAD: Duration = Duration::from_secs(30);
/// An event may become visible this long after it happened, and then has to be followed.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

pub(super) async fn proof(shared: Arc<Shared>) {
    let seed = fresh_seed();
    eprintln!("seed {seed}");
    let settings = json!({ "registrationAllowed": true });
    let scene = Scene::new(&shared, "random-load", Population::EMPTY, settings).await;
    let writers = Arc::new(Writers::new(&scene).await);
    let began = Instant::now();
    let mut running = JoinSet::new();
    for number in 0..WRITERS {
        running.spawn(writers.clone().write(seed.wrapping_add(number), began + LOAD));
    }
    let early = tokio::time::timeout_at(began + LOAD / 3, running.join_next()).await;
    assert!(early.is_err(), "seed {seed}: a writer ended early: {early:?}");
    let follower = scene.follow(|following| following.overlap = Duration::from_secs(10)).loaded().await;
    eprintln!("the store reads the realm {:.1} s after the writers began", began.elapsed().as_secs_f64());
    assert!(writers.store.set(follower.store.clone()).is_ok());
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    let ended = Instant::now();
    let (done, times) = writers.summary();
    eprintln!("{times} operations in {:.1} s:\n{done}", began.elapsed().as_secs_f64());

    // Nobody writes any more. What is true now is read twice: by the lists of a store that begins now, and one by one.
    let fresh = scene.follow(|_| {}).loaded().await;
    let truth = told(&scene).await;
    let read = ended.elapsed();
    let lists = of(&fresh.store.directory());
    let differ = differences(&lists, &truth);
    assert!(differ.is_empty(), "seed {seed}: a snapshot differs from what the server tells:\n{differ}");
    let limit = SETTLED_WITHIN.max(read + Duration::from_secs(1));
    let is = |directory: &primehub_core::identity::Directory| of(directory) == truth;
    let say = |directory: &primehub_core::identity::Directory| {
        format!("seed {seed}:\n{}", differences(&of(directory), &truth))
    };
    follower.shows(ended, limit, is, say).await;
    eprintln!(
        "equal: {}; {} events, {} of them late, {} readings of single objects, {} complete ones; the truth was read after {:.1} s",
        picture::size(&truth),
        follower.count("events_total"),
        follower.count("late_events_total"),
        follower.count("rereadings_total"),
        follower.count("refreshes_total"),
        read.as_secs_f64(),
    );
    assert_eq!(follower.store.freshness(), Freshness::Live);
    let missing = writers.missing();
    assert!(missing.is_empty(), "seed {seed}: nobody did: {missing:?}");
    scene.end().await;
}

fn fresh_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
