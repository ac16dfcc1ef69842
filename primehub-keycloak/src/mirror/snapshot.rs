//! Reading the whole realm: a call per page and per group, never per user.
//!
//! Lists are read one after the other while others go on changing the realm, so they do not fit together, and the picture goes on being
//! published while they are read. So a snapshot is not put in the place of the picture, but applied to it as facts, each about one key, by
//! [`Reading::publish`](super::journal::Reading::publish): what was published since the snapshot began stays and is read again by itself.
//! Nothing is taken out because a list lacks it; that is read by itself first. What changes after it was read has an event that is newer
//! than the cursor, which was read before everything else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use primehub_core::identity::{Role, RoleKey};
use primehub_core::names::{GroupId, UserId};

use super::draft::Draft;
use super::picture::{Facts, Picture};
use super::read::{MANAGEMENT, contents, or_none};
use super::source::Source;
use super::target::Target;
use crate::admin::{GroupRow, RealmRow, RoleReference, RoleRow, UserRow};
use crate::invitations;
use crate::transport::CallError;

/// How many readings are asked for at once. The transport lets through as many as Keycloak can bear; the others wait there.
const AT_ONCE: usize = 8;

/// Everything that is mirrored, as the lists said it.
pub(super) struct Snapshot {
    realm: RealmRow,
    facts: Facts,
    default_groups: BTreeSet<GroupId>,
    users: Vec<UserRow>,
    /// Every group after the one that it is nested in.
    groups: Vec<GroupRow>,
    /// The groups of each user, as positions in `covered`.
    memberships: HashMap<UserId, Vec<u32>>,
    /// The groups whose members were read.
    covered: Vec<GroupId>,
    roles: Vec<(RoleRow, BTreeSet<RoleKey>)>,
    /// Who holds roles that make administrators directly.
    holders: BTreeMap<RoleKey, BTreeSet<UserId>>,
}

/// Reads everything. `known` is what is known already.
pub(super) async fn read(source: &dyn Source, known: &Picture, client_id: &str) -> Result<Snapshot, CallError> {
    let realm = source.realm().await?;
    let administrator = known.directory.administrator_role().clone();
    // Each time anew: a client that was made again has another id, and nobody would hold its roles.
    let facts = facts(source, &realm, &administrator, client_id).await?;
    let mut asking = known.clone();
    asking.facts = Some(Arc::new(facts.clone()));

    let people = async {
        let mut users = source.users().await?;
        users.extend(source.service_accounts().await?);
        Ok(users)
    };
    // Groups before roles: a role that a group names and the list lacks has been renamed or deleted meanwhile.
    let structure = async {
        let groups = groups(source).await?;
        let (roles, members) = tokio::try_join!(roles(source, &asking), members(source, &groups))?;
        Ok((groups, roles, members))
    };
    let (users, (groups, roles, (covered, memberships)), default_groups) =
        tokio::try_join!(people, structure, source.default_groups())?;
    let holders = holders(source, &administrator, &facts, &roles).await?;
    let default_groups = default_groups.into_iter().collect();
    Ok(Snapshot { realm, facts, default_groups, users, groups, memberships, covered, roles, holders })
}

async fn facts(
    source: &dyn Source,
    realm: &RealmRow,
    administrator: &RoleKey,
    client_id: &str,
) -> Result<Facts, CallError> {
    let mut facts = Facts {
        realm_id: realm.id.clone(),
        realm_management: String::new(),
        own_client: source.client(client_id).await?.map(|client| client.id),
        edit_username_allowed: realm.edit_username_allowed,
        administrator: None,
    };
    if let RoleKey::Client { client, role } = administrator
        && let Some(client) = source.client(client).await?
    {
        let role = source.client_role(&client.id, role).await?;
        facts.administrator = role.map(|role| RoleReference { id: role.id, name: role.name });
        facts.realm_management = client.id;
    }
    Ok(facts)
}

/// All groups, those of one level at a time.
async fn groups(source: &dyn Source) -> Result<Vec<GroupRow>, CallError> {
    let mut found = source.groups().await?;
    let mut next = 0;
    while next < found.len() {
        let level = next..found.len();
        let parents: Vec<GroupId> = found[level.clone()]
            .iter()
            .filter(|group| group.sub_group_count > 0)
            .map(|group| group.id.clone())
            .collect();
        next = level.end;
        let mut below = stream::iter(parents)
            .map(|parent| async move {
                let mut children = or_none(source.children(&parent).await)?.unwrap_or_default();
                for child in &mut children {
                    child.parent_id = Some(parent.clone());
                }
                Ok::<_, CallError>(children)
            })
            .buffered(AT_ONCE);
        while let Some(children) = below.try_next().await? {
            found.extend(children);
        }
    }
    Ok(found)
}

