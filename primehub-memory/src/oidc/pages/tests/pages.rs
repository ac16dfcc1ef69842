//! What holds for every page, and what single pages say.

use std::collections::HashSet;
use std::sync::LazyLock;

use axum::response::IntoResponse as _;
use http::{StatusCode, header};
use jiff::Timestamp;
use proptest::prelude::*;
use rstest::rstest;

use super::markup::{Element, elements};
use super::samples;
use crate::oidc::pages::*;

fn in_all_languages(text: &str, mut look: impl FnMut(&str, Language, &[Element])) {
    samples::with_all(text, |name, content| {
        for language in Language::ALL {
            look(name, language, &elements(samples::page(language, text, text, content).body()));
        }
    });
}

fn named<'a>(elements: &'a [Element], name: &str) -> Vec<&'a Element> {
    elements.iter().filter(|element| element.name == name).collect()
}

fn shown(content: &dyn Content) -> Vec<Element> {
    elements(samples::page(Language::English, "PrimeHub", "", content).body())
}

fn text_of(elements: &[Element], name: &str) -> String {
    named(elements, name).iter().map(|element| element.text.as_str()).collect::<Vec<_>>().join("|")
}

#[test]
fn every_page_has_one_heading_its_language_and_landmarks() {
    in_all_languages("x", |name, language, all| {
        assert_eq!(named(all, "html")[0].attribute("lang"), Some(language.tag()), "{name}");
        assert_eq!((named(all, "h1").len(), named(all, "main").len(), named(all, "nav").len()), (1, 1, 1), "{name}");
        assert!(named(all, "h1")[0].around.contains(&"main".to_owned()), "{name}");
        assert_eq!(text_of(all, "title"), format!("{} · x", text_of(all, "h1")), "{name}");
        assert!(all.iter().any(|element| element.attribute("name") == Some("viewport")), "{name}");
        let levels = all.iter().filter_map(|element| element.name.strip_prefix('h')?.parse::<u8>().ok());
        levels.fold(0, |above, level| {
            assert!(level <= above + 1, "{name}: a heading skips a level");
            level
        });
    });
}

#[test]
fn every_input_has_a_label_and_every_reference_an_end() {
    in_all_languages("x", |name, _, all| {
        let ids: Vec<&str> = all.iter().filter_map(|element| element.attribute("id")).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{name}: an id stands twice");
        let labels: HashSet<_> = named(all, "label").iter().filter_map(|label| label.attribute("for")).collect();
        for input in named(all, "input") {
            assert!(input.around.contains(&"form".to_owned()), "{name}");
            if input.attribute("type") != Some("hidden") {
                assert!(labels.contains(input.attribute("id").unwrap()), "{name}: {input:?} has no label");
                assert!(input.attribute("autocomplete").is_some(), "{name}");
            }
            let wrong = input.attribute("aria-invalid");
            assert_eq!(wrong.is_some(), input.attribute("aria-describedby").is_some(), "{name}");
        }
        for reference in ["for", "aria-describedby", "aria-labelledby"] {
            for id in all.iter().filter_map(|element| element.attribute(reference)) {
                assert!(ids.contains(&id), "{name}: nothing has the id {id}");
            }
        }
        for button in named(all, "button") {
            assert_eq!(button.attribute("type"), Some("submit"), "{name}");
            assert!(button.around.contains(&"form".to_owned()) && !button.text.is_empty(), "{name}");
        }
        assert!(all.iter().filter(|element| element.attribute("autofocus").is_some()).count() <= 1, "{name}");
    });
}

#[test]
fn pages_load_nothing_from_elsewhere_and_run_nothing() {
    in_all_languages("x", |name, _, all| {
        for element in all {
            assert!(!["script", "style", "iframe", "object", "base"].contains(&&*element.name), "{name}");
            for (attribute, value) in &element.attributes {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: {attribute}");
                assert!(!value.contains("//"), "{name}: {attribute} leads elsewhere: {value}");
            }
            assert!(element.name != "form" || element.attribute("method") == Some("post"), "{name}");
        }
    });
}

