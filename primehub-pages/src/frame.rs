//! What all pages have in common.

use http::{Response, StatusCode};
use maud::{DOCTYPE, Markup, html};

use crate::language::Language;
use crate::response::{Forms, response};

/// What the pages of one request have in common.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The language of all texts.
    pub language: Language,
    /// Leads to the same page in another language, for pages whose address can be opened again.
    pub switch: Option<LanguageSwitch<'a>>,
    /// The name of the site for people, as plain text: it stands above the page, and behind the title.
    pub site: &'a str,
    /// Where browsers find [`STYLESHEET`](crate::STYLESHEET).
    pub stylesheet: &'a str,
    /// Where they find [`LOGO`](crate::LOGO).
    pub logo: &'a str,
    /// How much room the page has.
    pub width: Width,
    /// Where its forms may lead.
    pub forms: Forms,
}

/// A choice of languages below a page.
#[derive(Clone, Copy, Debug)]
pub struct LanguageSwitch<'a> {
    /// What the switch is called by those who read it aloud.
    pub label: &'a str,
    /// Where the same page is found in which language, with everything that the address carries.
    pub addresses: &'a [(Language, String)],
}

/// How wide a page may become. On a small screen all are as wide as the screen.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Width {
    /// For a short form.
    #[default]
    Narrow,
    /// For text to read, and to copy.
    Medium,
    /// For lists.
    Wide,
}

impl Width {
    const fn class(self) -> Option<&'static str> {
        match self {
            Self::Narrow => None,
            Self::Medium => Some("medium"),
            Self::Wide => Some("wide"),
        }
    }
}

impl Frame<'_> {
    /// The whole page as a response. `title` is shown by the browser, `content` begins with the heading.
    ///
    /// The headers let the page load nothing but our own files, be framed by nobody, be kept by no cache, and tell no other site its address.
    #[must_use]
    pub fn page(&self, status: StatusCode, title: &str, content: &Markup) -> Response<String> {
        response(status, self.forms, self.document(title, content))
    }

    fn document(&self, title: &str, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    title { (title) " · " (self.site) }
                    link rel="icon" type="image/svg+xml" href=(self.logo);
                    link rel="stylesheet" href=(self.stylesheet);
                }
                body class=[self.width.class()] {
                    header {
                        p.brand {
                            img src=(self.logo) alt="" width="40" height="40";
                            span { (self.site) }
                        }
                    }
                    main { (content) }
                    @if let Some(switch) = self.switch { footer { (self.language_switch(switch)) } }
                }
            }
        }
    }

    fn language_switch(&self, switch: LanguageSwitch<'_>) -> Markup {
        html! {
            nav aria-label=(switch.label) {
                ul {
                    @for (language, href) in switch.addresses {
                        li {
                            @if *language == self.language {
                                span lang=(language.tag()) aria-current="true" { (language.own_name()) }
                            } @else {
                                a lang=(language.tag()) hreflang=(language.tag()) href=(href) { (language.own_name()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const FRAME: Frame<'static> = Frame {
        language: Language::English,
        switch: None,
        site: "Hub",
        stylesheet: "/s.css",
        logo: "/l.svg",
        width: Width::Narrow,
        forms: Forms::SameOrigin,
    };

    fn shown(frame: Frame<'_>, title: &str) -> String {
        frame.page(StatusCode::OK, title, &html! { h1 { "Heading" } }).into_body()
    }

    #[test]
    fn all_that_is_not_markup_is_escaped() {
        let hostile = "\"><script>";
        let addresses = [(Language::German, hostile.to_owned())];
        let switch = Some(LanguageSwitch { label: hostile, addresses: &addresses });
        let page = shown(Frame { switch, site: hostile, stylesheet: hostile, logo: hostile, ..FRAME }, hostile);
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("&lt;script&gt;").count(), 8, "{page}");
    }

    #[test]
    fn the_page_finds_its_files() {
        let page = shown(FRAME, "Title");
        for part in [
            "<title>Title · Hub</title>",
            "<link rel=\"icon\" type=\"image/svg+xml\" href=\"/l.svg\">",
            "<link rel=\"stylesheet\" href=\"/s.css\">",
            "<img src=\"/l.svg\" alt=\"\"",
            "<main><h1>Heading</h1></main></body>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }

    #[rstest]
    #[case::narrow(Width::Narrow, "<body>")]
    #[case::medium(Width::Medium, "<body class=\"medium\">")]
    #[case::wide(Width::Wide, "<body class=\"wide\">")]
    fn the_stylesheet_knows_every_width(#[case] width: Width, #[case] body: &str) {
        let page = shown(Frame { width, ..FRAME }, "Title");
        assert!(page.contains(body), "{page}");
        if let Some(class) = width.class() {
            assert!(crate::STYLESHEET.response().body().contains(&format!(".{class} main")));
        }
    }

    #[test]
    fn the_switch_leads_to_other_languages_alone() {
        let addresses = Language::ALL.map(|language| (language, format!("/x?l={}", language.tag())));
        let switch = Some(LanguageSwitch { label: "Sprache", addresses: &addresses });
        let page = shown(Frame { language: Language::German, switch, ..FRAME }, "Titel");
        assert!(page.contains("<nav aria-label=\"Sprache\">"), "{page}");
        assert!(page.contains("<a lang=\"en\" hreflang=\"en\" href=\"/x?l=en\">English</a>"), "{page}");
        assert!(page.contains("<span lang=\"de\" aria-current=\"true\">Deutsch</span>"), "{page}");
        assert!(!page.contains("/x?l=de"), "{page}");
    }
}
