//! The GraphQL endpoint: a request in, an answer out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::Executor;
use async_graphql::parser::types::OperationType;
use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::LengthLimitError;
use jiff::Timestamp;
use primehub_core::access::Caller;
use tracing::Instrument as _;

use super::admission::{Admission, Place, Share};
use super::body::{Format, Operations, from_query_string};
use super::limits::Limits;
use super::metrics::{Ended, Kind, RequestMetrics};
use super::operation::{Outcome, Prepared, RequestErrors, finish, prepare};
use super::rate_limit::Client;
use super::refusal::{Refusal, json_bytes};
use super::request_id::RequestId;
use crate::authentication::Authenticated;
use crate::error::{ApiError, Code};
use crate::request::{Budget, Request, Services};

/// Tells since when an answer may be out of date, because the identity provider cannot be reached.
const STALE: HeaderName = HeaderName::from_static("x-primehub-stale");
const NOT_CHANGED: &str = "the identity provider cannot be reached; nothing was changed";

/// Everything that answers GraphQL requests. Generic over the schema, so that its own behaviour can be tested with a small one.
pub(super) struct Endpoint<E> {
    services: Arc<Services>,
    schema: E,
    limits: Limits,
    introspection: bool,
    metrics: RequestMetrics,
    admission: Admission,
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
    places: (Option<Share>, Place),
}

/// A request that nobody has sent as GraphQL.
pub(super) struct OwnRequest {
    pub(super) request: Arc<Request>,
    /// Whether what it reads may be out of date.
    stale: bool,
}

impl<E: Executor> Endpoint<E> {
    pub(super) fn new(
        services: Arc<Services>,
        schema: E,
        limits: Limits,
        introspection: bool,
        metrics: RequestMetrics,
    ) -> Self {
        let admission = Admission::new(&limits);
        Self { services, schema, limits, introspection, metrics, admission }
    }

    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Waits until nothing runs any more.
    pub(super) async fn drained(&self) {
        self.admission.drained().await;
    }

    pub(super) fn update_metrics(&self) {
        self.metrics.running(self.admission.running());
        self.metrics.path_collisions(self.services.store.directory().path_collisions().count());
    }

