//! PrimeHub's own kinds.

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::runtime::conditions::is_crd_established;
use kube::{Api, ResourceExt as _};
use primehub_core::crd::definitions;
use real_peers::Shared;

use super::cluster::{administrator, until};

pub(super) async fn accepted(shared: Arc<Shared>) {
    let api = Api::<CustomResourceDefinition>::all(administrator(&shared).await);
    for definition in definitions() {
        let name = definition.name_any();
        // Applied, since another run may have left them in a server that stays.
        let parameters = PatchParams::apply("trial").force();
        let made = api.patch(&name, &parameters, &Patch::Apply(&definition)).await;
        let made = made.unwrap_or_else(|error| panic!("{name}: {error}"));
        until(&api, &name, is_crd_established()).await;
        // A schema that the server takes and does not find structural is a condition, and nothing is pruned or checked.
        let made = api.get(&made.name_any()).await.unwrap();
        let conditions = made.status.unwrap().conditions.unwrap_or_default();
        let flawed = conditions.iter().find(|condition| condition.type_ == "NonStructuralSchema");
        assert!(flawed.is_none(), "{name}: {flawed:?}");
    }
}
