//! A day of logins, codes and tokens, with everything logged: no secret of that day is in the log, nor in what is printed for debugging.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use primehub_core::identity::NewPassword;
use primehub_core::identity::token::{CodeGrant, IssuedTokens, TokenIssuer as _};
use primehub_memory::oidc::{Client, KeyUse, ProviderSettings};
use primehub_tests::{Browser, CapturedLog, Form, Page, Platform};
use reqwest::Url;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

const CALLBACK: &str = "https://portal.example.com/callback";
const VERIFIER: &str = "a-verifier-that-is-longer-than-forty-three-letters";
const STATE: &str = "state-of-the-portal";
const NONCE: &str = "nonce-of-the-portal";
const NEW_PASSWORD: &str = "a password that was chosen";
const WRONG_PASSWORD: &str = "a password that was wrong";

/// A day at the platform, and the secrets that occurred.
struct Day {
    platform: Platform,
    secrets: Vec<(&'static str, String)>,
}

impl Day {
    async fn begin() -> Self {
        let platform = Platform::start_with(|options| {
            let mut portal = Client::confidential("portal", Platform::CLIENT_SECRET.into());
            portal.redirect_uris = vec![CALLBACK.to_owned()];
            options.clients.push(portal);
            options.password_login = true;
        })
        .await;
        let mut day = Self { platform, secrets: Vec::new() };
        for (what, secret) in [
            ("client secret", Platform::CLIENT_SECRET),
            ("shared secret", Platform::SHARED_SECRET),
            ("secret of the site", Platform::SITE_SECRET),
            ("verifier", VERIFIER),
            ("state", STATE),
            ("nonce", NONCE),
            ("new password", NEW_PASSWORD),
            ("wrong password", WRONG_PASSWORD),
        ] {
            day.note(what, secret);
        }
        for username in ["ada", "alan", "grace", "emmy", "phadmin"] {
            let person = day.platform.person(username);
            let (password, token) = (person.password.expose_secret(), person.api_token.expose_secret());
            let (password, token) = (password.to_owned(), token.to_owned());
            day.note("password", &password);
            day.note("API token", &token);
        }
        day
    }

    fn note(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() >= 8, "{what} is too short to be searched for: {secret}");
        self.secrets.push((what, secret.to_owned()));
        // As it stands in addresses and forms.
        let encoded = Url::parse_with_params("http://x/", [("", secret)]).unwrap();
        let encoded = encoded.query().unwrap().trim_start_matches('=');
        for variant in [encoded.replace('+', "%20"), encoded.to_owned()] {
            if variant != secret {
                self.secrets.push((what, variant));
            }
        }
        // Of a token each part is as good as the whole to those who can put it together again.
        for part in secret.split('.').filter(|part| part.len() >= 16 && *part != secret) {
            self.secrets.push((what, part.to_owned()));
        }
    }

    /// Notes what a page and its cookies and forms have that nobody else may know.
    fn note_page(&mut self, page: &Page) {
        for line in page.headers.get_all("set-cookie") {
            let (pair, _) = line.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if name != "PRIMEHUB_LANGUAGE" && !value.is_empty() {
                self.note("cookie", value);
            }
        }
        for form in page.forms() {
            if let Some(field) = form.field("form") {
                self.note("form token", field);
            }
        }
        for name in ["code", "state"] {
            if let Some(value) = page.returned(name) {
                self.note(name, &value);
            }
        }
        let body: Value = serde_json::from_str(&page.text).unwrap_or_default();
        for name in ["access_token", "refresh_token", "id_token", "api-token"] {
            if let Some(token) = body[name].as_str() {
                self.note(name, token);
            }
        }
    }

    async fn open(&mut self, browser: &mut Browser, url: &str) -> Page {
        let page = browser.open(url).await;
        self.note_page(&page);
        page
    }

    async fn send(&mut self, browser: &mut Browser, page: &Page, form: &Form, entries: &[(&str, &str)]) -> Page {
        let page = browser.send(page, form, entries).await;
        self.note_page(&page);
        page
    }

    fn openid(&self, path: &str) -> String {
        format!("{}/protocol/openid-connect/{path}", self.platform.provider.issuer())
    }

