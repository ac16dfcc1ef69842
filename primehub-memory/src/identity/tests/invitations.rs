use std::time::Duration;

use jiff::Timestamp;
use primehub_core::identity::{IdentityError, IdentityStore as _, Invitation, InvitationId, Key, NewInvitation};
use primehub_core::names::GroupId;

use super::*;

fn invitation(token: &str, group: &GroupId, expires_at: i64) -> Invitation {
    Invitation::new(InvitationId::of_token(token), group.clone(), Timestamp::from_second(expires_at).unwrap())
}

#[tokio::test]
async fn an_invitation_is_taken_once_and_can_be_put_back() {
    let store = store();
    let group = add_group(&store, "research").await;
    let put = invitation("token", &group.id, 60);
    store.put_invitation(&service(), NewInvitation::new(put.clone())).await.unwrap();
    assert_eq!(store.directory().invitation(&put.id).map(|found| &**found), Some(&put));
    let absent = IdentityError::Absent(Key::Invitation(put.id));
    for _ in 0..2 {
        assert_eq!(store.take_invitation(&service(), &put.id).await.unwrap().value, put);
        assert_eq!(store.take_invitation(&service(), &put.id).await.unwrap_err(), absent);
        store.put_invitation(&service(), NewInvitation::new(put.clone())).await.unwrap();
    }
}

#[tokio::test]
async fn an_invitation_needs_its_group() {
    let store = store();
    let nothing = GroupId::new("nothing");
    let error =
        store.put_invitation(&service(), NewInvitation::new(invitation("token", &nothing, 60))).await.unwrap_err();
    assert_eq!(error, IdentityError::Absent(Key::Group(nothing)));
}

#[tokio::test]
async fn expired_invitations_go_when_another_comes() {
    let clock = clock();
    let store = store_at(clock.clone());
    let group = add_group(&store, "research").await;
    for (token, expires_at) in [("early", 60), ("late", 61)] {
        let new = NewInvitation::new(invitation(token, &group.id, expires_at));
        store.put_invitation(&service(), new).await.unwrap();
    }
    clock.advance(Duration::from_mins(1));
    assert_eq!(store.directory().invitations().count(), 2);
    store.put_invitation(&service(), NewInvitation::new(invitation("new", &group.id, 120))).await.unwrap();
    let directory = store.directory();
    let left = ["early", "late", "new"].map(|token| directory.invitation(&InvitationId::of_token(token)).is_some());
    assert_eq!(left, [false, true, true]);
}

#[tokio::test]
async fn a_group_has_only_so_many_open_invitations() {
    let clock = clock();
    let store = store_at(clock.clone());
    let (group, other) = (add_group(&store, "research").await, add_group(&store, "sales").await);
    let put = |token: &str, group: &GroupId, expires_at| {
        let mut new = NewInvitation::new(invitation(token, group, expires_at));
        new.at_most = Some(2);
        let store = store.clone();
        async move { store.put_invitation(&service(), new).await.map(drop) }
    };
    let too_many = Err(IdentityError::LimitReached { limit: 2 });
    assert_eq!(put("one", &group.id, 60).await, Ok(()));
    assert_eq!(put("two", &group.id, 61).await, Ok(()));
    let before = store.directory();
    assert_eq!(put("three", &group.id, 61).await, too_many);
    assert!(unchanged(&before, &store));
    assert_eq!(put("three", &other.id, 61).await, Ok(()), "another group has its own");
    assert_eq!(put("two", &group.id, 61).await, Ok(()), "it is there already");
    // What could not be used comes back in any case.
    let back = NewInvitation::new(invitation("back", &group.id, 61));
    store.put_invitation(&service(), back).await.unwrap();
    assert_eq!(put("four", &group.id, 120).await, too_many);
    clock.advance(Duration::from_mins(1));
    assert_eq!(put("four", &group.id, 120).await, too_many);
    clock.advance(Duration::from_secs(1));
    assert_eq!(put("four", &group.id, 120).await, Ok(()), "expired ones do not count");
    assert_eq!(store.directory().invitations().count(), 1);
}
