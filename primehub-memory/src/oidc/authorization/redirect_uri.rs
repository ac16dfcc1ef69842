//! Where a browser may be sent: the addresses that a client has registered, by a Keycloak realm's rules, and nothing that could be read as
//! another address.

use url::Url;

/// Why something cannot be registered as an address of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRedirectUri {
    /// It is not a URI at all, or not an absolute one.
    #[error("is not an absolute URI")]
    NotAbsolute,
    /// Browsers would run it, or read a file, instead of going somewhere.
    #[error("has a scheme that leads nowhere")]
    Scheme,
    /// It has a name or password, a fragment, a backslash, or letters that no URI has.
    #[error("has a part that no redirect URI has: a user, a fragment, a backslash, or letters outside of ASCII")]
    Part,
    /// Its path goes up, openly or by `%2e` or `%2f`.
    #[error("has a path that goes up or hides a separator")]
    Path,
    /// It has a `*` elsewhere than at the end of a path, or of an address that is not of the web.
    #[error("has a '*' elsewhere than at the end of the path of an http or https address")]
    Wildcard,
    /// It is longer than 2,000 bytes.
    #[error("is longer than 2000 bytes")]
    TooLong,
}

/// Whether `requested` is one of the registered addresses: letter by letter, or below one that ends with `*`. A registered address that
/// could not be registered matches nothing.
pub(in crate::oidc) fn is_registered<'a>(registered: impl IntoIterator<Item = &'a str>, requested: &str) -> bool {
    let Ok(address) = parse(requested) else { return false };
    registered
        .into_iter()
        .any(|pattern| Pattern::parse(pattern).is_ok_and(|pattern| pattern.matches(requested, &address)))
}

/// Whether that can be registered.
///
/// # Errors
/// With what is wrong about it.
pub(in crate::oidc) fn check_pattern(pattern: &str) -> Result<(), InvalidRedirectUri> {
    Pattern::parse(pattern).map(|_| ())
}

/// A registered address.
struct Pattern<'a> {
    text: &'a str,
    /// Without the `*`.
    address: Url,
    wildcard: bool,
    any_port: bool,
}

impl<'a> Pattern<'a> {
    fn parse(text: &'a str) -> Result<Self, InvalidRedirectUri> {
        let (prefix, wildcard) = text.strip_suffix('*').map_or((text, false), |prefix| (prefix, true));
        if prefix.contains('*') {
            return Err(InvalidRedirectUri::Wildcard);
        }
        let address = parse(prefix)?;
        // What is open at the end must have its host behind it: `https://a.example*` would be anybody's.
        let open_path =
            is_web(&address) && authority(prefix).len() < after_scheme(prefix).len() && !prefix.contains('?');
        if wildcard && !open_path {
            return Err(InvalidRedirectUri::Wildcard);
        }
        let any_port = is_loopback(&address) && !names_port(prefix);
        Ok(Self { text, address, wildcard, any_port })
    }

    /// `address` is `requested`, read.
    fn matches(&self, requested: &str, address: &Url) -> bool {
        if !self.wildcard && self.text == requested {
            return true;
        }
        if !self.wildcard && !self.any_port {
            return false;
        }
        let same_host = self.address.scheme() == address.scheme()
            && self.address.host() == address.host()
            && (self.any_port || self.address.port_or_known_default() == address.port_or_known_default());
        let (own, path) = (self.address.path(), address.path());
        let same_path = if self.wildcard {
            // `/x/*` is also `/x`.
            (path.starts_with(own) || own.strip_suffix('/') == Some(path)) && !speaks_for_us(address)
        } else {
            (own, self.address.query()) == (path, address.query())
        };
        same_host && same_path
    }
}

/// Whether the query has a field that only an answer of this provider has: a client that reads the first of two would take it for ours.
fn speaks_for_us(address: &Url) -> bool {
    address.query_pairs().any(|(name, _)| ANSWER_FIELDS.contains(&&*name))
}

const ANSWER_FIELDS: [&str; 6] = ["code", "state", "session_state", "iss", "error", "error_description"];

