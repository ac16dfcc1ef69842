//! Whatever arrives at the endpoint gets a JSON answer, never a panic, never a 500.

use primehub_tests::{Caller, Platform};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

fn documents() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "(",
        ")",
        "query",
        "mutation",
        "subscription",
        "me",
        "user",
        "users",
        "groups",
        "id",
        "where:",
        "data:",
        "$a",
        ":",
        "ID!",
        "\"x\"",
        "\"\"\"",
        "...",
        "on",
        "User",
        "fragment",
        "f",
        "@skip(if: true)",
        "__typename",
        "__schema",
        "null",
        "-1",
        "1e400",
        "99999999999",
        "[",
        "]",
        "first:",
        "\u{0}",
        "é",
        "\\u0000",
    ]);
    prop_oneof![
        prop::collection::vec(word, 0..40).prop_map(|words| words.join(" ")),
        any::<String>(),
        (any::<i64>(), ".{0,20}").prop_map(|(number, text)| {
            format!("{{ users(first: {number}, after: {text:?}, where: {{ search: {text:?} }}) {{ id }} }}")
        }),
    ]
}

fn variables() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|x| json!(x)),
        ".{0,300}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(
                prop::sample::select(vec!["id", "name", "data", "where", "quotaCpu", "admins", "users"])
                    .prop_map(str::to_owned),
                inner,
                0..4
            )
            .prop_map(|map| json!(map)),
        ]
    })
}

fn bodies() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    const JSON: &str = "application/json";
    const FORM: &str = "application/x-www-form-urlencoded";
    let types = prop::sample::select(vec![JSON, FORM, "text/plain", "application/json; charset=utf-8", "x"]);
    prop_oneof![
        (types, prop::collection::vec(any::<u8>(), 0..200)),
        (documents(), variables()).prop_map(|(query, variables)| (
            JSON,
            json!({ "query": query, "variables": variables }).to_string().into_bytes()
        )),
        variables().prop_map(|data| {
            let query = "mutation ($data: GroupCreateInput!) { createGroup(data: $data) { id } }";
            (JSON, json!({ "query": query, "variables": { "data": data } }).to_string().into_bytes())
        }),
        variables().prop_map(|data| {
            let query = "mutation ($data: UserCreateInput!) { createUser(data: $data) { id } }";
            (JSON, json!({ "query": query, "variables": data.to_string() }).to_string().into_bytes())
        }),
        documents().prop_map(|query| (FORM, format!("query={query}&variables={{}}").into_bytes())),
        variables().prop_map(|value| (JSON, value.to_string().into_bytes())),
    ]
}

#[test]
fn any_body_gets_an_answer() {
    let runtime = Runtime::new().unwrap();
    let platform = runtime.block_on(Platform::start());
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&bodies(), |(content_type, body)| {
        let request = platform.post(Caller::PlatformAdministrator).header(CONTENT_TYPE, content_type).body(body);
        let answer = runtime.block_on(platform.send(request));
        prop_assert!(answer.status < 500, "{} {}", answer.status, answer.text);
        prop_assert!(answer.body.is_object() || answer.body.is_array(), "no JSON: {}", answer.text);
        if answer.status != 200 {
            prop_assert!(!answer.code().is_empty() && !answer.message().is_empty(), "{}", answer.text);
        }
        prop_assert!(
            !answer.codes().contains(&"INTERNAL_SERVER_ERROR") || answer.message().contains("operation"),
            "{}",
            answer.text
        );
        Ok(())
    });
    outcome.unwrap();
    runtime.block_on(platform.query(Caller::Member, "{ me { id } }")).data();
}
