//! What the environment says about peers.

use std::path::PathBuf;

use clap::ValueEnum as _;
use etcetera::BaseStrategy as _;

use crate::endpoint::{Administrator, Endpoint};
use crate::java::JavaSearch;
use crate::server::Server;

/// Where prepared peers are kept.
const FOLDER: &str = "PRIMEHUB_PEERS_DIR";
/// A Keycloak that runs already.
pub(crate) const KEYCLOAK_URL: &str = "PRIMEHUB_KEYCLOAK_URL";
/// The name of its administrator, of realm `master`.
pub(crate) const KEYCLOAK_ADMIN: &str = "PRIMEHUB_KEYCLOAK_ADMIN";
/// The password of its administrator.
pub(crate) const KEYCLOAK_ADMIN_PASSWORD: &str = "PRIMEHUB_KEYCLOAK_ADMIN_PASSWORD";

/// The file that tells clients of a Kubernetes that runs already.
pub(crate) const KUBECONFIG: &str = "PRIMEHUB_KUBECONFIG";
/// The one server that tests are about, if not all.
pub(crate) const ONLY: &str = "PRIMEHUB_PEERS_ONLY";

/// Where things are on this machine. Read once, from the environment.
#[derive(Clone, Debug)]
pub struct Peers {
    /// Where prepared trees are kept, absolute.
    pub(crate) folder: PathBuf,
    pub(crate) java: JavaSearch,
    /// The folders of `PATH`, for Maven.
    pub(crate) path: Vec<PathBuf>,
    /// Maven's usual repository, which may have the distribution already.
    pub(crate) local_repository: PathBuf,
    /// The Keycloak that somebody else has started for the tests.
    pub(crate) running: Option<Endpoint>,
    /// The Kubernetes that somebody else has started for the tests.
    pub(crate) kubeconfig: Option<PathBuf>,
    only: Option<Server>,
}

