//! `primehub up`: everything in one process.

mod clients;
mod description;
mod embedded;
mod exposure;
mod greeting;
mod kubernetes;
mod logging;
mod on_keycloak;
mod platform;
mod public_url;
mod storage;

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use primehub_graphql::{Listener, TlsFiles};
use primehub_graphql_server::{at_each, bind};
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;

use self::description::Description;
pub(crate) use self::description::{Person, Previous};
pub(crate) use self::embedded::{CLIENT_ID, REALM};
use self::embedded::{Embedded, Parts};
use self::exposure::Exposure;
use self::greeting::Kept;
use self::kubernetes::{Place, Wanted};
pub(crate) use self::logging::to_standard_error as log_to_standard_error;
use self::on_keycloak::OnKeycloak;
pub(crate) use self::public_url::PublicUrl;
use crate::command_line::UpOptions;
use crate::handout;

/// Requests and changes in work get this long to finish once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Runs until the process is asked to stop.
pub(crate) fn run(options: UpOptions) -> anyhow::Result<()> {
    logging::to_standard_error()?;
    tokio::runtime::Runtime::new()?.block_on(serve(options))
}

async fn serve(options: UpOptions) -> anyhow::Result<()> {
    let on_keycloak = OnKeycloak::decide(&options)?;
    let folder = handout::folder(options.config_dir.as_deref())?;
    let stop = primehub_graphql_server::stop()?;
    if options.kube_only {
        return kubernetes::serve_alone(&options, &folder, &stop).await;
    }
    let exposure = Exposure::decide(options.exposure)?;
    let socket = bind(exposure.listen(), options.port).await?;
    let management = bind(Ipv4Addr::LOCALHOST.into(), options.management_port).await?;
    let base = exposure.base(socket.local_addr()?);
    let listener = listener(socket, &exposure)?;

    let wanted = Wanted { kubeconfig: options.kubeconfig.as_deref(), port: options.kubernetes_port };
    let (platform, place) = if let Some(on_keycloak) = &on_keycloak {
        at_each(SignalKind::user_defined1(), async || {
            tracing::warn!("the keys that sign tokens are Keycloak's: rotate them there");
        })?;
        let place = Place::find(&wanted, None, &platform::random_secret()).await?;
        (on_keycloak.assemble(&exposure, &base)?, place)
    } else {
        let parts = Parts {
            data_dir: options.data_dir.as_deref(),
            clients: options.clients.as_deref().map(clients::read).transpose()?.unwrap_or_default(),
            terms: options.terms.as_deref().map(terms).transpose()?,
            no_demo: options.no_demo,
        };
        let Embedded { platform, keys, objects, cluster_token } = Embedded::assemble(&exposure, &base, parts).await?;
        let place = Place::find(&wanted, objects, &cluster_token).await?;
        keys.retire().await;
        at_each(SignalKind::user_defined1(), move || keys.rotate())?;
        (platform, place)
    };
    let kept = match (&on_keycloak, &options.data_dir) {
        (Some(on_keycloak), _) => on_keycloak.kept(),
        (None, Some(folder)) => Kept::In(folder.display().to_string()),
        (None, None) => Kept::Nowhere,
    };

    let mut description = Description::new(&platform, &base, management.local_addr()?, place.told(&folder));
    description.recall(platform.store_id.as_deref().and_then(|store| handout::previous(&folder, store)));
    if description.has_stale_tokens() {
        tracing::warn!(
            before = description.token_issuer,
            "people reached this deployment at another address before: API tokens and logins made there are not valid here"
        );
    }
    handout::keep_other(&folder, platform.store_id.as_deref())?;
    handout::write(&folder, &description.sdk_configuration(), &description, place.kubeconfig())?;
    crate::print(&greeting::text(&description, exposure.is_private(), &kept, &folder))?;
    let routes = platform.routes();
    primehub_graphql_server::serve(&platform.server, listener, routes, management, &stop, GRACE).await;
    Ok(())
}

fn terms(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    anyhow::ensure!(!text.trim().is_empty(), "{} has no terms in it", file.display());
    Ok(text)
}

/// The public listener. With TLS, the files are read again at each SIGHUP: what renews certificates sends one.
fn listener(socket: TcpListener, exposure: &Exposure) -> anyhow::Result<Listener> {
    let Some((certificates, key)) = exposure.tls() else { return Ok(socket.into()) };
    let files = TlsFiles::load(certificates, key)?;
    let listener = Listener::tls(socket, files.tls());
    at_each(SignalKind::hangup(), move || {
        read_again(&files);
        std::future::ready(())
    })?;
    Ok(listener)
}

fn read_again(files: &TlsFiles) {
    match files.reload() {
        Ok(()) => tracing::info!("the certificate was read again"),
        Err(error) => {
            let error = anyhow::Error::new(error);
            tracing::error!(error = format_args!("{error:#}"), "the certificate stays what it was");
        }
    }
}
