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

/// Old browsers send one of the two headers, and some proxies take one away.
#[rstest::rstest]
#[case::other_site("origin", EVIL)]
#[case::other_port("origin", "http://127.0.0.1:1")]
#[case::other_scheme("origin", "https://127.0.0.1")]
#[case::page_of_another_site("sec-fetch-site", "cross-site")]
#[case::page_of_a_neighbour("sec-fetch-site", "same-site")]
#[tokio::test]
async fn either_header_of_a_foreign_page_is_enough(#[case] name: &'static str, #[case] value: &'static str) {
    let scene = Scene::start().await;
    let mut login = scene.logged_in().await;
    let account = login.browser.open(&scene.realm("account")).await;
    let confirmation = login.browser.open(&scene.openid("logout")).await;
    let mut visitor = scene.browser();
    let page = visitor.open(scene.authorization(&[]).as_str()).await;
    let credentials = [("username", &*login.person.username), ("password", &login.person.password)];
    let requests = [
        visitor.submission(&page, &page.form("password"), &credentials),
        login.browser.submission(&account, &account.form_to("/account/logout"), &[]),
        login.browser.submission(&confirmation, &confirmation.form_to("/logout-confirm"), &[]),
    ];
    let before = scene.look(&login.person).await;
    for request in requests {
        let (client, request) = request.build_split();
        let mut request = request.unwrap();
        for header in ["origin", "sec-fetch-site"] {
            request.headers_mut().remove(header);
        }
        request.headers_mut().insert(name, value.parse().unwrap());
        let page = visitor.exchange(reqwest::RequestBuilder::from_parts(client, request)).await;
        assert_eq!(page.status, 403, "{}: {}", page.url, page.text);
    }
    assert_eq!(scene.look(&login.person).await, before);
}
