//! A test of an operator without a cluster: its kind is defined, its reconciler runs once, and what it made is looked at.
//!
//! Run it: `cargo run -p primehub-examples --bin operator_test`

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, CustomResource, CustomResourceExt as _, Resource as _, ResourceExt as _};
use primehub_memory::kubernetes::ApiServer;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Somebody is to be greeted.
#[derive(Clone, CustomResource, Debug, Deserialize, Serialize, schemars::JsonSchema)]
#[kube(group = "example.com", version = "v1", kind = "Greeting", namespaced)]
struct GreetingSpec {
    #[schemars(length(min = 1))]
    name: String,
}

/// The operator: a `ConfigMap` for each greeting.
async fn reconcile(client: &Client, greeting: &Greeting) -> kube::Result<ConfigMap> {
    let text = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": greeting.name_any(), "ownerReferences": [greeting.controller_owner_ref(&())] },
        "data": { "text": format!("Hello {}!", greeting.spec.name) },
    });
    let texts: Api<ConfigMap> = Api::default_namespaced(client.clone());
    texts.patch(&greeting.name_any(), &PatchParams::apply("greeter"), &Patch::Apply(text)).await
}

/// The test: no cluster, no network, no waiting.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let client = Client::new(ApiServer::new().await?, "default");
    Api::all(client.clone()).create(&PostParams::default(), &Greeting::crd()).await?;
    let greetings: Api<Greeting> = Api::default_namespaced(client.clone());
    let greeting = Greeting::new("first", GreetingSpec { name: "Ada".to_owned() });
    let greeting = greetings.create(&PostParams::default(), &greeting).await?;

    let made = reconcile(&client, &greeting).await?;
    anyhow::ensure!(made.data.iter().flatten().eq([(&"text".to_owned(), &"Hello Ada!".to_owned())]));
    anyhow::ensure!(made.owner_references()[0].uid == greeting.uid().unwrap_or_default());
    let again = reconcile(&client, &greeting).await?;
    anyhow::ensure!(again.resource_version() == made.resource_version(), "nothing is left to do");

    // The server holds objects against the schema, as a cluster does.
    let nobody = Greeting::new("second", GreetingSpec { name: String::new() });
    match greetings.create(&PostParams::default(), &nobody).await {
        Err(kube::Error::Api(refusal)) if refusal.is_invalid() => println!("{}", refusal.message),
        other => anyhow::bail!("nobody is greeted: {other:?}"),
    }
    println!("{}: {:?}", made.name_any(), made.data);
    Ok(())
}
