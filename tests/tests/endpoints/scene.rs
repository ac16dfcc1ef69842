//! A platform, people with accounts of their own, and what they do with browsers and clients.

use std::fmt::Write as _;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primehub_core::identity::{Actor, Edit, IdentityStore as _, NewPassword, UserEdit};
use primehub_core::names::UserId;
use primehub_memory::identity::PasswordCheck;
use primehub_memory::oidc::Client;
use primehub_tests::{Browser, Form, Options, Page, Platform};
use reqwest::{RequestBuilder, Url};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::answers::check;
use super::case::Row;

/// Another site.
pub(crate) const EVIL: &str = "https://evil.example";
/// An application that people log in to.
pub(crate) const PORTAL: &str = "portal";
/// A client that takes no passwords, and has no addresses.
pub(crate) const STRICT: &str = "strict";
pub(crate) const CALLBACK: &str = "https://portal.example.com/callback";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-longer-than-forty-three-letters";
pub(crate) const STATE: &str = "the-state-of-the-portal";

/// The platform under test.
pub(crate) struct Scene {
    pub(crate) platform: Platform,
    /// What browsers put before every path.
    pub(crate) public: String,
    /// Another platform, where everybody has to accept terms.
    with_terms: OnceCell<Box<Scene>>,
}

/// Somebody with an account that no other case uses.
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) username: String,
    pub(crate) password: String,
}

/// A person who is logged in to the portal.
pub(crate) struct LoggedIn {
    pub(crate) person: Person,
    pub(crate) browser: Browser,
    /// Answer of the token endpoint.
    pub(crate) tokens: Value,
}

/// What may be different after a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Look {
    logins: usize,
    api_tokens: u32,
    password_works: bool,
    revision: u64,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(configure: impl FnOnce(&mut Options)) -> Self {
        let mut public = None;
        let platform = Platform::start_with(|options| {
            let mut portal = Client::confidential(PORTAL, Platform::CLIENT_SECRET.into());
            portal.redirect_uris = vec![CALLBACK.to_owned()];
            portal.pkce_required = true;
            portal.direct_access_grants = true;
            options.clients.push(portal);
            options.clients.push(Client::confidential(STRICT, Platform::CLIENT_SECRET.into()));
            configure(options);
            public.clone_from(&options.public_url);
        })
        .await;
        let public = public.unwrap_or_else(|| platform.base.clone());
        Self { platform, public, with_terms: OnceCell::new() }
    }

    /// A platform where everybody has to accept terms.
    pub(crate) async fn with_terms(&self) -> &Self {
        let terms = |options: &mut Options| options.default_actions.push("TERMS_AND_CONDITIONS".to_owned());
        self.with_terms.get_or_init(|| async move { Box::new(Box::pin(Self::start_with(terms)).await) }).await
    }

    /// The path of the realm.
    pub(crate) fn realm(&self, path: &str) -> String {
        format!("{}/realms/primehub/{path}", self.platform.base)
    }

    pub(crate) fn openid(&self, path: &str) -> String {
        self.realm(&format!("protocol/openid-connect/{path}"))
    }

    /// A browser that has been nowhere.
    pub(crate) fn browser(&self) -> Browser {
        Browser::using(self.platform.client.clone())
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, time: Duration) {
        self.platform.clock.advance(time);
    }

    /// Lets so much time pass that no limit of an earlier case counts.
    pub(crate) fn rest(&self) {
        self.wait(Duration::from_mins(2));
    }

    pub(crate) async fn person(&self) -> Person {
        let number = self.platform.fresh_number();
        let (username, password) = (format!("person-{number}"), format!("password of {number}"));
        let memory = &self.platform.memory;
        let id = self.platform.add_user(&username).await;
        let new = NewPassword::lasting(password.clone().into());
        memory.set_password(&Actor::service(), &id, new).await.unwrap();
        Person { id, username, password }
    }

    /// Somebody whose password an administrator has set, so that another has to be chosen.
    pub(crate) async fn person_with_temporary_password(&self) -> Person {
        let person = self.person().await;
        let new = NewPassword::temporary(person.password.clone().into());
        self.platform.memory.set_password(&Actor::service(), &person.id, new).await.unwrap();
        person
    }

    pub(crate) async fn disable(&self, person: &Person) {
        let edit = UserEdit { enabled: Some(false), ..UserEdit::default() };
        self.platform.memory.edit_user(&Actor::service(), &person.id, edit).await.unwrap();
    }

    pub(crate) async fn set_email(&self, person: &Person, email: &str) {
        let edit = UserEdit { email: Edit::Set(email.to_owned()), ..UserEdit::default() };
        self.platform.memory.edit_user(&Actor::service(), &person.id, edit).await.unwrap();
    }

    pub(crate) async fn look(&self, person: &Person) -> Look {
        let memory = &self.platform.memory;
        let counts = memory.api_token_counts(std::slice::from_ref(&person.id)).await.unwrap();
        let password = person.password.clone().into();
        let check = memory.verify_password(&person.username, &password).await.unwrap();
        Look {
            logins: memory.login_count(&person.id),
            api_tokens: counts.get(&person.id).copied().unwrap_or_default(),
            password_works: matches!(check, PasswordCheck::Correct(_)),
            revision: self.platform.revision().0,
        }
    }

    /// The answer, checked for what holds for all, and what is different since `before`.
    pub(crate) async fn row(&self, page: &Page, person: &Person, before: &Look) -> Row {
        let says = check(self, page);
        Row::Sent { status: page.status, says, changed: self.look(person).await.since(before) }
    }

    /// An authorization request of the portal. Parameters replace those of their name; an empty one is left away.
    pub(crate) fn authorization(&self, changes: &[(&str, &str)]) -> Url {
        let challenge = challenge();
        let mut fields = vec![
            ("client_id", PORTAL),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", STATE),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            fields.retain(|(other, _)| other != name);
            fields.push((name, value));
        }
        fields.retain(|(_, value)| !value.is_empty());
        Url::parse_with_params(&self.openid("auth"), fields).unwrap()
    }

    /// Opens an address and sends the login page that it leads to.
    pub(crate) async fn log_in_at(&self, browser: &mut Browser, url: &str, person: &Person) -> Page {
        let page = browser.visit(&self.here(url)).await;
        check(self, &page);
        let entries = [("username", &*person.username), ("password", &person.password)];
        let page = browser.send(&page, &page.form("password"), &entries).await;
        check(self, &page);
        page
    }

    /// The address as it is reached without the proxy.
    pub(crate) fn here(&self, url: &str) -> String {
        url.replacen(&self.public, &self.platform.base, 1)
    }

    /// A new login of somebody new, with tokens for the portal.
    pub(crate) async fn logged_in(&self) -> LoggedIn {
        let person = self.person().await;
        let mut browser = self.browser();
        let tokens = self.tokens(&mut browser, &person).await;
        LoggedIn { person, browser, tokens }
    }

    /// Logs the browser in to the portal; what that gets.
    pub(crate) async fn tokens(&self, browser: &mut Browser, person: &Person) -> Value {
        let code = self.code(browser, person, &[]).await;
        let answer = self.token(browser, &code_grant(&code)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        json(&answer)
    }

    /// Logs the browser in; the code that comes of it.
    pub(crate) async fn code(&self, browser: &mut Browser, person: &Person, changes: &[(&str, &str)]) -> String {
        let page = self.log_in_at(browser, self.authorization(changes).as_str(), person).await;
        page.returned("code").unwrap_or_else(|| panic!("no code: {} {:?}", page.text, page.location()))
    }

    /// Asks the token endpoint, as the portal unless the fields say otherwise.
    pub(crate) async fn token(&self, browser: &mut Browser, fields: &[(&str, &str)]) -> Page {
        let page = browser.exchange(self.as_client("token", fields)).await;
        check(self, &page);
        page
    }

    /// A form of a client, the portal unless the fields say otherwise.
    pub(crate) fn as_client(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let mut all = vec![("client_id", PORTAL), ("client_secret", Platform::CLIENT_SECRET)];
        all.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
        all.extend(fields);
        self.platform.client.post(self.openid(path)).form(&all)
    }

    /// Ends the login as its client does.
    pub(crate) async fn end(&self, login: &LoggedIn) {
        let fields = [("refresh_token", text(&login.tokens, "refresh_token"))];
        let answer = self.platform.send(self.as_client("logout", &fields)).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }

    /// Whether the login's refresh token still works; if not, why.
    pub(crate) async fn refreshes(&self, tokens: &Value) -> Result<Value, String> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", text(tokens, "refresh_token"))];
        let answer = self.token(&mut self.browser(), &fields).await;
        let body = json(&answer);
        if answer.status == 200 { Ok(body) } else { Err(text(&body, "error_description").to_owned()) }
    }
}