    fn authorization(&self) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let fields = [
            ("client_id", "portal"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", STATE),
            ("nonce", NONCE),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Url::parse_with_params(&self.openid("auth"), fields).unwrap().into()
    }

    async fn log_in(&mut self, browser: &mut Browser, url: &str, username: &str, password: &str) -> Page {
        let page = self.open(browser, url).await;
        let entries = [("username", username), ("password", password)];
        self.send(browser, &page, &page.form("password"), &entries).await
    }

    /// Asks one of the endpoints for clients, as the portal.
    async fn ask(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut all = vec![("client_id", "portal"), ("client_secret", Platform::CLIENT_SECRET)];
        all.extend(fields);
        let request = self.platform.client.post(self.openid(path)).form(&all);
        let page = Browser::new().exchange(request).await;
        self.note_page(&page);
        page
    }

    async fn exchange(&mut self, code: &str, verifier: &str) -> Page {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", verifier),
        ];
        self.ask("token", &fields).await
    }

    /// A login at an application, everything that it does with its tokens, and a logout.
    async fn visit_an_application(&mut self) {
        let password = self.platform.person("ada").password.expose_secret().to_owned();
        let mut browser = Browser::new();
        let address = self.authorization();
        let back = self.log_in(&mut browser, &address, "ada", &password).await;
        let tokens = self.exchange(&back.returned("code").unwrap(), VERIFIER).await;
        let tokens: Value = serde_json::from_str(&tokens.text).unwrap();
        let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let (access, refresh, id) = (token("access_token"), token("refresh_token"), token("id_token"));
        let answer = self.ask("token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let told = self.platform.client.get(self.openid("userinfo")).bearer_auth(&access);
        assert_eq!(self.platform.send(told).await.status, 200);
        assert_eq!(self.ask("token/introspect", &[("token", &access)]).await.status, 200);
        self.platform.query_with(&access, "{ me { id } }").await;
        let mut goodbye = Url::parse(&self.openid("logout")).unwrap();
        goodbye.query_pairs_mut().append_pair("id_token_hint", &id).append_pair("state", STATE);
        assert_eq!(self.open(&mut browser, goodbye.as_str()).await.status, 200);
        let ended = self.ask("token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
        assert_eq!(ended.status, 400);
        self.ask("logout", &[("refresh_token", &refresh)]).await;
        self.ask("revoke", &[("token", &refresh)]).await;
    }

    /// Wrong passwords, also in the wrong field; codes, forms and tokens that are refused.
    async fn fail_in_every_way(&mut self) {
        let password = self.platform.person("grace").password.expose_secret().to_owned();
        let address = self.authorization();
        let mut browser = Browser::new();
        self.log_in(&mut browser, &address, "grace", WRONG_PASSWORD).await;
        self.log_in(&mut browser, &address, &password, "grace").await;
        self.log_in(&mut browser, &address, &format!("{password}@example.com"), &password).await;
        for _ in 0..12 {
            self.log_in(&mut browser, &address, WRONG_PASSWORD, WRONG_PASSWORD).await;
        }
        let fields = [("grant_type", "password"), ("username", &*password), ("password", WRONG_PASSWORD)];
        self.ask("token", &fields).await;
        let wrong_secret = [("client_secret", WRONG_PASSWORD), ("grant_type", "client_credentials")];
        self.ask("token", &wrong_secret).await;
        let basic = self.platform.client.post(self.platform.graphql()).basic_auth("grace", Some(&password));
        self.platform.send(basic.json(&json!({ "query": "{ me { id } }" }))).await.data();
        let basic = self.platform.client.post(self.platform.graphql()).basic_auth(&password, Some(WRONG_PASSWORD));
        self.platform.send(basic.json(&json!({ "query": "{ me { id } }" }))).await;

        let back = self.log_in(&mut browser, &address, "grace", &password).await;
        let code = back.returned("code").unwrap();
        assert_eq!(self.exchange(&code, &VERIFIER.replace('a', "b")).await.status, 400);
        let back = self.open(&mut browser, &address).await;
        let code = back.returned("code").unwrap();
        assert_eq!(self.exchange(&code, VERIFIER).await.status, 200);
        assert_eq!(self.exchange(&code, VERIFIER).await.status, 400, "replayed");

        let page = self.open(&mut browser, &address).await;
        let field = page.form("password").field("form").unwrap().replace('a', "b");
        self.note("tampered form token", &field);
        let entries = [("form", &*field), ("username", "grace"), ("password", &password)];
        assert_eq!(self.send(&mut browser, &page, &page.form("password"), &entries).await.status, 403);
        let token = self.platform.person("grace").api_token.expose_secret().replace('a', "b");
        self.note("tampered API token", &token);
        self.platform.query_with(&token, "{ me { id } }").await;
        self.ask("token", &[("grant_type", "refresh_token"), ("refresh_token", &token)]).await;
        self.ask("logout", &[("refresh_token", &token)]).await;
        let hint = format!("{}?id_token_hint={token}&state={STATE}", self.openid("logout"));
        assert_eq!(self.open(&mut browser, &hint).await.status, 400);
        let elsewhere = address.replace("callback", "elsewhere");
        assert_eq!(self.open(&mut browser, &elsewhere).await.status, 400);
    }

    /// The way to an API token, to its end and to every other end.
    async fn fetch_an_api_token(&mut self) {
        let password = self.platform.person("alan").password.expose_secret().to_owned();
        let flow = |path: &str| format!("{}/oidc/auth-flow/{path}", self.platform.base);
        let (begin, exchange) = (flow("request"), flow("exchange"));
        let mut browser = Browser::new();
        let page = self.open(&mut browser, &begin).await;
        let login = page.location().unwrap();
        for (name, value) in login.query_pairs() {
            if ["state", "code_challenge"].contains(&&*name) {
                self.note("state of the flow", &value);
            }
        }
        let back = self.log_in(&mut browser, login.as_str(), "alan", &password).await;
        let page = self.open(&mut browser, back.location().unwrap().as_str()).await;
        let code = page.element("textarea").unwrap();
        self.note("code for the command line", &code);
        assert_eq!(STANDARD.decode(&code).unwrap(), back.location().unwrap().query().unwrap().as_bytes());
        for expected in ["api-token", "error"] {
            let request = self.platform.client.post(&exchange).form(&[("code", &code)]);
            let answer = Browser::new().exchange(request).await;
            self.note_page(&answer);
            assert!(answer.text.contains(expected), "{}", answer.text);
        }
        let tampered = code.replace('a', "b");
        self.note("tampered code", &tampered);
        self.platform.send(self.platform.client.post(&exchange).form(&[("code", &tampered)])).await;
        let foreign = self.open(&mut Browser::new(), back.location().unwrap().as_str()).await;
        assert_eq!(foreign.status, 400, "another browser");
    }

    /// Two invitations, one by form and one by call, and the first logins with what they give.
    async fn accept_invitations(&mut self) {
        for by_form in [true, false] {
            let person = self.platform.person("ada");
            let token = self.platform.provider.log_in("ada", &person.password).await.unwrap();
            let token = token.expose_secret().to_owned();
            self.note("access token", &token);
            let document = r#"mutation { createInvitation(data: { groupId: "GROUP" }) { invitationToken } }"#;
            let document = document.replace("GROUP", self.platform.group("research").id.as_str());
            let answer = self.platform.query_with(&token, &document).await;
            let invitation = answer.data()["createInvitation"]["invitationToken"].as_str().unwrap().to_owned();
            self.note("invitation", &invitation);
            let base = format!("{}/console/invite", self.platform.base);
            let (mut browser, username) = (Browser::new(), format!("invited-by-form-{by_form}"));
            let password = if by_form {
                let page = self.open(&mut browser, &format!("{base}/{invitation}")).await;
                self.send(&mut browser, &page, &page.form("username"), &[("username", "ada")]).await;
                let page = self.send(&mut browser, &page, &page.form("username"), &[("username", &username)]).await;
                let (_, shown) = page.text.split_once("id=\"created-password\">").unwrap();
                shown.split_once('<').unwrap().0.to_owned()
            } else {
                let body = json!({ "invitationToken": invitation, "username": username });
                let answer = self.platform.send(self.platform.client.post(&base).json(&body)).await;
                answer.body["createdUser"]["password"].as_str().unwrap().to_owned()
            };
            self.note("first password", &password);
            // Used up.
            self.open(&mut browser, &format!("{base}/{invitation}")).await;
            self.platform.send(self.platform.client.get(format!("{}/invite/{invitation}/x", self.platform.base))).await;

            let address = self.authorization();
            let page = self.log_in(&mut browser, &address, &username, &password).await;
            let form = page.form("password-new");
            let differ = [("password-new", NEW_PASSWORD), ("password-confirm", WRONG_PASSWORD)];
            let page = self.send(&mut browser, &page, &form, &differ).await;
            let same = [("password-new", NEW_PASSWORD), ("password-confirm", NEW_PASSWORD)];
            let page = self.send(&mut browser, &page, &page.form("password-new"), &same).await;
            assert!(page.returned("code").is_some(), "{}", page.text);
        }
    }

    /// The account page: another password, the end of sessions and tokens.
    async fn tidy_up_the_account(&mut self) {
        let password = self.platform.person("emmy").password.expose_secret().to_owned();
        let account = format!("{}/account", self.platform.provider.issuer());
        let mut browser = Browser::new();
        self.log_in(&mut browser, &account, "emmy", &password).await;
        self.log_in(&mut Browser::new(), &account, "emmy", &password).await;
        let page = self.open(&mut browser, &account).await;
        let form = page.form("password-new");
        let fields =
            |current| [("password", current), ("password-new", NEW_PASSWORD), ("password-confirm", NEW_PASSWORD)];
        self.send(&mut browser, &page, &form, &fields(WRONG_PASSWORD)).await;
        let page = self.send(&mut browser, &page, &form, &fields(&password)).await;
        assert!(page.notice().is_some(), "{}", page.text);
        for action in ["/sessions/end-others", "/tokens/revoke", "/account/logout"] {
            let answer = self.send(&mut browser, &page, &page.form_to(action), &[]).await;
            assert_eq!(answer.status, 200, "{action}: {}", answer.text);
        }
    }

    async fn rotate_keys(&mut self) {
        let provider = self.platform.provider.clone();
        for which in [KeyUse::AccessTokens, KeyUse::RefreshTokens] {
            provider.rotate_keys(which).await.unwrap();
        }
        self.visit_an_application().await;
        self.platform.clock.advance(Duration::from_mins(11));
        for which in [KeyUse::AccessTokens, KeyUse::RefreshTokens] {
            provider.retire_keys(which, Duration::from_mins(10)).await.unwrap();
        }
        self.visit_an_application().await;
    }
}

#[tokio::test]
async fn no_secret_of_a_day_is_in_the_log_or_in_what_is_printed() {
    let captured = CapturedLog::start();

    let mut day = Day::begin().await;
    day.visit_an_application().await;
    day.fail_in_every_way().await;
    day.fetch_an_api_token().await;
    day.accept_invitations().await;
    day.tidy_up_the_account().await;
    day.rotate_keys().await;

    let log = captured.text();
    for expected in [
        "answered",
        "logged in",
        "a login failed",
        "a code was shown twice",
        "a code for an API token was handed in",
        "changed the own password",
        "mutation=\"createUserFromInvitation\"",
        "tokens issued",
    ] {
        assert!(log.contains(expected), "the log tells of everything: {expected}");
    }
    assert!(day.secrets.len() > 100, "{}", day.secrets.len());
    let printed = printed(&day).await;
    for (what, secret) in &day.secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "{what} {secret} is in the log: {}", line.unwrap_or_default());
        assert!(!printed.contains(secret.as_str()), "{what} {secret} is printed: {printed}");
    }
}

