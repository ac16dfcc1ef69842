use http::{HeaderValue, StatusCode};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::error::Code;

fn json_body(text: &str) -> Result<Operations, Refusal> {
    Format::Json.read(text.as_bytes(), &Limits::default())
}

fn one(variables: serde_json::Value, name: Option<&str>) -> Operations {
    Operations::One(Operation {
        query: "{a}".into(),
        variables: Variables::from_json(variables),
        name: name.map(str::to_owned),
    })
}

#[rstest]
#[case::query_alone(r#"{"query":"{a}"}"#, json!({}), None)]
#[case::object(r#"{"query":"{a}","variables":{"x":[1,null]}}"#, json!({"x": [1, null]}), None)]
#[case::text(r#"{"query":"{a}","variables":"{\"x\":1}"}"#, json!({"x": 1}), None)]
#[case::empty_text(r#"{"query":"{a}","variables":""}"#, json!({}), None)]
#[case::null_in_text(r#"{"query":"{a}","variables":"null"}"#, json!({}), None)]
#[case::whole_floats(r#"{"query":"{a}","variables":{"x":{"y":[2.0,2.5]}}}"#, json!({"x": {"y": [2, 2.5]}}), None)]
#[case::whole_floats_in_text(r#"{"query":"{a}","variables":"{\"x\":2.0}"}"#, json!({"x": 2}), None)]
#[case::nulls(r#"{"query":"{a}","variables":null,"operationName":null}"#, json!({}), None)]
#[case::name(r#"{"query":"{a}","operationName":"Me"}"#, json!({}), Some("Me"))]
#[case::empty_name(r#"{"query":"{a}","operationName":""}"#, json!({}), None)]
#[case::unknown_keys(r#" {"query":"{a}","extensions":{"x":{}}}"#, json!({}), None)]
fn json_bodies_are_read(#[case] text: &str, #[case] variables: serde_json::Value, #[case] name: Option<&str>) {
    assert_eq!(json_body(text), Ok(one(variables, name)));
}

#[rstest]
#[case::nothing("", Code::InternalError, "the body is not JSON")]
#[case::cut_off(r#"{"query":"{a}""#, Code::InternalError, "the body is not JSON")]
#[case::no_json("query={a}", Code::InternalError, "the body is not JSON")]
#[case::more_behind(r#"{"query":"{a}"} x"#, Code::InternalError, "the body is not JSON")]
#[case::no_object(
    "7",
    Code::BadUserInput,
    "the body is not a GraphQL request: invalid type: integer `7`, expected an object with query, variables and operationName at line 1"
)]
#[case::no_object_in_a_batch(
    "[[]]",
    Code::BadUserInput,
    "the body is not a GraphQL request: invalid length 0, expected an object with query, variables and operationName"
)]
#[case::query_is_no_text(r#"{"query":7}"#, Code::BadUserInput, "the body is not a GraphQL request")]
#[case::query_twice(r#"{"query":"{a}","query":"{b}"}"#, Code::BadUserInput, "the body is not a GraphQL request")]
#[case::no_query("{}", Code::BadUserInput, "the body has no query")]
#[case::empty_query(r#"{"query":""}"#, Code::BadUserInput, "the body has no query")]
#[case::variables_no_json(r#"{"query":"{a}","variables":"{"}"#, Code::BadUserInput, "Variables are invalid JSON.")]
#[case::variables_a_list(r#"{"query":"{a}","variables":[]}"#, Code::BadUserInput, "Variables are invalid JSON.")]
#[case::variables_a_list_in_text(
    r#"{"query":"{a}","variables":"[]"}"#,
    Code::BadUserInput,
    "Variables are invalid JSON."
)]
#[case::empty_batch("[]", Code::BadUserInput, "the batch is empty")]
#[case::nested_batch(r#"[[{"query":"{a}"}]]"#, Code::BadUserInput, "the body is not a GraphQL request")]
#[case::no_query_in_a_batch(r#"[{"query":"{a}"},{}]"#, Code::BadUserInput, "the body has no query")]
fn other_json_bodies_are_refused(#[case] text: &str, #[case] code: Code, #[case] message: &str) {
    let refusal = json_body(text).unwrap_err();
    assert_eq!((refusal.status, refusal.error.code), (StatusCode::BAD_REQUEST, code));
    assert!(refusal.error.message.starts_with(message), "{refusal:?}");
}

