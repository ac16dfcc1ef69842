//! Logging out with a browser: a client's request, and the answer to the question that some requests raise.

use std::time::Duration;

use reqwest::Method;

use super::case::{Case, Endpoint, Row, endpoint};
use super::forms::{self, Filled};
use super::scene::{CALLBACK, EVIL, LoggedIn, PORTAL, Scene, from_elsewhere, tampered, text};

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    endpoint!("logout", "GET" "/realms/{realm}/protocol/openid-connect/logout", |scene, case| {
        by_client(scene, case, Method::GET)
    }),
    endpoint!("logout of a browser", "POST" "/realms/{realm}/protocol/openid-connect/logout", |scene, case| {
        by_client(scene, case, Method::POST)
    }),
    endpoint!("logout confirmation", "POST" "/realms/{realm}/protocol/openid-connect/logout/logout-confirm", confirmation),
];

async fn by_client(scene: &Scene, case: Case, method: Method) -> Row {
    if matches!(case, Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier) {
        return Row::Never("takes no code");
    }
    scene.rest();
    let mut login = scene.logged_in().await;
    let hint = text(&login.tokens, "id_token").to_owned();
    if case == Case::ForeignCookie {
        login.browser = scene.logged_in().await.browser;
    } else {
        login.spoil(scene, case).await;
    }
    let hint = if case == Case::Tampered { tampered(&hint) } else { hint };
    let target = if case == Case::WrongRedirect { EVIL } else { CALLBACK };
    let client = if case == Case::OtherClient { "other-app" } else { PORTAL };
    let fields =
        [("id_token_hint", &*hint), ("client_id", client), ("post_logout_redirect_uri", target), ("state", "see you")];
    let address = scene.openid("logout");
    let ask = async |browser: &mut primehub_tests::Browser| {
        let request = scene.platform.client.request(method.clone(), &address);
        let request = if method == Method::GET { request.query(&fields) } else { request.form(&fields) };
        let request = match browser.cookies.line(&address.parse().unwrap()) {
            Some(cookies) => request.header("cookie", cookies),
            None => request,
        };
        browser.exchange(if case == Case::ForeignOrigin { from_elsewhere(request) } else { request }).await
    };
    if case == Case::ReplayedForm {
        ask(&mut login.browser).await;
    }
    let before = scene.look(&login.person).await;
    let page = ask(&mut login.browser).await;
    scene.row(&page, &login.person, &before).await
}

async fn confirmation(scene: &Scene, case: Case) -> Row {
    forms::send(scene, case, async |scene| {
        let LoggedIn { person, mut browser, tokens } = scene.logged_in().await;
        let address = format!("{}?client_id={PORTAL}&post_logout_redirect_uri={CALLBACK}", scene.openid("logout"));
        let page = browser.open(&address).await;
        let form = page.form_to("/logout-confirm");
        Filled {
            person,
            browser,
            page,
            form,
            entries: Vec::new(),
            tokens: Some(tokens),
            good_for: Duration::from_mins(30),
            kept_alive_by: Some(scene.realm("account")),
            redirect_field: Some("post_logout_redirect_uri"),
        }
    })
    .await
}
