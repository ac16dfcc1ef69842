use primehub_core::identity::{
    Binding, GroupEdit, IdentityError, IdentityStore as _, Invitation, InvitationId, NewInvitation, NewPassword,
    RealmEdit, RequiredActionsEmail, Role, RoleKey, Subject, UserEdit,
};
use primehub_core::names::UserId;
use rstest::rstest;

use super::*;

#[rstest]
#[case::of_a_realm("primehub", "realm-admin")]
#[case::of_master("master", "admin")]
#[tokio::test]
async fn a_person_needs_the_administrator_role_now(#[case] realm: &str, #[case] missing: &str) {
    let mut settings = RealmSettings::new(realm, "admin-ui");
    settings.password_cost = PasswordCost::lowest();
    let store = MemoryIdentityStore::new(settings);
    let amy = add_user(&store, "amy").await;
    let denied = Err(IdentityError::Denied { missing: missing.to_owned() });
    let attempt = async || store.ensure_service_account(&person(&amy), "client").await.map(|_| ());
    let role = store.directory().administrator_role().clone();
    let admin = Subject::User(amy.id.clone());

    assert_eq!(attempt().await, denied);
    store.bind(&service(), &[Binding::Grant { to: admin.clone(), role: role.clone() }]).await.unwrap();
    assert_eq!(attempt().await, Ok(()));
    let enabled = |enabled| UserEdit { enabled: Some(enabled), ..UserEdit::default() };
    store.edit_user(&service(), &amy.id, enabled(false)).await.unwrap();
    assert_eq!(attempt().await, Err(IdentityError::TokenNotAccepted));
    store.edit_user(&service(), &amy.id, enabled(true)).await.unwrap();
    assert_eq!(attempt().await, Ok(()));
    store.bind(&person(&amy), &[Binding::Revoke { from: admin.clone(), role: role.clone() }]).await.unwrap();
    assert_eq!(attempt().await, denied);
    store.bind(&service(), &[Binding::Grant { to: admin, role }]).await.unwrap();
    store.delete_user(&service(), &amy.id).await.unwrap();
    assert_eq!(attempt().await, Err(IdentityError::TokenNotAccepted));
}

#[tokio::test]
async fn the_administrator_role_counts_through_a_group() {
    let store = store();
    let (amy, group) = (add_user(&store, "amy").await, add_group(&store, "research").await);
    let role = store.directory().administrator_role().clone();
    let bindings = [
        Binding::Grant { to: Subject::Group(group.id.clone()), role },
        Binding::Join { user: amy.id.clone(), group: group.id.clone() },
    ];
    store.bind(&service(), &bindings).await.unwrap();
    assert!(store.create_user(&person(&amy), new_user("bob")).await.is_ok());
}

/// Whatever is asked for, a person without rights gets the same answer, also about what does not exist.
#[tokio::test]
async fn every_write_asks_for_the_right() {
    let store = store();
    let (amy, group) = (add_user(&store, "amy").await, add_group(&store, "research").await);
    let before = store.directory();
    let by = person(&amy);
    let invitation = Invitation::new(InvitationId::of_token("t"), group.id.clone(), jiff::Timestamp::MAX);
    let email = RequiredActionsEmail::new(Vec::new(), std::time::Duration::ZERO);
    let password = NewPassword::lasting(secret("secret"));
    let nobody = UserId::new("nobody");
    let answers = [
        store.create_user(&by, new_user("bob")).await.map(drop),
        store.edit_user(&by, &amy.id, UserEdit::default()).await.map(drop),
        store.edit_user(&by, &nobody, UserEdit::default()).await.map(drop),
        store.delete_user(&by, &amy.id).await.map(drop),
        store.set_password(&by, &amy.id, password.clone()).await,
        store.set_password(&by, &nobody, password).await,
        store.remove_one_time_passwords(&by, &amy.id).await.map(drop),
        store.send_required_actions(&by, &amy.id, email).await,
        store.create_group(&by, new_group("other")).await.map(drop),
        store.edit_group(&by, &group.id, GroupEdit::default()).await.map(drop),
        store.delete_group(&by, &group.id).await.map(drop),
        store.bind(&by, &[]).await.map(drop),
        store.ensure_role(&by, Role::new(RoleKey::realm("r"))).await.map(drop),
        store.delete_role(&by, &RoleKey::realm("r")).await.map(drop),
        store.edit_realm(&by, RealmEdit::default()).await.map(drop),
        store.revoke_api_tokens(&by, &amy.id).await.map(drop),
        store.put_invitation(&by, NewInvitation::new(invitation.clone())).await.map(drop),
        store.take_invitation(&by, &invitation.id).await.map(drop),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, Err(IdentityError::Denied { missing: "realm-admin".into() }), "answer {number}");
    }
    assert!(unchanged(&before, &store));
}
