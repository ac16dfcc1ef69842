//! Asks the API server.

use anyhow::{Context, Result};
use reqwest::StatusCode;
use serde_json::Value;

pub(crate) struct Server {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Server {
    pub(crate) fn new(url: String, token: String, any_certificate: bool) -> Result<Self> {
        let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(any_certificate).build()?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), token })
    }

    async fn send(&self, path: &str, accept: &str) -> Result<reqwest::Response> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token).header("accept", accept);
        request.send().await.with_context(|| format!("asking for {path}"))
    }

    /// The JSON at `path`.
    pub(crate) async fn get(&self, path: &str, accept: &str) -> Result<Value> {
        let answer = self.send(path, accept).await?.error_for_status()?;
        answer.json().await.with_context(|| format!("reading {path}"))
    }

    /// Whether a list can be asked for; `false` if the server finds the request wrong.
    pub(crate) async fn accepts(&self, path: &str) -> Result<bool> {
        let answer = self.send(path, "application/json").await?;
        if answer.status() == StatusCode::BAD_REQUEST {
            return Ok(false);
        }
        answer.error_for_status()?;
        Ok(true)
    }
}
