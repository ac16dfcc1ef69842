//! `primehub up`: everything in one process, on loopback.

use std::env::VarError;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use primehub_core::clock::{Clock as _, SystemClock};
use primehub_core::identity::token::TokenPolicy;
use primehub_graphql::{LOOPBACK_HOSTS, PlatformConfig, Server};
use primehub_memory::demo::{self, DemoPerson};
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::command_line::UpOptions;
use crate::handout;

const REALM: &str = "primehub";
const CLIENT_ID: &str = "admin-ui";
const API_PREFIX: &str = "/api";

/// Requests and changes in work get this long to finish once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Runs until the process is asked to stop.
pub(crate) fn run(options: &UpOptions) -> anyhow::Result<()> {
    log_to_standard_error()?;
    tokio::runtime::Runtime::new()?.block_on(serve(options))
}

async fn serve(options: &UpOptions) -> anyhow::Result<()> {
    let folder = handout::folder(options.config_dir.as_deref())?;
    let stop = stop_signal()?;
    let listener = listen(options.port).await?;
    let management = listen(options.management_port).await?;
    let base = format!("http://{}", listener.local_addr()?);

    let realm = RealmSettings::new(REALM, CLIENT_ID);
    let client_secret = random_secret();
    let provider_settings = ProviderSettings::new(&realm, &base, client_secret.clone());
    let store = Arc::new(MemoryIdentityStore::new(realm));
    let provider = OpenIdProvider::start(store.clone(), provider_settings).await?;
    let people = if options.no_demo {
        demo::administrator(&store, &provider).await?
    } else {
        demo::people_and_groups(&store, &provider).await?
    };

    let shared_secret = random_secret();
    let policy = TokenPolicy::new(provider.issuer(), CLIENT_ID);
    let server = Server::builder(store, Arc::new(provider.clone()), platform_config(), policy)
        .prefix(API_PREFIX)
        .shared_secret(shared_secret.clone())
        .introspection(true)
        .allowed_hosts(LOOPBACK_HOSTS)
        .build();

    let up = Up {
        graphql: format!("{base}{API_PREFIX}/graphql"),
        issuer: provider.issuer().to_owned(),
        management: format!("http://{}", management.local_addr()?),
        client_id: CLIENT_ID,
        client_secret: client_secret.expose_secret(),
        shared_secret: shared_secret.expose_secret(),
        people: people.iter().map(Person::of).collect(),
    };
    handout::write(&folder, &sdk_configuration(&up), &up)?;
    crate::print(&greeting(&up, &folder))?;

    let routes = Router::new().merge(server.router()).merge(server.surround(provider.router()));
    let finished = async {
        tokio::join!(
            primehub_graphql::serve(listener, routes, requested(stop.clone()), GRACE),
            primehub_graphql::serve(management, server.management_router(), requested(stop.clone()), GRACE),
        );
        // Changes whose client has gone away are finished all the same.
        server.drained().await;
    };
    let overdue = async {
        requested(stop.clone()).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = finished => {}
        () = overdue => tracing::warn!(grace_ms = GRACE.as_millis(), "stopped with work unfinished"),
    }
    Ok(())
}

fn platform_config() -> PlatformConfig {
    let mut config = PlatformConfig::new(CLIENT_ID);
    config.timezone_offset_minutes = offset_minutes(&TimeZone::system(), SystemClock.now());
    config
}

/// Minutes east of UTC in `zone` at that moment, daylight saving included.
fn offset_minutes(zone: &TimeZone, now: Timestamp) -> i32 {
    zone.to_offset(now).seconds() / 60
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("port {port} of 127.0.0.1 is not to be had; choose another one, or 0 for any"))
}

/// What `up.json` says: all that a person or a test needs to use this deployment.
#[derive(Serialize)]
struct Up<'a> {
    graphql: String,
    issuer: String,
    management: String,
    client_id: &'static str,
    client_secret: &'a str,
    shared_secret: &'a str,
    people: Vec<Person<'a>>,
}

#[derive(Serialize)]
struct Person<'a> {
    id: &'a str,
    username: &'a str,
    password: &'a str,
    api_token: &'a str,
    rights: &'a str,
    groups: &'a [&'a str],
}

impl<'a> Person<'a> {
    fn of(person: &'a DemoPerson) -> Self {
        Self {
            id: person.id.as_str(),
            username: person.username,
            password: person.password.expose_secret(),
            api_token: person.api_token.expose_secret(),
            rights: person.rights,
            groups: person.groups,
        }
    }
}

