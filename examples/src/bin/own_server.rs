//! PrimeHub's GraphQL inside an axum server of one's own, beside one's own routes.
//!
//! Run it: `cargo run -p primehub-examples --bin own_server`

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use primehub_core::identity::token::TokenPolicy;
use primehub_graphql::{LOOPBACK_HOSTS, PlatformConfig, Server};
use primehub_memory::demo;
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);

    // An identity store and whoever issues its tokens: here in memory, elsewhere a Keycloak.
    let realm = RealmSettings::new("primehub", "admin-ui");
    let settings = ProviderSettings::new(&realm, &base, "a secret of this example".into());
    let store = Arc::new(MemoryIdentityStore::new(realm));
    let provider = OpenIdProvider::start(store.clone(), settings).await?;
    let people = demo::people_and_groups(&*store, &provider).await?;

    // PrimeHub's part, and the one that was there before: it gets the same check of host names, request ids and log.
    let policy = TokenPolicy::new(provider.issuer(), "admin-ui");
    let primehub = Server::builder(store, Arc::new(provider), PlatformConfig::new("admin-ui"), policy)
        .prefix("/api")
        .allowed_hosts(LOOPBACK_HOSTS)
        .build();
    let mine = Router::new().route("/", get(|| async { "my own page" }));
    let routes = primehub.surround(mine).merge(primehub.router());
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });

    let client = reqwest::Client::new();
    let page = client.get(&base).send().await?.text().await?;
    let answer: Value = client
        .post(format!("{base}/api/graphql"))
        .bearer_auth(people[1].api_token.expose_secret())
        .json(&json!({ "query": "{ me { username effectiveGroups { name } } }" }))
        .send()
        .await?
        .json()
        .await?;
    println!("{page}\n{answer}");
    anyhow::ensure!(page == "my own page");
    anyhow::ensure!(answer["data"]["me"] == json!({ "username": "ada", "effectiveGroups": [{ "name": "research" }] }));
    serving.abort();
    Ok(())
}
