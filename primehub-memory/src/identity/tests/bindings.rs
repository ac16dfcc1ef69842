use primehub_core::identity::{Applied, Binding, IdentityError, IdentityStore as _, Key, Role, RoleKey, Subject};
use primehub_core::names::{GroupId, UserId};

use super::*;

#[tokio::test]
async fn each_binding_has_its_own_answer_in_order() {
    let store = store();
    let (amy, group) = (add_user(&store, "amy").await, add_group(&store, "research").await);
    let (nobody, nothing) = (UserId::new("nobody"), GroupId::new("nothing"));
    let join = |user: &UserId, group: &GroupId| Binding::Join { user: user.clone(), group: group.clone() };
    let leave = |user: &UserId, group: &GroupId| Binding::Leave { user: user.clone(), group: group.clone() };
    let outcomes = store
        .bind(
            &service(),
            &[
                join(&amy.id, &group.id),
                join(&amy.id, &group.id),
                join(&nobody, &group.id),
                join(&amy.id, &nothing),
                leave(&amy.id, &group.id),
                leave(&amy.id, &group.id),
                leave(&nobody, &group.id),
                leave(&amy.id, &nothing),
                join(&amy.id, &group.id),
            ],
        )
        .await
        .unwrap();
    let (user, no_group) = (Err(absent_user(&nobody)), Err(IdentityError::Absent(Key::Group(nothing))));
    let expected = [
        Ok(Applied::Changed),
        Ok(Applied::Unchanged),
        user.clone(),
        no_group.clone(),
        Ok(Applied::Changed),
        Ok(Applied::Unchanged),
        user,
        no_group,
        Ok(Applied::Changed),
    ];
    assert_eq!(outcomes, expected);
    assert!(store.directory().is_member(&amy.id, &group.id));
}

fn absent_user(id: &UserId) -> IdentityError {
    IdentityError::Absent(Key::User(id.clone()))
}

#[tokio::test]
async fn roles_are_granted_to_users_and_groups() {
    let store = store();
    let (amy, group) = (add_user(&store, "amy").await, add_group(&store, "research").await);
    let (role, administration) = (RoleKey::realm("it:cpu-1"), store.directory().administrator_role().clone());
    store.ensure_role(&service(), Role::new(role.clone())).await.unwrap();
    let grants = [
        (Subject::User(amy.id.clone()), administration.clone()),
        (Subject::Group(group.id.clone()), administration.clone()),
        (Subject::Group(group.id.clone()), role.clone()),
    ];
    for (subject, role) in grants {
        let grant = Binding::Grant { to: subject.clone(), role: role.clone() };
        let revoke = Binding::Revoke { from: subject, role };
        let outcomes =
            store.bind(&service(), &[revoke.clone(), grant.clone(), grant.clone(), revoke, grant]).await.unwrap();
        let expected = [Applied::Unchanged, Applied::Changed, Applied::Unchanged, Applied::Changed, Applied::Changed];
        assert_eq!(outcomes, expected.map(Ok));
    }
    let directory = store.directory();
    assert!(directory.group_has_role(&group.id, &role) && directory.users_with_role(&administration).eq([&amy.id]));

    let nobody = UserId::new("nobody");
    let unknown = RoleKey::realm("it:unknown");
    let outcomes = store
        .bind(
            &service(),
            &[
                Binding::Grant { to: Subject::User(nobody.clone()), role: administration },
                Binding::Revoke { from: Subject::Group(group.id.clone()), role: unknown.clone() },
            ],
        )
        .await
        .unwrap();
    assert_eq!(outcomes, [Err(absent_user(&nobody)), Err(IdentityError::Absent(Key::Role(unknown)))]);
}

#[tokio::test]
async fn single_users_get_no_other_role_and_the_rest_is_carried_out() {
    let store = store();
    let (amy, group) = (add_user(&store, "amy").await, add_group(&store, "research").await);
    let role = RoleKey::realm("it:cpu-1");
    store.ensure_role(&service(), Role::new(role.clone())).await.unwrap();
    let user = Subject::User(amy.id.clone());
    let default_role = RoleKey::realm("default-roles-primehub");
    let bindings = [
        Binding::Grant { to: user.clone(), role: role.clone() },
        Binding::Revoke { from: user.clone(), role: default_role.clone() },
        Binding::Grant { to: Subject::User(UserId::new("nobody")), role: RoleKey::realm("it:unknown") },
        Binding::Grant { to: Subject::Group(group.id.clone()), role: role.clone() },
    ];
    let outcomes = store.bind(&service(), &bindings).await.unwrap();
    let refused = || Err(IdentityError::Unsupported { operation: "granting a role to a single user" });
    assert_eq!(outcomes, [refused(), refused(), refused(), Ok(Applied::Changed)]);
    let directory = store.directory();
    assert_eq!(directory.users_with_role(&role).count(), 0);
    assert!(directory.users_with_role(&default_role).eq([&amy.id]), "new accounts get it all the same");
}

#[tokio::test]
async fn bindings_without_effect_make_no_new_picture() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    let before = store.directory();
    let join = Binding::Join { user: amy.id.clone(), group: before.everyone_id().clone() };
    assert_eq!(store.bind(&service(), &[join]).await, Ok(vec![Ok(Applied::Unchanged)]));
    assert_eq!(store.bind(&service(), &[]).await, Ok(Vec::new()));
    assert!(unchanged(&before, &store));
}
