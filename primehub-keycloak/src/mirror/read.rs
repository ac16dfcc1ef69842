//! Reading one part of the realm again, and what the answers say.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use primehub_core::identity::RoleKey;
use primehub_core::names::{GroupId, UserId};

use super::draft::Draft;
use super::picture::Picture;
use super::source::Source;
use super::target::Target;
use crate::admin::{GroupRow, RealmRow, RoleRow, UserRow};
use crate::invitations;
use crate::transport::CallError;

/// What a reading found.
#[derive(Debug)]
pub(super) enum Finding {
    User {
        id: UserId,
        found: Option<FoundUser>,
    },
    /// The same of one who has replaced another.
    Imported {
        id: UserId,
        found: Option<FoundUser>,
    },
    Group {
        id: GroupId,
        found: Option<GroupRow>,
    },
    /// The groups directly below one, or of the top level; `None` if that one does not exist.
    Groups {
        below: Option<GroupId>,
        found: Option<Vec<GroupRow>>,
    },
    Role {
        key: RoleKey,
        found: Option<FoundRole>,
    },
    Roles(Vec<(RoleRow, BTreeSet<RoleKey>)>),
    Realm {
        row: RealmRow,
        default_groups: BTreeSet<GroupId>,
    },
}

#[derive(Debug)]
pub(super) struct FoundUser {
    row: UserRow,
    groups: BTreeSet<GroupId>,
    grants: BTreeSet<RoleKey>,
}

#[derive(Debug)]
pub(super) struct FoundRole {
    /// Absent for a role of a client, of which only the holders are read.
    row: Option<(RoleRow, BTreeSet<RoleKey>)>,
    /// Who holds it directly, if it makes administrators.
    holders: Option<BTreeSet<UserId>>,
}

/// Reads `target`. `picture` tells what else has to be asked: which roles make administrators.
pub(super) async fn read(source: &dyn Source, picture: &Picture, target: &Target) -> Result<Finding, CallError> {
    match target {
        Target::User(id) => Ok(Finding::User { id: id.clone(), found: user(source, picture, id).await? }),
        Target::Imported(id) => Ok(Finding::Imported { id: id.clone(), found: user(source, picture, id).await? }),
        Target::Group(id) => Ok(Finding::Group { id: id.clone(), found: source.group(id).await? }),
        Target::Children(id) => {
            let mut found = or_none(source.children(id).await)?;
            for child in found.iter_mut().flatten() {
                child.parent_id = Some(id.clone());
            }
            Ok(Finding::Groups { below: Some(id.clone()), found })
        }
        Target::TopLevel => Ok(Finding::Groups { below: None, found: Some(source.groups().await?) }),
        Target::Role(key) => {
            Ok(Finding::Role { key: key.clone(), found: or_none(role(source, picture, key).await)?.flatten() })
        }
        Target::Roles => roles(source, picture).await,
        // Everything is more than one reading, and the follower's: the least that can be said of it is what the realm itself says.
        Target::Realm | Target::Everything => {
            let (row, default_groups) = tokio::try_join!(source.realm(), source.default_groups())?;
            Ok(Finding::Realm { row, default_groups: default_groups.into_iter().collect() })
        }
    }
}

async fn user(source: &dyn Source, picture: &Picture, id: &UserId) -> Result<Option<FoundUser>, CallError> {
    let groups = async { or_none(source.groups_of(id).await) };
    let grants = async { or_none(administrator_grants(source, picture, id).await) };
    let (Some(row), Some(groups), grants) = tokio::try_join!(source.user(id), groups, grants)? else { return Ok(None) };
    // Roles that cannot be asked for are none: the client that has them is gone.
    Ok(Some(FoundUser { row, groups: groups.into_iter().collect(), grants: grants.unwrap_or_default() }))
}

/// The roles that make administrators among those that the user holds directly.
async fn administrator_grants(
    source: &dyn Source,
    picture: &Picture,
    id: &UserId,
) -> Result<BTreeSet<RoleKey>, CallError> {
    let administrators: BTreeSet<&RoleKey> = picture.directory.administrator_roles().collect();
    let mut held = BTreeSet::new();
    if administrators.iter().any(|role| matches!(role, RoleKey::Realm(_))) {
        let roles = source.realm_roles_of(id).await?;
        held.extend(roles.into_iter().map(|role| RoleKey::realm(role.name)));
    }
    for role in &administrators {
        if let (RoleKey::Client { client, .. }, Some(uuid)) = (role, picture.management()) {
            let roles = source.client_roles_of(id, uuid).await?;
            held.extend(
                roles.into_iter().map(|role| RoleKey::Client { client: client.clone(), role: role.name.into() }),
            );
        }
    }
    held.retain(|role| administrators.contains(role));
    Ok(held)
}

async fn role(source: &dyn Source, picture: &Picture, key: &RoleKey) -> Result<Option<FoundRole>, CallError> {
    match key {
        RoleKey::Realm(name) => {
            let Some(row) = source.role(name).await? else { return Ok(None) };
            let contains = contents(source, picture, &row).await?;
            let makes_administrators = picture
                .directory
                .administrator_roles()
                .any(|role| contains.contains(role) || role == picture.directory.administrator_role() && role == key);
            let holders = if makes_administrators { Some(ids(source.role_users(name).await?)) } else { None };
            Ok(Some(FoundRole { row: Some((row, contains)), holders }))
        }
        RoleKey::Client { role, .. } => {
            let Some(uuid) = picture.management() else { return Ok(None) };
            let holders = Some(ids(source.client_role_users(uuid, role).await?));
            Ok(Some(FoundRole { row: None, holders }))
        }
    }
}

