use primehub_core::identity::{Applied, Binding, IdentityError, IdentityStore as _, Key, Role, RoleKey, Subject};
use rstest::rstest;

use super::*;

fn named(name: &str) -> Role {
    Role::new(RoleKey::realm(name))
}

#[tokio::test]
async fn do_better_8_3_1_an_existing_role_is_reused() {
    let store = store();
    let mut role = named("it:cpu-1");
    role.attributes = attributes("note", &["x"]);
    assert_eq!(store.ensure_role(&service(), role.clone()).await.unwrap().value, Applied::Changed);
    let before = store.directory();
    assert_eq!(store.ensure_role(&service(), named("it:cpu-1")).await.unwrap().value, Applied::Unchanged);
    assert!(unchanged(&before, &store));
    assert_eq!(**before.role(&role.key).unwrap(), role);
}

#[rstest]
#[case::empty("", Some("role"))]
#[case::longest(&"r".repeat(255), None)]
#[case::too_long(&"r".repeat(256), Some("role"))]
#[case::as_long_as_two(&"😀".repeat(128), Some("role"))]
#[case::control_character("it:a\0", Some("role"))]
#[case::unicode("ds:資料", None)]
#[tokio::test]
async fn names_of_roles(#[case] name: &str, #[case] field: Option<&str>) {
    let answer = store().ensure_role(&service(), named(name)).await;
    assert_eq!(answer.as_ref().err().and_then(field_of), field);
    assert_eq!(answer.is_ok(), field.is_none());
}

#[tokio::test]
async fn names_that_differ_in_case_are_two_roles() {
    let store = store();
    for name in ["it:cpu-1", "IT:CPU-1"] {
        assert_eq!(store.ensure_role(&service(), named(name)).await.unwrap().value, Applied::Changed);
    }
    store.delete_role(&service(), &RoleKey::realm("IT:CPU-1")).await.unwrap();
    assert!(store.directory().role(&RoleKey::realm("it:cpu-1")).is_some());
}

#[tokio::test]
async fn a_role_contains_what_exists() {
    let store = store();
    let mut role = named("outer");
    role.composites.insert(RoleKey::realm("inner"));
    let error = store.ensure_role(&service(), role.clone()).await.unwrap_err();
    assert_eq!(error, IdentityError::Absent(Key::Role(RoleKey::realm("inner"))));
    store.ensure_role(&service(), named("inner")).await.unwrap();
    store.ensure_role(&service(), role.clone()).await.unwrap();
    store.delete_role(&service(), &RoleKey::realm("inner")).await.unwrap();
    assert!(store.directory().role(&role.key).unwrap().composites.is_empty());
}

#[tokio::test]
async fn do_better_8_3_2_a_deleted_role_takes_its_grants_along_and_an_absent_one_is_done() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    let role = RoleKey::realm("it:cpu-1");
    store.ensure_role(&service(), named("it:cpu-1")).await.unwrap();
    let group = add_group(&store, "research").await.id.clone();
    let join = Binding::Join { user: amy.id.clone(), group: group.clone() };
    let grant = Binding::Grant { to: Subject::Group(group), role: role.clone() };
    store.bind(&service(), &[join, grant]).await.unwrap();
    assert!(store.directory().effective_roles(&amy.id).contains(&role));
    assert_eq!(store.delete_role(&service(), &role).await.unwrap().value, Applied::Changed);
    let directory = store.directory();
    assert!(directory.role(&role).is_none() && !directory.effective_roles(&amy.id).contains(&role));
    assert_eq!(store.delete_role(&service(), &role).await.unwrap().value, Applied::Unchanged);
    assert!(unchanged(&directory, &store));
}

#[tokio::test]
async fn do_better_8_3_4_the_groups_of_a_role_are_one_look_up() {
    let store = store();
    let role = RoleKey::realm("it:cpu-1");
    store.ensure_role(&service(), named("it:cpu-1")).await.unwrap();
    let mut expected = Vec::new();
    for name in ["research", "teaching"] {
        let group = add_group(&store, name).await.id.clone();
        store
            .bind(&service(), &[Binding::Grant { to: Subject::Group(group.clone()), role: role.clone() }])
            .await
            .unwrap();
        expected.push(group);
    }
    add_group(&store, "without").await;
    expected.sort();
    assert!(store.directory().groups_with_role(&role).eq(&expected));
}

#[tokio::test]
async fn roles_of_clients_and_the_default_role_stay() {
    let store = store();
    let administrator = RoleKey::administrator("primehub");
    let made = store.ensure_role(&service(), Role::new(administrator.clone())).await;
    let deleted = store.delete_role(&service(), &administrator).await;
    assert!(matches!(made, Err(IdentityError::Unsupported { .. })), "{made:?}");
    assert!(matches!(deleted, Err(IdentityError::Unsupported { .. })), "{deleted:?}");
    let error = store.delete_role(&service(), &RoleKey::realm("default-roles-primehub")).await.unwrap_err();
    assert_eq!(field_of(&error), Some("role"));
}
