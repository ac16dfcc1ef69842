//! Documents that would cost too much are refused before they are run.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use primehub_tests::{Caller, Platform};
use rstest::rstest;

fn nested(levels: usize) -> String {
    format!(
        "{{ me {}{} }}",
        "{ groups { users ".repeat(levels / 2),
        format!("{{ id {}", "} } ".repeat(levels / 2)) + "}"
    )
}

fn aliased(count: usize) -> String {
    let mut text = "{ ".to_owned();
    for number in 0..count {
        let _ = write!(text, "a{number}: me {{ id }} ");
    }
    text + "}"
}

#[rstest]
#[case::depth_50(nested(50))]
#[case::a_thousand_aliases(aliased(1_000))]
#[case::a_thousand_fields(format!("{{ me {{ {} }} }}", "id ".repeat(1_001)))]
#[case::a_hundred_root_fields(format!("{{ {} }}", "me { id } ".repeat(100)))]
#[case::lists_in_lists_in_lists("{ users { groups { users { groups { id } } } } }".into())]
#[case::directives(format!("{{ me {} {{ id }} }}", "@skip(if: false) ".repeat(60)))]
#[case::brackets("[".repeat(100_000))]
#[case::cyclic_fragments("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".into())]
#[tokio::test]
async fn do_better_3_6_9_what_costs_too_much_is_refused(#[case] document: String) {
    let platform = Platform::start().await;
    platform.query(Caller::Member, "{ me { id } }").await.data();
    platform.counted.take();
    let started = Instant::now();
    let answer = platform.query(Caller::Member, &document).await;
    let elapsed = started.elapsed();
    println!("refused after {elapsed:?}: {}", answer.message());
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"].contains(&answer.code()), "{}", answer.text);
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
    assert!(platform.counted.take().is_empty());
}

#[tokio::test]
async fn what_is_just_within_the_limits_is_answered() {
    let platform = Platform::start().await;
    for document in [
        aliased(50),
        format!("{{ me {{ {} }} }}", "id ".repeat(900)),
        "{ me { effectiveGroups { users { id } } } }".into(),
    ] {
        platform.query(Caller::Member, &document).await.data();
    }
}