impl Look {
    fn since(&self, before: &Self) -> String {
        let mut changes = String::new();
        let mut note = |change: String| {
            let separator = if changes.is_empty() { "" } else { ", " };
            let _ = write!(changes, "{separator}{change}");
        };
        if self.logins != before.logins {
            note(format!("logins {} -> {}", before.logins, self.logins));
        }
        if self.api_tokens != before.api_tokens {
            note(format!("API tokens {} -> {}", before.api_tokens, self.api_tokens));
        }
        if self.password_works != before.password_works {
            note("password".to_owned());
        }
        if self.revision != before.revision {
            note("directory".to_owned());
        }
        if changes.is_empty() { "-".to_owned() } else { changes }
    }
}

/// The fields of the exchange of a code.
pub(crate) fn code_grant(code: &str) -> [(&str, &str); 4] {
    [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]
}

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()))
}

pub(crate) fn json(page: &Page) -> Value {
    serde_json::from_str(&page.text).unwrap_or_default()
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// The text with another letter in its middle.
pub(crate) fn tampered(text: &str) -> String {
    let middle = text.len() / 2;
    let other = if text.as_bytes()[middle] == b'A' { 'B' } else { 'A' };
    format!("{}{other}{}", &text[..middle], &text[middle + 1..])
}

/// Says that a page of another site has made the browser send it.
pub(crate) fn from_elsewhere(request: RequestBuilder) -> RequestBuilder {
    let (client, request) = request.build_split();
    let mut request = request.unwrap();
    for (name, value) in [("origin", EVIL), ("sec-fetch-site", "cross-site")] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    RequestBuilder::from_parts(client, request)
}

/// The form's hidden field, changed.
pub(crate) fn tampered_field(form: &Form) -> String {
    tampered(form.field("form").unwrap())
}
