//! Plays a browser without scripts: follows what it is sent, keeps cookies, reads forms and sends them.
//!
//! ```no_run
//! # async fn example(base: &str) {
//! use primehub_tests::Browser;
//!
//! let mut browser = Browser::new();
//! let page = browser.open(&format!("{base}/realms/primehub/account")).await;
//! let page = browser.follow(page).await;
//! let page = browser.send(&page, &page.form("password"), &[("username", "ada"), ("password", "…")]).await;
//! assert!(page.is_redirect());
//! let page = browser.follow(page).await;
//! assert_eq!(page.heading(), "Your account");
//! # }
//! ```

mod cookies;
mod markup;

use reqwest::header::{COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Url};

pub use self::cookies::{Cookie, Cookies};
pub use self::markup::{Button, Form};

/// A browser with cookies of its own. Nothing is followed or sent unless it is told to, so that a test sees, and can change, every step.
#[derive(Debug, Default)]
pub struct Browser {
    /// What is kept from one request to the next.
    pub cookies: Cookies,
    /// Go along with each request, such as `accept-language`.
    pub headers: HeaderMap,
    client: Client,
}

/// What a browser has been answered.
#[derive(Clone, Debug)]
pub struct Page {
    /// The address that was asked.
    pub url: Url,
    /// HTTP status.
    pub status: u16,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub text: String,
}

/// More redirects than any page of ours has in a row.
const MOST_REDIRECTS: usize = 10;

impl Browser {
    /// A browser that has been nowhere.
    ///
    /// # Panics
    /// When there is no TLS to be had.
    pub fn new() -> Self {
        let client =
            Client::builder().redirect(reqwest::redirect::Policy::none()).no_gzip().no_proxy().build().unwrap();
        Self { client, ..Self::default() }
    }

    /// A browser that has been nowhere and sends with `client`, which has to leave redirects to it.
    pub fn using(client: Client) -> Self {
        Self { client, ..Self::default() }
    }

    /// A browser whose person prefers a language.
    pub fn speaking(language: &str) -> Self {
        let mut browser = Self::new();
        browser.headers.insert(reqwest::header::ACCEPT_LANGUAGE, language.parse().unwrap());
        browser
    }

    /// Opens an address, as if it had been typed. A redirect is not followed.
    pub async fn open(&mut self, url: &str) -> Page {
        let url: Url = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        self.exchange(self.request(Method::GET, &url, "none")).await
    }

