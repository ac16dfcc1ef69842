//! Invitations for whoever has none but the address of one: a page with a form, and the call that the original console's page makes.

mod answer;
mod form;
mod origin;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Value;
use async_graphql_value::Name;
use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::{Extensions, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

use self::answer::accept_json;
use self::form::{accept_form, show};
use super::endpoint::{Endpoint, read};
use super::page::Pages;
use super::rate_limit::RateLimit;
use super::request_id::RequestId;
use super::site::Site;
use crate::error::ApiError;
use crate::operations::invitation::{NewCredentials, check_invitation, create_user_from_invitation};
use crate::schema::Schema;

/// A user name has at most 255 characters.
const LONGEST_BODY: usize = 16 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Invitations, whatever the prefix.
struct Invitations {
    endpoint: Arc<Endpoint<Schema>>,
    limit: RateLimit,
    /// The origin of our own pages.
    origin: String,
    log_in: String,
}

/// Invitations below one prefix.
struct Place {
    invitations: Arc<Invitations>,
    pages: Pages,
}

/// The routes below each prefix of `site`.
pub(super) fn invitations(site: &Site, endpoint: Arc<Endpoint<Schema>>, limit: RateLimit) -> Router {
    let invitations = Arc::new(Invitations { endpoint, limit, origin: site.origin(), log_in: site.log_in.clone() });
    site.prefixes.iter().fold(Router::new(), |router, prefix| {
        let place = Place { invitations: invitations.clone(), pages: Pages::below(&site.path(prefix)) };
        let path = format!("{}/invite", prefix.pattern());
        let routes = Router::new()
            .route(&path, post(accept_json))
            .route(&format!("{path}/{{token}}"), get(show).post(accept_form))
            .with_state(Arc::new(place));
        router.merge(routes)
    })
}

impl Invitations {
    /// Whether an invitation can be used. Changes nothing: previews of links look as well.
    fn check(&self, id: String, token: &SecretString) -> Result<(), ApiError> {
        let request = self.endpoint.own_request(id)?.request;
        request.admit_query("invitation")?;
        check_invitation(&request.directory(), token.expose_secret(), request.services().clock.now())?;
        Ok(())
    }

    /// Uses an invitation.
    async fn accept(&self, id: String, token: SecretString, username: String) -> Result<NewCredentials, ApiError> {
        let own = self.endpoint.own_request(id)?;
        let work = |request: Arc<crate::request::Request>| async move {
            let create = async |request| create_user_from_invitation(request, token, &username).await;
            request.carry_out("createUserFromInvitation", &fields(), create).await
        };
        self.endpoint.change(own, work).await
    }
}

/// What the audit record says was given; it never has values.
fn fields() -> [(Name, Value); 1] {
    let data = ["invitationToken", "username"].map(|name| (Name::new(name), Value::Null));
    [(Name::new("data"), Value::Object(data.into_iter().collect()))]
}

fn request_id(extensions: &Extensions) -> String {
    extensions.get::<RequestId>().map(|id| id.as_str().to_owned()).unwrap_or_default()
}

/// A path as it may be shown to operators: the token of an invitation opens an account, so it stands in no log.
pub(super) fn without_token(path: &str) -> Cow<'_, str> {
    match path.split_once("/invite/") {
        Some((before, token)) if !token.is_empty() => format!("{before}/invite/…").into(),
        _ => path.into(),
    }
}

/// Why there is no body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum NoBody {
    TooLong,
    Broken,
}

async fn body_of(request: http::Request<Body>) -> Result<axum::body::Bytes, NoBody> {
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(BODY_TIME, read(body, &parts.headers, LONGEST_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(refusal)) if refusal.status == StatusCode::PAYLOAD_TOO_LARGE => Err(NoBody::TooLong),
        Ok(Err(_)) | Err(_) => Err(NoBody::Broken),
    }
}

#[cfg(test)]
mod tests;
