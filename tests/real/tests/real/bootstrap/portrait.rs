//! Everything in a realm as one value, and how two such values differ.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::place::Place;

/// Whose order says nothing.
const SETS: [&str; 7] = [
    "redirectUris",
    "webOrigins",
    "enabledEventTypes",
    "defaultClientScopes",
    "optionalClientScopes",
    "requiredCredentials",
    "realmRoles",
];

impl Place {
    /// All of the realm that administrators can see, by names where there are names.
    pub(super) async fn portrait(&self) -> Value {
        let mut groups = Map::new();
        for group in rows(self.get("groups?briefRepresentation=false&max=1000").await) {
            let id = group["id"].as_str().unwrap().to_owned();
            let mut whole = self.get(&format!("groups/{id}")).await;
            let members = self.get(&format!("groups/{id}/members?max=1000&briefRepresentation=true")).await;
            whole["members"] = usernames(members);
            whole["mappings"] = self.get(&format!("groups/{id}/role-mappings")).await;
            groups.insert(group["name"].as_str().unwrap().to_owned(), whole);
        }
        let mut clients = Map::new();
        let management = self.client("realm-management").await;
        for client in rows(self.get("clients").await) {
            let id = client["id"].as_str().unwrap().to_owned();
            let mut whole = client.clone();
            whole["scope"] = self.get(&format!("clients/{id}/scope-mappings/clients/{management}")).await;
            whole["roles"] = self.get(&format!("clients/{id}/roles?briefRepresentation=false")).await;
            clients.insert(client["clientId"].as_str().unwrap().to_owned(), whole);
        }
        let mut users = Map::new();
        let mut people = rows(self.get("users?max=1000&briefRepresentation=false").await);
        people.extend(rows(self.get("users?max=1000&username=service-account-").await));
        for user in people {
            let id = user["id"].as_str().unwrap().to_owned();
            let mut whole = self.get(&format!("users/{id}")).await;
            whole["groups"] = self.get(&format!("users/{id}/groups")).await;
            whole["mappings"] = self.get(&format!("users/{id}/role-mappings")).await;
            whole["credentials"] = self.get(&format!("users/{id}/credentials")).await;
            users.insert(user["username"].as_str().unwrap().to_owned(), whole);
        }
        let portrait = [
            ("realm", self.get("").await),
            ("profile", self.get("users/profile").await),
            ("actions", self.get("authentication/required-actions").await),
            ("defaultGroups", self.get("default-groups").await),
            ("roles", self.get("roles?briefRepresentation=false").await),
            ("groups", groups.into()),
            ("clients", clients.into()),
            ("users", users.into()),
        ];
        by_name("", portrait.into_iter().map(|(part, value)| (part.to_owned(), value)).collect::<Map<_, _>>().into())
    }

    /// The same without what is another for every realm.
    pub(super) async fn likeness(&self) -> Value {
        let mut portrait = self.portrait().await;
        strip(&mut portrait);
        serde_json::from_str(&portrait.to_string().replace(&self.name, "REALM")).unwrap()
    }
}

fn rows(list: Value) -> Vec<Value> {
    match list {
        Value::Array(rows) => rows,
        other => panic!("not a list: {other}"),
    }
}

fn usernames(list: Value) -> Value {
    let names: BTreeSet<String> = rows(list).iter().map(|row| row["username"].as_str().unwrap().to_owned()).collect();
    names.into_iter().collect()
}

/// Turns lists of things with names into objects, and puts lists that are sets in order.
fn by_name(key: &str, value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key.clone(), by_name(&key, value))).collect::<Map<_, _>>().into()
        }
        Value::Array(rows) => {
            let name = |row: &Value| Some(row.get("name").or_else(|| row.get("alias"))?.as_str()?.to_owned());
            let names: Vec<String> = rows.iter().filter_map(name).collect();
            let mut rows: Vec<Value> = rows.into_iter().map(|row| by_name("", row)).collect();
            if !rows.is_empty() && names.iter().collect::<BTreeSet<_>>().len() == rows.len() {
                return names.into_iter().zip(rows).collect::<Map<_, _>>().into();
            }
            if SETS.contains(&key) {
                rows.sort_by_key(Value::to_string);
            }
            rows.into()
        }
        other => other,
    }
}

/// Takes ids, secrets and times out.
fn strip(value: &mut Value) {
    const OWN: [&str; 8] = [
        "id",
        "containerId",
        "secret",
        "createdTimestamp",
        "createdDate",
        "credentialData",
        "client.secret.creation.time",
        "serviceAccountClientLink",
    ];
    match value {
        Value::Object(fields) => {
            for own in OWN {
                fields.remove(own);
            }
            fields.values_mut().for_each(strip);
        }
        Value::Array(rows) => rows.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Where two values differ, one line for each place.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found
}

fn compare(place: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    let (Value::Object(was), Value::Object(is)) = (before, after) else {
        if before != after {
            found.push(format!("{place}: {before} -> {after}"));
        }
        return;
    };
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    for key in keys {
        let place = if place.is_empty() { key.clone() } else { format!("{place}/{key}") };
        match (was.get(key), is.get(key)) {
            (Some(was), Some(is)) => compare(&place, was, is, found),
            (Some(_), None) => found.push(format!("{place}: gone")),
            _ => found.push(format!("{place}: new")),
        }
    }
}
