//! That the real Kubernetes does what other tests rely on.

mod cluster;
mod conformance;
mod definitions;
mod instance;
mod rights;
mod work;

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use real_peers::Shared;

pub(crate) use self::conformance::Suite;

pub(crate) fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    vec![
        trial("the_shared_server_has_the_version_that_was_asked_for", shared, instance::version),
        trial("kubectl_is_of_the_same_version", shared, instance::kubectl),
        trial("an_instance_lives_and_ends", shared, instance::life),
        trial("controllers_act_again_after_a_restart", shared, instance::controllers),
        trial("a_start_that_fails_says_why", shared, instance::refused),
        trial("a_node_becomes_ready", shared, work::node),
        trial("a_deployment_of_three_pods_runs", shared, work::deployment),
        trial("a_job_completes", shared, work::job),
        trial("a_pod_fails_with_the_exit_code_of_its_annotation", shared, work::failing),
        trial("a_pod_without_annotations_runs_until_it_is_deleted", shared, work::deleted),
        trial("a_user_without_rights_is_refused", shared, rights::refused),
        trial("definitions_are_accepted", shared, definitions::accepted),
    ]
}

/// A trial with a runtime of its own.
fn trial<F>(name: &str, shared: &Arc<Shared>, run: impl FnOnce(Arc<Shared>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    let shared = Arc::clone(shared);
    Trial::test(format!("kubernetes::{name}"), move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run(shared));
        Ok::<_, Failed>(())
    })
    .with_kind("kubernetes")
}
