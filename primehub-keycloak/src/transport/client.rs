//! Sending calls: time limits, repeats, bounded numbers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{AUTHORIZATION, LOCATION, RETRY_AFTER};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::failure::{Failure, pauses};
use super::http_client::http_client;
use super::metrics::Purpose;
use super::outage::Outage;
use super::places::Places;
use super::{Answer, Body, Call, CallError, Class, KeycloakMetrics, Refusal};
use crate::settings::{InvalidSettings, KeycloakSettings};

/// The part of its time limit that a call must still have when its turn comes.
const NEEDED: f64 = 0.1;

/// Sends calls to one Keycloak. Clones share connections, limits and metrics.
#[derive(Clone)]
pub(crate) struct Transport {
    http: reqwest::Client,
    settings: Arc<KeycloakSettings>,
    places: Arc<Places>,
    outage: Arc<Outage>,
    metrics: KeycloakMetrics,
    purpose: Purpose,
}

impl Transport {
    pub(crate) fn new(settings: Arc<KeycloakSettings>, metrics: KeycloakMetrics) -> Result<Self, InvalidSettings> {
        settings.check()?;
        Ok(Self {
            http: http_client(&settings)?,
            places: Arc::new(Places::new(&settings.patience)),
            outage: Arc::new(Outage::new()),
            settings,
            metrics,
            purpose: Purpose::Request,
        })
    }

    /// The same, for calls that nobody asks for.
    pub(crate) fn for_upkeep(&self) -> Self {
        Self { purpose: Purpose::Upkeep, ..self.clone() }
    }

    pub(crate) fn settings(&self) -> &KeycloakSettings {
        &self.settings
    }

    pub(crate) fn metrics(&self) -> &KeycloakMetrics {
        &self.metrics
    }

    /// When a call that begins now must have its answer.
    pub(crate) fn deadline(&self, class: Class) -> Instant {
        Instant::now() + self.limit(class)
    }

    fn limit(&self, class: Class) -> Duration {
        let patience = self.settings.patience;
        match class {
            Class::Token | Class::Public => patience.token,
            Class::Read | Class::Idempotent | Class::Write => patience.admin,
            Class::Page => patience.page,
            Class::Mail => patience.mail,
        }
    }

    /// Sends a call with `bearer` as its token, within its time limit.
    pub(crate) async fn send(&self, call: &Call<'_>, bearer: Option<&SecretString>) -> Result<Answer, CallError> {
        self.send_before(call, bearer, self.deadline(call.kind.class)).await
    }

