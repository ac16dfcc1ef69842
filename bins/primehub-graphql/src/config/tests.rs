use std::collections::BTreeMap;

use primehub_graphql::LicenseStatus;
use rstest::rstest;
use secrecy::ExposeSecret;

use super::*;

/// The variables, and the secret that must be set.
fn vars<'a>(given: &[(&'a str, &'a str)]) -> BTreeMap<&'a str, &'a str> {
    let mut vars = BTreeMap::from([("KC_CLIENT_SECRET", "s3cret")]);
    vars.extend(given.iter().copied());
    vars
}

fn config(given: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    let vars = vars(given);
    Config::from_vars(|name| vars.get(name).map(|&text| text.to_owned()))
}

/// What the configuration says, as far as it can be told in words.
fn told(given: &[(&str, &str)]) -> BTreeMap<&'static str, String> {
    let config = config(given).unwrap();
    let Config { keycloak, platform, .. } = &config;
    let (patience, following, license) = (&keycloak.patience, &keycloak.following, &platform.license);
    BTreeMap::from([
        ("KC_API_BASEURL", keycloak.base.to_string()),
        ("KC_OIDC_BASEURL", keycloak.issuer()),
        ("KC_REALM", keycloak.realm.clone()),
        ("KC_CLIENT_ID", format!("{} {}", keycloak.client_id, platform.client_id)),
        ("KC_CLIENT_SECRET", keycloak.client_secret.expose_secret().to_owned()),
        ("KC_EVERYONE_GROUP_ID", format!("{:?}", keycloak.everyone.as_ref().map(ToString::to_string))),
        ("KC_ROLE_PREFIX", format!("{:?}", platform.role_prefix.as_ref().map(ToString::to_string))),
        ("KC_GRANT_TYPE", config.password_login.to_string()),
        ("HTTPS_PROXY", format!("{:?}", keycloak.proxy.as_ref().map(ToString::to_string))),
        ("NO_PROXY", keycloak.no_proxy.clone()),
        ("KC_STALE_MAX", format!("{:?}", config.stale_max)),
        ("KC_POLL_INTERVAL", format!("{:?}", following.interval)),
        ("KC_REFRESH_INTERVAL", format!("{:?}", following.refresh)),
        ("KC_OIDC_TIMEOUT", format!("{:?}", patience.token)),
        ("KC_MAX_SOCKETS", patience.calls.to_string()),
        ("KC_MAX_FREE_SOCKETS", patience.idle_connections.to_string()),
        ("LISTEN_ADDRESS", config.listen.to_string()),
        ("NODE_PORT", config.port.to_string()),
        ("MANAGEMENT_PORT", config.management_port.to_string()),
        ("APP_PREFIX", config.prefix.to_string()),
        ("GRAPHQL_HOST", config.site.to_string()),
        ("TRUSTED_PROXIES", config.trusted_proxies.len().to_string()),
        ("SHARED_GRAPHQL_SECRET_KEY", format!("{:?}", config.shared_secret.as_ref().map(ExposeSecret::expose_secret))),
        ("GRAPHQL_PLAYGROUND", config.introspection.to_string()),
        ("SHUTDOWN_GRACE", format!("{:?}", config.grace)),
        ("PRIMEHUB_LOG", config.log.filter.clone()),
        ("LOG_FORMAT", format!("{:?}", config.log.format)),
        ("PRIMEHUB_MODE", platform.deploy_mode.to_string()),
        ("DEFAULT_USER_VOLUME_CAPACITY", platform.default_user_volume_capacity.to_string()),
        ("MAX_USER", format!("{:?}", license.max_users)),
        ("MAX_GROUP", format!("{:?}", license.max_groups)),
        ("MAX_NODE", format!("{:?}", license.max_nodes)),
        ("MAX_MODEL_DEPLOY", format!("{:?}", license.max_model_deployments)),
        ("EXPIRED", license.status.as_str().to_owned()),
        ("LICENSED_TO", format!("{:?}", license.licensed_to)),
        ("STARTED_AT", format!("{:?}", license.started_at)),
        ("EXPIRED_AT", format!("{:?}", license.expired_at)),
    ])
}

