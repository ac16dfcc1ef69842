use std::time::Duration;

use primehub_core::access::Caller;
use primehub_core::identity::{
    Actor, AttributeEdits, Binding, Conflict, IdentityError, IdentityStore as _, Invitation, InvitationId,
    NewInvitation, Subject, UserEdit, attribute,
};
use primehub_memory::identity::PasswordCheck;
use rstest::rstest;
use serde_json::json;

use crate::schema::harness::{Answer, Harness};

const INVALID: &str = "INVALID_TOKEN: INVALID_TOKEN";
const EXPIRED: &str = "EXPIRED_TOKEN: EXPIRED_TOKEN";
const BAD_USERNAME: &str = "BAD_USERNAME: BAD_USERNAME";

const INVITE: &str =
    "mutation ($data: InvitationCreateInput!) { createInvitation(data: $data) { invitationToken groupId } }";

async fn invite_by(harness: &Harness, caller: &str, group: &str) -> Answer {
    harness.run(harness.caller(caller), INVITE, json!({ "data": { "groupId": group } })).await
}

/// The token of a new invitation into `lab`.
async fn invite(harness: &Harness) -> String {
    let group = harness.group_id("lab");
    let data = invite_by(harness, "amy", group.as_str()).await.data();
    assert_eq!(data["createInvitation"]["groupId"], group.as_str());
    data["createInvitation"]["invitationToken"].as_str().unwrap().to_owned()
}

async fn look(harness: &Harness, token: &str) -> Answer {
    let document = "query ($data: InvitationQueryInput!) { invitation(data: $data) { validation } }";
    harness.run(Caller::SharedSecret, document, json!({ "data": { "invitationToken": token } })).await
}

async fn accept(harness: &Harness, token: &str, username: &str) -> Answer {
    const ACCEPT: &str =
        "mutation ($data: InvitationApplyInput!) { createUserFromInvitation(data: $data) { username password } }";
    let data = json!({ "data": { "invitationToken": token, "username": username } });
    harness.run(Caller::SharedSecret, ACCEPT, data).await
}

#[tokio::test]
async fn an_invited_person_gets_an_account_in_the_group() {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    let created = accept(&harness, &token, "eve").await.data()["createUserFromInvitation"].clone();
    assert_eq!(created["username"], "eve");
    assert_eq!(harness.groups_of("eve"), ["everyone", "lab"]);
    let eve = harness.user("eve");
    assert_eq!((eve.email.as_deref(), &eve.required_actions[..]), (None, &["UPDATE_PASSWORD".to_owned()][..]));
    let password = created["password"].as_str().unwrap();
    assert_eq!(password.len(), 43, "256 bits");
    let check = harness.memory.verify_password("eve", &password.into()).await.unwrap();
    assert!(matches!(check, PasswordCheck::Correct(_)));
}

#[tokio::test]
async fn do_better_6_7_1_an_invitation_does_not_reset_the_password_of_a_similar_name() {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    accept(&harness, &token, "am").await.data();
    assert!(harness.user("amy").required_actions.is_empty());
    assert_eq!(harness.user("am").required_actions, ["UPDATE_PASSWORD"]);
}

#[tokio::test]
async fn do_better_10_1_an_invitation_works_once_even_for_several_at_the_same_time() {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    let names = ["eve", "fay", "gil", "hal"];
    let answers = futures::future::join_all(names.map(|name| accept(&harness, &token, name))).await;
    let errors: Vec<_> = answers.iter().flat_map(Answer::errors).collect();
    assert_eq!(errors, [INVALID; 3]);
    assert_eq!(harness.directory().people_count(), 5);
    assert_eq!(accept(&harness, &token, "ivy").await.error(), INVALID);
}

#[rstest]
#[case::taken("bob")]
#[case::invalid("No Name")]
#[case::a_clients("service-account-eve")]
#[case::empty("")]
#[tokio::test]
async fn do_better_10_1_a_bad_name_does_not_use_the_invitation_up(#[case] username: &str) {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    assert_eq!(accept(&harness, &token, username).await.error(), BAD_USERNAME);
    assert_eq!(harness.directory().people_count(), 4);
    accept(&harness, &token, "eve").await.data();
}

#[rstest]
#[case::password("set_password")]
#[case::group("bind")]
#[tokio::test]
async fn do_better_10_1_an_account_that_cannot_be_finished_is_undone(#[case] method: &'static str) {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    harness.store.fail(method, IdentityError::Conflict(Conflict::Expectation));
    assert_eq!(accept(&harness, &token, "eve").await.error(), BAD_USERNAME);
    assert!(harness.directory().user_named("eve").is_none());
    harness.store.fail_unavailable(method);
    assert!(accept(&harness, &token, "eve").await.error().starts_with("API_UNAVAILABLE: "));
    assert!(harness.directory().user_named("eve").is_none());
    accept(&harness, &token, "eve").await.data();
}

#[tokio::test]
async fn do_better_10_1_only_a_hash_of_the_token_is_stored() {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    assert!(token.len() >= 43);
    let directory = harness.directory();
    let [stored] = &directory.invitations().collect::<Vec<_>>()[..] else { panic!("one invitation") };
    assert_eq!(stored.id, InvitationId::of_token(&token));
    assert!(!format!("{stored:?}").contains(&token));
}

