//! Watches.

use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn a_watch_tells_what_happens_after_its_version() {
    let store = Store::new(History::default());
    set(&store, "a", "1").await;
    let mut past = store.follow(watch(Start::After(1)), None);
    let mut now = store.follow(watch(Start::Now), None);
    let mut future = store.follow(watch(Start::After(4)), None);
    set(&store, "a", "2").await;
    set(&store, "b", "1").await;
    remove(&store, "a").await;
    assert_eq!(next(&mut past).await, ["+a 2", "~a 3", "+b 4", "-a 5"]);
    assert_eq!(next(&mut now).await, ["~a 3", "+b 4", "-a 5"]);
    assert_eq!(next(&mut future).await, ["-a 5"]);
}

#[tokio::test]
async fn what_was_there_comes_first_if_it_is_asked_for() {
    let store = Store::new(History::default());
    set(&store, "b", "1").await;
    set(&store, "a", "1").await;
    let mut all = store.follow(watch(Start::All(0)), None);
    assert_eq!(next(&mut all).await, ["+a 3", "+b 2", "closing 3"]);
    set(&store, "a", "2").await;
    assert_eq!(next(&mut all).await, ["~a 4"]);
    let mut silent = store.follow(WatchQuery { bookmarks: false, ..watch(Start::All(0)) }, None);
    // However late somebody begins to read, it is what was there when the watch was asked for.
    remove(&store, "b").await;
    assert_eq!(next(&mut silent).await, ["+a 4", "+b 2"]);
    assert_eq!(next(&mut silent).await, ["-b 5"]);
}

#[tokio::test]
async fn moving_into_a_selection_is_an_addition_and_out_of_it_a_deletion() {
    let store = Store::new(History::default());
    let labels = LabelSelector::parse("l=1").unwrap();
    let mut selecting = store.follow(WatchQuery { labels, ..watch(Start::Now) }, None);
    for label in ["2", "1", "1", "2", "2", "1"] {
        set(&store, "a", label).await;
    }
    remove(&store, "a").await;
    let updates = selecting.next().await.unwrap();
    assert_eq!(updates.iter().map(shown).collect::<Vec<_>>(), ["+a 3", "~a 4", "-a 5", "+a 7", "-a 8"]);
    let Update::Deleted(left) = &updates[2] else { panic!("{updates:?}") };
    assert_eq!((&*left.meta.labels[0].1, left.meta.revision), ("1", 5), "as it was when it was selected");
}

#[tokio::test]
async fn who_falls_behind_is_told_so_and_holds_nothing() {
    let store = Store::new(history(2));
    let mut slow = store.follow(watch(Start::Now), None);
    for label in ["1", "2", "3"] {
        set(&store, "a", label).await;
    }
    let updates = slow.next().await.unwrap();
    let [Update::Error(status)] = &*updates else { panic!("{updates:?}") };
    assert_eq!((status.code, status.reason, &*status.message), (410, "Expired", "too old resource version: 1 (2)"));
    assert!(slow.next().await.is_none());
    let mut late = store.follow(watch(Start::After(1)), None);
    assert_eq!(next(&mut late).await, ["too old resource version: 1 (2)"]);
    let mut in_time = store.follow(watch(Start::After(2)), None);
    assert_eq!(next(&mut in_time).await, ["~a 3", "~a 4"]);
}

#[tokio::test]
async fn the_history_is_bounded_by_what_it_holds_alone() {
    let store = Store::new(History { bytes: 4096, ..History::default() });
    for name in 0..100 {
        set(&store, &name.to_string(), "1").await;
    }
    let mut created = store.follow(watch(Start::After(1)), None);
    assert_eq!(next(&mut created).await.len(), 100, "objects that are there cost nothing");
    for label in 0..100 {
        set(&store, "0", &label.to_string()).await;
    }
    let mut changed = store.follow(watch(Start::After(101)), None);
    assert!(next(&mut changed).await[0].starts_with("too old resource version: 101 ("));
}