#[test]
fn what_pages_load_is_served() {
    in_all_languages("x", |name, _, all| {
        let loaded = all.iter().filter_map(|element| match &*element.name {
            "link" => element.attribute("href"),
            "img" => element.attribute("src"),
            _ => None,
        });
        let loaded: Vec<&str> = loaded.collect();
        assert_eq!(loaded.len(), 3, "{name}");
        assert!(loaded.contains(&&*stylesheet_path("/realms/primehub")), "{name}");
        for path in loaded {
            let [_, _, _, _, version, file] = path.split('/').collect::<Vec<_>>()[..] else { panic!("{path}") };
            assert_eq!(
                path,
                RESOURCE_ROUTE.replace("{realm}", "primehub").replace("{version}", version).replace("{name}", file)
            );
            assert!(resource(version, file).is_some(), "{name}: {path}");
        }
    });
}

#[test]
fn every_form_of_the_account_page_carries_the_token() {
    in_all_languages("x", |name, _, all| {
        if name.starts_with("account") {
            let tokens = all.iter().filter(|element| element.attribute("name") == Some("csrf")).count();
            assert_eq!(tokens, named(all, "form").len());
        }
    });
}

/// Elements and the names of their attributes: what a text must not be able to change.
type Shape = Vec<(String, Vec<String>)>;

fn shape(elements: &[Element]) -> Shape {
    let attributes = |element: &Element| element.attributes.iter().map(|(name, _)| name.clone()).collect();
    elements.iter().map(|element| (element.name.clone(), attributes(element))).collect()
}

static HARMLESS: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let mut shapes = Vec::new();
    in_all_languages("x", |_, _, all| shapes.push(shape(all)));
    shapes
});

fn same_shape_with(hostile: &str) -> Result<(), TestCaseError> {
    let mut harmless = HARMLESS.iter();
    let mut different = None;
    in_all_languages(hostile, |name, _, all| {
        if harmless.next() != Some(&shape(all)) {
            different.get_or_insert(name.to_owned());
        }
        assert_eq!(named(all, "span")[0].text, hostile, "{name}: the text is shown as it is");
    });
    prop_assert_eq!(different, None);
    Ok(())
}

#[rstest]
#[case::element("x</title></h1><script>alert(1)</script>")]
#[case::attribute("x\" onfocus=\"alert(1)\" autofocus=\"")]
#[case::apostrophe("x' onfocus='alert(1)")]
#[case::comment("x<!-- -->")]
#[case::entity("x&lt;script&gt; &amp &")]
#[case::section("x]]>")]
fn hostile_texts_are_texts(#[case] hostile: &str) {
    same_shape_with(hostile).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_a_text(hostile in "x[<>\"'&/= a-z\\PC]{0,24}y") {
        same_shape_with(&hostile)?;
    }
}

#[test]
fn addresses_that_run_something_are_not_linked() {
    let application = Application { name: "Hub", href: "javascript:alert(1)" };
    let restart = Some("//evil.example.com");
    let page = ErrorPage { restart, back: Some(application), failure: Failure::SessionExpired };
    let main = |all: &[Element]| all.iter().filter(|a| a.name == "a" && a.around.contains(&"main".into())).count();
    assert_eq!(main(&shown(&page)), 0);
    let safe = Some(Application { name: "Hub", href: "https://hub.example.com/" });
    assert_eq!(main(&shown(&ErrorPage { restart: Some("/console"), back: safe, ..page })), 2);
}

#[test]
fn every_page_has_all_headers() {
    samples::with_all("x", |name, content| {
        let page = samples::page(Language::German, "x", "x", content);
        let status = page.status();
        let response = page.into_response();
        assert_eq!(response.status(), status, "{name}");
        let header = |header: &str| response.headers().get(header).and_then(|value| value.to_str().ok());
        let policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";
        assert_eq!(header("content-security-policy"), Some(policy), "{name}");
        assert_eq!(header("content-type"), Some("text/html; charset=utf-8"), "{name}");
        assert_eq!(header("x-frame-options"), Some("DENY"), "{name}");
        assert_eq!(header("referrer-policy"), Some("no-referrer"), "{name}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{name}");
        assert_eq!(header("cache-control"), Some("no-store"), "{name}");
        assert_eq!(response.headers().get_all(header::CONTENT_TYPE).iter().count(), 1, "{name}");
    });
}

