//! What went wrong before, after or instead of a login.

use http::StatusCode;
use maud::{Markup, html};

use super::form::{Application, link};
use super::frame::Content;
use super::texts::Texts;

/// Says what went wrong, and where to go from there. It never redirects: the address that a request names may be what is wrong with it.
#[derive(Clone, Copy, Default)]
pub(crate) struct ErrorPage<'a> {
    /// What went wrong.
    pub(crate) failure: Failure<'a>,
    /// Where what was tried can be begun again.
    pub(crate) restart: Option<&'a str>,
    /// The application that the person came from.
    pub(crate) back: Option<Application<'a>>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Failure<'a> {
    /// An application sent somebody here with a request that cannot be followed; says why, in the words of the protocol, such as
    /// `Invalid parameter: redirect_uri`.
    InvalidRequest(&'a str),
    /// No application has the identifier.
    ClientNotFound,
    /// The realm, or the page, does not exist.
    NotFound,
    /// What the page had begun has ended.
    SessionExpired,
    /// The browser keeps no cookies for us.
    CookieMissing,
    /// The form does not come from a page of ours, or from one of another login.
    ForeignForm,
    /// The account is disabled.
    AccountDisabled,
    /// The person declined what the operator asks to be accepted.
    TermsDeclined,
    /// Nothing can be written at present, because the disk is full for example.
    ReadOnly,
    /// Something that is needed does not answer; trying again can help.
    Unavailable,
    /// Our own mistake; the log has it.
    #[default]
    Internal,
}

impl Failure<'_> {
    const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest(_)
            | Self::ClientNotFound
            | Self::SessionExpired
            | Self::CookieMissing
            | Self::AccountDisabled => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::ForeignForm | Self::TermsDeclined => StatusCode::FORBIDDEN,
            Self::ReadOnly | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn text(self, texts: &Texts) -> &'static str {
        let texts = &texts.failure;
        match self {
            Self::InvalidRequest(_) => texts.invalid_request,
            Self::ClientNotFound => texts.client_not_found,
            Self::NotFound => texts.not_found,
            Self::SessionExpired => texts.session_expired,
            Self::CookieMissing => texts.cookie_missing,
            Self::ForeignForm => texts.foreign_form,
            Self::AccountDisabled => texts.account_disabled,
            Self::TermsDeclined => texts.terms_declined,
            Self::ReadOnly => texts.read_only,
            Self::Unavailable => texts.unavailable,
            Self::Internal => texts.internal,
        }
    }
}

impl Content for ErrorPage<'_> {
    fn status(&self) -> StatusCode {
        self.failure.status()
    }

    fn heading(&self, texts: &Texts) -> String {
        match self.failure {
            Failure::NotFound => texts.failure.not_found_heading,
            Failure::SessionExpired => texts.failure.session_expired_heading,
            Failure::AccountDisabled | Failure::TermsDeclined => texts.failure.not_logged_in_heading,
            _ => texts.failure.heading,
        }
        .to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        html! {
            p.alert role="alert" { (self.failure.text(texts)) }
            @if let Failure::InvalidRequest(reason) = self.failure {
                // For those who run the application: in the protocol's own language, to be searched for.
                p { code lang="en" { (reason) } }
            }
            @if self.restart.is_some() || self.back.is_some() {
                div.actions {
                    @if let Some(href) = self.restart { (link(href, texts.failure.restart)) }
                    @if let Some(application) = self.back {
                        (application.link(&(texts.failure.back)(application.name)))
                    }
                }
            }
        }
    }
}
