//! What is the same for everybody: documents of the provider, files of pages, health, and redirects to the API.

use super::case::{Case, Endpoint, Row, endpoint};
use super::scene::{EVIL, Scene, from_elsewhere};

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    endpoint!("realm", "GET" "/realms/{realm}", |scene, case| open(scene, case, "/realms/primehub")),
    endpoint!("discovery", "GET" "/realms/{realm}/.well-known/openid-configuration", |scene, case| {
        open(scene, case, "/realms/primehub/.well-known/openid-configuration")
    }),
    endpoint!("keys", "GET" "/realms/{realm}/protocol/openid-connect/certs", |scene, case| {
        open(scene, case, "/realms/primehub/protocol/openid-connect/certs")
    }),
    endpoint!("files of pages", "GET" "/realms/{realm}/resources/{version}/{name}", |scene, case| {
        linked(scene, case, "/realms/primehub/account", "stylesheet")
    }),
    endpoint!("start", "GET" "/api", |scene, case| open(scene, case, "/api")),
    endpoint!("start/", "GET" "/api/", |scene, case| open(scene, case, "/api/")),
    endpoint!("health", "GET" "/api/health", |scene, case| open(scene, case, "/api/health")),
    endpoint!("style of the site", "GET" "/assets/{style}.css", |scene, case| {
        linked(scene, case, "/oidc/auth-flow/callback", "stylesheet")
    }),
    endpoint!("icon of the site", "GET" "/assets/{icon}.svg", |scene, case| {
        linked(scene, case, "/oidc/auth-flow/callback", "icon")
    }),
    endpoint!("style of the site", "GET" "/console/assets/{style}.css", |scene, case| {
        linked(scene, case, "/console/oidc/auth-flow/callback", "stylesheet")
    }),
    endpoint!("icon of the site", "GET" "/console/assets/{icon}.svg", |scene, case| {
        linked(scene, case, "/console/oidc/auth-flow/callback", "icon")
    }),
];

/// Finds the address on a page that loads it.
async fn linked(scene: &Scene, case: Case, page: &'static str, relation: &'static str) -> Row {
    let page = scene.browser().visit(&format!("{}{page}", scene.platform.base)).await;
    let link = format!("rel=\"{relation}\" ");
    let tag = page.text.split('<').find(|tag| tag.contains(&link)).unwrap();
    let path = tag.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
    open(scene, case, path).await
}

async fn open(scene: &Scene, case: Case, path: &str) -> Row {
    match case {
        Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier => return Row::Never("takes no code"),
        Case::ReplayedForm | Case::Expired | Case::Tampered => return Row::Never("takes nothing"),
        Case::OtherClient | Case::DisabledAccount | Case::EndedSession => return Row::Never("is for everybody"),
        _ => {}
    }
    scene.rest();
    let mut login = scene.logged_in().await;
    let before = scene.look(&login.person).await;
    let mut request = scene.platform.client.get(format!("{}{path}", scene.platform.base));
    if case == Case::WrongRedirect {
        request = request.query(&[("redirect_uri", EVIL), ("backUrl", EVIL)]);
    }
    if case != Case::NoCookie {
        let cookies = login.browser.cookies.all().iter().map(|cookie| format!("{}={}", cookie.name, cookie.value));
        request = request.header("cookie", cookies.collect::<Vec<_>>().join("; "));
    }
    let request = if case == Case::ForeignOrigin { from_elsewhere(request) } else { request };
    let page = login.browser.exchange(request).await;
    scene.row(&page, &login.person, &before).await
}
