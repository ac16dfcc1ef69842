//! Every index says the same as the objects: random edits on the picture and on a plain model beside it, and then every question to
//! both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::super::{ADMINS, Group, Invitation, InvitationId, Realm, Revision, Role, RoleKey, Subject, User};
use super::{Directory, PeopleFilter};
use crate::names::{GroupId, GroupPath, UserId};

const USERS: u8 = 6;
const GROUPS: u8 = 6;
const ROLES: u8 = 5;
const NAMES: [&str; 7] = ["amy", "bob", "cyd", "dee", "eve", "fay", "gus"];
const GROUP_NAMES: [&str; 5] = ["everyone", "Team_A", "team-a", "research", "Ops"];

#[derive(Clone, Debug)]
enum Edit {
    PutUser { id: u8, name: usize, email: Option<usize>, service: bool, enabled: bool },
    RemoveUser(u8),
    PutGroup { id: u8, name: usize, parent: Option<u8>, admins: Vec<usize> },
    RemoveGroup(u8),
    Join(u8, u8),
    Leave(u8, u8),
    PutRole { id: u8, contains: Vec<u8> },
    RemoveRole(u8),
    Grant(Subject, u8),
    Revoke(Subject, u8),
    PutInvitation(u8, u8, i64),
    RemoveInvitation(u8),
    DefaultGroup(u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let names = 0..NAMES.len();
    let subject = prop_oneof![
        (0..USERS).prop_map(|id| Subject::User(user_id(id))),
        (0..GROUPS).prop_map(|id| Subject::Group(group_id(id)))
    ];
    let (email, service, enabled) =
        (prop::option::of(names.clone()), prop::bool::weighted(0.2), prop::bool::weighted(0.8));
    let put_user = (0..USERS, names.clone(), email, service, enabled);
    let put_group =
        (0..GROUPS, 0..GROUP_NAMES.len(), prop::option::weighted(0.3, 0..GROUPS), prop::collection::vec(names, 0..3));
    prop_oneof![
        4 => put_user.prop_map(|(id, name, email, service, enabled)| Edit::PutUser { id, name, email, service, enabled }),
        1 => (0..USERS).prop_map(Edit::RemoveUser),
        4 => put_group.prop_map(|(id, name, parent, admins)| Edit::PutGroup { id, name, parent, admins }),
        1 => (0..GROUPS).prop_map(Edit::RemoveGroup),
        6 => (0..USERS, 0..GROUPS).prop_map(|(user, group)| Edit::Join(user, group)),
        2 => (0..USERS, 0..GROUPS).prop_map(|(user, group)| Edit::Leave(user, group)),
        3 => (0..ROLES, prop::collection::vec(0..ROLES, 0..3)).prop_map(|(id, contains)| Edit::PutRole { id, contains }),
        1 => (0..ROLES).prop_map(Edit::RemoveRole),
        4 => (subject.clone(), 0..ROLES).prop_map(|(to, role)| Edit::Grant(to, role)),
        2 => (subject, 0..ROLES).prop_map(|(from, role)| Edit::Revoke(from, role)),
        1 => (0..4u8, 0..GROUPS, 0..4_i64).prop_map(|(id, group, at)| Edit::PutInvitation(id, group, at)),
        1 => (0..4u8).prop_map(Edit::RemoveInvitation),
        1 => (0..GROUPS).prop_map(Edit::DefaultGroup),
    ]
}

fn user_id(id: u8) -> UserId {
    UserId::new(format!("u{id}"))
}

fn group_id(id: u8) -> GroupId {
    GroupId::new(format!("g{id}"))
}

/// Role 0 is the administrator role.
fn role_key(id: u8) -> RoleKey {
    if id == 0 { RoleKey::administrator("primehub") } else { RoleKey::realm(format!("role-{id}")) }
}

fn invitation_id(id: u8) -> InvitationId {
    InvitationId([id; 32])
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn empty() -> Directory {
    Directory::new(group_id(0), role_key(0))
}

/// The same facts without any index.
#[derive(Clone, Default)]
struct Model {
    users: BTreeMap<UserId, User>,
    groups: BTreeMap<GroupId, Group>,
    roles: BTreeMap<RoleKey, Role>,
    memberships: BTreeSet<(UserId, GroupId)>,
    grants: BTreeSet<(Subject, RoleKey)>,
    invitations: BTreeMap<InvitationId, Invitation>,
    default_groups: BTreeSet<GroupId>,
}

impl Model {
    /// Carries out the edit on both. False when no identity provider would: names of users are unique, groups do not contain themselves.
    fn edit(&mut self, directory: &mut Directory, edit: Edit) -> bool {
        match edit {
            Edit::PutUser { id, name, email, service, enabled } => {
                let mut user = User::new(user_id(id), NAMES[name]);
                user.enabled = enabled;
                user.email = email.map(|email| format!("{}@Example.com", NAMES[email]));
                user.service_account_of = service.then(|| "client".to_owned());
                let taken = |other: &User| {
                    other.id != user.id
                        && (other.username == user.username || (user.email.is_some() && other.email == user.email))
                };
                if self.users.values().any(taken) {
                    return false;
                }
                directory.put_user(user.clone());
                self.users.insert(user.id.clone(), user);
            }
            Edit::RemoveUser(id) => {
                let id = user_id(id);
                assert_eq!(directory.remove_user(&id).is_some(), self.users.remove(&id).is_some());
                self.memberships.retain(|(user, _)| *user != id);
                self.grants.retain(|(subject, _)| *subject != Subject::User(id.clone()));
            }
            Edit::PutGroup { id, name, parent, admins } => {
                let mut group = Group::new(group_id(id), GROUP_NAMES[name]);
                group.parent = parent.map(group_id);
                let admins = admins.into_iter().map(|name| NAMES[name].to_owned()).collect();
                group.attributes.set(ADMINS, admins);
                if group.parent.as_ref().is_some_and(|parent| {
                    !self.groups.contains_key(parent) || self.with_parents(parent).contains(&group.id)
                }) {
                    return false;
                }
                directory.put_group(group.clone());
                self.groups.insert(group.id.clone(), group);
            }
            Edit::RemoveGroup(id) => {
                let id = group_id(id);
                assert_eq!(directory.remove_group(&id).is_some(), self.groups.contains_key(&id));
                let gone: BTreeSet<_> =
                    self.groups.keys().filter(|group| self.with_parents(group).contains(&id)).cloned().collect();
                self.groups.retain(|group, _| !gone.contains(group));
                self.memberships.retain(|(_, group)| !gone.contains(group));
                self.grants.retain(|(subject, _)| !matches!(subject, Subject::Group(group) if gone.contains(group)));
                self.default_groups.retain(|group| !gone.contains(group));
            }
            Edit::Join(user, group) => {
                let (user, group) = (user_id(user), group_id(group));
                let possible = self.users.contains_key(&user) && self.groups.contains_key(&group);
                let changed = possible && self.memberships.insert((user.clone(), group.clone()));
                assert_eq!(directory.join(&user, &group), changed);
            }
            Edit::Leave(user, group) => {
                let (user, group) = (user_id(user), group_id(group));
                let changed = self.memberships.remove(&(user.clone(), group.clone()));
                assert_eq!(directory.leave(&user, &group), changed);
            }
            Edit::PutRole { id, contains } => {
                let mut role = Role::new(role_key(id));
                role.composites =
                    contains.into_iter().map(role_key).filter(|key| self.roles.contains_key(key)).collect();
                directory.put_role(role.clone());
                self.roles.insert(role.key.clone(), role);
            }
            Edit::RemoveRole(id) => {
                let key = role_key(id);
                assert_eq!(directory.remove_role(&key).is_some(), self.roles.remove(&key).is_some());
                self.grants.retain(|(_, role)| *role != key);
                for role in self.roles.values_mut() {
                    role.composites.remove(&key);
                }
            }
            Edit::Grant(to, role) => {
                let role = role_key(role);
                let changed =
                    self.has(&to) && self.roles.contains_key(&role) && self.grants.insert((to.clone(), role.clone()));
                assert_eq!(directory.grant(&to, &role), changed);
            }
            Edit::Revoke(from, role) => {
                let role = role_key(role);
                assert_eq!(directory.revoke(&from, &role), self.grants.remove(&(from, role)));
            }
            Edit::PutInvitation(id, group, expires_at) => {
                let invitation = Invitation::new(invitation_id(id), group_id(group), at(expires_at));
                directory.put_invitation(invitation.clone());
                self.invitations.insert(invitation.id, invitation);
            }
            Edit::RemoveInvitation(id) => {
                let id = invitation_id(id);
                assert_eq!(directory.remove_invitation(&id).as_deref(), self.invitations.remove(&id).as_ref());
            }
            Edit::DefaultGroup(id) => {
                if !self.groups.contains_key(&group_id(id)) {
                    return false;
                }
                self.default_groups.insert(group_id(id));
                directory.put_realm(Realm { default_groups: self.default_groups.clone(), ..Realm::default() });
            }
        }
        true
    }

    fn has(&self, subject: &Subject) -> bool {
        match subject {
            Subject::User(id) => self.users.contains_key(id),
            Subject::Group(id) => self.groups.contains_key(id),
        }
    }

    /// The group and those around it.
    fn with_parents(&self, group: &GroupId) -> BTreeSet<GroupId> {
        std::iter::successors(Some(group), |id| self.groups.get(*id)?.parent.as_ref()).cloned().collect()
    }

    fn roles_of(&self, subject: &Subject) -> BTreeSet<RoleKey> {
        self.grants.iter().filter(|(holder, _)| holder == subject).map(|(_, role)| role.clone()).collect()
    }

    fn effective_roles(&self, user: &UserId) -> BTreeSet<RoleKey> {
        let mut held = self.roles_of(&Subject::User(user.clone()));
        for (_, group) in self.memberships.iter().filter(|(member, _)| member == user) {
            for group in self.with_parents(group) {
                held.extend(self.roles_of(&Subject::Group(group)));
            }
        }
        self.with_contained(held)
    }

    fn with_contained(&self, mut held: BTreeSet<RoleKey>) -> BTreeSet<RoleKey> {
        loop {
            let inner: Vec<_> =
                held.iter().filter_map(|key| self.roles.get(key)).flat_map(|role| role.composites.clone()).collect();
            let before = held.len();
            held.extend(inner);
            if held.len() == before {
                return held;
            }
        }
    }

    fn check(&self, directory: &Directory) {
        self.check_users(directory);
        self.check_groups(directory);
        self.check_roles(directory);
        let invitations: Vec<_> = directory.invitations().map(|found| Invitation::clone(found)).collect();
        assert_eq!(invitations, self.invitations.values().cloned().collect::<Vec<_>>());
        assert!(self.invitations.values().all(|kept| directory.invitation(&kept.id).map(Arc::as_ref) == Some(kept)));
        assert_eq!(directory.realm().default_groups, self.default_groups);
        let mut by_expiry: Vec<_> = self.invitations.values().collect();
        by_expiry.sort_by_key(|invitation| (invitation.expires_at, invitation.id));
        for now in (-1..4).map(at) {
            let expired: Vec<_> = by_expiry.iter().copied().filter(|found| found.is_expired(now)).collect();
            assert_eq!(directory.expired_invitations(now).map(Arc::as_ref).collect::<Vec<_>>(), expired);
        }
        for group in (0..GROUPS).map(group_id) {
            let into: Vec<_> = by_expiry.iter().copied().filter(|found| found.group == group).collect();
            assert_eq!(directory.invitations_into(&group).map(Arc::as_ref).collect::<Vec<_>>(), into);
        }
        let invited: BTreeSet<_> = self.invitations.values().map(|invitation| &invitation.group).collect();
        assert_eq!((directory.expiries.len(), directory.group_invitations.len()), (by_expiry.len(), invited.len()));
    }

    fn check_users(&self, directory: &Directory) {
        let mut people: Vec<&User> = self.users.values().filter(|user| user.service_account_of.is_none()).collect();
        people.sort_by_key(|user| user.username.clone());
        assert_eq!(directory.people_count(), people.len());
        for offset in 0..=people.len() + 1 {
            let page: Vec<&User> = directory.people_from(offset).map(Arc::as_ref).collect();
            assert_eq!(page, people[offset.min(people.len())..]);
        }
        for id in (0..USERS).map(user_id) {
            assert_eq!(directory.user(&id).map(Arc::as_ref), self.users.get(&id));
            let mut groups: Vec<&Group> =
                self.memberships.iter().filter(|(user, _)| *user == id).map(|(_, group)| &self.groups[group]).collect();
            groups.sort_by_key(|group| (group.name.clone(), group.id.clone()));
            assert_eq!(directory.groups_of(&id).map(Arc::as_ref).collect::<Vec<_>>(), groups);
        }
        for name in NAMES {
            let user = self.users.values().find(|user| &*user.username == name);
            assert_eq!(directory.user_named(name).map(Arc::as_ref), user);
            let email = format!("{name}@EXAMPLE.com");
            let is_same = |stored: &String| stored.eq_ignore_ascii_case(&email);
            let user = self.users.values().find(|user| user.email.as_ref().is_some_and(is_same));
            assert_eq!(directory.user_with_email(&email).map(Arc::as_ref), user);
            let found = people.iter().filter(|user| user.email.as_ref().is_some_and(is_same)).count();
            assert_eq!(directory.people_page(&PeopleFilter::new(None, Some(&email), None).unwrap(), 0, 9).1, found);
        }
        // Nothing is left behind either.
        assert_eq!((directory.users.len(), directory.usernames.len()), (self.users.len(), self.users.len()));
        let emails = self.users.values().filter(|user| user.email.is_some()).count();
        assert_eq!(directory.emails.len(), emails);
    }

    fn check_groups(&self, directory: &Directory) {
        let mut top: Vec<&Group> = self.groups.values().filter(|group| group.parent.is_none()).collect();
        top.sort_by_key(|group| (group.name.clone(), group.id.clone()));
        assert_eq!(directory.groups().map(Arc::as_ref).collect::<Vec<_>>(), top);
        let others = top.iter().filter(|group| group.id != *directory.everyone_id()).count();
        assert_eq!(directory.group_count(), others);
        let mut paths: BTreeMap<GroupPath, BTreeSet<&GroupId>> = BTreeMap::new();
        for group in &top {
            paths.entry(GroupPath::of(&group.name)).or_default().insert(&group.id);
        }
        for name in GROUP_NAMES {
            let named = top.iter().find(|group| &*group.name == name).copied();
            assert_eq!(directory.group_named(name).map(Arc::as_ref), named);
            let path = GroupPath::of(name);
            let found: BTreeSet<_> = directory.groups_with_path(&path).map(|group| &group.id).collect();
            assert_eq!(found, paths.get(&path).cloned().unwrap_or_default());
        }
        let collisions = paths.values().filter(|ids| ids.len() > 1).count();
        assert_eq!((directory.path_collisions().count(), directory.paths.len()), (collisions, paths.len()));
        for id in (0..GROUPS).map(group_id) {
            assert_eq!(directory.group(&id).map(Arc::as_ref), self.groups.get(&id));
            let mut members: Vec<&User> =
                self.memberships.iter().filter(|(_, group)| *group == id).map(|(user, _)| &self.users[user]).collect();
            members.sort_by_key(|user| user.username.clone());
            assert_eq!(directory.members(&id).map(Arc::as_ref).collect::<Vec<_>>(), members);
            assert_eq!(directory.member_count(&id), members.len());
            for user in (0..USERS).map(user_id) {
                let is_member = self.memberships.contains(&(user.clone(), id.clone()));
                assert_eq!(directory.is_member(&user, &id), is_member);
            }
        }
        for name in NAMES {
            let administered: Vec<_> =
                self.groups.values().filter(|group| group.is_administered_by(name)).map(|group| &group.id).collect();
            let found: Vec<_> = directory.groups_administered_by(name).map(|group| &group.id).collect();
            assert_eq!(found, administered);
        }
        let with_members: BTreeSet<_> = self.memberships.iter().map(|(_, group)| group).collect();
        let with_groups: BTreeSet<_> = self.memberships.iter().map(|(user, _)| user).collect();
        assert_eq!((directory.members.len(), directory.memberships.len()), (with_members.len(), with_groups.len()));
    }

    fn check_roles(&self, directory: &Directory) {
        let roles: Vec<_> = directory.roles().map(|role| Role::clone(role)).collect();
        assert_eq!(roles, self.roles.values().cloned().collect::<Vec<_>>());
        for key in (0..ROLES).map(role_key) {
            assert_eq!(directory.role(&key).map(Arc::as_ref), self.roles.get(&key));
            let holders = self.grants.iter().filter(|(_, role)| *role == key).map(|(holder, _)| holder);
            let (users, groups): (Vec<_>, Vec<_>) =
                holders.cloned().partition(|holder| matches!(holder, Subject::User(_)));
            let found: Vec<_> = directory.users_with_role(&key).cloned().map(Subject::User).collect();
            assert_eq!(found, users);
            let found: Vec<_> = directory.groups_with_role(&key).cloned().map(Subject::Group).collect();
            assert_eq!(found, groups);
        }
        let mut administrators = BTreeSet::new();
        for id in (0..USERS).map(user_id) {
            let direct = self.roles_of(&Subject::User(id.clone()));
            assert_eq!(directory.roles_of_user(&id).cloned().collect::<BTreeSet<_>>(), direct);
            let effective = self.effective_roles(&id);
            assert_eq!(directory.effective_roles(&id), effective);
            assert_eq!(directory.is_administrator(&id), effective.contains(&role_key(0)));
            if effective.contains(&role_key(0)) {
                administrators.insert(id);
            }
        }
        let found: BTreeSet<_> = directory.administrators().map(|user| user.id.clone()).collect();
        assert_eq!(found, administrators);
        let people: BTreeSet<_> = administrators
            .into_iter()
            .filter(|id| self.users[id].enabled && self.users[id].service_account_of.is_none())
            .collect();
        assert_eq!(directory.people_who_administer().map(|user| user.id.clone()).collect::<BTreeSet<_>>(), people);
        assert_eq!(directory.administrator_remains(), !people.is_empty());
        for id in (0..USERS).map(user_id) {
            assert_eq!(directory.other_administrator_remains(&id), people.iter().any(|person| *person != id));
        }
        for id in (0..GROUPS).map(group_id) {
            let direct = self.roles_of(&Subject::Group(id.clone()));
            assert_eq!(directory.roles_of_group(&id).cloned().collect::<BTreeSet<_>>(), direct);
            for key in (0..ROLES).map(role_key) {
                assert_eq!(directory.group_has_role(&id, &key), direct.contains(&key));
            }
            let held = self.with_parents(&id).into_iter().flat_map(|group| self.roles_of(&Subject::Group(group)));
            assert_eq!(
                directory.grants_administration(&id),
                self.with_contained(held.collect()).contains(&role_key(0))
            );
        }
    }
}

proptest! {
    #[test]
    fn every_index_says_the_same_as_the_objects(edits in prop::collection::vec(edit(), 0..120)) {
        let (mut directory, mut model) = (empty(), Model::default());
        for edit in edits {
            if model.edit(&mut directory, edit) {
                model.check(&directory);
            }
        }
    }

    #[test]
    fn an_older_picture_stays_as_it_was(before in prop::collection::vec(edit(), 0..60), after in prop::collection::vec(edit(), 0..60)) {
        let (mut directory, mut model) = (empty(), Model::default());
        for edit in before {
            model.edit(&mut directory, edit);
        }
        let (kept, then) = (directory.clone(), model.clone());
        for edit in after {
            model.edit(&mut directory, edit);
        }
        then.check(&kept);
    }
}

#[test]
fn pictures_are_numbered_upwards() {
    let mut directory = empty();
    let first = directory.clone();
    assert_eq!((directory.advance(), directory.advance()), (Revision(1), Revision(2)));
    assert_eq!((first.revision(), directory.revision()), (Revision(0), Revision(2)));
}

/// A mirror may hear of two accounts that swapped names one after the other: for a moment both have the same.
#[test]
fn a_name_that_wanders_to_another_account_is_found_there() {
    let mut directory = empty();
    let named = |id: u8, name: usize| User::new(user_id(id), NAMES[name]);
    directory.put_user(named(1, 0));
    directory.put_user(named(2, 1));
    directory.put_user(named(1, 1));
    directory.put_user(named(2, 0));
    let ids = |directory: &Directory| [0, 1].map(|name| directory.user_named(NAMES[name]).map(|user| user.id.clone()));
    assert_eq!(ids(&directory), [Some(user_id(2)), Some(user_id(1))]);
    let people: Vec<_> = directory.people_from(0).map(|user| &*user.username).collect();
    assert_eq!(people, ["amy", "bob"]);
    // The one that had it first goes: the name stays with the other.
    directory.put_user(named(3, 0));
    directory.remove_user(&user_id(2));
    assert_eq!(ids(&directory), [Some(user_id(3)), Some(user_id(1))]);
}
