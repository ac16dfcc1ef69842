//! One request of a browser: who sends it, in which language, and how it is answered.

use std::net::{IpAddr, SocketAddr};

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts as _, Path, Request};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use primehub_core::identity::{IdentityError, IdentityStore as _};
use primehub_pages::Language;

use super::Outcome;
use crate::oidc::authorization::{Parameters, ResponseMode, with_fields};
use crate::oidc::cookies::Cookie;
use crate::oidc::error::not_stored;
use crate::oidc::forms::{self, FormError, SignedForm};
use crate::oidc::keys::KeyError;
use crate::oidc::pages::{Content, ErrorPage, Failure, Frame};
use crate::oidc::provider::{Inner, OpenIdProvider};
use crate::random::random_text;
use crate::sessions::Origin;

/// One request of a browser, read whole.
pub(in crate::oidc) struct Visitor {
    provider: OpenIdProvider,
    pub(super) headers: HeaderMap,
    /// Of the address, or of the form that was sent.
    pub(in crate::oidc) parameters: Parameters,
    pub(super) address: Option<IpAddr>,
    method: Method,
    /// The language that the person has just chosen on a page.
    chosen: Option<Language>,
    /// What ties forms to this browser, and whether it has to be told.
    browser: String,
    browser_is_new: bool,
}

/// The parameter by which pages switch their language, Keycloak's name.
const LANGUAGE: &str = "kc_locale";

/// The hidden field with the form that the provider signed.
pub(super) const FORM: &str = "form";

impl FromRequest<OpenIdProvider> for Visitor {
    type Rejection = Response;

    async fn from_request(request: Request, provider: &OpenIdProvider) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let realm = Path::<Vec<(String, String)>>::from_request_parts(&mut parts, provider).await;
        let own = realm
            .is_ok_and(|Path(path)| path.iter().any(|(name, realm)| name == "realm" && *realm == provider.0.realm));
        let query = Parameters::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let known = Cookie::Browser.read(&parts.headers).map(str::to_owned);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
        let mut visitor = Self {
            provider: provider.clone(),
            chosen: query.get(LANGUAGE).and_then(Language::from_tag),
            parameters: query,
            address: peer,
            method: parts.method.clone(),
            browser_is_new: known.is_none(),
            browser: known.unwrap_or_else(random_text::<32>),
            headers: parts.headers.clone(),
        };
        if !own {
            return Err(visitor.failure(Failure::NotFound));
        }
        if parts.method == Method::POST {
            if !is_form(&parts.headers) {
                return Err(visitor.failure(Failure::InvalidRequest("the body is not a form")));
            }
            let body = Bytes::from_request(Request::from_parts(parts, body), &()).await;
            let body = body.map_err(|rejection| {
                let too_long = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
                let text = if too_long { "the body is too long" } else { "the body cannot be read" };
                visitor.failure(Failure::InvalidRequest(text))
            })?;
            visitor.parameters = Parameters::parse(&body);
        }
        Ok(visitor)
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// What a page takes from the request that led to it.
#[derive(Clone, Copy, Default)]
pub(in crate::oidc) struct Wishes<'a> {
    /// The languages that the client asks for.
    pub(in crate::oidc) ui_locales: Option<&'a str>,
    /// Where the same page is found by `GET`; without it, its language cannot be changed.
    pub(in crate::oidc) address: Option<&'a str>,
}

impl Visitor {
    pub(in crate::oidc) fn inner(&self) -> &Inner {
        &self.provider.0
    }

