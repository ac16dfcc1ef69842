//! The GraphQL endpoint: a request in, an answer out.

use std::sync::Arc;
use std::time::Instant;

use async_graphql::Executor;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::LengthLimitError;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{Instrument as _, Span};

use super::body::{Format, Operations, from_query_string};
use super::limits::Limits;
use super::metrics::{Ended, Kind, RequestMetrics};
use super::operation::{Outcome, Prepared, RequestErrors, finish, prepare};
use super::refusal::{Refusal, json_bytes};
use super::request_id::RequestId;
use crate::authentication::Authenticated;
use crate::request::{Request, Services};

/// Tells since when an answer may be out of date, because the identity provider cannot be reached.
const STALE: HeaderName = HeaderName::from_static("x-primehub-stale");

/// Everything that answers GraphQL requests. Generic over the schema, so that its own behaviour can be tested with a small one.
pub(super) struct Endpoint<E> {
    services: Arc<Services>,
    schema: E,
    limits: Limits,
    introspection: bool,
    metrics: RequestMetrics,
    running: Arc<Semaphore>,
}

/// One request on its way.
struct Answer {
    response: Response,
    kind: Kind,
    ended: Ended,
}

/// A checked request, ready to run on its own.
struct Work {
    operations: Vec<Result<Prepared, RequestErrors>>,
    batch: bool,
    caller: Authenticated,
    request_id: String,
    permit: OwnedSemaphorePermit,
}

impl<E: Executor> Endpoint<E> {
    pub(super) fn new(
        services: Arc<Services>,
        schema: E,
        limits: Limits,
        introspection: bool,
        metrics: RequestMetrics,
    ) -> Self {
        let running = Arc::new(Semaphore::new(limits.concurrent_requests.min(Semaphore::MAX_PERMITS)));
        Self { services, schema, limits, introspection, metrics, running }
    }

    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    /// Waits until nothing runs any more.
    pub(super) async fn drained(&self) {
        let all = self.capacity().try_into().unwrap_or(u32::MAX);
        // Fails only when closed, which never happens; then there would be nothing to wait for.
        drop(self.running.acquire_many(all).await);
    }

    pub(super) fn update_metrics(&self) {
        self.metrics.running(self.capacity().saturating_sub(self.running.available_permits()));
    }

    fn capacity(&self) -> usize {
        self.limits.concurrent_requests.min(Semaphore::MAX_PERMITS)
    }

    async fn answer(self: Arc<Self>, request: http::Request<Body>, kind: &mut Kind) -> Result<Answer, Refusal> {
        let (parts, body) = request.into_parts();
        let format = if parts.method == Method::POST { Some(Format::of(&parts.headers)?) } else { None };
        let caller = self.services.authenticator.authenticate(&parts.headers).await?;
        // Only now: strangers must not take the room of those we know.
        let permit = self.running.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Refusal::unavailable("too many requests at once; try again in a moment"))?;
        let operations = match format {
            Some(format) => format.read(&read(body, &parts.headers, self.limits.body_bytes).await?, &self.limits)?,
            None => Operations::One(from_query_string(parts.uri.query())?),
        };
        let (operations, batch) = match operations {
            Operations::One(one) => (vec![one], false),
            Operations::Batch(all) => (all, true),
        };
        let operations: Vec<_> =
            operations.into_iter().map(|one| prepare(one, &self.limits, self.introspection)).collect();
        *kind = operations.iter().flatten().fold(Kind::Unknown, |kind, one| kind.with(one.kind));
        if format.is_none() && *kind == Kind::Mutation {
            return Err(Refusal::method_not_allowed("GET supports only queries"));
        }
        if caller.stale_since.is_some() && *kind == Kind::Mutation {
            return Err(Refusal::unavailable("the identity provider cannot be reached; nothing was changed"));
        }
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let work = Work { operations, batch, caller, request_id, permit };
        if *kind == Kind::Mutation {
            // On its own, so that a client that goes away does not stop a change half way.
            let running = tokio::spawn(self.run(work, *kind).instrument(Span::current()));
            return running.await.map_err(|error| {
                tracing::error!(%error, "an operation has panicked");
                Refusal::internal()
            });
        }
        Ok(self.run(work, *kind).await)
    }

    async fn run(self: Arc<Self>, work: Work, kind: Kind) -> Answer {
        let Work { operations, batch, caller, request_id, permit } = work;
        let Authenticated { caller, directory, stale_since } = caller;
        let mut picture = Some(directory);
        let mut outcomes = Vec::with_capacity(operations.len());
        // One after the other: an operation sees what the one before it has written.
        for prepared in operations {
            let outcome = match prepared {
                Err(errors) => Outcome::Refused(errors),
                Ok(prepared) => {
                    let directory = picture.take().unwrap_or_else(|| self.services.store.directory());
                    let context = Request::new(self.services.clone(), caller.clone(), directory, request_id.clone());
                    let (request, query) = prepared.into_parts();
                    finish(self.schema.execute(request.data(context)).await, &query)
                }
            };
            outcomes.push(outcome);
        }
        drop(permit);
        outcomes.iter().for_each(log_errors);
        let (status, ended) =
            if batch { batch_result(&outcomes) } else { outcomes.first().map_or((StatusCode::OK, Ended::Ok), result) };
        let body =
            if batch { serialize_all(&outcomes) } else { outcomes.first().map_or_else(|| Ok(Vec::new()), serialize) };
        let Ok(body) = body else {
            tracing::error!("an answer cannot be written as JSON");
            return Answer { response: Refusal::internal().into_response(), kind, ended: Ended::Failed };
        };
        let mut response = (status, json_bytes(body)).into_response();
        mark_stale(&mut response, stale_since);
        Answer { response, kind, ended }
    }
}

