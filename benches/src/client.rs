//! Asks the server, without a socket between.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Request, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::documents::Document;
use crate::samples::middle;

/// Somebody with a bearer token.
#[derive(Clone)]
pub struct Client {
    router: Router,
    authorization: HeaderValue,
}

/// How long some requests took.
#[derive(Clone, Copy, Debug)]
pub struct Paced {
    /// The request in the middle.
    pub middle: Duration,
    /// Requests in a second, one after the other.
    pub per_second: f64,
}

impl Client {
    pub(crate) fn new(router: Router, token: &SecretString) -> anyhow::Result<Self> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))?;
        authorization.set_sensitive(true);
        Ok(Self { router, authorization })
    }

    /// Asks, and makes sure that the answer is the one that shall be measured.
    ///
    /// # Errors
    /// An answer that does not prove it.
    pub async fn prove(&self, document: &Document) -> anyhow::Result<()> {
        let (status, body) = self.ask(document).await?;
        let answer: Value = serde_json::from_slice(&body).context("an answer that is no JSON")?;
        anyhow::ensure!(document.is_proved_by(&answer), "{}: {status} {answer}", document.name());
        Ok(())
    }

    /// Asks, and reads the answer.
    ///
    /// # Errors
    /// A request that cannot be made, an answer that breaks off.
    pub async fn ask(&self, document: &Document) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = Request::post("/api/graphql")
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, self.authorization.clone())
            .body(Body::from(document.body().clone()))?;
        let answer = self.router.clone().oneshot(request).await?;
        let status = answer.status();
        Ok((status, to_bytes(answer.into_body(), usize::MAX).await?))
    }

    /// How long one request takes, to the last byte of the answer.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn time(&self, document: &Document) -> anyhow::Result<Duration> {
        let began = Instant::now();
        self.ask(document).await?;
        Ok(began.elapsed())
    }

    /// Asks `requests` times, one after the other.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn pace(&self, document: &Document, requests: u32) -> anyhow::Result<Paced> {
        let mut durations = Vec::new();
        let began = Instant::now();
        for _ in 0..requests {
            durations.push(self.time(document).await?);
        }
        let per_second = f64::from(requests) / began.elapsed().as_secs_f64();
        Ok(Paced { middle: middle(&mut durations), per_second })
    }
}
