//! The table.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use primehub_tests::golden;

use super::case::{Case, Endpoint, Row};
use super::scene::Scene;
use super::{authorization, browser_logout, clients, open, pages, site};

const GROUPS: [&[Endpoint]; 6] = [
    authorization::ENDPOINTS,
    pages::ENDPOINTS,
    browser_logout::ENDPOINTS,
    clients::ENDPOINTS,
    site::ENDPOINTS,
    open::ENDPOINTS,
];

/// Everything that can be asked for.
pub(crate) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    GROUPS.into_iter().flatten()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_is_the_golden_one() {
    let mut text = String::from("# endpoint | case | status | what the answer says | what has changed\n");
    // Each group has a clock of its own to move.
    let groups = GROUPS.map(|group| tokio::spawn(lines(group)));
    for group in groups {
        text.push_str(&group.await.unwrap());
    }
    golden::assert("endpoints.txt", &text);
}

async fn lines(endpoints: &[Endpoint]) -> String {
    let scene = Scene::start().await;
    let mut text = String::new();
    for endpoint in endpoints {
        let (method, path) = endpoint.route;
        let _ = writeln!(text, "\n# {method} {path}");
        for case in Case::ALL {
            let row = (endpoint.send)(&scene, case).await;
            let works = matches!(row, Row::Sent { status: 200..400, .. });
            assert!(works || case != Case::AsMeant, "{} works if it is used as meant: {row}", endpoint.name);
            let _ = writeln!(text, "{} | {} | {row}", endpoint.name, case.label());
        }
    }
    text
}

#[test]
fn endpoints_can_be_told_apart() {
    let names: BTreeSet<_> = endpoints().map(|endpoint| (endpoint.name, endpoint.route)).collect();
    assert_eq!(names.len(), endpoints().count());
}