type Memberships = (Vec<GroupId>, HashMap<UserId, Vec<u32>>);

/// The members of every group, as the groups of every user.
async fn members(source: &dyn Source, groups: &[GroupRow]) -> Result<Memberships, CallError> {
    let mut covered = Vec::with_capacity(groups.len());
    let mut memberships: HashMap<UserId, Vec<u32>> = HashMap::new();
    let ids: Vec<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
    let mut lists = stream::iter(ids)
        .map(|id| async move {
            let members = or_none(source.members(&id).await)?;
            Ok::<_, CallError>((id, members))
        })
        .buffer_unordered(AT_ONCE);
    while let Some((group, members)) = lists.try_next().await? {
        // Deleted meanwhile.
        let Some(members) = members else { continue };
        let position = u32::try_from(covered.len()).unwrap_or(u32::MAX);
        covered.push(group);
        for member in members {
            memberships.entry(member.id).or_default().push(position);
        }
    }
    Ok((covered, memberships))
}

async fn roles(source: &dyn Source, picture: &Picture) -> Result<Vec<(RoleRow, BTreeSet<RoleKey>)>, CallError> {
    let rows = source.roles().await?;
    stream::iter(rows)
        .map(|row| async move {
            let contains = contents(source, picture, &row).await?;
            Ok((row, contains))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Who holds the administrator role, or a realm role that contains it, directly.
async fn holders(
    source: &dyn Source,
    administrator: &RoleKey,
    facts: &Facts,
    roles: &[(RoleRow, BTreeSet<RoleKey>)],
) -> Result<BTreeMap<RoleKey, BTreeSet<UserId>>, CallError> {
    let mut making = BTreeSet::from([administrator.clone()]);
    loop {
        let before = making.len();
        let containing = roles.iter().filter(|(_, contains)| !contains.is_disjoint(&making));
        let found: Vec<_> = containing.map(|(row, _)| RoleKey::realm(row.name.as_str())).collect();
        making.extend(found);
        if making.len() == before {
            break;
        }
    }
    let mut holders = BTreeMap::new();
    for role in making {
        let rows = match &role {
            RoleKey::Realm(name) => or_none(source.role_users(name).await)?,
            RoleKey::Client { .. } if facts.realm_management.is_empty() => None,
            RoleKey::Client { role, .. } => or_none(source.client_role_users(&facts.realm_management, role).await)?,
        };
        holders.insert(role, rows.into_iter().flatten().map(|row| row.id).collect());
    }
    Ok(holders)
}

impl Snapshot {
    /// Puts everything into the draft.
    pub(super) fn apply(self, draft: &mut Draft<'_>) {
        let Self { realm, facts, default_groups, users, groups, memberships, covered, roles, holders } = self;
        draft.put_facts(facts.clone());
        draft.put_realm_row(realm);
        if let Some(administrator) = facts.administrator {
            let key = RoleKey::Client { client: MANAGEMENT.into(), role: administrator.name.into() };
            draft.put_role_as(Role::new(key), administrator.id.into());
        }
        let rows: Vec<RoleRow> = roles.iter().map(|(row, _)| row.clone()).collect();
        draft.set_roles(roles);
        draft.set_invitations(invitations::read(&rows));

        let listed: BTreeSet<GroupId> = groups.iter().map(|group| group.id.clone()).collect();
        for group in groups {
            draft.put_group(group);
        }
        let known = draft.picture().directory.all_groups().map(|group| group.id.clone());
        let unlisted: Vec<GroupId> = known.filter(|id| !listed.contains(id)).collect();
        draft.read_all_again(unlisted.into_iter().map(Target::Group));
        draft.set_default_groups(default_groups);

        let present: BTreeSet<UserId> = users.iter().map(|user| user.id.clone()).collect();
        for user in users {
            draft.put_user(user);
        }
        let known = draft.picture().directory.users().map(|user| user.id.clone());
        let absent: Vec<UserId> = known.filter(|id| !present.contains(id)).collect();
        draft.read_all_again(absent.into_iter().map(Target::User));

        let whole: BTreeSet<&GroupId> = covered.iter().collect();
        for user in &present {
            let positions = memberships.get(user).into_iter().flatten();
            let mut groups: BTreeSet<GroupId> =
                positions.filter_map(|at| covered.get(usize::try_from(*at).ok()?)).cloned().collect();
            // Of groups whose members were not read nothing is known.
            let others = draft.picture().directory.groups_of(user).filter(|group| !whole.contains(&group.id));
            groups.extend(others.map(|group| group.id.clone()));
            draft.set_memberships(user, groups);
        }
        for (role, holders) in holders {
            draft.set_holders(&role, &holders);
        }
    }
}