#[rstest]
#[case::kc_api_baseurl(
    "KC_API_BASEURL",
    "http://127.0.0.1:8080/",
    "https://kc.example/auth",
    "https://kc.example/auth"
)]
#[case::kc_oidc_baseurl(
    "KC_OIDC_BASEURL",
    "http://127.0.0.1:8080/realms/primehub",
    "https://id.example/",
    "https://id.example/realms/primehub"
)]
#[case::kc_realm("KC_REALM", "primehub", "hub", "hub")]
#[case::kc_client_id("KC_CLIENT_ID", "admin-ui admin-ui", "ui", "ui ui")]
#[case::kc_client_secret("KC_CLIENT_SECRET", "s3cret", "other", "other")]
#[case::kc_everyone_group_id("KC_EVERYONE_GROUP_ID", "None", "6ef4-1", "Some(\"6ef4-1\")")]
#[case::kc_role_prefix("KC_ROLE_PREFIX", "None", "dev", "Some(\"dev\")")]
#[case::kc_grant_type("KC_GRANT_TYPE", "false", "password", "true")]
#[case::kc_grant_type("KC_GRANT_TYPE", "false", "client_credentials", "false")]
#[case::no_proxy("NO_PROXY", "", ".svc,10.0.0.0/8", ".svc,10.0.0.0/8")]
#[case::kc_stale_max("KC_STALE_MAX", "600s", "1h30m", "5400s")]
#[case::kc_stale_max("KC_STALE_MAX", "600s", "0", "0ns")]
#[case::kc_poll_interval("KC_POLL_INTERVAL", "1s", "500ms", "500ms")]
#[case::kc_refresh_interval("KC_REFRESH_INTERVAL", "600s", "2m", "120s")]
#[case::kc_oidc_timeout("KC_OIDC_TIMEOUT", "3s", "5000", "5s")]
#[case::kc_max_sockets("KC_MAX_SOCKETS", "80", "40", "40")]
#[case::kc_max_free_sockets("KC_MAX_FREE_SOCKETS", "10", "20", "20")]
#[case::listen_address("LISTEN_ADDRESS", "0.0.0.0", "::", "::")]
#[case::node_port("NODE_PORT", "3001", "0", "0")]
#[case::management_port("MANAGEMENT_PORT", "3002", "9000", "9000")]
#[case::app_prefix("APP_PREFIX", "", "api/", "/api")]
#[case::app_prefix("APP_PREFIX", "", "/", "")]
#[case::graphql_host("GRAPHQL_HOST", "http://localhost:3001/", "https://hub.example", "https://hub.example/")]
#[case::trusted_proxies("TRUSTED_PROXIES", "0", "10.0.0.0/8, ::1", "2")]
#[case::shared_graphql_secret_key("SHARED_GRAPHQL_SECRET_KEY", "None", "shared", "Some(\"shared\")")]
#[case::graphql_playground("GRAPHQL_PLAYGROUND", "true", "false", "true")]
#[case::shutdown_grace("SHUTDOWN_GRACE", "20s", "5s", "5s")]
#[case::primehub_log("PRIMEHUB_LOG", "info", "warn,audit=info", "warn,audit=info")]
#[case::log_format("LOG_FORMAT", "Text", "json", "Json")]
#[case::primehub_mode("PRIMEHUB_MODE", "false", "deploy", "true")]
#[case::primehub_mode("PRIMEHUB_MODE", "false", "ce", "false")]
#[case::default_user_volume_capacity("DEFAULT_USER_VOLUME_CAPACITY", "20G", "10.5G", "10.5G")]
#[case::max_user("MAX_USER", "None", "5", "Some(5)")]
#[case::max_group("MAX_GROUP", "None", "0", "Some(0)")]
#[case::max_node("MAX_NODE", "None", "3", "Some(3)")]
#[case::max_model_deploy("MAX_MODEL_DEPLOY", "Some(0)", "-2", "None")]
#[case::expired("EXPIRED", "invalid", "expired", "expired")]
#[case::licensed_to("LICENSED_TO", "None", "ACME", "Some(\"ACME\")")]
#[case::started_at("STARTED_AT", "None", "2026-01-01", "Some(\"2026-01-01\")")]
#[case::expired_at("EXPIRED_AT", "None", "2027-01-01", "Some(\"2027-01-01\")")]
fn a_variable_has_its_default_or_what_is_given(
    #[case] name: &'static str,
    #[case] unset: &str,
    #[case] text: &'static str,
    #[case] given: &str,
) {
    assert_eq!(told(&[])[name], unset);
    if name != "KC_CLIENT_SECRET" {
        assert_eq!(told(&[(name, "")])[name], unset, "empty is unset");
    }
    let (before, after) = (told(&[]), told(&[(name, text)]));
    assert_eq!(after[name], given);
    // Browsers reach Keycloak where the server does, unless something else is said.
    let follows = |other: &str| {
        other == name
            || (name, other) == ("KC_API_BASEURL", "KC_OIDC_BASEURL")
            || (name, other) == ("KC_REALM", "KC_OIDC_BASEURL")
    };
    for (other, value) in &before {
        assert!(follows(other) || after[other] == *value, "{name} changes {other}");
    }
}

