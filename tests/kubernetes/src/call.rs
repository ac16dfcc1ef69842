//! A request as it goes over the wire.

use std::time::Duration;

use http::request::Builder;
use http::{Method, Request};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::Value;
use tokio::time::timeout;

use crate::{Answer, Failure, Watch};

/// Media type of a JSON patch.
pub const JSON_PATCH: &str = "application/json-patch+json";
/// Media type of a merge patch.
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// Media type of a strategic merge patch.
pub const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
/// Media type of a server-side apply; JSON is YAML.
pub const APPLY: &str = "application/apply-patch+yaml";

/// How long an answer may take. The real server holds some back for three seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);

/// A request that can say what a typed one cannot.
#[must_use]
pub struct Call {
    client: Client,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    request: Builder,
    body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(client: Client, method: Method, path: impl Into<String>) -> Self {
        // Writes are owned by a manager named after the first part of the agent.
        let request = Request::builder().header("User-Agent", "conformance/1.0");
        Self { client, method, path: path.into(), query: Vec::new(), request, body: Vec::new() }
    }

    /// Adds an option to the URL.
    pub fn query(mut self, key: &str, value: impl Into<String>) -> Self {
        self.query.push((key.to_owned(), value.into()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Says which media type the answer should have.
    pub fn accept(self, media_type: &str) -> Self {
        self.header("Accept", media_type)
    }

    /// Takes JSON as the body.
    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// Takes any bytes as the body.
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", media_type)
    }

    /// Sends the request and reads the answer to its end.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn send(self) -> Result<Answer, Failure> {
        let (client, request) = self.request()?;
        let what = format!("{} {}", request.method(), request.uri());
        let exchange = async {
            let (parts, body) = client.send(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Answer::new(parts.status, parts.headers, body))
        };
        timeout(ANSWER_WITHIN, exchange)
            .await
            .unwrap_or_else(|_| Err(Failure::broken(format_args!("no answer: {what}"))))
    }

    /// Opens a watch: `watch=true` is added. A server whose storage is not ready yet (429) is asked again, as clients do.
    ///
    /// # Errors
    /// When the watch is refused.
    pub async fn watch(self) -> Result<Watch, Failure> {
        let (client, request) = self.query("watch", "true").request()?;
        let (parts, _) = request.into_parts();
        let open = async {
            loop {
                let response = client.send(Request::from_parts(parts.clone(), Body::empty())).await?;
                let (head, body) = response.into_parts();
                match head.status.as_u16() {
                    200 => return Ok(Watch::new(head.headers, body)),
                    429 => tokio::time::sleep(Duration::from_millis(100)).await,
                    _ => {
                        let answer = Answer::new(head.status, head.headers, body.collect().await?.to_bytes());
                        return Err(Failure::broken(format_args!("the watch is refused: {}", answer.text())));
                    }
                }
            }
        };
        timeout(ANSWER_WITHIN, open).await.unwrap_or_else(|_| Err(Failure::broken("the watch does not open")))
    }

    fn request(self) -> Result<(Client, Request<Body>), Failure> {
        let mut path = self.path;
        if !self.query.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&query);
        }
        Ok((self.client, self.request.method(self.method).uri(path).body(self.body.into())?))
    }
}
