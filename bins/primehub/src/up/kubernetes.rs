//! Kubernetes for the platform: within this process, or a cluster that is there already.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use primehub_graphql_server::Stop;
use primehub_memory::kubernetes::store::{History, Store};
use primehub_memory::kubernetes::{ApiServer, Serving, Token};
use primehub_memory::persistence::Part;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::net::TcpListener;

use super::{platform, storage};
use crate::command_line::UpOptions;
use crate::handout;

/// What cluster, user and context are called in the kubeconfig.
const NAME: &str = "primehub";
/// Members may do everything.
const ADMINISTRATORS: &str = "system:masters";

/// What is asked for.
pub(super) struct Wanted<'a> {
    /// A cluster that is there already.
    pub(super) kubeconfig: Option<&'a Path>,
    /// The port of one within this process.
    pub(super) port: u16,
}

/// What people are told.
pub(super) struct Told {
    pub(super) url: String,
    pub(super) kubeconfig: PathBuf,
}

/// Where Kubernetes is.
pub(super) enum Place {
    Here(Kubernetes),
    Elsewhere(Told),
}

impl Place {
    /// Starts or finds what is wanted.
    pub(super) async fn find(wanted: &Wanted<'_>, part: Option<Part>, token: &SecretString) -> anyhow::Result<Self> {
        match wanted.kubeconfig {
            Some(file) => reach(file).await.map(Self::Elsewhere),
            None => Kubernetes::start(wanted.port, part, token).await.map(Self::Here),
        }
    }

    /// What people are told, who find files in `folder`.
    pub(super) fn told(&self, folder: &Path) -> Told {
        match self {
            Self::Here(own) => Told { url: own.url.clone(), kubeconfig: folder.join(handout::KUBECONFIG) },
            Self::Elsewhere(Told { url, kubeconfig }) => Told { url: url.clone(), kubeconfig: kubeconfig.clone() },
        }
    }

    /// The kubeconfig that is to be written.
    pub(super) fn kubeconfig(&self) -> Option<&Value> {
        match self {
            Self::Here(own) => Some(&own.kubeconfig),
            Self::Elsewhere(_) => None,
        }
    }
}

/// `up --kube-only`: the Kubernetes API and nothing else, until the process is asked to stop.
pub(super) async fn serve_alone(options: &UpOptions, folder: &Path, stop: &Stop) -> anyhow::Result<()> {
    let part = match &options.data_dir {
        Some(folder) => Some(storage::objects(folder).await?),
        None => None,
    };
    let own = Kubernetes::start(options.kubernetes_port, part, &platform::random_secret()).await?;
    let file = folder.join(handout::KUBECONFIG);
    handout::write_private(&file, &own.kubeconfig)?;
    let kept = options.data_dir.as_ref().map_or_else(
        || "Everything is in memory and gone when it stops.".to_owned(),
        |folder| format!("Everything is kept in {}.", folder.display()),
    );
    crate::print(&format!(
        "A Kubernetes API is running at {}, for this machine alone. {kept}\n\nkubectl --kubeconfig {} get namespaces\n\nStop with Ctrl-C.\n",
        own.url,
        file.display()
    ))?;
    stop.requested().await;
    Ok(())
}

/// A Kubernetes API that clients reach on this machine.
pub(super) struct Kubernetes {
    /// Where it answers.
    url: String,
    /// How clients reach it, and who they are.
    pub(super) kubeconfig: Value,
    _serving: Serving,
}

impl Kubernetes {
    /// Starts it on a loopback address, whose users hold `token`, on what was `kept`, or in memory alone. The platform's custom resources are
    /// defined from the beginning.
    pub(super) async fn start(port: u16, kept: Option<Part>, token: &SecretString) -> anyhow::Result<Self> {
        let mut builder = ApiServer::builder().token(Token {
            token: token.expose_secret().to_owned(),
            user: "primehub-admin".to_owned(),
            groups: vec![ADMINISTRATORS.to_owned()],
        });
        if let Some(kept) = kept {
            let store = tokio::task::spawn_blocking(|| Store::open(kept, History::default())).await?;
            builder = builder.store(store.context("the objects in the data folder cannot be used")?);
        }
        let server = builder.build().await.context("the Kubernetes API cannot be started")?;
        for definition in primehub_core::crd::definitions() {
            server.ensure(&serde_json::to_value(definition)?).await.context("a custom resource cannot be defined")?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("cannot listen on port {port} for the Kubernetes API"))?;
        let serving = server.serve_https(listener)?;
        let kubeconfig = serving.kubeconfig(NAME, token.expose_secret());
        Ok(Self { url: serving.url(), kubeconfig, _serving: serving })
    }
}

/// How long a cluster may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks whether the cluster of a kubeconfig answers and has the platform's custom resources.
async fn reach(file: &Path) -> anyhow::Result<Told> {
    let read =
        kube::config::Kubeconfig::read_from(file).with_context(|| format!("{} is no kubeconfig", file.display()))?;
    let config = kube::Config::from_custom_kubeconfig(read, &kube::config::KubeConfigOptions::default()).await?;
    let url = config.cluster_url.to_string();
    let client = kube::Client::try_from(config)?;
    let asked = tokio::time::timeout(PATIENCE, client.apiserver_version()).await;
    let version = asked
        .with_context(|| format!("{url} does not answer within {} s", PATIENCE.as_secs()))?
        .with_context(|| format!("the Kubernetes API at {url} cannot be used"))?;
    tracing::info!(%url, version = version.git_version, "the cluster answers");
    let group = client.list_api_groups().await?.groups.into_iter().any(|group| group.name == "primehub.io");
    if !group {
        tracing::warn!(
            "the cluster does not have the platform's custom resources: `primehub crds | kubectl apply --server-side -f -`"
        );
    }
    Ok(Told { kubeconfig: file.to_owned(), url })
}
