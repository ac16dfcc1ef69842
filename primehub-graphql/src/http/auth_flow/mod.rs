//! How a command line gets an API token: `…/request` sends a browser to the login page, `…/callback` shows what came back as a code, and
//! `…/exchange` takes that code for the token. The published Python SDK depends on all three.

mod answer;
mod attempt;
mod cookie;
mod exchange;
mod returned;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use maud::html;
use primehub_core::clock::Clock;
use primehub_core::identity::token::LoginProvider;
use primehub_pages::Language;
use prometheus_client::registry::Registry;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use self::attempt::{Attempt, Attempts, InvalidState};
use self::cookie::MarkCookie;
use self::exchange::{ExchangeMetrics, exchange};
use self::returned::{CodeAndState, LoginError, Returned, text_of};
use super::page::{Pages, Texts};
use super::prefix::Prefix;
use super::rate_limit::RateLimit;
use super::refusal::Refusal;
use super::site::{Login, Site};

/// What a client is granted that may stay logged in while nobody looks: its refresh token is the API token.
const SCOPE: &str = "offline_access";
const PATH: &str = "/oidc/auth-flow";

/// The flow, whatever the prefix.
struct Flow {
    attempts: Attempts,
    provider: Arc<dyn LoginProvider>,
    site: Site,
    clock: Arc<dyn Clock>,
    limit: RateLimit,
    metrics: ExchangeMetrics,
    /// How long the provider may take.
    time: Duration,
}

/// The flow below one prefix.
struct Place {
    flow: Arc<Flow>,
    prefix: Prefix,
    cookie: MarkCookie,
    pages: Pages,
}

/// What the flow needs of its surroundings.
pub(super) struct Surroundings<'a> {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limit: RateLimit,
    pub(super) registry: &'a mut Registry,
    pub(super) time: Duration,
}

/// The three routes below each prefix of `site`.
pub(super) fn auth_flow(site: &Site, login: &Login, surroundings: Surroundings<'_>) -> Router {
    let Surroundings { clock, limit, registry, time } = surroundings;
    let flow = Arc::new(Flow {
        attempts: Attempts::new(&login.secret),
        provider: login.provider.clone(),
        site: site.clone(),
        clock,
        limit,
        metrics: ExchangeMetrics::register(registry),
        time,
    });
    site.prefixes.iter().fold(Router::new(), |router, prefix| {
        let base = site.path(prefix);
        let place = Place {
            flow: flow.clone(),
            prefix: prefix.clone(),
            cookie: MarkCookie::new(format!("{base}{PATH}"), site.is_https()),
            pages: Pages::below(&base),
        };
        let path = |name: &str| format!("{}{PATH}/{name}", prefix.pattern());
        let routes = Router::new()
            .route(&path("request"), get(request))
            .route(&path("callback"), get(callback))
            .route(&path("exchange"), post(exchange))
            .with_state(Arc::new(place));
        router.merge(routes)
    })
}

/// Sends the browser to the login page. The SDK takes the address as the right one if it answers 302, to `HEAD` as well.
async fn request(State(place): State<Arc<Place>>) -> Response {
    let flow = &place.flow;
    let Ok(attempt) = Attempt::begin(&place.prefix, flow.clock.now()) else {
        tracing::error!("there is no randomness for a login");
        return Refusal::internal().into_response();
    };
    let cookie = place.cookie.set(&flow.attempts.mark(&attempt));
    let Some((location, cookie)) = flow.login_page(&place.prefix, &attempt).zip(cookie) else {
        tracing::error!("the address of the login page is not one that a browser could be sent to");
        return Refusal::internal().into_response();
    };
    let no_store = HeaderValue::from_static("no-store");
    (StatusCode::FOUND, [(LOCATION, location), (SET_COOKIE, cookie), (CACHE_CONTROL, no_store)]).into_response()
}

/// Shows what came back from the login page as a code to copy.
async fn callback(State(place): State<Arc<Place>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let language = Language::of_headers(&headers);
    let query = query.unwrap_or_default();
    match place.returned(&query, &headers) {
        Ok(()) => code_page(&place.pages, language, &text_of(&query)),
        Err(problem) => {
            tracing::info!(reason = problem.label(), "a login for an API token came back without a code");
            problem_page(&place, language, problem)
        }
    }
}

/// Why no code is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Problem {
    Login(LoginError),
    Incomplete,
    Foreign,
    Expired,
    /// Another provider has sent the browser back.
    OtherIssuer,
}

