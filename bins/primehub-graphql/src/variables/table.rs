//! The table.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use primehub_core::names::{GroupId, RolePrefix};
use primehub_core::quantity::CapacityG;
use primehub_graphql::{LicenseStatus, Network, Prefix};
use secrecy::SecretString;
use url::Url;

use super::{Capacity, Setting, Variable, read};
use crate::process::LogFormat;

/// Variables that belong together.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) variables: &'static [&'static Variable],
}

pub(crate) static SECTIONS: &[Section] = &[
    Section {
        title: "Keycloak",
        variables: &[
            &KC_API_BASEURL.variable,
            &KC_OIDC_BASEURL.variable,
            &KC_REALM.variable,
            &KC_CLIENT_ID.variable,
            &KC_CLIENT_SECRET.variable,
            &KC_EVERYONE_GROUP_ID.variable,
            &KC_ROLE_PREFIX.variable,
            &KC_GRANT_TYPE.variable,
            &KC_CA_FILE.variable,
            &HTTPS_PROXY.variable,
            &HTTP_PROXY.variable,
            &NO_PROXY.variable,
        ],
    },
    Section {
        title: "How Keycloak is followed",
        variables: &[
            &KC_STALE_MAX.variable,
            &KC_POLL_INTERVAL.variable,
            &KC_REFRESH_INTERVAL.variable,
            &KC_OIDC_TIMEOUT.variable,
            &KC_MAX_SOCKETS.variable,
            &KC_MAX_FREE_SOCKETS.variable,
        ],
    },
    Section {
        title: "Serving",
        variables: &[
            &LISTEN_ADDRESS.variable,
            &NODE_PORT.variable,
            &MANAGEMENT_PORT.variable,
            &APP_PREFIX.variable,
            &GRAPHQL_HOST.variable,
            &TRUSTED_PROXIES.variable,
            &SHARED_GRAPHQL_SECRET_KEY.variable,
            &NODE_ENV.variable,
            &GRAPHQL_PLAYGROUND.variable,
            &SHUTDOWN_GRACE.variable,
            &PRIMEHUB_LOG.variable,
            &LOG_FORMAT.variable,
        ],
    },
    Section {
        title: "The platform",
        variables: &[
            &PRIMEHUB_MODE.variable,
            &DEFAULT_USER_VOLUME_CAPACITY.variable,
            &MAX_USER.variable,
            &MAX_GROUP.variable,
            &MAX_NODE.variable,
            &MAX_MODEL_DEPLOY.variable,
            &EXPIRED.variable,
            &LICENSED_TO.variable,
            &STARTED_AT.variable,
            &EXPIRED_AT.variable,
        ],
    },
    Section {
        title: "For parts that are not there yet",
        variables: &[
            &DATASET_ENDPOINT.variable,
            &Variable::later("K8S_CRD_NAMESPACE", "Namespace of custom resources, volumes and secrets."),
            &Variable::later("PRIMEHUB_GROUP_SC", "Annotation of the volumes of groups."),
            &Variable::later("PRIMEHUB_GROUP_VOLUME_STORAGE_CLASS", "Storage class of the volumes of groups."),
            &Variable::later("PRIMEHUB_FEATURE_STORE", "Whether there is an object store."),
            &Variable::later("PRIMEHUB_STORE_ENDPOINT", "The object store."),
            &Variable::later("PRIMEHUB_STORE_BUCKET", "Its bucket."),
            &Variable::later("PRIMEHUB_STORE_ACCESS_KEY", "Who the server is there."),
            &Variable::later("PRIMEHUB_STORE_SECRET_KEY", "The secret of that account."),
            &Variable::later("PRIMEHUB_FEATURE_DATASET_UPLOAD", "Whether data can be uploaded to volumes."),
            &Variable::later("PRIMEHUB_FEATURE_LOG_PERSISTENCE", "Whether logs of jobs are kept."),
            &Variable::later("ZIPPING_ENDPOINT", "The service that packs files."),
            &Variable::later("PRIMEHUB_USAGE_REPORT_API_HOST", "The service that reports usage."),
            &Variable::later("PH_VERSION", "Version of the installation, for people to read."),
        ],
    },
    Section {
        title: "Without effect",
        variables: &[
            &Variable::unused("KC_USERNAME", "The server acts by the account of its client."),
            &Variable::unused("KC_PWD", "Belongs to `KC_USERNAME`."),
            &Variable::unused("KC_OIDC_RETRIES", "What is safe to repeat is repeated within the time limit."),
            &Variable::unused("APOLLO_TRACING", "Times are among the metrics."),
            &Variable::unused("PRIMEHUB_FEATURE_TELEMETRY", "Nothing is reported to anybody."),
            &Variable::unused("COOKIE_SIGNED_KEY", "The key of cookies is derived from `KC_CLIENT_SECRET`."),
            &Variable::unused("PAYLOAD_SECRET", "Nothing is signed with it."),
            &Variable::unused("CANNER_CMS_HOST", "Links are built from `GRAPHQL_HOST`."),
            &Variable::unused("CANNER_LOCALE", "Pages speak the language of the browser."),
        ],
    },
];

