//! What a login page carries until it comes back, so that nothing needs to be kept for people who have not logged in yet.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primehub_core::names::UserId;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::authorization::AuthorizationRequest;
use super::keys::{KeyError, KeyRing};

/// A hidden field of the login page: the authorization request, how far the person has come, and which browser it is for.
///
/// The provider signs it, so that nobody can make one up or change one. It is bound to a cookie that the page came with: another site can
/// make a browser send a form, even one with a genuine field of its own, but not the cookie that belongs to it. Both are needed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct LoginForm {
    pub(super) request: AuthorizationRequest,
    pub(super) stage: Stage,
}

/// How far the person has come.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Stage {
    /// A name and a password are to be shown.
    Password,
    /// They have been, at that time, in Unix seconds; now the account has something to do, such as a new password, before it is let in.
    ///
    /// Such a form stands for a login, so it must not outlive its purpose: once nothing is left to do, a password is asked for again.
    Actions { user: UserId, at: i64 },
}

/// Why a form is not taken back.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum LoginFormError {
    /// Not signed by this provider, or something else that is.
    #[error("the form was not made by this provider")]
    Invalid,
    /// It has lain about for too long.
    #[error("the form is too old")]
    Expired,
    /// It came without its cookie, or with another.
    #[error("the form was not sent by the browser that it was made for")]
    OtherBrowser,
}

/// How long a page may be left open, in seconds.
const PASSWORD_LIFESPAN: i64 = 30 * 60;

/// The same, once the person has shown who they are.
const ACTIONS_LIFESPAN: i64 = 5 * 60;

/// The form as it is signed. `typ` tells it from refresh tokens, which the same keys sign.
#[derive(Clone, Deserialize, Serialize)]
struct Signed {
    typ: FormType,
    iss: String,
    /// Unix seconds.
    exp: i64,
    /// Digest of the cookie.
    cookie: String,
    #[serde(flatten)]
    form: LoginForm,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
enum FormType {
    LoginForm,
}

impl LoginForm {
    /// Writes the field at `now`, in Unix seconds, for the browser that has `cookie`.
    pub(super) fn sign(self, ring: &KeyRing, issuer: &str, cookie: &str, now: i64) -> Result<String, KeyError> {
        let exp = match &self.stage {
            Stage::Password => now.saturating_add(PASSWORD_LIFESPAN),
            Stage::Actions { at, .. } => at.saturating_add(ACTIONS_LIFESPAN),
        };
        let signed =
            Signed { typ: FormType::LoginForm, iss: issuer.to_owned(), exp, cookie: cookie_digest(cookie), form: self };
        ring.sign_private(&signed)
    }

    /// Reads the field as it came back at `now`, in Unix seconds, together with `cookie`.
    pub(super) fn read(
        ring: &KeyRing,
        issuer: &str,
        field: &str,
        cookie: Option<&str>,
        now: i64,
    ) -> Result<Self, LoginFormError> {
        let signed: Signed = ring.read_private(field).ok_or(LoginFormError::Invalid)?;
        let FormType::LoginForm = signed.typ;
        if signed.iss != issuer {
            return Err(LoginFormError::Invalid);
        }
        let cookie = cookie_digest(cookie.ok_or(LoginFormError::OtherBrowser)?);
        if !bool::from(cookie.as_bytes().ct_eq(signed.cookie.as_bytes())) {
            return Err(LoginFormError::OtherBrowser);
        }
        if now >= signed.exp {
            return Err(LoginFormError::Expired);
        }
        Ok(signed.form)
    }
}

/// Whoever reads a page must not learn the cookie from it.
fn cookie_digest(cookie: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, cookie.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::LazyLock;

    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;
    use crate::oidc::authorization::{self, Parameters};
    use crate::oidc::claims::RefreshToken;
    use crate::oidc::client::Client;
    use crate::oidc::keys::Keys;

    static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::generate().unwrap());

    const ISSUER: &str = "https://id.example/realms/r";
    const NOW: i64 = 1_000;

    fn form(stage: Stage) -> LoginForm {
        let mut client = Client::confidential("web", "s".into());
        client.redirect_uris = vec!["https://a.example/cb".to_owned()];
        let query = b"client_id=web&redirect_uri=https://a.example/cb&response_type=code&state=a%20b&scope=openid";
        let clients = BTreeMap::from([("web".to_owned(), client)]);
        LoginForm { request: authorization::read(&Parameters::parse(query), &clients).unwrap(), stage }
    }

