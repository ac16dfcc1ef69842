//! Which resources a group has, and which a user effectively has in it.

use std::collections::BTreeMap;

use crate::identity::{Directory, RoleKey};
use crate::names::{GroupId, ResourceKind, ResourceRole, RolePrefix, UserId};

/// A resource that somebody may use.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct EffectiveResource {
    /// Name of the custom resource.
    pub name: String,
    /// Whether its content may be changed; only datasets can be writable.
    pub writable: bool,
}

/// The resources of one kind that are given to the group itself, each once: writable if any of its roles says so.
///
/// Only roles with the installation's own prefix count; `prefix` is `None` when the installation uses none.
#[must_use]
pub fn resources_of_group(
    directory: &Directory,
    group: &GroupId,
    kind: ResourceKind,
    prefix: Option<&RolePrefix>,
) -> Vec<EffectiveResource> {
    let mut found = Found::default();
    found.add(directory.roles_of_group(group), kind, prefix, |_| true);
    found.sorted()
}

/// The resources of one kind that `user` has when working in `group`: those of the group, then those shared with everyone, and for
/// datasets also those of the user's other groups, unless a dataset may be launched in its own groups only. A writable reading wins.
///
/// `only_in_own_groups` tells for a dataset whether its `launchGroupOnly` is set: that stands in the custom resource.
#[must_use]
pub fn effective_resources(
    directory: &Directory,
    user: &UserId,
    group: &GroupId,
    kind: ResourceKind,
    prefix: Option<&RolePrefix>,
    only_in_own_groups: impl Fn(&str) -> bool,
) -> Vec<EffectiveResource> {
    let mut found = Found::default();
    found.add(directory.roles_of_group(group), kind, prefix, |_| true);
    found.add(directory.roles_of_group(directory.everyone_id()), kind, prefix, |_| true);
    if kind == ResourceKind::Dataset {
        found.add(&directory.effective_roles(user), kind, prefix, |name| !only_in_own_groups(name));
    }
    found.sorted()
}

#[derive(Default)]
struct Found(BTreeMap<String, bool>);

impl Found {
    fn add<'a>(
        &mut self,
        roles: impl IntoIterator<Item = &'a RoleKey>,
        kind: ResourceKind,
        prefix: Option<&RolePrefix>,
        admit: impl Fn(&str) -> bool,
    ) {
        for role in roles {
            let RoleKey::Realm(name) = role else { continue };
            let Some(role) = ResourceRole::parse(name) else { continue };
            if role.kind == kind && role.belongs_to(prefix) && admit(&role.resource) {
                *self.0.entry(role.resource.clone()).or_default() |= role.is_writable();
            }
        }
    }

    fn sorted(self) -> Vec<EffectiveResource> {
        self.0.into_iter().map(|(name, writable)| EffectiveResource { name, writable }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Group, Role, Subject, User};

    /// A user in g1, g2 and g3. ds1 is shared with everyone and writable in g1; ds2 is readable in g2 and writable in g3; ds3 and ds4 are
    /// in g3, the second writable; ds5 is in g4.
    fn directory() -> Directory {
        let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
        directory.put_user(User::new("amy".into(), "amy"));
        for group in ["everyone", "g1", "g2", "g3", "g4"] {
            directory.put_group(Group::new(group.into(), group));
        }
        for group in ["everyone", "g1", "g2", "g3"] {
            directory.join(&"amy".into(), &group.into());
        }
        let grants = [
            ("ds:ds1", "everyone"),
            ("ds:rw:ds1", "g1"),
            ("ds:ds2", "g2"),
            ("ds:rw:ds2", "g3"),
            ("ds:ds3", "g3"),
            ("ds:rw:ds4", "g3"),
            ("ds:ds5", "g4"),
            ("it:cpu-1", "everyone"),
            ("other:ds:elsewhere", "g1"),
        ];
        for (role, group) in grants {
            directory.put_role(Role::new(RoleKey::realm(role)));
            directory.grant(&Subject::Group(group.into()), &RoleKey::realm(role));
        }
        directory
    }

    fn datasets(group: &str, only_in_own_groups: &[&str]) -> Vec<String> {
        let own = |name: &str| only_in_own_groups.contains(&name);
        effective_resources(&directory(), &"amy".into(), &group.into(), ResourceKind::Dataset, None, own)
            .iter()
            .map(|found| format!("{} {}", found.name, if found.writable { "w" } else { "r" }))
            .collect()
    }

    #[rstest::rstest]
    #[case("g1", &["ds1 w", "ds3 r", "ds4 w"])]
    #[case("g2", &["ds1 r", "ds2 r", "ds3 r", "ds4 w"])]
    #[case("g3", &["ds1 r", "ds2 w", "ds3 r", "ds4 w"])]
    fn the_contracts_example(#[case] group: &str, #[case] expected: &[&str]) {
        // ds1 and ds2 stay in their own groups: what is writable elsewhere must not leak into other groups.
        assert_eq!(datasets(group, &["ds1", "ds2"]), expected);
    }

    #[test]
    fn a_dataset_for_its_own_groups_stays_there() {
        assert_eq!(datasets("g1", &["ds1", "ds2", "ds3", "ds4"]), ["ds1 w"]);
    }

    #[test]
    fn what_is_shared_with_everyone_comes_into_every_group() {
        let types =
            effective_resources(&directory(), &"amy".into(), &"g2".into(), ResourceKind::InstanceType, None, |_| false);
        assert_eq!(types, [EffectiveResource { name: "cpu-1".into(), writable: false }]);
        assert_eq!(resources_of_group(&directory(), &"g2".into(), ResourceKind::InstanceType, None), []);
    }
}
