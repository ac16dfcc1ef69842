//! The picture and its indexes.

use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet, Vector};
use jiff::Timestamp;

use super::super::{Group, Invitation, InvitationId, Realm, Revision, Role, RoleKey, User};
use super::small_set::SmallSet;
use crate::names::{GroupId, GroupPath, UserId};

/// A name and the id that has it: sorts by name.
pub(super) type Named<Id> = (Arc<str>, Id);

/// An immutable picture of an identity provider, with every index that reads need.
///
/// The parts are persistent structures: cloning costs nothing, one edit copies a handful of nodes, whoever holds an older picture keeps
/// it. Every read names its cost; none depends on the number of users unless it says so.
///
/// Invariants, kept by the edits in this module and checked by property tests: every index says the same as the objects; memberships and
/// role grants name only what exists.
#[derive(Clone, Debug)]
pub struct Directory {
    pub(super) revision: Revision,
    pub(super) everyone: GroupId,
    pub(super) administrator: RoleKey,
    pub(super) realm: Arc<Realm>,
    pub(super) users: HashMap<UserId, Arc<User>>,
    pub(super) usernames: HashMap<Arc<str>, UserId>,
    pub(super) emails: HashMap<Arc<str>, UserId>,
    /// People without service accounts, by username: a vector, because pages are found by position.
    pub(super) people: Vector<Named<UserId>>,
    pub(super) groups: HashMap<GroupId, Arc<Group>>,
    pub(super) top_level: OrdSet<Named<GroupId>>,
    pub(super) paths: OrdMap<Arc<str>, OrdSet<GroupId>>,
    pub(super) children: HashMap<GroupId, OrdSet<GroupId>>,
    pub(super) members: HashMap<GroupId, OrdSet<Named<UserId>>>,
    pub(super) memberships: HashMap<UserId, SmallSet<Named<GroupId>>>,
    /// Which groups list a username as administrator.
    pub(super) administered: HashMap<Arc<str>, OrdSet<GroupId>>,
    pub(super) roles: OrdMap<RoleKey, Arc<Role>>,
    pub(super) user_roles: HashMap<UserId, SmallSet<RoleKey>>,
    pub(super) group_roles: HashMap<GroupId, OrdSet<RoleKey>>,
    pub(super) role_users: HashMap<RoleKey, OrdSet<UserId>>,
    pub(super) role_groups: HashMap<RoleKey, OrdSet<GroupId>>,
    /// The administrator role and every role that contains it.
    pub(super) administrator_roles: OrdSet<RoleKey>,
    pub(super) invitations: OrdMap<InvitationId, Arc<Invitation>>,
    /// Invitations in the order in which they expire.
    pub(super) expiries: OrdSet<(Timestamp, InvitationId)>,
    /// The same for each group.
    pub(super) group_invitations: HashMap<GroupId, OrdSet<(Timestamp, InvitationId)>>,
}

impl Directory {
    /// An empty picture of a realm in which `everyone` is the id of the group that stands for all users, and `administrator` makes a
    /// platform administrator.
    #[must_use]
    pub fn new(everyone: GroupId, administrator: RoleKey) -> Self {
        Self {
            revision: Revision::default(),
            everyone,
            administrator_roles: OrdSet::unit(administrator.clone()),
            administrator,
            realm: Arc::default(),
            users: HashMap::new(),
            usernames: HashMap::new(),
            emails: HashMap::new(),
            people: Vector::new(),
            groups: HashMap::new(),
            top_level: OrdSet::new(),
            paths: OrdMap::new(),
            children: HashMap::new(),
            members: HashMap::new(),
            memberships: HashMap::new(),
            administered: HashMap::new(),
            roles: OrdMap::new(),
            user_roles: HashMap::new(),
            group_roles: HashMap::new(),
            role_users: HashMap::new(),
            role_groups: HashMap::new(),
            invitations: OrdMap::new(),
            expiries: OrdSet::new(),
            group_invitations: HashMap::new(),
        }
    }

    /// Number of this picture; larger is newer.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Settings of the realm.
    #[must_use]
    pub fn realm(&self) -> &Realm {
        &self.realm
    }

    /// Id of the group that stands for all users, and holds the platform's settings and what is shared with everybody.
    #[must_use]
    pub fn everyone_id(&self) -> &GroupId {
        &self.everyone
    }

    /// The group that stands for all users, if it exists.
    #[must_use]
    pub fn everyone(&self) -> Option<&Arc<Group>> {
        self.group(&self.everyone)
    }

    /// The role that makes a platform administrator.
    #[must_use]
    pub fn administrator_role(&self) -> &RoleKey {
        &self.administrator
    }

    /// The user with that id.
    #[must_use]
    pub fn user(&self, id: &UserId) -> Option<&Arc<User>> {
        self.users.get(id)
    }

    /// The person with that id: a user, but not the account of a client, which nobody is to find, change or add to a group.
    #[must_use]
    pub fn person(&self, id: &UserId) -> Option<&Arc<User>> {
        self.user(id).filter(|user| user.service_account_of.is_none())
    }

    /// Every user, service accounts included, in no particular order.
    pub fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// The user with that login name, service accounts included. Login names are lower case.
    #[must_use]
    pub fn user_named(&self, username: &str) -> Option<&Arc<User>> {
        self.usernames.get(username).and_then(|id| self.users.get(id))
    }

