//! A Kubernetes API that is asked the same by every way there is to it: without a network, through a client of the `kube` crate, over HTTPS.

use std::future::Future;
use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::Either;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use kube::client::Body as ClientBody;
use primehub_memory::kubernetes::{ApiServer, Body};
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt as _;

/// The namespace that everything is in.
const NAMESPACE: &str = "benches";
/// How long a watcher waits for what it has not been told yet.
const PATIENCE: Duration = Duration::from_mins(1);

/// A Kubernetes API with a namespace for what is measured. Clones are the same.
#[derive(Clone)]
pub struct Cluster(Way);

#[derive(Clone)]
enum Way {
    Direct(ApiServer),
    Client(kube::Client),
}

/// The resources that are measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resource {
    /// Pods, as a controller creates them.
    Pods,
    /// Deployments, as somebody applies them.
    Deployments,
}

/// What a watch reads as it comes.
enum Pieces {
    Direct(Body),
    Client(ClientBody),
}

/// Watchers that read all they are told.
pub struct Watchers {
    tasks: Vec<JoinHandle<anyhow::Result<()>>>,
}

/// A watcher that never reads.
pub struct Idler(#[expect(dead_code, reason = "held, not read")] Pieces);

impl Cluster {
    /// An empty API in memory that is asked as a service.
    ///
    /// # Errors
    /// One that does not start.
    pub async fn direct() -> anyhow::Result<Self> {
        let server = ApiServer::new().await.map_err(|status| anyhow::anyhow!("{status:?}"))?;
        Self(Way::Direct(server)).with_namespace().await
    }

    /// An empty API in memory under a client of the `kube` crate.
    ///
    /// # Errors
    /// One that does not start.
    pub async fn within_client() -> anyhow::Result<Self> {
        let server = ApiServer::new().await.map_err(|status| anyhow::anyhow!("{status:?}"))?;
        Self::reached(kube::Client::new(server, NAMESPACE)).await
    }

    /// Whatever a client reaches.
    ///
    /// # Errors
    /// A server that does not answer.
    pub async fn reached(client: kube::Client) -> anyhow::Result<Self> {
        Self(Way::Client(client)).with_namespace().await
    }

    async fn with_namespace(self) -> anyhow::Result<Self> {
        let namespace = json!({ "metadata": { "name": NAMESPACE } });
        self.ask(Method::POST, "/api/v1/namespaces", "application/json", namespace.to_string()).await?;
        Ok(self)
    }

    /// Asks, and gives the body of an answer that grants what is asked.
    async fn ask(&self, method: Method, uri: &str, media_type: &str, body: String) -> anyhow::Result<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::CONTENT_TYPE, media_type)
            .header(header::USER_AGENT, "benches");
        let (status, body) = match &self.0 {
            Way::Direct(server) => {
                let answer = server.clone().oneshot(request.body(Full::new(Bytes::from(body)))?).await?;
                (answer.status(), answer.into_body().collect().await?.to_bytes())
            }
            Way::Client(client) => {
                let answer = client.send(request.body(ClientBody::from(body.into_bytes()))?).await?;
                (answer.status(), answer.into_body().collect().await?.to_bytes())
            }
        };
        anyhow::ensure!(status.is_success(), "{uri}: {status}, {}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    /// Creates objects with these numbers, one after the other.
    ///
    /// # Errors
    /// One that is refused.
    pub async fn create(&self, resource: Resource, numbers: Range<usize>) -> anyhow::Result<()> {
        for number in numbers {
            self.create_one(resource, number).await?;
            // Watchers are told what has happened, as they are where they run on threads of their own.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Creates objects with these numbers, `clients` at a time.
    ///
    /// # Errors
    /// One that is refused.
    pub async fn create_together(&self, resource: Resource, count: usize, clients: usize) -> anyhow::Result<()> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut working = JoinSet::new();
        for _ in 0..clients {
            let (cluster, next) = (self.clone(), Arc::clone(&next));
            working.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return anyhow::Ok(());
                    }
                    cluster.create_one(resource, number).await?;
                }
            });
        }
        working.join_all().await.into_iter().collect()
    }

    async fn create_one(&self, resource: Resource, number: usize) -> anyhow::Result<()> {
        self.ask(Method::POST, &resource.path(), "application/json", resource.object(number, 0)).await.map(drop)
    }

    /// Deletes objects at once: they have no finalizers, and pods no grace.
    ///
    /// # Errors
    /// One that is refused.
    pub async fn delete(&self, resource: Resource, numbers: Range<usize>) -> anyhow::Result<()> {
        for number in numbers {
            let uri = format!("{}/{}?gracePeriodSeconds=0", resource.path(), name(number));
            self.ask(Method::DELETE, &uri, "application/json", String::new()).await?;
        }
        Ok(())
    }

    /// Applies objects with these numbers on the server's side. Another `turn` is another image.
    ///
    /// # Errors
    /// One that is refused.
    pub async fn apply(&self, resource: Resource, numbers: Range<usize>, turn: usize) -> anyhow::Result<()> {
        for number in numbers {
            let uri = format!("{}/{}?fieldManager=benches&force=true", resource.path(), name(number));
            self.ask(Method::PATCH, &uri, "application/apply-patch+yaml", resource.object(number, turn)).await?;
        }
        Ok(())
    }

    /// Lists everything in pages, and tells how many bytes that are. Only what leads to the next page is read of them.
    ///
    /// # Errors
    /// A refusal, or another number of objects than `count`.
    pub async fn list(&self, resource: Resource, count: usize, limit: usize) -> anyhow::Result<usize> {
        let (mut bytes, mut seen, mut left, mut token) = (0, 0, None, String::new());
        loop {
            let uri = format!("{}?limit={limit}&continue={token}", resource.path());
            let page = self.ask(Method::GET, &uri, "application/json", String::new()).await?;
            bytes += page.len();
            match text_after(&page, br#""continue":""#) {
                Some(next) => (token, seen) = (next, seen + limit),
                None => break,
            }
            left = text_after(&page, br#""remainingItemCount":"#);
        }
        // To count objects takes longer than to list them.
        seen += match left {
            Some(left) => left.parse::<usize>()?,
            None => count,
        };
        anyhow::ensure!(seen == count, "{seen} of {count} objects");
        Ok(bytes)
    }

    /// How many bytes an object has as it is sent.
    ///
    /// # Errors
    /// One that is not there.
    pub async fn size(&self, resource: Resource, number: usize) -> anyhow::Result<usize> {
        let uri = format!("{}/{}", resource.path(), name(number));
        Ok(self.ask(Method::GET, &uri, "application/json", String::new()).await?.len())
    }

    /// What a watch has to start from to be told of what comes and of nothing that is there.
    async fn revision(&self, resource: Resource) -> anyhow::Result<String> {
        let uri = format!("{}?limit=1", resource.path());
        let page = self.ask(Method::GET, &uri, "application/json", String::new()).await?;
        text_after(&page, br#""resourceVersion":""#).context("a list without a version")
    }

    async fn pieces(&self, resource: Resource, query: &str) -> anyhow::Result<Pieces> {
        let request = Request::get(format!("{}?watch=true{query}", resource.path()));
        let pieces = match &self.0 {
            Way::Direct(server) => {
                Pieces::Direct(server.clone().oneshot(request.body(Full::new(Bytes::new()))?).await?.into_body())
            }
            Way::Client(client) => Pieces::Client(client.send(request.body(ClientBody::empty())?).await?.into_body()),
        };
        Ok(pieces)
    }

    /// Connects so many watchers, each of which reads until it has been told of `events` events.
    ///
    /// # Errors
    /// A watch that is refused.
    pub async fn watchers(&self, resource: Resource, watchers: usize, events: usize) -> anyhow::Result<Watchers> {
        let query = format!("&resourceVersion={}", self.revision(resource).await?);
        self.watching(resource, &query, watchers, events).await
    }

    /// Connects a watcher that is told of everything that is there, and reads it.
    ///
    /// # Errors
    /// A watch that is refused or ends.
    pub async fn initial(&self, resource: Resource, count: usize) -> anyhow::Result<()> {
        let query = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        self.watching(resource, query, 1, count + 1).await?.done().await
    }

    async fn watching(
        &self,
        resource: Resource,
        query: &str,
        watchers: usize,
        events: usize,
    ) -> anyhow::Result<Watchers> {
        let mut tasks = Vec::with_capacity(watchers);
        for _ in 0..watchers {
            tasks.push(tokio::spawn(read(self.pieces(resource, query).await?, events)));
        }
        Ok(Watchers { tasks })
    }

    /// Connects a watcher that never reads.
    ///
    /// # Errors
    /// A watch that is refused.
    pub async fn idler(&self, resource: Resource) -> anyhow::Result<Idler> {
        let query = format!("&resourceVersion={}", self.revision(resource).await?);
        Ok(Idler(self.pieces(resource, &query).await?))
    }
}

impl Watchers {
    /// Waits until all of them have been told.
    ///
    /// # Errors
    /// One that has not been told in time.
    pub async fn done(self) -> anyhow::Result<()> {
        for task in self.tasks {
            tokio::time::timeout(PATIENCE, task).await.context("a watcher has not been told everything")???;
        }
        Ok(())
    }
}

/// Counts lines: each is one event.
async fn read(pieces: Pieces, events: usize) -> anyhow::Result<()> {
    let pieces = match pieces {
        Pieces::Direct(body) => Either::Left(body.into_data_stream().map(|piece| piece.map_err(anyhow::Error::from))),
        Pieces::Client(body) => Either::Right(body.into_data_stream().map(|piece| piece.map_err(anyhow::Error::from))),
    };
    let (mut pieces, mut seen) = (pin!(pieces), 0);
    while seen < events {
        let piece = pieces.next().await.context("a watch that ends")??;
        anyhow::ensure!(!piece.starts_with(br#"{"type":"ERROR""#), "{}", String::from_utf8_lossy(&piece));
        // Each event is a line.
        seen += piece.split(|byte| *byte == b'\n').count() - 1;
    }
    Ok(())
}

impl Resource {
    fn path(self) -> String {
        match self {
            Self::Pods => format!("/api/v1/namespaces/{NAMESPACE}/pods"),
            Self::Deployments => format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments"),
        }
    }

    /// An object as its writer sends it.
    fn object(self, number: usize, turn: usize) -> String {
        let labels = json!({ "app": format!("app-{}", number % 100), "tier": "backend" });
        let container = json!({
            "name": "main",
            "image": format!("registry.example.com/team/service:1.{turn}"),
            "args": ["--listen=0.0.0.0:8080", "--verbose"],
            "env": [{ "name": "NUMBER", "value": number.to_string() }, { "name": "REGION", "value": "somewhere" }],
            "ports": [{ "name": "http", "containerPort": 8080 }],
            "resources": { "requests": { "cpu": "100m", "memory": "128Mi" }, "limits": { "memory": "256Mi" } },
            "volumeMounts": [{ "name": "scratch", "mountPath": "/scratch" }],
        });
        let spec = json!({ "containers": [container], "volumes": [{ "name": "scratch", "emptyDir": {} }] });
        let metadata = json!({ "name": name(number), "labels": labels });
        let object: Value = match self {
            Self::Pods => json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec }),
            Self::Deployments => json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": metadata,
                "spec": {
                    "replicas": 2,
                    "selector": { "matchLabels": labels },
                    "template": { "metadata": { "labels": labels }, "spec": spec },
                },
            }),
        };
        object.to_string()
    }
}

