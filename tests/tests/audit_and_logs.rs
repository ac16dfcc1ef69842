//! What the server leaves behind for operators: audit records, logs, metrics, readiness.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeSet;
use std::time::Duration;

use primehub_core::clock::Clock as _;
use primehub_graphql::AuditResult;
use primehub_tests::{Answer, Caller, CapturedLog, Platform, golden};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

/// The mutations that are sent, with values that must stay between client and server.
const MUTATIONS: &[(&str, &str)] = &[
    (
        "createGroup",
        r#"mutation { createGroup(data: { name: "audited", displayName: "value-of-display-name" }) { id } }"#,
    ),
    (
        "updateGroup",
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { trackingUri: "http://value-of-uri", trackingEnvs: [{ name: "TOKEN", value: "value-of-env" }] }) { id } }"#,
    ),
    ("deleteGroup", r#"mutation { deleteGroup(where: { id: "TEACHING" }) { id } }"#),
    ("createUser", r#"mutation { createUser(data: { username: "audited", email: "value@example.com" }) { id } }"#),
    (
        "updateUser",
        r#"mutation { updateUser(where: { id: "GRACE" }, data: { predefinedEnvs: "value-of-envs", firstName: "value-of-name" }) { id } }"#,
    ),
    (
        "resetPassword",
        r#"mutation { resetPassword(id: "GRACE", password: "value-of-password", temporary: false) { id } }"#,
    ),
    ("sendEmail", r#"mutation { sendEmail(id: "GRACE", resetActions: ["VERIFY_EMAIL"]) { id } }"#),
    (
        "sendMultiEmail",
        r#"mutation { sendMultiEmail(in: ["GRACE", "ADA"], resetActions: ["VERIFY_EMAIL"]) { status } }"#,
    ),
    ("revokeApiToken", "mutation { revokeApiToken { id } }"),
    ("createInvitation", r#"mutation { createInvitation(data: { groupId: "RESEARCH" }) { invitationToken } }"#),
    (
        "createUserFromInvitation",
        r#"mutation { createUserFromInvitation(data: { invitationToken: "INVITATION", username: "invited" }) { password } }"#,
    ),
    (
        "updateSystem",
        r#"mutation { updateSystem(data: { org: { name: "value-of-org" }, smtp: { host: "mail.example.com", from: "value-of-sender@example.com", enableAuth: true, username: "value-of-user", password: "value-of-smtp" } }) { __typename } }"#,
    ),
    ("deleteUser", r#"mutation { deleteUser(where: { id: "ALAN" }) { id } }"#),
];

fn fill(platform: &Platform, document: &str, invitation: &str) -> String {
    let id = |username: &str| platform.person(username).id.to_string();
    document
        .replace("RESEARCH", platform.group("research").id.as_str())
        .replace("TEACHING", platform.directory().group_named("teaching").map_or("", |group| group.id.as_str()))
        .replace("INVITATION", invitation)
        .replace("GRACE", &id("grace"))
        .replace("ADA", &id("ada"))
        .replace("ALAN", &id("alan"))
}

/// Sends all mutations as the platform's administrator, and answers what came back.
async fn carry_out_everything(platform: &Platform) -> Vec<Answer> {
    platform.add_mail_server().await;
    let mut invitation = String::new();
    let mut answers = Vec::new();
    for (_, document) in MUTATIONS {
        let answer = platform.query(Caller::PlatformAdministrator, &fill(platform, document, &invitation)).await;
        if let Some(token) = answer.data().pointer("/createInvitation/invitationToken").and_then(Value::as_str) {
            token.clone_into(&mut invitation);
        }
        answers.push(answer);
    }
    answers
}

#[tokio::test]
async fn do_better_12_every_mutation_leaves_one_record() {
    let platform = Platform::start().await;
    let answers = carry_out_everything(&platform).await;
    let records = platform.audit.take();
    let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
    assert_eq!(
        records.iter().map(|record| record.mutation.as_str()).collect::<Vec<_>>(),
        MUTATIONS.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
    );
    for (record, answer) in records.iter().zip(&answers) {
        assert_eq!(record.actor_id.as_deref(), Some(platform.person("phadmin").id.as_str()));
        assert_eq!((record.actor_name.as_deref(), record.actor_role), (Some("phadmin"), "ADMIN"));
        assert_eq!(record.request_id, answer.headers["x-request-id"].to_str().unwrap());
        assert_eq!(record.result, AuditResult::Done);
        assert!(!text(record).contains("value-of"), "no values: {record:?}");
    }
    let of = |name: &str| records.iter().find(|record| record.mutation == name).unwrap();
    let (grace, ada) = (platform.person("grace").id.to_string(), platform.person("ada").id.to_string());
    assert_eq!(of("updateUser").targets, std::slice::from_ref(&grace));
    assert_eq!(
        of("updateUser").fields.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(["firstName", "predefinedEnvs"])
    );
    assert_eq!(of("sendMultiEmail").targets, [grace.clone(), ada]);
    assert_eq!(of("resetPassword").targets, [grace]);
    assert!(of("createInvitation").targets.contains(&platform.group("research").id.to_string()));
    assert!(of("createUser").targets.contains(&platform.user("audited").id.to_string()), "{:?}", of("createUser"));
    assert!(of("createGroup").targets.contains(&platform.group("audited").id.to_string()), "{:?}", of("createGroup"));
}

#[tokio::test]
async fn refused_mutations_leave_a_record_too_and_queries_none() {
    let platform = Platform::start().await;
    let document = r#"mutation { a: deleteGroup(where: { id: "RESEARCH" }) { id } b: revokeApiToken { id } c: deleteUser(where: { id: "none" }) { id } }"#;
    platform.query(Caller::Member, &fill(&platform, document, "")).await;
    platform.query(Caller::Member, "{ me { id } system { __typename } }").await;
    platform.query(Caller::Nobody, "mutation { revokeApiToken { id } }").await;
    let records = platform.audit.take();
    let seen: Vec<_> = records
        .iter()
        .map(|record| (record.mutation.as_str(), record.actor_name.as_deref(), record.actor_role, record.result))
        .collect();
    let denied = AuditResult::Failed(primehub_graphql::Code::NotAuth);
    let grace = Some("grace");
    assert_eq!(
        seen,
        [
            ("deleteGroup", grace, "USER", denied),
            ("revokeApiToken", grace, "USER", AuditResult::Done),
            ("deleteUser", grace, "USER", denied)
        ]
    );
    platform.query(Caller::Server, "mutation { notifyNotebookEvent(data: {}) }").await.data();
    let records = platform.audit.take();
    assert_eq!(
        records.iter().map(|record| (record.actor_id.as_deref(), record.actor_role)).collect::<Vec<_>>(),
        [(None, "CLIENT")]
    );
}

#[tokio::test]
async fn logs_show_no_secrets_at_any_level() {
    let captured = CapturedLog::start();

    let platform = Platform::start().await;
    let answers = carry_out_everything(&platform).await;
    let api_token = platform.person("ada").api_token.expose_secret().to_owned();
    platform.query_with(&api_token, "{ me { id } }").await.data();
    platform.query_with("guessed-token", "{ me { id } }").await;
    platform.query_with(&format!("{api_token}x"), "{ me { id } }").await;
    let variables = json!({ "id": platform.person("ada").id.as_str(), "password": "value-in-a-variable" });
    let reset = "mutation ($id: String!, $password: String!) { resetPassword(id: $id, password: $password) { id } }";
    platform.run(Caller::PlatformAdministrator, reset, variables).await.data();
    platform
        .query(
            Caller::PlatformAdministrator,
            r#"mutation { resetPassword(id: "none", password: "value-refused") { id } }"#,
        )
        .await;
    platform.query(Caller::PlatformAdministrator, r#"mutation { resetPassword(id: "value-in-nonsense" "#).await;
    platform.query(Caller::Server, "{ timezone { name } }").await.data();
    let get = format!("{}?query=%7Bme%7Bid%7D%7D&token=value-in-query-string", platform.graphql());
    platform.send(platform.client.get(get).bearer_auth(platform.token(Caller::Member))).await.data();
    platform.log_in_at(Platform::CLIENT_ID, "ada", "openid").await;
    platform.flaky.break_method("edit_group");
    platform.query(Caller::PlatformAdministrator, &fill(&platform, MUTATIONS[1].1, "")).await;

    let log = captured.text();
    assert!(
        log.contains("mutation=\"createGroup\"") && log.contains("answered"),
        "the log is captured: {}",
        &log[..log.len().min(2000)]
    );
    let mut secrets: Vec<String> = vec![
        "value-of".into(),
        "value-in".into(),
        "value-refused".into(),
        "guessed-token".into(),
        "@example.com".into(),
        api_token,
        Platform::SHARED_SECRET.into(),
        Platform::CLIENT_SECRET.into(),
    ];
    for caller in Caller::ALL.into_iter().filter(|caller| caller.username().is_some()) {
        secrets.push(platform.token(caller).to_owned());
        secrets.push(platform.person(caller.username().unwrap()).password.expose_secret().to_owned());
    }
    for (pointer, answer) in
        [("/createInvitation/invitationToken", &answers[9]), ("/createUserFromInvitation/password", &answers[10])]
    {
        secrets.push(answer.data().pointer(pointer).unwrap().as_str().unwrap().to_owned());
    }
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret} is in the log: {}", line.unwrap_or_default());
    }
}

#[tokio::test]
async fn the_names_of_the_metrics_are_the_golden_ones() {
    let platform = Platform::start().await;
    platform.query(Caller::Member, "{ me { apiTokenCount } }").await.data();
    platform.query_with(platform.person("ada").api_token.expose_secret(), "{ me { id } }").await.data();
    platform
        .query(Caller::PlatformAdministrator, r#"mutation { createUser(data: { username: "counted" }) { id } }"#)
        .await
        .data();
    platform.query(Caller::Nobody, "{ me { id } }").await;
    platform.query(Caller::Member, "{ nonsense }").await;
    let answer = platform.send(platform.client.get(format!("{}/metrics", platform.management))).await;
    assert_eq!(answer.status, 200);
    let mut names = BTreeSet::new();
    for line in answer.text.lines().filter(|line| !line.starts_with('#')) {
        // Values differ from run to run; so do the times in which histograms sort.
        let name = line.rsplit_once(' ').unwrap().0;
        let name = name.split_once("le=").map_or(name, |(start, _)| start);
        names.insert(name.trim_end_matches(['{', ',']).to_owned());
    }
    let names: Vec<String> = names.into_iter().collect();
    golden::assert("metrics.txt", &(names.join("\n") + "\n"));
    for name in ["grace", "ada", "phadmin", "counted", "research"] {
        assert!(!answer.text.contains(name), "{name} is in a label");
    }
}

#[tokio::test]
async fn do_better_12_health_is_that_of_the_process_and_readiness_that_of_the_answers() {
    let platform = Platform::start().await;
    let get = async |path: &str| platform.send(platform.client.get(format!("{}{path}", platform.management))).await;
    assert_eq!((get("/healthz").await.status, get("/readyz").await.status), (200, 200));
    assert_eq!(get("/graphql").await.status, 404, "the port for operators answers no questions");
    let public = platform.send(platform.client.get(format!("{}/api/metrics", platform.base))).await;
    assert_eq!(public.status, 404, "the public port shows no numbers");
    for method in ["edit_group", "refresh"] {
        platform.flaky.break_method(method);
    }

    // The provider goes away: reads go on for a while, and say so.
    platform.flaky.go_stale(platform.clock.now());
    platform.clock.advance(Duration::from_mins(1));
    assert!(get("/readyz").await.text.starts_with("OK, but"));
    let answer = platform.query(Caller::Server, "{ timezone { name } }").await;
    answer.data();
    assert!(answer.headers.contains_key("x-primehub-stale"));
    let update = fill(&platform, MUTATIONS[1].1, "");
    let answer = platform.query(Caller::PlatformAdministrator, &update).await;
    assert_eq!((answer.status, answer.code()), (503, "API_UNAVAILABLE"), "{}", answer.text);

    platform.clock.advance(Duration::from_mins(10));
    assert_eq!((get("/healthz").await.status, get("/readyz").await.status), (200, 503));
    let answer = platform.query(Caller::Server, "{ timezone { name } }").await;
    assert_eq!((answer.status, answer.code()), (503, "API_UNAVAILABLE"));

    platform.flaky.repair();
    assert_eq!(get("/readyz").await.text, "OK");
    let answer = platform.query(Caller::Server, "{ timezone { name } }").await;
    assert!(answer.status == 200 && !answer.headers.contains_key("x-primehub-stale"));
}
