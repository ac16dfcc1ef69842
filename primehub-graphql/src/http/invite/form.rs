//! Accepting an invitation on a page of ours.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use primehub_pages::Language;
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

use super::origin::is_ours;
use super::{NoBody, Place, body_of, request_id};
use crate::error::{ApiError, Code};
use crate::http::page::Texts;
use crate::http::rate_limit::Client;
use crate::operations::invitation::NewCredentials;

/// Shows the form of an invitation, or why it cannot be used. Changes nothing.
pub(super) async fn show(
    State(place): State<Arc<Place>>,
    Path(token): Path<String>,
    request: http::Request<Body>,
) -> Response {
    let language = Language::of_headers(request.headers());
    if let Err(too_fast) = place.invitations.limit.check(Client::of(request.extensions())) {
        return place.pages.too_fast(language, too_fast);
    }
    match place.invitations.check(request_id(request.extensions()), &token.into()) {
        Ok(()) => place.form(language, StatusCode::OK, "", None),
        Err(error) => place.problem(language, &error),
    }
}

/// Takes the form and shows the account, this once.
pub(super) async fn accept_form(
    State(place): State<Arc<Place>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    request: http::Request<Body>,
) -> Response {
    let token = SecretString::from(token);
    let language = Language::of_headers(&headers);
    let texts = Texts::of(language);
    if let Err(too_fast) = place.invitations.limit.check(Client::of(request.extensions())) {
        return place.pages.too_fast(language, too_fast);
    }
    if !is_ours(&headers, &place.invitations.origin) {
        return place.pages.notice(language, StatusCode::FORBIDDEN, &texts.invitation.cross_site, None);
    }
    let id = request_id(request.extensions());
    let body = match body_of(request).await {
        Ok(body) => body,
        Err(NoBody::TooLong) => {
            return place.pages.notice(language, StatusCode::PAYLOAD_TOO_LARGE, &texts.too_long, None);
        }
        Err(NoBody::Broken) => axum::body::Bytes::new(),
    };
    let username = username_field(&body);
    if username.is_empty() {
        // The invitation comes first: nobody should think about a name for one that is void.
        return match place.invitations.check(id, &token) {
            Ok(()) => {
                let problem = Some(texts.invitation.username_missing);
                place.form(language, StatusCode::UNPROCESSABLE_ENTITY, "", problem)
            }
            Err(error) => place.problem(language, &error),
        };
    }
    match place.invitations.accept(id, token, username.clone()).await {
        Ok(created) => place.created(language, &created),
        Err(ApiError { code: Code::BadUsername, .. }) => {
            let problem = Some(texts.invitation.username_refused);
            place.form(language, StatusCode::UNPROCESSABLE_ENTITY, &username, problem)
        }
        Err(error) => place.problem(language, &error),
    }
}

/// The field `username`, without what a hand may have added around it.
fn username_field(body: &[u8]) -> String {
    let field = form_urlencoded::parse(body).find(|(name, _)| name == "username");
    field.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

impl Place {
    fn form(&self, language: Language, status: StatusCode, username: &str, problem: Option<&str>) -> Response {
        let texts = &Texts::of(language).invitation;
        let title = match problem {
            Some(_) => format!("{}: {}", texts.error, texts.title),
            None => texts.title.to_owned(),
        };
        let described_by = if problem.is_some() { "problem hint" } else { "hint" };
        let content = html! {
            h1 { (texts.title) }
            p { (texts.introduction) }
            form method="post" {
                div.field {
                    label for="username" { (texts.username) }
                    input id="username" name="username" type="text" value=(username) required maxlength="255"
                        autocomplete="username" autocapitalize="none" spellcheck="false" autofocus
                        aria-describedby=(described_by) aria-invalid=[problem.map(|_| "true")];
                    @if let Some(problem) = problem {
                        p.problem id="problem" role="alert" { (problem) }
                    }
                    p.hint id="hint" { (texts.username_hint) }
                }
                div.actions { button.full type="submit" { (texts.submit) } }
            }
        };
        self.pages.page(language, status, &title, &content)
    }

    fn created(&self, language: Language, created: &NewCredentials) -> Response {
        let texts = &Texts::of(language).invitation;
        let content = html! {
            h1 { (texts.created) }
            p { (texts.created_introduction) }
            dl.values {
                (value(texts.username, &created.username, "created-username"))
                (value(texts.password, created.password.expose_secret(), "created-password"))
            }
            p.hint { (texts.password_hint) }
            div.actions { a class="button full" href=(self.invitations.log_in) { (texts.log_in) } }
        };
        self.pages.page(language, StatusCode::OK, texts.created, &content)
    }

    fn problem(&self, language: Language, error: &ApiError) -> Response {
        let texts = Texts::of(language);
        let (status, notice) = match error.code {
            Code::InvalidToken => (StatusCode::NOT_FOUND, &texts.invitation.invalid),
            Code::ExpiredToken => (StatusCode::GONE, &texts.invitation.expired),
            Code::ExceedQuota => (StatusCode::FORBIDDEN, &texts.invitation.no_more_accounts),
            Code::ApiUnavailable => (StatusCode::SERVICE_UNAVAILABLE, &texts.unavailable),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, &texts.internal),
        };
        self.pages.notice(language, status, notice, None)
    }
}

fn value(name: &str, value: &str, id: &str) -> Markup {
    html! {
        dt { (name) }
        dd.value id=(id) { (value) }
    }
}
