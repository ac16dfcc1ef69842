//! The operations, and how often each is chosen.

use primehub_core::identity::{
    Actor, AttributeEdits, Binding, GroupEdit, IdentityStore as _, NewUser, RoleKey, Subject,
};
use primehub_core::names::{GroupId, UserId};
use reqwest::Method;
use serde_json::{Value, json};

use super::console::Person;
use super::{Named, Random, Writers};

/// Something that changes the realm.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    CreateUser,
    UpdateUser,
    RenameUser,
    EnableUser,
    DeleteUser,
    Join,
    Leave,
    CreateGroup,
    UpdateGroup,
    RenameGroup,
    CreateSubgroup,
    MoveGroup,
    DeleteGroup,
    CreateRole,
    RenameRole,
    DeleteRole,
    MapRole,
    UnmapRole,
    Contain,
    MapRoleOnUser,
    Promote,
    Demote,
    PromoteGroup,
    DemoteGroup,
    ImportUsers,
    RenameRealm,
    DefaultGroup,
    EditAccount,
    Register,
    StoreEditGroup,
    StoreBind,
    StoreMap,
    StoreCreateUser,
    StoreDeleteUser,
}

use Operation::{
    Contain, CreateGroup, CreateRole, CreateSubgroup, CreateUser, DefaultGroup, DeleteGroup, DeleteRole, DeleteUser,
    Demote, DemoteGroup, EditAccount, EnableUser, ImportUsers, Join, Leave, MapRole, MapRoleOnUser, MoveGroup, Promote,
    PromoteGroup, Register, RenameGroup, RenameRealm, RenameRole, RenameUser, StoreBind, StoreCreateUser,
    StoreDeleteUser, StoreEditGroup, StoreMap, UnmapRole, UpdateGroup, UpdateUser,
};

/// What there is to do, and how likely it is.
pub(super) const OPERATIONS: [(&str, usize, Operation); 34] = [
    ("create a user", 12, CreateUser),
    ("update a user", 10, UpdateUser),
    ("rename a user", 2, RenameUser),
    ("enable or disable a user", 6, EnableUser),
    ("delete a user", 6, DeleteUser),
    ("join", 14, Join),
    ("leave", 8, Leave),
    ("create a group", 7, CreateGroup),
    ("update a group", 8, UpdateGroup),
    ("rename a group", 4, RenameGroup),
    ("create a subgroup", 5, CreateSubgroup),
    ("move a group", 3, MoveGroup),
    ("delete a group", 4, DeleteGroup),
    ("create a role", 6, CreateRole),
    ("rename a role", 3, RenameRole),
    ("delete a role", 3, DeleteRole),
    ("map a role on a group", 8, MapRole),
    ("take a role from a group", 4, UnmapRole),
    ("put administration into a role, or take it out", 2, Contain),
    ("map a role on a user", 3, MapRoleOnUser),
    ("make an administrator", 4, Promote),
    ("unmake an administrator", 3, Demote),
    ("make a group of administrators", 2, PromoteGroup),
    ("unmake a group of administrators", 2, DemoteGroup),
    ("import users over others", 4, ImportUsers),
    ("rename the realm", 1, RenameRealm),
    ("add or remove a default group", 1, DefaultGroup),
    ("edit the own account", 5, EditAccount),
    ("register", 2, Register),
    ("store: edit a group", 6, StoreEditGroup),
    ("store: join or leave", 6, StoreBind),
    ("store: map a role", 3, StoreMap),
    ("store: create a user", 3, StoreCreateUser),
    ("store: delete a user", 1, StoreDeleteUser),
];

