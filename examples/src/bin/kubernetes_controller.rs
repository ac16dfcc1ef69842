//! A controller with owned children, a finalizer and server-side apply: in memory, or on the cluster of a kubeconfig. It converges, repairs what
//! others break, and then writes nothing, as is shown by what happens between two events.
//!
//! Run it: `cargo run -p primehub-examples --bin kubernetes_controller -- [--kubeconfig FILE]`

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use futures::{StreamExt as _, TryStreamExt as _};
use http::{Method, Request};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::client::{Body, ClientBuilder};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kube::runtime::controller::Action;
use kube::runtime::finalizer::{Event, finalizer};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{Controller, watcher};
use kube::{Api, Client, CustomResource, CustomResourceExt as _, Resource as _, ResourceExt as _};
use primehub_memory::kubernetes::ApiServer;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use tower::util::MapRequestLayer;

/// Somebody is to be greeted.
#[derive(Clone, CustomResource, Debug, Deserialize, Serialize, schemars::JsonSchema)]
#[kube(group = "example.com", version = "v1", kind = "Greeting", namespaced, status = "GreetingStatus")]
struct GreetingSpec {
    name: String,
}

/// What has been done about it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
struct GreetingStatus {
    observed_generation: Option<i64>,
}

const MANAGER: &str = "greeter";
/// Other `ConfigMap`s of the namespace are nobody's business here.
const OURS: &str = "app.kubernetes.io/managed-by=greeter";
const FINALIZER: &str = "example.com/guest-book";
const GREETINGS: usize = 20;
/// How long anything may take before it counts as not happening.
const PATIENCE: Duration = Duration::from_mins(1);

/// What reconciling depends on.
struct Context {
    client: Client,
    /// Stands for something outside of the cluster: who has been entered must be struck out when the greeting goes.
    guests: watch::Sender<BTreeSet<String>>,
    /// At which version each greeting was looked at last.
    seen: watch::Sender<BTreeMap<String, String>>,
}

/// Whether the text is as it has to be: what others have added to it is theirs.
fn is_right(greeting: &Greeting, text: &ConfigMap) -> bool {
    let owned = text.owner_references().iter().any(|owner| Some(&owner.uid) == greeting.meta().uid.as_ref());
    owned && word(text) == Some(&words(greeting))
}

fn word(text: &ConfigMap) -> Option<&String> {
    text.data.as_ref()?.get("text")
}

fn words(greeting: &Greeting) -> String {
    format!("Hello {}!", greeting.spec.name)
}

async fn apply(greeting: &Greeting, context: &Context) -> Result<Action, kube::Error> {
    let (name, namespace) = (greeting.name_any(), greeting.namespace().unwrap_or_default());
    context.guests.send_if_modified(|guests| guests.insert(greeting.spec.name.clone()));
    let ours = PatchParams::apply(MANAGER).force();

    let texts: Api<ConfigMap> = Api::namespaced(context.client.clone(), &namespace);
    if !texts.get_opt(&name).await?.is_some_and(|text| is_right(greeting, &text)) {
        let text = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "labels": { "app.kubernetes.io/managed-by": MANAGER },
                "ownerReferences": [greeting.controller_owner_ref(&())],
            },
            "data": { "text": words(greeting) },
        });
        texts.patch(&name, &ours, &Patch::Apply(text)).await?;
    }
    let status = GreetingStatus { observed_generation: greeting.meta().generation };
    if greeting.status.as_ref() != Some(&status) {
        let greetings: Api<Greeting> = Api::namespaced(context.client.clone(), &namespace);
        let status = json!({ "apiVersion": Greeting::api_version(&()), "kind": Greeting::kind(&()), "status": status });
        greetings.patch_status(&name, &ours, &Patch::Apply(status)).await?;
    }
    let version = greeting.resource_version().unwrap_or_default();
    context.seen.send_modify(|seen| drop(seen.insert(name, version)));
    Ok(Action::await_change())
}

async fn reconcile(greeting: Arc<Greeting>, context: Arc<Context>) -> Result<Action, Error> {
    let greetings = Api::namespaced(context.client.clone(), &greeting.namespace().unwrap_or_default());
    let reconciled = finalizer(&greetings, FINALIZER, greeting, |event| async {
        match event {
            Event::Apply(greeting) => apply(&greeting, &context).await,
            // The text has an owner, and goes with it.
            Event::Cleanup(greeting) => {
                context.guests.send_if_modified(|guests| guests.remove(&greeting.spec.name));
                context.seen.send_modify(|seen| drop(seen.remove(&greeting.name_any())));
                Ok(Action::await_change())
            }
        }
    });
    reconciled.await.map_err(Box::new)
}

type Error = Box<kube::runtime::finalizer::Error<kube::Error>>;

