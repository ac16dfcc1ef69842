use std::future::Future;
use std::sync::Arc;

use primehub_core::identity::{
    Applied, AttributeEdit, Binding, Conflict, GroupEdit, IdentityError, IdentityStore as _, Invitation, InvitationId,
    NewInvitation,
};
use tokio::sync::Barrier;

use super::*;

/// Runs `attempt` in as many tasks as there are inputs, all at once, and answers what each got, in order.
async fn at_once<I, T, F>(
    store: &Arc<MemoryIdentityStore>,
    inputs: Vec<I>,
    attempt: impl Fn(Arc<MemoryIdentityStore>, I) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(inputs.len()));
    let tasks: Vec<_> = inputs
        .into_iter()
        .map(|input| {
            let (barrier, attempt) = (barrier.clone(), attempt(store.clone(), input));
            tokio::spawn(async move {
                barrier.wait().await;
                attempt.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

fn winners<T>(answers: &[Result<T, IdentityError>]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_joins_at_once_all_hold() {
    let store = store();
    let group = add_group(&store, "research").await;
    let mut users = Vec::new();
    for number in 0..64 {
        users.push(add_user(&store, &format!("user-{number}")).await.id.clone());
    }
    let answers = at_once(&store, users.clone(), |store, user| {
        let join = Binding::Join { user, group: group.id.clone() };
        async move { store.bind(&service(), &[join]).await }
    })
    .await;
    assert!(answers.iter().all(|answer| *answer == Ok(vec![Ok(Applied::Changed)])));
    let directory = store.directory();
    assert_eq!(directory.member_count(&group.id), 64);
    assert!(users.iter().all(|user| directory.is_member(user, &group.id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edits_of_different_attributes_do_not_lose_each_other() {
    let store = store();
    let group = add_group(&store, "research").await;
    let id = group.id.clone();
    let answers = at_once(&store, (0..32).collect(), |store, number: u32| {
        let id = id.clone();
        let mut edit = GroupEdit::default();
        edit.attributes.set(format!("attribute-{number}"), "x");
        edit.attributes
            .put("admins", AttributeEdit::Change { add: vec![format!("user-{number}")], remove: Vec::new() });
        async move { store.edit_group(&service(), &id, edit).await }
    })
    .await;
    assert_eq!(winners(&answers), 32);
    let directory = store.directory();
    let attributes = &directory.group(&id).unwrap().attributes;
    assert_eq!((attributes.iter().count(), attributes.all("admins").len()), (33, 32));
    let mut revisions: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().revision).collect();
    revisions.sort_unstable();
    revisions.dedup();
    assert_eq!(revisions.len(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_edits_with_the_same_expectation_one_wins() {
    let store = store();
    let id = add_group(&store, "research").await.id.clone();
    let answers = at_once(&store, (0..16).collect(), |store, number: u32| {
        let id = id.clone();
        let mut edit = GroupEdit::default();
        edit.attributes.set("quota-cpu", number.to_string());
        edit.expecting = [("quota-cpu".to_owned(), Vec::new())].into();
        async move { store.edit_group(&service(), &id, edit).await }
    })
    .await;
    assert_eq!(winners(&answers), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_takers_one_gets_the_invitation() {
    let store = store();
    let group = add_group(&store, "research").await;
    let id = InvitationId::of_token("token");
    let invitation = Invitation::new(id, group.id.clone(), jiff::Timestamp::MAX);
    store.put_invitation(&service(), NewInvitation::new(invitation.clone())).await.unwrap();
    let answers =
        at_once(&store, vec![id; 16], |store, id| async move { store.take_invitation(&service(), &id).await }).await;
    assert_eq!(winners(&answers), 1);
    assert!(answers.iter().flatten().all(|taken| taken.value == invitation));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_names_with_the_same_path_one_is_created() {
    let store = store();
    let names = ["Team_A", "team-a", "TEAM-A", "team_a"].repeat(4);
    let answers =
        at_once(&store, names, |store, name| async move { store.create_group(&service(), new_group(name)).await })
            .await;
    assert_eq!((winners(&answers), store.directory().group_count()), (1, 1));
    assert_eq!(store.directory().path_collisions().count(), 0);
    let mut losers = answers.into_iter().filter_map(Result::err);
    assert!(losers.all(|error| error == IdentityError::Conflict(Conflict::GroupName)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_users_with_the_same_address_one_is_created() {
    let store = store();
    let answers = at_once(&store, (0..16).collect(), |store, number: u32| async move {
        store.create_user(&service(), with_email(&format!("user-{number}"), "same@example.com")).await
    })
    .await;
    assert_eq!((winners(&answers), store.directory().people_count()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn limits_hold_whatever_happens_at_once() {
    let store = store();
    let users = at_once(&store, (0..16).collect(), |store, number: u32| async move {
        let mut new = new_user(&format!("user-{number}"));
        new.at_most = Some(5);
        store.create_user(&service(), new).await
    })
    .await;
    let groups = at_once(&store, (0..16).collect(), |store, number: u32| async move {
        let mut new = new_group(&format!("group-{number}"));
        new.at_most = Some(3);
        store.create_group(&service(), new).await
    })
    .await;
    assert_eq!((winners(&users), winners(&groups)), (5, 3));
    assert_eq!((store.directory().people_count(), store.directory().group_count()), (5, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_identical_edits_all_succeed_and_one_changes_something() {
    let store = store();
    let (amy, group) = (add_user(&store, "amy").await, add_group(&store, "research").await);
    let join = Binding::Join { user: amy.id.clone(), group: group.id.clone() };
    let answers =
        at_once(&store, vec![join; 16], |store, join| async move { store.bind(&service(), &[join]).await.unwrap() })
            .await;
    let changed = answers.iter().filter(|answer| **answer == [Ok(Applied::Changed)]).count();
    assert_eq!((changed, answers.len()), (1, 16));
}
