//! The parameters of a request that a browser brings, in its address or as a form.

use std::collections::{BTreeMap, BTreeSet};

use url::form_urlencoded;

/// Parameters by name. Unlike in forms of clients, one that stands twice is not an error yet: it depends on which one it is to whom that can
/// be said.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::oidc) struct Parameters {
    values: BTreeMap<String, String>,
    repeated: BTreeSet<String>,
}

impl Parameters {
    /// Reads a query or a form body. What is no valid `%xx` or UTF-8 is taken as it stands.
    pub(in crate::oidc) fn parse(text: &[u8]) -> Self {
        let mut parameters = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            if parameters.values.contains_key(&*name) {
                parameters.repeated.insert(name.into_owned());
            } else {
                parameters.values.insert(name.into_owned(), value.into_owned());
            }
        }
        parameters
    }

    /// A parameter, the first if it stands several times; an empty one counts as absent (RFC 6749 §3.1).
    pub(in crate::oidc) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a parameter stands more than once, which none may (RFC 6749 §3.1).
    pub(in crate::oidc) fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    /// Whether any parameter stands more than once.
    pub(in crate::oidc) fn has_repetitions(&self) -> bool {
        !self.repeated.is_empty()
    }
}
