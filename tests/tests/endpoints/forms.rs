//! The forms of the provider's pages: each is signed for one browser and one purpose.

use std::time::Duration;

use primehub_tests::{Browser, Form, Page};

use super::case::{Case, Row};
use super::scene::{EVIL, LoggedIn, Person, Scene, from_elsewhere, tampered_field};

/// A form that somebody is about to send.
pub(crate) struct Filled {
    pub(crate) person: Person,
    pub(crate) browser: Browser,
    pub(crate) page: Page,
    pub(crate) form: Form,
    pub(crate) entries: Vec<(&'static str, String)>,
    /// The login that the page belongs to, where there is one already.
    pub(crate) tokens: Option<serde_json::Value>,
    /// How long the page can be used.
    pub(crate) good_for: Duration,
    /// What keeps the login alive while the page gets old.
    pub(crate) kept_alive_by: Option<String>,
    /// A field by which somebody could try to have the browser sent elsewhere.
    pub(crate) redirect_field: Option<&'static str>,
}

/// Sends the form, or something like it.
pub(crate) async fn send(scene: &Scene, case: Case, filled: impl AsyncFnOnce(&Scene) -> Filled) -> Row {
    match case {
        Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier => return Row::Never("takes no code"),
        Case::OtherClient => return Row::Never("what it is for is signed into the form"),
        _ => {}
    }
    scene.rest();
    let mut filled = filled(scene).await;
    let field = tampered_field(&filled.form);
    match case {
        Case::WrongRedirect => match filled.redirect_field {
            Some(name) => filled.entries.push((name, EVIL.to_owned())),
            None => return Row::Never("leads nowhere"),
        },
        Case::EndedSession => match filled.tokens.take() {
            Some(tokens) => {
                let Filled { person, browser, .. } = filled;
                let login = LoggedIn { person, browser, tokens };
                scene.end(&login).await;
                filled.person = login.person;
                filled.browser = login.browser;
            }
            None => return Row::Never("there is no login yet"),
        },
        Case::NoCookie => filled.browser.cookies.clear(),
        Case::ForeignCookie => filled.browser = scene.logged_in().await.browser,
        Case::Tampered => filled.entries.push(("form", field)),
        Case::DisabledAccount => scene.disable(&filled.person).await,
        Case::Expired => filled.grow_old(scene).await,
        Case::ReplayedForm => {
            filled.sent().await;
        }
        _ => {}
    }
    let before = scene.look(&filled.person).await;
    let page = match case {
        Case::ForeignOrigin => {
            let request = from_elsewhere(filled.request());
            filled.browser.exchange(request).await
        }
        _ => filled.sent().await,
    };
    scene.row(&page, &filled.person, &before).await
}

impl Filled {
    fn request(&self) -> reqwest::RequestBuilder {
        let entries: Vec<(&str, &str)> = self.entries.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.browser.submission(&self.page, &self.form, &entries)
    }

    async fn sent(&mut self) -> Page {
        let request = self.request();
        self.browser.exchange(request).await
    }

    async fn grow_old(&mut self, scene: &Scene) {
        for _ in 0..2 {
            scene.wait(self.good_for / 2);
            if let Some(address) = &self.kept_alive_by {
                self.browser.open(address).await;
            }
        }
    }
}
