//! The login page, what an account has to do first, and the account page.

use std::time::Duration;

use primehub_tests::{Browser, Page};

use super::case::{Case, Endpoint, Row, endpoint};
use super::forms::{self, Filled};
use super::scene::{LoggedIn, Scene};

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    endpoint!("login form", "POST" "/realms/{realm}/login-actions/authenticate", login),
    endpoint!("new password form", "POST" "/realms/{realm}/login-actions/required-action", new_password),
    endpoint!("terms form", "POST" "/realms/{realm}/login-actions/required-action", terms),
    endpoint!("account page", "GET" "/realms/{realm}/account", |scene, case| account_page(scene, case, "account")),
    endpoint!("account page/", "GET" "/realms/{realm}/account/", |scene, case| account_page(scene, case, "account/")),
    endpoint!("account: password", "POST" "/realms/{realm}/account/password", |scene, case| {
        account_form(scene, case, "/account/password")
    }),
    endpoint!("account: end session", "POST" "/realms/{realm}/account/sessions/end", |scene, case| {
        account_form(scene, case, "/account/sessions/end")
    }),
    endpoint!("account: end others", "POST" "/realms/{realm}/account/sessions/end-others", |scene, case| {
        account_form(scene, case, "/account/sessions/end-others")
    }),
    endpoint!("account: revoke token", "POST" "/realms/{realm}/account/tokens/revoke", |scene, case| {
        account_form(scene, case, "/account/tokens/revoke")
    }),
    endpoint!("account: log out", "POST" "/realms/{realm}/account/logout", |scene, case| {
        account_form(scene, case, "/account/logout")
    }),
];

/// How long a page can be left open.
const PAGE: Duration = Duration::from_mins(30);
/// How long an action may take from the moment that the password was shown.
const ACTION: Duration = Duration::from_mins(10);
const NEW_PASSWORD: &str = "a password that nobody had before";

async fn login(scene: &Scene, case: Case) -> Row {
    forms::send(scene, case, async |scene| {
        let person = scene.person().await;
        let mut browser = scene.browser();
        let page = browser.open(scene.authorization(&[]).as_str()).await;
        let entries = vec![("username", person.username.clone()), ("password", person.password.clone())];
        let form = page.form("password");
        Filled { entries, redirect_field: Some("redirect_uri"), ..plain(person, browser, page, form, PAGE) }
    })
    .await
}

async fn new_password(scene: &Scene, case: Case) -> Row {
    forms::send(scene, case, async |scene| {
        let person = scene.person_with_temporary_password().await;
        let mut browser = scene.browser();
        let page = scene.log_in_at(&mut browser, scene.authorization(&[]).as_str(), &person).await;
        let entries = ["password-new", "password-confirm"].map(|name| (name, NEW_PASSWORD.to_owned())).into();
        let form = page.form("password-new");
        Filled { entries, redirect_field: Some("redirect_uri"), ..plain(person, browser, page, form, ACTION) }
    })
    .await
}

async fn terms(scene: &Scene, case: Case) -> Row {
    if case == Case::ForeignCookie {
        // Nobody is logged in anywhere as long as nobody has accepted; `new password form` has this case.
        return Row::Never("there is no other login on this platform");
    }
    forms::send(scene.with_terms().await, case, async |scene| {
        let person = scene.person().await;
        let mut browser = scene.browser();
        let page = scene.log_in_at(&mut browser, scene.authorization(&[]).as_str(), &person).await;
        let entries = vec![("accept", "true".to_owned())];
        let form = page.form("accept");
        Filled { entries, redirect_field: Some("redirect_uri"), ..plain(person, browser, page, form, ACTION) }
    })
    .await
}

fn plain(
    person: super::scene::Person,
    browser: Browser,
    page: Page,
    form: primehub_tests::Form,
    good_for: Duration,
) -> Filled {
    let (entries, tokens, kept_alive_by, redirect_field) = (Vec::new(), None, None, None);
    Filled { person, browser, page, form, entries, tokens, good_for, kept_alive_by, redirect_field }
}

/// A form of the account page. Its owner is logged in twice and has an API token.
async fn account_form(scene: &Scene, case: Case, action: &'static str) -> Row {
    forms::send(scene, case, async |scene| {
        let LoggedIn { person, mut browser, tokens } = scene.logged_in().await;
        // The session that the page belongs to is the older one, and is used last.
        scene.tokens(&mut scene.browser(), &person).await;
        scene.platform.provider.mint_api_token(&person.id).await.unwrap();
        scene.wait(Duration::from_secs(1));
        let address = scene.realm("account");
        let page = browser.open(&address).await;
        let entries = match action {
            "/account/password" => {
                let new = ["password-new", "password-confirm"].map(|name| (name, NEW_PASSWORD.to_owned()));
                new.into_iter().chain([("password", person.password.clone())]).collect()
            }
            _ => Vec::new(),
        };
        let form = match action {
            // The last of the list is a session of another browser.
            "/account/sessions/end" => page.forms().into_iter().rfind(|form| form.action.ends_with(action)).unwrap(),
            _ => page.form_to(action),
        };
        let plain = plain(person, browser, page, form, PAGE);
        Filled { entries, tokens: Some(tokens), kept_alive_by: Some(address), ..plain }
    })
    .await
}

async fn account_page(scene: &Scene, case: Case, path: &str) -> Row {
    match case {
        Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier => return Row::Never("takes no code"),
        Case::OtherClient => return Row::Never("belongs to no client"),
        Case::WrongRedirect => return Row::Never("leads nowhere"),
        _ => {}
    }
    scene.rest();
    let mut login = scene.logged_in().await;
    let address = scene.realm(path);
    login.browser.open(&address).await;
    login.spoil(scene, case).await;
    let before = scene.look(&login.person).await;
    let mut request = scene.platform.client.get(&address);
    if let Some(cookies) = login.browser.cookies.line(&address.parse().unwrap()) {
        request = request.header("cookie", cookies);
    }
    if case == Case::ForeignOrigin {
        request = super::scene::from_elsewhere(request);
    }
    let page = login.browser.exchange(request).await;
    scene.row(&page, &login.person, &before).await
}

impl LoggedIn {
    /// Does to the browser's login what the case is about.
    pub(crate) async fn spoil(&mut self, scene: &Scene, case: Case) {
        match case {
            Case::NoCookie => self.browser.cookies.clear(),
            Case::ForeignCookie => self.forge_session(scene).await,
            Case::Expired => scene.wait(Duration::from_mins(31)),
            Case::DisabledAccount => scene.disable(&self.person).await,
            Case::EndedSession => scene.end(self).await,
            _ => {}
        }
    }

    /// Puts the secret of another login into the cookie that names this one.
    async fn forge_session(&mut self, scene: &Scene) {
        let other = scene.logged_in().await.browser;
        let [own, other] = [&self.browser, &other].map(|browser| browser.cookies.get(SESSION).unwrap().value.clone());
        let (account, secret) = (own.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1);
        self.browser.cookies.change(SESSION, &format!("{account}.{secret}"));
    }
}

pub(crate) const SESSION: &str = "PRIMEHUB_SESSION";
