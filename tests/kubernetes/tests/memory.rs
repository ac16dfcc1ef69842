//! The cases on the API in memory, without a network and over HTTP.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use http::{HeaderValue, Request, header};
use kube::Client;
use kubernetes_conformance::{Cluster, Failure, trials};
use libtest_mimic::{Arguments, Trial};
use primehub_memory::kubernetes::{ApiServer, Token};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

/// Somebody without rights.
const JANE: &str = "Bearer jane-token";
/// Somebody who may do everything.
const ADMIN: &str = "Bearer admin-token";

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let runtime = tokio::runtime::Runtime::new()?;
    let all = runtime.block_on(all(runtime.handle()))?;
    Ok(libtest_mimic::run(&arguments, all).exit_code())
}

async fn all(runtime: &tokio::runtime::Handle) -> anyhow::Result<Vec<Trial>> {
    let server = ApiServer::builder()
        .token(Token { token: bare(ADMIN), user: "admin".to_owned(), groups: vec!["system:masters".to_owned()] })
        .token(Token { token: bare(JANE), user: "jane".to_owned(), groups: Vec::new() })
        .build()
        .await?;
    let inside = server.clone();
    let in_process = trials("memory", runtime, move || {
        let cluster = Cluster::new(within(&inside, ADMIN)).with_other(within(&inside, JANE));
        async { Ok(cluster) }
    });

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url: http::Uri = format!("http://{}", listener.local_addr()?).parse()?;
    tokio::spawn(async move { axum::serve(listener, server.router()).await });
    let over_http = trials("http", runtime, move || {
        let url = url.clone();
        async move { Ok(Cluster::new(client(&url, &bare(ADMIN))?).with_other(client(&url, &bare(JANE))?)) }
    });
    Ok(in_process.into_iter().chain(over_http).collect())
}

/// The token in a header.
fn bare(header: &str) -> String {
    header.trim_start_matches("Bearer ").to_owned()
}

/// A client without a network, with this token.
fn within(server: &ApiServer, token: &'static str) -> Client {
    let service = ServiceBuilder::new().map_request(move |mut request: Request<kube::client::Body>| {
        // A case may say that it is somebody else.
        let value = HeaderValue::from_static(token);
        request.headers_mut().entry(header::AUTHORIZATION).or_insert(value);
        request
    });
    Client::new(service.service(server.untrusting()), "default")
}

/// A client over HTTP, with this token.
fn client(url: &http::Uri, token: &str) -> Result<Client, Failure> {
    let mut config = kube::Config::new(url.clone());
    config.auth_info.token = Some(token.to_owned().into());
    config.default_retry = false;
    Client::try_from(config).map_err(Failure::broken)
}
