//! Logging out in a browser (OpenID Connect RP-Initiated Logout 1.0): who is logged out, whether they are asked first, and where they go.

use std::collections::BTreeMap;

use primehub_core::names::UserId;
use serde::{Deserialize, Serialize};

use super::authorization::{Parameters, ResponseMode, is_registered, with_fields};
use super::client::Client;
use super::keys::KeyRing;
use crate::sessions::SessionId;

/// What an ID token says about whom to log out. It may have expired: it is shown to tell who somebody was, not to open anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Hint {
    client: String,
    pub(super) user: UserId,
    /// Absent in ID tokens of clients' own accounts.
    pub(super) session: Option<SessionId>,
}

impl Hint {
    /// Reads an ID token that this provider signed, under its present name.
    pub(super) fn read(ring: &KeyRing, issuer: &str, token: &str) -> Option<Self> {
        let claims: IdTokenClaims = ring.read_public(token)?;
        let genuine = claims.typ == "ID" && claims.iss == issuer;
        genuine.then(|| Self {
            client: claims.azp,
            user: claims.sub,
            session: claims.sid.as_deref().map(SessionId::from),
        })
    }
}

#[derive(Clone, Deserialize)]
struct IdTokenClaims {
    iss: String,
    typ: String,
    azp: String,
    sub: UserId,
    sid: Option<String>,
}

/// What happens to a request to log out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum EndSession {
    /// Nothing was asked for that could be done: a page says why.
    Refused(EndSessionError),
    /// The person is asked first. Nothing shows that they want this.
    Confirm(AfterLogout),
    /// The session ends at once, if it has not ended yet.
    End { user: UserId, session: Option<SessionId>, then: AfterLogout },
}

/// What comes after the logout.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct AfterLogout {
    /// The client that the person comes from.
    pub(super) client_id: Option<String>,
    /// Where the browser goes, with `state` in it; `None` for a page that says that they are logged out.
    pub(super) location: Option<String>,
    /// The languages of the person, best first, as the client knows them.
    pub(super) ui_locales: Option<String>,
}

/// What the page says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum EndSessionError {
    Repeated,
    HintInvalid,
    ClientInvalid,
    HintMissing,
    TargetInvalid,
    StateTooLong,
}

impl EndSessionError {
    /// In the words of the protocol.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Repeated => "duplicated parameter",
            Self::HintInvalid => "Invalid parameter: id_token_hint",
            Self::ClientInvalid => "Invalid parameter: client_id",
            Self::HintMissing => "Missing parameters: id_token_hint",
            Self::TargetInvalid => "Invalid redirect uri",
            Self::StateTooLong => "Invalid parameter: state",
        }
    }
}

/// Decides on a request to log out. `browser` is the session that the browser itself is logged in to, and `hint` reads ID tokens.
///
/// An ID token shows that the request comes from somebody who logged that person in. It ends the session without a question, unless the
/// browser is meanwhile logged in to another one: then the person at it decides.
pub(super) fn decide(
    parameters: &Parameters,
    clients: &BTreeMap<String, Client>,
    browser: Option<&SessionId>,
    hint: impl FnOnce(&str) -> Option<Hint>,
) -> EndSession {
    match read(parameters, clients, hint) {
        Err(error) => EndSession::Refused(error),
        Ok((None, then)) => EndSession::Confirm(then),
        Ok((Some(hint), then)) => match browser {
            Some(browser) if hint.session.as_ref() != Some(browser) => EndSession::Confirm(then),
            _ => EndSession::End { user: hint.user, session: hint.session, then },
        },
    }
}

