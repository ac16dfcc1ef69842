//! The schema against the one that the published clients were written for.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use primehub_tests::schema::{self, Field, Type, Types};
use primehub_tests::{Caller, Platform, golden};
use serde_json::{Value, json};

/// Every type, field, argument and value that the clients need, as they declare it. An empty type means that only the name is fixed.
fn contract() -> Types {
    let contract: BTreeMap<String, Value> = serde_json::from_str(include_str!("../golden/contract.json")).unwrap();
    contract.into_iter().map(|(name, of)| (name, wanted(&of))).collect()
}

fn wanted(of: &Value) -> Type {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fields = of["fields"].as_object().unwrap().iter().map(|(name, field)| {
        let arguments = field["args"].as_object().into_iter().flatten().map(|(name, of)| (name.clone(), text(of)));
        (name.clone(), Field { of: text(&field["type"]), arguments: arguments.collect() })
    });
    Type { kind: text(&of["kind"]), fields: fields.collect() }
}

async fn actual() -> Types {
    schema::read(&Platform::start_with(|options| options.introspection = true).await).await
}

#[test]
fn the_schema_is_the_golden_one() {
    golden::assert("schema.graphql", &primehub_graphql::sdl());
}

#[tokio::test]
async fn what_is_missing_is_listed_by_name() {
    let actual = actual().await;
    let mut missing = String::new();
    for (name, wanted) in contract() {
        let Some(found) = actual.get(&name) else {
            let _ = writeln!(missing, "{name}");
            continue;
        };
        for (field, wanted) in &wanted.fields {
            match found.fields.get(field) {
                None => _ = writeln!(missing, "{name}.{field}"),
                Some(found) => {
                    for argument in wanted.arguments.keys().filter(|argument| !found.arguments.contains_key(*argument))
                    {
                        let _ = writeln!(missing, "{name}.{field}({argument})");
                    }
                }
            }
        }
    }
    golden::assert("missing.txt", &missing);
}

#[tokio::test]
async fn what_is_there_has_the_types_that_clients_declare() {
    let (contract, actual) = (contract(), actual().await);
    let mut differences = Vec::new();
    for (name, found) in &actual {
        let Some(wanted) = contract.get(name) else { continue };
        if found.kind != wanted.kind {
            differences.push(format!("{name} is {} instead of {}", found.kind, wanted.kind));
        }
        for (field, found) in &found.fields {
            let Some(wanted) = wanted.fields.get(field).filter(|wanted| found != *wanted && !wanted.of.is_empty())
            else {
                continue;
            };
            if found.of != wanted.of {
                differences.push(format!("{name}.{field} is {} instead of {}", found.of, wanted.of));
            }
            for (argument, of) in &found.arguments {
                match wanted.arguments.get(argument) {
                    Some(wanted) if wanted != of => {
                        differences.push(format!("{name}.{field}({argument}) is {of} instead of {wanted}"));
                    }
                    None if of.ends_with('!') => {
                        differences.push(format!("{name}.{field}({argument}) is required and no client sends it"));
                    }
                    _ => {}
                }
            }
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}

/// What is there beyond the contract must be meant.
#[tokio::test]
async fn nothing_is_there_that_no_client_knows_except_by_intent() {
    let contract = contract();
    let mut beyond = Vec::new();
    for (name, found) in &actual().await {
        match contract.get(name) {
            None if ["Boolean", "Float", "ID", "Int", "String"].contains(&name.as_str()) => {}
            None => beyond.push(name.clone()),
            Some(wanted) => {
                let unknown = found.fields.keys().filter(|field| !wanted.fields.contains_key(*field));
                beyond.extend(unknown.map(|field| format!("{name}.{field}")));
            }
        }
    }
    assert_eq!(beyond, Vec::<String>::new());
}

#[tokio::test]
async fn a_failing_field_nulls_only_itself() {
    let platform = Platform::start().await;
    platform.flaky.break_method("api_token_counts");
    let answer =
        platform.query(Caller::Member, "{ me { username apiTokenCount groups { name } } timezone { name } }").await;
    assert_eq!((answer.status, answer.codes()), (200, vec!["USER_API_TOKEN_COUNT"]));
    let me = json!({ "username": "grace", "apiTokenCount": null, "groups": [{ "name": "everyone" }, { "name": "research" }] });
    assert_eq!(answer.body["data"], json!({ "me": me, "timezone": { "name": "Africa/Abidjan" } }));
    platform.flaky.repair();
    let answer = platform.query(Caller::Member, "{ me { apiTokenCount } }").await;
    assert_eq!(answer.data()["me"]["apiTokenCount"], 1);
}

#[tokio::test]
async fn a_failing_mutation_nulls_only_itself() {
    let platform = Platform::start().await;
    platform.flaky.break_method("revoke_api_tokens");
    let document = "mutation { revokeApiToken { id } notify: updateUser(where: { id: \"none\" }, data: {}) { id } }";
    let answer = platform.query(Caller::PlatformAdministrator, document).await;
    assert_eq!((answer.status, answer.codes()), (200, vec!["USER_REVOKE_FAILED", "USER_NOT_EXIST"]), "{}", answer.text);
    assert_eq!(answer.body["data"], json!({ "revokeApiToken": null, "notify": null }));
}