/// `sdk.json`: the Python SDK's configuration file, for the platform administrator.
fn sdk_configuration(up: &Up<'_>) -> serde_json::Value {
    let person = up.people.first();
    serde_json::json!({
        "endpoint": up.graphql,
        "api-token": person.map(|person| person.api_token),
        // The SDK looks up the group's id by its name.
        "group": person.and_then(|person| person.groups.first()).map(|name| serde_json::json!({ "name": name })).unwrap_or_default(),
    })
}

fn greeting(up: &Up<'_>, folder: &Path) -> String {
    let mut text = String::from(
        "PrimeHub is running as an offline deployment: everything is in memory and gone when it stops.\n\
         Only this machine can reach it. Do not use it for anything that has to last or be shared.\n\n",
    );
    let places = [("GraphQL", &up.graphql), ("OpenID issuer", &up.issuer), ("health, metrics", &up.management)];
    for (what, place) in places {
        let _ = writeln!(text, "  {what:<16} {place}");
    }
    text.push_str("\n  people\n");
    for person in &up.people {
        let _ = writeln!(text, "  {:<16} {}", person.username, person.rights);
    }
    let _ = write!(
        text,
        "\nPasswords, tokens and secrets: {folder}/up.json\n\
         With the Python SDK:           primehub --config {folder}/sdk.json me\n\
         Stop with Ctrl-C.\n",
        folder = folder.display(),
    );
    text
}

/// Becomes true when the process is interrupted or asked to terminate.
fn stop_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        stop.send_replace(true);
    });
    Ok(stopped)
}

async fn requested(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a reason to stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// A secret that nobody can guess, made anew at every start.
fn random_secret() -> SecretString {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple()).into()
}

/// Warnings, and who changed what; `PRIMEHUB_LOG` asks for more, such as `info` or `primehub_graphql=debug`.
fn log_to_standard_error() -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a binary reads its configuration")]
    let filter = filter(std::env::var("PRIMEHUB_LOG"))?;
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colors).init();
    // Where it happened, but not the text: it may quote what somebody has typed.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(tracing::field::display);
        tracing::error!(place, "the program has a bug and panics");
    }));
    Ok(())
}

fn filter(asked: Result<String, VarError>) -> anyhow::Result<EnvFilter> {
    match asked {
        Ok(text) => EnvFilter::try_new(&text)
            .with_context(|| format!("PRIMEHUB_LOG={text:?} is no log filter; examples: info, primehub_graphql=debug")),
        Err(VarError::NotPresent) => Ok(EnvFilter::new("warn,audit=info")),
        Err(error @ VarError::NotUnicode(_)) => Err(error).context("PRIMEHUB_LOG cannot be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_that_of_the_moment() {
        let (winter, summer) = ("2026-01-15T12:00:00Z".parse().unwrap(), "2026-07-15T12:00:00Z".parse().unwrap());
        let offset = |zone: &str, now| offset_minutes(&TimeZone::posix(zone).unwrap(), now);
        assert_eq!(offset("CST-8", winter), 480);
        assert_eq!(offset("NST3:30NDT,M3.2.0,M11.1.0", winter), -210);
        assert_eq!(offset("NST3:30NDT,M3.2.0,M11.1.0", summer), -150);
        assert_eq!(offset_minutes(&TimeZone::UTC, summer), 0);
    }

    #[test]
    fn the_greeting_tells_where_everything_is_and_no_secret() {
        let person =
            Person { id: "1", username: "ada", password: "p4ss", api_token: "t0ken", rights: "member", groups: &[] };
        let up = Up {
            graphql: "http://127.0.0.1:1/api/graphql".into(),
            issuer: "http://127.0.0.1:1/auth/realms/primehub".into(),
            management: "http://127.0.0.1:2".into(),
            client_id: CLIENT_ID,
            client_secret: "s3cret",
            shared_secret: "sh4red",
            people: vec![person],
        };
        let text = greeting(&up, Path::new("/folder"));
        for told in ["/folder/up.json", "/folder/sdk.json", &up.graphql, &up.issuer, &up.management, "ada", "member"] {
            assert!(text.contains(told), "{told} is not in {text}");
        }
        for secret in ["p4ss", "t0ken", "s3cret", "sh4red"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }

    #[test]
    fn a_log_filter_that_is_none_is_an_error_that_names_the_variable() {
        assert_eq!(filter(Err(VarError::NotPresent)).unwrap().to_string(), "audit=info,warn");
        assert_eq!(filter(Ok("primehub_graphql=debug".into())).unwrap().to_string(), "primehub_graphql=debug");
        for wrong in [Ok("primehub=loud".into()), Err(VarError::NotUnicode("x".into()))] {
            let error = filter(wrong).unwrap_err().to_string();
            assert!(error.contains("PRIMEHUB_LOG"), "{error}");
        }
    }
}
