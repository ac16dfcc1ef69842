//! Several fields, or several operations, in one request: each is decided by itself.

use primehub_tests::{Caller, Platform, schema};
use rstest::rstest;
use serde_json::{Value, json};

use super::object_fields::selection;
use super::outcome::outcome;
use super::scene::Scene;

#[rstest]
#[case::mine_first(r#"{ mine: group(where: { id: "GROUP" }) { id } other: group(where: { id: "OTHER" }) { id } }"#)]
#[case::other_first(r#"{ other: group(where: { id: "OTHER" }) { id } mine: group(where: { id: "GROUP" }) { id } }"#)]
#[case::fragment(r#"{ ...f mine: group(where: { id: "GROUP" }) { id } } fragment f on Query { other: group(where: { id: "OTHER" }) { id } }"#)]
#[tokio::test]
async fn do_better_3_6_1_each_alias_is_decided_by_its_own_arguments(#[case] document: &str) {
    let platform = Platform::start().await;
    let scene = Scene::new(&platform).await;
    let answer = platform.query(Caller::Member, &scene.fill(&platform, document).await).await;
    assert_eq!(
        (outcome(&answer, "/mine"), outcome(&answer, "/other")),
        ("ok".into(), "null".into()),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_denied_root_field_leaves_the_others_alone() {
    let platform = Platform::start().await;
    let scene = Scene::new(&platform).await;
    let document =
        r#"{ me { username } groupResourcesToBeDeleted(where: { id: "GROUP" }) { datasets } timezone { name } }"#;
    let answer = platform.query(Caller::Member, &scene.fill(&platform, document).await).await;
    assert_eq!(answer.status, 200);
    assert_eq!((answer.codes(), answer.message()), (vec!["NOT_AUTH"], "Not Authorised!"));
    assert_eq!(answer.body["data"]["me"]["username"], "grace");
    assert_eq!(answer.body["data"]["groupResourcesToBeDeleted"], Value::Null);
    assert_eq!(answer.body["data"]["timezone"]["name"], "Africa/Abidjan");
}

#[tokio::test]
async fn a_denied_field_that_cannot_be_null_takes_the_data_with_it() {
    let platform = Platform::start().await;
    let answer = platform.query(Caller::Member, "{ me { username } groupsConnection { edges { cursor } } }").await;
    assert_eq!((answer.status, answer.codes(), &answer.body["data"]), (200, vec!["NOT_AUTH"], &Value::Null));
}

#[tokio::test]
async fn operations_of_a_batch_are_decided_one_by_one() {
    let platform = Platform::start().await;
    let scene = Scene::new(&platform).await;
    let documents = [
        "{ me { id } }",
        "{ system { __typename } }",
        r#"{ group(where: { id: "GROUP" }) { id } }"#,
        r#"{ group(where: { id: "OTHER" }) { id } }"#,
        r#"mutation { deleteGroup(where: { id: "GROUP" }) { id } }"#,
        "{ invented }",
    ];
    let mut batch = Vec::new();
    for document in documents {
        batch.push(json!({ "query": scene.fill(&platform, document).await }));
    }
    let answer = platform.send(platform.post(Caller::Member).json(&batch)).await;
    let answers = answer.body.as_array().unwrap();
    let outcomes: Vec<Value> = answers
        .iter()
        .map(|answer| match answer.pointer("/errors/0/extensions/code") {
            Some(code) => code.clone(),
            None => answer["data"].as_object().unwrap().values().next().unwrap().is_null().into(),
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            json!(false),
            json!("NOT_AUTH"),
            json!(false),
            json!(true),
            json!("NOT_AUTH"),
            json!("GRAPHQL_VALIDATION_FAILED")
        ]
    );
}

#[tokio::test]
async fn nobody_learns_anything_from_a_batch() {
    let platform = Platform::start().await;
    let answer = platform
        .send(platform.client.post(platform.graphql()).json(&json!([{ "query": "{ timezone { name } }" }])))
        .await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn hidden_fields_are_null_by_themselves_and_take_nothing_with_them() {
    let platform = Platform::start_with(|options| options.introspection = true).await;
    let scene = Scene::new(&platform).await;
    let types = schema::read(&platform).await;
    let all: Vec<String> = types["User"].fields.keys().map(|field| selection(&types["User"], field, &types)).collect();
    let document = format!(r#"{{ user(where: {{ id: "USER" }}) {{ {} }} timezone {{ name }} }}"#, all.join(" "));
    let answer = platform.query(Caller::Stranger, &scene.fill(&platform, &document).await).await;
    let user = answer.body["data"]["user"].as_object().unwrap();
    let visible: Vec<&String> = user.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name).collect();
    assert_eq!(visible, ["id", "username"]);
    assert!(answer.codes().iter().all(|code| *code == "NOT_AUTH"), "{}", answer.text);
    assert!(answer.body["data"]["timezone"].is_object());
}

#[tokio::test]
async fn an_administrator_of_a_group_needs_no_membership() {
    let platform = Platform::start().await;
    let scene = Scene::new(&platform).await;
    scene.administrator_leaves(&platform).await;
    let update = r#"mutation { updateGroup(where: { id: "GROUP" }, data: { trackingUri: "http://mlflow" }) { mlflow { trackingUri trackingEnvs { value } } } }"#;
    let answer = platform.query(Caller::GroupAdministrator, &scene.fill(&platform, update).await).await;
    assert_eq!(
        answer.data()["updateGroup"]["mlflow"],
        json!({ "trackingUri": "http://mlflow", "trackingEnvs": [{ "value": "secret" }] })
    );
}
