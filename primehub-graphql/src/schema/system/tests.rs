use primehub_core::identity::{Actor, Edit, IdentityStore as _, RealmEdit, attribute};
use rstest::rstest;
use serde_json::{Value, json};

use crate::config::LicenseStatus;
use crate::schema::harness::Harness;

const SMTP: &str = "smtp { host port fromDisplayName from replyToDisplayName replyTo envelopeFrom enableSSL enableStartTLS enableAuth username password }";

async fn system(harness: &Harness, fields: &str) -> Value {
    harness.run_as("amy", &format!("{{ system {{ {fields} }} }}")).await.data()["system"].clone()
}

async fn update(harness: &Harness, data: &str, fields: &str) -> Value {
    let document = format!("mutation {{ updateSystem(data: {{{data}}}) {{ {fields} }} }}");
    harness.run_as("amy", &document).await.data()["updateSystem"].clone()
}

async fn refused(harness: &Harness, data: &str) -> String {
    harness.run_as("amy", &format!("mutation {{ updateSystem(data: {{{data}}}) {{ org {{ name }} }} }}")).await.error()
}

/// What the login page shows: plain name and HTML.
fn login_page(harness: &Harness) -> (Option<String>, Option<String>) {
    let directory = harness.directory();
    (directory.realm().display_name.clone(), directory.realm().display_name_html.clone())
}

async fn store_smtp(harness: &Harness, entries: &[(&str, &str)]) {
    let smtp = entries.iter().map(|(key, value)| ((*key).to_owned(), Edit::Set((*value).to_owned()))).collect();
    harness.memory.edit_realm(&Actor::service(), RealmEdit { smtp, ..RealmEdit::default() }).await.unwrap();
}

#[tokio::test]
async fn a_new_platform_has_defaults() {
    let harness = Harness::new().await;
    let fields = format!("org {{ name logo {{ url }} }} defaultUserVolumeCapacity timezone {{ name offset }} {SMTP}");
    let expected = json!({
        "org": {"name": "InfuseAI", "logo": null},
        "defaultUserVolumeCapacity": 20,
        "timezone": {"name": "Africa/Abidjan", "offset": 0.0},
        "smtp": {
            "host": null, "port": 25, "fromDisplayName": null, "from": null, "replyToDisplayName": null, "replyTo": null, "envelopeFrom": null,
            "enableSSL": false, "enableStartTLS": false, "enableAuth": false, "username": null, "password": null,
        },
    });
    assert_eq!(system(&harness, &fields).await, expected);
}