fn read(
    parameters: &Parameters,
    clients: &BTreeMap<String, Client>,
    hint: impl FnOnce(&str) -> Option<Hint>,
) -> Result<(Option<Hint>, AfterLogout), EndSessionError> {
    if parameters.has_repetitions() {
        return Err(EndSessionError::Repeated);
    }
    let hint = match parameters.get("id_token_hint") {
        None => None,
        Some(token) => Some(hint(token).ok_or(EndSessionError::HintInvalid)?),
    };
    let named = parameters.get("client_id");
    if let (Some(hint), Some(named)) = (&hint, named)
        && hint.client != named
    {
        return Err(EndSessionError::ClientInvalid);
    }
    let client = match named.or(hint.as_ref().map(|hint| &*hint.client)) {
        None => None,
        Some(id) => Some(super::client::enabled(clients, id).ok_or(EndSessionError::ClientInvalid)?),
    };
    let state = parameters.get("state");
    if state.is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(EndSessionError::StateTooLong);
    }
    let location = match (parameters.get("post_logout_redirect_uri"), client) {
        (None, _) => None,
        (Some(_), None) => return Err(EndSessionError::HintMissing),
        (Some(target), Some(client)) if is_registered(client.post_logout_targets(), target) => {
            Some(with_fields(target, ResponseMode::Query, state.map(|state| ("state", state))))
        }
        (Some(_), Some(_)) => return Err(EndSessionError::TargetInvalid),
    };
    let then = AfterLogout {
        client_id: client.map(|client| client.id.clone()),
        location,
        ui_locales: parameters.get("ui_locales").map(str::to_owned),
    };
    Ok((hint, then))
}