/// A cluster, and how often the controller wrote to it.
struct Cluster {
    /// What people do.
    client: Client,
    /// What the controller does.
    counted: Client,
    writes: Arc<AtomicUsize>,
}

impl Cluster {
    async fn of(options: &Options) -> anyhow::Result<Self> {
        let writes = Arc::new(AtomicUsize::new(0));
        let sum = Arc::clone(&writes);
        let count = MapRequestLayer::new(move |request: Request<Body>| {
            if request.method() != Method::GET {
                sum.fetch_add(1, Ordering::SeqCst);
            }
            request
        });
        let (client, counted) = match &options.kubeconfig {
            None => {
                let server = ApiServer::new().await?;
                let counted = ClientBuilder::new(server.clone(), "default").with_layer(&count).build();
                (Client::new(server, "default"), counted)
            }
            Some(file) => {
                let read = Kubeconfig::read_from(file)?;
                let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
                let counted = ClientBuilder::try_from(config.clone())?.with_layer(&count).build();
                (Client::try_from(config)?, counted)
            }
        };
        Ok(Self { client, counted, writes })
    }
}

/// What people do, and what they look at.
struct Play {
    greetings: Api<Greeting>,
    texts: Api<ConfigMap>,
    seen: watch::Receiver<BTreeMap<String, String>>,
    guests: watch::Receiver<BTreeSet<String>>,
    writes: Arc<AtomicUsize>,
}

impl Play {
    /// Waits until the controller has looked at every greeting as it now is, and answers how often it has written since it was asked last.
    async fn settled(&mut self) -> anyhow::Result<usize> {
        loop {
            let all = self.greetings.list(&ListParams::default()).await?;
            let versions = |one: &Greeting| (one.name_any(), one.resource_version().unwrap_or_default());
            if *self.seen.borrow_and_update() == all.iter().map(versions).collect() {
                return Ok(self.writes.swap(0, Ordering::SeqCst));
            }
            self.seen.changed().await?;
        }
    }

    async fn text(&self, name: &str) -> anyhow::Result<String> {
        let text = self.texts.get(name).await?;
        word(&text).cloned().with_context(|| format!("{name} has no text"))
    }

    /// Greetings get texts, a status and the finalizer.
    async fn converges(&mut self) -> anyhow::Result<()> {
        for number in 1..=GREETINGS {
            let greeting =
                Greeting::new(&format!("greeting-{number}"), GreetingSpec { name: format!("guest {number}") });
            self.greetings.create(&PostParams::default(), &greeting).await?;
        }
        let writes = self.settled().await?;
        println!("{GREETINGS} greetings: {writes} writes");
        // A finalizer, a text and a status for each. A status is written again if the text's change comes back before its own.
        anyhow::ensure!((3 * GREETINGS..=4 * GREETINGS).contains(&writes), "{writes}");
        for greeting in self.greetings.list(&ListParams::default()).await? {
            anyhow::ensure!(greeting.finalizers() == [FINALIZER], "{:?}", greeting.finalizers());
            anyhow::ensure!(self.text(&greeting.name_any()).await? == words(&greeting));
        }
        anyhow::ensure!(self.guests.borrow().len() == GREETINGS);
        Ok(())
    }

    /// Everything is looked at again because somebody touches it, and nothing is written. The window is from the first touch to a marker.
    async fn stays_idle(&mut self) -> anyhow::Result<()> {
        let from =
            self.texts.list_metadata(&ListParams::default()).await?.metadata.resource_version.unwrap_or_default();
        let ours = WatchParams::default().labels(OURS);
        let mut events = pin!(self.texts.watch(&ours, &from).await?);
        let touch = Patch::Merge(json!({ "metadata": { "annotations": { "example.com/touched": "yes" } } }));
        let mut touched = BTreeMap::new();
        for number in 1..=GREETINGS {
            let name = format!("greeting-{number}");
            let version = self.greetings.patch(&name, &PatchParams::default(), &touch).await?.resource_version();
            touched.insert(name, version.unwrap_or_default());
        }
        let writes = self.settled().await?;
        println!("{GREETINGS} greetings looked at again: {writes} writes");
        anyhow::ensure!(writes == 0, "{writes} writes with nothing to do");
        anyhow::ensure!(*self.seen.borrow() == touched, "no greeting has changed since it was touched");
        let marker = json!({ "metadata": { "name": "marker", "labels": { "app.kubernetes.io/managed-by": MANAGER } } });
        self.texts.create(&PostParams::default(), &serde_json::from_value(marker)?).await?;
        let first = events.try_next().await?.context("the watch ended")?;
        anyhow::ensure!(matches!(&first, WatchEvent::Added(text) if text.name_any() == "marker"), "{first:?}");
        Ok(())
    }

