//! What is wrong with a realm although it can be followed. Pure.

use std::fmt;

use primehub_core::names::GroupId;

use super::picture::Picture;
use crate::admin::Full;
use crate::bootstrap::{Harm, USERNAME, repair};
use crate::token::IssuerProbeError;

/// What an operator has to repair about a realm that can be read and written all the same: without this, nobody would be told why people
/// raise their own quotas, or why no token is accepted. The bootstrap repairs all but wrong settings of the platform.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RealmWarning {
    /// People can change by themselves what only administrators must, their own quotas among it.
    OpenAttributes {
        /// What the realm's user profile needs.
        needed: String,
    },
    /// Keycloak drops what administrators write about people.
    DroppedAttributes {
        /// What the realm's user profile needs.
        needed: String,
    },
    /// The realm's tokens name another issuer than the platform expects, so that none is accepted.
    OtherIssuer {
        /// The issuer by the realm's own words.
        found: String,
        /// The issuer by the settings.
        expected: String,
    },
    /// The group that the settings say stands for everybody does not exist; the top-level one of the right name is taken instead.
    EveryoneByName {
        /// The id in the settings.
        configured: GroupId,
        /// The id of the group that is taken.
        taken: GroupId,
    },
    /// No group stands for everybody, so that nobody has what everybody has.
    NoEveryone {
        /// The id in the settings, if there is one.
        configured: Option<GroupId>,
    },
}

impl RealmWarning {
    /// Every [`RealmWarning::what`].
    pub(super) const KINDS: [&'static str; 5] =
        ["open_attributes", "dropped_attributes", "issuer", "everyone_by_name", "no_everyone"];

    /// What it is about in one word, out of a closed set: the label of its metric.
    #[must_use]
    pub fn what(&self) -> &'static str {
        let [open, dropped, issuer, by_name, nobody] = Self::KINDS;
        match self {
            Self::OpenAttributes { .. } => open,
            Self::DroppedAttributes { .. } => dropped,
            Self::OtherIssuer { .. } => issuer,
            Self::EveryoneByName { .. } => by_name,
            Self::NoEveryone { .. } => nobody,
        }
    }

    /// Whether it gives people rights that they must not have, which is worse than something that does not work.
    #[must_use]
    pub fn is_severe(&self) -> bool {
        matches!(self, Self::OpenAttributes { .. })
    }

    /// What is wrong with a user profile.
    pub(super) fn of_profile(profile: &Full, edit_username_allowed: bool) -> Vec<Self> {
        let (_, changes) = repair(profile);
        let needed = |harm: Harm| {
            // Where names cannot be changed at all it does not matter who may.
            let counts = |attribute: &Option<String>| edit_username_allowed || attribute.as_deref() != Some(USERNAME);
            let changes = changes.iter().filter(|change| change.harm == harm && counts(&change.attribute));
            let needed: Vec<&str> = changes.map(|change| &*change.what).collect();
            (!needed.is_empty()).then(|| needed.join(", "))
        };
        let open = needed(Harm::Opens).map(|needed| Self::OpenAttributes { needed });
        let dropped = needed(Harm::Loses).map(|needed| Self::DroppedAttributes { needed });
        open.into_iter().chain(dropped).collect()
    }

    /// What a look at the issuer says; no answer if it came to nothing.
    pub(super) fn of_issuer(probed: Result<(), IssuerProbeError>) -> Result<Option<Self>, IssuerProbeError> {
        match probed {
            Ok(()) => Ok(None),
            Err(IssuerProbeError::Different { found, expected }) => Ok(Some(Self::OtherIssuer { found, expected })),
            Err(error) => Err(error),
        }
    }

    /// What is wrong with the group of everybody. Costs no call.
    pub(super) fn of_everyone(picture: &Picture) -> Option<Self> {
        let configured = picture.everyone.clone();
        let Some(taken) = picture.directory.everyone() else { return Some(Self::NoEveryone { configured }) };
        let configured = configured.filter(|configured| *configured != taken.id)?;
        Some(Self::EveryoneByName { configured, taken: taken.id.clone() })
    }
}

