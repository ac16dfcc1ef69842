//! What all validated names share: the error, and the code around one check.

/// Why a string cannot be used as a name. Its text tells what was given, what is wrong with it and what is allowed, and can
/// be shown to whoever sent the name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{input:?} is not {kind}: {reason}")]
pub struct InvalidName {
    kind: &'static str,
    input: String,
    reason: &'static str,
}

impl InvalidName {
    pub(super) fn new(kind: &'static str, input: &str, reason: &'static str) -> Self {
        Self { kind, input: shortened(input), reason }
    }

    /// The kind of name that was wanted, with its article, such as `a group name`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What was given, cut when it is very long.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// What is wrong, or what would have been allowed.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// The start of `input`: an error must not carry megabytes that a client sent.
pub(crate) fn shortened(input: &str) -> String {
    const SHOWN: usize = 80;
    match input.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &input[..end]),
        None => input.to_owned(),
    }
}

/// Writes what a text type offers besides its constructor: reading, comparing with text in maps, printing.
macro_rules! text_access {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

/// Declares a name type over `String` whose only constructors are `FromStr` and `TryFrom<String>`, both guarded by `$check`
/// (`fn(&str) -> Result<(), &'static str>`, the error being the reason).
macro_rules! validated_name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = $crate::names::InvalidName;

            fn try_from(name: String) -> Result<Self, Self::Error> {
                match $check(&name) {
                    Ok(()) => Ok(Self(name)),
                    Err(reason) => Err($crate::names::InvalidName::new($kind, &name, reason)),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::InvalidName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match $check(name) {
                    Ok(()) => Ok(Self(name.to_owned())),
                    Err(reason) => Err($crate::names::InvalidName::new($kind, name, reason)),
                }
            }
        }

        $crate::names::validated::text_access!($name);
    };
}

pub(super) use {text_access, validated_name};

/// Longest name of a user, group or role that Keycloak stores; longer ones make it answer with a server error.
pub(super) const MAX_STORED_CHARACTERS: usize = 255;

/// Whether `name` is longer than Keycloak stores. Keycloak counts characters, not bytes.
pub(super) fn is_too_long_to_store(name: &str) -> bool {
    // Bytes are never fewer than characters, so most names are decided without counting.
    name.len() > MAX_STORED_CHARACTERS && name.chars().count() > MAX_STORED_CHARACTERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_kind_input_and_reason() {
        let error = InvalidName::new("a group name", "-x", "wrong");
        assert_eq!(error.to_string(), r#""-x" is not a group name: wrong"#);
        assert_eq!((error.kind(), error.input(), error.reason()), ("a group name", "-x", "wrong"));
    }

    #[test]
    fn a_huge_input_is_cut_at_a_character() {
        let error = InvalidName::new("a group name", &"字".repeat(1_000_000), "too long");
        assert_eq!(error.input(), format!("{}…", "字".repeat(80)));
    }

    #[test]
    fn the_stored_length_is_counted_in_characters() {
        assert!(!is_too_long_to_store(&"字".repeat(255)));
        assert!(is_too_long_to_store(&"字".repeat(256)));
        assert!(is_too_long_to_store(&"a".repeat(256)));
    }
}