const HTTP_ADDRESS: &str =
    "an address such as `http://keycloak:8080`, with the path that Keycloak is served below if there is one";
const DURATION: &str = "a length of time such as `30s` or `10m`";
const LIMIT: &str = "a whole number; a negative one for no limit";

pub(crate) static KC_API_BASEURL: Setting<Url> = Setting::new(
    "KC_API_BASEURL",
    read::base,
    HTTP_ADDRESS,
    "Where this server reaches Keycloak. Keycloak before version 17, or with `--http-relative-path=/auth`, has `/auth` at the end.",
)
.or("http://127.0.0.1:8080");
pub(crate) static KC_OIDC_BASEURL: Setting<Url> = Setting::new(
    "KC_OIDC_BASEURL",
    read::base,
    "an address such as `https://id.example.com`",
    "Where browsers reach Keycloak. Tokens must name `<it>/realms/<realm>` as their issuer.",
)
.or_else("the same as `KC_API_BASEURL`");
pub(crate) static KC_REALM: Setting<String> =
    Setting::new("KC_REALM", read::text, "the name of a realm", "The realm of the installation.").or("primehub");
pub(crate) static KC_CLIENT_ID: Setting<String> = Setting::new(
    "KC_CLIENT_ID",
    read::client_id,
    "the id of a confidential client with a service account, such as the `admin-ui` that `primehub bootstrap` makes",
    "The client whose service account the server acts by, that people log in to, and whose offline tokens are API tokens.",
)
.or("admin-ui");
pub(crate) static KC_CLIENT_SECRET: Setting<SecretString> =
    Setting::new("KC_CLIENT_SECRET", read::secret, "the secret of the client", "The secret of that client.")
        .secret_or_file();
pub(crate) static KC_EVERYONE_GROUP_ID: Setting<GroupId> = Setting::new(
    "KC_EVERYONE_GROUP_ID",
    read::group_id,
    "the id that Keycloak shows for the group",
    "The group that stands for everybody.",
)
.or_else("the top-level group `everyone`");
pub(crate) static KC_ROLE_PREFIX: Setting<RolePrefix> = Setting::new(
    "KC_ROLE_PREFIX",
    read::role_prefix,
    "a prefix without a colon",
    "What stands before the kind in the names of roles for images, instance types and data sets.",
)
.or_else("no prefix");
pub(crate) static KC_GRANT_TYPE: Setting<bool> = Setting::new(
    "KC_GRANT_TYPE",
    read::is_password,
    "`authorization_code`, or `password`",
    "`password` lets people send their user name and password with each request (HTTP Basic), for which the client needs direct access grants. Anything else does not.",
)
.or("authorization_code");
pub(crate) static KC_CA_FILE: Setting<PathBuf> = Setting::new(
    "KC_CA_FILE",
    read::path,
    "the path of a file with certificates (PEM)",
    "Authorities to trust for Keycloak, besides the system's.",
)
.or_else("the system's alone");
pub(crate) static HTTPS_PROXY: Setting<Url> = Setting::new(
    "HTTPS_PROXY",
    read::proxy,
    "the address of an HTTP proxy, such as `http://proxy:3128`",
    "The way to Keycloak if `KC_API_BASEURL` begins with https.",
)
.also("https_proxy")
.secret()
.or_else("directly");
pub(crate) static HTTP_PROXY: Setting<Url> = Setting::new(
    "HTTP_PROXY",
    read::proxy,
    "the address of an HTTP proxy, such as `http://proxy:3128`",
    "The way to Keycloak if `KC_API_BASEURL` begins with http.",
)
.also("http_proxy")
.secret()
.or_else("directly");
pub(crate) static NO_PROXY: Setting<String> = Setting::new(
    "NO_PROXY",
    read::text,
    "names, suffixes that begin with a dot, addresses and networks, separated by commas",
    "Hosts that are reached without the proxy.",
)
.also("no_proxy")
.or_else("none");

