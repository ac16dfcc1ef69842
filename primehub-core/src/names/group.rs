//! Names of groups, and the slug that volumes and paths use.

use serde::{Deserialize, Serialize};

use super::label::{MAX_LABEL_VALUE, label_value};
use super::validated::{text_access, validated_name};

/// Longest name of a new group, in characters.
pub const MAX_GROUP_NAME: usize = 50;

validated_name! {
    /// Name of a new group: what creation accepts, and short enough that its label value fits Kubernetes.
    ///
    /// ASCII letters, digits, `.`, `_` and `-`, with a letter or digit at both ends; at most [`MAX_GROUP_NAME`] characters.
    /// Groups that an identity provider already holds may have any name: those are [`StoredGroupName`]s.
    GroupName, "a group name", check_group_name
}

impl GroupName {
    /// The slug of the group.
    #[must_use]
    pub fn path(&self) -> GroupPath {
        GroupPath::of(&self.0)
    }

    /// The label value of the group; always one that Kubernetes accepts.
    #[must_use]
    pub fn label(&self) -> String {
        label_value(&self.0)
    }
}

validated_name! {
    /// Name of a group as the identity provider holds it: anything but empty.
    ///
    /// Its label value may be too long for Kubernetes; whoever writes one uses
    /// [`label_value_checked`](super::label_value_checked).
    StoredGroupName, "the name of a stored group", check_stored_group_name
}

impl StoredGroupName {
    /// The slug of the group.
    #[must_use]
    pub fn path(&self) -> GroupPath {
        GroupPath::of(&self.0)
    }

    /// The label value of the group, of any length.
    #[must_use]
    pub fn label(&self) -> String {
        label_value(&self.0)
    }
}

impl From<GroupName> for StoredGroupName {
    fn from(name: GroupName) -> Self {
        Self(name.0)
    }
}

/// Slug of a group: its name in lower case with `-` for `_`.
///
/// It names the group's volume, mount path and folder in the object store, so two groups must not have the same slug: a new
/// group `Team_A` conflicts with an existing `team-a`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(from = "String", into = "String")]
pub struct GroupPath(String);

impl GroupPath {
    /// The slug of the group called `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(name.to_lowercase().replace('_', "-"))
    }
}

impl From<&str> for GroupPath {
    fn from(name: &str) -> Self {
        Self::of(name)
    }
}

impl From<String> for GroupPath {
    fn from(name: String) -> Self {
        Self::of(&name)
    }
}

text_access!(GroupPath);

fn check_group_name(name: &str) -> Result<(), &'static str> {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        Err("it is empty")
    } else if bytes.len() > MAX_GROUP_NAME {
        Err("it is longer than 50 characters")
    } else if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte)) {
        Err("only the letters A-Z and a-z, digits, '.', '_' and '-' are allowed")
    } else if !is_end(bytes.first()) || !is_end(bytes.last()) {
        Err("it must start and end with a letter or digit")
    } else if label_value(name).len() > MAX_LABEL_VALUE {
        Err("its escaped form is longer than 55 characters: each capital letter, '.', '_' and '-' counts as three")
    } else {
        Ok(())
    }
}

fn check_stored_group_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() { Err("it is empty") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("phusers")]
    #[case::one_letter("a")]
    #[case::one_digit("7")]
    #[case::all_characters("Research.team_1-b")]
    #[case::fifty_characters(&"a".repeat(50))]
    #[case::label_just_fits(&format!("{}-b", "a".repeat(47)))]
    fn group_names_may_be_created(#[case] name: &str) {
        let parsed: GroupName = name.parse().unwrap();
        assert_eq!(parsed.as_str(), name);
        assert!(parsed.label().len() <= MAX_LABEL_VALUE);
        assert_eq!(serde_json::to_value(&parsed).unwrap(), name);
        assert_eq!(serde_json::from_value::<GroupName>(name.into()).unwrap(), parsed);
    }

    #[rstest]
    #[case::empty("", "empty")]
    #[case::leading_dash("-x", "start and end")]
    #[case::trailing_dot("x.", "start and end")]
    #[case::only_underscore("_", "start and end")]
    #[case::space("a b", "only the letters")]
    #[case::slash("a/b", "only the letters")]
    #[case::accent("é", "only the letters")]
    #[case::newline_at_the_end("team\n", "only the letters")]
    #[case::too_long(&"a".repeat(51), "longer than 50")]
    #[case::label_too_long(&format!("{}xyz", "a-".repeat(14)), "escaped form")]
    #[case::capitals(&"A".repeat(19), "escaped form")]
    fn other_group_names_are_refused(#[case] name: &str, #[case] reason: &str) {
        let error = name.parse::<GroupName>().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(GroupName::try_from(name.to_owned()).unwrap_err(), error);
        assert!(serde_json::from_value::<GroupName>(name.into()).is_err());
    }

    #[rstest]
    #[case::unchanged("ops", "ops")]
    #[case::lower_case_and_dash("Vision_Lab", "vision-lab")]
    #[case::dash_stays("a-b", "a-b")]
    #[case::space_stays("Team 7", "team 7")]
    #[case::other_alphabets("ÉQUIPE_Ж", "équipe-ж")]
    fn slugs(#[case] name: &str, #[case] path: &str) {
        assert_eq!(GroupPath::of(name).as_str(), path);
        assert_eq!(name.parse::<StoredGroupName>().unwrap().path(), GroupPath::from(path));
    }

    #[test]
    fn stored_groups_may_have_any_name() {
        let name: StoredGroupName = "Data & Analytics / 字".parse().unwrap();
        assert_eq!(name.label(), "escaped--44ata-20-26-20-41nalytics-20-2f-20-e5-ad-97");
        assert!("".parse::<StoredGroupName>().is_err());
    }

    proptest! {
        #[test]
        fn a_group_name_always_has_a_valid_label(name in "[A-Za-z0-9._-]{0,60}") {
            if let Ok(name) = name.parse::<GroupName>() {
                prop_assert!(name.label().len() <= MAX_LABEL_VALUE);
                prop_assert_eq!(StoredGroupName::from(name.clone()).path(), name.path());
            }
        }

        #[test]
        fn parsing_never_panics(name in ".*") {
            prop_assert!(name.parse::<GroupName>().map_or(true, |parsed| parsed.as_str() == name));
        }
    }
}