#[test]
fn batches_have_a_longest_length() {
    let batch = |length: usize| json_body(&format!("[{}]", vec![r#"{"query":"{a}"}"#; length].join(",")));
    assert!(matches!(batch(1), Ok(Operations::Batch(batch)) if batch.len() == 1));
    assert!(matches!(batch(10), Ok(Operations::Batch(batch)) if batch.len() == 10));
    assert_eq!(batch(11), Err(Refusal::bad_input("the batch has more than 10 operations")));
}

#[test]
fn deeply_nested_json_is_refused_and_not_followed() {
    let text = format!(r#"{{"query":"{{a}}","variables":{}"#, "[".repeat(100_000));
    assert_eq!(json_body(&text).unwrap_err().error.code, Code::InternalError);
    let text = json!({"query": "{a}", "variables": "[".repeat(100_000)}).to_string();
    assert_eq!(json_body(&text), Err(Refusal::bad_input("Variables are invalid JSON.")));
}

#[rstest]
#[case::as_the_sdk_sends_it("query=%7Ba%7D&variables=%7B%22x%22%3A1%7D", json!({"x": 1}), None)]
#[case::empty_variables("query=%7Ba%7D&variables=%7B%7D", json!({}), None)]
#[case::no_variables("query={a}", json!({}), None)]
#[case::name("operationName=Me&query={a}&variables=", json!({}), Some("Me"))]
#[case::unknown_field("query={a}&x=y", json!({}), None)]
fn form_bodies_are_read(#[case] text: &str, #[case] variables: serde_json::Value, #[case] name: Option<&str>) {
    assert_eq!(Format::Form.read(text.as_bytes(), &Limits::default()), Ok(one(variables, name)));
}

#[rstest]
#[case::no_query("variables=%7B%7D", "the body has no field query")]
#[case::empty("", "the body has no field query")]
#[case::variables_no_json("query={a}&variables=x", "Variables are invalid JSON.")]
fn other_form_bodies_are_refused(#[case] text: &str, #[case] message: &str) {
    assert_eq!(Format::Form.read(text.as_bytes(), &Limits::default()), Err(Refusal::bad_input(message)));
}

#[test]
fn a_get_without_query_is_refused() {
    assert_eq!(from_query_string(None), Err(Refusal::bad_input("the query string has no parameter query")));
    assert_eq!(from_query_string(Some("query=%7Ba%7D")).map(Operations::One), Ok(one(json!({}), None)));
}

#[rstest]
#[case::json(Some("application/json"), Some(Format::Json))]
#[case::json_with_charset(Some("Application/JSON; charset=UTF-8"), Some(Format::Json))]
#[case::form(Some("application/x-www-form-urlencoded"), Some(Format::Form))]
#[case::form_with_charset(Some("application/x-www-form-urlencoded;charset=utf-8"), Some(Format::Form))]
#[case::other_charset(Some("application/json; charset=utf-16"), None)]
#[case::text(Some("text/plain"), None)]
#[case::multipart(Some("multipart/form-data; boundary=x"), None)]
#[case::none(None, None)]
fn content_types(#[case] value: Option<&'static str>, #[case] expected: Option<Format>) {
    let headers = value.map(|value| (CONTENT_TYPE, HeaderValue::from_static(value))).into_iter().collect();
    assert_eq!(Format::of(&headers, false).ok(), expected);
    let mut compressed: HeaderMap = headers;
    compressed.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert_eq!(
        Format::of(&compressed, false).map_err(|refusal| refusal.status),
        Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    );
}

#[test]
fn nothing_at_all_is_told_from_an_unknown_format() {
    let refusal = Format::of(&HeaderMap::new(), true).unwrap_err();
    assert_eq!((refusal.status, refusal.error.code), (StatusCode::BAD_REQUEST, Code::InternalError));
    assert!(refusal.error.message.contains("no body"), "{refusal:?}");
    let text = (CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    let refusal = Format::of(&HeaderMap::from_iter([text]), true).unwrap_err();
    assert_eq!(refusal.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Format::Json.read(&body, &Limits::default());
        let _ = Format::Form.read(&body, &Limits::default());
    }

    #[test]
    fn anything_like_a_request_is_read_or_refused(text in r#"[\[{}\]":, \\0-9a-z]{0,60}"#, variables in ".{0,60}") {
        let _ = json_body(&text);
        let _ = json_body(&format!(r#"{{"query":"{{a}}","variables":{text}}}"#));
        let _ = json_body(&json!({"query": text, "variables": variables}).to_string());
    }
}
