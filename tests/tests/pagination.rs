//! Lists page by page, as the clients walk through them.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use primehub_tests::{Caller, Platform};
use rstest::rstest;
use serde_json::{Value, json};

const GROUPS: &str = "query ($page: Int, $first: Int, $last: Int, $after: String, $before: String, $where: GroupWhereInput, $order: GroupOrderByInput) {
    groupsConnection(page: $page, first: $first, last: $last, after: $after, before: $before, where: $where, orderBy: $order) {
        pageInfo { currentPage totalPage hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id name } } } }";
const USERS: &str = "query ($page: Int, $first: Int, $last: Int, $after: String, $before: String, $where: UserWhereInput) {
    usersConnection(page: $page, first: $first, last: $last, after: $after, before: $before, where: $where) {
        pageInfo { currentPage totalPage hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id username } } } }";

/// 25 people and 22 groups, the demo's included.
async fn platform() -> Platform {
    let platform = Platform::start().await;
    for number in 0..20 {
        platform.add_user(&format!("user-{number:02}")).await;
        platform.add_group(&format!("group-{number:02}"), &[], &[]).await;
    }
    platform
}

async fn ask(platform: &Platform, document: &str, variables: Value) -> Value {
    let answer = platform.run(Caller::PlatformAdministrator, document, variables).await;
    answer.data().as_object().unwrap().values().next().unwrap().clone()
}

fn names(connection: &Value) -> Vec<&str> {
    let rows = connection["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]);
    rows.map(|node| node.get("name").or(node.get("username")).unwrap().as_str().unwrap()).collect()
}

/// The SDK reads numbered pages until one is empty: a server that repeats the last page makes it read for ever.
#[tokio::test]
async fn numbered_pages_end_with_an_empty_one() {
    let platform = platform().await;
    for (document, length) in [(GROUPS, 22), (USERS, 25)] {
        let mut found = Vec::new();
        for page in 1..=4 {
            let connection = ask(&platform, document, json!({ "page": page })).await;
            let info = &connection["pageInfo"];
            assert_eq!((&info["currentPage"], &info["totalPage"]), (&json!(page), &json!(3)));
            let flags = (&info["hasPreviousPage"], &info["hasNextPage"]);
            assert!(page > 3 || flags == (&json!(page > 1), &json!(page < 3)), "page {page}: {info}");
            let rows = names(&connection).len();
            assert_eq!(rows, [10, 10, length - 20, 0][page - 1], "page {page}");
            found.extend(names(&connection).into_iter().map(str::to_owned));
        }
        let mut unique = found.clone();
        unique.sort();
        unique.dedup();
        assert_eq!((found.len(), unique.len()), (length, length));
    }
}

/// Cursors of people are page numbers from 0; the SDK counts up from `"0"`.
#[tokio::test]
async fn people_are_walked_by_page_numbers_as_cursors() {
    let platform = platform().await;
    let mut found = 0;
    for after in 0..4_usize {
        let connection = ask(&platform, USERS, json!({ "first": 10, "after": after.to_string() })).await;
        found += names(&connection).len();
        assert_eq!(names(&connection).is_empty(), after == 3);
        let info = &connection["pageInfo"];
        let start = (after > 0).then(|| (after - 1).to_string());
        let end = (after < 2).then(|| (after + 1).to_string());
        assert!(after > 2 || (&info["startCursor"], &info["endCursor"]) == (&json!(start), &json!(end)), "{info}");
    }
    assert_eq!(found, 25);
}

#[rstest]
#[case::nothing_means_the_first_ten(json!({}), "ada", 10)]
#[case::next(json!({ "first": 10, "after": "1" }), "user-05", 10)]
#[case::back_with_first(json!({ "first": 10, "before": "1" }), "user-05", 10)]
#[case::back_with_last(json!({ "last": 10, "before": "1" }), "user-05", 10)]
#[case::last_page(json!({ "first": 10, "after": "2" }), "user-15", 5)]
#[case::page_zero_is_the_first(json!({ "page": 0 }), "ada", 10)]
#[case::search(json!({ "first": 10, "before": "0", "where": { "search": "user-1" } }), "user-10", 10)]
#[case::part_of_the_name(json!({ "where": { "username_contains": "GRA" } }), "grace", 1)]
#[case::part_of_the_address(json!({ "where": { "email_contains": "ada@" } }), "ada", 1)]
#[case::more_than_there_are(json!({ "first": 100 }), "ada", 25)]
#[tokio::test]
async fn pages_of_people(#[case] variables: Value, #[case] first: &str, #[case] count: usize) {
    let connection = ask(&platform().await, USERS, variables).await;
    assert_eq!((names(&connection)[0], names(&connection).len()), (first, count), "{connection}");
}

/// A service account is nobody's colleague.
#[tokio::test]
async fn accounts_of_clients_are_not_among_people() {
    let connection = ask(&platform().await, USERS, json!({ "first": 100, "where": { "search": "service" } })).await;
    assert_eq!(names(&connection), Vec::<&str>::new());
    let info = json!({ "currentPage": 1, "totalPage": 1, "hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null });
    assert_eq!(connection["pageInfo"], info);
}

#[tokio::test]
async fn groups_without_page_are_all_there_and_everyone_is_not() {
    let platform = platform().await;
    let connection = ask(&platform, GROUPS, json!({ "where": {}, "order": {} })).await;
    assert_eq!(names(&connection).len(), 22);
    assert!(!names(&connection).contains(&"everyone"));
    let info = &connection["pageInfo"];
    assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&json!(false), &json!(false)));
    let id = platform.everyone();
    let everyone = ask(&platform, GROUPS, json!({ "where": { "id": id.as_str() } })).await;
    assert_eq!(names(&everyone), ["everyone"]);
}

#[rstest]
#[case::first(json!({ "first": 2, "order": { "name": "asc" } }), &["group-00", "group-01"])]
#[case::last(json!({ "last": 2, "order": { "name": "desc" } }), &["group-01", "group-00"])]
#[case::unknown_cursor(json!({ "first": 1, "after": "gone", "order": { "name": "asc" } }), &["group-00"])]
#[case::search_ignores_case(json!({ "where": { "search": "RESEARCH" } }), &["research"])]
#[case::parts_do_not(json!({ "where": { "name_contains": "RESEARCH" } }), &[])]
#[case::display_name(json!({ "where": { "displayName_contains": "Teach" } }), &["teaching"])]
#[case::conditions_add_up(json!({ "where": { "search": "research", "name_contains": "teach" } }), &[])]
#[case::unlimited_is_most(json!({ "where": { "search": "ch" }, "order": { "quotaCpu": "desc" } }), &["research", "teaching"])]
#[tokio::test]
async fn groups_are_filtered_sorted_and_cut(#[case] variables: Value, #[case] expected: &[&str]) {
    let connection = ask(&platform().await, GROUPS, variables).await;
    assert_eq!(names(&connection), expected);
}

#[tokio::test]
async fn groups_are_walked_by_their_ids_as_cursors() {
    let platform = platform().await;
    let (mut found, mut after) = (Vec::new(), Value::Null);
    loop {
        let connection =
            ask(&platform, GROUPS, json!({ "first": 12, "after": after, "order": { "name": "asc" } })).await;
        found.extend(names(&connection).into_iter().map(str::to_owned));
        after = connection["pageInfo"]["endCursor"].clone();
        if connection["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(found.len(), 22);
    assert!(found.is_sorted());
    let back = ask(&platform, GROUPS, json!({ "last": 12, "before": after, "order": { "name": "asc" } })).await;
    assert_eq!(names(&back), &found[9..21]);
}
