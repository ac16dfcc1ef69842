//! Commits and lists.

use rstest::rstest;

use super::*;

#[tokio::test]
async fn a_commit_finds_what_it_expects_or_changes_nothing() {
    let store = Store::new(History::default());
    let first = set(&store, "a", "1").await;
    assert_eq!((first.meta.revision, version(&first), store.revision()), (2, 2, 2));
    let write = |expected, write| store.commit(Commit { storage: pods(), key: named("a"), expected, write });
    let value = first.value();
    assert_eq!(write(Expected::Absent, Write::Put(value.clone())).await.unwrap_err(), CommitError::Exists);
    assert_eq!(write(Expected::Revision(1), Write::Put(value.clone())).await.unwrap_err(), CommitError::Stale);
    assert_eq!(write(Expected::Revision(1), Write::Remove(value.clone())).await.unwrap_err(), CommitError::Stale);
    assert_eq!(store.revision(), 2);
    let gone = remove(&store, "a").await;
    assert_eq!((version(&gone), store.contains(&pods(), &named("a"))), (3, false));
    assert_eq!(write(Expected::Revision(2), Write::Put(value.clone())).await.unwrap_err(), CommitError::Absent);
    assert_eq!(write(Expected::Absent, Write::Remove(value)).await.unwrap_err(), CommitError::Absent);
    assert!(matches!(write(Expected::Absent, Write::Put(json!(1))).await.unwrap_err(), CommitError::NotKept(_)));
    assert_eq!(store.revision(), 3);
}

#[tokio::test]
async fn owners_find_their_children() {
    let store = Store::new(History::default());
    let child = |name: &str, owners: Value| {
        let mut value = object(&named(name), "x");
        value["metadata"]["ownerReferences"] = owners;
        value
    };
    let of =
        |uid: &str| store.children(uid).iter().map(|(_, child)| child.meta.key.name.to_string()).collect::<Vec<_>>();
    let commit = |name: &str, expected, value| {
        store.commit(Commit { storage: pods(), key: named(name), expected, write: Write::Put(value) })
    };
    let a = commit("a", Expected::Absent, child("a", json!([{"uid": "o"}, {"uid": "p"}]))).await.unwrap();
    commit("b", Expected::Absent, child("b", json!([{"uid": "o"}]))).await.unwrap();
    assert_eq!((of("o"), of("p"), of("q")), (vec!["a".into(), "b".to_owned()], vec!["a".to_owned()], vec![]));
    commit("a", Expected::Revision(a.meta.revision), child("a", json!([{"uid": "p", "blockOwnerDeletion": true}])))
        .await
        .unwrap();
    assert_eq!((of("o"), of("p")), (vec!["b".to_owned()], vec!["a".to_owned()]));
    remove(&store, "a").await;
    assert_eq!(of("p"), Vec::<String>::new());
}

#[tokio::test]
async fn pages_show_one_moment_whatever_happens_meanwhile() {
    let store = Store::new(History::default());
    for name in ["a", "b", "c", "d", "e", "f"] {
        set(&store, name, "1").await;
    }
    let mut query = ListQuery { namespace: Some("ns".into()), limit: 2, ..ListQuery::all(pods()) };
    let first = store.list(&query).await.unwrap();
    assert_eq!(
        (names(&first.objects), first.revision, first.remaining),
        (vec!["a".into(), "b".to_owned()], 7, Some(4))
    );
    set(&store, "c", "2").await;
    remove(&store, "d").await;
    set(&store, "bb", "new").await;
    set(&store, "z", "new").await;
    remove(&store, "z").await;
    query.continue_token = first.continue_token;
    let second = store.list(&query).await.unwrap();
    assert_eq!(
        (names(&second.objects), second.revision, second.remaining),
        (vec!["c".into(), "d".to_owned()], 7, Some(2))
    );
    assert_eq!(&*second.objects[0].meta.labels[0].1, "1");
    query.continue_token = second.continue_token;
    let third = store.list(&query).await.unwrap();
    assert_eq!(
        (names(&third.objects), third.continue_token, third.remaining),
        (vec!["e".into(), "f".to_owned()], None, None)
    );
    let exact = ListQuery { resource_version: Some("3".to_owned()), exact: Some(true), ..ListQuery::all(pods()) };
    assert_eq!(names(&store.list(&exact).await.unwrap().objects), ["a", "b"]);
}