    /// Follows redirects, until there is a page, or until one leads to another origin: then that redirect is what comes back, for there
    /// need be nothing at the other end. See [`Page::location`].
    pub async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..MOST_REDIRECTS {
            let Some(target) = page.location().filter(|target| target.origin() == page.url.origin()) else {
                return page;
            };
            page = self.exchange(self.request(Method::GET, &target, "same-origin")).await;
        }
        panic!("more than {MOST_REDIRECTS} redirects, the last to {}", page.url)
    }

    /// Opens an address and follows redirects, as [`Self::follow`] does.
    pub async fn visit(&mut self, url: &str) -> Page {
        let page = self.open(url).await;
        self.follow(page).await
    }

    /// Fills a form of a page and sends it. Each entry replaces the field of its name, hidden ones too, or is added. A redirect is not
    /// followed.
    pub async fn send(&mut self, page: &Page, form: &Form, entries: &[(&str, &str)]) -> Page {
        self.exchange(self.submission(page, form, entries)).await
    }

    /// The request that [`Self::send`] would send, with cookies, for a test that changes it first. Its answer leaves no cookies here
    /// unless [`Self::exchange`] sends it.
    pub fn submission(&self, page: &Page, form: &Form, entries: &[(&str, &str)]) -> RequestBuilder {
        let mut fields = form.fields.clone();
        for (name, value) in entries {
            fields.retain(|(other, _)| other != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let target = page.url.join(&form.action).unwrap();
        let site = if target.origin() == page.url.origin() { "same-origin" } else { "cross-site" };
        if form.method == Method::GET {
            return self.request(Method::GET, &target, site).query(&fields);
        }
        // A page that sends no referrer is not told as the origin either (Fetch, "append a request `Origin` header").
        let silent = page.headers.get(REFERRER_POLICY).is_some_and(|policy| policy == "no-referrer");
        let origin = if silent { "null".to_owned() } else { page.url.origin().ascii_serialization() };
        self.request(Method::POST, &target, site).header(ORIGIN, origin).form(&fields)
    }

    /// Sends any request and keeps the cookies of the answer.
    pub async fn exchange(&mut self, request: RequestBuilder) -> Page {
        let response = request.send().await.unwrap();
        let (url, status, headers) = (response.url().clone(), response.status().as_u16(), response.headers().clone());
        for line in headers.get_all(SET_COOKIE) {
            self.cookies.keep(&url, line.to_str().unwrap());
        }
        Page { url, status, headers, text: response.text().await.unwrap() }
    }

    /// A request as a navigation sends it. `site` is what `Sec-Fetch-Site` says of whoever began it.
    fn request(&self, method: Method, url: &Url, site: &'static str) -> RequestBuilder {
        let mut headers = self.headers.clone();
        headers.insert(SEC_FETCH_SITE, HeaderValue::from_static(site));
        headers.insert(SEC_FETCH_MODE, HeaderValue::from_static("navigate"));
        if let Some(cookies) = self.cookies.line(url) {
            headers.insert(COOKIE, cookies.parse().unwrap());
        }
        self.client.request(method, url.clone()).headers(headers)
    }
}

impl Page {
    /// Where a redirect leads, whatever is there; none if this is no redirect.
    pub fn location(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION).filter(|_| (300..400).contains(&self.status))?;
        Some(self.url.join(location.to_str().unwrap()).unwrap())
    }

    /// Whether it only leads elsewhere.
    pub fn is_redirect(&self) -> bool {
        self.location().is_some()
    }

    /// A parameter in the query of where a redirect leads.
    pub fn returned(&self, name: &str) -> Option<String> {
        let location = self.location()?;
        location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// All forms of the page.
    pub fn forms(&self) -> Vec<Form> {
        markup::forms(&self.text)
    }

    /// The first form that has a field, or a button, of that name.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn form(&self, field: &str) -> Form {
        let found = self.forms().into_iter().find(|form| form.has(field));
        found.unwrap_or_else(|| panic!("no form with {field} at {} ({}): {}", self.url, self.status, self.text))
    }

    /// The first form whose action ends so, such as `/logout`.
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn form_to(&self, action: &str) -> Form {
        let path = |form: &Form| self.url.join(&form.action).unwrap().path().to_owned();
        let found = self.forms().into_iter().find(|form| path(form).ends_with(action));
        found.unwrap_or_else(|| panic!("no form to {action} at {} ({}): {}", self.url, self.status, self.text))
    }

    /// The text of the first heading, empty if there is none.
    pub fn heading(&self) -> String {
        self.element("h1").unwrap_or_default()
    }

    /// What the page says went wrong: the text of the first element with the role of an alert.
    pub fn alert(&self) -> Option<String> {
        markup::text_of(&self.text, |tag| tag.attribute("role").as_deref() == Some("alert"))
    }

    /// What the page says was done: the text of the first element with the role of a status.
    pub fn notice(&self) -> Option<String> {
        markup::text_of(&self.text, |tag| tag.attribute("role").as_deref() == Some("status"))
    }

    /// The text of the first element with that tag, such as `textarea`.
    pub fn element(&self, name: &str) -> Option<String> {
        markup::text_of(&self.text, |tag| tag.name == name)
    }

    /// Where the first link leads that has that text.
    pub fn link(&self, text: &str) -> Option<Url> {
        markup::links(&self.text)
            .into_iter()
            .find(|(_, label)| label == text)
            .map(|(href, _)| self.url.join(&href).unwrap())
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