    /// Sends a call that must have its answer by `deadline`: waiting for its turn and repeats included. During an outage most calls fail at
    /// once, with the cause of the outage.
    pub(crate) async fn send_before(
        &self,
        call: &Call<'_>,
        bearer: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<Answer, CallError> {
        let kind = call.kind;
        if let Err(cause) = self.outage.admit() {
            self.metrics.held_back(kind.name);
            return Err(CallError::Unavailable { call: kind.name, cause });
        }
        let running = self.metrics.began(kind.name, self.purpose);
        let span = tracing::debug_span!("keycloak", call = kind.name);
        let result = self.repeated(call, bearer, deadline).instrument(span).await;
        running.ended(label(&result));
        result
    }

    async fn repeated(
        &self,
        call: &Call<'_>,
        bearer: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<Answer, CallError> {
        let kind = call.kind;
        let began = Instant::now();
        let mut pauses = pauses();
        let mut unclear = false;
        loop {
            let failure = match self.attempt(call, bearer, deadline).await {
                Ok(answer) => {
                    self.outage.answered();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            let deleted = unclear && call.method == Method::DELETE;
            match &failure {
                // The attempt before this one did what it should.
                Failure::Refused(refusal) if deleted && refusal.is_absent() => {
                    return Ok(Answer::new(kind, None, Bytes::new()));
                }
                Failure::Refused(_) => self.outage.answered(),
                Failure::NotSent(_) => {}
                // It is the mail server that such a call waits for.
                Failure::Unclear(_) if kind.class == Class::Mail => {}
                Failure::NotArrived(cause, _) | Failure::Unclear(cause) => self.outage.failed(began, cause),
            }
            let pause = pauses.next().filter(|_| failure.may_be_repeated(kind.class));
            let pause = pause.map(|pause| failure.pause(pause));
            match pause.filter(|pause| Instant::now() + *pause < deadline) {
                None => return Err(failure.into_error(kind, unclear)),
                Some(pause) => {
                    tracing::debug!(cause = failure.cause(), "sent again");
                    self.metrics.repeated(kind.name);
                    unclear |= matches!(failure, Failure::Unclear(_));
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn attempt(
        &self,
        call: &Call<'_>,
        bearer: Option<&SecretString>,
        deadline: Instant,
    ) -> Result<Answer, Failure> {
        let request = self.request(call, bearer)?;
        let class = call.kind.class;
        let _place = if let Some(place) = self.places.free(class, self.purpose) {
            place
        } else {
            let what = if class == Class::Mail { "e-mails" } else { "calls" };
            let busy = || Failure::NotSent(format!("too many {what} are under way"));
            let waiting = timeout_at(deadline, self.places.wait(class, self.purpose));
            let place = waiting.await.ok().flatten().ok_or_else(busy)?;
            if let Some(cause) = self.outage.known() {
                return Err(Failure::NotSent(cause));
            }
            // A call that would hardly be answered in time is better not begun.
            if deadline.duration_since(Instant::now()) < self.limit(class).mul_f64(NEEDED) {
                return Err(busy());
            }
            place
        };
        let now = Instant::now();
        if now >= deadline {
            return Err(Failure::NotSent("there is no time left for it".to_owned()));
        }
        timeout_at(deadline, self.exchange(call, request)).await.unwrap_or_else(|_| {
            Err(Failure::Unclear(format!("no answer within {} ms", deadline.duration_since(now).as_millis())))
        })
    }

    fn request(&self, call: &Call<'_>, bearer: Option<&SecretString>) -> Result<reqwest::RequestBuilder, Failure> {
        let segments: Vec<&str> = call.path.iter().map(AsRef::as_ref).collect();
        if !segments.iter().all(|segment| travels(segment)) {
            return Err(Failure::Refused(Box::new(Refusal::unaddressable(call.kind))));
        }
        let mut url = self.settings.url(&segments);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self.http.request(call.method.clone(), url);
        if let Some(token) = bearer {
            let mut value = http::HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
                .map_err(|_| Failure::NotSent("the token cannot stand in a header".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        Ok(match &call.body {
            Body::Nothing => request,
            Body::Json(body) => request.json(body),
            Body::Form(fields) => {
                let exposed: Vec<_> = fields.iter().map(|(name, value)| (name, value.expose_secret())).collect();
                request.form(&exposed)
            }
        })
    }

    async fn exchange(&self, call: &Call<'_>, request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
        let response = request.send().await.map_err(Failure::of_transfer)?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
        let retry_after = header(RETRY_AFTER).and_then(|value| value.parse().ok()).map(Duration::from_secs);
        let location = header(LOCATION).map(ToOwned::to_owned);
        let body = response.bytes().await.map_err(Failure::of_transfer)?;
        match status {
            200..300 => Ok(Answer::new(call.kind, location, body)),
            _ => Err(Failure::of_status(call.kind, status, retry_after, &body)),
        }
    }
}

/// Whether a segment reaches Keycloak as it is. Dots and nothing would make the call be about something else.
pub(super) fn travels(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
}

fn label(result: &Result<Answer, CallError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(CallError::Refused(_) | CallError::Unreadable { .. }) => "refused",
        Err(CallError::Unavailable { .. }) => "unavailable",
        Err(CallError::Unknown { .. }) => "unknown",
    }
}