pub(crate) static KC_STALE_MAX: Setting<Duration> = Setting::new(
    "KC_STALE_MAX",
    read::time,
    "a length of time such as `10m`, or `0`",
    "How long people are answered from what was last known while Keycloak cannot be reached; then they are answered 503. `0` is strict: nobody is answered from what was last known. An outage is noticed after up to three seconds. Changes are answered 503 in any case.",
)
.or("10m");
pub(crate) static KC_POLL_INTERVAL: Setting<Duration> = Setting::new(
    "KC_POLL_INTERVAL",
    read::some_time,
    DURATION,
    "How often the server asks Keycloak for what others have changed.",
)
.or("1s");
pub(crate) static KC_REFRESH_INTERVAL: Setting<Duration> = Setting::new(
    "KC_REFRESH_INTERVAL",
    read::some_time,
    DURATION,
    "How often everything is read again, to find what Keycloak tells no event of.",
)
.or("10m");
pub(crate) static KC_OIDC_TIMEOUT: Setting<Duration> = Setting::new(
    "KC_OIDC_TIMEOUT",
    read::milliseconds,
    "a number of milliseconds",
    "Time limit of calls for tokens and keys, in milliseconds.",
)
.or("3000");
pub(crate) static KC_MAX_SOCKETS: Setting<usize> = Setting::new(
    "KC_MAX_SOCKETS",
    read::count,
    "a number",
    "Calls to Keycloak at the same time, plus four for long lists; further ones wait. Up to 68 may be for tokens and passwords: with fewer, a flood of invented ones delays everything else.",
)
.or("80");
pub(crate) static KC_MAX_FREE_SOCKETS: Setting<usize> = Setting::new(
    "KC_MAX_FREE_SOCKETS",
    read::count,
    "a number",
    "Connections to Keycloak that are kept while they are idle.",
)
.or("10");

pub(crate) static LISTEN_ADDRESS: Setting<IpAddr> = Setting::new(
    "LISTEN_ADDRESS",
    read::address,
    "an IP address: `0.0.0.0` or `::` for all of this machine's",
    "Where both ports listen. They speak plain HTTP: TLS is for the ingress in front.",
)
.or("0.0.0.0");
pub(crate) static NODE_PORT: Setting<u16> =
    Setting::new("NODE_PORT", read::port, "a port; `0` for any free one", "The public port.").or("3001");