#[tokio::test]
async fn do_better_3_6_7_servers_may_look_at_an_invitation() {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    assert_eq!(look(&harness, &token).await.data(), json!({ "invitation": { "validation": true } }));
    let answer = look(&harness, "unknown").await;
    assert_eq!(answer.error(), INVALID);
    assert_eq!(answer.partial_data(), &json!({ "invitation": null }));
    let document = "query { invitation(data: { invitationToken: \"x\" }) { validation } }";
    assert_eq!(harness.run_as("bob", document).await.error(), "NOT_AUTH: Not Authorised!");
}

#[tokio::test]
async fn an_invitation_ends_after_a_day_and_is_thrown_away_later() {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    harness.clock.advance(Duration::from_secs(86_399));
    look(&harness, &token).await.data();
    harness.clock.advance(Duration::from_secs(1));
    assert_eq!(look(&harness, &token).await.error(), EXPIRED);
    assert_eq!(accept(&harness, &token, "eve").await.error(), EXPIRED);
    invite(&harness).await;
    assert_eq!(look(&harness, &token).await.error(), INVALID);
    assert_eq!(harness.directory().invitations().count(), 1);
}

#[tokio::test]
async fn the_licence_comes_first() {
    let harness = Harness::configured(|config| config.license.max_users = Some(5)).await;
    let token = invite(&harness).await;
    harness.add_user("eve").await;
    let full = "EXCEED_QUOTA: Number of users exceeds license limitation.";
    assert_eq!(accept(&harness, "unknown", "fay").await.error(), full);
    assert_eq!(accept(&harness, &token, "fay").await.error(), full);
    assert_eq!(invite_by(&harness, "amy", harness.group_id("lab").as_str()).await.error(), full);
    look(&harness, &token).await.data();
}

#[tokio::test]
async fn do_better_3_6_5_members_who_may_invite_invite_into_their_groups() {
    let harness = Harness::new().await;
    let (lab, ops, everyone) = (harness.group_id("lab"), harness.group_id("ops"), harness.group_id("everyone"));
    let refused = "NOT_AUTH: user not auth";
    let may_not_invite = "NOT_AUTH: user not auth: your account may not invite";
    assert_eq!(invite_by(&harness, "bob", lab.as_str()).await.error(), may_not_invite);
    for name in ["bob", "dan"] {
        let mut attributes = AttributeEdits::default();
        attributes.set(attribute::ENABLE_INVITE_USERS, "true");
        harness.edit_user(name, UserEdit { attributes, ..UserEdit::default() }).await;
    }
    invite_by(&harness, "bob", lab.as_str()).await.data();
    assert_eq!(invite_by(&harness, "dan", lab.as_str()).await.error(), refused);
    for group in [ops.as_str(), "unknown"] {
        assert_eq!(invite_by(&harness, "bob", group).await.error(), refused);
    }
    invite_by(&harness, "amy", ops.as_str()).await.data();
    for caller in ["amy", "bob"] {
        let error = invite_by(&harness, caller, everyone.as_str()).await.error();
        assert_eq!(error, "NOT_AUTH: nobody can be invited into the group of everyone");
    }
    assert_eq!(invite_by(&harness, "amy", "unknown").await.error(), "RESOURCE_NOT_FOUND: invalid groupId: unknown");
}

#[tokio::test]
async fn an_invitation_into_a_group_that_has_gone_creates_nobody() {
    let harness = Harness::new().await;
    let token = invite(&harness).await;
    harness.memory.delete_group(&Actor::service(), &harness.group_id("lab")).await.unwrap();
    assert_eq!(look(&harness, &token).await.error(), INVALID);
    assert_eq!(accept(&harness, &token, "eve").await.error(), INVALID);
    assert_eq!(harness.directory().people_count(), 4);
}

#[tokio::test]
async fn only_administrators_invite_into_a_group_that_makes_administrators() {
    let harness = Harness::new().await;
    let lab = harness.group_id("lab");
    let role = harness.directory().administrator_role().clone();
    let mut attributes = AttributeEdits::default();
    attributes.set(attribute::ENABLE_INVITE_USERS, "true");
    harness.edit_user("bob", UserEdit { attributes, ..UserEdit::default() }).await;
    // The role makes bob an administrator as well, but his token does not say so.
    let bob = harness.caller("bob");
    harness.bind(Binding::Grant { to: Subject::Group(lab.clone()), role }).await;
    let answer = harness.run(bob, INVITE, json!({ "data": { "groupId": lab.as_str() } })).await;
    let why = "only a platform administrator may invite into a group that makes administrators";
    assert_eq!(answer.error(), format!("NOT_AUTH: user not auth: {why}"));
    invite(&harness).await;
}

#[tokio::test]
async fn a_group_has_only_so_many_open_invitations() {
    let harness = Harness::new().await;
    let expires_at = "2030-01-02T00:00:00Z".parse().unwrap();
    for number in 0..1_000 {
        let id = InvitationId::of_token(&number.to_string());
        let new = NewInvitation::new(Invitation::new(id, harness.group_id("lab"), expires_at));
        harness.memory.put_invitation(&Actor::service(), new).await.unwrap();
    }
    let (lab, ops) = (harness.group_id("lab"), harness.group_id("ops"));
    let error = invite_by(&harness, "amy", lab.as_str()).await.error();
    assert_eq!(error, "EXCEED_QUOTA: the group has 1000 open invitations already; they expire within a day");
    invite_by(&harness, "amy", ops.as_str()).await.data();
    harness.clock.advance(Duration::from_hours(24));
    invite_by(&harness, "amy", lab.as_str()).await.data();
    assert_eq!(harness.directory().invitations().count(), 1, "expired ones are thrown away");
}
