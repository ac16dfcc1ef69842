//! The store in memory as a backend.

use std::sync::Arc;

use async_trait::async_trait;
use primehub_core::identity::token::TokenIssuer as _;
use primehub_core::identity::{Actor, Binding, IdentityStore, NewPassword, NewUser, Subject};
use primehub_memory::identity::{MemoryIdentityStore, PasswordCost, RealmSettings};
use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
use secrecy::SecretString;

use crate::context::parsed;
use crate::memory_hand::{self, MemoryHand};
use crate::{Backend, Failure, OtherHand};

/// The store in memory, with an OpenID provider in front of it for logins and API tokens. The other hand is a second handle on the same
/// store, so what it does shows at once.
pub struct MemoryBackend {
    memory: Arc<MemoryIdentityStore>,
    tested: Arc<dyn IdentityStore>,
    provider: OpenIdProvider,
    administrator: Actor,
    plain_person: Actor,
}

impl MemoryBackend {
    /// A new realm with an administrator and a person without rights.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn start() -> Result<Self, Failure> {
        Self::start_as(|store| store).await
    }

    /// The same, tested through a decorator.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn start_as(
        decorate: impl FnOnce(Arc<dyn IdentityStore>) -> Arc<dyn IdentityStore>,
    ) -> Result<Self, Failure> {
        let mut settings = RealmSettings::new("primehub", "admin-ui");
        settings.password_cost = PasswordCost::lowest();
        let of_provider = ProviderSettings::new(&settings, "http://127.0.0.1", "secret-of-the-client".into());
        let memory = Arc::new(MemoryIdentityStore::new(settings));
        let provider = OpenIdProvider::start(memory.clone(), of_provider).await.map_err(Failure::broken)?;
        let mut people = Vec::new();
        for name in ["conformance-administrator", "conformance-person"] {
            let user = memory.create_user(&Actor::service(), NewUser::new(parsed(name)?)).await?.value;
            let password = SecretString::from(format!("password of {name}"));
            memory.set_password(&Actor::service(), &user.id, NewPassword::lasting(password.clone())).await?;
            let token = provider.log_in(name, &password).await.map_err(Failure::broken)?;
            people.push(Actor::Person { id: user.id.clone(), token });
            if people.len() == 1 {
                let role = memory.directory().administrator_role().clone();
                let grant = Binding::Grant { to: Subject::User(user.id.clone()), role };
                for outcome in memory.bind(&Actor::service(), &[grant]).await? {
                    outcome?;
                }
            }
        }
        let [administrator, plain_person] = people.try_into().map_err(|_| Failure::broken("two people were made"))?;
        Ok(Self { tested: decorate(memory.clone()), memory, provider, administrator, plain_person })
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn store(&self) -> Arc<dyn IdentityStore> {
        self.tested.clone()
    }

    fn hand(&self) -> Arc<dyn OtherHand> {
        Arc::new(MemoryHand { store: self.memory.clone(), provider: self.provider.clone() })
    }

    fn administrator(&self) -> Actor {
        self.administrator.clone()
    }

    fn plain_person(&self) -> Actor {
        self.plain_person.clone()
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<Option<Actor>, Failure> {
        let id = self.memory.directory().user_named(username).map(|user| user.id.clone());
        match (id, self.provider.log_in(username, password).await) {
            (Some(id), Ok(token)) => Ok(Some(Actor::Person { id, token })),
            _ => Ok(None),
        }
    }

    fn does_not_arise(&self) -> &'static [(&'static str, &'static str)] {
        memory_hand::CASES
    }
}
