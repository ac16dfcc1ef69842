//! The cookies of a browser (RFC 6265), as far as one host and its neighbours need them.

use reqwest::Url;

/// Cookies, each with where it belongs.
#[derive(Clone, Debug, Default)]
pub struct Cookies(Vec<Cookie>);

/// A cookie, as it was set.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Cookie {
    /// The host that set it. Cookies do not tell ports apart.
    pub host: String,
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
    /// It goes to paths below this one.
    pub path: String,
    /// Seconds that it stays; none: as long as the browser is open.
    pub max_age: Option<i64>,
    /// Scripts do not see it.
    pub http_only: bool,
    /// It is not sent in clear.
    pub secure: bool,
    /// `Lax`, `Strict`, `None`, or nothing.
    pub same_site: Option<String>,
}

impl Cookies {
    /// Takes a line of `Set-Cookie`. One with a `Max-Age` of nought takes the cookie away.
    pub fn keep(&mut self, url: &Url, line: &str) {
        let cookie = Cookie::read(url, line);
        let same =
            |other: &Cookie| (&other.host, &other.name, &other.path) == (&cookie.host, &cookie.name, &cookie.path);
        self.0.retain(|other| !same(other));
        if cookie.max_age.is_none_or(|seconds| seconds > 0) {
            self.0.push(cookie);
        }
    }

    /// What a request to `url` says: none if no cookie belongs there.
    pub fn line(&self, url: &Url) -> Option<String> {
        let mut sent: Vec<&Cookie> = self.0.iter().filter(|cookie| cookie.goes_to(url)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// All of them.
    pub fn all(&self) -> &[Cookie] {
        &self.0
    }

    /// The first of that name.
    pub fn get(&self, name: &str) -> Option<&Cookie> {
        self.0.iter().find(|cookie| cookie.name == name)
    }

    /// Gives those of that name another value.
    pub fn change(&mut self, name: &str, value: &str) {
        for cookie in self.0.iter_mut().filter(|cookie| cookie.name == name) {
            value.clone_into(&mut cookie.value);
        }
    }

    /// Takes those of that name away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|cookie| cookie.name != name);
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Cookie {
    fn read(url: &Url, line: &str) -> Self {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) =
            parts.next().and_then(|pair| pair.split_once('=')).unwrap_or_else(|| panic!("a cookie: {line}"));
        let mut cookie = Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
            path: default_path(url.path()).to_owned(),
            max_age: None,
            http_only: false,
            secure: false,
            same_site: None,
        };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.to_ascii_lowercase().as_str() {
                "path" => value.clone_into(&mut cookie.path),
                "max-age" => cookie.max_age = Some(value.parse().unwrap_or_else(|error| panic!("{line}: {error}"))),
                "httponly" => cookie.http_only = true,
                "secure" => cookie.secure = true,
                "samesite" => cookie.same_site = Some(value.to_owned()),
                other => panic!("{line}: {other} is not known here"),
            }
        }
        cookie
    }

    fn goes_to(&self, url: &Url) -> bool {
        let below = url.path().strip_prefix(self.path.as_str());
        let path = below.is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'));
        path && url.host_str() == Some(&self.host) && (!self.secure || url.scheme() == "https")
    }
}

/// The folder of a path.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn cookies_go_where_they_belong() {
        let mut cookies = Cookies::default();
        let login = url("http://127.0.0.1:8080/realms/r/auth");
        cookies.keep(&login, "a=1; Path=/realms/r/; HttpOnly; SameSite=Lax");
        cookies.keep(&login, "b=2; Secure; Path=/");
        cookies.keep(&login, "c=3");
        let line = |text: &str| cookies.line(&url(text));
        assert_eq!(line("http://127.0.0.1:9/realms/r/auth").as_deref(), Some("a=1; c=3"));
        assert_eq!(line("https://127.0.0.1/realms").as_deref(), Some("b=2"));
        assert_eq!(line("http://127.0.0.1/realms/rest"), None);
        assert_eq!(line("http://localhost/realms/r/"), None);
        let a = cookies.get("a").unwrap();
        assert!(a.http_only && !a.secure && a.same_site.as_deref() == Some("Lax"));
    }

    #[test]
    fn cookies_are_replaced_changed_and_taken_away() {
        let mut cookies = Cookies::default();
        let page = url("http://127.0.0.1/x");
        cookies.keep(&page, "a=1; Path=/");
        cookies.keep(&page, "a=2; Path=/; Max-Age=60");
        assert_eq!(cookies.line(&page).as_deref(), Some("a=2"));
        cookies.change("a", "3");
        assert_eq!(cookies.line(&page).as_deref(), Some("a=3"));
        cookies.keep(&page, "a=; Path=/; Max-Age=0");
        assert_eq!(cookies.line(&page), None);
    }
}
