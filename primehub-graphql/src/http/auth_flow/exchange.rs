//! A code for an API token.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use primehub_core::identity::token::{CodeExchangeError, CodeGrant, IssuedTokens};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use serde::Deserialize;
use url::form_urlencoded;

use super::answer::Answer;
use super::attempt::InvalidState;
use super::returned::{CodeAndState, read_text};
use super::{Flow, Place};
use crate::http::endpoint::read;
use crate::http::rate_limit::Client;

/// Far longer than what a login page sends back.
const LONGEST_BODY: usize = 16 * 1024;

/// Counts exchanges by how they ended.
#[derive(Clone, Debug, Default)]
pub(super) struct ExchangeMetrics(Family<Ended, Counter>);

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Ended {
    result: &'static str,
}

impl ExchangeMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("api_token_exchanges", "Exchanges of a code for an API token by result", metrics.0.clone());
        metrics
    }

    fn count(&self, result: &'static str) {
        self.0.get_or_create(&Ended { result }).inc();
    }
}

/// Answers with the token of whoever has logged in.
pub(super) async fn exchange(State(place): State<Arc<Place>>, request: http::Request<Body>) -> Response {
    let flow = &place.flow;
    let (result, answer) = match flow.limit.check(Client::of(request.extensions())) {
        Err(too_fast) => ("too_fast", Answer::TooFast(too_fast)),
        Ok(()) => tokio::time::timeout(flow.time, flow.answer(request)).await.unwrap_or_else(|_| {
            tracing::warn!("an exchange of a code took too long");
            unavailable()
        }),
    };
    flow.metrics.count(result);
    tracing::info!(result, "a code for an API token was handed in");
    answer.into_response()
}

impl Flow {
    /// The answer, and what is counted.
    async fn answer(&self, request: http::Request<Body>) -> (&'static str, Answer) {
        let bad_request = ("bad_request", Answer::BadRequest);
        let (parts, body) = request.into_parts();
        let body = match read(body, &parts.headers, LONGEST_BODY).await {
            Ok(body) => body,
            Err(refusal) if refusal.status == StatusCode::PAYLOAD_TOO_LARGE => {
                let description = "this is longer than any code";
                return ("bad_request", Answer::refused(refusal.status, "invalid_request", description));
            }
            Err(_) => return bad_request,
        };
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let Some(returned) = code_field(content_type, &body).as_deref().and_then(read_text) else {
            return bad_request;
        };
        self.exchange(returned).await
    }

    async fn exchange(&self, returned: CodeAndState) -> (&'static str, Answer) {
        let attempt = match self.attempts.read(&returned.state, self.clock.now()) {
            Ok(attempt) => attempt,
            Err(InvalidState::Foreign) => {
                let description = "this code does not come from this server, or it is not complete";
                return ("foreign", Answer::refused(StatusCode::BAD_REQUEST, "invalid_request", description));
            }
            Err(InvalidState::Expired) => {
                let description = "this code is too old; begin again";
                return ("expired", Answer::refused(StatusCode::BAD_REQUEST, "invalid_grant", description));
            }
        };
        // Where it has begun there may have been another configuration.
        let Some(prefix) = self.site.prefixes.iter().find(|prefix| attempt.is_below(prefix)) else {
            let description = "this code comes from an address that is no longer in use; begin again";
            return ("foreign", Answer::refused(StatusCode::BAD_REQUEST, "invalid_request", description));
        };
        if !self.comes_from_the_provider(&returned) {
            let description = "this code comes from another login service";
            return ("foreign", Answer::refused(StatusCode::BAD_REQUEST, "invalid_request", description));
        }
        let grant = CodeGrant::new(returned.code, self.redirect_uri(prefix), self.attempts.verifier(&attempt));
        match self.provider.exchange_code(&grant).await {
            Ok(IssuedTokens { refresh_token: Some(token), .. }) => {
                ("issued", Answer::Token { token, endpoint: self.site.graphql.clone() })
            }
            Ok(_) => {
                let description = "this account may not have API tokens";
                ("refused", Answer::refused(StatusCode::OK, "access_denied", description))
            }
            Err(CodeExchangeError::Refused { error, description }) => {
                ("refused", Answer::Refused { status: StatusCode::OK, error, description })
            }
            Err(CodeExchangeError::Unavailable { cause }) => {
                tracing::warn!(%cause, "a code cannot be exchanged");
                unavailable()
            }
            Err(_) => {
                tracing::error!("an error of a code exchange without an answer");
                unavailable()
            }
        }
    }
}

fn unavailable() -> (&'static str, Answer) {
    let description = "the login service is not available; try again in a moment";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    ("unavailable", Answer::refused(status, "temporarily_unavailable", description))
}

/// The field `code` of a JSON object or a form, whatever else there is. Without a content type it is a form, as the SDK sends it.
fn code_field(content_type: Option<&str>, body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Json {
        code: String,
    }
    let media = content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    if media.eq_ignore_ascii_case("application/json") {
        return serde_json::from_slice::<Json>(body).ok().map(|body| body.code);
    }
    if !media.is_empty() && !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return None;
    }
    let mut codes = form_urlencoded::parse(body).filter(|(name, _)| name == "code");
    match (codes.next(), codes.next()) {
        (Some((_, code)), None) => Some(code.into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::form(Some("application/x-www-form-urlencoded"), "code=a%2Bb", Some("a+b"))]
    #[case::charset(Some("Application/X-WWW-Form-Urlencoded; charset=utf-8"), "x=1&code=a", Some("a"))]
    #[case::no_type(None, "code=a", Some("a"))]
    #[case::json(Some("application/json"), r#"{"code":"a","more":1}"#, Some("a"))]
    #[case::json_number(Some("application/json"), r#"{"code":1}"#, None)]
    #[case::no_json(Some("application/json"), "code=a", None)]
    #[case::two(None, "code=a&code=b", None)]
    #[case::none(None, "", None)]
    #[case::other_type(Some("text/plain"), "code=a", None)]
    fn the_code_is_found(#[case] content_type: Option<&str>, #[case] body: &str, #[case] expected: Option<&str>) {
        assert_eq!(code_field(content_type, body.as_bytes()).as_deref(), expected);
    }
}
