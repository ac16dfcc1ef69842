//! Sending calls: time limits, repeats, bounded numbers.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::{Body, Call, CallError, Class, KeycloakMetrics, Kind, Refusal};
use crate::settings::{InvalidSettings, KeycloakSettings};

/// How often a call is sent at most.
const ATTEMPTS: usize = 3;

/// Sends calls to one Keycloak. Clones share connections, limits and metrics.
#[derive(Clone)]
pub(crate) struct Transport {
    http: reqwest::Client,
    settings: Arc<KeycloakSettings>,
    calls: Arc<Semaphore>,
    pages: Arc<Semaphore>,
    metrics: KeycloakMetrics,
}

/// An answer that is not a refusal.
#[derive(Debug)]
pub(crate) struct Answer {
    call: &'static str,
    location: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads the body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| CallError::Unreadable { call: self.call, cause: error.to_string() })
    }

    /// The id of what was created: the last segment of `Location`.
    pub(crate) fn created_id(&self) -> Result<&str, CallError> {
        let id = self.location.as_deref().and_then(|location| location.rsplit('/').next());
        id.filter(|id| !id.is_empty())
            .ok_or_else(|| CallError::Unreadable { call: self.call, cause: "no id in the header Location".into() })
    }
}

/// What became of one attempt.
enum Failure {
    /// It has certainly not been carried out.
    NotArrived(String, Option<Duration>),
    /// It may have been.
    Unclear(String),
    Refused(Box<Refusal>),
}

impl Transport {
    pub(crate) fn new(settings: Arc<KeycloakSettings>, metrics: KeycloakMetrics) -> Result<Self, InvalidSettings> {
        settings.check()?;
        let patience = settings.patience;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(patience.connect)
            .pool_max_idle_per_host(patience.idle_connections)
            .pool_idle_timeout(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if !settings.extra_authorities.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(&settings.extra_authorities);
            builder = builder.tls_certs_merge(certificates.map_err(InvalidSettings::Authorities)?);
        }
        if let Some(proxy) = &settings.proxy {
            let proxy = reqwest::Proxy::all(proxy.clone()).map_err(InvalidSettings::Proxy)?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&settings.no_proxy)));
        }
        Ok(Self {
            http: builder.build().map_err(InvalidSettings::Client)?,
            calls: Arc::new(Semaphore::new(patience.calls)),
            pages: Arc::new(Semaphore::new(patience.bulk_reads)),
            settings,
            metrics,
        })
    }

    pub(crate) fn settings(&self) -> &KeycloakSettings {
        &self.settings
    }

    pub(crate) fn metrics(&self) -> &KeycloakMetrics {
        &self.metrics
    }

    /// Sends a call with `bearer` as its token, within its time limit.
    pub(crate) async fn send(&self, call: &Call<'_>, bearer: Option<&SecretString>) -> Result<Answer, CallError> {
        let kind = call.kind;
        let limit = self.time_limit(kind.class);
        let began = Instant::now();
        self.metrics.began();
        let span = tracing::debug_span!("keycloak", call = kind.name);
        let result = tokio::time::timeout(limit, self.repeated(call, bearer)).instrument(span).await;
        let cause = || format!("no answer within {} ms", limit.as_millis());
        let result = result.unwrap_or_else(|_| match kind.class {
            Class::Read | Class::Page => Err(CallError::Unavailable { call: kind.name, cause: cause() }),
            Class::Token | Class::Idempotent | Class::Write | Class::Mail => {
                Err(CallError::Unknown { call: kind.name, cause: cause() })
            }
        });
        self.metrics.ended(kind.name, label(&result), began.elapsed());
        result
    }

    async fn repeated(&self, call: &Call<'_>, bearer: Option<&SecretString>) -> Result<Answer, CallError> {
        let kind = call.kind;
        let attempts = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_factor(4.0)
            .with_jitter()
            .with_max_times(ATTEMPTS - 1);
        (|| self.attempt(call, bearer))
            .retry(attempts)
            .when(|failure| may_repeat(kind.class, failure))
            .notify(|failure, _| {
                self.metrics.repeated(kind.name);
                tracing::debug!(call = kind.name, cause = failure.cause(), "sent again");
            })
            .adjust(|failure, delay| match failure {
                Failure::NotArrived(_, Some(asked)) => delay.map(|delay| delay.max(*asked)),
                _ => delay,
            })
            .await
            .map_err(|failure| failure.into_error(kind))
    }

    async fn attempt(&self, call: &Call<'_>, bearer: Option<&SecretString>) -> Result<Answer, Failure> {
        let slots = if call.kind.class == Class::Page { &self.pages } else { &self.calls };
        let closed = || Failure::NotArrived("the client is shutting down".to_owned(), None);
        let _slot = slots.acquire().await.map_err(|_| closed())?;
        let segments: Vec<&str> = call.path.iter().map(AsRef::as_ref).collect();
        let mut url = self.settings.url(&segments);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self.http.request(call.method.clone(), url);
        if let Some(token) = bearer {
            let mut value = http::HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
                .map_err(|_| Failure::NotArrived("the token cannot be sent".to_owned(), None))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request = match &call.body {
            Body::Nothing => request,
            Body::Json(body) => request.json(body),
            Body::Form(fields) => {
                let exposed: Vec<_> = fields.iter().map(|(name, value)| (name, value.expose_secret())).collect();
                request.form(&exposed)
            }
        };
        let response = request.send().await.map_err(Failure::of_transfer)?;
        let status = response.status();
        let retry_after = response.headers().get(http::header::RETRY_AFTER).and_then(|value| {
            let seconds = value.to_str().ok()?.parse().ok()?;
            Some(Duration::from_secs(seconds))
        });
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let body = response.bytes().await.map_err(Failure::of_transfer)?;
        match status.as_u16() {
            200..300 => Ok(Answer { call: call.kind.name, location, body }),
            // Not begun, or refused at the door: whoever starts, stops or is flooded has not carried anything out. A gateway may have lost
            // the answer only.
            429 | 503 => Err(Failure::NotArrived(text_of(status.as_u16(), &body), retry_after)),
            502 | 504 => Err(Failure::Unclear(text_of(status.as_u16(), &body))),
            refused => Err(Failure::Refused(Box::new(Refusal::read(call.kind, refused, &body)))),
        }
    }

    fn time_limit(&self, class: Class) -> Duration {
        let patience = self.settings.patience;
        match class {
            Class::Token => patience.token,
            Class::Read | Class::Idempotent | Class::Write => patience.admin,
            Class::Page => patience.page,
            Class::Mail => patience.mail,
        }
    }
}

