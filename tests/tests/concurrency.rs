//! Several people at once: nothing is lost, no limit is exceeded.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use primehub_core::identity::GroupSettings;
use primehub_tests::{Answer, Caller, Platform};
use tokio::sync::Barrier;

/// Sends all documents from tasks of their own, at the same moment, and answers in their order.
async fn at_once(platform: &Arc<Platform>, documents: Vec<(Caller, String)>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(documents.len()));
    let tasks = documents.into_iter().map(|(caller, document)| {
        let (platform, barrier) = (platform.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            platform.query(caller, &document).await
        })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_administrators_change_different_fields_of_one_group() {
    let platform = Arc::new(Platform::start().await);
    let group = platform.group("research").id.clone();
    for round in 1..=20 {
        let update = |data: String| {
            format!(r#"mutation {{ updateGroup(where: {{ id: "{group}" }}, data: {{ {data} }}) {{ id }} }}"#)
        };
        let documents = vec![
            (Caller::PlatformAdministrator, update(format!("displayName: \"Research {round}\", maxDeploy: {round}"))),
            (Caller::GroupAdministrator, update(format!("trackingUri: \"http://mlflow-{round}\""))),
            (Caller::PlatformAdministrator, update(format!("quotaMemory: {round}"))),
            (Caller::GroupAdministrator, update(format!("jobDefaultActiveDeadlineSeconds: {round}"))),
        ];
        for answer in at_once(&platform, documents).await {
            answer.data();
        }
        let stored = GroupSettings::of(&platform.group("research").attributes);
        let numbers = (
            stored.max_deploy,
            stored.job_default_active_deadline_seconds,
            stored.quota_memory.map(|memory| memory.to_string()),
        );
        assert_eq!(numbers, (Some(round), Some(round), Some(format!("{round}G"))));
        assert_eq!(stored.display_name, Some(format!("Research {round}")));
        assert_eq!(stored.mlflow.tracking_uri, Some(format!("http://mlflow-{round}")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_joins_at_once() {
    let platform = Arc::new(Platform::start().await);
    let group = platform.group("teaching").id.clone();
    let mut documents = Vec::new();
    for number in 0..64 {
        let user = platform.add_user(&format!("user-{number:02}")).await;
        // Both ways to join.
        let document = if number % 2 == 0 {
            format!(
                r#"mutation {{ updateGroup(where: {{ id: "{group}" }}, data: {{ users: {{ connect: [{{ id: "{user}" }}] }} }}) {{ id }} }}"#
            )
        } else {
            format!(
                r#"mutation {{ updateUser(where: {{ id: "{user}" }}, data: {{ groups: {{ connect: [{{ id: "{group}" }}] }} }}) {{ id }} }}"#
            )
        };
        documents.push((Caller::PlatformAdministrator, document));
    }
    for answer in at_once(&platform, documents).await {
        answer.data();
    }
    let directory = platform.directory();
    let members: Vec<&str> = directory.members(&group).map(|user| &*user.username).collect();
    let expected: Vec<String> =
        std::iter::once("alan".into()).chain((0..64).map(|number| format!("user-{number:02}"))).collect();
    assert_eq!(members, expected);
}

/// The SDK adds one administrator by sending the whole list with one name more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_and_other_fields_change_together() {
    let platform = Arc::new(Platform::start().await);
    let group = platform.group("research").id.clone();
    let update =
        |data: &str| format!(r#"mutation {{ updateGroup(where: {{ id: "{group}" }}, data: {{ {data} }}) {{ id }} }}"#);
    let documents = vec![
        (Caller::PlatformAdministrator, update("admins: \"ada,grace\"")),
        (Caller::PlatformAdministrator, update("admins: \"ada,phadmin\"")),
        (Caller::PlatformAdministrator, update("displayName: \"New\"")),
    ];
    for answer in at_once(&platform, documents).await {
        answer.data();
    }
    let stored = GroupSettings::of(&platform.group("research").attributes);
    assert_eq!(stored.display_name.as_deref(), Some("New"));
    let admins: BTreeSet<String> = stored.admins_text().split(',').map(str::to_owned).collect();
    assert!(admins.contains("ada") && admins.len() >= 2, "{admins:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_account_is_changed_by_several_at_once() {
    let platform = Arc::new(Platform::start().await);
    let user = platform.person("grace").id.clone();
    let update =
        |data: &str| format!(r#"mutation {{ updateUser(where: {{ id: "{user}" }}, data: {{ {data} }}) {{ id }} }}"#);
    let documents = vec![
        (Caller::PlatformAdministrator, update("firstName: \"New\"")),
        (Caller::PlatformAdministrator, update("volumeCapacity: 30")),
        (Caller::PlatformAdministrator, update("enableInviteUsers: true")),
        (Caller::Server, update("predefinedEnvs: \"[1]\"")),
        (Caller::PlatformAdministrator, update("email: \"new@example.com\"")),
    ];
    for answer in at_once(&platform, documents).await {
        answer.data();
    }
    let document = "{ me { firstName lastName volumeCapacity enableInviteUsers predefinedEnvs email enabled } }";
    let answer = platform.query(Caller::Member, document).await;
    let expected = serde_json::json!({ "firstName": "New", "lastName": "Hopper", "volumeCapacity": 30, "enableInviteUsers": true,
        "predefinedEnvs": "[1]", "email": "new@example.com", "enabled": true });
    assert_eq!(answer.data()["me"], expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn do_better_12_parallel_creations_do_not_exceed_the_licence() {
    let platform = Platform::start_with(|options| {
        options.config.license.max_users = Some(8);
        options.config.license.max_groups = Some(4);
    });
    let platform = Arc::new(platform.await);
    let before = (platform.directory().people_count(), platform.directory().group_count());
    assert_eq!(before, (5, 2));
    let mut documents = Vec::new();
    for number in 0..10 {
        documents.push((
            Caller::PlatformAdministrator,
            format!(r#"mutation {{ createUser(data: {{ username: "new-{number}" }}) {{ id }} }}"#),
        ));
        documents.push((
            Caller::PlatformAdministrator,
            format!(r#"mutation {{ createGroup(data: {{ name: "new-{number}" }}) {{ id }} }}"#),
        ));
    }
    let answers = at_once(&platform, documents).await;
    let after = (platform.directory().people_count(), platform.directory().group_count());
    assert_eq!(after, (8, 4));
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.body.get("errors").is_some()).collect();
    assert_eq!(refused.len(), 20 - 3 - 2);
    for answer in refused {
        assert_eq!((answer.status, answer.code()), (200, "EXCEED_QUOTA"), "{}", answer.text);
        let messages = ["Number of users exceeds license limitation.", "Number of groups exceeds license limitation"];
        assert!(messages.contains(&answer.message()), "{}", answer.message());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_gets_the_name() {
    let platform = Arc::new(Platform::start().await);
    let create = |name: &str| {
        (Caller::PlatformAdministrator, format!(r#"mutation {{ createGroup(data: {{ name: "{name}" }}) {{ id }} }}"#))
    };
    let answers = at_once(&platform, ["Team_A", "team-a", "Team-A", "team_a", "TEAM-A"].map(create).to_vec()).await;
    let mut codes: Vec<&str> = answers.iter().map(Answer::code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["", "GROUP_CONFLICT_NAME", "GROUP_CONFLICT_NAME", "GROUP_CONFLICT_NAME", "GROUP_CONFLICT_NAME"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_seen_by_the_next_read_of_anyone() {
    let platform = Platform::start().await;
    let group = platform.group("research").id.clone();
    for round in 0..50 {
        let update = format!(
            r#"mutation {{ updateGroup(where: {{ id: "{group}" }}, data: {{ maxDeploy: {round} }}) {{ maxDeploy }} }}"#
        );
        let answer = platform.query(Caller::PlatformAdministrator, &update).await;
        assert_eq!(answer.data()["updateGroup"]["maxDeploy"], round);
        let read = platform.query(Caller::Member, "{ me { effectiveGroups { maxDeploy } } }").await;
        assert_eq!(read.data()["me"]["effectiveGroups"][0]["maxDeploy"], round);
    }
}

/// Two administrators who take each other's right away at the same moment must not leave nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn do_better_6_7_8_somebody_is_left_to_administer() {
    for _ in 0..10 {
        let mut platform = Platform::start().await;
        platform.make_administrator(&platform.person("grace").id).await;
        platform.log_in().await;
        let platform = Arc::new(platform);
        let demote = |username: &str| {
            let id = platform.person(username).id.clone();
            format!(r#"mutation {{ updateUser(where: {{ id: "{id}" }}, data: {{ isAdmin: false }}) {{ isAdmin }} }}"#)
        };
        let documents = vec![
            (Caller::PlatformAdministrator, demote("grace")),
            (Caller::Member, demote("phadmin")),
            (Caller::Member, demote("phadmin")),
            (Caller::PlatformAdministrator, demote("grace")),
        ];
        at_once(&platform, documents).await;
        let people = platform.directory().people_from(0).cloned().collect::<Vec<_>>();
        let left = people.iter().filter(|user| platform.directory().is_administrator(&user.id)).count();
        assert_eq!(left, 1);
    }
}

/// One invitation makes one account, however many use it at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn do_better_10_1_one_invitation_makes_one_account() {
    let platform = Arc::new(Platform::start().await);
    let group = platform.group("research").id.clone();
    let invite = format!(r#"mutation {{ createInvitation(data: {{ groupId: "{group}" }}) {{ invitationToken }} }}"#);
    let answer = platform.query(Caller::GroupAdministrator, &invite).await;
    let token = answer.data()["createInvitation"]["invitationToken"].as_str().unwrap().to_owned();
    let people = platform.directory().people_count();
    let join = |number: usize| {
        let data = format!(r#"invitationToken: "{token}", username: "invited-{number}""#);
        (Caller::Server, format!("mutation {{ createUserFromInvitation(data: {{ {data} }}) {{ username }} }}"))
    };
    let answers = at_once(&platform, (0..16).map(join).collect()).await;
    let successes = answers.iter().filter(|answer| answer.body.get("errors").is_none()).count();
    assert_eq!((successes, platform.directory().people_count()), (1, people + 1));
    let refused = answers.iter().filter(|answer| answer.body.get("errors").is_some());
    for answer in refused {
        assert_eq!(answer.code(), "INVALID_TOKEN", "{}", answer.text);
    }
}