#[rstest]
#[case::kc_api_baseurl("KC_API_BASEURL", "keycloak:8080", "begins neither")]
#[case::kc_api_baseurl("KC_API_BASEURL", "keycloak", "is not a URL")]
#[case::kc_oidc_baseurl("KC_OIDC_BASEURL", "https://id.example?x", "a query")]
#[case::kc_client_id("KC_CLIENT_ID", "admin-cli", "name no account")]
#[case::kc_client_secret("KC_CLIENT_SECRET", "", "is not set")]
#[case::kc_everyone_group_id("KC_EVERYONE_GROUP_ID", "/everyone", "is not the id of a group")]
#[case::kc_role_prefix("KC_ROLE_PREFIX", "a:b", "cannot be used")]
#[case::kc_ca_file("KC_CA_FILE", "/nowhere/ca.pem", "cannot be read")]
#[case::kc_realm("KC_REALM", "primehub\n", "has a line break")]
#[case::kc_client_secret("KC_CLIENT_SECRET", "s3cret\n", "has a line break")]
#[case::shared_graphql_secret_key("SHARED_GRAPHQL_SECRET_KEY", "a\tb", "has a line break")]
#[case::no_proxy("NO_PROXY", "a\nb", "has a line break")]
#[case::licensed_to("LICENSED_TO", "\u{7}", "has a line break")]
#[case::https_proxy("HTTPS_PROXY", "socks5://proxy", "is not the address of an HTTP proxy")]
#[case::http_proxy("HTTP_PROXY", "http://", "is not the address of")]
#[case::kc_stale_max("KC_STALE_MAX", "10", "is not a length of time")]
#[case::kc_stale_max("KC_STALE_MAX", "-1s", "is less than no time")]
#[case::kc_poll_interval("KC_POLL_INTERVAL", "0", "is no time at all")]
#[case::kc_refresh_interval("KC_REFRESH_INTERVAL", "often", "is not a length of time")]
#[case::kc_oidc_timeout("KC_OIDC_TIMEOUT", "3s", "is not a number of milliseconds")]
#[case::kc_oidc_timeout("KC_OIDC_TIMEOUT", "0", "is not a number of milliseconds")]
#[case::kc_max_sockets("KC_MAX_SOCKETS", "0", "is not a number from 1")]
#[case::kc_max_free_sockets("KC_MAX_FREE_SOCKETS", "many", "is not a number from 1")]
#[case::listen_address("LISTEN_ADDRESS", "localhost", "is not an IP address")]
#[case::node_port("NODE_PORT", "65536", "is not a number from 0 to 65535")]
#[case::management_port("MANAGEMENT_PORT", "http", "is not a number from 0 to 65535")]
#[case::app_prefix("APP_PREFIX", "/a b", "no plain path")]
#[case::app_prefix("APP_PREFIX", "//", "no plain path")]
#[case::graphql_host("GRAPHQL_HOST", "hub.example", "is not a URL")]
#[case::graphql_host("GRAPHQL_HOST", "https://ada@hub.example", "has a user")]
#[case::trusted_proxies("TRUSTED_PROXIES", "10.0.0.0/8,ingress", "\"ingress\" is not an IP address or network")]
#[case::shutdown_grace("SHUTDOWN_GRACE", "0", "is no time at all")]
#[case::primehub_log("PRIMEHUB_LOG", "primehub=loud", "is no log filter")]
#[case::log_format("LOG_FORMAT", "xml", "is none of them")]
#[case::primehub_mode("PRIMEHUB_MODE", "pro", "is none of them")]
#[case::default_user_volume_capacity("DEFAULT_USER_VOLUME_CAPACITY", "large", "is not a capacity")]
#[case::max_user("MAX_USER", "five", "is not a whole number")]
#[case::max_group("MAX_GROUP", "1.5", "is not a whole number")]
#[case::max_node("MAX_NODE", "99999999999", "is too large")]
#[case::max_model_deploy("MAX_MODEL_DEPLOY", "none", "is not a whole number")]
#[case::expired("EXPIRED", "yes", "is none of them")]
#[case::dataset_endpoint("DATASET_ENDPOINT", "ftp://upload", "does not begin with http")]
fn a_wrong_value_names_the_variable_the_mistake_and_the_way_out(
    #[case] name: &'static str,
    #[case] text: &'static str,
    #[case] reason: &str,
) {
    let errors = config(&[(name, text)]).unwrap_err();
    let [problem] = errors.problems() else { panic!("{errors}") };
    assert_eq!(problem.variable, name);
    assert!(problem.reason.contains(reason), "{problem}");
    let shown = errors.to_string();
    assert!(shown.contains(&format!("  {name}: ")) && shown.contains("; write "), "{shown}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_no_secret() {
    let errors = config(&[
        ("KC_CLIENT_SECRET", ""),
        ("NODE_PORT", "x"),
        ("KC_API_BASEURL", "x"),
        ("MAX_USER", "x"),
        ("HTTPS_PROXY", "ftp://ada:p4ss@proxy"),
    ])
    .unwrap_err();
    let named: Vec<_> = errors.problems().iter().map(|problem| problem.variable.as_str()).collect();
    assert_eq!(named, ["KC_API_BASEURL", "KC_CLIENT_SECRET", "HTTPS_PROXY", "NODE_PORT", "MAX_USER"]);
    assert!(!errors.to_string().contains("p4ss"), "{errors}");
    assert!(!format!("{:?}", config(&[]).unwrap()).contains("s3cret"));
}

#[test]
fn secrets_can_stand_in_files() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("secret");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "from a file\n").unwrap();
    let given =
        config(&[("KC_CLIENT_SECRET", ""), ("KC_CLIENT_SECRET_FILE", path), ("SHARED_GRAPHQL_SECRET_KEY_FILE", path)]);
    let config_read = given.unwrap();
    assert_eq!(config_read.keycloak.client_secret.expose_secret(), "from a file");
    assert_eq!(config_read.shared_secret.unwrap().expose_secret(), "from a file");

    let reason = |given: &[(&str, &str)]| config(given).unwrap_err().problems()[0].to_string();
    assert!(reason(&[("KC_CLIENT_SECRET_FILE", path)]).contains("is set, and so is KC_CLIENT_SECRET_FILE"));
    let unset = ("KC_CLIENT_SECRET", "");
    assert!(reason(&[unset, ("KC_CLIENT_SECRET_FILE", "/nowhere/secret")]).contains("/nowhere/secret"));
    std::fs::write(&file, "\n").unwrap();
    assert!(reason(&[unset, ("KC_CLIENT_SECRET_FILE", path)]).contains("is empty"));
}