/// What has certainly not arrived can be sent again, and so can reads and what brings about a state. A 500 to one of those is often a row
/// that somebody else has just changed.
fn may_repeat(class: Class, failure: &Failure) -> bool {
    let harmless = matches!(class, Class::Read | Class::Page | Class::Idempotent);
    match failure {
        Failure::NotArrived(..) => class != Class::Token,
        Failure::Unclear(_) => harmless,
        Failure::Refused(refusal) => refusal.status == 500 && matches!(class, Class::Read | Class::Page),
    }
}

impl Failure {
    fn of_transfer(error: reqwest::Error) -> Self {
        let arrived = !error.is_connect() && !error.is_builder();
        // The address may hold what must not be logged, and says nothing new.
        let error = error.without_url();
        let mut cause = error.to_string();
        let mut inner = std::error::Error::source(&error);
        while let Some(error) = inner {
            let _ = write!(cause, ": {error}");
            inner = error.source();
        }
        if arrived { Self::Unclear(cause) } else { Self::NotArrived(cause, None) }
    }

    fn cause(&self) -> String {
        match self {
            Self::NotArrived(cause, _) | Self::Unclear(cause) => cause.clone(),
            Self::Refused(refusal) => refusal.to_string(),
        }
    }

    fn into_error(self, kind: Kind) -> CallError {
        let call = kind.name;
        match self {
            Self::NotArrived(cause, _) => CallError::Unavailable { call, cause },
            Self::Unclear(cause) if matches!(kind.class, Class::Read | Class::Page) => {
                CallError::Unavailable { call, cause }
            }
            Self::Unclear(cause) => CallError::Unknown { call, cause },
            Self::Refused(refusal) => CallError::Refused(refusal),
        }
    }
}

fn text_of(status: u16, body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).trim().chars().take(200).collect();
    format!("status {status}: {text}")
}

fn label(result: &Result<Answer, CallError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(CallError::Refused(_) | CallError::Unreadable { .. }) => "refused",
        Err(CallError::Unavailable { .. }) => "unavailable",
        Err(CallError::Unknown { .. }) => "unknown",
    }
}