impl Problem {
    fn label(self) -> &'static str {
        match self {
            Self::Login(error) => error.label(),
            Self::Incomplete => "incomplete",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
            Self::OtherIssuer => "other_issuer",
        }
    }
}

impl From<InvalidState> for Problem {
    fn from(invalid: InvalidState) -> Self {
        match invalid {
            InvalidState::Foreign => Self::Foreign,
            InvalidState::Expired => Self::Expired,
        }
    }
}

impl Place {
    /// Whether this browser has begun what comes to an end here.
    fn returned(&self, query: &str, headers: &HeaderMap) -> Result<(), Problem> {
        let returned = match Returned::of_query(query.as_bytes()) {
            Returned::Code(returned) => returned,
            Returned::Error(error) => return Err(Problem::Login(error)),
            Returned::Nothing => return Err(Problem::Incomplete),
        };
        let attempts = &self.flow.attempts;
        let attempt = attempts.read(&returned.state, self.flow.clock.now())?;
        let is_ours =
            attempt.is_below(&self.prefix) && self.cookie.values(headers).any(|mark| attempts.is_mark(&attempt, mark));
        if !is_ours {
            return Err(Problem::Foreign);
        }
        if self.flow.comes_from_the_provider(&returned) { Ok(()) } else { Err(Problem::OtherIssuer) }
    }
}

impl Flow {
    /// Where the browser comes back to.
    fn redirect_uri(&self, prefix: &Prefix) -> String {
        format!("{}{prefix}{PATH}/callback", self.site.address)
    }

    /// Whether the provider itself has sent the browser back: a code of another one must not be shown to it (RFC 9207 §2.4). Of a login that
    /// has begun here it is most likely our address of the provider that is wrong, which operators are told.
    fn comes_from_the_provider(&self, returned: &CodeAndState) -> bool {
        let issuer = self.provider.issuer();
        let comes = returned.may_come_from(issuer.as_deref());
        if !comes {
            let expected = issuer.unwrap_or_default();
            tracing::warn!(expected, "a login page calls itself otherwise than the provider that is configured");
        }
        comes
    }

    fn login_page(&self, prefix: &Prefix, attempt: &Attempt) -> Option<HeaderValue> {
        let mut url = Url::parse(&self.provider.authorization_endpoint()).ok()?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("scope", SCOPE)
            .append_pair("client_id", &self.provider.client_id())
            .append_pair("redirect_uri", &self.redirect_uri(prefix))
            .append_pair("state", &self.attempts.state(attempt))
            .append_pair("code_challenge", &self.attempts.challenge(attempt))
            .append_pair("code_challenge_method", "S256");
        let mut location = HeaderValue::from_str(url.as_str()).ok()?;
        location.set_sensitive(true);
        Some(location)
    }
}

fn code_page(pages: &Pages, language: Language, code: &SecretString) -> Response {
    let texts = &Texts::of(language).token;
    let content = html! {
        h1 { (texts.title) }
        p { (texts.introduction) }
        div.field {
            label for="code" { (texts.field) }
            textarea id="code" rows="8" readonly autocomplete="off" spellcheck="false" aria-describedby="hint" {
                (code.expose_secret())
            }
            p.hint id="hint" { (texts.hint) }
        }
        p { (texts.warning) }
    };
    pages.page(language, StatusCode::OK, texts.title, &content)
}

fn problem_page(place: &Place, language: Language, problem: Problem) -> Response {
    let texts = &Texts::of(language).token;
    let again = format!("{}{PATH}/request", place.flow.site.path(&place.prefix));
    let (status, notice) = match problem {
        Problem::Login(LoginError::Denied) => (StatusCode::FORBIDDEN, &texts.denied),
        Problem::Login(LoginError::LoginNeeded) => (StatusCode::BAD_REQUEST, &texts.login_needed),
        Problem::Login(LoginError::Unavailable) => (StatusCode::SERVICE_UNAVAILABLE, &Texts::of(language).unavailable),
        Problem::Login(LoginError::Other) | Problem::OtherIssuer => (StatusCode::BAD_REQUEST, &texts.failed),
        Problem::Incomplete => (StatusCode::BAD_REQUEST, &texts.incomplete),
        Problem::Foreign => (StatusCode::BAD_REQUEST, &texts.foreign),
        Problem::Expired => (StatusCode::BAD_REQUEST, &texts.expired),
    };
    place.pages.notice(language, status, notice, Some((texts.again, &again)))
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