    /// The user with that e-mail address, compared without case.
    #[must_use]
    pub fn user_with_email(&self, email: &str) -> Option<&Arc<User>> {
        self.emails.get(email.to_lowercase().as_str()).and_then(|id| self.users.get(id))
    }

    /// How many people there are, service accounts not counted.
    #[must_use]
    pub fn people_count(&self) -> usize {
        self.people.len()
    }

    /// People from position `offset` on, by username. Finding the position costs the logarithm of the number of people.
    pub fn people_from(&self, offset: usize) -> impl Iterator<Item = &Arc<User>> {
        let length = self.people.len();
        self.people.focus().narrow(offset.min(length)..length).into_iter().filter_map(|(_, id)| self.users.get(id))
    }

    /// The group with that id, nested ones included.
    #[must_use]
    pub fn group(&self, id: &GroupId) -> Option<&Arc<Group>> {
        self.groups.get(id)
    }

    /// The top-level group with exactly that name.
    #[must_use]
    pub fn group_named(&self, name: &str) -> Option<&Arc<Group>> {
        // Ids sort after the empty id, so this is the first entry of that name.
        let from = (Arc::from(name), GroupId::new(""));
        let (found, id) = self.top_level.range(from..).next()?;
        if **found == *name { self.groups.get(id) } else { None }
    }

    /// Top-level groups whose path is the same as that of `name`: more than one only if groups were made elsewhere.
    pub fn groups_with_path(&self, path: &GroupPath) -> impl Iterator<Item = &Arc<Group>> {
        self.paths.get(path.as_str()).into_iter().flatten().filter_map(|id| self.groups.get(id))
    }

    /// Paths that several groups share, with the groups: their files and volumes would mix.
    pub fn path_collisions(&self) -> impl Iterator<Item = (&str, Vec<&Arc<Group>>)> {
        self.paths
            .iter()
            .filter(|(_, ids)| ids.len() > 1)
            .map(|(path, ids)| (&**path, ids.iter().filter_map(|id| self.groups.get(id)).collect()))
    }

    /// Top-level groups by name (upper case before lower case), the one of everyone included.
    pub fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.top_level.iter().filter_map(|(_, id)| self.groups.get(id))
    }

    /// Every group, nested ones included, in no particular order.
    pub fn all_groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.values()
    }

    /// The groups that are nested in `parent` directly.
    pub fn nested_groups(&self, parent: &GroupId) -> impl Iterator<Item = &Arc<Group>> {
        self.children.get(parent).into_iter().flatten().filter_map(|id| self.groups.get(id))
    }

    /// How many top-level groups there are besides the one of everyone.
    #[must_use]
    pub fn group_count(&self) -> usize {
        let everyone = self.everyone().is_some_and(|group| group.parent.is_none());
        self.top_level.len() - usize::from(everyone)
    }

    /// Members of a group by username, service accounts included; those of nested groups are not members.
    pub fn members(&self, group: &GroupId) -> impl Iterator<Item = &Arc<User>> {
        self.members.get(group).into_iter().flatten().filter_map(|(_, id)| self.users.get(id))
    }

    /// How many members a group has.
    #[must_use]
    pub fn member_count(&self, group: &GroupId) -> usize {
        self.members.get(group).map_or(0, OrdSet::len)
    }

    /// Groups of a user by name, `everyone` and nested groups included.
    pub fn groups_of(&self, user: &UserId) -> impl Iterator<Item = &Arc<Group>> {
        self.memberships.get(user).into_iter().flatten().filter_map(|(_, id)| self.groups.get(id))
    }

    /// Whether the user is a member of the group itself.
    #[must_use]
    pub fn is_member(&self, user: &UserId, group: &GroupId) -> bool {
        let (Some(groups), Some(group)) = (self.memberships.get(user), self.groups.get(group)) else { return false };
        groups.contains(&(group.name.clone(), group.id.clone()))
    }

    /// Groups that list the username as administrator.
    pub fn groups_administered_by(&self, username: &str) -> impl Iterator<Item = &Arc<Group>> {
        self.administered.get(username).into_iter().flatten().filter_map(|id| self.groups.get(id))
    }

    /// An open or expired invitation.
    #[must_use]
    pub fn invitation(&self, id: &InvitationId) -> Option<&Arc<Invitation>> {
        self.invitations.get(id)
    }

    /// All invitations, expired ones included.
    pub fn invitations(&self) -> impl Iterator<Item = &Arc<Invitation>> {
        self.invitations.values()
    }

    /// Invitations that have expired by `now`, the oldest first. Costs nothing for those that have not.
    pub fn expired_invitations(&self, now: Timestamp) -> impl Iterator<Item = &Arc<Invitation>> {
        let expired = self.expiries.iter().take_while(move |(expires_at, _)| *expires_at <= now);
        expired.filter_map(|(_, id)| self.invitations.get(id))
    }

    /// Invitations into a group, expired ones included, in the order in which they expire.
    pub fn invitations_into(&self, group: &GroupId) -> impl Iterator<Item = &Arc<Invitation>> {
        self.group_invitations.get(group).into_iter().flatten().filter_map(|(_, id)| self.invitations.get(id))
    }
}
