//! All public routes, in one place.

use std::collections::{BTreeMap, BTreeSet};

use primehub_tests::Platform;
use reqwest::Method;

use super::answers::check;
use super::scene::{Scene, from_elsewhere};
use super::table::endpoints;

/// Method and path of everything that is answered. `GET` means `HEAD` as well.
pub(crate) const ROUTES: &[(&str, &str)] = &[
    // The provider: for clients.
    ("GET", "/realms/{realm}"),
    ("GET", "/realms/{realm}/.well-known/openid-configuration"),
    ("GET", "/realms/{realm}/protocol/openid-connect/certs"),
    ("POST", "/realms/{realm}/protocol/openid-connect/token"),
    ("POST", "/realms/{realm}/protocol/openid-connect/token/introspect"),
    ("GET", "/realms/{realm}/protocol/openid-connect/userinfo"),
    ("POST", "/realms/{realm}/protocol/openid-connect/userinfo"),
    ("POST", "/realms/{realm}/protocol/openid-connect/revoke"),
    ("GET", "/realms/{realm}/protocol/openid-connect/logout"),
    ("POST", "/realms/{realm}/protocol/openid-connect/logout"),
    // The provider: for people.
    ("GET", "/realms/{realm}/protocol/openid-connect/auth"),
    ("POST", "/realms/{realm}/protocol/openid-connect/auth"),
    ("POST", "/realms/{realm}/login-actions/authenticate"),
    ("POST", "/realms/{realm}/login-actions/required-action"),
    ("POST", "/realms/{realm}/protocol/openid-connect/logout/logout-confirm"),
    ("GET", "/realms/{realm}/account"),
    ("GET", "/realms/{realm}/account/"),
    ("POST", "/realms/{realm}/account/password"),
    ("POST", "/realms/{realm}/account/sessions/end"),
    ("POST", "/realms/{realm}/account/sessions/end-others"),
    ("POST", "/realms/{realm}/account/tokens/revoke"),
    ("POST", "/realms/{realm}/account/logout"),
    ("GET", "/realms/{realm}/resources/{version}/{name}"),
    // The server.
    ("GET", "/api"),
    ("GET", "/api/"),
    ("GET", "/api/health"),
    ("GET", "/api/graphql"),
    ("POST", "/api/graphql"),
    // The site.
    ("GET", "/oidc/auth-flow/request"),
    ("GET", "/oidc/auth-flow/callback"),
    ("POST", "/oidc/auth-flow/exchange"),
    ("POST", "/invite"),
    ("GET", "/invite/{token}"),
    ("POST", "/invite/{token}"),
    ("GET", "/assets/{style}.css"),
    ("GET", "/assets/{icon}.svg"),
    ("GET", "/console/oidc/auth-flow/request"),
    ("GET", "/console/oidc/auth-flow/callback"),
    ("POST", "/console/oidc/auth-flow/exchange"),
    ("POST", "/console/invite"),
    ("GET", "/console/invite/{token}"),
    ("POST", "/console/invite/{token}"),
    ("GET", "/console/assets/{style}.css"),
    ("GET", "/console/assets/{icon}.svg"),
];

/// What the router says that nothing is there.
const NOTHING: &str = "/realms/{realm}/{*rest}";

#[test]
fn every_route_has_an_endpoint_in_the_table() {
    let routes: BTreeSet<_> = ROUTES.iter().copied().collect();
    let covered: BTreeSet<_> = endpoints().map(|endpoint| endpoint.route).collect();
    assert_eq!(covered, routes);
}

/// The paths are read from the router itself, so that a new route fails here until it stands above.
#[tokio::test]
async fn the_router_has_these_paths_and_no_others() {
    let platform = Platform::start().await;
    let listed: BTreeSet<String> = ROUTES.iter().map(|(_, path)| (*path).to_owned()).collect();
    let text = format!("{:?}", platform.routes);
    let (ours, _) = text.split_once("fallback_router").unwrap();
    let routed: BTreeSet<String> = ours
        .split("RouteId(")
        .filter_map(|part| part.split_once("): \"")?.1.split('"').next())
        .filter(|path| *path != NOTHING)
        .map(without_version)
        .collect();
    assert_eq!(routed, listed);
}

/// The names of files change with their content.
fn without_version(path: &str) -> String {
    let file = path.split_once("/assets/").and_then(|(prefix, file)| Some((prefix, file.split_once('.')?.1)));
    match file {
        Some((prefix, "css")) => format!("{prefix}/assets/{{style}}.css"),
        Some((prefix, "svg")) => format!("{prefix}/assets/{{icon}}.svg"),
        _ => path.to_owned(),
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let scene = Scene::start().await;
    let mut methods: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (method, path) in ROUTES {
        methods.entry(path).or_default().push(method);
    }
    let mut browser = scene.browser();
    for (path, listed) in methods {
        if path.contains("/assets/") {
            continue;
        }
        let address = format!("{}{}", scene.platform.base, path.replace("{realm}", "primehub"));
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if !listed.contains(&method.as_str()) {
                let page = browser.exchange(scene.platform.client.request(method.clone(), &address)).await;
                assert_eq!(page.status, 405, "{method} {path}: {}", page.text);
                check(&scene, &page);
            }
        }
        for other in [format!("{address}/more"), format!("{address}x/more/and/more")] {
            let page = browser.open(&other).await;
            assert_eq!(page.status, 404, "{other}: {}", page.text);
            check(&scene, &page);
        }
    }
    for other in ["/", "/console", "/console/", "/admin", "/realms", "/realms/", "/realms/master", "/.well-known/x"] {
        let page = browser.open(&format!("{}{other}", scene.platform.base)).await;
        assert_eq!(page.status, 404, "{other}: {}", page.text);
    }
}

/// Pages of other sites may ask what clients ask. What is for people they do not even read without cookies.
#[tokio::test]
async fn no_other_site_reads_a_page() {
    let scene = Scene::start().await;
    let mut browser = scene.browser();
    let pages = [
        scene.authorization(&[]).to_string(),
        scene.authorization(&[("redirect_uri", "https://evil.example")]).to_string(),
        scene.openid("logout"),
        scene.openid("logout?id_token_hint=x"),
        scene.realm("account"),
        format!("{}/invite/token", scene.platform.base),
        format!("{}/oidc/auth-flow/callback", scene.platform.base),
    ];
    for address in pages {
        let page = browser.exchange(from_elsewhere(scene.platform.client.get(&address))).await;
        assert!(!page.heading().is_empty(), "{address}: {}", page.text);
        check(&scene, &page);
    }
}
