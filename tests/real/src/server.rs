//! Which servers there are.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A server that tests run against. Each can be had without the other.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Server {
    /// The identity provider.
    Keycloak,
    /// The control plane of a cluster.
    Kubernetes,
}

impl Server {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Keycloak, Self::Kubernetes];

    /// That one alone, or else all.
    #[must_use]
    pub fn chosen(only: Option<Self>) -> Vec<Self> {
        only.map_or_else(|| Self::ALL.to_vec(), |server| vec![server])
    }

    /// As it is called in names of files and variables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Keycloak => "keycloak",
            Self::Kubernetes => "kubernetes",
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keycloak => "Keycloak",
            Self::Kubernetes => "Kubernetes",
        })
    }
}
