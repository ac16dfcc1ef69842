//! A browser without scripts: keeps cookies, follows no redirect by itself, and sends forms as they stand on a page.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{Request, header};
use url::form_urlencoded;

use super::{Answer, TOKEN, World};

pub(super) const AUTH: &str = "/realms/primehub/protocol/openid-connect/auth";
pub(super) const ACCOUNT: &str = "/realms/primehub/account";
pub(super) const REDIRECT: &str = "http://127.0.0.1:8080/console/cb";

// The example of RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) struct Browser<'a> {
    pub(super) world: &'a World,
    pub(super) cookies: BTreeMap<String, String>,
    /// More headers of every request.
    pub(super) headers: Vec<(&'static str, &'static str)>,
}

/// A form as it stands on a page.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
}

/// The address of a request to log in to `admin-ui`, with more parameters.
pub(super) fn request(more: &[(&str, &str)]) -> String {
    let fields = [
        ("client_id", "admin-ui"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "st&te"),
        ("nonce", "n0nce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let mut fields = BTreeMap::from(fields);
    fields.extend(more.iter().copied());
    fields.retain(|_, value| !value.is_empty());
    format!("{AUTH}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}

impl World {
    pub(super) fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// Exchanges a code of `admin-ui`.
    pub(super) async fn exchange(&self, code: &str) -> Answer {
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        self.post(TOKEN, &[super::ADMIN_UI, &grant]).await
    }
}

impl Browser<'_> {
    async fn send(&mut self, mut request: http::request::Builder, body: Body) -> Answer {
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let answer = self.world.send(request.body(body).unwrap()).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(super) async fn get(&mut self, address: &str) -> Answer {
        self.send(Request::get(address.trim_start_matches(super::BASE)), Body::empty()).await
    }

    pub(super) async fn post(&mut self, address: &str, fields: &[(String, String)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(address.trim_start_matches(super::BASE))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(body)).await
    }

    /// Sends a form with what has been typed.
    pub(super) async fn submit(&mut self, form: &Form, typed: &[(&str, &str)]) -> Answer {
        let mut fields = form.fields.clone();
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.post(&form.action, &fields).await
    }

    /// Logs in on the page at `address`.
    pub(super) async fn log_in_at(&mut self, address: &str, username: &str, password: &str) -> Answer {
        let page = self.get(address).await;
        self.submit(&page.form(), &[("username", username), ("password", password)]).await
    }

    /// Logs alice in to `admin-ui`, and answers the code.
    pub(super) async fn code(&mut self, more: &[(&str, &str)]) -> String {
        self.log_in_at(&request(more), "alice", "wonder").await.parameter("code")
    }
}

impl Answer {
    #[track_caller]
    pub(super) fn html(&self) -> &str {
        self.body.as_str().unwrap_or_else(|| panic!("no page: {} {}", self.status, self.body))
    }

    /// The heading of the page.
    #[track_caller]
    pub(super) fn heading(&self) -> &str {
        self.html().split_once("<h1>").unwrap().1.split("</h1>").next().unwrap()
    }

    #[track_caller]
    pub(super) fn forms(&self) -> Vec<Form> {
        self.html().split("<form ").skip(1).map(|form| Form::read(form.split("</form>").next().unwrap())).collect()
    }

    /// The first form of the page.
    #[track_caller]
    pub(super) fn form(&self) -> Form {
        self.forms().into_iter().next().unwrap_or_else(|| panic!("no form on {}", self.html()))
    }

    /// The forms of the page that go to an address with that end.
    #[track_caller]
    pub(super) fn forms_to(&self, end: &str) -> Vec<Form> {
        self.forms().into_iter().filter(|form| form.action.ends_with(end)).collect()
    }

    pub(super) fn location(&self) -> &str {
        self.header(header::LOCATION)
    }

    /// A parameter of the address that the browser is sent to.
    #[track_caller]
    pub(super) fn parameter(&self, name: &str) -> String {
        self.parameters()
            .remove(name)
            .unwrap_or_else(|| panic!("no {name}: {} {} {}", self.status, self.location(), self.body))
    }

    pub(super) fn parameters(&self) -> BTreeMap<String, String> {
        let query = self.location().split_once(['?', '#']).map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }
}

impl Form {
    fn read(html: &str) -> Self {
        let inputs = html.split("<input ").skip(1).filter(|input| input.contains("type=\"hidden\""));
        let fields = inputs.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect();
        Self { action: attribute(html, "action"), fields }
    }

    #[track_caller]
    pub(super) fn field(&self, name: &str) -> &str {
        &self.fields.iter().find(|(field, _)| field == name).unwrap().1
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let value = tag.split_once(&format!("{name}=\"")).map_or("", |(_, rest)| rest).split('"').next().unwrap();
    value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