/// In bytes.
const LONGEST_STATE: usize = 4_096;

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::oidc::keys::Keys;

    fn clients() -> BTreeMap<String, Client> {
        let mut web = Client::confidential("web", "s".into());
        web.redirect_uris = vec!["https://a.example/*".to_owned()];
        let mut hub = Client::confidential("hub", "s".into());
        hub.redirect_uris = vec!["https://b.example/*".to_owned()];
        hub.post_logout_redirect_uris = vec!["https://b.example/bye".to_owned()];
        let mut off = Client::confidential("off", "s".into());
        off.enabled = false;
        [web, hub, off].map(|client| (client.id.clone(), client)).into()
    }

    /// `<client>` and `<client>/<session>` are ID tokens; nothing else is.
    fn hint(token: &str) -> Option<Hint> {
        let (client, session) = token.strip_prefix("token:")?.split_once('/')?;
        Some(Hint {
            client: client.to_owned(),
            user: UserId::new("amy"),
            session: (!session.is_empty()).then(|| SessionId::from(session)),
        })
    }

    fn end(session: &str, client: &str, location: Option<&str>) -> EndSession {
        let session = (!session.is_empty()).then(|| SessionId::from(session));
        EndSession::End { user: UserId::new("amy"), session, then: after(Some(client), location) }
    }

    fn confirm(client: Option<&str>, location: Option<&str>) -> EndSession {
        EndSession::Confirm(after(client, location))
    }

    fn after(client: Option<&str>, location: Option<&str>) -> AfterLogout {
        AfterLogout { client_id: client.map(str::to_owned), location: location.map(str::to_owned), ui_locales: None }
    }

    #[rstest]
    #[case::nothing("", Some("s"), confirm(None, None))]
    #[case::nothing_and_nobody("", None, confirm(None, None))]
    #[case::client_alone("client_id=web", Some("s"), confirm(Some("web"), None))]
    #[case::client_and_target(
        "client_id=web&post_logout_redirect_uri=https://a.example/bye&state=x",
        Some("s"),
        confirm(Some("web"), Some("https://a.example/bye?state=x"))
    )]
    #[case::hint_alone("id_token_hint=token:web/s", Some("s"), end("s", "web", None))]
    #[case::hint_and_target(
        "id_token_hint=token:web/s&post_logout_redirect_uri=https://a.example/bye",
        Some("s"),
        end("s", "web", Some("https://a.example/bye"))
    )]
    #[case::with_state(
        "id_token_hint=token:web/s&post_logout_redirect_uri=https://a.example/bye?x%3D1&state=a%26b",
        Some("s"),
        end("s", "web", Some("https://a.example/bye?x=1&state=a%26b"))
    )]
    #[case::with_its_client("id_token_hint=token:web/s&client_id=web", Some("s"), end("s", "web", None))]
    #[case::browser_without_a_session("id_token_hint=token:web/s", None, end("s", "web", None))]
    #[case::browser_with_another_session(
        "id_token_hint=token:web/s&post_logout_redirect_uri=https://a.example/bye",
        Some("t"),
        confirm(Some("web"), Some("https://a.example/bye"))
    )]
    #[case::hint_without_a_session("id_token_hint=token:web/", None, end("", "web", None))]
    #[case::hint_without_a_session_but_a_browser_with(
        "id_token_hint=token:web/",
        Some("s"),
        confirm(Some("web"), None)
    )]
    #[case::own_targets(
        "id_token_hint=token:hub/s&post_logout_redirect_uri=https://b.example/bye",
        None,
        end("s", "hub", Some("https://b.example/bye"))
    )]
    fn logouts(#[case] query: &str, #[case] browser: Option<&str>, #[case] expected: EndSession) {
        let browser = browser.map(SessionId::from);
        assert_eq!(decide(&Parameters::parse(query.as_bytes()), &clients(), browser.as_ref(), hint), expected);
    }

    #[rstest]
    #[case::bad_hint("id_token_hint=garbage", EndSessionError::HintInvalid)]
    #[case::bad_hint_and_client("id_token_hint=garbage&client_id=web", EndSessionError::HintInvalid)]
    #[case::other_client("id_token_hint=token:web/s&client_id=hub", EndSessionError::ClientInvalid)]
    #[case::unknown_client("client_id=nobody", EndSessionError::ClientInvalid)]
    #[case::disabled_client("client_id=off", EndSessionError::ClientInvalid)]
    #[case::hint_of_an_unknown_client("id_token_hint=token:gone/s", EndSessionError::ClientInvalid)]
    #[case::target_of_nobody("post_logout_redirect_uri=https://a.example/bye", EndSessionError::HintMissing)]
    #[case::other_target(
        "id_token_hint=token:web/s&post_logout_redirect_uri=https://evil.example/",
        EndSessionError::TargetInvalid
    )]
    #[case::other_target_by_client(
        "client_id=web&post_logout_redirect_uri=https://evil.example/",
        EndSessionError::TargetInvalid
    )]
    #[case::target_of_another_client(
        "id_token_hint=token:web/s&post_logout_redirect_uri=https://b.example/bye",
        EndSessionError::TargetInvalid
    )]
    #[case::login_address_beside_own_targets(
        "id_token_hint=token:hub/s&post_logout_redirect_uri=https://b.example/x",
        EndSessionError::TargetInvalid
    )]
    #[case::script(
        "id_token_hint=token:web/s&post_logout_redirect_uri=javascript:alert(1)",
        EndSessionError::TargetInvalid
    )]
    #[case::twice("client_id=web&client_id=hub", EndSessionError::Repeated)]
    fn refusals(#[case] query: &str, #[case] expected: EndSessionError) {
        let found = decide(&Parameters::parse(query.as_bytes()), &clients(), None, hint);
        assert_eq!(found, EndSession::Refused(expected));
    }

    #[test]
    fn an_endless_state_is_refused() {
        let query = format!("client_id=web&state={}", "x".repeat(LONGEST_STATE + 1));
        let found = decide(&Parameters::parse(query.as_bytes()), &clients(), None, hint);
        assert_eq!(found, EndSession::Refused(EndSessionError::StateTooLong));
    }

    #[test]
    fn hints_are_id_tokens_of_this_provider_however_old() {
        let (keys, other) = (Keys::generate().unwrap(), Keys::generate().unwrap());
        let claims = json!({ "iss": "i", "typ": "ID", "azp": "web", "sub": "amy", "sid": "s", "exp": 1, "aud": "web" });
        let read = |token: &str| Hint::read(&keys.ring(), "i", token);
        let signed = |change: &dyn Fn(&mut serde_json::Value)| {
            let mut claims = claims.clone();
            change(&mut claims);
            keys.ring().sign_public(&claims).unwrap()
        };
        assert_eq!(read(&signed(&|_| ())), hint("token:web/s"));
        assert_eq!(read(&signed(&|claims| claims["typ"] = json!("Bearer"))), None, "an access token");
        assert_eq!(read(&signed(&|claims| claims["iss"] = json!("other"))), None);
        assert_eq!(read(&other.ring().sign_public(&claims).unwrap()), None, "signed by somebody else");
        assert_eq!(read(&keys.ring().sign_private(&claims).unwrap()), None);
        assert_eq!(read("garbage"), None);
    }
}
