//! What a cold start costs, beside what it costs to read the same and do nothing with it.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::IdentityStore as _;
use real_peers::{Fetched, Population, Shared};
use serde_json::json;
use tokio::time::Instant;

use crate::following::Scene;

/// As in the table of what a realm of this size costs.
const POPULATION: Population = Population { users: 1_000, groups: 200, groups_each: 4, roles: 240 };
const AT_MOST: u64 = 215;
const ROUNDS: usize = 3;

pub(super) async fn thousand(shared: Arc<Shared>) {
    let began = Instant::now();
    let scene = Scene::new(&shared, "snapshot", POPULATION, json!({})).await;
    eprintln!("the realm is made in {:?}", began.elapsed());
    let paths = scene.realm.cold_start_paths(&scene.admin).await.unwrap();
    // The first reading after an import is slow, whoever reads.
    scene.realm.fetch(&scene.admin, &paths, 4).await.unwrap();
    let (mut bare, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let fetched = scene.realm.fetch(&scene.admin, &paths, 4).await.unwrap();
        let began = Instant::now();
        let follower = scene.follow(|_| {}).loaded().await;
        cold.push(began.elapsed());
        bare.push(fetched.elapsed);
        // Following has begun: its looks at the events are not part of the cold start.
        let calls = follower.keycloak.metrics().calls_by_kind();
        let looks: u64 = calls.iter().filter(|(kind, _)| kind.starts_with("events.")).map(|(_, count)| count).sum();
        let counted: u64 = calls.values().sum::<u64>() - looks.saturating_sub(2);
        assert!(counted <= AT_MOST, "{counted} calls: {calls:?}");
        let directory = follower.store.directory();
        assert_eq!((directory.people_count(), directory.group_count()), (POPULATION.users, POPULATION.groups));
        let memberships: usize = directory.groups().map(|group| directory.member_count(&group.id)).sum();
        // All people and the service account are in the group of everybody.
        assert!(memberships >= POPULATION.users * (POPULATION.groups_each + 1), "{memberships}");
        let Fetched { calls: bare_calls, bytes, .. } = fetched;
        eprintln!(
            "cold start: {counted} calls, {:?}; bare: {bare_calls} calls, {bytes} bytes, {:?}",
            cold.last(),
            bare.last()
        );
    }
    let [bare, cold] = [bare, cold].map(middle);
    eprintln!("cold start {cold:?}, bare script {bare:?}: {:.2} times", cold.as_secs_f64() / bare.as_secs_f64());
    scene.end().await;
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