#[tokio::test]
async fn everything_can_be_changed_and_is_answered_as_stored() {
    let harness = Harness::new().await;
    let data = "org: {name: \"ACME\", logo: {contentType: \"image/png\", name: \"l.png\", size: 5, url: \"https://a/l.png\"}},
        defaultUserVolumeCapacity: 30, timezone: {name: \"Asia/Taipei\", offset: 3},
        smtp: {host: \"mail\", port: 587, from: \"a@b\", enableStartTLS: true, enableAuth: true, username: \"robot\", password: \"secret\"}";
    let fields = format!(
        "org {{ name logo {{ contentType name size url }} }} defaultUserVolumeCapacity timezone {{ name offset }} {SMTP}"
    );
    let answered = update(&harness, data, &fields).await;
    let expected = json!({
        "org": {"name": "ACME", "logo": {"contentType": "image/png", "name": "l.png", "size": 5, "url": "https://a/l.png"}},
        "defaultUserVolumeCapacity": 30,
        "timezone": {"name": "Asia/Taipei", "offset": 8.0},
        "smtp": {
            "host": "mail", "port": 587, "fromDisplayName": null, "from": "a@b", "replyToDisplayName": null, "replyTo": null,
            "envelopeFrom": null, "enableSSL": false, "enableStartTLS": true, "enableAuth": true, "username": "robot", "password": "**********",
        },
    });
    assert_eq!(answered, expected);
    assert_eq!(system(&harness, &fields).await, expected);
    let html = "<img src=\"https://a/l.png\" alt=\"ACME\" width=\"500\" >";
    assert_eq!(login_page(&harness), (Some("ACME".into()), Some(html.into())));
}

#[tokio::test]
async fn absent_empty_and_zero_keep_what_is_stored() {
    let harness = Harness::new().await;
    harness.set_group_attribute("everyone", attribute::ORG_NAME, &["ACME"]).await;
    harness.set_group_attribute("everyone", attribute::TIMEZONE, &["Asia/Tokyo"]).await;
    harness.set_group_attribute("everyone", "from-elsewhere", &["a", "b"]).await;
    let data = "org: {name: \"\"}, defaultUserVolumeCapacity: 0, timezone: {name: \"Mars/Olympus\"}, smtp: {}";
    let answered = update(&harness, data, "org { name } defaultUserVolumeCapacity timezone { name }").await;
    assert_eq!(
        answered,
        json!({"org": {"name": "ACME"}, "defaultUserVolumeCapacity": 20, "timezone": {"name": "Asia/Tokyo"}})
    );
    assert_eq!(harness.group_attribute("everyone", "from-elsewhere"), ["a", "b"]);
}

#[rstest]
#[case::none(None, 480, "Asia/Taipei", Some("Asia/Taipei"))]
#[case::known(Some("Europe/Paris"), 480, "Europe/Paris", Some("Europe/Paris"))]
#[case::unknown(Some("Mars/Olympus"), 0, "Africa/Abidjan", None)]
#[tokio::test]
async fn an_unknown_timezone_is_null_among_the_settings_and_the_default_for_work(
    #[case] stored: Option<&str>,
    #[case] offset: i32,
    #[case] effective: &str,
    #[case] shown: Option<&str>,
) {
    let harness = Harness::configured(|config| config.timezone_offset_minutes = offset).await;
    if let Some(name) = stored {
        harness.set_group_attribute("everyone", attribute::TIMEZONE, &[name]).await;
    }
    let data = harness.run_as_server("{ timezone { name } system { timezone { name } } }").await.data();
    assert_eq!(data["timezone"]["name"], effective);
    assert_eq!(data["system"]["timezone"], shown.map_or(json!(null), |name| json!({"name": name})));
}

#[tokio::test]
async fn the_licence_is_answered_to_everybody_with_what_is_used() {
    let harness = Harness::configured(|config| {
        config.license.max_groups = Some(7);
        config.license.status = LicenseStatus::Unexpired;
        config.license.licensed_to = Some("ACME".into());
    })
    .await;
    let fields = "licensedTo licenseStatus startedAt expiredAt maxUser maxGroup maxNode maxModelDeploy usage { maxUser maxGroup maxNode maxModelDeploy }";
    let expected = json!({
        "licensedTo": "ACME", "licenseStatus": "unexpired", "startedAt": null, "expiredAt": null,
        "maxUser": -1, "maxGroup": 7, "maxNode": -1, "maxModelDeploy": -1,
        "usage": {"maxUser": 4, "maxGroup": 2, "maxNode": null, "maxModelDeploy": null},
    });
    assert_eq!(system(&harness, &format!("license {{ {fields} }}")).await["license"], expected);
    assert_eq!(harness.run_as("dan", &format!("{{ license {{ {fields} }} }}")).await.data()["license"], expected);
}

#[tokio::test]
async fn settings_are_for_administrators_and_servers_and_the_timezone_for_everybody() {
    let harness = Harness::new().await;
    let denied = "NOT_AUTH: Not Authorised!";
    assert_eq!(harness.run_as("bob", "{ system { org { name } } }").await.error(), denied);
    assert_eq!(harness.run_as("bob", "mutation { updateSystem(data: {}) { org { name } } }").await.error(), denied);
    assert_eq!(harness.run_as_server("mutation { updateSystem(data: {}) { org { name } } }").await.error(), denied);
    harness.run_as_server("{ system { defaultUserVolumeCapacity timezone { name offset } } }").await.data();
    harness.run_as("dan", "{ timezone { name offset } }").await.data();
}

#[tokio::test]
async fn do_better_9_1_an_empty_address_removes_the_logo() {
    let harness = Harness::new().await;
    update(&harness, "org: {name: \"ACME\", logo: {name: \"l.png\", url: \"https://a/l.png\"}}", "org { name }").await;
    let answered = update(&harness, "org: {logo: {url: \"\"}}", "org { name logo { name url } }").await;
    assert_eq!(answered, json!({"org": {"name": "ACME", "logo": null}}));
    assert_eq!(login_page(&harness).1.unwrap_or_default(), "");
}

#[tokio::test]
async fn do_better_9_1_a_new_name_keeps_the_logo_on_the_login_page() {
    let harness = Harness::new().await;
    update(&harness, "org: {name: \"ACME\", logo: {url: \"https://a/l.png\"}}", "org { name }").await;
    update(&harness, "org: {name: \"Emca\"}", "org { name }").await;
    let html = "<img src=\"https://a/l.png\" alt=\"Emca\" width=\"500\" >";
    assert_eq!(login_page(&harness), (Some("Emca".into()), Some(html.into())));
}

#[tokio::test]
async fn do_better_9_1_name_and_address_are_escaped_on_the_login_page() {
    let harness = Harness::new().await;
    update(&harness, r#"org: {name: "A\"><script>", logo: {url: "https://a/?x=\"y"}}"#, "org { name }").await;
    let html = login_page(&harness).1.unwrap();
    assert!(!html.contains("<script>") && html.matches('"').count() == 6, "{html}");
}

#[rstest]
#[case::script("javascript:alert(1)")]
#[case::page("data:text/html,x")]
#[case::file("/logo.png")]
#[tokio::test]
async fn do_better_9_1_a_logo_has_a_web_address_or_is_an_image_itself(#[case] url: &str) {
    let harness = Harness::new().await;
    let error = refused(&harness, &format!("org: {{logo: {{url: {url:?}}}}}")).await;
    assert!(error.starts_with("REQUEST_BODY_INVALID: org.logo.url must start with"), "{error}");
    update(&harness, "org: {logo: {url: \"data:image/png;base64,AA==\"}}", "org { name }").await;
}

#[tokio::test]
async fn do_better_9_1_the_stored_timezone_is_answered_when_none_is_given() {
    let harness = Harness::new().await;
    harness.set_group_attribute("everyone", attribute::TIMEZONE, &["Asia/Tokyo"]).await;
    let answered = update(&harness, "org: {name: \"ACME\"}", "timezone { name offset }").await;
    assert_eq!(answered, json!({"timezone": {"name": "Asia/Tokyo", "offset": 9.0}}));
}

#[tokio::test]
async fn do_better_9_1_mail_settings_that_are_not_given_stay() {
    let harness = Harness::new().await;
    let stored = [
        ("host", "old"),
        ("from", "a@b"),
        ("auth", "true"),
        ("user", "robot"),
        ("password", "secret"),
        ("replyTo", "c@d"),
    ];
    store_smtp(&harness, &stored).await;
    let data = "smtp: {host: \"new\", replyTo: null, password: \"**********\"}";
    let answered = update(&harness, data, "smtp { host username password replyTo }").await;
    assert_eq!(
        answered,
        json!({"smtp": {"host": "new", "username": "robot", "password": "**********", "replyTo": null}})
    );
    assert_eq!(
        harness.memory.mail_password().map(|password| secrecy::ExposeSecret::expose_secret(&password).to_owned()),
        Some("secret".into())
    );
}

#[tokio::test]
async fn do_better_9_1_settings_written_in_part_are_reported() {
    let harness = Harness::new().await;
    harness.store.fail_unavailable("edit_realm");
    let error = refused(&harness, "org: {name: \"ACME\"}").await;
    let expected =
        "PARTIAL_FAILURE: done: organization, volume capacity and time zone; failed: login page and outgoing mail: ";
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(harness.group_attribute("everyone", attribute::ORG_NAME), ["ACME"]);
}

#[rstest]
#[case::port("org: {name: \"ACME\"}, smtp: {port: 0}", "smtp.port is not between 1 and 65535")]
#[case::mail_header("org: {name: \"ACME\"}, smtp: {from: \"a@b\\nBcc: c\"}", "smtp.from contains a control character")]
#[case::negative_capacity(
    "org: {name: \"ACME\"}, defaultUserVolumeCapacity: -1",
    "defaultUserVolumeCapacity must not be negative"
)]
#[tokio::test]
async fn do_better_9_1_everything_is_checked_before_the_first_write(#[case] data: &str, #[case] message: &str) {
    let harness = Harness::new().await;
    harness.store.take_calls();
    assert_eq!(refused(&harness, data).await, format!("REQUEST_BODY_INVALID: {message}"));
    assert_eq!(harness.store.take_calls(), Vec::<&str>::new());
}

#[tokio::test]
async fn a_logo_that_does_not_fit_into_the_identity_provider_is_refused() {
    let harness = Harness::new().await;
    let url = format!("https://a/{}", "x".repeat(300));
    let error = refused(&harness, &format!("org: {{logo: {{url: {url:?}}}}}")).await;
    assert_eq!(error, "REQUEST_BODY_INVALID: org.logo.url is longer than 255 characters");
}
