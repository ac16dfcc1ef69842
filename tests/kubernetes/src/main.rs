//! Runs the cases on any cluster.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use kubernetes_conformance::{Cluster, Failure, cases, run};

/// Runs the cases on a cluster. They make namespaces and definitions of their own and delete them afterwards.
#[derive(Parser)]
struct Options {
    /// Whose cluster it is: a kubeconfig file. Its current user has to be an administrator.
    #[arg(long)]
    kubeconfig: PathBuf,
    /// Address of the API, where it is not the one in the file.
    #[arg(long)]
    server: Option<http::Uri>,
    /// Context of a user without rights.
    #[arg(long, default_value = "jane")]
    other: String,
    /// Only prints the names of the cases.
    #[arg(long)]
    list: bool,
    /// Part of the names of the cases to run.
    #[arg(default_value = "")]
    filter: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    // A provider that is installed already is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = Options::parse();
    if options.list {
        for case in cases() {
            println!("{}", case.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let file = Kubeconfig::read_from(&options.kubeconfig).context("reading the kubeconfig")?;
    let admin = client(&file, None, options.server.clone()).await.context("the current context")?;
    let other = if file.contexts.iter().any(|context| context.name == options.other) {
        Some(client(&file, Some(options.other.clone()), options.server).await.context("the other context")?)
    } else {
        None
    };
    let connect = || async {
        let cluster = Cluster::new(admin.clone());
        Ok::<_, Failure>(match &other {
            Some(other) => cluster.with_other(other.clone()),
            None => cluster,
        })
    };
    let summary = run(connect, &options.filter).await;
    println!("{summary}");
    Ok(if summary.broken().next().is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn client(file: &Kubeconfig, context: Option<String>, server: Option<http::Uri>) -> anyhow::Result<Client> {
    let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(file.clone(), &options).await?;
    // What the server says is the answer, not what it says after several tries.
    config.default_retry = false;
    if let Some(server) = server {
        config.cluster_url = server;
    }
    Ok(Client::try_from(config)?)
}