#[tokio::test]
async fn a_watch_ends_with_its_resource_and_with_the_store() {
    let store = Store::new(History::default());
    let mut first = store.follow(watch(Start::Now), None);
    set(&store, "a", "1").await;
    store.close(&pods());
    assert_eq!(next(&mut first).await, ["+a 2"]);
    assert!(first.next().await.is_none());
    let mut second = store.follow(watch(Start::Now), None);
    drop(store);
    assert!(second.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn bookmarks_come_regularly_and_before_the_end() {
    let store = Store::new(History::default());
    let began = tokio::time::Instant::now();
    let seconds = || began.elapsed().as_secs();
    let labels = LabelSelector::parse("l=other").unwrap();
    let query = WatchQuery { labels, ..watch(Start::Now) };
    let mut watching = store.follow(query.clone(), Some(Duration::from_secs(150)));
    set(&store, "a", "1").await;
    assert_eq!((next(&mut watching).await, seconds()), (vec!["bookmark 2".to_owned()], 60));
    set(&store, "a", "2").await;
    assert_eq!((next(&mut watching).await, seconds()), (vec!["bookmark 3".to_owned()], 120));
    set(&store, "a", "3").await;
    assert_eq!((next(&mut watching).await, seconds()), (vec!["bookmark 4".to_owned()], 148));
    assert!(watching.next().await.is_none());
    assert_eq!(seconds(), 150);
    let mut silent = store.follow(WatchQuery { bookmarks: false, ..query }, Some(Duration::from_secs(100)));
    set(&store, "a", "4").await;
    assert!(silent.next().await.is_none());
    assert_eq!(seconds(), 250);
}

#[tokio::test(start_paused = true)]
async fn from_the_future_a_watch_is_silent_and_a_streaming_list_fails() {
    let store = Store::new(History::default());
    let mut silent = store.follow(watch(Start::After(99)), Some(Duration::from_secs(5)));
    set(&store, "a", "1").await;
    assert!(silent.next().await.is_none());
    let mut all = store.follow(watch(Start::All(99)), None);
    assert_eq!(next(&mut all).await, ["Timeout: Too large resource version: 99, current: 2"]);
    assert!(all.next().await.is_none());
}

#[derive(Clone, Debug)]
enum Act {
    Set(u8, u8),
    Remove(u8),
    /// The watcher reads.
    Read,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0..6_u8, 0..3_u8).prop_map(|(name, label)| Act::Set(name, label)),
        2 => (0..6_u8).prop_map(Act::Remove),
        2 => Just(Act::Read),
    ];
    proptest::collection::vec(act, 0..60)
}

/// Takes over what a watch tells.
fn replay(seen: &mut BTreeMap<String, u64>, updates: &[Update]) {
    for update in updates {
        match update {
            Update::Added(object) => assert_eq!(seen.insert(object.meta.key.name.to_string(), version(object)), None),
            Update::Modified(object) => {
                assert!(seen.insert(object.meta.key.name.to_string(), version(object)).is_some());
            }
            Update::Deleted(object) => assert!(seen.remove(&*object.meta.key.name).is_some()),
            Update::Bookmark { .. } => {}
            Update::Error(status) => panic!("{status}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A list and what a watch tells after it are the state of the store, with a selector too.
    #[test]
    fn a_list_and_its_watch_are_the_store(before in acts(), after in acts(), selector in prop_oneof![Just(""), Just("l=1"), Just("l!=1")]) {
        use futures::FutureExt as _;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let store = Store::new(History::default());
            let act = async |act: &Act| match act {
                Act::Set(name, label) => drop(set(&store, &name.to_string(), &label.to_string()).await),
                Act::Remove(name) if store.contains(&pods(), &named(&name.to_string())) => drop(remove(&store, &name.to_string()).await),
                Act::Remove(_) | Act::Read => {}
            };
            for before in &before {
                act(before).await;
            }
            let labels = LabelSelector::parse(selector).unwrap();
            let query = ListQuery { labels: labels.clone(), ..ListQuery::all(pods()) };
            let list = async || {
                let page = store.list(&query).await.unwrap();
                let objects = page.objects.iter().map(|object| (object.meta.key.name.to_string(), version(object)));
                (page.revision, objects.collect::<BTreeMap<_, _>>())
            };
            let (revision, mut seen) = list().await;
            let mut watching = store.follow(WatchQuery { labels, ..watch(Start::After(revision)) }, None);
            for after in after.iter().chain([&Act::Read]) {
                act(after).await;
                if matches!(after, Act::Read) {
                    while let Some(updates) = watching.next().now_or_never() {
                        replay(&mut seen, &updates.unwrap());
                    }
                    prop_assert_eq!(&seen, &list().await.1);
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_and_watchers_agree() {
    let store = Arc::new(Store::new(History::default()));
    let watchers: Vec<_> = (0..4)
        .map(|_| {
            let mut watching = store.follow(watch(Start::Now), None);
            tokio::spawn(async move {
                let (mut seen, mut told) = (BTreeMap::new(), 0);
                while seen.len() < 400 {
                    let updates = watching.next().await.unwrap();
                    replay(&mut seen, &updates);
                    for update in &updates {
                        let Update::Added(object) = update else { panic!("{update:?}") };
                        assert!(told < object.meta.revision, "in order");
                        told = object.meta.revision;
                    }
                }
                seen
            })
        })
        .collect();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..100 {
                    set(&store, &format!("{writer}-{number}"), "1").await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let there: BTreeMap<_, _> =
        store.all(&pods(), None).iter().map(|object| (object.meta.key.name.to_string(), version(object))).collect();
    assert_eq!((there.len(), store.revision()), (400, 401));
    for watcher in watchers {
        assert_eq!(watcher.await.unwrap(), there);
    }
}