/// The public types that hold something secret, as they are printed for debugging.
async fn printed(day: &Day) -> String {
    let platform = &day.platform;
    let realm = primehub_memory::identity::RealmSettings::new("primehub", Platform::CLIENT_ID);
    let settings = ProviderSettings::new(&realm, &platform.base, Platform::CLIENT_SECRET.into());
    let site = primehub_graphql::Site::new(&platform.base, &platform.graphql())
        .unwrap()
        .log_in_with(Arc::new(platform.provider.clone()), Platform::SITE_SECRET.into())
        .unwrap();
    let person = platform.person("ada");
    let keys = platform.provider.verification_keys(None).await.unwrap();
    let grant = CodeGrant::new(WRONG_PASSWORD.into(), CALLBACK.to_owned(), VERIFIER.into());
    let mut tokens = IssuedTokens::new(STATE.into());
    tokens.refresh_token = Some(person.api_token.clone());
    let password = NewPassword::lasting(NEW_PASSWORD.into());
    let answers = [
        format!("{:?}", platform.provider),
        format!("{realm:?} {settings:?} {site:?} {person:?} {keys:?} {grant:?} {tokens:?} {password:?}"),
        format!("{:?}", platform.routes),
        format!("{:?}", platform.audit.take()),
        platform.picture(),
    ];
    answers.concat()
}
