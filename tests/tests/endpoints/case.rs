//! What may be wrong with a request, and what becomes of it.

use std::fmt;

use futures::future::BoxFuture;

use super::scene::Scene;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Case {
    /// Nothing: without this row the others would show nothing.
    AsMeant,
    /// The browser sends no cookies.
    NoCookie,
    /// A page of another site makes the browser send it, cookies included.
    ForeignOrigin,
    /// The code was exchanged before.
    ReplayedCode,
    /// The same was sent before.
    ReplayedForm,
    /// Another PKCE verifier, or a challenge of a kind that is refused.
    WrongVerifier,
    /// No PKCE verifier, or no challenge.
    MissingVerifier,
    /// An address that is not the client's, or not that of the code.
    WrongRedirect,
    /// Everything was right, until the clock moved.
    Expired,
    /// The code or token is another client's.
    OtherClient,
    /// A letter of the state, form token or code is another.
    Tampered,
    /// The cookies of another person's login.
    ForeignCookie,
    /// The account was disabled meanwhile.
    DisabledAccount,
    /// The login was ended meanwhile.
    EndedSession,
}

impl Case {
    pub(crate) const ALL: [Self; 14] = [
        Self::AsMeant,
        Self::NoCookie,
        Self::ForeignOrigin,
        Self::ReplayedCode,
        Self::ReplayedForm,
        Self::WrongVerifier,
        Self::MissingVerifier,
        Self::WrongRedirect,
        Self::Expired,
        Self::OtherClient,
        Self::Tampered,
        Self::ForeignCookie,
        Self::DisabledAccount,
        Self::EndedSession,
    ];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::AsMeant => "as meant",
            Self::NoCookie => "no cookie",
            Self::ForeignOrigin => "foreign origin",
            Self::ReplayedCode => "replayed code",
            Self::ReplayedForm => "replayed form",
            Self::WrongVerifier => "wrong verifier",
            Self::MissingVerifier => "missing verifier",
            Self::WrongRedirect => "wrong redirect",
            Self::Expired => "expired",
            Self::OtherClient => "other client",
            Self::Tampered => "tampered state",
            Self::ForeignCookie => "foreign cookie",
            Self::DisabledAccount => "disabled account",
            Self::EndedSession => "ended session",
        }
    }
}

/// What became of a case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Row {
    /// It was sent.
    Sent {
        status: u16,
        /// What the answer says: where it leads, the heading of a page, an error.
        says: String,
        /// What is different now; `-` if nothing is.
        changed: String,
    },
    /// The endpoint has no such thing; says why.
    Never(&'static str),
}

impl Row {
    /// Adds to what has changed.
    pub(crate) fn and(self, more: &str) -> Self {
        match self {
            Self::Sent { status, says, changed } => Self::Sent { status, says, changed: format!("{changed}; {more}") },
            Self::Never(reason) => Self::Never(reason),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { status, says, changed } => write!(f, "{status} | {says} | {changed}"),
            Self::Never(reason) => write!(f, "never: {reason}"),
        }
    }
}

/// Sends a request of that kind.
pub(crate) type Send = for<'a> fn(&'a Scene, Case) -> BoxFuture<'a, Row>;

/// Something that can be asked for, one way of asking.
pub(crate) struct Endpoint {
    /// What the table calls it: the route, and a word where one route has several uses.
    pub(crate) name: &'static str,
    /// Method and path of its route, as in [`super::routes::ROUTES`].
    pub(crate) route: (&'static str, &'static str),
    pub(crate) send: Send,
}

/// Makes an [`Endpoint`] of an asynchronous function.
macro_rules! endpoint {
    ($name:literal, $method:literal $path:literal, $send:expr) => {
        $crate::case::Endpoint {
            name: $name,
            route: ($method, $path),
            send: |scene, case| Box::pin(($send)(scene, case)),
        }
    };
}
pub(crate) use endpoint;
