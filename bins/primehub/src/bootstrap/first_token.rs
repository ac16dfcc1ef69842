//! A first API token, as a person would fetch one: through the login page.

use std::error::Error;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primehub_core::identity::token::{CodeGrant, LoginProvider};
use primehub_core::names::UserId;
use primehub_keycloak::KeycloakSettings;
use primehub_memory::demo::FirstToken;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, NoProxy, Proxy, Response};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// A browser in front of the login page of a realm.
pub(super) struct LoginPage {
    http: Client,
    redirect_uri: String,
}

/// The same, for the client that its codes are for.
pub(super) struct Tokens {
    page: LoginPage,
    provider: Arc<dyn LoginProvider>,
}

impl LoginPage {
    /// `site`: where the client sends people back to. Nobody goes there: the code is read from the address.
    pub(super) fn new(settings: &KeycloakSettings, site: &str) -> anyhow::Result<Self> {
        let mut http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        for certificate in reqwest::Certificate::from_pem_bundle(&settings.extra_authorities)? {
            http = http.add_root_certificate(certificate);
        }
        if let Some(proxy) = &settings.proxy {
            http = http.proxy(Proxy::all(proxy.clone())?.no_proxy(NoProxy::from_string(&settings.no_proxy)));
        }
        let redirect_uri = format!("{}/oidc/auth-flow/callback", site.trim_end_matches('/'));
        Ok(Self { http: http.build()?, redirect_uri })
    }

    /// Codes are exchanged by `provider`.
    pub(super) fn exchanged_by(self, provider: Arc<dyn LoginProvider>) -> Tokens {
        Tokens { page: self, provider }
    }
}

impl Tokens {
    async fn fetch(&self, username: &str, password: &SecretString) -> anyhow::Result<SecretString> {
        let verifier = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        let (client_id, redirect_uri) = (self.provider.client_id(), &self.page.redirect_uri);
        let question = [
            ("client_id", client_id.as_str()),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("code_challenge", &URL_SAFE_NO_PAD.encode(challenge)),
            ("code_challenge_method", "S256"),
        ];
        let page = self.page.http.get(self.provider.authorization_endpoint()).query(&question).send().await?;
        ensure!(page.status().is_success(), "there is no login page (status {})", page.status());
        let (cookies, address) = (cookies(&page), page.url().clone());
        let page = page.text().await?;
        let action = form_action(&page).context("the login page has no form")?;
        let form = [("username", username), ("password", password.expose_secret())];
        let request = self.page.http.post(address.join(&action)?).header(COOKIE, cookies).form(&form);
        let answer = request.send().await?;
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let code = location
            .and_then(code_in)
            .with_context(|| format!("the login page does not lead back with a code (status {})", answer.status()))?;
        let grant = CodeGrant::new(code.into(), redirect_uri.clone(), verifier.into());
        self.provider.exchange_code(&grant).await?.refresh_token.context("there is no API token in the answer")
    }
}

#[async_trait]
impl FirstToken for Tokens {
    async fn first_token(
        &self,
        _: &UserId,
        username: &str,
        password: &SecretString,
    ) -> Result<SecretString, Box<dyn Error + Send + Sync>> {
        Ok(self.fetch(username, password).await?)
    }
}

/// What a browser would send back.
fn cookies(answer: &Response) -> String {
    let set = answer.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let pairs: Vec<_> = set.filter_map(|cookie| cookie.split(';').next()).collect();
    pairs.join("; ")
}

/// Where the form with the password is sent: the one that Keycloak's themes name so, or else the first.
fn form_action(page: &str) -> Option<String> {
    let forms = || page.match_indices("<form").filter_map(|(at, _)| page[at..].split('>').next());
    let form = forms().find(|form| form.contains("kc-form-login")).or_else(|| forms().next())?;
    let action = form.split("action=\"").nth(1)?.split('"').next()?;
    Some(action.replace("&amp;", "&"))
}

fn code_in(location: &str) -> Option<String> {
    let location = Url::parse(location).ok()?;
    location.query_pairs().find_map(|(name, value)| (name == "code").then(|| value.into_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::keycloak(
        r#"<form id="kc-locale" action="/l"></form><form id="kc-form-login" onsubmit="x" action="http://kc/a?s=1&amp;t=2" method="post">"#,
        Some("http://kc/a?s=1&t=2")
    )]
    #[case::another_theme(r#"<form method="post" action="/a">"#, Some("/a"))]
    #[case::no_action("<form>", None)]
    #[case::no_form("<p>Sorry</p>", None)]
    fn the_form_of_the_login_page_is_found(#[case] page: &str, #[case] expected: Option<&str>) {
        assert_eq!(form_action(page).as_deref(), expected);
    }

    #[rstest]
    #[case::code("http://site/callback?session_state=s&code=a%2Bb", Some("a+b"))]
    #[case::error("http://site/callback?error=login_required", None)]
    #[case::no_address("/callback", None)]
    fn the_code_is_read_from_the_address(#[case] location: &str, #[case] expected: Option<&str>) {
        assert_eq!(code_in(location).as_deref(), expected);
    }
}
