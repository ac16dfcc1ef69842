//! The way to an API token, and invitations: at the root of the site, and below `/console`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use primehub_core::identity::token::TokenIssuer as _;
use primehub_tests::{Browser, Page, Platform};
use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::case::{Case, Endpoint, Row, endpoint};
use super::scene::{EVIL, Person, Scene, from_elsewhere, tampered, text};

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    endpoint!("API token: request", "GET" "/oidc/auth-flow/request", |scene, case| request(scene, case, "")),
    endpoint!("API token: request", "GET" "/console/oidc/auth-flow/request", |scene, case| {
        request(scene, case, "/console")
    }),
    endpoint!("API token: callback", "GET" "/oidc/auth-flow/callback", |scene, case| callback(scene, case, "")),
    endpoint!("API token: callback", "GET" "/console/oidc/auth-flow/callback", |scene, case| {
        callback(scene, case, "/console")
    }),
    endpoint!("API token: exchange", "POST" "/oidc/auth-flow/exchange", |scene, case| exchange(scene, case, "")),
    endpoint!("API token: exchange", "POST" "/console/oidc/auth-flow/exchange", |scene, case| {
        exchange(scene, case, "/console")
    }),
    endpoint!("invitation", "GET" "/invite/{token}", |scene, case| invitation(scene, case, "", Way::Look)),
    endpoint!("invitation", "GET" "/console/invite/{token}", |scene, case| {
        invitation(scene, case, "/console", Way::Look)
    }),
    endpoint!("invitation form", "POST" "/invite/{token}", |scene, case| invitation(scene, case, "", Way::Form)),
    endpoint!("invitation form", "POST" "/console/invite/{token}", |scene, case| {
        invitation(scene, case, "/console", Way::Form)
    }),
    endpoint!("invitation call", "POST" "/invite", |scene, case| invitation(scene, case, "", Way::Json)),
    endpoint!("invitation call", "POST" "/console/invite", |scene, case| {
        invitation(scene, case, "/console", Way::Json)
    }),
];

/// A request as the browser would send it, and as another page would make it.
fn sent_by(browser: &Browser, case: Case, request: RequestBuilder, address: &str) -> RequestBuilder {
    let request = match browser.cookies.line(&address.parse().unwrap()) {
        Some(cookies) => request.header("cookie", cookies),
        None => request,
    };
    if case == Case::ForeignOrigin { from_elsewhere(request) } else { request }
}

async fn request(scene: &Scene, case: Case, prefix: &str) -> Row {
    match case {
        Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier => return Row::Never("takes no code"),
        Case::Expired | Case::DisabledAccount | Case::EndedSession => return Row::Never("there is no login yet"),
        Case::OtherClient => return Row::Never("is for one client alone"),
        _ => {}
    }
    scene.rest();
    let person = scene.person().await;
    let mut browser = if case == Case::ForeignCookie { scene.logged_in().await.browser } else { scene.browser() };
    let query = match case {
        Case::WrongRedirect => format!("?redirect_uri={EVIL}&backUrl={EVIL}"),
        Case::Tampered => "?state=of-somebody-else&scope=openid".to_owned(),
        _ => String::new(),
    };
    let address = format!("{}{prefix}/oidc/auth-flow/request{query}", scene.platform.base);
    if case == Case::ReplayedForm {
        browser.open(&address).await;
    }
    let before = scene.look(&person).await;
    let request = sent_by(&browser, case, scene.platform.client.get(&address), &address);
    let page = browser.exchange(request).await;
    scene.row(&page, &person, &before).await
}

/// A login that has come back from the login page.
struct Returned {
    person: Person,
    browser: Browser,
    /// Where it comes back to.
    callback: Url,
}

impl Returned {
    async fn by(scene: &Scene, prefix: &str) -> Self {
        let person = scene.person().await;
        let mut browser = scene.browser();
        let page = browser.open(&format!("{}{prefix}/oidc/auth-flow/request", scene.platform.base)).await;
        let page = scene.log_in_at(&mut browser, page.location().unwrap().as_str(), &person).await;
        let callback = scene.here(page.location().unwrap().as_str()).parse().unwrap();
        Self { person, browser, callback }
    }

    fn parameter(&self, name: &str) -> String {
        self.callback.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
    }

    fn replace(&mut self, name: &str, value: &str) {
        let old: Vec<(String, String)> =
            self.callback.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
        let new = old.iter().map(|(key, old)| (key, if key == name { value } else { old }));
        self.callback.query_pairs_mut().clear().extend_pairs(new.collect::<Vec<_>>());
    }

    /// Does to the login what the case is about.
    async fn spoil(&mut self, scene: &Scene, case: Case, expires: Duration) {
        match case {
            Case::Expired => scene.wait(expires),
            Case::DisabledAccount => scene.disable(&self.person).await,
            Case::EndedSession => {
                let page = self.browser.open(&scene.realm("account")).await;
                let page = self.browser.send(&page, &page.form_to("/account/logout"), &[]).await;
                assert_eq!(page.status, 200, "{}", page.text);
            }
            Case::Tampered => self.replace("state", &tampered(&self.parameter("state"))),
            _ => {}
        }
    }
}

