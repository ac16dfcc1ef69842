//! What the program can be asked.

mod keycloak;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use primehub_graphql::Network;

pub(crate) use self::keycloak::{BootstrapOptions, CheckOptions, KeycloakOptions};
use crate::up::PublicUrl;

/// PrimeHub: a multi-user machine-learning platform on Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "primehub", version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process on this machine: an offline deployment, for trying and developing.
    #[command(after_help = UP_SIGNALS)]
    Up(Box<UpOptions>),
    /// Write what a data folder holds to readable files. Passwords are among them as hashes; keys, logins and API tokens are not.
    Export(ExportOptions),
    /// Fill a new data folder from such files.
    Import(ImportOptions),
    /// Make a realm of a Keycloak what PrimeHub needs, or repair it. Without changes to make, nothing is changed.
    #[command(after_help = ADMINISTRATOR)]
    Bootstrap(Box<BootstrapOptions>),
    /// Say what of an installation on a Keycloak is reachable, permitted and configured, line by line. If the variable `KC_GRANT_TYPE` is
    /// `password`, also whether people's passwords can go through the platform.
    Check(Box<CheckOptions>),
    /// Print the GraphQL schema.
    Schema,
    /// Print the definitions of the platform's custom resources as YAML, for `kubectl apply --server-side -f -`.
    Crds,
    /// Print the version.
    Version,
}

/// What `up` does when it is sent a signal.
const UP_SIGNALS: &str = "\
Signals (the process id stands in up.json):
  SIGUSR1  Sign with new keys; tokens signed before stay good (not with a Keycloak, which signs itself)
  SIGHUP   Read the files of --tls-cert and --tls-key again";

/// Who may make and repair realms.
const ADMINISTRATOR: &str = "\
Who does it: the administrator of the whole Keycloak (realm master), whose password is read from --admin-password-file, or else from the
variable KC_BOOTSTRAP_ADMIN_PASSWORD; or the client of --admin-client-id, whose secret is read from --admin-client-secret-file, or else from
KC_BOOTSTRAP_ADMIN_CLIENT_SECRET. The proxy is taken from HTTPS_PROXY, HTTP_PROXY and NO_PROXY.";

#[derive(Args, Debug)]
pub(crate) struct UpOptions {
    #[command(flatten)]
    pub(crate) exposure: ExposureOptions,
    /// Port of GraphQL and the OpenID provider; 0 takes any free one.
    #[arg(long, default_value_t = 3001, value_name = "N")]
    pub(crate) port: u16,
    /// Port of health and metrics on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) management_port: u16,
    /// Keep everything in this folder, so that a restart loses nothing; made if it is missing [default: keep nothing].
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Let these applications log people in as well: a client as Keycloak exports it, or a JSON array of them.
    #[arg(long, value_name = "FILE")]
    pub(crate) clients: Option<PathBuf>,
    /// Have every new account accept these terms at its first login: plain text, paragraphs separated by empty lines.
    #[arg(long, value_name = "FILE")]
    pub(crate) terms: Option<PathBuf>,
    /// Start with a platform administrator alone, without the people and groups of the demo.
    #[arg(long)]
    pub(crate) no_demo: bool,
    /// Use the Kubernetes of this kubeconfig instead of the one in this process.
    #[arg(long, conflicts_with_all = ["kube_only", "kubernetes_port"], value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Port of the Kubernetes API on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) kubernetes_port: u16,
    /// Serve the Kubernetes API alone.
    #[arg(long, conflicts_with_all = ["clients", "terms"])]
    pub(crate) kube_only: bool,
    /// Where to write sdk.json, up.json and kubeconfig [default: primehub below your configuration folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) config_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) keycloak: KeycloakOptions,
}

#[derive(Args, Debug)]
pub(crate) struct ExportOptions {
    /// The data folder. Nothing may be running on it.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// Folder for the files; it is made.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct ImportOptions {
    /// The data folder; it is made, or empty.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    /// Folder with the files.
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,
}

/// Who can reach the deployment, and how.
#[derive(Args, Debug)]
pub(crate) struct ExposureOptions {
    /// Address to listen on. One that other machines can reach needs TLS, here or at a trusted proxy.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDR")]
    pub(crate) listen: IpAddr,
    /// What people and clients put before every path: https, and the host [default: from the address and port listened on].
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<PublicUrl>,
    /// Speak HTTPS with this certificate, and those between it and its root (PEM). SIGHUP reads it again.
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, without a passphrase (PEM).
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// A proxy, or a network of them, whose X-Forwarded-For is believed, such as 10.0.0.0/8. May be given more than once.
    #[arg(long = "trusted-proxy", value_name = "CIDR")]
    pub(crate) trusted_proxies: Vec<Network>,
}