    /// A path of the realm as browsers see it.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.inner().path)
    }

    /// The tag of the language that the person has just chosen.
    pub(super) fn chosen_language(&self) -> Option<&'static str> {
        self.chosen.map(Language::tag)
    }

    /// How the owner of an account is to recognise this browser by.
    pub(super) fn origin(&self) -> Origin {
        let agent = self.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Origin::new(self.address, agent)
    }

    /// A page, with the cookies that go with it.
    pub(in crate::oidc) fn page(&self, wishes: Wishes<'_>, content: &dyn Content) -> Response {
        let accepted = self.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let remembered = Cookie::Language.read(&self.headers);
        let choose = || Language::choose(wishes.ui_locales, remembered, accepted);
        let language = self.chosen.unwrap_or_else(choose);
        let languages: Vec<_> = wishes.address.map_or_else(Vec::new, |address| {
            let switched = |tag| with_fields(address, ResponseMode::Query, [(LANGUAGE, tag)]);
            Language::ALL.map(|language| (language, switched(language.tag()))).to_vec()
        });
        let inner = self.inner();
        let directory = inner.store.directory();
        let frame = Frame {
            language,
            languages: &languages,
            realm_path: &inner.path,
            // The realm's own name is for addresses; people know what they are at by this one.
            realm_name: directory.realm().display_name.as_deref().unwrap_or("PrimeHub"),
        };
        let mut response = frame.page(content).into_response();
        if self.browser_is_new {
            self.add(&mut response, inner.cookies.set(Cookie::Browser, &self.browser));
        }
        if let Some(chosen) = self.chosen {
            self.add(&mut response, inner.cookies.set(Cookie::Language, chosen.tag()));
        }
        response
    }

    /// The page for what went wrong.
    pub(in crate::oidc) fn failure(&self, failure: Failure<'_>) -> Response {
        self.page(Wishes::default(), &ErrorPage { failure, restart: None, back: None })
    }

    /// The answer that a handler came to.
    pub(in crate::oidc) fn answer(&self, outcome: Outcome) -> Response {
        outcome.unwrap_or_else(|failure| self.failure(failure))
    }

    /// Sends the browser elsewhere, by `GET`.
    pub(in crate::oidc) fn redirect(&self, location: &str) -> Outcome {
        let Ok(location) = HeaderValue::from_str(location) else {
            tracing::error!("an address has letters that no header has");
            return Err(Failure::Internal);
        };
        // 302 is what clients expect of a `GET`; after a form it would be left to the browser whether to send the form on.
        let status = if self.method == Method::POST { StatusCode::SEE_OTHER } else { StatusCode::FOUND };
        let mut response = not_stored(status);
        response.headers_mut().insert(header::LOCATION, location);
        response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        Ok(response)
    }

    /// Adds a `Set-Cookie`.
    #[expect(clippy::unused_self, reason = "answers are made through the visitor that they are for")]
    pub(super) fn add(&self, response: &mut Response, cookie: Option<HeaderValue>) {
        if let Some(cookie) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }

    /// Signs the hidden field of a form for this browser.
    pub(super) fn field<F: SignedForm>(&self, form: F) -> Result<String, Failure<'static>> {
        let inner = self.inner();
        forms::sign(form, &inner.keys.ring(), &inner.issuer, &self.browser, inner.now())
            .map_err(|error| not_signed(&error))
    }

    /// Takes back the hidden field of a form. A form that is too old is the inner error.
    pub(super) fn form<F: SignedForm>(&self) -> Result<Result<F, F>, Failure<'static>> {
        if self.parameters.has_repetitions() {
            return Err(Failure::InvalidRequest("duplicated parameter"));
        }
        if self.comes_from_elsewhere() {
            return Err(Failure::ForeignForm);
        }
        let inner = self.inner();
        let cookie = (!self.browser_is_new).then_some(&*self.browser);
        let field = self.parameters.get(FORM).ok_or(Failure::ForeignForm)?;
        match forms::read(&inner.keys.ring(), &inner.issuer, field, cookie, inner.now()) {
            Ok(form) => Ok(Ok(form)),
            Err(FormError::Expired(form)) => Ok(Err(form)),
            Err(FormError::NoCookie) => Err(Failure::CookieMissing),
            Err(FormError::Invalid | FormError::OtherBrowser) => Err(Failure::ForeignForm),
        }
    }

    /// Whether the browser says that a page of another site made it send this. Ours send `Origin: null`, as they tell nobody where they are.
    fn comes_from_elsewhere(&self) -> bool {
        let header = |name: &str| self.headers.get(name).map(HeaderValue::as_bytes);
        let foreign_origin =
            header("origin").is_some_and(|origin| origin != b"null" && origin != self.inner().origin.as_bytes());
        let foreign_site = header("sec-fetch-site").is_some_and(|site| ![&b"same-origin"[..], b"none"].contains(&site));
        foreign_origin || foreign_site
    }
}

/// What the page says when the store did not keep something.
pub(super) fn not_kept(error: &IdentityError) -> Failure<'static> {
    match error {
        IdentityError::NotWritable { .. } => {
            tracing::warn!(%error, "a page could not store anything");
            Failure::ReadOnly
        }
        IdentityError::Unavailable { .. } => {
            tracing::error!(%error, "a page could not do what was asked for now");
            Failure::Unavailable
        }
        _ => {
            tracing::error!(%error, "a page could not do what was asked");
            Failure::Internal
        }
    }
}

fn not_signed(error: &KeyError) -> Failure<'static> {
    tracing::error!(%error, "the OpenID provider could not sign a form");
    Failure::Internal
}
