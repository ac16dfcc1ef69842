use std::collections::BTreeSet;

use futures::{FutureExt as _, StreamExt as _};
use primehub_core::identity::{
    Binding, Change, ChangeFeed, Freshness, GroupEdit, IdentityStore as _, Key, RealmEdit, Revision, Role, RoleKey,
    Subject, UserEdit,
};

use super::*;

#[tokio::test]
async fn every_write_tells_what_it_touched() {
    let store = store();
    let mut changes = store.changes(None);
    let (amy, bob) = (add_user(&store, "amy").await, add_user(&store, "bob").await);
    let group = add_group(&store, "research").await;
    let role = RoleKey::realm("it:cpu-1");
    let join = |user: &User| Binding::Join { user: user.id.clone(), group: group.id.clone() };
    let grant = |to| Binding::Grant { to, role: role.clone() };
    let administration = store.directory().administrator_role().clone();
    let promote = Binding::Grant { to: Subject::User(bob.id.clone()), role: administration };
    store.ensure_role(&service(), Role::new(role.clone())).await.unwrap();
    store.bind(&service(), &[join(&amy), grant(Subject::Group(group.id.clone()))]).await.unwrap();
    store.bind(&service(), &[join(&bob), promote]).await.unwrap();
    let mut edit = GroupEdit::default();
    edit.attributes.set("quota-cpu", "1");
    store.edit_group(&service(), &group.id, edit).await.unwrap();
    store.delete_role(&service(), &role).await.unwrap();
    store.delete_group(&service(), &group.id).await.unwrap();
    let edit = RealmEdit { display_name: primehub_core::identity::Edit::Set("Lab".into()), ..RealmEdit::default() };
    store.edit_realm(&service(), edit).await.unwrap();
    store.delete_user(&service(), &amy.id).await.unwrap();

    let (amy, bob, group) = (Key::User(amy.id.clone()), Key::User(bob.id.clone()), Key::Group(group.id.clone()));
    let role = Key::Role(role);
    let expected = [
        vec![amy.clone()],
        vec![bob.clone()],
        vec![group.clone()],
        vec![role.clone()],
        vec![amy.clone(), group.clone()],
        vec![bob.clone()],
        vec![group.clone()],
        vec![role, group.clone()],
        vec![amy.clone(), bob, group],
        vec![Key::Realm],
        vec![amy],
    ];
    for expected in expected {
        let Change::Touched { revision, keys } = changes.next().await.unwrap() else { panic!("read again") };
        assert!(revision <= store.directory().revision());
        assert_eq!(keys.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
    }
    assert!(changes.next().now_or_never().is_none());
}

#[tokio::test]
async fn a_reader_that_lags_reads_again() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    let mut changes = store.changes(None);
    let toggle = |enabled| UserEdit { enabled: Some(enabled), ..UserEdit::default() };
    for number in 0..=ChangeFeed::HISTORY {
        store.edit_user(&service(), &amy.id, toggle(number % 2 == 1)).await.unwrap();
    }
    let revision = store.directory().revision();
    assert_eq!(changes.next().await, Some(Change::ReadAgain { revision }));
    let written = store.edit_user(&service(), &amy.id, toggle(true)).await.unwrap();
    let keys = vec![Key::User(amy.id.clone())];
    assert_eq!(changes.next().await, Some(Change::Touched { revision: written.revision, keys }));
}

#[tokio::test]
async fn the_picture_is_always_fresh() {
    let store = store();
    let written = store.create_user(&service(), new_user("amy")).await.unwrap();
    assert_eq!(store.freshness(), Freshness::Live);
    assert_eq!(store.refresh(&[Key::Realm]).await, Ok(written.revision));
    assert!(written.revision > Revision::default());
    assert!(store.capabilities().renames_users && !store.capabilities().read_only);
}