pub(crate) static MANAGEMENT_PORT: Setting<u16> = Setting::new(
    "MANAGEMENT_PORT",
    read::port,
    "a port; `0` for any free one",
    "The port of `/healthz`, `/readyz` and `/metrics`, which need no authentication. Keep the public away from it.",
)
.or("3002");
pub(crate) static APP_PREFIX: Setting<Prefix> = Setting::new(
    "APP_PREFIX",
    read::prefix,
    "a path such as `/api`",
    "What stands before every route of the API. The Python SDK needs `/api`.",
)
.or_else("no prefix");
pub(crate) static GRAPHQL_HOST: Setting<Url> = Setting::new(
    "GRAPHQL_HOST",
    read::base,
    "an address such as `https://hub.example.com`",
    "Where people reach the installation; links are built from it. With https, browsers are told to keep to it.",
)
.or("http://localhost:3001");
pub(crate) static TRUSTED_PROXIES: Setting<Vec<Network>> = Setting::new(
    "TRUSTED_PROXIES",
    read::networks,
    "addresses and networks such as `10.0.0.0/8`, separated by commas",
    "Proxies whose `X-Forwarded-For` is believed. Without it all clients behind a proxy share one client's limits.",
)
.or_else("none");
pub(crate) static SHARED_GRAPHQL_SECRET_KEY: Setting<SecretString> = Setting::new(
    "SHARED_GRAPHQL_SECRET_KEY",
    read::secret,
    "a long random text",
    "What the notebook spawner and controllers show instead of a token.",
)
.secret_or_file()
.or_else("nobody is taken for one of them");
pub(crate) static NODE_ENV: Setting<bool> = Setting::new(
    "NODE_ENV",
    read::is_production,
    "`development` or `production`",
    "`production` hides the schema unless `GRAPHQL_PLAYGROUND` is set.",
)
.or("development");
pub(crate) static GRAPHQL_PLAYGROUND: Setting<String> = Setting::new(
    "GRAPHQL_PLAYGROUND",
    read::text,
    "anything for yes",
    "Whether the schema can be asked for (introspection). Any text means yes.",
)
.or_else("yes, unless `NODE_ENV` is `production`");
pub(crate) static SHUTDOWN_GRACE: Setting<Duration> = Setting::new(
    "SHUTDOWN_GRACE",
    read::some_time,
    DURATION,
    "How long requests and changes in work may take once the process is told to stop.",
)
.or("20s");
pub(crate) static PRIMEHUB_LOG: Setting<String> = Setting::new(
    "PRIMEHUB_LOG",
    read::log_filter,
    "a level, and levels of parts, such as `info` or `warn,audit=info,primehub_keycloak=debug`",
    "What is logged on standard error. `audit` is the record of who changed what.",
)
.or("info");
pub(crate) static LOG_FORMAT: Setting<LogFormat> =
    Setting::new("LOG_FORMAT", read::log_format, "`text` or `json`", "How the log is written: a line each.").or("text");

pub(crate) static PRIMEHUB_MODE: Setting<bool> = Setting::new(
    "PRIMEHUB_MODE",
    read::is_deploy_mode,
    "`ce`, `ee` or `deploy`",
    "`deploy` lets every new group deploy models.",
)
.or_else("the same as `ee`");
pub(crate) static DEFAULT_USER_VOLUME_CAPACITY: Setting<CapacityG> = Setting::new(
    "DEFAULT_USER_VOLUME_CAPACITY",
    read::capacity,
    "a capacity such as `20G`",
    "Size of a person's volume where neither the person nor the platform's settings have one.",
)
.or("20G");
pub(crate) static MAX_USER: Setting<Capacity> = Setting::new("MAX_USER", read::limit, LIMIT, "Most people.").or("-1");
pub(crate) static MAX_GROUP: Setting<Capacity> =
    Setting::new("MAX_GROUP", read::limit, LIMIT, "Most groups besides that of everyone.").or("-1");
pub(crate) static MAX_NODE: Setting<Capacity> =
    Setting::new("MAX_NODE", read::limit, LIMIT, "Most nodes of the cluster.").or("-1");
pub(crate) static MAX_MODEL_DEPLOY: Setting<Capacity> =
    Setting::new("MAX_MODEL_DEPLOY", read::limit, LIMIT, "Most running deployments.").or("0");
pub(crate) static EXPIRED: Setting<LicenseStatus> = Setting::new(
    "EXPIRED",
    read::license_status,
    "`unexpired`, `expired` or `invalid`",
    "State of the licence, as the console shows it.",
)
.or("invalid");
pub(crate) static LICENSED_TO: Setting<String> =
    Setting::new("LICENSED_TO", read::text, "any text", "Who holds the licence.").or_else("nothing is shown");
pub(crate) static STARTED_AT: Setting<String> =
    Setting::new("STARTED_AT", read::text, "any text", "Since when.").or_else("nothing is shown");
pub(crate) static EXPIRED_AT: Setting<String> =
    Setting::new("EXPIRED_AT", read::text, "any text", "Until when.").or_else("nothing is shown");

pub(crate) static DATASET_ENDPOINT: Setting<String> = Setting::new(
    "DATASET_ENDPOINT",
    read::endpoint,
    "an address that begins with http",
    "Where people upload to volumes. Checked already.",
)
.or_else("nothing")
.later();
