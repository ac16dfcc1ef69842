//! Names of roles. A group has a resource when a role named after the resource is mapped on the group.

use std::fmt;

use super::validated::{InvalidName, is_too_long_to_store, validated_name};

/// The kinds of resource that groups are given through roles.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ResourceKind {
    /// Instance type, `it`.
    InstanceType,
    /// Image, `img`.
    Image,
    /// Dataset (volume), `ds`; the only kind that can be writable.
    Dataset,
    /// Announcement, `ann`.
    Announcement,
}

impl ResourceKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::InstanceType, Self::Image, Self::Dataset, Self::Announcement];

    /// The kind as role names write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InstanceType => "it",
            Self::Image => "img",
            Self::Dataset => "ds",
            Self::Announcement => "ann",
        }
    }

    fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == token)
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

validated_name! {
    /// What an installation puts in front of its resource roles, so that several installations can share a realm.
    ///
    /// Not empty, without `:`, and not one of the kinds: `ds:it:x` would read as a dataset.
    RolePrefix, "a role prefix", check_role_prefix
}

validated_name! {
    /// Name of a role as the identity provider stores it: not empty, at most 255 characters.
    ///
    /// Roles of resources are named by [`RoleName::for_resource`]; other roles may have any name.
    RoleName, "a role name", check_role_name
}

impl RoleName {
    /// The role that gives a group the resource: `[<prefix>:]<kind>:[rw:]<resource>`. A `writable` dataset has a role of its
    /// own, beside the one for reading.
    ///
    /// [`ResourceRole::parse`] gives the parts back.
    ///
    /// # Errors
    /// When `resource` is empty or contains `:`, when another kind than a dataset should be writable, or when the role name
    /// would exceed 255 characters.
    pub fn for_resource(
        prefix: Option<&RolePrefix>,
        kind: ResourceKind,
        writable: bool,
        resource: &str,
    ) -> Result<Self, InvalidName> {
        let refused = |reason| Err(InvalidName::new("a resource that can have a role", resource, reason));
        if resource.is_empty() {
            return refused("it is empty");
        }
        if resource.contains(SEPARATOR) {
            return refused("':' separates the parts of a role name");
        }
        if writable && kind != ResourceKind::Dataset {
            return refused("only a dataset can be writable");
        }
        let mut name = String::new();
        if let Some(prefix) = prefix {
            name.push_str(prefix.as_str());
            name.push(SEPARATOR);
        }
        name.push_str(kind.as_str());
        name.push(SEPARATOR);
        if writable {
            name.push_str(WRITABLE);
            name.push(SEPARATOR);
        }
        name.push_str(resource);
        Self::try_from(name)
    }
}

/// What the name of a resource's role says.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ResourceRole {
    /// The installation's prefix. A role counts only for the installation with exactly this prefix, or with none.
    pub prefix: Option<String>,
    /// The kind of the resource.
    pub kind: ResourceKind,
    /// What stands between kind and resource, such as `rw`.
    pub labels: Vec<String>,
    /// Name of the resource.
    pub resource: String,
}

impl ResourceRole {
    /// Reads the name of a role; `None` when it is not the role of a resource.
    ///
    /// Split on `:`, the first token is the kind, or the second is and the first is the prefix; the last token is the resource,
    /// those between are labels.
    #[must_use]
    pub fn parse(role: &str) -> Option<Self> {
        let mut tokens = role.split(SEPARATOR);
        let first = tokens.next()?;
        let (prefix, kind) = match ResourceKind::from_token(first) {
            Some(kind) => (None, kind),
            None => (Some(first), ResourceKind::from_token(tokens.next()?)?),
        };
        let resource = tokens.next_back().filter(|resource| !resource.is_empty())?;
        Some(Self {
            // An empty prefix cannot be configured, so such a role is nobody's; it must not pass for one without prefix.
            prefix: prefix.map(str::to_owned),
            kind,
            labels: tokens.map(str::to_owned).collect(),
            resource: resource.to_owned(),
        })
    }

    /// Whether the role gives the right to write.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.labels.iter().any(|label| label == WRITABLE)
    }

    /// Whether the role belongs to the installation configured with `prefix`.
    #[must_use]
    pub fn belongs_to(&self, prefix: Option<&RolePrefix>) -> bool {
        self.prefix.as_deref() == prefix.map(RolePrefix::as_str)
    }
}

const SEPARATOR: char = ':';
const WRITABLE: &str = "rw";

fn check_role_prefix(prefix: &str) -> Result<(), &'static str> {
    if prefix.is_empty() {
        Err("it is empty")
    } else if prefix.contains(SEPARATOR) {
        Err("':' separates the parts of a role name")
    } else if ResourceKind::from_token(prefix).is_some() {
        Err("'it', 'img', 'ds' and 'ann' name kinds of resources")
    } else {
        check_role_name(prefix)
    }
}