    fn actions() -> Stage {
        Stage::Actions { user: UserId::new("amy"), at: NOW - 100 }
    }

    #[rstest]
    #[case::at_once(Stage::Password, ISSUER, Some("cookie"), NOW, Ok(()))]
    #[case::at_the_last_second(Stage::Password, ISSUER, Some("cookie"), NOW + 1_799, Ok(()))]
    #[case::too_late(Stage::Password, ISSUER, Some("cookie"), NOW + 1_800, Err(LoginFormError::Expired))]
    #[case::with_actions(actions(), ISSUER, Some("cookie"), NOW + 199, Ok(()))]
    #[case::too_late_with_actions(actions(), ISSUER, Some("cookie"), NOW + 200, Err(LoginFormError::Expired))]
    #[case::no_cookie(Stage::Password, ISSUER, None, NOW, Err(LoginFormError::OtherBrowser))]
    #[case::other_cookie(Stage::Password, ISSUER, Some("other"), NOW, Err(LoginFormError::OtherBrowser))]
    #[case::empty_cookie(Stage::Password, ISSUER, Some(""), NOW, Err(LoginFormError::OtherBrowser))]
    #[case::other_realm(
        Stage::Password,
        "https://id.example/realms/q",
        Some("cookie"),
        NOW,
        Err(LoginFormError::Invalid)
    )]
    fn forms_come_back_to_the_browser_that_they_were_made_for(
        #[case] stage: Stage,
        #[case] issuer: &str,
        #[case] cookie: Option<&str>,
        #[case] now: i64,
        #[case] expected: Result<(), LoginFormError>,
    ) {
        let ring = KEYS.ring();
        let field = form(stage.clone()).sign(&ring, ISSUER, "cookie", NOW).unwrap();
        assert_eq!(LoginForm::read(&ring, issuer, &field, cookie, now), expected.map(|()| form(stage)));
    }

    #[test]
    fn what_the_provider_did_not_sign_as_a_form_is_none() {
        let ring = KEYS.ring();
        let read = |field: &str| LoginForm::read(&ring, ISSUER, field, Some("cookie"), NOW);
        let field = form(Stage::Password).sign(&ring, ISSUER, "cookie", NOW).unwrap();
        let foreign = form(Stage::Password).sign(&Keys::generate().unwrap().ring(), ISSUER, "cookie", NOW).unwrap();
        let mut claims: Value = ring.read_private(&field).unwrap();
        claims["typ"] = json!("Refresh");
        let other_type = ring.sign_private(&claims).unwrap();
        claims["typ"] = json!("LoginForm");
        let public = ring.sign_public(&claims).unwrap();
        let changed = field.replacen('.', ".e", 1);
        for field in [foreign, other_type, public, changed, String::new(), "a.b.c".to_owned()] {
            assert_eq!(read(&field), Err(LoginFormError::Invalid), "{field}");
        }
        assert!(read(&field).is_ok());
        assert!(ring.read_private::<RefreshToken>(&field).is_none(), "nor is a form a refresh token");
    }

    #[test]
    fn a_form_with_the_claims_of_a_refresh_token_is_none_either() {
        let ring = KEYS.ring();
        let field = form(Stage::Password).sign(&ring, ISSUER, "cookie", NOW).unwrap();
        let mut claims: Value = ring.read_private(&field).unwrap();
        for claim in ["jti", "aud", "sub", "azp", "sid", "scope"] {
            claims[claim] = json!(ISSUER);
        }
        claims["iat"] = json!(NOW);
        let both = ring.sign_private(&claims).unwrap();
        assert!(ring.read_private::<RefreshToken>(&both).is_none());
        claims["typ"] = json!("Refresh");
        let refresh = ring.sign_private(&claims).unwrap();
        assert!(ring.read_private::<RefreshToken>(&refresh).is_some(), "the type alone makes the difference");
    }

    #[test]
    fn the_page_does_not_tell_the_cookie() {
        let ring = KEYS.ring();
        let field = form(Stage::Password).sign(&ring, ISSUER, "c00kie", NOW).unwrap();
        let claims: Value = ring.read_private(&field).unwrap();
        assert!(!claims.to_string().contains("c00kie"));
    }
}
