//! The authorization endpoint, asked by a browser that is logged in already.

use reqwest::Method;

use super::case::{Case, Endpoint, Row, endpoint};
use super::scene::{EVIL, STATE, Scene, challenge, from_elsewhere};

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    endpoint!("authorization", "GET" "/realms/{realm}/protocol/openid-connect/auth", |scene, case| {
        authorization(scene, case, Method::GET)
    }),
    endpoint!("authorization", "POST" "/realms/{realm}/protocol/openid-connect/auth", |scene, case| {
        authorization(scene, case, Method::POST)
    }),
];

async fn authorization(scene: &Scene, case: Case, method: Method) -> Row {
    let challenge = challenge();
    let changes: &[(&str, &str)] = match case {
        Case::ReplayedCode => return Row::Never("takes no code"),
        Case::WrongVerifier => &[("code_challenge_method", "plain")],
        Case::MissingVerifier => &[("code_challenge", ""), ("code_challenge_method", "")],
        Case::WrongRedirect => &[("redirect_uri", EVIL)],
        Case::OtherClient => &[("client_id", "admin-ui")],
        // Twice, so that nobody knows which one counts.
        Case::Tampered => &[("code_challenge", &challenge)],
        _ => &[],
    };
    scene.rest();
    let mut login = scene.logged_in().await;
    login.spoil(scene, case).await;
    let mut url = scene.authorization(changes);
    if case == Case::Tampered {
        url.query_pairs_mut().append_pair("state", STATE);
    }
    let ask = async |browser: &mut primehub_tests::Browser| {
        let cookies = browser.cookies.line(&url);
        let request = if method == Method::GET {
            scene.platform.client.get(url.clone())
        } else {
            let fields: Vec<_> = url.query_pairs().collect();
            scene.platform.client.post(scene.openid("auth")).form(&fields)
        };
        let request = match cookies {
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