impl fmt::Display for RealmWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenAttributes { needed } => {
                write!(
                    f,
                    "people can change what only administrators must, such as their own quotas; \
                     the user profile needs: {needed}; run the bootstrap"
                )
            }
            Self::DroppedAttributes { needed } => {
                write!(
                    f,
                    "what is written about people is dropped; the user profile needs: {needed}; run the bootstrap"
                )
            }
            Self::OtherIssuer { found, expected } => write!(
                f,
                "no token is accepted: the realm names itself {found:?} in its tokens, but {expected:?} is expected; \
                 compare the public address with the realm's frontendUrl"
            ),
            Self::EveryoneByName { configured, taken } => write!(
                f,
                "there is no group {configured}; the one named everyone, {taken}, is taken instead: \
                 correct the id of the group of everyone (KC_EVERYONE_GROUP_ID)"
            ),
            Self::NoEveryone { configured } => {
                f.write_str("there is no group that stands for everybody: none at the top level is named everyone")?;
                if let Some(configured) = configured {
                    write!(f, ", and there is no group {configured} (KC_EVERYONE_GROUP_ID)")?;
                }
                f.write_str("; run the bootstrap")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::Group;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    /// A profile as the bootstrap leaves it, with a policy.
    fn profile(policy: &Value) -> Full {
        let (mut profile, _) = repair(&Full::default());
        profile.set("unmanagedAttributePolicy", policy.clone());
        profile
    }

    fn kinds(warnings: &[RealmWarning]) -> Vec<&'static str> {
        warnings.iter().map(RealmWarning::what).collect()
    }

    #[rstest]
    #[case::right(json!("ADMIN_EDIT"), &[])]
    #[case::people_may_write(json!("ENABLED"), &["open_attributes"])]
    #[case::read_alone(json!("ADMIN_VIEW"), &["dropped_attributes"])]
    #[case::none(Value::Null, &["dropped_attributes"])]
    fn the_policy_decides(#[case] policy: Value, #[case] expected: &[&str]) {
        let warnings = RealmWarning::of_profile(&profile(&policy), true);
        assert_eq!(kinds(&warnings), expected);
        assert!(warnings.iter().all(|warning| warning.to_string().contains("ADMIN_EDIT")), "{warnings:?}");
        assert_eq!(warnings.iter().any(RealmWarning::is_severe), policy == "ENABLED");
    }

    #[test]
    fn names_that_cannot_be_changed_are_not_open() {
        let mut profile = profile(&json!("ADMIN_EDIT"));
        let username = json!({"name": "username", "permissions": {"view": ["user"], "edit": ["admin", "user"]}});
        profile.0["attributes"].as_array_mut().unwrap().push(username);
        assert_eq!(kinds(&RealmWarning::of_profile(&profile, true)), ["open_attributes"]);
        assert_eq!(kinds(&RealmWarning::of_profile(&profile, false)), [] as [&str; 0]);
    }

    #[rstest]
    #[case::named_and_there(Some("everyone-id"), true, None)]
    #[case::found_by_name(None, true, None)]
    #[case::named_wrongly(Some("other"), true, Some("there is no group other; the one named everyone, everyone-id,"))]
    #[case::nowhere(None, false, Some("none at the top level is named everyone; run"))]
    #[case::nowhere_although_named(Some("other"), false, Some("and there is no group other"))]
    fn the_group_of_everybody(#[case] configured: Option<&str>, #[case] exists: bool, #[case] says: Option<&str>) {
        let mut picture = Picture::new("primehub", configured.map(GroupId::new));
        if exists {
            picture.directory.put_group(Group::new(GroupId::new("everyone-id"), "everyone"));
            picture.directory.put_everyone(GroupId::new("everyone-id"));
        }
        let warning = RealmWarning::of_everyone(&picture).map(|warning| warning.to_string());
        assert_eq!(warning.is_some(), says.is_some(), "{warning:?}");
        assert!(says.is_none_or(|says| warning.unwrap().contains(says)));
    }
}