#[rstest]
#[case::both_empty("", None, "username")]
#[case::hint("alice", None, "password")]
#[case::wrong("alice", Some(LoginProblem::WrongCredentials), "password")]
fn the_login_page_opens_at_the_first_empty_field(
    #[case] username: &str,
    #[case] problem: Option<LoginProblem>,
    #[case] focused: &str,
) {
    let all = shown(&LoginPage { username, problem, ..LoginPage::default() });
    let focus = all.iter().find(|element| element.attribute("autofocus").is_some()).unwrap();
    assert_eq!(focus.attribute("name"), Some(focused));
    let field = |name: &str| all.iter().find(|element| element.attribute("name") == Some(name)).unwrap();
    assert_eq!(field("username").attribute("value"), Some(username));
    assert_eq!(field("password").attribute("value"), None);
    assert_eq!(field("username").attribute("aria-invalid"), problem.map(|_| "true"));
}

#[rstest]
#[case::wrong(LoginProblem::WrongCredentials, StatusCode::OK, "Invalid username or password.")]
#[case::later(
    LoginProblem::TryAgainLater,
    StatusCode::TOO_MANY_REQUESTS,
    "Too many attempts. Please wait a little and try again."
)]
fn a_login_problem_is_an_alert(#[case] problem: LoginProblem, #[case] status: StatusCode, #[case] text: &str) {
    let page = LoginPage { problem: Some(problem), ..LoginPage::default() };
    assert_eq!(page.status(), status);
    let all = shown(&page);
    let alert = all.iter().find(|element| element.attribute("role") == Some("alert")).unwrap();
    assert_eq!(alert.text, text);
}

#[rstest]
#[case::request(Failure::InvalidRequest("Invalid parameter: redirect_uri"), StatusCode::BAD_REQUEST)]
#[case::form(Failure::ForeignForm, StatusCode::FORBIDDEN)]
#[case::nothing(Failure::NotFound, StatusCode::NOT_FOUND)]
#[case::full(Failure::ReadOnly, StatusCode::SERVICE_UNAVAILABLE)]
#[case::ours(Failure::Internal, StatusCode::INTERNAL_SERVER_ERROR)]
fn failures_have_statuses(#[case] failure: Failure<'_>, #[case] status: StatusCode) {
    let page = ErrorPage { failure, ..ErrorPage::default() };
    assert_eq!(page.status(), status);
    if let Failure::InvalidRequest(reason) = failure {
        assert_eq!(text_of(&shown(&page), "code"), reason);
    }
}

#[test]
fn sessions_say_when_and_where_in_the_readers_notation() {
    let at: Timestamp = "2026-11-04T09:05:59.5Z".parse().unwrap();
    let own = SessionRow { id: "s1", started: at, last_used: at, this_browser: true, ..SessionRow::default() };
    let page = AccountPage { sessions: &[own], ..AccountPage::default() };
    let all = shown(&page);
    assert_eq!(text_of(&all, "time"), "4 Nov 2026, 09:05 UTC|4 Nov 2026, 09:05 UTC");
    assert_eq!(named(&all, "time")[0].attribute("datetime"), Some("2026-11-04T09:05:59Z"));
    assert!(!text_of(&all, "button").contains("End all other sessions"));
    let german = samples::page(Language::German, "", "", &page);
    assert_eq!(text_of(&elements(german.body()), "h3"), "Angemeldet am 04.11.2026, 09:05 UTC");

    let both = [own, SessionRow { this_browser: false, ..own }];
    let all = shown(&AccountPage { sessions: &both, ..page });
    assert!(text_of(&all, "button").contains("End all other sessions"));
}

#[test]
fn the_language_switch_links_the_other_language_alone() {
    let all = shown(&LoggedOutPage::default());
    let links: Vec<_> = named(&all, "a").iter().map(|link| (link.attribute("lang"), link.text.as_str())).collect();
    assert_eq!(links, [(Some("de"), "Deutsch")]);
    let current = all.iter().find(|element| element.attribute("aria-current").is_some()).unwrap();
    assert_eq!(current.text, "English");
    let alone = Frame::default().page(&LoggedOutPage::default());
    assert_eq!(named(&elements(alone.body()), "nav").len(), 0);
}
