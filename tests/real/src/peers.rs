//! What the environment says about peers.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::endpoint::{Administrator, Endpoint};
use crate::java::JavaSearch;

/// Where prepared peers are kept.
const FOLDER: &str = "PRIMEHUB_PEERS_DIR";
/// A Keycloak that runs already.
pub(crate) const KEYCLOAK_URL: &str = "PRIMEHUB_KEYCLOAK_URL";
/// The name of its administrator, of realm `master`.
pub(crate) const KEYCLOAK_ADMIN: &str = "PRIMEHUB_KEYCLOAK_ADMIN";
/// The password of its administrator.
pub(crate) const KEYCLOAK_ADMIN_PASSWORD: &str = "PRIMEHUB_KEYCLOAK_ADMIN_PASSWORD";

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
    /// The server that somebody else has started for the tests.
    pub(crate) running: Option<Endpoint>,
}

/// Why the environment does not say where peers are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeersError {
    /// The user has no home folder, and no other folder was named.
    #[error("there is no home folder: name a folder for the peers in {FOLDER}")]
    NoHome,
    /// Cargo runs tests in the folder of their package and programs in the user's, so a relative path would mean two places.
    #[error("{FOLDER} is {}: name the folder by its absolute path", .0.display())]
    Relative(PathBuf),
    /// A running server was named without its administrator.
    #[error("{KEYCLOAK_URL} is set, {0} is not: say who administers that server")]
    Incomplete(&'static str),
}

impl Peers {
    /// Reads the environment.
    ///
    /// `PRIMEHUB_PEERS_DIR`, an absolute path, is where prepared peers are kept (otherwise `primehub/peers` in the user's cache folder), `JAVA_HOME` and
    /// `PATH` are where Java and Maven are looked for. `PRIMEHUB_KEYCLOAK_URL`, `PRIMEHUB_KEYCLOAK_ADMIN` and `PRIMEHUB_KEYCLOAK_ADMIN_PASSWORD`
    /// name a server that runs already, for tests that share one ([`Shared`](crate::Shared)).
    ///
    /// # Errors
    ///
    /// [`PeersError`] says what is missing.
    pub fn from_variables(var: impl Fn(&str) -> Option<String>) -> Result<Self, PeersError> {
        let set = |name| var(name).filter(|value| !value.is_empty());
        let folder = match set(FOLDER).map(PathBuf::from) {
            Some(folder) if folder.is_absolute() => folder,
            Some(folder) => return Err(PeersError::Relative(folder)),
            None => {
                etcetera::choose_base_strategy().map_err(|_| PeersError::NoHome)?.cache_dir().join("primehub/peers")
            }
        };
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
        })
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
        assert_eq!(error.to_string(), "PRIMEHUB_PEERS_DIR is target/peers: name the folder by its absolute path");
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