async fn roles(source: &dyn Source, picture: &Picture) -> Result<Finding, CallError> {
    let rows = source.roles().await?;
    let contents = try_join_all(rows.iter().map(|row| contents(source, picture, row))).await?;
    Ok(Finding::Roles(rows.into_iter().zip(contents).collect()))
}

/// What a role contains, as far as it is followed: roles of the realm and of its administration. Asked only of roles that contain
/// something.
pub(super) async fn contents(
    source: &dyn Source,
    picture: &Picture,
    row: &RoleRow,
) -> Result<BTreeSet<RoleKey>, CallError> {
    if !row.composite || invitations::is_storage(&row.name) {
        return Ok(BTreeSet::new());
    }
    // A role that has just been deleted contains nothing.
    let rows = or_none(source.composites(&row.id).await)?.unwrap_or_default();
    let key = |inner: RoleRow| match inner.container_id {
        _ if !inner.client_role => Some(RoleKey::realm(inner.name)),
        Some(uuid) if Some(uuid.as_str()) == picture.management() => {
            Some(RoleKey::Client { client: MANAGEMENT.into(), role: inner.name.into() })
        }
        _ => None,
    };
    Ok(rows.into_iter().filter_map(key).collect())
}

/// The client whose roles are rights in the realm.
pub(super) const MANAGEMENT: &str = "realm-management";

/// Something that a refusal says does not exist.
pub(super) fn or_none<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Err(error) if error.is_absent() => Ok(None),
        answer => answer.map(Some),
    }
}

fn ids(rows: Vec<crate::admin::MemberRow>) -> BTreeSet<UserId> {
    rows.into_iter().map(|row| row.id).collect()
}

impl Finding {
    /// What the finding names and the picture does not know: has to be read before it makes sense.
    pub(super) fn unknown(&self, picture: &Picture) -> BTreeSet<Target> {
        let directory = &picture.directory;
        match self {
            Self::User { found: Some(found), .. } | Self::Imported { found: Some(found), .. } => {
                let unknown = found.groups.iter().filter(|id| directory.group(id).is_none());
                unknown.cloned().map(Target::Group).collect()
            }
            Self::Group { found: Some(row), .. } => {
                let keys = row.realm_roles.iter().filter(|name| !invitations::is_storage(name));
                let keys = keys.map(|name| RoleKey::realm(name.as_str()));
                let roles = keys.filter(|key| directory.role(key).is_none()).map(Target::Role);
                let parent = row.parent_id.iter().filter(|id| directory.group(id).is_none());
                roles.chain(parent.cloned().map(Target::Group)).collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// Puts what was found into the draft.
    pub(super) fn apply(self, draft: &mut Draft<'_>) {
        match self {
            Self::Imported { id, found } => {
                // Whom it has replaced shows by the name, unless the name has changed since, or the account is gone as well.
                draft.read_all_again([Target::Everything]);
                Self::User { id, found }.apply(draft);
            }
            Self::User { id, found: None } => draft.remove_user(&id),
            Self::User { id, found: Some(FoundUser { row, groups, grants }) } => {
                draft.put_user(row);
                draft.set_memberships(&id, groups);
                draft.set_user_grants(&id, grants);
            }
            Self::Group { id, found: None } => draft.remove_group(&id),
            Self::Group { found: Some(row), .. } => put_group(draft, row),
            Self::Groups { below, found: Some(rows) } => {
                let present: BTreeSet<GroupId> = rows.iter().map(|row| row.id.clone()).collect();
                let known = draft.picture().directory.all_groups().filter(|group| group.parent == below);
                // Not there any more: deleted, or moved. Its own reading tells.
                let gone: Vec<_> = known.map(|group| group.id.clone()).filter(|id| !present.contains(id)).collect();
                draft.read_all_again(gone.into_iter().map(Target::Group));
                for row in rows {
                    put_group(draft, row);
                }
            }
            Self::Groups { below, found: None } => {
                // Deleted, and with it whatever had just come below it from elsewhere: nothing says what that was.
                let parents: BTreeSet<GroupId> =
                    draft.picture().directory.all_groups().filter_map(|group| group.parent.clone()).collect();
                draft.read_all_again(below.map(Target::Group));
                draft.read_all_again(parents.into_iter().map(Target::Children));
                draft.read_all_again([Target::TopLevel]);
            }
            Self::Role { key, found: None } => draft.remove_role(&key),
            Self::Role { key, found: Some(FoundRole { row, holders }) } => {
                if let Some((row, contains)) = row {
                    draft.put_role(row, contains);
                }
                // Each holder's own reading tells: this one holds the role's lock, not theirs.
                if let Some(holders) = holders {
                    let known: BTreeSet<UserId> = draft.picture().directory.users_with_role(&key).cloned().collect();
                    draft.read_all_again(known.symmetric_difference(&holders).cloned().map(Target::User));
                }
            }
            Self::Roles(rows) => {
                let all: Vec<RoleRow> = rows.iter().map(|(row, _)| row.clone()).collect();
                draft.set_roles(rows);
                draft.set_invitations(invitations::read(&all));
            }
            Self::Realm { row, default_groups } => {
                draft.put_realm_row(row);
                draft.set_default_groups(default_groups);
            }
        }
    }
}

/// Adds the group. One that was not known and has groups of its own has them read as well.
fn put_group(draft: &mut Draft<'_>, row: GroupRow) {
    if row.sub_group_count > 0 && draft.picture().directory.group(&row.id).is_none() {
        draft.read_all_again([Target::Children(row.id.clone())]);
    }
    draft.put_group(row);
}

/// What several readings name and the picture does not know.
pub(super) fn unknown(findings: &[Finding], picture: &Picture) -> BTreeSet<Target> {
    findings.iter().flat_map(|finding| finding.unknown(picture)).collect()
}
