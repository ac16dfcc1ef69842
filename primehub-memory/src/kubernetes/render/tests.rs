//! Answers byte by byte, for a kind with a computed column.

use std::sync::Arc;

use futures::StreamExt as _;
use rstest::rstest;

use super::*;
use crate::kubernetes::kinds::{Cell, Column, Generation, Scope, Storage, Verbs};
use crate::kubernetes::schema::{NodeId, Schema, Types};
use crate::kubernetes::store::{
    Commit, Expected, FieldSelector, History, Key, LabelSelector, ListQuery, Start, Store, WatchQuery, Write,
};

fn kind(custom: bool, version: &str) -> Kind {
    let column = |name: &str, column_type: &str, cell| Column {
        name: name.into(),
        column_type: column_type.into(),
        format: "".into(),
        description: "d".into(),
        priority: 0,
        cell,
    };
    Kind {
        group: "g.io".into(),
        version: version.into(),
        kind: "Thing".into(),
        list_kind: "ThingList".into(),
        plural: "things".into(),
        singular: "thing".into(),
        short_names: Vec::new(),
        categories: Vec::new(),
        scope: Scope::Namespaced,
        verbs: Verbs::All,
        subresources: Vec::new(),
        schema: Schema { types: Arc::new(Types::default()), root: NodeId(0) },
        custom,
        generation: Generation::Never,
        selectable: Vec::new(),
        columns: vec![
            column("Size", "integer", Cell::Path(".spec.size".into())),
            column("Age", "string", Cell::Computed("things/Age".into())),
        ],
        storage: Storage { group: "g.io".into(), resource: "things".into() },
        conversion: Conversion::Same,
        deprecation: None,
        definition: None,
    }
}

fn now() -> Timestamp {
    "2026-01-01T00:01:00Z".parse().unwrap()
}

async fn put(store: &Store, name: &str, expected: Expected) {
    let value = json!({
        "apiVersion": "g.io/v1", "kind": "Thing", "metadata": {"name": name, "namespace": "ns", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"size": 3}, "a": "{\"kind\":\"x\",",
    });
    let commit = Commit {
        storage: kind(true, "v1").storage,
        key: Key::new(Some("ns"), name),
        expected,
        write: Write::Put(value),
    };
    store.commit(commit).await.unwrap();
}

fn table(include: Include) -> Form {
    Form::Table { include, version: "v1".to_owned() }
}

fn metadata() -> Form {
    Form::Metadata { version: "v1".to_owned() }
}

const META_OF_A: &str =
    r#"{"creationTimestamp":"2026-01-01T00:00:00Z","name":"a","namespace":"ns","resourceVersion":"2"}"#;
const COLUMNS: &str = r#"[{"description":"d","format":"","name":"Size","priority":0,"type":"integer"},{"description":"d","format":"","name":"Age","priority":0,"type":"string"}]"#;

#[rstest]
#[case(
    Form::Full,
    "v1",
    r#"{"a":"{\"kind\":\"x\",","apiVersion":"g.io/v1","kind":"Thing","metadata":META,"spec":{"size":3}}"#
)]
#[case(
    Form::Full,
    "v2",
    r#"{"a":"{\"kind\":\"x\",","apiVersion":"g.io/v2","kind":"Thing","metadata":META,"spec":{"size":3}}"#
)]
#[case(metadata(), "v1", r#"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":META}"#)]
#[case(table(Include::None), "v1", r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"2"},"columnDefinitions":COLUMNS,"rows":[{"cells":[3,"60s"],"object":null}]}"#)]
#[case(table(Include::Metadata), "v1", r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"2"},"columnDefinitions":COLUMNS,"rows":[{"cells":[3,"60s"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":META}}]}"#)]
#[tokio::test]
async fn one_object(#[case] form: Form, #[case] version: &str, #[case] expected: &str) {
    let store = Store::new(History::default());
    put(&store, "a", Expected::Absent).await;
    let kind = kind(true, version);
    let object = store.get(&kind.storage, &Key::new(Some("ns"), "a")).unwrap();
    assert_eq!(form.object(&kind, &object, now()), expected.replace("META", META_OF_A).replace("COLUMNS", COLUMNS));
}

