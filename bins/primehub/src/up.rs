//! `primehub up`: everything in one process.

mod clients;
mod description;
mod exposure;
mod greeting;
mod logging;
mod platform;
mod public_url;
mod signals;
mod storage;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use primehub_graphql::{Listener, TlsFiles};
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;

use self::description::Description;
pub(crate) use self::description::Previous;
use self::exposure::Exposure;
pub(crate) use self::platform::{CLIENT_ID, REALM};
use self::platform::{Parts, Platform};
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
    let exposure = Exposure::decide(options.exposure)?;
    let folder = handout::folder(options.config_dir.as_deref())?;
    let stop = signals::stop()?;
    let socket = bind(exposure.listen(), options.port).await?;
    let management = bind(Ipv4Addr::LOCALHOST.into(), options.management_port).await?;
    let base = exposure.base(socket.local_addr()?);
    let listener = listener(socket, &exposure)?;

    let parts = Parts {
        data_dir: options.data_dir.as_deref(),
        clients: options.clients.as_deref().map(clients::read).transpose()?.unwrap_or_default(),
        terms: options.terms.as_deref().map(terms).transpose()?,
        no_demo: options.no_demo,
    };
    let platform = Platform::assemble(&exposure, &base, parts).await?;
    platform.retire_keys().await;
    rotate_keys_when_asked(&platform)?;

    let mut description = Description::new(&platform, &base, management.local_addr()?);
    description.recall(platform.store_id.as_deref().and_then(|store| handout::previous(&folder, store)));
    if description.has_stale_tokens() {
        tracing::warn!(
            before = description.token_issuer,
            "people reached this deployment at another address before: API tokens and logins made there are not valid here"
        );
    }
    handout::keep_other(&folder, platform.store_id.as_deref())?;
    handout::write(&folder, &description.sdk_configuration(), &description)?;
    crate::print(&greeting::text(&description, exposure.is_private(), options.data_dir.as_deref(), &folder))?;

    let server = &platform.server;
    let finished = async {
        tokio::join!(
            primehub_graphql::serve(listener, platform.routes(), stop.requested(), GRACE),
            primehub_graphql::serve(management, server.management_router(), stop.requested(), GRACE),
        );
        // Changes whose client has gone away are finished all the same.
        server.drained().await;
    };
    let overdue = async {
        stop.requested().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = finished => {}
        () = overdue => tracing::warn!(grace_ms = GRACE.as_millis(), "stopped with work unfinished"),
    }
    Ok(())
}

fn terms(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    anyhow::ensure!(!text.trim().is_empty(), "{} has no terms in it", file.display());
    Ok(text)
}

async fn bind(address: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((address, port))
        .await
        .with_context(|| format!("port {port} of {address} is not to be had; choose another one, or 0 for any"))
}

/// The public listener. With TLS, the files are read again at each SIGHUP: what renews certificates sends one.
fn listener(socket: TcpListener, exposure: &Exposure) -> anyhow::Result<Listener> {
    let Some((certificates, key)) = exposure.tls() else { return Ok(socket.into()) };
    let files = TlsFiles::load(certificates, key)?;
    let listener = Listener::tls(socket, files.tls());
    signals::at_each(SignalKind::hangup(), move || {
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

fn rotate_keys_when_asked(platform: &Platform) -> anyhow::Result<()> {
    let platform = platform.clone();
    signals::at_each(SignalKind::user_defined1(), move || platform.rotate_keys())
}
