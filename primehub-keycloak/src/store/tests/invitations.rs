//! That nobody publishes anything about an invitation between a write and what it publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use primehub_core::identity::{Actor, IdentityError, IdentityStore as _, Invitation, InvitationId, Key, NewInvitation};
use serde_json::json;

use super::place::{Place, lost};
use crate::invitations as stored;

fn invitation(token: &str, expires_at: &str) -> Invitation {
    Invitation::new(InvitationId::of_token(token), "lab".into(), expires_at.parse().unwrap())
}

/// Counts the writes during which somebody else could take the invitation's lock.
fn count_unlocked(place: &Place, id: InvitationId) -> Arc<AtomicUsize> {
    let unlocked = Arc::<AtomicUsize>::default();
    let (counter, mirror) = (unlocked.clone(), place.store.store.mirror.clone());
    place.script(move |_, request| {
        let is_free = || mirror.lock(&[Key::Invitation(id)]).now_or_never().is_some();
        if request.method != "GET" && is_free() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        None
    });
    unlocked
}

#[tokio::test]
async fn an_invitation_is_locked_while_it_is_stored_replaced_and_taken() {
    let place = Place::start().await;
    let (by, new) = (Actor::service(), invitation("token", "2999-01-01T00:00:00Z"));
    let unlocked = count_unlocked(&place, new.id);
    let role = stored::role_of(&new.id);
    place.store.put_invitation(&by, NewInvitation::new(new.clone())).await.unwrap();
    let later = invitation("token", "2999-02-01T00:00:00Z");
    place.store.put_invitation(&by, NewInvitation::new(later.clone())).await.unwrap();
    assert_eq!(place.store.take_invitation(&by, &new.id).await.unwrap().value, later);
    let writes = [format!("PUT /roles-by-id/{role}"), format!("DELETE /roles/{role}")];
    assert_eq!(place.count("POST /roles"), 2);
    assert_eq!(writes.map(|write| place.count(&write)), [1, 1]);
    assert_eq!(unlocked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn expired_ones_are_locked_while_they_are_thrown_away() {
    let place = Place::start().await;
    let (by, expired) = (Actor::service(), invitation("old", "2001-01-01T00:00:00Z"));
    place.store.put_invitation(&by, NewInvitation::new(expired.clone())).await.unwrap();
    let unlocked = Arc::<AtomicUsize>::default();
    let (counter, mirror) = (unlocked.clone(), place.store.store.mirror.clone());
    place.script(move |_, request| {
        let is_free = || mirror.lock(&[Key::Invitation(expired.id)]).now_or_never().is_some();
        if request.method == "DELETE" && is_free() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        None
    });
    place.store.put_invitation(&by, NewInvitation::new(invitation("new", "2999-01-01T00:00:00Z"))).await.unwrap();
    assert_eq!(place.count(&format!("DELETE /roles/{}", stored::role_of(&expired.id))), 1);
    assert_eq!(unlocked.load(Ordering::Relaxed), 0);
    assert_eq!(place.store.directory().invitations().count(), 1);
}

#[tokio::test]
async fn the_role_of_an_invitation_is_read_before_it_is_sent_again() {
    let place = Place::start().await;
    let (by, new) = (Actor::service(), invitation("token", "2999-01-01T00:00:00Z"));
    let role = stored::role_of(&new.id);
    place.store.put_invitation(&by, NewInvitation::new(new)).await.unwrap();
    let mut count = 0;
    let theirs = role.clone();
    place.script(move |state, request| {
        count += usize::from(request.method == "PUT");
        if request.method != "PUT" || count > 1 {
            return None;
        }
        state.roles.get_mut(&theirs).unwrap()["description"] = json!("theirs");
        Some(lost())
    });
    let later = invitation("token", "2999-02-01T00:00:00Z");
    place.store.put_invitation(&by, NewInvitation::new(later)).await.unwrap();
    assert_eq!(place.state().roles[&role]["description"], "theirs");
}

/// Two processes take at once, and the connection of the one breaks: that somebody has deleted the role says nothing about who.
#[tokio::test]
async fn an_invitation_whose_taking_is_lost_is_not_handed_out() {
    let place = Place::start().await;
    let (by, new) = (Actor::service(), invitation("token", "2999-01-01T00:00:00Z"));
    place.store.put_invitation(&by, NewInvitation::new(new.clone())).await.unwrap();
    let role = stored::role_of(&new.id);
    place.script(|state, request| {
        (request.method == "DELETE").then(|| {
            state.answer(request);
            lost()
        })
    });
    let taken = place.store.take_invitation(&by, &new.id).await;
    assert_eq!(taken, Err(IdentityError::OutcomeUnknown { operation: "roles.take" }));
    assert_eq!(place.count(&format!("DELETE /roles/{role}")), 1);
}
