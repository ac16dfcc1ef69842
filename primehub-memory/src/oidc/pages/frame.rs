//! What all pages have in common.

use http::{Response, StatusCode};
use maud::{Markup, html};
use primehub_pages::{Forms, Language, LanguageSwitch, Width};

use super::resources::{logo_path, stylesheet_path};
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
    pub(crate) fn page(&self, content: &dyn Content) -> Response<String> {
        let texts = Texts::of(self.language);
        let heading = content.heading(texts);
        let switch = LanguageSwitch { label: texts.language, addresses: self.languages };
        let frame = primehub_pages::Frame {
            language: self.language,
            switch: (!self.languages.is_empty()).then_some(switch),
            site: self.realm_name,
            stylesheet: &stylesheet_path(self.realm_path),
            logo: &logo_path(self.realm_path),
            width: if content.wide() { Width::Wide } else { Width::Narrow },
            // A login leads back to the application.
            forms: Forms::AnyOrigin,
        };
        frame.page(content.status(), &heading, &html! { h1 { (heading) } (content.body(texts)) })
    }
}
