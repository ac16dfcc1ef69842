//! What a browser asks for at the authorization endpoint (OpenID Connect Core §3.1.2.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parameters::Parameters;
use super::pkce::{self, Challenge};
use super::redirect_uri::{self, is_registered};
use super::response::{AuthorizationError, ResponseMode, ReturnAddress, with_fields};
use crate::oidc::client::Client;
use crate::oidc::scope::Scopes;

/// A request that may be answered: by a login page, or by a code at once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::oidc) struct AuthorizationRequest {
    pub(in crate::oidc) client_id: String,
    #[serde(flatten)]
    pub(in crate::oidc) back: ReturnAddress,
    #[serde(with = "scopes_as_text")]
    pub(in crate::oidc) scopes: Scopes,
    /// Goes into the ID token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::oidc) nonce: Option<String>,
    #[serde(default)]
    pub(in crate::oidc) prompt: Prompt,
    /// How old a login may be that is not asked for anew, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::oidc) max_age: Option<u32>,
    /// What the login page has in the field for the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::oidc) login_hint: Option<String>,
    /// An ID token of the person who is meant: nobody else is let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::oidc) id_token_hint: Option<String>,
    /// The languages of the person, best first, as the client knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::oidc) ui_locales: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::oidc) challenge: Option<Challenge>,
}

/// Whether a login page may, or must, be shown.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::oidc) enum Prompt {
    /// Where nobody is logged in. Also for `consent`: this provider hands out no consent that could be asked for.
    #[default]
    IfNeeded,
    /// `none`: an error is preferred.
    Never,
    /// `login`: the password is to be shown anew.
    Always,
    /// `select_account`: the same, also by somebody else, since a browser is logged in to one account at a time.
    OtherAccount,
}

/// Why a request is not answered as it wishes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::oidc) enum Refusal {
    /// It is not known for sure where the browser came from, so it is told here and sent nowhere.
    Page(PageError),
    /// The client is told.
    Redirect { back: ReturnAddress, error: AuthorizationError },
}

/// What the page says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::oidc) enum PageError {
    ClientMissing,
    ClientUnknown,
    ClientDisabled,
    RedirectUriMissing,
    RedirectUriInvalid,
    Repeated,
}

impl PageError {
    /// In the words of the protocol.
    pub(in crate::oidc) const fn text(self) -> &'static str {
        match self {
            Self::ClientMissing => "Missing parameters: client_id",
            Self::ClientUnknown => "Client not found.",
            Self::ClientDisabled => "Login requester not enabled",
            Self::RedirectUriMissing => "Missing parameters: redirect_uri",
            Self::RedirectUriInvalid => "Invalid parameter: redirect_uri",
            Self::Repeated => "duplicated parameter",
        }
    }
}

/// Reads a request.
pub(in crate::oidc) fn read(
    parameters: &Parameters,
    clients: &BTreeMap<String, Client>,
) -> Result<AuthorizationRequest, Refusal> {
    let (client, back) = return_address(parameters, clients).map_err(Refusal::Page)?;
    match rest(parameters, client, &back) {
        Ok(request) => Ok(request),
        Err(error) => Err(Refusal::Redirect { back, error }),
    }
}

/// Who asks, and where the answer goes. Nothing is sent anywhere before this is known.
fn return_address<'a>(
    parameters: &Parameters,
    clients: &'a BTreeMap<String, Client>,
) -> Result<(&'a Client, ReturnAddress), PageError> {
    if ["client_id", "redirect_uri"].into_iter().any(|name| parameters.is_repeated(name)) {
        return Err(PageError::Repeated);
    }
    let id = parameters.get("client_id").ok_or(PageError::ClientMissing)?;
    let client = clients.get(id).ok_or(PageError::ClientUnknown)?;
    if !client.enabled {
        return Err(PageError::ClientDisabled);
    }
    let redirect_uri = parameters.get("redirect_uri").ok_or(PageError::RedirectUriMissing)?;
    if !is_registered(client.redirect_uris.iter().map(String::as_str), redirect_uri) {
        return Err(PageError::RedirectUriInvalid);
    }
    // What cannot be told apart, or is too long to be kept, is not echoed.
    let state =
        parameters.get("state").filter(|state| state.len() <= LONGEST_STATE && !parameters.is_repeated("state"));
    let mode = match parameters.get("response_mode") {
        Some("fragment") => ResponseMode::Fragment,
        // Errors of flows that answer in the fragment stand there too.
        None if parameters.get("response_type").is_some_and(|kind| kind.contains("token")) => ResponseMode::Fragment,
        _ => ResponseMode::Query,
    };
    let back = ReturnAddress { redirect_uri: redirect_uri.to_owned(), mode, state: state.map(str::to_owned) };
    Ok((client, back))
}