#[tokio::test]
async fn a_page_of_a_forgotten_moment_says_how_to_go_on() {
    let store = Store::new(history(3));
    for name in ["a", "b", "c", "d"] {
        set(&store, name, "1").await;
    }
    let mut query = ListQuery { limit: 1, ..ListQuery::all(pods()) };
    query.continue_token = store.list(&query).await.unwrap().continue_token;
    for label in ["2", "3", "4", "5"] {
        set(&store, "b", label).await;
    }
    let refused = store.list(&query).await.unwrap_err();
    assert_eq!((refused.code, refused.reason), (410, "Expired"));
    query.continue_token = refused.continue_token;
    query.limit = 2;
    let page = store.list(&query).await.unwrap();
    assert_eq!((names(&page.objects), page.revision, page.remaining), (vec!["b".into(), "c".to_owned()], 9, Some(1)));
    let exact = ListQuery { resource_version: Some("5".to_owned()), exact: Some(true), ..ListQuery::all(pods()) };
    assert_eq!(
        store.list(&exact).await.unwrap_err(),
        Status::expired("The resourceVersion for the provided list is too old.")
    );
}

#[rstest]
#[case("l=1", None, 0, &["a", "c"])]
#[case("l=1", None, 1, &["a"])]
#[case("", Some("c"), 0, &["c"])]
#[case("l=2", Some("c"), 0, &[])]
#[case("l=2", Some("x"), 0, &[])]
#[tokio::test]
async fn lists_select(
    #[case] labels: &str,
    #[case] name: Option<&str>,
    #[case] limit: usize,
    #[case] expected: &[&str],
) {
    let store = Store::new(History::default());
    for (name, label) in [("a", "1"), ("b", "2"), ("c", "1"), ("d", "2")] {
        set(&store, name, label).await;
    }
    for namespace in [None, Some("ns".into())] {
        let labels = LabelSelector::parse(labels).unwrap();
        let fields = name.map_or_else(FieldSelector::default, |name| FieldSelector::default().and_name(name));
        let page = store.list(&ListQuery { namespace, labels, fields, limit, ..ListQuery::all(pods()) }).await.unwrap();
        assert_eq!(names(&page.objects), expected);
        assert_eq!((page.continue_token.is_some(), page.remaining), (limit > 0, None));
    }
}

#[tokio::test]
async fn namespaces_are_apart_also_with_tokens_from_elsewhere() {
    let store = Store::new(History::default());
    for (namespace, name) in [("b", "x"), ("a", "z"), ("a", "y"), ("c", "w")] {
        store.commit(put(&Key::new(Some(namespace), name), "1", Expected::Absent)).await.unwrap();
    }
    let mut all = ListQuery { limit: 3, ..ListQuery::all(pods()) };
    let page = store.list(&all).await.unwrap();
    assert_eq!(names(&page.objects), ["y", "z", "x"]);
    all.continue_token = page.continue_token;
    assert_eq!(names(&store.list(&all).await.unwrap().objects), ["w"]);
    all.namespace = Some("a".into());
    assert_eq!(names(&store.list(&all).await.unwrap().objects), ["y", "z"]);
    assert_eq!(names(&store.all(&pods(), Some("a"))), ["y", "z"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_from_the_future_is_waited_for() {
    let store = Arc::new(Store::new(History::default()));
    let query = ListQuery { resource_version: Some("3".to_owned()), ..ListQuery::all(pods()) };
    let before = tokio::time::Instant::now();
    let refused = store.list(&query).await.unwrap_err();
    assert_eq!((refused.code, &*refused.message), (504, "Timeout: Too large resource version: 3, current: 1"));
    assert_eq!(before.elapsed(), Duration::from_secs(3));
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.list(&query).await }
    });
    tokio::task::yield_now().await;
    set(&store, "a", "1").await;
    set(&store, "b", "1").await;
    assert_eq!(names(&waiting.await.unwrap().unwrap().objects), ["a", "b"]);
    assert_eq!(store.check_revision("3"), Ok(()));
    assert_eq!(store.check_revision("4").unwrap_err().code, 504);
    assert_eq!(store.check_revision("x").unwrap_err().code, 500);
}

#[tokio::test]
async fn fields_that_are_registered_later_are_found_in_what_is_there() {
    let store = Store::new(History::default());
    set(&store, "a", "1").await;
    let field = Selectable { label: "l".into(), path: ".metadata.labels.l".into(), absent: "".into() };
    store.register(&pods(), &[field]);
    set(&store, "b", "2").await;
    let fields: Vec<_> = store.all(&pods(), None).iter().map(|object| object.meta.fields[0].to_string()).collect();
    assert_eq!(fields, ["1", "2"]);
}
