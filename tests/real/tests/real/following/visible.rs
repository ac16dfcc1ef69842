//! How soon a change made with Keycloak's own admin REST interface shows through GraphQL.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use primehub_core::identity::IdentityStore as _;
use primehub_core::identity::token::TokenPolicy;
use primehub_graphql::{PlatformConfig, Server};
use primehub_keycloak::KeycloakTokens;
use real_peers::{Population, Shared};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::scene::{Follower, Scene};
use super::writers::Random;

const LANES: usize = 5;
const CHANGES_EACH: usize = 10;
const WITHIN: Duration = Duration::from_secs(2);
const SECRET: &str = "what-servers-show";

pub(super) async fn within_two_seconds(shared: Arc<Shared>) {
    let population = Population { users: 200, groups: 20, groups_each: 4, roles: 20 };
    let scene = Scene::new(&shared, "visible", population, json!({})).await;
    let follower = Arc::new(scene.follow(|_| {}).loaded().await);
    let settings = follower.keycloak.settings();
    let policy = TokenPolicy::new(settings.issuer(), &settings.client_id);
    let (store, tokens) = (Arc::new(follower.store.clone()), Arc::new(KeycloakTokens::new(&follower.keycloak)));
    let server = Server::builder(store, tokens, PlatformConfig::new(&settings.client_id), policy)
        .prefix("/api")
        .shared_secret(SECRET.into())
        .build();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/api/graphql", listener.local_addr().unwrap());
    let router = server.router();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });

    let mut lanes = JoinSet::new();
    for number in 0..LANES {
        let lane = Lane {
            scene: scene.clone(),
            follower: follower.clone(),
            client: Client::builder().no_proxy().build().unwrap(),
            url: url.clone(),
            number,
        };
        lanes.spawn(lane.run());
    }
    let mut delays: Vec<Duration> = lanes.join_all().await.into_iter().flatten().collect();
    serving.abort();
    delays.sort();
    let (median, worst) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    eprintln!("{} changes show through GraphQL: median {median:?}, worst {worst:?}", delays.len());
    assert!(worst <= WITHIN, "{delays:?}");
    scene.end().await;
}

/// One who makes changes, one after the other, and watches for them.
struct Lane {
    scene: Scene,
    follower: Arc<Follower>,
    client: Client,
    url: String,
    number: usize,
}

impl Lane {
    async fn run(self) -> Vec<Duration> {
        let mut random = Random::new(self.number as u64);
        let group = self.scene.realm.groups[self.number].clone();
        let user = json!({ "username": format!("lane-{}", self.number), "enabled": true });
        let user = self.scene.create("users", &user).await;
        let mut delays = Vec::new();
        for turn in 0..CHANGES_EACH {
            // Whoever made the next change as soon as the last one shows would always come just after a look.
            let begin = Instant::now() + Duration::from_millis(random.below(1_000) as u64);
            while Instant::now() < begin {
                self.scene.get(&format!("users/{user}")).await;
            }
            delays.push(self.change(turn, &user, &group).await);
        }
        delays
    }

    /// Makes a change, and tells how long after Keycloak's answer it shows.
    async fn change(&self, turn: usize, user: &str, group: &str) -> Duration {
        let of_user = format!("{{ user(where: {{ id: \"{user}\" }}) {{ firstName }} }}");
        let of_group = format!("{{ group(where: {{ id: \"{group}\" }}) {{ displayName users {{ id }} }} }}");
        let text = format!("Changed {turn}");
        let joined = |answer: &Value| {
            let users = answer["data"]["group"]["users"].as_array();
            users.is_some_and(|users| users.iter().any(|member| member["id"] == user))
        };
        let scene = &self.scene;
        match turn % 5 {
            0 => {
                scene.put(&format!("users/{user}"), &json!({ "firstName": text })).await;
                self.shows(&of_user, |answer| answer["data"]["user"]["firstName"] == *text).await
            }
            1 => {
                let mut whole = scene.get(&format!("groups/{group}")).await;
                whole["attributes"]["displayName"] = json!([text]);
                scene.put(&format!("groups/{group}"), &whole).await;
                self.shows(&of_group, |answer| answer["data"]["group"]["displayName"] == *text).await
            }
            2 => {
                scene.put(&format!("users/{user}/groups/{group}"), &json!({})).await;
                self.shows(&of_group, joined).await
            }
            3 => {
                scene.delete(&format!("users/{user}/groups/{group}")).await;
                self.shows(&of_group, |answer| !joined(answer)).await
            }
            _ => {
                let name = format!("new-{}-{turn}", self.number);
                let new = scene.create("users", &json!({ "username": name, "enabled": true })).await;
                let query = format!("{{ user(where: {{ id: \"{new}\" }}) {{ username }} }}");
                self.shows(&query, |answer| answer["data"]["user"]["username"] == *name).await
            }
        }
    }

    /// Asks again whenever the picture has changed.
    async fn shows(&self, query: &str, is: impl Fn(&Value) -> bool) -> Duration {
        let since = Instant::now();
        let mut changes = self.follower.store.changes(None);
        loop {
            let request = self.client.post(&self.url).bearer_auth(SECRET).json(&json!({ "query": query }));
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            if is(&answer) {
                return since.elapsed();
            }
            let next = tokio::time::timeout_at(since + 5 * WITHIN, changes.next()).await;
            assert!(next.is_ok(), "{query} is still answered with {answer}");
        }
    }
}
