//! The identity conformance suite on a real Keycloak: every case a trial, all of them in one realm that the bootstrap has made.

mod backend;
mod hand;
mod mail;
mod original;
mod price;
mod realm;

use std::sync::Arc;

use libtest_mimic::{Completion, Failed, Trial};
use primehub_conformance::{Conformance, Failure, all};
use real_peers::Shared;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use self::backend::KeycloakBackend;

/// The suite, whose realm is made when the first case runs.
pub(crate) struct Suite {
    runtime: Runtime,
    shared: Arc<Shared>,
    running: OnceCell<(Arc<KeycloakBackend>, Arc<Conformance>)>,
}

impl Suite {
    pub(crate) fn new(shared: &Arc<Shared>) -> Arc<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        Arc::new(Self { runtime, shared: Arc::clone(shared), running: OnceCell::new() })
    }

    pub(crate) fn trials(self: &Arc<Self>) -> Vec<Trial> {
        let (alone, beside): (Vec<_>, Vec<_>) = all().into_iter().enumerate().partition(|(_, case)| case.alone);
        // Those that run alone stand at the end: others would have to wait for them.
        let cases = beside.into_iter().chain(alone).map(|(number, case)| {
            let suite = Arc::clone(self);
            let attempt = move || match suite.runtime.block_on(suite.attempt(number, case)) {
                Ok(()) => Ok(Completion::Completed),
                Err(Failure::DoesNotArise(reason)) => Ok(Completion::ignored_with(reason)),
                Err(broken) => Err(Failed::from(broken)),
            };
            Trial::ignorable_test(format!("conformance::{}", case.name), attempt).with_kind("keycloak")
        });
        let mut trials: Vec<Trial> = cases.collect();
        trials.extend([
            self.trial("conformance::a_realm_of_the_original_is_adopted_without_loss", original::adopted),
            self.trial("conformance::invitations_of_the_original_are_taken_once", original::taken_once),
            self.trial("conformance::reads_and_writes_cost_few_calls", price::counted),
        ]);
        trials
    }

    /// A trial with a realm of its own.
    fn trial<F>(self: &Arc<Self>, name: &str, run: impl FnOnce(Arc<Shared>) -> F + Send + 'static) -> Trial
    where
        F: Future<Output = ()>,
    {
        let suite = Arc::clone(self);
        Trial::test(name, move || {
            suite.runtime.block_on(run(Arc::clone(&suite.shared)));
            Ok::<_, Failed>(())
        })
    }

    async fn attempt(&self, number: usize, case: primehub_conformance::Case) -> Result<(), Failure> {
        let begin = || async {
            let backend = Arc::new(KeycloakBackend::start(&self.shared).await);
            let conformance = Conformance::new(backend.clone());
            (backend, conformance)
        };
        let (_, conformance) = self.running.get_or_init(begin).await;
        conformance.run(number, case).await
    }

    /// Says how the cases ended, and takes the realm away.
    pub(crate) fn end(&self) {
        if let Some((backend, conformance)) = self.running.get() {
            println!("{}", conformance.summary());
            self.runtime.block_on(backend.end());
        }
    }
}
