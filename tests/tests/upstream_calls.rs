//! Warm reads cost no call to the identity provider, however many groups there are.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeMap;

use primehub_core::identity::{Actor, Binding, IdentityStore as _};
use primehub_tests::{Caller, Platform, schema};
use rstest::rstest;
use secrecy::ExposeSecret as _;

/// A canonical document for each query, as its usual clients send it.
const READS: &[(&str, Caller, &str)] = &[
    ("me", Caller::Member, "{ me { id username firstName lastName email isAdmin } }"),
    (
        "me",
        Caller::Member,
        "{ me { effectiveGroups { id name admins quotaCpu projectQuotaMemory mlflow { trackingUri trackingEnvs { name } } users { id username } } groups { name } } }",
    ),
    (
        "user",
        Caller::Server,
        r#"{ user(where: { id: "USER" }) { username isAdmin predefinedEnvs volumeCapacity groups { name quotaCpu admins } } }"#,
    ),
    ("users", Caller::PlatformAdministrator, "{ users(first: 10) { id username isAdmin groups { name } } }"),
    (
        "usersConnection",
        Caller::PlatformAdministrator,
        "{ usersConnection(first: 10, where: { search: \"a\" }) { pageInfo { totalPage } edges { node { id isAdmin } } } }",
    ),
    ("group", Caller::Member, r#"{ group(where: { id: "GROUP" }) { name displayName users { id username email } } }"#),
    ("groups", Caller::Server, "{ groups(where: { name_contains: \"group\" }) { id name quotaCpu quotaGpu } }"),
    (
        "groupsConnection",
        Caller::PlatformAdministrator,
        "{ groupsConnection(page: 1, orderBy: { quotaCpu: \"asc\" }, where: { search: \"group\" }) { pageInfo { totalPage } edges { node { id name users { id } } } } }",
    ),
    (
        "groupResourcesToBeDeleted",
        Caller::PlatformAdministrator,
        r#"{ groupResourcesToBeDeleted(where: { id: "GROUP" }) { datasets sharedFiles } }"#,
    ),
    (
        "invitation",
        Caller::PlatformAdministrator,
        r#"{ invitation(data: { invitationToken: "INVITATION" }) { validation } }"#,
    ),
    ("license", Caller::Member, "{ license { maxUser usage { maxUser maxGroup } } }"),
    (
        "system",
        Caller::Server,
        "{ system { defaultUserVolumeCapacity timezone { name offset } smtp { host } license { maxUser } } }",
    ),
    ("timezone", Caller::Member, "{ timezone { name offset } }"),
];

async fn with_groups(count: usize) -> Platform {
    let platform = Platform::start_with(|options| options.introspection = true).await;
    let grace = platform.person("grace").id.clone();
    for number in 0..count {
        let group = platform.add_group(&format!("group-{number}"), &[], &["grace"]).await;
        platform.memory.bind(&Actor::service(), &[Binding::Join { user: grace.clone(), group }]).await.unwrap();
    }
    platform
}

#[rstest]
#[case::ten(10)]
#[case::a_thousand(1_000)]
#[tokio::test]
async fn warm_reads_cost_no_call(#[case] groups: usize) {
    let platform = with_groups(groups).await;
    let invite = format!(
        r#"mutation {{ createInvitation(data: {{ groupId: "{}" }}) {{ invitationToken }} }}"#,
        platform.group("research").id
    );
    let answer = platform.query(Caller::PlatformAdministrator, &invite).await;
    let token = answer.data()["createInvitation"]["invitationToken"].as_str().unwrap().to_owned();
    platform.counted.take();
    for (name, caller, document) in READS {
        let document = document
            .replace("USER", platform.person("grace").id.as_str())
            .replace("GROUP", platform.group("research").id.as_str())
            .replace("INVITATION", &token);
        platform.query(*caller, &document).await.data();
        assert_eq!(platform.counted.take(), BTreeMap::new(), "{name} with {groups} groups: {document}");
    }
}

#[rstest]
#[case::ten(10)]
#[case::a_thousand(1_000)]
#[tokio::test]
async fn counting_api_tokens_costs_one_call_for_all(#[case] groups: usize) {
    let platform = with_groups(groups).await;
    for number in 0..20 {
        platform.add_user(&format!("user-{number}")).await;
    }
    for document in [
        "{ users(first: 20) { username apiTokenCount groups { name } } }",
        "{ usersConnection(first: 20) { edges { node { apiTokenCount } } } }",
        "{ me { apiTokenCount } users { apiTokenCount } }",
    ] {
        platform.counted.take();
        platform.query(Caller::PlatformAdministrator, document).await.data();
        assert_eq!(platform.counted.take(), BTreeMap::from([("api_token_counts", 1)]), "{document}");
    }
}

#[tokio::test]
async fn every_query_is_measured() {
    let platform = Platform::start_with(|options| options.introspection = true).await;
    let types = schema::read(&platform).await;
    let unmeasured: Vec<&String> =
        types["Query"].fields.keys().filter(|field| READS.iter().all(|(name, ..)| name != field)).collect();
    assert_eq!(unmeasured, Vec::<&String>::new());
}

/// The same token again costs no further exchange: the number of calls does not grow with that of requests.
#[tokio::test]
async fn who_asks_is_found_out_without_a_call_to_the_store() {
    let platform = Platform::start().await;
    let token = platform.person("grace").api_token.expose_secret();
    platform.counted.take();
    for _ in 0..5 {
        platform.query_with(token, "{ me { id } }").await.data();
    }
    assert_eq!(platform.counted.take(), BTreeMap::new());
}