    async fn answer(self: Arc<Self>, request: http::Request<Body>, kind: &mut Kind) -> Result<Answer, Refusal> {
        let (parts, body) = request.into_parts();
        let format =
            if parts.method == Method::POST { Some(Format::of(&parts.headers, body.is_end_stream())?) } else { None };
        let caller = self.services.authenticator.authenticate(&parts.headers, Client::of(&parts.extensions)).await?;
        // Only now: strangers must not take the room of those we know.
        let share = self.admission.share(&caller.caller)?;
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
        let place = self.admission.enter()?;
        // The body may have taken its time: the rights that count are those of now.
        let caller = self.services.authenticator.again(&caller.caller)?;
        if caller.stale_since.is_some() && *kind == Kind::Mutation {
            return Err(Refusal::unavailable(NOT_CHANGED));
        }
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned()).unwrap_or_default();
        let work = Work { operations, batch, caller, request_id, places: (share, place) };
        if *kind == Kind::Mutation {
            return self.carry_out(work).await;
        }
        Ok(self.run(work, *kind).await)
    }

    /// Carries out changes on their own, so that a client that goes away does not stop one half way.
    async fn carry_out(self: Arc<Self>, work: Work) -> Result<Answer, Refusal> {
        let time = self.limits.change_time;
        let running = tokio::time::timeout(time, self.run(work, Kind::Mutation));
        match tokio::spawn(running.in_current_span()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => {
                tracing::error!(time_ms = time.as_millis(), "a change did not come to an end and was given up");
                Err(outcome_unknown(time))
            }
            Err(_) => Err(Refusal::panicked()),
        }
    }

    /// A request of the platform itself, for what is offered without GraphQL to people who have no account yet.
    ///
    /// # Errors
    /// [`Code::ApiUnavailable`] when there is no picture to answer from.
    pub(super) fn own_request(&self, request_id: String) -> Result<OwnRequest, ApiError> {
        let Authenticated { caller, directory, stale_since } =
            self.services.authenticator.again(&Caller::SharedSecret)?;
        let stale = stale_since.is_some();
        let request = Request::new(self.services.clone(), caller, directory, request_id, Budget::default());
        Ok(OwnRequest { request, stale })
    }

    /// Carries out a change of the platform itself, as those that come as GraphQL are carried out: to its end, also when the client goes
    /// away, and waited for when the server stops.
    ///
    /// # Errors
    /// Those of `work`; [`Code::ApiUnavailable`] when there is too much to do, or no answer in time.
    pub(super) async fn change<T, F>(
        &self,
        own: OwnRequest,
        work: impl FnOnce(Arc<Request>) -> F,
    ) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        let place = self.admission.enter().map_err(|refusal| refusal.error)?;
        if own.stale {
            return Err(ApiError::new(Code::ApiUnavailable, NOT_CHANGED));
        }
        let time = self.limits.change_time;
        let running = tokio::time::timeout(time, work(own.request));
        let to_its_end = async move {
            let outcome = running.await;
            drop(place);
            outcome
        };
        match tokio::spawn(to_its_end.in_current_span()).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => {
                tracing::error!(time_ms = time.as_millis(), "a change did not come to an end and was given up");
                Err(outcome_unknown(time).error)
            }
            Err(_) => Err(Refusal::panicked().error),
        }
    }

    async fn run(self: Arc<Self>, work: Work, kind: Kind) -> Answer {
        let Work { operations, batch, caller, request_id, places } = work;
        let person = caller.caller.clone();
        let stale_since = caller.stale_since;
        let mut first = Some(caller);
        let mut outcomes = Vec::with_capacity(operations.len());
        // One after the other: an operation sees what the one before it has written, rights included.
        for prepared in operations {
            let outcome = match prepared {
                Err(errors) => Outcome::Refused(errors),
                Ok(prepared) => {
                    let caller = first.take().map_or_else(|| self.services.authenticator.again(&person), Ok);
                    match caller {
                        Err(error) => Outcome::Refused(ApiError::from(error).into()),
                        Ok(caller) => self.execute(prepared, caller, request_id.clone()).await,
                    }
                }
            };
            outcomes.push(outcome);
        }
        drop(places);
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

    async fn execute(&self, prepared: Prepared, caller: Authenticated, request_id: String) -> Outcome {
        if caller.stale_since.is_some() && prepared.kind == OperationType::Mutation {
            return Outcome::Refused(ApiError::new(Code::ApiUnavailable, NOT_CHANGED).into());
        }
        let budget = Budget::of_document(prepared.fields);
        let context = Request::new(self.services.clone(), caller.caller, caller.directory, request_id, budget);
        let (request, source) = prepared.into_parts();
        finish(self.schema.execute(request.data(context)).await, &source)
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
        Err(_) if kind == Kind::Mutation => refused(outcome_unknown(time), kind),
        Err(_) => refused(Refusal::unavailable(format!("no answer within {} ms", time.as_millis())), kind),
    };
    let Answer { response, kind, ended } = answer;
    endpoint.metrics.count(kind, ended, started.elapsed());
    tracing::debug!(operation = kind.label(), result = ended.label(), "a GraphQL request has ended");
    response
}

/// What is said of a change whose end is not waited for.
fn outcome_unknown(time: Duration) -> Refusal {
    let time = time.as_millis();
    Refusal::unavailable(format!(
        "no answer within {time} ms; the change may have been carried out: look before trying again"
    ))
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

pub(super) async fn read(body: Body, headers: &HeaderMap, limit: usize) -> Result<axum::body::Bytes, Refusal> {
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
        Outcome::Ran(response, _) if response.errors.is_empty() => (StatusCode::OK, Ended::Ok),
        Outcome::Ran(..) => (StatusCode::OK, Ended::FieldErrors),
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
        Outcome::Ran(response, _) => serde_json::to_vec(response),
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

/// One line for each code, however many errors there are, and without their texts, which may quote what somebody has typed.
fn log_errors(outcome: &Outcome) {
    for (code, count) in outcome.codes() {
        tracing::info!(code, count, "errors are answered");
    }
}

fn mark_stale(response: &mut Response, since: Option<Timestamp>) {
    if let Some(value) = since.and_then(|since| HeaderValue::from_str(&since.to_string()).ok()) {
        response.headers_mut().insert(STALE, value);
    }
}

#[cfg(test)]
mod tests;
