//! Accounts and groups that do not become what was asked for, or of which nobody says that they were made.

use futures::StreamExt as _;
use primehub_core::identity::{Actor, Change, IdentityError, IdentityStore as _, Key, NewGroup, NewUser};
use primehub_core::names::UserId;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::mpsc::unbounded_channel;
use wiremock::Request;

use super::place::{Place, State, denied, lost};

const CAPACITY: &str = "volumeCapacity";

fn bob() -> NewUser {
    let mut new = NewUser::new("bob".parse().unwrap());
    new.email = Some("Bob@Example.com".into());
    new.attributes.set_one(CAPACITY, "30G");
    new
}

fn team() -> NewGroup {
    let mut new = NewGroup::new("team".parse().unwrap());
    new.attributes.set_one("quota-cpu", "2");
    new
}

async fn create_user(place: &Place) -> Result<Value, IdentityError> {
    let user = place.store.create_user(&Actor::service(), bob()).await?.value;
    Ok(json!({ "email": user.email, "capacity": user.attributes.first(CAPACITY) }))
}

async fn create_group(place: &Place) -> Result<Option<String>, IdentityError> {
    let group = place.store.create_group(&Actor::service(), team()).await?.value;
    Ok(group.attributes.first("quota-cpu").map(ToOwned::to_owned))
}

/// Lets through what the request asks for, and takes the attributes away.
fn without_attributes(state: &mut State, request: &Request) -> wiremock::ResponseTemplate {
    let answer = state.answer(request);
    for stored in state.users.get_mut("bob").into_iter().chain(state.groups.get_mut("team")) {
        stored["attributes"] = json!({});
    }
    answer
}

#[tokio::test]
async fn what_is_as_asked_costs_no_further_call() {
    let place = Place::start().await;
    assert_eq!(create_user(&place).await, Ok(json!({ "email": "bob@example.com", "capacity": "30G" })));
    let users = ["POST /users", "GET /users/bob", "GET /users/bob/groups"];
    assert_eq!(place.requests(&["POST /users", "/bob", "/bob/groups"]), users);
    assert_eq!(create_group(&place).await, Ok(Some("2".to_owned())));
    assert_eq!(place.requests(&["POST /groups", "/team"]), ["POST /groups", "GET /groups/team"]);
}

#[tokio::test]
async fn what_is_missing_is_sent_again() {
    let place = Place::start().await;
    place.on("POST /users", |state, request, _| Some(without_attributes(state, request)));
    assert_eq!(create_user(&place).await, Ok(json!({ "email": "bob@example.com", "capacity": "30G" })));
    assert_eq!(place.count("PUT /users/bob"), 1);
    place.on("POST /groups", |state, request, _| Some(without_attributes(state, request)));
    assert_eq!(create_group(&place).await, Ok(Some("2".to_owned())));
    assert_eq!(place.count("PUT /groups/team"), 1);
}

#[tokio::test]
async fn what_is_never_kept_is_named() {
    let place = Place::start().await;
    place.script(|state, request| (request.method != "GET").then(|| without_attributes(state, request)));
    let error = create_user(&place).await.unwrap_err();
    let IdentityError::Partial { done, failed } = &error else { panic!("{error:?}") };
    assert_eq!(*done, ["the account was created"]);
    assert!(failed.contains("attribute volumeCapacity is not") && failed.contains("user profile"), "{failed}");
    // It is shown as it is.
    let directory = place.store.directory();
    assert_eq!(directory.user_named("bob").unwrap().email.as_deref(), Some("bob@example.com"));

    let error = create_group(&place).await.unwrap_err();
    let IdentityError::Partial { done, failed } = &error else { panic!("{error:?}") };
    assert_eq!(*done, ["the group was created"]);
    assert!(failed.contains("attribute quota-cpu is not"), "{failed}");
    assert!(place.store.directory().group_named("team").is_some());
}

#[tokio::test]
async fn what_may_not_be_sent_again_is_named() {
    let place = Place::start().await;
    place.script(|state, request| match request.method.as_str() {
        "PUT" => Some(denied()),
        "POST" => Some(without_attributes(state, request)),
        _ => None,
    });
    let error = create_user(&place).await.unwrap_err().to_string();
    assert_eq!(error, "done: the account was created; failed: the acting account lacks the role manage-users");
}

#[rstest]
#[case::stored(true)]
#[case::not_stored(false)]
#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_not_claimed(#[case] stored: bool) {
    let place = Place::start().await;
    place.script(move |state, request| {
        (request.method == "POST").then(|| {
            if stored {
                state.answer(request);
            }
            lost()
        })
    });
    let unknown = |operation| IdentityError::OutcomeUnknown { operation };
    assert_eq!(create_user(&place).await, Err(unknown("users.create")));
    assert_eq!(create_group(&place).await, Err(unknown("groups.create")));
    assert_eq!((place.count("POST /users"), place.count("POST /groups")), (1, 1));
}

#[tokio::test]
async fn an_account_whose_caller_goes_away_is_shown() {
    let place = Place::start().await;
    let (created, mut arrived) = unbounded_channel();
    // The answer is under way long enough for the caller to be gone before it comes.
    place.on("POST /users", move |state, request, _| {
        created.send(()).unwrap();
        Some(state.answer(request).set_delay(std::time::Duration::from_millis(300)))
    });
    let mut changes = place.store.changes(Some(place.store.directory().revision()));
    let store = place.store.clone();
    let caller = tokio::spawn(async move { store.create_user(&Actor::service(), bob()).await });
    arrived.recv().await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    let shown = async {
        loop {
            match changes.next().await.unwrap() {
                Change::Touched { keys, .. } if keys.contains(&Key::User(UserId::new("bob"))) => break,
                _ => {}
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), shown).await.unwrap();
    assert!(place.store.directory().user_named("bob").is_some());
}
