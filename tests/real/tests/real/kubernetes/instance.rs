//! Instances live and end.

use std::net::TcpListener;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::conditions::is_deleted;
use real_peers::{KUBERNETES_VERSION, Kubernetes, KubernetesOptions, ServerError, Servers, Shared};
use serde_json::{Value, json};

use super::cluster::{administrator, client, object, until};

pub(super) async fn version(shared: Arc<Shared>) {
    let version = administrator(&shared).await.apiserver_version().await.unwrap();
    assert_eq!(version.git_version, format!("v{KUBERNETES_VERSION}"));
}

pub(super) async fn kubectl(shared: Arc<Shared>) {
    let kubeconfig = shared.kubeconfig().await.unwrap();
    let mut command = shared.program().await.unwrap().kubectl(&kubeconfig);
    let output = command.args(["version", "--output=json"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    for side in ["clientVersion", "serverVersion"] {
        assert_eq!(printed[side]["gitVersion"], format!("v{KUBERNETES_VERSION}"));
    }
}

pub(super) async fn life(shared: Arc<Shared>) {
    let program = shared.program().await.unwrap();
    let options = KubernetesOptions { servers: Servers::Api, ..KubernetesOptions::default() };
    let kubernetes = Kubernetes::start(program, options).await.unwrap();
    let maps = || async { Api::<ConfigMap>::default_namespaced(client(&kubernetes.kubeconfig(), None).await) };
    let map = object(json!({ "metadata": { "name": "kept" }, "data": { "key": "value" } }));
    maps().await.create(&PostParams::default(), &map).await.unwrap();
    let memory = kubernetes.memory().unwrap();
    assert!(memory.api_server > memory.etcd && memory.etcd > 10_000_000, "{memory:?}");

    // What is written is there again after an orderly end and after a sudden one, on the same ports.
    kubernetes.stop().await.unwrap();
    assert!(!kubernetes.is_running().unwrap());
    assert!(matches!(kubernetes.memory(), Err(ServerError::NotRunning)));
    kubernetes.launch_again().unwrap();
    kubernetes.ready().await.unwrap();
    assert!(maps().await.get("kept").await.is_ok());
    kubernetes.kill().unwrap();
    kubernetes.launch_again().unwrap();
    kubernetes.ready().await.unwrap();
    assert!(maps().await.get("kept").await.is_ok());

    let (url, kubeconfig) = (kubernetes.url(), kubernetes.kubeconfig());
    drop(kubernetes);
    TcpListener::bind(url.strip_prefix("https://").unwrap()).unwrap();
    assert!(!kubeconfig.exists());
}

pub(super) async fn controllers(shared: Arc<Shared>) {
    let program = shared.program().await.unwrap();
    let options = KubernetesOptions { servers: Servers::Controllers, ..KubernetesOptions::default() };
    let kubernetes = Kubernetes::start(program, options).await.unwrap();
    kubernetes.kill().unwrap();
    kubernetes.launch_again().unwrap();
    kubernetes.ready().await.unwrap();
    assert!(kubernetes.is_running().unwrap());
    // A namespace goes only if a controller empties it.
    let namespaces = Api::<Namespace>::all(client(&kubernetes.kubeconfig(), None).await);
    let namespace = object(json!({ "metadata": { "name": "short" } }));
    let made = namespaces.create(&PostParams::default(), &namespace).await.unwrap();
    namespaces.delete("short", &DeleteParams::default()).await.unwrap();
    until(&namespaces, "short", is_deleted(&made.metadata.uid.unwrap())).await;
}

pub(super) async fn refused(shared: Arc<Shared>) {
    let program = shared.program().await.unwrap();
    let arguments = vec!["--no-such-option".to_owned()];
    let options = KubernetesOptions { arguments, servers: Servers::Api, ..KubernetesOptions::default() };
    let error = Kubernetes::start(program, options).await.unwrap_err().to_string();
    assert!(error.contains("apiserver ended while it started") && error.contains("--no-such-option"), "{error}");
}
