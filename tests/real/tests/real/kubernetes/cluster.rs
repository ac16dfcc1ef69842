//! The shared cluster, and a namespace of one's own there.

use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::{DeleteParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::wait::{Condition, await_condition};
use kube::{Api, Client, Config, Resource, ResourceExt as _};
use real_peers::Shared;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

/// How long controllers may take, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client for a user of the kubeconfig; `None` is the current one, the administrator.
pub(super) async fn client(kubeconfig: &Path, context: Option<&str>) -> Client {
    Client::try_from(config(kubeconfig, context).await).unwrap()
}

/// What such a client is made of.
pub(super) async fn config(kubeconfig: &Path, context: Option<&str>) -> Config {
    let file = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(file, &options).await.unwrap()
}

/// The administrator's client of the shared cluster.
pub(super) async fn administrator(shared: &Shared) -> Client {
    client(&shared.kubeconfig().await.unwrap(), None).await
}

/// A namespace that nothing else is in, on a cluster that has a machine.
pub(super) struct Place {
    pub(super) client: Client,
    pub(super) namespace: String,
}

impl Place {
    pub(super) async fn make(shared: &Shared) -> Self {
        let client = administrator(shared).await;
        let nodes = Api::<Node>::all(client.clone());
        let node = object(json!({ "metadata": { "name": "machine" } }));
        match nodes.create(&PostParams::default(), &node).await {
            // Another test has made it.
            Err(kube::Error::Api(status)) if status.is_already_exists() => (),
            made => drop(made.unwrap()),
        }
        let namespace = object(json!({ "metadata": { "generateName": "trial-" } }));
        let namespaces = Api::<Namespace>::all(client.clone());
        let namespace = namespaces.create(&PostParams::default(), &namespace).await.unwrap().name_any();
        Self { client, namespace }
    }

    /// Those of one kind that are in the namespace.
    pub(super) fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Takes the namespace away, with all that is in it.
    pub(super) async fn end(self) {
        let namespaces = Api::<Namespace>::all(self.client);
        drop(namespaces.delete(&self.namespace, &DeleteParams::default()).await.unwrap());
    }
}

/// An object, as people write it.
pub(super) fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

/// Waits until an object is as it should be.
pub(super) async fn until<K>(api: &Api<K>, name: &str, condition: impl Condition<K>)
where
    K: Clone + Debug + Send + DeserializeOwned + Resource + 'static,
    K::DynamicType: Default,
{
    let waited = timeout(PATIENCE, await_condition(api.clone(), name, condition)).await;
    let Ok(reached) = waited else {
        panic!("{name} stays as it is: {:?}", api.get_opt(name).await);
    };
    reached.unwrap();
}
