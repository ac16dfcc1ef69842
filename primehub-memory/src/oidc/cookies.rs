//! The cookies that the pages come with: which there are, and how browsers are told to treat them.

use http::{HeaderMap, HeaderValue, header};

/// A cookie, by what it is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cookie {
    /// Ties the forms of pages to the browser that they were made for. Means nothing by itself.
    Browser,
    /// The single sign-on session: whoever has it is logged in.
    Session,
    /// The language that the person chose on a page.
    Language,
}

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Browser => "PRIMEHUB_BROWSER",
            Self::Session => "PRIMEHUB_SESSION",
            Self::Language => "PRIMEHUB_LANGUAGE",
        }
    }

    /// Its value in a request. An empty one counts as absent; of several, which a neighbouring site can add, none is believed.
    pub(super) fn read(self, headers: &HeaderMap) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == self.name()).map(|(_, value)| value);
        let value = values.next().filter(|value| !value.is_empty())?;
        values.all(|other| other == value).then_some(value)
    }
}

/// How browsers keep the realm's cookies: for its pages alone, out of reach of scripts, and not along with what other sites make them send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct CookieJar {
    path: String,
    secure: bool,
}

impl CookieJar {
    /// For the realm of that issuer. Over https alone, if the issuer is reached so.
    pub(super) fn of(issuer: &url::Url) -> Self {
        Self { path: format!("{}/", issuer.path().trim_end_matches('/')), secure: issuer.scheme() == "https" }
    }

    /// `Set-Cookie` for a cookie that goes with the browser's session. `None` when the value has letters that no cookie has.
    ///
    /// `Lax` and not `Strict`: people come here by links of other sites, and are logged in all the same.
    pub(super) fn set(&self, cookie: Cookie, value: &str) -> Option<HeaderValue> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        value.bytes().all(plain).then(|| self.line(cookie, value, "")).flatten()
    }

    /// `Set-Cookie` that takes a cookie away.
    pub(super) fn clear(&self, cookie: Cookie) -> Option<HeaderValue> {
        self.line(cookie, "", "; Max-Age=0")
    }

    fn line(&self, cookie: Cookie, value: &str, age: &str) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let line = format!("{}={value}; Path={}; HttpOnly; SameSite=Lax{secure}{age}", cookie.name(), self.path);
        HeaderValue::from_str(&line).ok()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::alone(&["PRIMEHUB_SESSION=x"], Some("x"))]
    #[case::among_others(&["a=b; PRIMEHUB_SESSION=x;c=d"], Some("x"))]
    #[case::of_several_lines(&["a=b", "PRIMEHUB_SESSION=x"], Some("x"))]
    #[case::with_an_equals_sign(&["PRIMEHUB_SESSION=x=y"], Some("x=y"))]
    #[case::the_same_twice(&["PRIMEHUB_SESSION=x; PRIMEHUB_SESSION=x"], Some("x"))]
    #[case::two(&["PRIMEHUB_SESSION=x; PRIMEHUB_SESSION=y"], None)]
    #[case::empty(&["PRIMEHUB_SESSION="], None)]
    #[case::no_value(&["PRIMEHUB_SESSION"], None)]
    #[case::end_of_a_name(&["NOT_PRIMEHUB_SESSION=x"], None)]
    #[case::none(&[], None)]
    fn cookies_of_a_request(#[case] lines: &[&str], #[case] expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        assert_eq!(Cookie::Session.read(&headers), expected);
    }

    #[rstest]
    #[case::plain("http://127.0.0.1:8180/realms/r", "PRIMEHUB_BROWSER=x-1; Path=/realms/r/; HttpOnly; SameSite=Lax")]
    #[case::https(
        "https://id.example/realms/r",
        "PRIMEHUB_BROWSER=x-1; Path=/realms/r/; HttpOnly; SameSite=Lax; Secure"
    )]
    #[case::below_a_path(
        "https://id.example/auth/realms/r",
        "PRIMEHUB_BROWSER=x-1; Path=/auth/realms/r/; HttpOnly; SameSite=Lax; Secure"
    )]
    fn cookies_of_an_answer(#[case] issuer: &str, #[case] expected: &str) {
        let jar = CookieJar::of(&issuer.parse().unwrap());
        assert_eq!(jar.set(Cookie::Browser, "x-1").unwrap(), expected);
        let cleared = jar.clear(Cookie::Browser).unwrap();
        assert_eq!(cleared, format!("{}; Max-Age=0", expected.replace("x-1", "")));
        for value in ["a;b", "a\r\nb", "a b", "a\"b", "ä"] {
            assert_eq!(jar.set(Cookie::Browser, value), None, "{value}");
        }
    }
}
