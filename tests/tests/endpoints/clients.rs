//! What clients ask for without a browser: tokens, what is in them, and their end.

use std::time::Duration;

use primehub_core::identity::{Actor, IdentityStore as _, UserEdit};
use primehub_tests::{Browser, Page, Platform};
use reqwest::RequestBuilder;
use serde_json::Value;

use super::case::{Case, Endpoint, Row, endpoint};
use super::scene::{
    CALLBACK, EVIL, LoggedIn, PORTAL, Person, STRICT, Scene, code_grant, from_elsewhere, tampered, text,
};

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    endpoint!("token: code", "POST" "/realms/{realm}/protocol/openid-connect/token", code),
    endpoint!("token: refresh", "POST" "/realms/{realm}/protocol/openid-connect/token", |scene, case| {
        with_token(scene, case, Use::Refresh)
    }),
    endpoint!("token: API token", "POST" "/realms/{realm}/protocol/openid-connect/token", |scene, case| {
        with_token(scene, case, Use::ApiToken)
    }),
    endpoint!("token: password", "POST" "/realms/{realm}/protocol/openid-connect/token", password),
    endpoint!("token: client", "POST" "/realms/{realm}/protocol/openid-connect/token", client),
    endpoint!("introspection", "POST" "/realms/{realm}/protocol/openid-connect/token/introspect", |scene, case| {
        with_token(scene, case, Use::Introspect)
    }),
    endpoint!("user information", "GET" "/realms/{realm}/protocol/openid-connect/userinfo", |scene, case| {
        with_token(scene, case, Use::UserInfo)
    }),
    endpoint!("user information", "POST" "/realms/{realm}/protocol/openid-connect/userinfo", |scene, case| {
        with_token(scene, case, Use::UserInfoByPost)
    }),
    endpoint!("revocation", "POST" "/realms/{realm}/protocol/openid-connect/revoke", |scene, case| {
        with_token(scene, case, Use::Revoke)
    }),
    endpoint!("logout of a client", "POST" "/realms/{realm}/protocol/openid-connect/logout", |scene, case| {
        with_token(scene, case, Use::LogOut)
    }),
    endpoint!("GraphQL", "GET" "/api/graphql", |scene, case| with_token(scene, case, Use::GraphQlByGet)),
    endpoint!("GraphQL", "POST" "/api/graphql", |scene, case| with_token(scene, case, Use::GraphQl)),
];

/// What a client sends, and whoever makes it send that.
struct Sender<R> {
    browser: Browser,
    case: Case,
    cookies: Option<String>,
    request: R,
}

impl<R: Fn() -> RequestBuilder> Sender<R> {
    /// Does what comes before the request that counts.
    async fn prepare(scene: &Scene, case: Case, request: R) -> Self {
        let mut cookies = None;
        if case == Case::ForeignCookie {
            let other = scene.logged_in().await.browser;
            cookies = other.cookies.line(&scene.realm("account").parse().unwrap());
        }
        if case == Case::ReplayedForm {
            scene.browser().exchange(request()).await;
        }
        Self { browser: scene.browser(), case, cookies, request }
    }

    async fn send(mut self) -> Page {
        let request = (self.request)();
        let request = match self.cookies {
            Some(cookies) => request.header("cookie", cookies),
            None => request,
        };
        self.browser.exchange(if self.case == Case::ForeignOrigin { from_elsewhere(request) } else { request }).await
    }
}

