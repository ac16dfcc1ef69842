//! What a case works with.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use kube::Client;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{Answer, Call, Failure};

/// How long something may take that happens by and by. The real garbage collector learns of new kinds every half a minute.
const EVENTUALLY: Duration = Duration::from_secs(90);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A Kubernetes API, and what a case has made on it.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    other: Option<Client>,
    /// Paths of what has to go when the case is over.
    leftovers: Arc<Mutex<Vec<String>>>,
}

impl Cluster {
    /// The API behind a client that may do everything.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, other: None, leftovers: Arc::default() }
    }

    /// The same, with the client of a user without rights.
    #[must_use]
    pub fn with_other(mut self, other: Client) -> Self {
        self.other = Some(other);
        self
    }

    /// The client that may do everything.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The API as a user without rights sees it.
    ///
    /// # Errors
    /// When there is only one user.
    pub fn other(&self) -> Result<Self, Failure> {
        let client = self.other.clone().ok_or(Failure::DoesNotArise("there is only one user"))?;
        Ok(Self { client, ..self.clone() })
    }

    /// A name that nothing else has: up to 40 characters of `stem`, and 10 others.
    #[must_use]
    pub fn unique(&self, stem: &str) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        format!("{}-c{}", &stem[..stem.len().min(40)], &id[..8])
    }

    /// A new namespace, which ends with the case. The real controllers put a config map and a service account into each.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn namespace(&self) -> Result<String, Failure> {
        let name = self.unique("ns");
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.create("/api/v1/namespaces", &body).await?.expect(201)?;
        self.delete_afterwards(format!("/api/v1/namespaces/{name}"));
        Ok(name)
    }

    /// Deletes the object at this path when the case is over.
    pub fn delete_afterwards(&self, path: impl Into<String>) {
        self.leftovers.lock().unwrap_or_else(PoisonError::into_inner).push(path.into());
    }

    /// Deletes what the case has left. That something is gone already is fine.
    pub(crate) async fn tidy(&self) -> Result<(), Failure> {
        let leftovers = std::mem::take(&mut *self.leftovers.lock().unwrap_or_else(PoisonError::into_inner));
        for path in leftovers.into_iter().rev() {
            let answer = self.delete(&path).await?;
            // 409: a namespace that is ending already.
            if ![200, 202, 404, 409].contains(&answer.code) {
                return Err(Failure::broken(format_args!("{path} stays: {}", answer.text())));
            }
        }
        Ok(())
    }

    /// A request to be completed.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call {
        Call::new(self.client(), method, path)
    }

    /// Starts a GET, also for [`Call::watch`].
    pub fn read(&self, path: impl Into<String>) -> Call {
        self.call(Method::GET, path)
    }

    /// Sends a GET.
    ///
    /// # Errors
    /// When there is no complete answer; as with the other methods.
    pub async fn get(&self, path: impl Into<String>) -> Result<Answer, Failure> {
        self.read(path).send().await
    }

    /// Sends a POST.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn create(&self, path: impl Into<String>, object: &Value) -> Result<Answer, Failure> {
        self.call(Method::POST, path).json(object).send().await
    }

    /// Sends a PUT.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn replace(&self, path: impl Into<String>, object: &Value) -> Result<Answer, Failure> {
        self.call(Method::PUT, path).json(object).send().await
    }

    /// Sends a PATCH of a media type, such as [`MERGE_PATCH`](crate::MERGE_PATCH).
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn patch(&self, path: impl Into<String>, kind: &str, body: &Value) -> Result<Answer, Failure> {
        self.call(Method::PATCH, path).body(kind, body.to_string()).send().await
    }

    /// Sends a DELETE without options.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn delete(&self, path: impl Into<String>) -> Result<Answer, Failure> {
        self.call(Method::DELETE, path).send().await
    }

    /// Sends a DELETE with options as its body.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn delete_with(&self, path: impl Into<String>, options: &Value) -> Result<Answer, Failure> {
        self.call(Method::DELETE, path).json(options).send().await
    }

    /// Asks until the answer is there.
    ///
    /// # Errors
    /// When it does not come in 90 seconds, or asking fails.
    pub async fn eventually<T, F>(&self, what: impl fmt::Display + Send, ask: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<Option<T>, Failure>>,
    {
        let deadline = Instant::now() + EVENTUALLY;
        loop {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                return Err(Failure::broken(format_args!("not in time: {what}")));
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Asks for a path until it is not found any more.
    ///
    /// # Errors
    /// When it does not go in 90 seconds.
    pub async fn gone(&self, path: &str) -> Result<(), Failure> {
        let ask = || async { Ok((self.get(path).await?.code == 404).then_some(())) };
        self.eventually(format!("{path} is gone"), ask).await
    }
}

/// Path of a resource in a namespace; the version is `v1` or `group/version`.
pub(crate) fn path(version: &str, namespace: &str, resource: &str) -> String {
    let root = if version.contains('/') { "apis" } else { "api" };
    format!("/{root}/{version}/namespaces/{namespace}/{resource}")
}