fn check_role_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("it is empty")
    } else if is_too_long_to_store(name) {
        Err("it is longer than 255 characters")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn prefix(text: &str) -> RolePrefix {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::instance_type(None, ResourceKind::InstanceType, false, "cpu-1", "it:cpu-1")]
    #[case::image(None, ResourceKind::Image, false, "base-notebook", "img:base-notebook")]
    #[case::dataset(None, ResourceKind::Dataset, false, "a", "ds:a")]
    #[case::writable_dataset(None, ResourceKind::Dataset, true, "a", "ds:rw:a")]
    #[case::announcement(None, ResourceKind::Announcement, false, "news", "ann:news")]
    #[case::prefixed(Some("c1"), ResourceKind::InstanceType, false, "x", "c1:it:x")]
    #[case::prefixed_writable(Some("c1"), ResourceKind::Dataset, true, "x", "c1:ds:rw:x")]
    #[case::dataset_called_rw(None, ResourceKind::Dataset, false, "rw", "ds:rw")]
    #[case::dataset_called_as_a_kind(None, ResourceKind::Dataset, false, "it", "ds:it")]
    fn roles_of_resources(
        #[case] role_prefix: Option<&str>,
        #[case] kind: ResourceKind,
        #[case] writable: bool,
        #[case] resource: &str,
        #[case] expected: &str,
    ) {
        let role_prefix = role_prefix.map(prefix);
        let name = RoleName::for_resource(role_prefix.as_ref(), kind, writable, resource).unwrap();
        assert_eq!(name.as_str(), expected);
        let role = ResourceRole::parse(expected).unwrap();
        assert_eq!((role.kind, role.is_writable(), role.resource.as_str()), (kind, writable, resource));
        assert!(role.belongs_to(role_prefix.as_ref()));
        assert!(!role.belongs_to(Some(&prefix("other"))));
    }

    #[rstest]
    #[case::writable_label("ds:rw:a", None, ResourceKind::Dataset, &["rw"], "a")]
    #[case::other_labels("c1:img:x:y:a", Some("c1"), ResourceKind::Image, &["x", "y"], "a")]
    #[case::empty_prefix(":it:x", Some(""), ResourceKind::InstanceType, &[], "x")]
    #[case::kind_twice("it:ds:x", None, ResourceKind::InstanceType, &["ds"], "x")]
    fn parts_of_a_role(
        #[case] role: &str,
        #[case] prefix: Option<&str>,
        #[case] kind: ResourceKind,
        #[case] labels: &[&str],
        #[case] resource: &str,
    ) {
        let expected = ResourceRole {
            prefix: prefix.map(str::to_owned),
            kind,
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            resource: resource.to_owned(),
        };
        assert_eq!(ResourceRole::parse(role), Some(expected));
    }

    #[rstest]
    #[case::empty("")]
    #[case::plain("gitlab")]
    #[case::only_a_kind("it")]
    #[case::prefix_and_kind("c1:it")]
    #[case::no_resource("it:")]
    #[case::no_resource_after_label("ds:rw:")]
    #[case::kind_in_third_place("a:b:it:x")]
    #[case::capitals("IT:x")]
    #[case::other_role("realm-management:realm-admin")]
    fn other_roles_are_no_resource_roles(#[case] role: &str) {
        assert_eq!(ResourceRole::parse(role), None);
    }

    #[rstest]
    #[case::empty("", false, ResourceKind::Image, "empty")]
    #[case::colon("a:b", false, ResourceKind::Image, "separates")]
    #[case::writable_image("a", true, ResourceKind::Image, "only a dataset")]
    #[case::too_long(&"a".repeat(252), false, ResourceKind::Image, "longer than 255")]
    fn resources_without_a_role(
        #[case] resource: &str,
        #[case] writable: bool,
        #[case] kind: ResourceKind,
        #[case] reason: &str,
    ) {
        let error = RoleName::for_resource(None, kind, writable, resource).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }

    #[rstest]
    #[case::empty("")]
    #[case::colon("a:")]
    #[case::kind("ann")]
    fn refused_prefixes(#[case] text: &str) {
        assert!(text.parse::<RolePrefix>().is_err());
    }

    proptest! {
        #[test]
        fn a_resource_role_reads_back(
            role_prefix in proptest::option::of("[^:]{1,20}"),
            kind in proptest::sample::select(&ResourceKind::ALL[..]),
            writable: bool,
            resource in "[^:]{1,60}",
        ) {
            let writable = writable && kind == ResourceKind::Dataset;
            let Ok(role_prefix) = role_prefix.map(|text| text.parse::<RolePrefix>()).transpose() else { return Ok(()) };
            let name = RoleName::for_resource(role_prefix.as_ref(), kind, writable, &resource).unwrap();
            let role = ResourceRole::parse(name.as_str()).unwrap();
            prop_assert!(role.belongs_to(role_prefix.as_ref()));
            prop_assert_eq!((role.kind, role.is_writable(), role.resource), (kind, writable, resource));
        }

        #[test]
        fn reading_never_panics(role in "[a-z:]{0,20}|.*") {
            let writable = ResourceRole::parse(&role).is_some_and(|parsed| parsed.is_writable());
            prop_assert!(!writable || role.contains(":rw:"));
        }
    }
}
