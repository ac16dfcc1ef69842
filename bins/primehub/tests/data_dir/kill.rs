//! Killed while it writes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::running::{Place, Running};

const ROUNDS: usize = 20;
const WRITERS: usize = 4;

pub(crate) const CREATE: &str = "mutation ($data: UserCreateInput!) { createUser(data: $data) { id } }";

/// A user with values in several fields, all of which are one write.
pub(crate) fn new_user(username: &str) -> Value {
    let email = format!("{username}@example.com");
    json!({ "data": { "username": username, "email": email, "firstName": "Whole", "lastName": "User", "volumeCapacity": 7 } })
}

/// The names of all users that were made here, each of which must be whole.
pub(crate) async fn whole_users(running: &Running) -> BTreeSet<String> {
    let query = "query ($after: String) { usersConnection(first: 1000, after: $after) { edges { node {
                 username email firstName lastName volumeCapacity enabled groups { name } } } } }";
    let mut found = BTreeSet::new();
    for page in 0.. {
        let answer = running.ask(query, json!({ "after": page.to_string() })).await.unwrap();
        let edges = answer["data"]["usersConnection"]["edges"].as_array().unwrap_or_else(|| panic!("{answer}"));
        if edges.is_empty() {
            break;
        }
        for node in edges.iter().map(|edge| &edge["node"]).filter(|node| node["lastName"] == "User") {
            let name = node["username"].as_str().unwrap();
            assert_eq!(node["email"], format!("{name}@example.com"));
            assert_eq!((&node["firstName"], &node["volumeCapacity"]), (&json!("Whole"), &json!(7)), "{node}");
            assert_eq!(node["groups"], json!([{ "name": "everyone" }]), "{node}");
            found.insert(name.to_owned());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_write_is_there_and_none_is_half_there() {
    let place = Place::new();
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let begun = Arc::new(AtomicUsize::new(0));
    for round in 0..ROUNDS {
        let running = Arc::new(place.start());
        let (enough, mut reached) = tokio::sync::watch::channel(0_usize);
        let enough = Arc::new(enough);
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let (running, acknowledged, begun) = (running.clone(), acknowledged.clone(), begun.clone());
                let enough = enough.clone();
                tokio::spawn(async move {
                    loop {
                        let name = format!("user-{}", begun.fetch_add(1, Ordering::Relaxed));
                        // Until the program is gone.
                        let Ok(answer) = running.ask(CREATE, new_user(&name)).await else { return };
                        assert!(answer["data"]["createUser"]["id"].is_string(), "{answer}");
                        acknowledged.lock().unwrap().insert(name);
                        enough.send_modify(|count| *count += 1);
                    }
                })
            })
            .collect();
        // Every round ends at another moment of the stream.
        reached.wait_for(|count| *count >= 5 + 7 * round % 40).await.unwrap();
        crate::running::signal(running.pid(), "KILL");
        for writer in writers {
            writer.await.unwrap();
        }
        drop(running);

        let again = place.start();
        let found = whole_users(&again).await;
        let acknowledged = acknowledged.lock().unwrap().clone();
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
        // Of what was under way at the end, some may have been kept; nothing else is there.
        assert!(found.len() <= acknowledged.len() + WRITERS * (round + 1));
        again.kill();
    }
}
