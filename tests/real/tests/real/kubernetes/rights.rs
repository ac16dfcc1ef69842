//! The second user of the cluster.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use real_peers::Shared;

use super::cluster::client;

pub(super) async fn refused(shared: Arc<Shared>) {
    let kubeconfig = shared.kubeconfig().await.unwrap();
    let pods = Api::<Pod>::default_namespaced(client(&kubeconfig, Some("jane")).await);
    match pods.list(&ListParams::default()).await.unwrap_err() {
        kube::Error::Api(status) => {
            assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden"), "{status:?}");
            assert!(status.message.contains("User \"jane\" cannot list resource \"pods\""), "{status:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(Api::<Pod>::default_namespaced(client(&kubeconfig, None).await).list(&ListParams::default()).await.is_ok());
}
