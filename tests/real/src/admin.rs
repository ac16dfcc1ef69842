//! Keycloak's admin REST interface, raw.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::endpoint::Endpoint;

/// A busy machine may need long for a realm; nothing takes longer than this.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// A token is renewed this long before it ends, so that it does not end on its way.
const RESERVE: Duration = Duration::from_secs(15);

/// Why the server was not changed, or did not tell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// There was no answer.
    #[error("{method} {path} has no answer")]
    NoAnswer {
        /// The method.
        method: Method,
        /// The path, as the caller gave it.
        path: String,
        /// What happened to the connection.
        #[source]
        source: reqwest::Error,
    },
    /// The server refused.
    #[error("{method} {path} is answered with {}: {}", answer.status, answer.body)]
    Refused {
        /// The method.
        method: Method,
        /// The path, as the caller gave it.
        path: String,
        /// What was answered.
        answer: Answer,
    },
    /// The client could not be built.
    #[error("there is no HTTP client to talk to Keycloak with")]
    Client(#[source] reqwest::Error),
    /// Something was created, and the answer does not say what.
    #[error("the answer to POST {0} does not name what was created")]
    NoLocation(String),
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body: JSON as it is, other text as a string, and null if there is none.
    pub body: Value,
    /// Where something that was created is.
    pub location: Option<String>,
}

impl Answer {
    /// The identifier of what was created: the last part of its location.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.location.as_deref()?.rsplit('/').next().filter(|id| !id.is_empty())
    }
}

/// Somebody else's hand: changes a server by its admin REST interface, with the administrator's rights, and shares no code with what is tested.
///
/// Paths are below `/admin/realms/`, such as `demo/users?max=5`; a path that begins with `/` is below the base URL. May be used from several runtimes.
#[derive(Debug)]
pub struct Admin {
    client: Client,
    endpoint: Endpoint,
    token: Mutex<Option<Token>>,
}

#[derive(Debug)]
struct Token {
    value: SecretString,
    good_until: Instant,
}

impl Admin {
    /// A hand for `endpoint`. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`AdminError::Client`] if there is no HTTP client.
    pub fn new(endpoint: &Endpoint) -> Result<Self, AdminError> {
        // Connections are not kept: one ends with the runtime that opened it.
        let client = Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(TIME_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(AdminError::Client)?;
        Ok(Self { client, endpoint: endpoint.clone(), token: Mutex::new(None) })
    }

    /// Where requests go.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Reads.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if there is no answer or it is not a success.
    pub async fn get(&self, path: &str) -> Result<Value, AdminError> {
        Ok(self.succeed(Method::GET, path, None).await?.body)
    }

    /// Creates, or whatever else POST does there.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if there is no answer or it is not a success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, AdminError> {
        self.succeed(Method::POST, path, Some(body)).await
    }

    /// Creates something that the server gives an identifier to, and returns that.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if there is no answer, or it is not a success, or does not name what was created.
    pub async fn create(&self, path: &str, body: &Value) -> Result<String, AdminError> {
        let answer = self.post(path, body).await?;
        answer.id().map(str::to_owned).ok_or_else(|| AdminError::NoLocation(path.to_owned()))
    }