#[test]
fn production_hides_the_schema_unless_something_else_is_said() {
    let shown = |given: &[(&str, &str)]| config(given).unwrap().introspection;
    let production = ("NODE_ENV", "production");
    assert!(shown(&[]) && shown(&[("NODE_ENV", "test")]));
    assert!(!shown(&[production]) && shown(&[production, ("GRAPHQL_PLAYGROUND", "1")]));
}

#[rstest]
#[case::plain_keycloak_ignores_it(&[("HTTPS_PROXY", "http://proxy:1")], None)]
#[case::https(&[("KC_API_BASEURL", "https://kc"), ("HTTPS_PROXY", "http://proxy:1"), ("HTTP_PROXY", "http://other:2")], Some("http://proxy:1/"))]
#[case::lower_case(&[("KC_API_BASEURL", "https://kc"), ("https_proxy", "http://proxy:1")], Some("http://proxy:1/"))]
#[case::upper_case_first(&[("KC_API_BASEURL", "https://kc"), ("https_proxy", "http://no:1"), ("HTTPS_PROXY", "http://yes:1")], Some("http://yes:1/"))]
#[case::without_a_scheme(&[("KC_API_BASEURL", "https://kc"), ("HTTPS_PROXY", "proxy:3128")], Some("http://proxy:3128/"))]
#[case::http(&[("http_proxy", "http://proxy:1")], Some("http://proxy:1/"))]
fn the_proxy_is_that_of_keycloaks_scheme(#[case] given: &[(&str, &str)], #[case] proxy: Option<&str>) {
    assert_eq!(config(given).unwrap().keycloak.proxy.as_ref().map(Url::as_str), proxy);
}

