//! The suite itself: it is complete, and it notices stores that do not keep their promises.
#![allow(clippy::unwrap_used, clippy::panic, reason = "whatever goes wrong here has to end the test")]

mod broken;

use std::collections::BTreeSet;
use std::sync::Arc;

use primehub_conformance::{
    Backend as _, Case, Conformance, DIFFERENCES, METHODS, MemoryBackend, Recording, Summary, all,
};

use broken::{Broken, Fault};

#[test]
fn names_are_unique_and_there_are_at_least_120() {
    let cases = all();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 120, "{} cases", cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_arise_in_memory_is_in_the_table_and_nothing_else() {
    let backend = Arc::new(MemoryBackend::start().await.unwrap());
    let table: BTreeSet<_> = backend.does_not_arise().iter().copied().collect();
    let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    let summary = ran(Conformance::new(backend), &names).await;
    assert_eq!(summary.broken().collect::<Vec<_>>(), [""; 0]);
    assert_eq!(summary.not_arising().collect::<BTreeSet<_>>(), table);
}

/// What differs stands where people look for it.
#[tokio::test(flavor = "multi_thread")]
async fn every_difference_is_documented() {
    let document = include_str!("../../../ARCHITECTURE.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, section) = document.split_once("## Where the in-memory store differs from a Keycloak realm").unwrap();
    let section = section.split_once(" ## ").map_or(section, |(section, _)| section);
    let backend = MemoryBackend::start().await.unwrap();
    let reasons = backend.does_not_arise().iter().map(|(_, reason)| *reason);
    for text in DIFFERENCES.iter().flat_map(|(difference, reason)| [*difference, *reason]).chain(reasons) {
        assert!(section.contains(text), "{text:?} is missing in ARCHITECTURE.md");
    }
}

/// Each case of the table is run by itself, and does call the method that it stands for.
#[tokio::test(flavor = "multi_thread")]
async fn every_method_of_the_store_has_cases() {
    let methods: Vec<&str> = METHODS.iter().map(|(method, _)| *method).collect();
    assert_eq!(methods, Recording::ALL);
    let backend = Arc::new(MemoryBackend::start().await.unwrap());
    for (method, cases) in METHODS {
        assert!(!cases.is_empty(), "{method}");
        for name in *cases {
            let recording = Arc::new(Recording::new(backend.store()));
            let summary = ran(Conformance::through(backend.clone(), recording.clone()), &[name]).await;
            assert_eq!(summary.ran(), 1, "{name}");
            assert!(recording.called().contains(method), "{name} does not call {method}");
        }
    }
}

/// Runs the named cases.
async fn ran(conformance: Arc<Conformance>, names: &[&str]) -> Summary {
    let cases: Vec<(usize, Case)> = all().into_iter().enumerate().collect();
    for name in names {
        let (number, case) =
            cases.iter().find(|(_, case)| case.name == *name).unwrap_or_else(|| panic!("no case {name}"));
        // How it ends is in the summary.
        let _ = conformance.run(*number, *case).await;
    }
    conformance.summary()
}

/// A store with one fault fails the cases about it.
#[tokio::test(flavor = "multi_thread")]
async fn the_suite_notices_stores_that_break_promises() {
    let attempts = broken::FAULTS.iter().map(|(fault, cases)| {
        tokio::spawn(async move {
            let noticed = ran(Conformance::new(with(*fault).await), cases).await;
            assert_eq!(noticed.broken().collect::<BTreeSet<_>>(), cases.iter().copied().collect(), "{fault:?}");
        })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        attempt.await.unwrap();
    }
}

/// The same cases succeed on a store without faults, seen through the same decorator.
#[tokio::test(flavor = "multi_thread")]
async fn the_suite_does_not_notice_what_is_not_there() {
    let cases: BTreeSet<&str> = broken::FAULTS.iter().flat_map(|(_, cases)| *cases).copied().collect();
    let cases: Vec<&str> = cases.into_iter().collect();
    let summary = ran(Conformance::new(with(Fault::None).await), &cases).await;
    assert_eq!((summary.broken().collect::<Vec<_>>(), summary.ran()), (Vec::new(), cases.len()));
}

async fn with(fault: Fault) -> Arc<MemoryBackend> {
    let broken = |inner| Arc::new(Broken::new(inner, fault)) as _;
    Arc::new(MemoryBackend::start_as(broken).await.unwrap())
}