/// Reads an address, strictly: what two readers could read as two addresses is none.
fn parse(text: &str) -> Result<Url, InvalidRedirectUri> {
    if text.len() > LONGEST {
        return Err(InvalidRedirectUri::TooLong);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic())
        || text.contains(['\\', '#', '"', '<', '>', '`', '{', '}', '|', '^'])
    {
        return Err(InvalidRedirectUri::Part);
    }
    let address = Url::parse(text).map_err(|_| InvalidRedirectUri::NotAbsolute)?;
    if LEADS_NOWHERE.contains(&address.scheme()) {
        return Err(InvalidRedirectUri::Scheme);
    }
    if is_web(&address) {
        let has_host = text.get(address.scheme().len()..).is_some_and(|rest| rest.starts_with("://"))
            && !authority(text).is_empty();
        if !has_host {
            return Err(InvalidRedirectUri::NotAbsolute);
        }
    }
    if authority(text).contains('@') || !address.username().is_empty() || address.password().is_some() {
        return Err(InvalidRedirectUri::Part);
    }
    if path_climbs(text.split('?').next().unwrap_or_default()) { Err(InvalidRedirectUri::Path) } else { Ok(address) }
}

fn is_web(address: &Url) -> bool {
    ["http", "https"].contains(&address.scheme())
}

/// Whether the address is of this very machine, without encryption: a program that waits for its code takes whatever port is free.
fn is_loopback(address: &Url) -> bool {
    address.scheme() == "http"
        && match address.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip == std::net::Ipv4Addr::LOCALHOST,
            Some(url::Host::Ipv6(ip)) => ip == std::net::Ipv6Addr::LOCALHOST,
            None => false,
        }
}

fn after_scheme(text: &str) -> &str {
    text.split_once("://").map_or("", |(_, rest)| rest)
}

/// Host and port as they were written.
fn authority(text: &str) -> &str {
    after_scheme(text).split(['/', '?']).next().unwrap_or_default()
}

fn names_port(text: &str) -> bool {
    let authority = authority(text);
    authority.rsplit_once(']').map_or(authority, |(_, port)| port).contains(':')
}

/// Whether a path has a segment that goes up or stays, or hides a separator, however often it is encoded: a server behind the address may
/// decode more than once.
fn path_climbs(text: &str) -> bool {
    let path = after_scheme(text).split_once('/').map_or("", |(_, path)| path);
    let mut path = path.to_owned();
    for _ in 0..MOST_DECODINGS {
        let mut segments = path.split('/');
        if path.contains('\\')
            || path.bytes().any(|byte| byte.is_ascii_control())
            // Some servers first take away what stands behind a semicolon, or blanks.
            || segments.any(|part| [".", ".."].contains(&part.split(';').next().unwrap_or_default().trim()))
        {
            return true;
        }
        if path.to_ascii_lowercase().contains("%2f") {
            return true;
        }
        let decoded = percent_decoded(&path);
        if decoded == path {
            return false;
        }
        path = decoded;
    }
    true
}

