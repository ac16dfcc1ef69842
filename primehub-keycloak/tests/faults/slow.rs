//! Answers come after ten seconds, which is later than anybody waits.

use std::time::Duration;

use futures::future::join_all;
use tokio::runtime::Handle;
use wiremock::ResponseTemplate;

use crate::house::{House, eventually};
use crate::realm::FakeKeycloak;

const TEN_SECONDS: Duration = Duration::from_secs(10);
/// How many calls may be under way at once: of each kind that has places of its own.
const PLACES: usize = 8;
const BULK_PLACES: usize = 2;

#[tokio::test]
async fn nothing_piles_up_before_a_slow_keycloak() {
    let keycloak = FakeKeycloak::start().await;
    let house = House::ready(&keycloak, |settings| {
        let patience = &mut settings.patience;
        (patience.calls, patience.bulk_reads) = (PLACES, BULK_PLACES);
        (patience.token, patience.page) = (Duration::from_secs(1), Duration::from_secs(2));
        patience.admin = Duration::from_secs(2);
    })
    .await;
    let (tasks, before) = (|| Handle::current().metrics().num_alive_tasks(), keycloak.state().requests);
    let quiet = tasks();

    keycloak.fails(|_| Some(ResponseTemplate::new(200).set_delay(TEN_SECONDS)));
    let names: Vec<String> = (0..50).map(|number| format!("slow {number}")).collect();
    let reads = join_all(names.iter().map(|_| house.me()));
    let writes = join_all(names.iter().map(|name| house.rename(name)));
    let (reads, writes) = tokio::join!(reads, writes);
    for read in &reads {
        read.data();
    }
    for write in &writes {
        write.assert_unavailable();
    }
    // Before any answer of Keycloak's could have come.
    for answer in reads.iter().chain(&writes) {
        assert!(answer.took < TEN_SECONDS, "{answer:?}");
    }
    // Hardly anybody has asked: whoever waits for a turn is told as soon as it is known to be in vain.
    let asked = keycloak.state().requests - before;
    assert!(asked <= 3 * (PLACES + BULK_PLACES), "{asked}");
    house.becomes_stale("").await;
    house.goes_on_from_the_last_picture().await;
    eventually("no request is left", async || house.metric("primehub_graphql_requests_running").await == 0).await;
    assert!(house.metric("keycloak_calls_in_flight").await <= 4);
    // Nor a task for each of them; connections of the two hundred requests may be kept for a while.
    eventually("no task is left", async || tasks() <= quiet + 2 * (100 + PLACES)).await;

    keycloak.works();
    house.heals().await;
}
