//! What the published clients send passes the limits. The documents in `data/client-documents` have the shape of theirs, fields included that
//! the schema does not know yet.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::path::Path;

use primehub_tests::{Answer, Caller, Platform};
use serde_json::{Value, json};

/// Name and text of every document.
fn documents() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/client-documents");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap())
    };
    let mut documents: Vec<_> = files.map(read).collect();
    documents.sort();
    documents
}

/// Whether a document was refused for what it costs, and not because the schema lacks something or a variable is missing.
fn exceeds_a_limit(answer: &Answer) -> bool {
    let messages = answer.body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| error["message"].as_str().unwrap_or_default());
    let of_the_schema = [
        "Unknown field ",
        "Unknown argument ",
        "Unknown type ",
        "Unknown fragment ",
        "Variable ",
        "Invalid value for argument ",
        "Field ",
        "Use undefined type ",
    ];
    let other = |message: &str| answer.status == 400 && !of_the_schema.iter().any(|start| message.starts_with(start));
    answer.status == 413 || messages.into_iter().any(other)
}

/// Sends a document as the Python SDK does, or as JSON.
async fn send(platform: &Platform, document: &str, form: bool) -> Answer {
    let request = platform.post(Caller::PlatformAdministrator);
    let request = if form {
        request.form(&[("query", document), ("variables", "{}")])
    } else {
        request.json(&json!({ "query": document, "variables": {} }))
    };
    platform.send(request).await
}

#[tokio::test]
async fn every_document_of_the_clients_passes_the_limits() {
    let platform = Platform::start().await;
    let documents = documents();
    assert!(documents.len() > 30, "the documents are missing");
    for (name, document) in documents {
        let answer = send(&platform, &document, name.starts_with("sdk-")).await;
        assert!(!exceeds_a_limit(&answer), "{name}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_document_over_the_limits_is_told_from_one_that_the_schema_does_not_know() {
    let documents = documents();
    let (_, document) = documents.iter().find(|(name, _)| name == "console-current-user").unwrap();
    let platform = Platform::start_with(|options| options.limits.fields = 100).await;
    assert!(exceeds_a_limit(&send(&platform, document, false).await));
    let platform = Platform::start_with(|options| options.limits.depth = 3).await;
    assert!(exceeds_a_limit(&send(&platform, document, false).await));
    let platform = Platform::start_with(|options| options.limits.body_bytes = 1000).await;
    assert!(exceeds_a_limit(&send(&platform, document, false).await));
    let platform = Platform::start().await;
    assert!(!exceeds_a_limit(&send(&platform, "{ me { shoeSize } }", false).await));
}

/// Documents of which the schema knows everything are answered: no error, no 400.
#[tokio::test]
async fn what_concerns_people_and_groups_is_answered() {
    let platform = Platform::start().await;
    let (user, group) = (platform.person("grace").id.to_string(), platform.group("research").id.to_string());
    let known = [
        "sdk-me",
        "sdk-groups-list",
        "sdk-groups-list-users",
        "sdk-groups-user",
        "sdk-groups-get-mlflow",
        "sdk-info",
        "sdk-admin-users",
        "sdk-admin-users-get",
        "sdk-admin-groups",
        "sdk-admin-groups-get",
        "spawner-launch-context",
        "controller-groups",
        "controller-user",
        "console-groups",
        "console-group-form",
        "console-user-form",
        "console-system",
    ];
    let all = documents();
    for name in known {
        let (_, document) = all.iter().find(|(found, _)| found == name).unwrap();
        let is_of_a_user = document.contains("UserWhereUniqueInput");
        let is_a_filter = document.contains("$where: GroupWhereInput") || document.contains("$where: UserWhereInput");
        let condition =
            if is_a_filter { Value::Null } else { json!({ "id": if is_of_a_user { &user } else { &group } }) };
        let variables = json!({ "where": condition, "everyone": { "id": platform.everyone().as_str() } });
        let caller = if name.starts_with("spawner") || name.starts_with("controller") {
            Caller::Server
        } else {
            Caller::PlatformAdministrator
        };
        let answer = platform.run(caller, document, variables).await;
        assert!(answer.status == 200 && answer.body.get("errors").is_none(), "{name}: {}", answer.text);
    }
}