/// Carries out one operation; `None` if there is nothing to carry it out on, `Some(false)` if it was refused.
pub(super) async fn carry_out(
    writers: &Writers,
    operation: Operation,
    random: &mut Random,
    person: &Person,
) -> Option<bool> {
    match operation {
        CreateUser | UpdateUser | RenameUser | EnableUser | DeleteUser | Join | Leave | ImportUsers => {
            of_users(writers, operation, random).await
        }
        CreateGroup | UpdateGroup | RenameGroup | CreateSubgroup | MoveGroup | DeleteGroup | DefaultGroup => {
            of_groups(writers, operation, random).await
        }
        CreateRole | RenameRole | DeleteRole | MapRole | UnmapRole | Contain | MapRoleOnUser | Promote | Demote
        | PromoteGroup | DemoteGroup => of_roles(writers, operation, random).await,
        StoreEditGroup | StoreBind | StoreMap | StoreCreateUser | StoreDeleteUser => {
            of_the_store(writers, operation, random).await
        }
        RenameRealm => {
            Some(writers.done(Method::PUT, "", Some(json!({ "displayName": writers.fresh("Realm") }))).await)
        }
        EditAccount => Some(person.edit(random.below(1_000)).await),
        Register => Some(person.register(&writers.fresh("registered")).await),
    }
}

async fn of_users(writers: &Writers, operation: Operation, random: &mut Random) -> Option<bool> {
    match operation {
        CreateUser => {
            let name = writers.fresh("user");
            let mut user = account(&name, random);
            if let Some(group) = writers.group(random).filter(|group| !group.name.contains('/') && random.below(3) == 0)
            {
                // Joins without an event of its own.
                user["groups"] = json!([format!("/{}", group.name)]);
            }
            let answer = writers.send(Method::POST, "users", Some(user)).await;
            let id = answer.as_ref().and_then(|answer| answer.id()).map(ToOwned::to_owned);
            writers.known().users.extend(id.map(|id| Named { id, name }));
            Some(answer.is_some())
        }
        UpdateUser => {
            let user = writers.user(random)?;
            let (number, path) = (random.below(1_000), format!("users/{}", user.id));
            if random.below(3) == 0 {
                let part = json!({ "lastName": format!("Last{number}"), "emailVerified": number.is_multiple_of(2) });
                return Some(writers.done(Method::PUT, &path, Some(part)).await);
            }
            let change = |whole: &mut Value| {
                whole["firstName"] = format!("First{number}").into();
                whole["attributes"] = json!({ "volumeCapacity": [format!("{number}G")], "x": ["a", "b"] });
                whole["requiredActions"] =
                    if number.is_multiple_of(4) { json!(["UPDATE_PASSWORD"]) } else { json!([]) };
            };
            Some(writers.change(&path, change).await)
        }
        RenameUser => {
            let user = writers.user(random)?;
            let name = writers.fresh("user");
            let done =
                writers.change(&format!("users/{}", user.id), |whole| whole["username"] = name.as_str().into()).await;
            if done && let Some(known) = writers.known().users.iter_mut().find(|known| known.id == user.id) {
                known.name = name;
            }
            Some(done)
        }
        EnableUser => {
            let user = writers.user(random)?;
            let enabled = json!({ "enabled": random.below(2) == 0 });
            Some(writers.done(Method::PUT, &format!("users/{}", user.id), Some(enabled)).await)
        }
        DeleteUser => {
            let user = writers.user(random)?;
            writers.known().users.retain(|known| known.id != user.id);
            Some(writers.done(Method::DELETE, &format!("users/{}", user.id), None).await)
        }
        Join | Leave => {
            let (user, group) = (writers.user(random)?, writers.group(random)?);
            let method = if matches!(operation, Join) { Method::PUT } else { Method::DELETE };
            Some(writers.done(method, &format!("users/{}/groups/{}", user.id, group.id), None).await)
        }
        _ => {
            let users: Vec<_> = (0..=random.below(8))
                .map(|_| {
                    // Over somebody who is there, who gets another id by that without an event; or somebody new.
                    let name = writers.user(random).filter(|_| random.below(3) > 0).map(|user| user.name);
                    account(&name.unwrap_or_else(|| writers.fresh("imported")), random)
                })
                .collect();
            let import = json!({ "ifResourceExists": "OVERWRITE", "users": users });
            let answer = writers.send(Method::POST, "partialImport", Some(import)).await?;
            let mut known = writers.known();
            for row in answer.body["results"].as_array().into_iter().flatten() {
                let [id, name] = ["id", "resourceName"].map(|field| row[field].as_str().unwrap_or_default().to_owned());
                known.users.retain(|user| user.name != name);
                known.users.push(Named { id, name });
            }
            Some(true)
        }
    }
}

