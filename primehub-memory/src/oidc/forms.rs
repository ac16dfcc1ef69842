//! What the forms of pages carry until they come back, so that nothing needs to be kept for people who have not logged in yet.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primehub_core::names::UserId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::authorization::AuthorizationRequest;
use super::end_session::AfterLogout;
use super::keys::{KeyError, KeyRing};
use crate::identity::PasswordFingerprint;
use crate::sessions::SessionId;

/// A hidden field of a page, signed by the provider, so that nobody can make one up or change one.
///
/// It is bound to a cookie that the page came with: another site can make a browser send a form, even one with a genuine field of its own,
/// but not the cookie that belongs to it. Both are needed.
pub(super) trait SignedForm: Clone + Serialize + DeserializeOwned {
    /// Tells the kinds of forms, and forms from refresh tokens, which the same keys sign.
    const TYPE: &'static str;

    /// Until when it is taken back, if it is made at `now`; in Unix seconds.
    fn expires_at(&self, now: i64) -> i64;
}

/// What a login page carries: where the login leads, and how far the person has come.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct LoginForm {
    pub(super) goal: Goal,
    /// The session that the browser had when the page was made: this login may replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<SessionId>,
    pub(super) stage: Stage,
}

/// Where a login leads.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Goal {
    /// Back to the client, with a code.
    Client(Box<AuthorizationRequest>),
    /// To the account page.
    Account,
}

/// How far the person has come.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Stage {
    /// A name and a password are to be shown.
    Password,
    /// They have been, at that time, in Unix seconds; now the account has something to do, such as a new password, before it is let in.
    ///
    /// Such a form stands for a login, so it must not outlive its purpose: once that action is done, or the password is no longer the one
    /// that was shown, a password is asked for again.
    Action { user: UserId, at: i64, action: String, password: Option<PasswordFingerprint> },
}

impl SignedForm for LoginForm {
    const TYPE: &'static str = "LoginForm";

    fn expires_at(&self, now: i64) -> i64 {
        match &self.stage {
            Stage::Password => now.saturating_add(PAGE_LIFESPAN),
            Stage::Action { at, .. } => at.saturating_add(ACTION_LIFESPAN),
        }
    }
}

/// What the page carries that asks whether to log out.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct LogoutForm {
    pub(super) then: AfterLogout,
}

impl SignedForm for LogoutForm {
    const TYPE: &'static str = "LogoutForm";

    fn expires_at(&self, now: i64) -> i64 {
        now.saturating_add(PAGE_LIFESPAN)
    }
}

/// What every form of the account page carries.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct AccountForm {
    /// The session that the page was made for: a form of somebody who was logged in before does nothing.
    pub(super) session: SessionId,
}

impl SignedForm for AccountForm {
    const TYPE: &'static str = "AccountForm";

    fn expires_at(&self, now: i64) -> i64 {
        now.saturating_add(PAGE_LIFESPAN)
    }
}

/// Why a form is not taken back.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum FormError<F> {
    /// Not signed by this provider, or something else that is.
    #[error("the form was not made by this provider")]
    Invalid,
    /// The browser sent no cookie at all.
    #[error("the form came without its cookie")]
    NoCookie,
    /// It came with another cookie.
    #[error("the form was not sent by the browser that it was made for")]
    OtherBrowser,
    /// It has lain about for too long; this is what it said.
    #[error("the form is too old")]
    Expired(F),
}

/// How long a page may be left open, in seconds.
const PAGE_LIFESPAN: i64 = 30 * 60;

/// How long an action may take, from the moment that the person has shown who they are.
const ACTION_LIFESPAN: i64 = 10 * 60;

/// A form as it is signed.
#[derive(Clone, Deserialize, Serialize)]
struct Signed<F> {
    typ: String,
    iss: String,
    /// Unix seconds.
    exp: i64,
    /// Digest of the cookie.
    cookie: String,
    form: F,
}

/// Writes the field at `now`, in Unix seconds, for the browser that has `cookie`.
pub(super) fn sign<F: SignedForm>(
    form: F,
    ring: &KeyRing,
    issuer: &str,
    cookie: &str,
    now: i64,
) -> Result<String, KeyError> {
    let exp = form.expires_at(now);
    ring.sign_private(&Signed {
        typ: F::TYPE.to_owned(),
        iss: issuer.to_owned(),
        exp,
        cookie: cookie_digest(cookie),
        form,
    })
}