async fn callback(scene: &Scene, case: Case, prefix: &str) -> Row {
    match case {
        Case::ReplayedForm => return Row::Never("is not sent by a form; see replayed code"),
        Case::WrongVerifier | Case::MissingVerifier => return Row::Never("the server keeps the verifier"),
        Case::OtherClient => return Row::Never("only shows the code; see exchange"),
        _ => {}
    }
    scene.rest();
    let mut returned = Returned::by(scene, prefix).await;
    returned.spoil(scene, case, Duration::from_mins(10)).await;
    match case {
        Case::NoCookie => returned.browser.cookies.clear(),
        Case::ForeignCookie => returned.browser = Returned::by(scene, prefix).await.browser,
        Case::WrongRedirect => {
            let other = if prefix.is_empty() { "/console" } else { "" };
            returned.callback.set_path(&format!("{other}/oidc/auth-flow/callback"));
        }
        Case::ReplayedCode => {
            returned.browser.open(returned.callback.as_str()).await;
        }
        _ => {}
    }
    let before = scene.look(&returned.person).await;
    let address = returned.callback.as_str();
    let request = sent_by(&returned.browser, case, scene.platform.client.get(address), address);
    let page = returned.browser.exchange(request).await;
    scene.row(&page, &returned.person, &before).await
}

async fn exchange(scene: &Scene, case: Case, prefix: &str) -> Row {
    if case == Case::ReplayedForm {
        return Row::Never("is not sent by a form; see replayed code");
    }
    scene.rest();
    let mut returned = Returned::by(scene, prefix).await;
    let ours = [("client_id", Platform::CLIENT_ID), ("scope", "offline_access")];
    let redirect = format!("{}{prefix}/oidc/auth-flow/callback", scene.public);
    let elsewhere = format!("{}/console/elsewhere", scene.public);
    // A code of another request than the one that the state is of.
    let other = async |changes: &[(&str, &str)]| {
        let person = scene.person().await;
        scene.code(&mut scene.browser(), &person, changes).await
    };
    match case {
        Case::WrongVerifier => {
            let code = other(&[ours[0], ours[1], ("redirect_uri", &redirect)]).await;
            returned.replace("code", &code);
        }
        Case::MissingVerifier => {
            let none = [("code_challenge", ""), ("code_challenge_method", "")];
            let code = other(&[ours[0], ours[1], ("redirect_uri", &redirect), none[0], none[1]]).await;
            returned.replace("code", &code);
        }
        Case::WrongRedirect => {
            let code = other(&[ours[0], ours[1], ("redirect_uri", &elsewhere)]).await;
            returned.replace("code", &code);
        }
        Case::OtherClient => returned.replace("code", &other(&[]).await),
        _ => returned.spoil(scene, case, Duration::from_mins(1)).await,
    }
    let address = format!("{}{prefix}/oidc/auth-flow/exchange", scene.platform.base);
    let mut browser =
        if case == Case::ForeignCookie { Returned::by(scene, prefix).await.browser } else { scene.browser() };
    let code = STANDARD.encode(returned.callback.query().unwrap());
    let request = || scene.platform.client.post(&address).form(&[("code", &code)]);
    if case == Case::ReplayedCode {
        browser.exchange(request()).await;
    }
    let before = scene.look(&returned.person).await;
    let request = sent_by(&browser, case, request(), &address);
    let page = browser.exchange(request).await;
    scene.row(&page, &returned.person, &before).await
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Look,
    Form,
    Json,
}

/// A new invitation to the group `research`.
pub(crate) async fn invite(scene: &Scene) -> String {
    let platform = &scene.platform;
    // Anew each time: the clock moves.
    let token = platform.provider.log_in("ada", &platform.person("ada").password).await.unwrap();
    let document = r#"mutation { createInvitation(data: { groupId: "GROUP" }) { invitationToken } }"#;
    let document = document.replace("GROUP", platform.group("research").id.as_str());
    let answer = platform.query_with(token.expose_secret(), &document).await;
    text(&answer.data()["createInvitation"], "invitationToken").to_owned()
}

async fn invitation(scene: &Scene, case: Case, prefix: &str, way: Way) -> Row {
    match case {
        Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier => return Row::Never("takes no code"),
        Case::WrongRedirect => return Row::Never("leads nowhere"),
        Case::OtherClient => return Row::Never("belongs to no client"),
        Case::DisabledAccount | Case::EndedSession => return Row::Never("there is no account yet"),
        _ => {}
    }
    scene.rest();
    let token = invite(scene).await;
    let token = if case == Case::Tampered { tampered(&token) } else { token };
    let nobody = scene.person().await;
    let username = format!("invited-{}", scene.platform.fresh_number());
    let base = format!("{}{prefix}/invite", scene.platform.base);
    let (http, page) = (&scene.platform.client, format!("{base}/{token}"));
    let address = if way == Way::Json { &base } else { &page };
    let request = || match way {
        Way::Look => http.get(address),
        Way::Form => http.post(address).form(&[("username", &username)]),
        Way::Json => http.post(address).json(&json!({ "invitationToken": token, "username": username })),
    };
    let mut browser = if case == Case::ForeignCookie { scene.logged_in().await.browser } else { scene.browser() };
    match case {
        Case::ReplayedForm => {
            browser.exchange(request()).await;
        }
        Case::Expired => scene.wait(Duration::from_hours(24)),
        _ => {}
    }
    let before = scene.look(&nobody).await;
    let request = sent_by(&browser, case, request(), address);
    let page: Page = browser.exchange(request).await;
    scene.row(&page, &nobody, &before).await
}
