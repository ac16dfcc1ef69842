//! Opaque ids of users and groups.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps whatever text a client, a token or the identity provider used as the id.
            pub fn new(id: impl Into<Arc<str>>) -> Self {
                Self(id.into())
            }

            /// The id as text.
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

        // Sound because `Eq`, `Ord` and `Hash` of `Arc<str>` are those of `str`: maps can be asked with a `&str`.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self::new(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }
    };
}

opaque_id! {
    /// Id of a user as the identity provider made it (the `sub` of a token); cheap to clone.
    ///
    /// Any text is an id: what clients send is not trusted, and an id that nobody has is simply absent. Whoever puts an
    /// id into a path of the identity provider's API must encode it there.
    UserId
}

opaque_id! {
    /// Id of a group as the identity provider made it; cheap to clone.
    ///
    /// Any text is an id, as for [`UserId`].
    GroupId
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    #[test]
    fn maps_keyed_by_ids_can_be_asked_with_text() {
        let hashed = HashMap::from([(UserId::new("u-1"), 1)]);
        let sorted = BTreeMap::from([(GroupId::from("g-1"), 1)]);
        assert_eq!(hashed.get("u-1"), Some(&1));
        assert_eq!(hashed.get("u-2"), None);
        assert_eq!(sorted.get("g-1"), Some(&1));
    }

    #[test]
    fn ids_are_plain_strings_in_json() {
        let id = UserId::new("0b6f…/x");
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, r#""0b6f…/x""#);
        assert_eq!(serde_json::from_str::<UserId>(&json).unwrap(), id);
    }

    #[test]
    fn debug_names_the_kind_of_id() {
        assert_eq!(format!("{:?}", GroupId::new("g")), r#"GroupId("g")"#);
        assert_eq!(GroupId::new("g").to_string(), "g");
    }
}