/// Why the environment does not say where peers are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeersError {
    /// The user has no home folder, and no other folder was named.
    #[error("there is no home folder: name a folder for the peers in {FOLDER}")]
    NoHome,
    /// Cargo runs tests in the folder of their package and programs in the user's, so a relative path would mean two places.
    #[error("{0} is {path}: give the absolute path", path = .1.display())]
    Relative(&'static str, PathBuf),
    /// A running server was named without its administrator.
    #[error("{KEYCLOAK_URL} is set, {0} is not: say who administers that server")]
    Incomplete(&'static str),
    /// Tests are to be about something that is no server.
    #[error("{ONLY} is {0}, which is neither keycloak nor kubernetes")]
    NoServer(String),
}

impl Peers {
    /// Reads the environment.
    ///
    /// `PRIMEHUB_PEERS_DIR`, an absolute path, is where prepared peers are kept (otherwise `primehub/peers` in the user's cache folder), `JAVA_HOME` and
    /// `PATH` are where Java and Maven are looked for. `PRIMEHUB_KEYCLOAK_URL`, `PRIMEHUB_KEYCLOAK_ADMIN` and `PRIMEHUB_KEYCLOAK_ADMIN_PASSWORD`
    /// name a Keycloak that runs already, and `PRIMEHUB_KUBECONFIG`, an absolute path, tells of a Kubernetes that does, for tests that share one
    /// ([`Shared`](crate::Shared)). `PRIMEHUB_PEERS_ONLY` is `keycloak` or `kubernetes` where tests are about that one alone.
    ///
    /// # Errors
    ///
    /// [`PeersError`] says what is missing.
    pub fn from_variables(var: impl Fn(&str) -> Option<String>) -> Result<Self, PeersError> {
        let set = |name| var(name).filter(|value| !value.is_empty());
        let absolute = |name| match set(name).map(PathBuf::from) {
            Some(path) if !path.is_absolute() => Err(PeersError::Relative(name, path)),
            path => Ok(path),
        };
        let folder = match absolute(FOLDER)? {
            Some(folder) => folder,
            None => {
                etcetera::choose_base_strategy().map_err(|_| PeersError::NoHome)?.cache_dir().join("primehub/peers")
            }
        };
        let only =
            set(ONLY).map(|name| Server::from_str(&name, false).map_err(|_| PeersError::NoServer(name))).transpose()?;
        let path: Vec<PathBuf> = set("PATH").iter().flat_map(std::env::split_paths).collect();
        let running = match set(KEYCLOAK_URL) {
            None => None,
            Some(url) => Some(Endpoint {
                base_url: url.trim_end_matches('/').to_owned(),
                administrator: Administrator {
                    name: set(KEYCLOAK_ADMIN).ok_or(PeersError::Incomplete(KEYCLOAK_ADMIN))?,
                    password: set(KEYCLOAK_ADMIN_PASSWORD)
                        .ok_or(PeersError::Incomplete(KEYCLOAK_ADMIN_PASSWORD))?
                        .into(),
                },
            }),
        };
        let home = etcetera::home_dir().map_err(|_| PeersError::NoHome)?;
        Ok(Self {
            folder,
            java: JavaSearch {
                java_home: set("JAVA_HOME").map(PathBuf::from),
                path: path.clone(),
                folders: vec!["/usr/lib/jvm".into(), "/Library/Java/JavaVirtualMachines".into()],
            },
            path,
            local_repository: home.join(".m2").join("repository"),
            running,
            kubeconfig: absolute(KUBECONFIG)?,
            only,
        })
    }

    /// Which servers tests are about.
    #[must_use]
    pub fn wanted(&self) -> Vec<Server> {
        Server::chosen(self.only)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Peers, PeersError> {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Peers::from_variables(|name| variables.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn peers_are_kept_in_the_cache_unless_a_folder_is_named() {
        assert!(read(&[]).unwrap().folder.ends_with("primehub/peers"));
        assert!(read(&[(FOLDER, "")]).unwrap().folder.ends_with("primehub/peers"));
        assert_eq!(read(&[(FOLDER, "/somewhere")]).unwrap().folder, PathBuf::from("/somewhere"));
    }

    #[test]
    fn a_relative_folder_is_refused() {
        let error = read(&[(FOLDER, "target/peers")]).unwrap_err();
        assert_eq!(error.to_string(), "PRIMEHUB_PEERS_DIR is target/peers: give the absolute path");
        let error = read(&[(KUBECONFIG, "kubeconfig")]).unwrap_err();
        assert_eq!(error.to_string(), "PRIMEHUB_KUBECONFIG is kubeconfig: give the absolute path");
    }

    #[test]
    fn tests_are_about_all_servers_unless_one_is_named() {
        assert_eq!(read(&[]).unwrap().wanted(), Server::ALL);
        assert_eq!(read(&[(ONLY, "kubernetes")]).unwrap().wanted(), [Server::Kubernetes]);
        let error = read(&[(ONLY, "kube")]).unwrap_err();
        assert_eq!(error.to_string(), "PRIMEHUB_PEERS_ONLY is kube, which is neither keycloak nor kubernetes");
    }

    #[test]
    fn a_running_server_comes_with_its_administrator() {
        assert!(read(&[]).unwrap().running.is_none());
        let missing = read(&[(KEYCLOAK_URL, "http://k"), (KEYCLOAK_ADMIN, "admin")]).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "PRIMEHUB_KEYCLOAK_URL is set, PRIMEHUB_KEYCLOAK_ADMIN_PASSWORD is not: say who administers that server"
        );
        let running =
            read(&[(KEYCLOAK_URL, "http://k/auth/"), (KEYCLOAK_ADMIN, "admin"), (KEYCLOAK_ADMIN_PASSWORD, "secret")])
                .unwrap()
                .running
                .unwrap();
        assert_eq!(running.base_url, "http://k/auth");
        assert_eq!(running.administrator.password.expose_secret(), "secret");
    }
}