    /// Replaces.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if there is no answer or it is not a success.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Answer, AdminError> {
        self.succeed(Method::PUT, path, Some(body)).await
    }

    /// Deletes.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if there is no answer or it is not a success.
    pub async fn delete(&self, path: &str) -> Result<Answer, AdminError> {
        self.succeed(Method::DELETE, path, None).await
    }

    /// Deletes what the body lists, as role mappings want it.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if there is no answer or it is not a success.
    pub async fn delete_listed(&self, path: &str, body: &Value) -> Result<Answer, AdminError> {
        self.succeed(Method::DELETE, path, Some(body)).await
    }

    /// Creates a realm: enabled, and otherwise as `settings` (an object, possibly empty) says.
    ///
    /// # Errors
    ///
    /// [`AdminError::Refused`] with 409 if there is one of that name.
    pub async fn create_realm(&self, realm: &str, settings: Value) -> Result<(), AdminError> {
        self.post("", &with_defaults(realm, settings)).await.map(drop)
    }

    /// Deletes a realm with everything in it.
    ///
    /// # Errors
    ///
    /// [`AdminError::Refused`] with 404 if there is none.
    pub async fn delete_realm(&self, realm: &str) -> Result<(), AdminError> {
        self.delete(realm).await.map(drop)
    }

    /// The version that the running server names.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if it does not.
    pub async fn server_version(&self) -> Result<String, AdminError> {
        let answer = self.succeed(Method::GET, "/admin/serverinfo", None).await?;
        match answer.body.pointer("/systemInfo/version").and_then(Value::as_str) {
            Some(version) => Ok(version.to_owned()),
            None => Err(AdminError::Refused { method: Method::GET, path: "/admin/serverinfo".to_owned(), answer }),
        }
    }

    /// Sends a request and returns whatever is answered. A token that the server no longer accepts, because it was restarted or cleared its sessions,
    /// is replaced once.
    ///
    /// # Errors
    ///
    /// [`AdminError::NoAnswer`], or a refusal of the administrator's password.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, AdminError> {
        let answer = self.send_once(&method, path, body).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        *self.token.lock().await = None;
        self.send_once(&method, path, body).await
    }

    async fn succeed(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, AdminError> {
        let answer = self.send(method.clone(), path, body).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(AdminError::Refused { method, path: path.to_owned(), answer })
        }
    }

    async fn send_once(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Answer, AdminError> {
        let token = self.token().await?;
        let request = self.client.request(method.clone(), url(&self.endpoint.base_url, path));
        let request = request.bearer_auth(token.expose_secret());
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        answer_to(request).await.map_err(|source| AdminError::NoAnswer {
            method: method.clone(),
            path: path.to_owned(),
            source,
        })
    }

    /// A token that is good for a while: one request for all who ask at the same time.
    async fn token(&self) -> Result<SecretString, AdminError> {
        const PATH: &str = "/realms/master/protocol/openid-connect/token";
        let mut token = self.token.lock().await;
        if let Some(token) = &*token
            && Instant::now() < token.good_until
        {
            return Ok(token.value.clone());
        }
        let asked = Instant::now();
        let administrator = &self.endpoint.administrator;
        let request = self.client.post(url(&self.endpoint.base_url, PATH)).form(&[
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", &administrator.name),
            ("password", administrator.password.expose_secret()),
        ]);
        let answer = answer_to(request).await.map_err(|source| AdminError::NoAnswer {
            method: Method::POST,
            path: PATH.to_owned(),
            source,
        })?;
        let Some(value) = answer.body.get("access_token").and_then(Value::as_str) else {
            return Err(AdminError::Refused { method: Method::POST, path: PATH.to_owned(), answer });
        };
        let value = SecretString::from(value);
        let seconds = answer.body.get("expires_in").and_then(Value::as_u64).unwrap_or_default();
        let good_until = asked + Duration::from_secs(seconds).saturating_sub(RESERVE);
        *token = Some(Token { value: value.clone(), good_until });
        Ok(value)
    }
}

async fn answer_to(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let answer = request.send().await?;
    let status = answer.status();
    let location = answer.headers().get(reqwest::header::LOCATION);
    let location = location.and_then(|location| location.to_str().ok()).map(str::to_owned);
    let text = answer.text().await?;
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    Ok(Answer { status, body, location })
}

fn url(base_url: &str, path: &str) -> String {
    match path {
        "" => format!("{base_url}/admin/realms"),
        path if path.starts_with('/') => format!("{base_url}{path}"),
        path => format!("{base_url}/admin/realms/{path}"),
    }
}

fn with_defaults(realm: &str, settings: Value) -> Value {
    let mut object = json!({ "enabled": true });
    if let (Some(object), Value::Object(settings)) = (object.as_object_mut(), settings) {
        object.extend(settings);
        object.insert("realm".to_owned(), realm.into());
    }
    object
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::realms("", "http://k/auth/admin/realms")]
    #[case::realm("demo", "http://k/auth/admin/realms/demo")]
    #[case::within("demo/users?max=5", "http://k/auth/admin/realms/demo/users?max=5")]
    #[case::elsewhere("/admin/serverinfo", "http://k/auth/admin/serverinfo")]
    fn paths_are_below_the_realms_unless_they_begin_with_a_slash(#[case] path: &str, #[case] expected: &str) {
        assert_eq!(url("http://k/auth", path), expected);
    }

    #[rstest]
    #[case::created(Some("http://k/admin/realms/demo/users/an-id"), Some("an-id"))]
    #[case::nothing(None, None)]
    #[case::no_name(Some("http://k/"), None)]
    fn what_was_created_is_named_by_its_location(#[case] location: Option<&str>, #[case] id: Option<&str>) {
        let answer = Answer { status: StatusCode::CREATED, body: Value::Null, location: location.map(str::to_owned) };
        assert_eq!(answer.id(), id);
    }

    #[test]
    fn a_realm_is_enabled_unless_its_settings_say_otherwise() {
        assert_eq!(with_defaults("a", json!({})), json!({ "realm": "a", "enabled": true }));
        let settings = json!({ "enabled": false, "sslRequired": "none" });
        assert_eq!(with_defaults("a", settings), json!({ "realm": "a", "enabled": false, "sslRequired": "none" }));
    }
}
