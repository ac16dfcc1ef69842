//! Setting up a realm.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use primehub_core::names::GroupId;
use secrecy::SecretString;
use tokio::time::Instant;

use super::apply::Applier;
use super::clients::clients;
use super::error::BootstrapError;
use super::login::{AdminLogin, LoginSource};
use super::observe::observe;
use super::plan::{EVERYONE, plan};
use super::request::BootstrapRequest;
use super::step::{Plan, Step};
use crate::Keycloak;
use crate::token::ServiceToken;
use crate::transport::{By, Call, CallError, Class, Kind};

/// How long a Keycloak that is being installed may take to come up.
pub const DEFAULT_WAIT: Duration = Duration::from_mins(15);

/// Between two looks at a Keycloak that is not up.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Sets up the realm of an installation, and repairs it: whatever is as it has to be stays, so that it can be run as often as one likes,
/// by several at a time, and again after it was interrupted anywhere.
///
/// In a realm that exists already, redirect addresses, mappers and event types are added and never removed; people, groups and roles are
/// made only where nobody is yet. What people would notice needs [`Flags`](super::Flags).
pub struct Bootstrap {
    keycloak: Keycloak,
    session: ServiceToken<LoginSource>,
    request: BootstrapRequest,
}

/// What a run leaves behind.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The secrets of the clients, by the clients' names.
    pub secrets: BTreeMap<String, SecretString>,
    /// The id of the group that stands for everybody.
    pub everyone: GroupId,
    /// The password of the first administrator, if this run has made or finished that account; given or made at random.
    pub administrator_password: Option<SecretString>,
    /// What was done and found.
    pub steps: Plan,
}

impl Bootstrap {
    /// Prepares a run. Nothing is asked of Keycloak yet.
    ///
    /// # Errors
    /// When no call could be made, or the request cannot be fulfilled anywhere.
    pub fn new(request: BootstrapRequest, login: AdminLogin) -> Result<Self, BootstrapError> {
        let names = [&request.admin_ui, &request.jupyterhub, &request.maintenance_proxy];
        let names: std::collections::BTreeSet<_> = names.into_iter().map(|client| &*client.client_id).collect();
        if names.len() < 3 || names.contains("") {
            return Err(BootstrapError::Request("the clients need three different names"));
        }
        if request.realm.is_empty() {
            return Err(BootstrapError::Request("the realm needs a name"));
        }
        if request.realm == "master" {
            return Err(BootstrapError::Request("the realm master administers Keycloak itself; name another one"));
        }
        let keycloak = Keycloak::new(request.settings())?;
        let session = ServiceToken::new(LoginSource { transport: keycloak.transport().clone(), login });
        Ok(Self { keycloak, session, request })
    }

    /// Waits until Keycloak answers, for at most `limit` (a good one is [`DEFAULT_WAIT`]). `progress` is told of each look in vain: for how
    /// long it has been waited, and what the look brought.
    ///
    /// # Errors
    /// [`BootstrapError::NotUp`].
    pub async fn wait(
        &self,
        limit: Duration,
        mut progress: impl FnMut(Duration, &str) + Send,
    ) -> Result<(), BootstrapError> {
        const KIND: Kind = Kind::new("bootstrap.wait", Class::Public, "no role");
        let began = Instant::now();
        loop {
            let look = Call::new(KIND, Method::GET, ["realms", "master"]).by(By::Nobody);
            let cause = match self.keycloak.call(&look).await {
                Ok(_) => return Ok(()),
                // Whatever else it answers, it is up.
                Err(CallError::Refused(refusal)) if refusal.status < 500 => return Ok(()),
                Err(error) => error.to_string(),
            };
            let waited = began.elapsed();
            tracing::info!(waited_s = waited.as_secs(), cause, "waiting for Keycloak");
            progress(waited, &cause);
            if waited + BETWEEN_LOOKS > limit {
                return Err(BootstrapError::NotUp { waited, cause });
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// What [`Bootstrap::run`] would do now. Changes nothing.
    ///
    /// # Errors
    /// When Keycloak cannot be asked, or does not let the login see.
    pub async fn plan(&self) -> Result<Plan, BootstrapError> {
        let seen = observe(&self.keycloak, &self.session, &self.request).await;
        let seen = seen.map_err(BootstrapError::of("looking at what is there"))?;
        Ok(plan(&seen, &self.request))
    }

    /// Does what the plan says. `progress` is told of each step before it is done. What is refused is left out, and named in the outcome.
    ///
    /// # Errors
    /// When a step fails. The steps before it stay done; another run goes on.
    pub async fn run(&self, mut progress: impl FnMut(&Step) + Send) -> Result<Outcome, BootstrapError> {
        let steps = self.plan().await?;
        let mut handed_out = None;
        let mut applier =
            Applier { keycloak: &self.keycloak, session: &self.session, request: &self.request, password: None };
        for step in steps.steps() {
            progress(step);
            let Some(change) = &step.change else { continue };
            if change.makes_a_password() && handed_out.is_none() {
                // Read before, so that nothing can fail between a password that nobody knows yet and the answer that tells it.
                let told = self.hand_out().await?;
                let platform = &self.request.admin_ui.client_id;
                if !told.0.contains_key(platform) {
                    let step = format!("reading the secret of the client {platform}");
                    return Err(BootstrapError::Failed { step, cause: "keycloak does not tell it".into() });
                }
                handed_out = Some(told);
            }
            applier.apply(change).await.map_err(BootstrapError::of(&step.line))?;
            tracing::info!(verdict = %step.verdict, step = step.line, "realm changed");
        }
        let administrator_password = applier.password;
        let (secrets, everyone) = match handed_out {
            Some(handed_out) => handed_out,
            None => self.hand_out().await?,
        };
        Ok(Outcome { secrets, everyone, administrator_password, steps })
    }

    /// What an outcome tells besides the password.
    async fn hand_out(&self) -> Result<(BTreeMap<String, SecretString>, GroupId), BootstrapError> {
        let (secrets, everyone) =
            self.secrets_and_everyone().await.map_err(BootstrapError::of("reading the clients' secrets"))?;
        let missing =
            || BootstrapError::Failed { step: "reading the group everyone".into(), cause: "it is gone".into() };
        Ok((secrets, everyone.ok_or_else(missing)?))
    }

    async fn secrets_and_everyone(&self) -> Result<(BTreeMap<String, SecretString>, Option<GroupId>), CallError> {
        let token = self.session.get().await?;
        let admin = self.keycloak.admin(By::Token(&token));
        let mut secrets = BTreeMap::new();
        for spec in clients(&self.request) {
            let Some(client) = admin.clients().find(spec.id).await? else { continue };
            if let Some(secret) = admin.clients().secret(&client.id).await? {
                secrets.insert(spec.id.to_owned(), secret);
            }
        }
        let groups = admin.groups().all().await?;
        let everyone = groups.into_iter().find(|group| group.name == EVERYONE && group.parent_id.is_none());
        Ok((secrets, everyone.map(|group| group.id)))
    }
}

impl std::fmt::Debug for Bootstrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bootstrap").field("request", &self.request).finish_non_exhaustive()
    }
}