    /// A text that is changed or removed comes back; a changed greeting changes its text.
    async fn repairs(&mut self) -> anyhow::Result<()> {
        let spoil = Patch::Merge(json!({ "data": { "text": "Go away!", "colour": "blue" } }));
        self.texts.patch("greeting-1", &PatchParams::default(), &spoil).await?;
        let right = |text: Option<&ConfigMap>| text.and_then(word).is_some_and(|word| word == "Hello guest 1!");
        let repaired = await_condition(self.texts.clone(), "greeting-1", right).await?.context("it is there")?;
        let colour = repaired.data.as_ref().and_then(|data| data.get("colour"));
        anyhow::ensure!(colour.is_some_and(|colour| colour == "blue"), "what is somebody else's stays");

        let old = self.texts.get("greeting-2").await?.uid();
        self.texts.delete("greeting-2", &DeleteParams::default()).await?;
        let another = |text: Option<&ConfigMap>| text.is_some_and(|text| text.uid() != old);
        await_condition(self.texts.clone(), "greeting-2", another).await?;
        let writes = self.settled().await?;
        println!("two texts repaired: {writes} writes");
        anyhow::ensure!(writes == 2, "one each, not {writes}");

        let rename = Patch::Merge(json!({ "spec": { "name": "somebody else" } }));
        self.greetings.patch("greeting-3", &PatchParams::default(), &rename).await?;
        let writes = self.settled().await?;
        anyhow::ensure!((2..=3).contains(&writes), "text and status: {writes}");
        anyhow::ensure!(self.text("greeting-3").await? == "Hello somebody else!");
        Ok(())
    }

    /// The finalizer holds a greeting until its guest is struck out; the text goes with its owner.
    async fn cleans_up(&mut self) -> anyhow::Result<()> {
        let greeting = self.greetings.get("greeting-4").await?;
        let text = self.texts.get("greeting-4").await?;
        self.greetings.delete("greeting-4", &DeleteParams::background()).await?;
        let gone = conditions::is_deleted(greeting.meta().uid.as_deref().unwrap_or_default());
        await_condition(self.greetings.clone(), "greeting-4", gone).await?;
        anyhow::ensure!(!self.guests.borrow().contains("guest 4"), "struck out before the greeting was gone");
        let gone = conditions::is_deleted(text.metadata.uid.as_deref().unwrap_or_default());
        await_condition(self.texts.clone(), "greeting-4", gone).await?;
        let writes = self.settled().await?;
        println!("one greeting removed: {writes} writes");
        // The text may be known to be gone before its greeting is; then the finalizer is to be removed from nothing.
        anyhow::ensure!((1..=2).contains(&writes), "the finalizer's removal: {writes}");
        Ok(())
    }
}

/// A controller, and what shows that it does its work and no more.
#[derive(Debug, Parser)]
struct Options {
    /// The cluster; without it, one in memory.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Cluster { client, counted, writes } = Cluster::of(&Options::parse()).await?;
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let definition = Greeting::crd();
    let name = definition.name_any();
    definitions.patch(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&definition)).await?;
    tokio::time::timeout(PATIENCE, await_condition(definitions.clone(), &name, conditions::is_crd_established()))
        .await??;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let mut namespace = Namespace::default();
    namespace.metadata.generate_name = Some("greetings-".to_owned());
    let namespace = namespaces.create(&PostParams::default(), &namespace).await?.name_any();

    let (guests, seen) = (watch::Sender::default(), watch::Sender::default());
    let mut play = Play {
        greetings: Api::namespaced(client.clone(), &namespace),
        texts: Api::namespaced(client, &namespace),
        seen: seen.subscribe(),
        guests: guests.subscribe(),
        writes,
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let context = Arc::new(Context { client: counted.clone(), guests, seen });
    let controller =
        Controller::new(Api::<Greeting>::namespaced(counted.clone(), &namespace), watcher::Config::default())
            .owns(Api::<ConfigMap>::namespaced(counted, &namespace), watcher::Config::default().labels(OURS))
            .graceful_shutdown_on(async { drop(stopped.await) })
            .run(
                reconcile,
                |_, error, _| {
                    eprintln!("{error}");
                    Action::requeue(Duration::from_secs(1))
                },
                context,
            )
            .for_each(async |_| ());
    let controller = tokio::spawn(controller);

    let played = tokio::time::timeout(PATIENCE, async {
        play.converges().await?;
        play.repairs().await?;
        play.stays_idle().await?;
        play.cleans_up().await
    });
    let played = played.await;
    drop(stop);
    controller.await?;
    namespaces.delete(&namespace, &DeleteParams::default()).await?;
    played.context("the controller does not come to an end")?
}
