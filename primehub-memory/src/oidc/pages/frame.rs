//! What all pages have in common.

use http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::language::Language;
use super::resources::{logo_path, stylesheet_path};
use super::response::Page;
use super::texts::Texts;

/// What all pages of one request have in common.
#[derive(Clone, Copy, Default)]
pub(crate) struct Frame<'a> {
    /// The language of all texts.
    pub(crate) language: Language,
    /// Where the same page is found in which language, with everything that the address carries. Nothing is shown if this is empty.
    pub(crate) languages: &'a [(Language, String)],
    /// Path of the realm as browsers see it, percent-encoded: the path of the issuer, such as `/realms/primehub`.
    pub(crate) realm_path: &'a str,
    /// The realm's name for people, as plain text. A realm's `displayNameHtml` is not shown: that is markup which whoever edits the realm
    /// may write, and on a page that takes passwords it could be a form that leads elsewhere.
    pub(crate) realm_name: &'a str,
}

/// What one page says.
pub(crate) trait Content {
    /// The status that the page is answered with.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// Whether the page has lists and wants room for them.
    fn wide(&self) -> bool {
        false
    }

    /// The heading, and the title in the browser.
    fn heading(&self, texts: &Texts) -> String;

    /// Everything below the heading.
    fn body(&self, texts: &Texts) -> Markup;
}

impl Frame<'_> {
    /// The whole page.
    pub(crate) fn page(&self, content: &dyn Content) -> Page {
        let texts = Texts::of(self.language);
        let heading = content.heading(texts);
        Page::new(content.status(), self.document(texts, &heading, content.wide(), &content.body(texts)))
    }

    fn document(&self, texts: &Texts, heading: &str, wide: bool, body: &Markup) -> Markup {
        let logo = logo_path(self.realm_path);
        html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    title { (heading) " · " (self.realm_name) }
                    link rel="icon" type="image/svg+xml" href=(logo);
                    link rel="stylesheet" href=(stylesheet_path(self.realm_path));
                }
                body class=[wide.then_some("wide")] {
                    header {
                        p.brand {
                            img src=(logo) alt="" width="40" height="40";
                            span { (self.realm_name) }
                        }
                    }
                    main {
                        h1 { (heading) }
                        (body)
                    }
                    @if !self.languages.is_empty() { footer { (self.language_switch(texts)) } }
                }
            }
        }
    }

    fn language_switch(&self, texts: &Texts) -> Markup {
        html! {
            nav aria-label=(texts.language) {
                ul {
                    @for (language, href) in self.languages {
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