#[test]
fn further_authorities_come_from_a_file() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("ca.pem");
    let given = [("KC_CA_FILE", file.to_str().unwrap())];
    let pem = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    std::fs::write(&file, pem).unwrap();
    assert_eq!(config(&given).unwrap().keycloak.extra_authorities, pem.as_bytes());
    for (content, reason) in [("", "holds no certificate"), ("-----BEGIN CERTIFICATE-----\n!", "cannot be understood")]
    {
        std::fs::write(&file, content).unwrap();
        let errors = config(&given).unwrap_err();
        assert!(errors.to_string().contains(reason), "{errors}");
    }
}

#[test]
fn what_has_no_effect_is_accepted_and_told() {
    let given = [("COOKIE_SIGNED_KEY", "x"), ("K8S_CRD_NAMESPACE", "hub"), ("DATASET_ENDPOINT", "http://upload/")];
    assert_eq!(config(&given).unwrap().without_effect, ["DATASET_ENDPOINT", "K8S_CRD_NAMESPACE", "COOKIE_SIGNED_KEY"]);
}

#[test]
fn what_is_no_text_is_refused() {
    let errors = config(&[("KC_REALM", "prime\u{fffd}hub")]).unwrap_err();
    assert!(errors.to_string().contains("KC_REALM: is not UTF-8"), "{errors}");
}

#[test]
fn every_variable_of_the_table_is_read_once_and_no_other() {
    let vars = |name: &str| (name == "KC_CLIENT_SECRET").then(|| "s".to_owned());
    let mut environment = Environment::new(&vars);
    read(&mut environment).unwrap();
    let mut asked = environment.asked;
    asked.sort_unstable();
    let mut listed: Vec<_> =
        variables().filter(|variable| variable.form != "anything").map(|variable| variable.name).collect();
    listed.sort_unstable();
    assert_eq!(asked, listed);
    let mut names: Vec<_> = variables().map(|variable| variable.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), variables().count(), "a variable stands in the table once");
}

#[test]
fn the_licence_is_what_it_was_without_variables() {
    let license = config(&[]).unwrap().platform.license;
    assert_eq!((license.status, license.max_users), (LicenseStatus::Invalid, None));
}
