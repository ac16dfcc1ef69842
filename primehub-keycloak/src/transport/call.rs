//! What is sent.

use std::borrow::Cow;
use std::fmt;

use http::Method;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

/// How a call behaves: decides its time limit, and whether it may be repeated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// The token endpoint: asked once, because a code or a password must not be tried twice.
    Token,
    /// What may be asked for as often as one likes: the published keys, the service account's own token. Repeated, within the time limit of
    /// tokens.
    Public,
    /// Reads one thing. Repeated.
    Read,
    /// Reads a page of a long list. Repeated; few at a time.
    Page,
    /// Brings about a state, so that carrying it out twice is the same as once. Repeated.
    Idempotent,
    /// Changes something relative to what was. Repeated only if it certainly has not arrived.
    Write,
    /// Makes Keycloak send an e-mail. Like a write, with another time limit.
    Mail,
}

impl Class {
    /// Whether such a call changes nothing, so that it does not matter whether it was carried out.
    pub(crate) fn only_reads(self) -> bool {
        matches!(self, Self::Public | Self::Read | Self::Page)
    }

    /// Whether such a call may be sent again although it may have been carried out.
    pub(crate) fn may_be_carried_out_twice(self) -> bool {
        self.only_reads() || self == Self::Idempotent
    }
}

/// One kind of call: the label of its metrics, its behaviour, and the role of `realm-management` without which Keycloak refuses it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    pub(crate) right: &'static str,
}

impl Kind {
    pub(crate) const fn new(name: &'static str, class: Class, right: &'static str) -> Self {
        Self { name, class, right }
    }
}

/// With whose rights a call is made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By<'a> {
    /// With the platform's service account.
    Service,
    /// With this access token.
    Token(&'a SecretString),
    /// With none: public addresses, and the token endpoint.
    Nobody,
}

/// What is sent along. Never logged: it may hold a password, or settings with secrets in them.
#[derive(Clone)]
pub(crate) enum Body {
    Nothing,
    Json(Value),
    Form(Vec<(&'static str, SecretString)>),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Json(_) => "Json(..)",
            Self::Form(_) => "Form(..)",
        })
    }
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) kind: Kind,
    pub(crate) method: Method,
    /// Segments of the path below the base, not yet escaped.
    pub(crate) path: Vec<Cow<'a, str>>,
    pub(crate) query: Vec<(&'static str, Cow<'a, str>)>,
    pub(crate) body: Body,
    pub(crate) by: By<'a>,
}

impl<'a> Call<'a> {
    /// A call of the service account without a body.
    pub(crate) fn new(kind: Kind, method: Method, path: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> Self {
        let path = path.into_iter().map(Into::into).collect();
        Self { kind, method, path, query: Vec::new(), body: Body::Nothing, by: By::Service }
    }

    /// The same with other rights.
    pub(crate) fn by(self, by: By<'a>) -> Self {
        Self { by, ..self }
    }

    /// The same with one more parameter in the address.
    pub(crate) fn query(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// The same with a JSON body. What cannot be written as JSON (a map with keys that are no texts) does not occur here.
    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        Self { body: Body::Json(serde_json::to_value(body).unwrap_or(Value::Null)), ..self }
    }

    /// The same with a form as body.
    pub(crate) fn form(self, fields: Vec<(&'static str, SecretString)>) -> Self {
        Self { body: Body::Form(fields), ..self }
    }
}