fn rest(
    parameters: &Parameters,
    client: &Client,
    back: &ReturnAddress,
) -> Result<AuthorizationRequest, AuthorizationError> {
    let invalid = |description: &str| AuthorizationError::new("invalid_request", description);
    if parameters.has_repetitions() {
        return Err(invalid("duplicated parameter"));
    }
    for (parameter, error) in NOT_SUPPORTED {
        if parameters.get(parameter).is_some() {
            return Err(AuthorizationError { error, description: None });
        }
    }
    for (parameter, longest) in LONGEST {
        if parameters.get(parameter).is_some_and(|value| value.len() > longest) {
            return Err(AuthorizationError::new("invalid_request", format!("Parameter too long: {parameter}")));
        }
    }
    match parameters.get("response_type") {
        None => return Err(invalid("Missing parameter: response_type")),
        Some("code") if client.standard_flow => {}
        Some("code") => {
            return Err(AuthorizationError::new("unauthorized_client", "Standard flow is disabled for the client."));
        }
        Some(_) => return Err(AuthorizationError { error: "unsupported_response_type", description: None }),
    }
    if !matches!(parameters.get("response_mode"), None | Some("query" | "fragment")) {
        return Err(invalid("Invalid parameter: response_mode"));
    }
    let scopes = Scopes::parse(parameters.get("scope"))
        .map_err(|scope| AuthorizationError::new("invalid_scope", format!("Invalid scopes: {scope}")))?;
    let max_age =
        parameters.get("max_age").map(str::parse).transpose().map_err(|_| invalid("Invalid parameter: max_age"))?;
    let challenge = pkce::challenge(client, parameters.get("code_challenge"), parameters.get("code_challenge_method"))
        .map_err(invalid)?;
    let owned = |name| parameters.get(name).map(str::to_owned);
    Ok(AuthorizationRequest {
        client_id: client.id.clone(),
        back: back.clone(),
        scopes,
        nonce: owned("nonce"),
        prompt: prompt(parameters.get("prompt")).ok_or_else(|| invalid("Invalid parameter: prompt"))?,
        max_age,
        login_hint: owned("login_hint"),
        id_token_hint: owned("id_token_hint"),
        ui_locales: owned("ui_locales"),
        challenge,
    })
}

fn prompt(parameter: Option<&str>) -> Option<Prompt> {
    let mut prompt = Prompt::IfNeeded;
    let values: Vec<&str> = parameter.unwrap_or_default().split_whitespace().collect();
    for value in &values {
        match *value {
            "none" if values.len() == 1 => prompt = Prompt::Never,
            "select_account" => prompt = Prompt::OtherAccount,
            "login" if prompt == Prompt::IfNeeded => prompt = Prompt::Always,
            "login" | "consent" => {}
            _ => return None,
        }
    }
    Some(prompt)
}

impl AuthorizationRequest {
    /// Whether a login of that age, in seconds, answers the request without a page.
    pub(in crate::oidc) fn accepts_login_of_age(&self, age: i64) -> bool {
        !matches!(self.prompt, Prompt::Always | Prompt::OtherAccount)
            && self.max_age.is_none_or(|most| age < i64::from(most))
    }

    /// The request as an address of `endpoint`: where it begins anew.
    pub(in crate::oidc) fn address(&self, endpoint: &str) -> String {
        let scope = self.scopes.to_string();
        let max_age = self.max_age.map(|seconds| seconds.to_string());
        let prompt = match self.prompt {
            Prompt::IfNeeded => None,
            Prompt::Never => Some("none"),
            Prompt::Always => Some("login"),
            Prompt::OtherAccount => Some("select_account"),
        };
        let (challenge, method) = self.challenge.as_ref().map(Challenge::parameters).unzip();
        let mode = match self.back.mode {
            ResponseMode::Query => None,
            ResponseMode::Fragment => Some("fragment"),
        };
        let optional = [
            ("state", self.back.state.as_deref()),
            ("response_mode", mode),
            ("nonce", self.nonce.as_deref()),
            ("prompt", prompt),
            ("max_age", max_age.as_deref()),
            ("login_hint", self.login_hint.as_deref()),
            ("id_token_hint", self.id_token_hint.as_deref()),
            ("ui_locales", self.ui_locales.as_deref()),
            ("code_challenge", challenge),
            ("code_challenge_method", method),
        ];
        let always = [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", &self.back.redirect_uri),
            ("response_type", "code"),
            ("scope", &scope),
        ];
        let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
        with_fields(endpoint, ResponseMode::Query, always.into_iter().chain(optional))
    }
}

/// Parameters that would change what the request means, with the error for each.
const NOT_SUPPORTED: [(&str, &str); 3] = [
    ("request", "request_not_supported"),
    ("request_uri", "request_uri_not_supported"),
    ("registration", "registration_not_supported"),
];

const LONGEST_STATE: usize = 4_096;

/// The longest values that are kept, in bytes: a login page carries the whole request.
const LONGEST: [(&str, usize); 7] = [
    ("state", LONGEST_STATE),
    ("nonce", 1_024),
    ("scope", redirect_uri::LONGEST),
    ("prompt", 100),
    ("login_hint", 255),
    ("id_token_hint", 16_384),
    ("ui_locales", 255),
];

mod scopes_as_text {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::oidc::scope::Scopes;

    pub(super) fn serialize<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(scopes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
        let text = String::deserialize(deserializer)?;
        Scopes::parse(Some(&text)).map_err(D::Error::custom)
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