/// What a new user is like.
fn account(name: &str, random: &mut Random) -> Value {
    let mut user = json!({ "username": name, "enabled": random.below(4) > 0 });
    if random.below(4) > 0 {
        user["email"] = format!("{name}@example.com").into();
        user["lastName"] = "Last".into();
        user["attributes"] = json!({ "volumeCapacity": ["20G"] });
    }
    user
}

async fn of_groups(writers: &Writers, operation: Operation, random: &mut Random) -> Option<bool> {
    if let CreateGroup = operation {
        let name = writers.fresh("group");
        let group = json!({ "name": name, "attributes": { "displayName": ["A group"] } });
        return Some(created_group(writers, "groups", name, group).await);
    }
    let group = writers.group(random)?;
    let path = format!("groups/{}", group.id);
    match operation {
        UpdateGroup => {
            let number = random.below(1_000);
            let change = |whole: &mut Value| {
                whole["description"] =
                    if number.is_multiple_of(3) { Value::Null } else { format!("Number {number}").into() };
                whole["attributes"] = json!({ "quota-cpu": [number.to_string()], "admins": ["a", "b"] });
            };
            Some(writers.change(&path, change).await)
        }
        RenameGroup => {
            let name = writers.fresh("renamed");
            let done = writers.change(&path, |whole| whole["name"] = name.as_str().into()).await;
            if done && let Some(known) = writers.known().groups.iter_mut().find(|known| known.id == group.id) {
                known.name = name;
            }
            Some(done)
        }
        CreateSubgroup => {
            let name = writers.fresh("nested");
            let nested = json!({ "name": name });
            Some(created_group(writers, &format!("{path}/children"), name, nested).await)
        }
        MoveGroup => {
            let body = Some(json!({ "id": group.id, "name": group.name }));
            match writers.group(random).filter(|_| random.below(2) == 0) {
                // Below itself would be a ring; the server refuses that of the group itself only.
                Some(parent) if parent.id == group.id => None,
                Some(parent) if is_below(writers, &parent.id, &group.id).await => None,
                Some(parent) => Some(writers.done(Method::POST, &format!("groups/{}/children", parent.id), body).await),
                None => Some(writers.done(Method::POST, "groups", body).await),
            }
        }
        DefaultGroup => {
            let method = if random.below(2) == 0 { Method::PUT } else { Method::DELETE };
            Some(writers.done(method, &format!("default-groups/{}", group.id), None).await)
        }
        _ => {
            writers.known().groups.retain(|known| known.id != group.id);
            Some(writers.done(Method::DELETE, &path, None).await)
        }
    }
}

/// Whether a group stands somewhere below another one, at the moment.
async fn is_below(writers: &Writers, group: &str, other: &str) -> bool {
    let mut id = group.to_owned();
    loop {
        let Some(answer) = writers.send(Method::GET, &format!("groups/{id}"), None).await else { return false };
        match answer.body["parentId"].as_str() {
            Some(parent) if parent == other => return true,
            Some(parent) => parent.clone_into(&mut id),
            None => return false,
        }
    }
}

async fn created_group(writers: &Writers, path: &str, name: String, group: Value) -> bool {
    let answer = writers.send(Method::POST, path, Some(group)).await;
    let id = answer.as_ref().and_then(|answer| answer.id()).map(ToOwned::to_owned);
    writers.known().groups.extend(id.map(|id| Named { id, name }));
    answer.is_some()
}

