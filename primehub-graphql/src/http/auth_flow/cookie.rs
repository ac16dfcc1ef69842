//! The cookie by which a browser shows that it is the one that has begun.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use super::attempt::LIFETIME;

/// How the cookie of one prefix is named and where it is sent.
#[derive(Clone, Debug)]
pub(super) struct MarkCookie {
    path: String,
    https: bool,
}

impl MarkCookie {
    /// A cookie for pages below `path`, a path as browsers see it.
    pub(super) fn new(path: String, https: bool) -> Self {
        Self { path, https }
    }

    /// Browsers keep this beginning to cookies that came through TLS, so that nobody without it can set one.
    fn name(&self) -> &'static str {
        if self.https { "__Secure-primehub-api-token" } else { "primehub-api-token" }
    }

    /// The header that sets it; `None` only for a path that cannot be one.
    pub(super) fn set(&self, mark: &str) -> Option<HeaderValue> {
        let (name, path, seconds) = (self.name(), &self.path, LIFETIME.as_secs());
        let secure = if self.https { "; Secure" } else { "" };
        // Lax: the login page is another site, and its way back must still find the cookie.
        let text = format!("{name}={mark}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The values that a browser sends: several, if cookies were set for several paths.
    pub(super) fn values<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = self.name();
        let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        pairs
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(move |(key, value)| (key == name).then_some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_for_the_server_alone() {
        let path = "/console/oidc/auth-flow".to_owned();
        let set = |https| MarkCookie::new(path.clone(), https).set("abc").unwrap().to_str().unwrap().to_owned();
        let rest = "Path=/console/oidc/auth-flow; Max-Age=600; HttpOnly; SameSite=Lax";
        assert_eq!(set(false), format!("primehub-api-token=abc; {rest}"));
        assert_eq!(set(true), format!("__Secure-primehub-api-token=abc; {rest}; Secure"));
    }

    #[test]
    fn all_values_are_found_among_other_cookies() {
        let cookie = MarkCookie::new("/".into(), false);
        let mut headers = HeaderMap::new();
        for text in ["a=b; primehub-api-token=1; primehub-api-token=2", "xprimehub-api-token=3;primehub-api-token=4"] {
            headers.append(COOKIE, HeaderValue::from_static(text));
        }
        assert_eq!(cookie.values(&headers).collect::<Vec<_>>(), ["1", "2", "4"]);
        assert_eq!(cookie.values(&HeaderMap::new()).count(), 0);
    }
}