async fn code(scene: &Scene, case: Case) -> Row {
    scene.rest();
    let person = scene.person().await;
    let mut browser = scene.browser();
    let code = scene.code(&mut browser, &person, &[]).await;
    let mut fields = code_grant(&code).to_vec();
    let mut replace = |name: &'static str, value: Option<&'static str>| {
        fields.retain(|(other, _)| *other != name);
        fields.extend(value.map(|value| (name, value)));
    };
    match case {
        Case::ReplayedForm => return Row::Never("is not sent by a form; see replayed code"),
        Case::WrongVerifier => replace("code_verifier", Some("a-verifier-that-has-nothing-to-do-with-the-challenge")),
        Case::MissingVerifier => replace("code_verifier", None),
        Case::WrongRedirect => replace("redirect_uri", Some(EVIL)),
        Case::OtherClient => replace("client_id", Some(Platform::OTHER_CLIENT_ID)),
        _ => {}
    }
    let other = tampered(&code);
    if case == Case::Tampered {
        fields.retain(|(name, _)| *name != "code");
        fields.push(("code", &other));
    }
    match case {
        Case::Expired => scene.wait(Duration::from_mins(1)),
        Case::DisabledAccount => scene.disable(&person).await,
        Case::ReplayedCode => {
            let tokens = scene.token(&mut browser, &code_grant(&code)).await;
            assert_eq!(tokens.status, 200, "{}", tokens.text);
        }
        Case::EndedSession => {
            let page = browser.open(&scene.realm("account")).await;
            let page = browser.send(&page, &page.form_to("/account/logout"), &[]).await;
            assert_eq!(page.status, 200, "{}", page.text);
        }
        _ => {}
    }
    let sender = Sender::prepare(scene, case, || scene.as_client("token", &fields)).await;
    let before = scene.look(&person).await;
    let page = sender.send().await;
    let row = scene.row(&page, &person, &before).await;
    if case == Case::AsMeant {
        return row;
    }
    // Whoever got it wrong does not try again, and neither does whoever has stolen the code.
    let again = scene.token(&mut browser, &code_grant(&code)).await;
    row.and(if again.status == 200 { "the code is still good" } else { "the code is spent" })
}

/// What is done with a token of a login.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Use {
    Refresh,
    ApiToken,
    Introspect,
    UserInfo,
    UserInfoByPost,
    Revoke,
    LogOut,
    GraphQl,
    GraphQlByGet,
}

impl Use {
    fn request(self, scene: &Scene, client: &str, token: &str) -> RequestBuilder {
        let http = &scene.platform.client;
        let form = |path: &str, fields: &[(&str, &str)]| {
            let mut all = vec![("client_id", client)];
            all.extend(fields);
            scene.as_client(path, &all)
        };
        let graphql = scene.platform.graphql();
        match self {
            Self::Refresh | Self::ApiToken => {
                form("token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
            }
            Self::Introspect => form("token/introspect", &[("token", token)]),
            Self::Revoke => form("revoke", &[("token", token)]),
            Self::LogOut => form("logout", &[("refresh_token", token)]),
            Self::UserInfo => http.get(scene.openid("userinfo")).bearer_auth(token),
            Self::UserInfoByPost => http.post(scene.openid("userinfo")).bearer_auth(token),
            Self::GraphQl => {
                http.post(graphql).bearer_auth(token).json(&serde_json::json!({ "query": "{ me { id } }" }))
            }
            Self::GraphQlByGet => http.get(format!("{graphql}?query=%7Bme%7Bid%7D%7D")).bearer_auth(token),
        }
    }

    /// Which token of an answer it takes.
    const fn token(self) -> &'static str {
        match self {
            Self::Refresh | Self::ApiToken | Self::Revoke | Self::LogOut => "refresh_token",
            _ => "access_token",
        }
    }

    /// When it is too late.
    const fn too_late(self) -> Duration {
        match self {
            Self::ApiToken => Duration::from_hours(30 * 24),
            Self::Refresh | Self::Revoke | Self::LogOut => Duration::from_mins(30),
            // The API grants other clocks a minute and more.
            _ => Duration::from_mins(10),
        }
    }

    /// Whose token it is.
    const fn client(self) -> &'static str {
        match self {
            Self::GraphQl | Self::GraphQlByGet | Self::ApiToken => Platform::CLIENT_ID,
            _ => PORTAL,
        }
    }
}

async fn with_token(scene: &Scene, case: Case, what: Use) -> Row {
    match case {
        Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier => return Row::Never("takes no code"),
        Case::WrongRedirect => return Row::Never("leads nowhere"),
        Case::OtherClient if matches!(what, Use::UserInfo | Use::UserInfoByPost) => {
            return Row::Never("takes the tokens of all clients");
        }
        _ => {}
    }
    scene.rest();
    let person = scene.person().await;
    // The other client is the application for PrimeHub, and PrimeHub or a third one for the application.
    let of = if case == Case::OtherClient && what.client() == Platform::CLIENT_ID { PORTAL } else { what.client() };
    let tokens = tokens(scene, &person, of, what == Use::ApiToken).await;
    let token = text(&tokens, what.token()).to_owned();
    let by = if case == Case::OtherClient { Platform::OTHER_CLIENT_ID } else { what.client() };
    let token = if case == Case::Tampered { tampered(&token) } else { token };
    match case {
        Case::Expired => scene.wait(what.too_late()),
        Case::DisabledAccount => scene.disable(&person).await,
        Case::EndedSession => {
            let fields = [("client_id", of), ("refresh_token", text(&tokens, "refresh_token"))];
            let answer = scene.platform.send(scene.as_client("logout", &fields)).await;
            assert_eq!(answer.status, 204, "{}", answer.text);
        }
        _ => {}
    }
    let sender = Sender::prepare(scene, case, || what.request(scene, by, &token)).await;
    let before = scene.look(&person).await;
    let page = sender.send().await;
    scene.row(&page, &person, &before).await
}

