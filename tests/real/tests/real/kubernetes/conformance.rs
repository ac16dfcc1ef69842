//! The Kubernetes conformance suite on the real server, where each case was recorded.

use std::path::Path;
use std::sync::Arc;

use kube::Client;
use kubernetes_conformance::{Cluster, Failure, trials};
use libtest_mimic::Trial;
use real_peers::Shared;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use super::cluster::config;

/// The suite, which runs the cases of its trials.
pub(crate) struct Suite {
    runtime: Runtime,
}

impl Suite {
    pub(crate) fn new() -> Self {
        Self { runtime: tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap() }
    }

    /// Every case as `kubernetes-conformance/<case>`. They must not outlive the suite.
    pub(crate) fn trials(&self, shared: &Arc<Shared>) -> Vec<Trial> {
        let shared = Arc::clone(shared);
        let users = Arc::new(OnceCell::new());
        trials("kubernetes-conformance", self.runtime.handle(), move || {
            let (shared, users) = (Arc::clone(&shared), Arc::clone(&users));
            async move {
                let both = || async {
                    let kubeconfig = shared.kubeconfig().await.map_err(Failure::broken)?;
                    Ok::<_, Failure>((user(&kubeconfig, "admin").await?, user(&kubeconfig, "jane").await?))
                };
                let (administrator, jane): &(Client, Client) = users.get_or_try_init(both).await?;
                Ok(Cluster::new(administrator.clone()).with_other(jane.clone()))
            }
        })
    }
}

async fn user(kubeconfig: &Path, context: &str) -> Result<Client, Failure> {
    let mut config = config(kubeconfig, Some(context)).await;
    // What the server says is the answer, not what it says after several tries.
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}