/// Reads the field as it came back at `now`, in Unix seconds, together with `cookie`.
pub(super) fn read<F: SignedForm>(
    ring: &KeyRing,
    issuer: &str,
    field: &str,
    cookie: Option<&str>,
    now: i64,
) -> Result<F, FormError<F>> {
    let signed: Signed<F> = ring.read_private(field).ok_or(FormError::Invalid)?;
    if signed.typ != F::TYPE || signed.iss != issuer {
        return Err(FormError::Invalid);
    }
    let cookie = cookie_digest(cookie.ok_or(FormError::NoCookie)?);
    if !bool::from(cookie.as_bytes().ct_eq(signed.cookie.as_bytes())) {
        return Err(FormError::OtherBrowser);
    }
    if now >= signed.exp { Err(FormError::Expired(signed.form)) } else { Ok(signed.form) }
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
        let request = authorization::read(&Parameters::parse(query), &clients).unwrap();
        LoginForm { goal: Goal::Client(Box::new(request)), seen: None, stage }
    }

    fn action() -> Stage {
        Stage::Action { user: UserId::new("amy"), at: NOW - 100, action: "UPDATE_PASSWORD".to_owned(), password: None }
    }

    #[rstest]
    #[case::at_once(Stage::Password, ISSUER, Some("cookie"), NOW, Ok(()))]
    #[case::at_the_last_second(Stage::Password, ISSUER, Some("cookie"), NOW + 1_799, Ok(()))]
    #[case::too_late(Stage::Password, ISSUER, Some("cookie"), NOW + 1_800, Err(FormError::Expired(())))]
    #[case::with_an_action(action(), ISSUER, Some("cookie"), NOW + 499, Ok(()))]
    #[case::too_late_with_an_action(action(), ISSUER, Some("cookie"), NOW + 500, Err(FormError::Expired(())))]
    #[case::no_cookie(Stage::Password, ISSUER, None, NOW, Err(FormError::NoCookie))]
    #[case::other_cookie(Stage::Password, ISSUER, Some("other"), NOW, Err(FormError::OtherBrowser))]
    #[case::too_late_and_other_cookie(Stage::Password, ISSUER, Some("other"), NOW + 1_800, Err(FormError::OtherBrowser))]
    #[case::empty_cookie(Stage::Password, ISSUER, Some(""), NOW, Err(FormError::OtherBrowser))]
    #[case::other_realm(Stage::Password, "https://id.example/realms/q", Some("cookie"), NOW, Err(FormError::Invalid))]
    fn forms_come_back_to_the_browser_that_they_were_made_for(
        #[case] stage: Stage,
        #[case] issuer: &str,
        #[case] cookie: Option<&str>,
        #[case] now: i64,
        #[case] expected: Result<(), FormError<()>>,
    ) {
        let ring = KEYS.ring();
        let field = sign(form(stage.clone()), &ring, ISSUER, "cookie", NOW).unwrap();
        let expected = expected.map(|()| form(stage.clone())).map_err(|error| match error {
            FormError::Invalid => FormError::Invalid,
            FormError::NoCookie => FormError::NoCookie,
            FormError::OtherBrowser => FormError::OtherBrowser,
            FormError::Expired(()) => FormError::Expired(form(stage)),
        });
        assert_eq!(read(&ring, issuer, &field, cookie, now), expected);
    }

    fn read_login(field: &str) -> Result<LoginForm, FormError<LoginForm>> {
        read(&KEYS.ring(), ISSUER, field, Some("cookie"), NOW)
    }

    #[test]
    fn what_the_provider_did_not_sign_as_that_form_is_none() {
        let ring = KEYS.ring();
        let field = sign(form(Stage::Password), &ring, ISSUER, "cookie", NOW).unwrap();
        let foreign = sign(form(Stage::Password), &Keys::generate().unwrap().ring(), ISSUER, "cookie", NOW).unwrap();
        let account = AccountForm { session: SessionId::from("s") };
        let other_form = sign(account, &ring, ISSUER, "cookie", NOW).unwrap();
        let mut claims: Value = ring.read_private(&field).unwrap();
        let public = ring.sign_public(&claims).unwrap();
        claims["typ"] = json!("Refresh");
        let other_type = ring.sign_private(&claims).unwrap();
        let changed = field.replacen('.', ".e", 1);
        for field in [foreign, other_form, other_type, public, changed, String::new(), "a.b.c".to_owned()] {
            assert_eq!(read_login(&field), Err(FormError::Invalid), "{field}");
        }
        assert!(read_login(&field).is_ok());
        assert!(ring.read_private::<RefreshToken>(&field).is_none(), "nor is a form a refresh token");
    }

    #[test]
    fn a_form_with_the_claims_of_a_refresh_token_is_none_either() {
        let ring = KEYS.ring();
        let field = sign(form(Stage::Password), &ring, ISSUER, "cookie", NOW).unwrap();
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
        assert_eq!(read_login(&refresh), Err(FormError::Invalid));
    }

    #[test]
    fn the_page_does_not_tell_the_cookie() {
        let field = sign(form(Stage::Password), &KEYS.ring(), ISSUER, "c00kie", NOW).unwrap();
        let claims: Value = KEYS.ring().read_private(&field).unwrap();
        assert!(!claims.to_string().contains("c00kie"));
    }
}