async fn of_roles(writers: &Writers, operation: Operation, random: &mut Random) -> Option<bool> {
    let mapping = |role: &Named| Some(json!([{ "id": role.id, "name": role.name }]));
    let realm_admin = || Some(writers.administrator.clone());
    let by_client = format!("role-mappings/clients/{}", writers.management);
    match operation {
        CreateRole => {
            let name = writers.fresh("it:type");
            let done =
                writers.done(Method::POST, "roles", Some(json!({ "name": name, "attributes": { "a": ["1"] } }))).await;
            if done && let Some(answer) = writers.send(Method::GET, &format!("roles/{name}"), None).await {
                let id = answer.body["id"].as_str().unwrap_or_default().to_owned();
                writers.known().roles.push(Named { id, name });
            }
            Some(done)
        }
        RenameRole => {
            let role = writers.role(random)?;
            let name = writers.fresh("it:other");
            let path = format!("roles-by-id/{}", role.id);
            let done = writers.change(&path, |whole| whole["name"] = name.as_str().into()).await;
            if done && let Some(known) = writers.known().roles.iter_mut().find(|known| known.id == role.id) {
                known.name = name;
            }
            Some(done)
        }
        DeleteRole => {
            let role = writers.role(random)?;
            writers.known().roles.retain(|known| known.id != role.id);
            Some(writers.done(Method::DELETE, &format!("roles-by-id/{}", role.id), None).await)
        }
        MapRole | UnmapRole => {
            let (role, group) = (writers.role(random)?, writers.group(random)?);
            let method = if matches!(operation, MapRole) { Method::POST } else { Method::DELETE };
            Some(writers.done(method, &format!("groups/{}/role-mappings/realm", group.id), mapping(&role)).await)
        }
        Contain => {
            let role = writers.role(random)?;
            let method = if random.below(2) == 0 { Method::POST } else { Method::DELETE };
            let path = if random.below(2) == 0 {
                format!("roles/{}/composites", role.name)
            } else {
                format!("roles-by-id/{}/composites", role.id)
            };
            Some(writers.done(method, &path, realm_admin()).await)
        }
        MapRoleOnUser => {
            let (role, user) = (writers.role(random)?, writers.user(random)?);
            let method = if random.below(3) > 0 { Method::POST } else { Method::DELETE };
            Some(writers.done(method, &format!("users/{}/role-mappings/realm", user.id), mapping(&role)).await)
        }
        Promote | Demote => {
            let user = writers.user(random)?;
            let method = if matches!(operation, Promote) { Method::POST } else { Method::DELETE };
            Some(writers.done(method, &format!("users/{}/{by_client}", user.id), realm_admin()).await)
        }
        _ => {
            let group = writers.group(random)?;
            let method = if matches!(operation, PromoteGroup) { Method::POST } else { Method::DELETE };
            Some(writers.done(method, &format!("groups/{}/{by_client}", group.id), realm_admin()).await)
        }
    }
}

async fn of_the_store(writers: &Writers, operation: Operation, random: &mut Random) -> Option<bool> {
    let (store, by) = (writers.store.get()?, Actor::service());
    if let StoreCreateUser = operation {
        let name = writers.fresh("stored");
        let written = store.create_user(&by, NewUser::new(name.parse().unwrap())).await;
        let id = written.as_ref().ok().map(|written| written.value.id.to_string());
        writers.known().users.extend(id.map(|id| Named { id, name }));
        return Some(written.is_ok());
    }
    if let StoreDeleteUser = operation {
        let user = writers.user(random)?;
        writers.known().users.retain(|known| known.id != user.id);
        return Some(store.delete_user(&by, &UserId::new(user.id)).await.is_ok());
    }
    let group = GroupId::new(writers.group(random)?.id);
    let binding = match operation {
        StoreEditGroup => {
            let mut attributes = AttributeEdits::default();
            attributes.set("quota-gpu", random.below(100).to_string());
            let edit = GroupEdit { attributes, ..GroupEdit::default() };
            return Some(store.edit_group(&by, &group, edit).await.is_ok());
        }
        StoreBind => {
            let user = UserId::new(writers.user(random)?.id);
            if random.below(2) == 0 { Binding::Join { user, group } } else { Binding::Leave { user, group } }
        }
        _ => {
            let role = RoleKey::realm(writers.role(random)?.name);
            let subject = Subject::Group(group);
            if random.below(3) > 0 {
                Binding::Grant { to: subject, role }
            } else {
                Binding::Revoke { from: subject, role }
            }
        }
    };
    Some(store.bind(&by, &[binding]).await.is_ok_and(|outcomes| outcomes.iter().all(Result::is_ok)))
}