#[rstest]
#[case(Form::Full, true, r#"{"kind":"ThingList","apiVersion":"g.io/v1","metadata":{"continue":"TOKEN","remainingItemCount":1,"resourceVersion":"3"},"items":[{"a":"{\"kind\":\"x\",","apiVersion":"g.io/v1","kind":"Thing","metadata":META,"spec":{"size":3}}]}"#)]
#[case(Form::Full, false, r#"{"kind":"ThingList","apiVersion":"g.io/v1","metadata":{"continue":"TOKEN","remainingItemCount":1,"resourceVersion":"3"},"items":[{"a":"{\"kind\":\"x\",","metadata":META,"spec":{"size":3}}]}"#)]
#[case(metadata(), false, r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"continue":"TOKEN","remainingItemCount":1,"resourceVersion":"3"},"items":[{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":META}]}"#)]
#[case(table(Include::None), false, r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"continue":"TOKEN","remainingItemCount":1,"resourceVersion":"3"},"columnDefinitions":COLUMNS,"rows":[{"cells":[3,"60s"],"object":null}]}"#)]
#[tokio::test]
async fn a_page(#[case] form: Form, #[case] custom: bool, #[case] expected: &str) {
    let store = Store::new(History::default());
    put(&store, "a", Expected::Absent).await;
    put(&store, "b", Expected::Absent).await;
    let kind = kind(custom, "v1");
    let page = store.list(&ListQuery { limit: 1, ..ListQuery::all(kind.storage.clone()) }).await.unwrap();
    let expected = expected.replace("TOKEN", page.continue_token.as_deref().unwrap());
    assert_eq!(form.list(&kind, &page, now()), expected.replace("META", META_OF_A).replace("COLUMNS", COLUMNS));
}

#[rstest]
#[case(Form::Full, &[
    r#"{"type":"ADDED","object":{"a":"{\"kind\":\"x\",","apiVersion":"g.io/v1","kind":"Thing","metadata":META,"spec":{"size":3}}}"#,
    r#"{"type":"BOOKMARK","object":{"apiVersion":"g.io/v1","kind":"Thing","metadata":{"annotations":{"k8s.io/initial-events-end":"true"},"resourceVersion":"2"}}}"#,
])]
#[case(metadata(), &[
    r#"{"type":"ADDED","object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":META}}"#,
    r#"{"type":"BOOKMARK","object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"annotations":{"k8s.io/initial-events-end":"true"},"resourceVersion":"2"}}}"#,
])]
#[case(table(Include::None), &[
    r#"{"type":"ADDED","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"2"},"columnDefinitions":COLUMNS,"rows":[{"cells":[3,"60s"],"object":null}]}}"#,
    r#"{"type":"BOOKMARK","object":{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"2"},"columnDefinitions":null,"rows":[{"cells":[null,"<unknown>"],"object":null}]}}"#,
])]
#[tokio::test]
async fn a_watch_is_lines_in_one_piece(#[case] form: Form, #[case] expected: &[&str]) {
    let store = Store::new(History::default());
    put(&store, "a", Expected::Absent).await;
    let kind = Arc::new(kind(true, "v1"));
    let query = WatchQuery {
        storage: kind.storage.clone(),
        namespace: None,
        labels: LabelSelector::default(),
        fields: FieldSelector::default(),
        start: Start::All(0),
        bookmarks: true,
    };
    let limit = std::time::Duration::from_mins(1);
    let mut body = Box::pin(store.watch(query.clone(), form.clone(), Arc::clone(&kind), limit, Arc::new(now)));
    let expected = expected.iter().map(|line| line.replace("META", META_OF_A).replace("COLUMNS", COLUMNS) + "\n");
    assert_eq!(body.next().await.unwrap(), expected.collect::<String>());
    let gone = WatchQuery { start: Start::After(0), ..query };
    let mut body = Box::pin(store.watch(gone, form, kind, limit, Arc::new(now)));
    let line = String::from_utf8(body.next().await.unwrap().to_vec()).unwrap();
    let error: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&error["type"], &error["object"]["kind"], &error["object"]["code"]),
        (&json!("ERROR"), &json!("Status"), &json!(410))
    );
    assert!(line.ends_with("}\n") && body.next().await.is_none());
}

#[test]
fn tables_hold_what_they_are_told_to() {
    let accept = Accept::Table { version: "v1".to_owned() };
    assert_eq!(Form::of(&accept, None), Ok(table(Include::Metadata)));
    assert_eq!(Form::of(&accept, Some("Object")), Ok(table(Include::Object)));
    assert_eq!(Form::of(&Accept::Metadata { list: false, version: "v1".to_owned() }, Some("Foo")), Ok(metadata()));
    assert_eq!(Form::of(&accept, Some("Foo")).unwrap_err().code, 400);
}