fn percent_decoded(text: &str) -> String {
    let guarded = text.replace('+', "%2B").replace('=', "%3D").replace('&', "%26");
    url::form_urlencoded::parse(guarded.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// In bytes. Browsers and servers take no more than a few thousand.
pub(super) const LONGEST: usize = 2_000;

const MOST_DECODINGS: usize = 4;

/// Schemes that a browser does not go elsewhere for.
const LEADS_NOWHERE: [&str; 9] =
    ["javascript", "data", "vbscript", "file", "blob", "about", "view-source", "filesystem", "ws"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    // Letter by letter.
    #[case::exact("https://a.example/cb", "https://a.example/cb", true)]
    #[case::exact_with_a_query("https://a.example/cb?x=1", "https://a.example/cb?x=1", true)]
    #[case::slash_at_the_end("https://a.example/cb", "https://a.example/cb/", false)]
    #[case::query_added("https://a.example/cb", "https://a.example/cb?x=1", false)]
    #[case::capital_path("https://a.example/cb", "https://a.example/CB", false)]
    #[case::own_scheme("org.example.app:/cb", "org.example.app:/cb", true)]
    #[case::own_scheme_other_path("org.example.app:/cb", "org.example.app:/cb2", false)]
    #[case::other_scheme("https://a.example/cb", "http://a.example/cb", false)]
    #[case::other_host("https://a.example/cb", "https://b.example/cb", false)]
    #[case::other_port("https://a.example/cb", "https://a.example:8443/cb", false)]
    #[case::empty("https://a.example/cb", "", false)]
    #[case::relative("https://a.example/cb", "/cb", false)]
    #[case::without_scheme("https://a.example/cb", "//a.example/cb", false)]
    // Below a path.
    #[case::below("https://a.example/x/*", "https://a.example/x/y/z", true)]
    #[case::below_with_a_query("https://a.example/x/*", "https://a.example/x/y?back=%2Fg%2F..", true)]
    #[case::below_with_an_answer("https://a.example/x/*", "https://a.example/x/y?code=1", false)]
    #[case::below_with_an_encoded_answer("https://a.example/x/*", "https://a.example/x/y?z=1&st%61te=1", false)]
    #[case::registered_with_an_answer("https://a.example/x?code=1", "https://a.example/x?code=1", true)]
    #[case::the_path_itself("https://a.example/x/*", "https://a.example/x/", true)]
    #[case::the_path_without_its_slash("https://a.example/x/*", "https://a.example/x", true)]
    #[case::beside("https://a.example/x/*", "https://a.example/xy", false)]
    #[case::start_of_a_name("https://a.example/x*", "https://a.example/xy", true)]
    #[case::host_alone("https://a.example/*", "https://a.example", true)]
    #[case::host_in_capitals("https://a.example/x/*", "HTTPS://A.Example/x/y", true)]
    #[case::known_port("https://a.example/x/*", "https://a.example:443/x/y", true)]
    #[case::encoded_letter("https://a.example/x/*", "https://a.example/x/a%20b", true)]
    #[case::dots_in_a_name("https://a.example/x/*", "https://a.example/x/..y/z..", true)]
    #[case::below_other_port("https://a.example/x/*", "https://a.example:444/x/y", false)]
    #[case::below_other_scheme("https://a.example/x/*", "http://a.example/x/y", false)]
    #[case::longer_host("https://a.example/*", "https://a.example.evil.example/", false)]
    #[case::open_host("https://a.example*", "https://a.example.evil.example/", false)]
    #[case::open_host_itself("https://a.example*", "https://a.example", false)]
    #[case::open_port("https://a.example:8*", "https://a.example:8443/", false)]
    #[case::anything("*", "https://a.example/", false)]
    #[case::any_host("https://*", "https://a.example/", false)]
    #[case::star_within("https://*.example/x", "https://a.example/x", false)]
    #[case::open_query("https://a.example/x?y=*", "https://a.example/x?y=z", false)]
    #[case::open_own_scheme("org.example.app:/*", "org.example.app:/cb", false)]
    #[case::the_pattern_itself("https://a.example/x/*", "https://a.example/x/*", true)]
    // Climbing out.
    #[case::up("https://a.example/x/*", "https://a.example/x/../y", false)]
    #[case::up_at_the_end("https://a.example/x/*", "https://a.example/x/..", false)]
    #[case::up_encoded("https://a.example/x/*", "https://a.example/x/%2e%2e/y", false)]
    #[case::up_half_encoded("https://a.example/x/*", "https://a.example/x/.%2E/y", false)]
    #[case::up_encoded_twice("https://a.example/x/*", "https://a.example/x/%252e%252e/y", false)]
    #[case::up_encoded_many_times("https://a.example/x/*", "https://a.example/x/%25252525252e%25252525252e/y", false)]
    #[case::up_with_a_parameter("https://a.example/x/*", "https://a.example/x/..;/y", false)]
    #[case::up_with_an_encoded_parameter("https://a.example/x/*", "https://a.example/x/%2e.%3Ba=1/y", false)]
    #[case::up_with_a_blank("https://a.example/x/*", "https://a.example/x/..%20/y", false)]
    #[case::parameter("https://a.example/x/*", "https://a.example/x/y;a=1", true)]
    #[case::here("https://a.example/x/*", "https://a.example/x/./y", false)]
    #[case::slash_encoded("https://a.example/x/*", "https://a.example/x/..%2fy", false)]
    #[case::slash_encoded_twice("https://a.example/x/*", "https://a.example/x/a%252Fb", false)]
    #[case::backslash("https://a.example/x/*", r"https://a.example/x/..\y", false)]
    #[case::backslash_encoded("https://a.example/x/*", "https://a.example/x/..%5cy", false)]
    #[case::backslash_before_the_host("https://a.example/*", r"https:\\a.example\x", false)]
    #[case::user("https://a.example/*", "https://a.example@evil.example/", false)]
    #[case::user_of_the_host("https://a.example/*", "https://user@a.example/", false)]
    #[case::empty_user("https://a.example/*", "https://@a.example/", false)]
    #[case::at_in_the_path("https://a.example/*", "https://a.example/@someone", true)]
    #[case::fragment("https://a.example/*", "https://a.example/#x", false)]
    #[case::empty_fragment("https://a.example/*", "https://a.example/#", false)]
    #[case::tab("https://a.example/*", "https://a.example/\t/x", false)]
    #[case::line_end("https://a.example/*", "https://a.example/x\r\nSet-Cookie: a", false)]
    #[case::line_end_encoded("https://a.example/*", "https://a.example/x%0d%0aSet-Cookie:a", false)]
    #[case::nul("https://a.example/*", "https://a.example/%00", false)]
    #[case::blank("https://a.example/*", " https://a.example/", false)]
    #[case::letters_outside_of_ascii("https://a.example/*", "https://a.example/ü", false)]
    #[case::full_width_dot("https://a.example/*", "https://a\u{3002}example/", false)]
    #[case::slashes_missing("https://a.example/*", "https:a.example/x", false)]
    #[case::slash_missing("https://a.example/*", "https:/a.example/x", false)]
    #[case::slash_too_many("https://a.example/*", "https:///a.example/x", false)]
    // Never.
    #[case::script("javascript:alert(1)", "javascript:alert(1)", false)]
    #[case::script_in_capitals("JavaScript:alert(1)", "JavaScript:alert(1)", false)]
    #[case::script_below("javascript://a.example/*", "javascript://a.example/%0aalert(1)", false)]
    #[case::data("data:text/html,x", "data:text/html,x", false)]
    #[case::file("file:///etc/passwd", "file:///etc/passwd", false)]
    // This very machine.
    #[case::any_port("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true)]
    #[case::no_port("http://127.0.0.1/cb", "http://127.0.0.1/cb", true)]
    #[case::any_port_six("http://[::1]/cb", "http://[::1]:51004/cb", true)]
    #[case::any_port_by_name("http://localhost/cb", "http://localhost:51004/cb", true)]
    #[case::any_port_below("http://localhost/*", "http://localhost:51004/x", true)]
    #[case::any_port_with_a_query("http://127.0.0.1/cb?x=1", "http://127.0.0.1:9/cb?x=1", true)]
    #[case::any_port_other_query("http://127.0.0.1/cb", "http://127.0.0.1:9/cb?x=1", false)]
    #[case::any_port_other_path("http://127.0.0.1/cb", "http://127.0.0.1:9/", false)]
    #[case::port_named("http://127.0.0.1:8000/cb", "http://127.0.0.1:8001/cb", false)]
    #[case::known_port_named("http://127.0.0.1:80/cb", "http://127.0.0.1:8001/cb", false)]
    #[case::port_named_six("http://[::1]:80/cb", "http://[::1]:81/cb", false)]
    #[case::other_name_of_it("http://127.0.0.1/cb", "http://localhost:9/cb", false)]
    #[case::encrypted("https://localhost/cb", "https://localhost:9/cb", false)]
    #[case::name_that_starts_like_it("http://localhost/*", "http://localhost.evil.example:9/", false)]
    #[case::not_this_machine("http://a.example/cb", "http://a.example:9/cb", false)]
    fn registered_addresses(#[case] registered: &str, #[case] requested: &str, #[case] expected: bool) {
        assert_eq!(is_registered([registered], requested), expected);
    }

    #[test]
    fn one_of_several_is_enough_and_an_impossible_one_does_no_harm() {
        let registered = ["*", "https://a.example/1", "https://a.example/2"];
        assert!(is_registered(registered, "https://a.example/2"));
        assert!(!is_registered(registered, "https://a.example/3"));
        assert!(!is_registered([], "https://a.example/2"));
    }

    #[test]
    fn an_endless_address_is_none() {
        let requested = format!("https://a.example/{}", "x".repeat(LONGEST));
        assert!(!is_registered(["https://a.example/*"], &requested));
        assert_eq!(check_pattern(&requested), Err(InvalidRedirectUri::TooLong));
    }

    proptest! {
        /// Whatever is let through leads, for a browser, to the registered host and below the registered path.
        #[test]
        fn nothing_leads_elsewhere(rest in "[ -~]{0,40}", tail in r"([./\\@%:?#a]|%2e|%2F|%5c|//){0,12}") {
            for requested in [format!("https://a.example/x/{rest}"), format!("https://a.example{tail}"), format!("https://a.example/x/{tail}"), tail.clone()] {
                if is_registered(["https://a.example/x/*"], &requested) {
                    let seen = Url::parse(&requested).unwrap();
                    prop_assert_eq!(seen.origin().ascii_serialization(), "https://a.example");
                    prop_assert!(seen.path() == "/x" || seen.path().starts_with("/x/"), "{}", requested);
                }
            }
        }
    }
}