/// Names spread over the alphabet, as generated ones do: a prime step visits them in no order that they are kept in.
fn name(number: usize) -> String {
    format!("service-{:06}-{number}", number.wrapping_mul(7_919) % 1_000_000)
}

/// The text or number that stands behind `pattern`, near the beginning.
fn text_after(bytes: &[u8], pattern: &[u8]) -> Option<String> {
    let head = bytes.get(..2048.min(bytes.len()))?;
    let start = head.windows(pattern.len()).position(|window| window == pattern)? + pattern.len();
    let length = head[start..].iter().position(|byte| matches!(byte, b'"' | b',' | b'}'))?;
    Some(String::from_utf8_lossy(&head[start..start + length]).into_owned())
}

/// How long something takes.
///
/// # Errors
/// Its own.
pub async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    work.await?;
    Ok(began.elapsed())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Resource::Pods)]
    #[case(Resource::Deployments)]
    #[tokio::test]
    async fn both_ways_do_the_same(#[case] resource: Resource) {
        let mut sizes = Vec::new();
        for cluster in [Cluster::direct().await.unwrap(), Cluster::within_client().await.unwrap()] {
            let watchers = cluster.watchers(resource, 2, 12).await.unwrap();
            cluster.create(resource, 0..12).await.unwrap();
            watchers.done().await.unwrap();
            let all = cluster.list(resource, 12, 5).await.unwrap();
            assert!(all > 12 * 1024, "{all} bytes of objects");
            assert!(cluster.list(resource, 11, 5).await.is_err());
            cluster.initial(resource, 12).await.unwrap();
            cluster.apply(resource, 3..5, 1).await.unwrap();
            cluster.delete(resource, 0..2).await.unwrap();
            cluster.list(resource, 10, 3).await.unwrap();
            assert!(cluster.create(resource, 5..6).await.is_err(), "it is there");
            cluster.create_together(resource, 2, 2).await.unwrap();
            cluster.list(resource, 12, 0).await.unwrap();
            sizes.push(cluster.size(resource, 7).await.unwrap());
        }
        assert_eq!(sizes[0], sizes[1]);
    }

    #[test]
    fn names_differ() {
        let names: std::collections::BTreeSet<_> = (0..10_000).map(name).collect();
        assert_eq!(names.len(), 10_000);
    }
}
