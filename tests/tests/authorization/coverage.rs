//! The table, and the check that it is complete.

use std::collections::BTreeSet;

use primehub_tests::schema::Types;
use primehub_tests::{Caller, Platform, golden, schema};

use super::object_fields::{self, is_covered};
use super::root_fields::{self, CASES};

async fn platform() -> Platform {
    let platform = Platform::start_with(|options| options.introspection = true).await;
    platform.add_mail_server().await;
    let logo = r#"mutation { updateSystem(data: { org: { logo: { contentType: "image/png", name: "logo.png", size: 1, url: "https://example.com/logo.png" } } }) { __typename } }"#;
    platform.query(Caller::PlatformAdministrator, logo).await.data();
    platform
}

/// What the schema has and no case names, and what cases name and the schema has not.
fn gaps(types: &Types) -> Vec<String> {
    let root = |name: &str| matches!(name, "Query" | "Mutation");
    let named: BTreeSet<&str> = CASES.iter().map(|case| case.field).collect();
    let mut gaps = Vec::new();
    for (name, of) in types.iter().filter(|(_, of)| of.kind == "OBJECT") {
        for field in of.fields.keys() {
            let field = format!("{name}.{field}");
            if !(if root(name) { named.contains(field.as_str()) } else { is_covered(name) }) {
                gaps.push(format!("{field} has no case"));
            }
        }
    }
    let exists = |field: &str| {
        let (name, field) = field.split_once('.').unwrap();
        types.get(name).is_some_and(|of| of.fields.contains_key(field))
    };
    gaps.extend(named.iter().filter(|field| !exists(field)).map(|field| format!("{field} does not exist")));
    gaps.extend(
        object_fields::covered().filter(|name| !types.contains_key(*name)).map(|name| format!("{name} does not exist")),
    );
    gaps
}

#[tokio::test]
async fn every_field_and_every_caller_stand_in_the_golden_table() {
    let platform = platform().await;
    let types = schema::read(&platform).await;
    assert_eq!(gaps(&types), Vec::<String>::new());
    let table = format!("{}{}", root_fields::table(&platform).await, object_fields::tables(&platform, &types).await);
    golden::assert("authorization.txt", &table);
}

#[tokio::test]
async fn a_field_without_a_case_is_noticed() {
    let mut types = schema::read(&platform().await).await;
    types.get_mut("Query").unwrap().fields.insert("inventedTomorrow".into(), schema::Field::default());
    let mut invented = types["User"].clone();
    invented.fields.retain(|name, _| name == "id");
    types.insert("Invented".into(), invented);
    types.remove("PageInfo");
    assert_eq!(
        gaps(&types),
        ["Invented.id has no case", "Query.inventedTomorrow has no case", "PageInfo does not exist"]
    );
}
