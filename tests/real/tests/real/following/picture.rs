//! A realm in lines that can be compared: as a store shows it, and as the server tells it.

use std::collections::{BTreeMap, BTreeSet};

use primehub_core::identity::{Directory, RoleKey};
use serde_json::{Map, Value, json};

use super::scene::Scene;

/// What is known, by what it is about.
pub(super) type Picture = BTreeMap<String, Value>;

/// As a store shows it.
pub(super) fn of(directory: &Directory) -> Picture {
    let mut picture = Picture::new();
    for user in directory.users() {
        let actions: BTreeSet<&String> = user.required_actions.iter().collect();
        let is = json!({
            "username": user.username, "email": user.email, "emailVerified": user.email_verified, "firstName": user.first_name,
            "lastName": user.last_name, "enabled": user.enabled, "totp": user.has_one_time_password,
            "createdTimestamp": user.created_at.as_millisecond(), "requiredActions": actions, "attributes": user.attributes,
        });
        picture.insert(format!("user {}", user.id), is);
    }
    for group in directory.all_groups() {
        let roles: BTreeSet<String> = directory.roles_of_group(&group.id).map(ToString::to_string).collect();
        let is = json!({
            "name": group.name, "parent": group.parent, "description": group.description, "attributes": group.attributes,
            "roles": roles,
        });
        picture.insert(format!("group {}", group.id), is);
        let members: BTreeSet<&str> = directory.members(&group.id).map(|user| user.id.as_str()).collect();
        picture.insert(format!("members of {}", group.id), json!(members));
    }
    for role in directory.roles().filter(|role| matches!(role.key, RoleKey::Realm(_))) {
        let composites: BTreeSet<String> = role.composites.iter().map(ToString::to_string).collect();
        picture
            .insert(format!("role {}", role.key), json!({ "attributes": role.attributes, "composites": composites }));
    }
    let administrators: BTreeSet<&str> = directory.administrators().map(|user| user.id.as_str()).collect();
    picture.insert("administrators".to_owned(), json!(administrators));
    let realm = directory.realm();
    picture.insert("realm".to_owned(), json!({ "name": realm.display_name, "default groups": realm.default_groups }));
    picture
}

/// As the server tells it, asked plainly and without anything of what is tested.
pub(super) async fn told(scene: &Scene) -> Picture {
    const ALL: &str = "briefRepresentation=false&first=0&max=100000";
    let mut picture = Picture::new();
    let management = scene.get("clients?clientId=realm-management").await[0]["id"].as_str().unwrap().to_owned();

    let mut users = scene.rows(&format!("users?{ALL}")).await;
    users.extend(scene.rows(&format!("users?{ALL}&username=service-account-")).await);
    let mut administrators = BTreeSet::new();
    for user in users {
        let id = text(&user, "id");
        // What the user effectively holds: directly, by groups and those around them, inside other roles.
        let held = scene.rows(&format!("users/{id}/role-mappings/clients/{management}/composite")).await;
        if held.iter().any(|role| role["name"] == "realm-admin") {
            administrators.insert(id.clone());
        }
        let mut is = Map::new();
        for field in
            ["username", "email", "emailVerified", "firstName", "lastName", "enabled", "totp", "createdTimestamp"]
        {
            is.insert(field.to_owned(), user[field].clone());
        }
        is.insert("requiredActions".to_owned(), json!(strings(&user["requiredActions"])));
        is.insert("attributes".to_owned(), attributes(&user));
        picture.insert(format!("user {id}"), Value::Object(is));
    }
    picture.insert("administrators".to_owned(), json!(administrators));

    let mut groups: Vec<(Value, Value)> = Vec::new();
    groups.extend(scene.rows(&format!("groups?{ALL}")).await.into_iter().map(|group| (group, Value::Null)));
    let mut next = 0;
    while let Some((group, parent)) = groups.get(next).cloned() {
        next += 1;
        let id = text(&group, "id");
        let children = scene.rows(&format!("groups/{id}/children?{ALL}")).await;
        groups.extend(children.into_iter().map(|child| (child, group["id"].clone())));
        let mut roles = strings(&group["realmRoles"]);
        let of_client = strings(&group["clientRoles"]["realm-management"]);
        roles.extend(
            of_client.iter().filter(|role| *role == "realm-admin").map(|role| format!("realm-management:{role}")),
        );
        let is = json!({
            "name": group["name"], "parent": parent, "description": group["description"], "attributes": attributes(&group),
            "roles": roles,
        });
        picture.insert(format!("group {id}"), is);
        let members = scene.rows(&format!("groups/{id}/members?briefRepresentation=true&first=0&max=100000")).await;
        let members: BTreeSet<String> = members.iter().map(|member| text(member, "id")).collect();
        picture.insert(format!("members of {id}"), json!(members));
    }

    for role in scene.rows(&format!("roles?{ALL}")).await {
        let mut composites = BTreeSet::new();
        if role["composite"] == true {
            for inner in scene.rows(&format!("roles-by-id/{}/composites", text(&role, "id"))).await {
                let name = text(&inner, "name");
                if inner["clientRole"] != true {
                    composites.insert(name);
                } else if inner["containerId"] == management {
                    composites.insert(format!("realm-management:{name}"));
                }
            }
        }
        let is = json!({ "attributes": attributes(&role), "composites": composites });
        picture.insert(format!("role {}", text(&role, "name")), is);
    }

    let realm = scene.admin.get(&scene.realm.name).await.unwrap();
    let default_groups = scene.rows("default-groups").await;
    let default_groups: BTreeSet<String> = default_groups.iter().map(|group| text(group, "id")).collect();
    picture.insert("realm".to_owned(), json!({ "name": realm["displayName"], "default groups": default_groups }));
    picture
}

/// What differs, one line each. Empty if nothing does.
pub(super) fn differences(shown: &Picture, true_one: &Picture) -> String {
    let keys: BTreeSet<&String> = shown.keys().chain(true_one.keys()).collect();
    let differ = keys.into_iter().filter(|key| shown.get(*key) != true_one.get(*key));
    let absent = Value::String("absent".to_owned());
    let line = |key: &String| {
        let [shown, is] = [shown, true_one].map(|picture| picture.get(key).unwrap_or(&absent));
        format!("{key}\n  shown: {shown}\n  true:  {is}\n")
    };
    differ.map(line).collect()
}

/// How much a picture holds.
pub(super) fn size(picture: &Picture) -> String {
    let count = |prefix: &str| picture.keys().filter(|key| key.starts_with(prefix)).count();
    let listed = |prefix: &str| -> usize {
        let lists = picture.iter().filter(|(key, _)| key.starts_with(prefix));
        lists.map(|(_, list)| list.as_array().map_or(0, Vec::len)).sum()
    };
    format!(
        "{} users, {} groups, {} roles, {} memberships, {} administrators",
        count("user "),
        count("group "),
        count("role "),
        listed("members of "),
        listed("administrators")
    )
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_else(|| panic!("no {field} in {row}")).to_owned()
}

fn strings(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// Absent attributes are none.
fn attributes(row: &Value) -> Value {
    match &row["attributes"] {
        Value::Null => json!({}),
        attributes => attributes.clone(),
    }
}