/// Tokens of a client that has been told name and password.
async fn tokens(scene: &Scene, person: &Person, client: &str, offline: bool) -> Value {
    let scope = if offline { "openid offline_access" } else { "openid" };
    let fields = [
        ("grant_type", "password"),
        ("client_id", client),
        ("username", &person.username),
        ("password", &person.password),
        ("scope", scope),
    ];
    let page = scene.token(&mut scene.browser(), &fields).await;
    assert_eq!(page.status, 200, "{}", page.text);
    super::scene::json(&page)
}

async fn password(scene: &Scene, case: Case) -> Row {
    let client = match case {
        Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier => return Row::Never("takes no code"),
        Case::WrongRedirect => return Row::Never("leads nowhere"),
        Case::Expired => return Row::Never("passwords do not expire"),
        Case::EndedSession => return Row::Never("there is no login yet"),
        // This one may not take passwords.
        Case::OtherClient => STRICT,
        _ => PORTAL,
    };
    scene.rest();
    let person = scene.person().await;
    let wrong = tampered(&person.password);
    let fields = [
        ("grant_type", "password"),
        ("client_id", client),
        ("username", &person.username),
        ("password", if case == Case::Tampered { &wrong } else { &person.password }),
    ];
    if case == Case::DisabledAccount {
        scene.disable(&person).await;
    }
    let sender = Sender::prepare(scene, case, || scene.as_client("token", &fields)).await;
    let before = scene.look(&person).await;
    let page = sender.send().await;
    scene.row(&page, &person, &before).await
}

async fn client(scene: &Scene, case: Case) -> Row {
    let (client, secret) = match case {
        Case::ReplayedCode | Case::WrongVerifier | Case::MissingVerifier => return Row::Never("takes no code"),
        Case::WrongRedirect => return Row::Never("leads nowhere"),
        Case::Expired => return Row::Never("secrets do not expire"),
        Case::EndedSession => return Row::Never("has no session"),
        // This one has no account of its own.
        Case::OtherClient => (PORTAL, Platform::CLIENT_SECRET.to_owned()),
        Case::Tampered => (Platform::CLIENT_ID, tampered(Platform::CLIENT_SECRET)),
        _ => (Platform::CLIENT_ID, Platform::CLIENT_SECRET.to_owned()),
    };
    scene.rest();
    let enable = async |enabled: bool| {
        let account = scene.platform.user("service-account-admin-ui");
        let edit = UserEdit { enabled: Some(enabled), ..UserEdit::default() };
        scene.platform.memory.edit_user(&Actor::service(), &account.id, edit).await.unwrap();
    };
    if case == Case::DisabledAccount {
        enable(false).await;
    }
    let nobody = scene.person().await;
    let fields = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", &secret)];
    let sender = Sender::prepare(scene, case, || scene.as_client("token", &fields)).await;
    let before = scene.look(&nobody).await;
    let page = sender.send().await;
    let row = scene.row(&page, &nobody, &before).await;
    enable(true).await;
    row
}

/// Nobody else is sent where the portal is.
#[tokio::test]
async fn the_callback_belongs_to_one_client() {
    let scene = Scene::start().await;
    let LoggedIn { mut browser, .. } = scene.logged_in().await;
    for client in [Platform::CLIENT_ID, Platform::OTHER_CLIENT_ID, STRICT] {
        let page = browser.open(scene.authorization(&[("client_id", client)]).as_str()).await;
        assert_eq!((page.status, page.location()), (400, None), "{client} at {CALLBACK}");
    }
}
