//! Somebody who logs in, with a password and nothing else, or on the login page with a browser.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use primehub_core::identity::token::TokenIssuer as _;
use primehub_core::identity::{Actor, IdentityStore as _, NewPassword, NewUser};
use primehub_memory::identity::{MemoryIdentityStore, PasswordCost, RealmSettings};
use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
use primehub_memory::persistence::{DataDirectory, OpenOptions};
use primehub_tests::{Browser, Form, Page};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::population::{CLIENT, REALM};

/// A provider that is reached over a socket, with one account.
#[derive(Debug)]
pub struct Entrance {
    provider: OpenIdProvider,
    base: String,
    /// It ends with the value.
    _server: JoinSet<()>,
}

/// A login page in a browser, filled in.
#[derive(Debug)]
pub struct FilledIn {
    browser: Browser,
    page: Page,
    form: Form,
}

const USERNAME: &str = "ada";
const PASSWORD: &str = "correct horse battery staple";

impl Entrance {
    /// An entrance where guessing passwords costs that much. With `data`, logins are kept in that folder.
    ///
    /// # Errors
    /// A store or provider that does not start.
    pub async fn new(cost: PasswordCost, data: Option<&Path>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}", listener.local_addr()?);
        let mut realm = RealmSettings::new(REALM, CLIENT);
        realm.password_cost = cost;
        let settings = ProviderSettings::new(&realm, &base, "a secret of this bench".into());
        let store = Arc::new(match data {
            Some(folder) => MemoryIdentityStore::open(realm, DataDirectory::open(folder, &OpenOptions::new())?)?,
            None => MemoryIdentityStore::new(realm),
        });
        let by = Actor::service();
        let account = store.create_user(&by, NewUser::new(USERNAME.parse()?)).await?.value;
        store.set_password(&by, &account.id, NewPassword::lasting(PASSWORD.into())).await?;
        let provider = OpenIdProvider::start(store, settings).await?;
        let service = provider.router().into_make_service_with_connect_info::<SocketAddr>();
        let mut server = JoinSet::new();
        server.spawn(async move {
            // Whoever asks next notices.
            let _ = axum::serve(listener, service).await;
        });
        Ok(Self { provider, base, _server: server })
    }

    /// Logs in with the password alone, and tells how long that takes.
    ///
    /// # Errors
    /// A provider that refuses.
    pub async fn log_in(&self) -> anyhow::Result<Duration> {
        let password = SecretString::from(PASSWORD);
        let began = Instant::now();
        self.provider.log_in(USERNAME, &password).await?;
        Ok(began.elapsed())
    }

    /// Opens the login page with a new browser.
    ///
    /// # Errors
    /// A page without a form for passwords.
    pub async fn login_page(&self) -> anyhow::Result<FilledIn> {
        let mut browser = Browser::new();
        let page = browser.visit(&format!("{}/realms/{REALM}/account", self.base)).await;
        let form = page.forms().into_iter().find(|form| form.has("password")).context("a page to log in")?;
        Ok(FilledIn { browser, page, form })
    }
}

impl FilledIn {
    /// Sends the form, and tells how long the answer takes, which is where the browser goes as somebody who is logged in.
    ///
    /// # Errors
    /// A page that asks again.
    pub async fn send(mut self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let answer = self.browser.send(&self.page, &self.form, &[("username", USERNAME), ("password", PASSWORD)]).await;
        let took = began.elapsed();
        anyhow::ensure!(answer.is_redirect(), "not let in: {}", answer.text);
        Ok(took)
    }
}