/// Answers one request within its time.
pub(super) async fn graphql<E: Executor>(
    State(endpoint): State<Arc<Endpoint<E>>>,
    request: http::Request<Body>,
) -> Response {
    let started = Instant::now();
    let mut kind = Kind::Unknown;
    let time = endpoint.limits.time;
    let answer = match tokio::time::timeout(time, endpoint.clone().answer(request, &mut kind)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => refused(refusal, kind),
        Err(_) => {
            let message = format!("no answer within {} ms; a change may still be carried out", time.as_millis());
            refused(Refusal::unavailable(message), kind)
        }
    };
    let Answer { response, kind, ended } = answer;
    endpoint.metrics.count(kind, ended, started.elapsed());
    tracing::debug!(operation = kind.label(), result = ended.label(), "a GraphQL request has ended");
    response
}

fn refused(refusal: Refusal, kind: Kind) -> Answer {
    let ended = match refusal.status {
        StatusCode::UNAUTHORIZED => Ended::Unauthenticated,
        StatusCode::SERVICE_UNAVAILABLE => Ended::Unavailable,
        status if status.is_server_error() => Ended::Failed,
        _ => Ended::Refused,
    };
    Answer { response: refusal.into_response(), kind, ended }
}

async fn read(body: Body, headers: &HeaderMap, limit: usize) -> Result<axum::body::Bytes, Refusal> {
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Refusal::too_large());
    }
    to_bytes(body, limit).await.map_err(|error| {
        let too_large = std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<LengthLimitError>);
        if too_large { Refusal::too_large() } else { Refusal::malformed("the body cannot be read") }
    })
}

/// Errors of single fields leave the status alone: clients recognise errors by the key, and have the rest of the data.
fn result(outcome: &Outcome) -> (StatusCode, Ended) {
    match outcome {
        Outcome::Ran(response) if response.errors.is_empty() => (StatusCode::OK, Ended::Ok),
        Outcome::Ran(_) => (StatusCode::OK, Ended::FieldErrors),
        Outcome::Refused(_) => (StatusCode::BAD_REQUEST, Ended::Refused),
    }
}

/// A batch as a whole is always answered; each of its answers says for itself how it went.
fn batch_result(outcomes: &[Outcome]) -> (StatusCode, Ended) {
    let ended =
        if outcomes.iter().all(|outcome| result(outcome).1 == Ended::Ok) { Ended::Ok } else { Ended::FieldErrors };
    (StatusCode::OK, ended)
}

fn serialize(outcome: &Outcome) -> serde_json::Result<Vec<u8>> {
    match outcome {
        Outcome::Ran(response) => serde_json::to_vec(response),
        Outcome::Refused(errors) => serde_json::to_vec(errors),
    }
}

fn serialize_all(outcomes: &[Outcome]) -> serde_json::Result<Vec<u8>> {
    let mut all = vec![b'['];
    for (position, outcome) in outcomes.iter().enumerate() {
        if position > 0 {
            all.push(b',');
        }
        all.append(&mut serialize(outcome)?);
    }
    all.push(b']');
    Ok(all)
}

/// One line for each error, without its text, which may quote what somebody has typed.
fn log_errors(outcome: &Outcome) {
    for error in outcome.errors() {
        let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code")).map(ToString::to_string);
        tracing::info!(code, path = ?error.path, "an error is answered");
    }
}

fn mark_stale(response: &mut Response, since: Option<Timestamp>) {
    if let Some(value) = since.and_then(|since| HeaderValue::from_str(&since.to_string()).ok()) {
        response.headers_mut().insert(STALE, value);
    }
}

#[cfg(test)]
mod tests;
