//! A realm of some size, and PrimeHub in front of it.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use primehub_core::identity::token::{TokenIssuer as _, TokenPolicy};
use primehub_core::identity::{Actor, IdentityStore as _, NewPassword};
use primehub_core::names::{GroupId, UserId};
use primehub_graphql::{PlatformConfig, Server};
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
use primehub_tests::Counted;
use secrecy::SecretString;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::documents::me;
use crate::issuer::CountedIssuer;
use crate::population::{CLIENT, REALM, Size, populate};

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub id: UserId,
    /// Login name.
    pub username: String,
    /// An API token.
    pub api_token: SecretString,
}

/// A realm in which everybody has names, an e-mail address and [`GROUPS_EACH`](crate::GROUPS_EACH) groups, and every group has quotas and an
/// administrator, with PrimeHub in front of it.
pub struct World {
    /// People and groups.
    pub store: Arc<MemoryIdentityStore>,
    /// Who issues their tokens.
    pub provider: Arc<OpenIdProvider>,
    counted_store: Arc<Counted<MemoryIdentityStore>>,
    counted_issuer: Arc<CountedIssuer<OpenIdProvider>>,
    /// By login name: `user-000000` administers the platform.
    pub users: Vec<UserId>,
    /// By name.
    pub groups: Vec<GroupId>,
    /// The platform administrator.
    pub administrator: Person,
    /// A member of [`GROUPS_OF_MEMBER`](crate::GROUPS_OF_MEMBER) groups, without other rights.
    pub member: Person,
    /// The whole server.
    pub router: Router,
}

/// The password of the measured member.
const PASSWORD: &str = "correct horse battery staple";

impl World {
    /// Makes a realm of that size and a server in front of it.
    ///
    /// # Errors
    /// Fewer than two people, or a store that refuses.
    pub async fn new(size: Size) -> anyhow::Result<Self> {
        let realm = RealmSettings::new(REALM, CLIENT);
        let settings = ProviderSettings::new(&realm, "http://127.0.0.1:8180", "a secret of this bench".into());
        let store = Arc::new(MemoryIdentityStore::new(realm));
        let (users, groups) = populate(&store, size).await?;
        let provider = Arc::new(OpenIdProvider::start(store.clone(), settings).await?);

        let person = async |id: &UserId| {
            let directory = store.directory();
            let user = directory.user(id).context("a person who is gone")?;
            let api_token = provider.mint_api_token(id).await?;
            anyhow::Ok(Person { id: id.clone(), username: user.username.to_string(), api_token })
        };
        let [administrator, member, ..] = users.as_slice() else { anyhow::bail!("a realm needs two people") };
        let (administrator, member) = (person(administrator).await?, person(member).await?);

        let counted_store = Arc::new(Counted::new(store.clone()));
        let counted_issuer = Arc::new(CountedIssuer::new(provider.clone()));
        let policy = TokenPolicy::new(provider.issuer(), CLIENT);
        let config = PlatformConfig::new(CLIENT);
        let server =
            Server::builder(counted_store.clone(), counted_issuer.clone(), config, policy).prefix("/api").build();
        let router = server.router();
        Ok(Self { store, provider, counted_store, counted_issuer, users, groups, administrator, member, router })
    }

    /// How often the server asks the identity store or the token issuer while `work` is done.
    pub async fn counted<T>(&self, work: impl Future<Output = T>) -> (T, usize) {
        let asked = || self.counted_store.take().values().sum::<usize>() + self.counted_issuer.take().all();
        asked();
        let done = work.await;
        (done, asked())
    }

    /// The person's client with the API token: the server has to exchange it the first time.
    ///
    /// # Errors
    /// A token that does not fit into a header.
    pub fn with_api_token(&self, person: &Person) -> anyhow::Result<Client> {
        Client::new(self.router.clone(), &person.api_token)
    }

    /// The person's client with an access token, good for five minutes.
    ///
    /// # Errors
    /// A provider that gives none.
    pub async fn with_access_token(&self, person: &Person) -> anyhow::Result<Client> {
        Client::new(self.router.clone(), &self.provider.exchange_api_token(&person.api_token).await?)
    }

    /// How often the server exchanges a new API token of the member that `requests` use at the same moment.
    ///
    /// # Errors
    /// A provider that gives no token, a request that is not answered.
    pub async fn exchanges_of_first_uses(&self, requests: usize) -> anyhow::Result<usize> {
        let client = Client::new(self.router.clone(), &self.provider.mint_api_token(&self.member.id).await?)?;
        self.counted_issuer.take();
        let mut answers = JoinSet::new();
        for _ in 0..requests {
            let client = client.clone();
            answers.spawn(async move { client.prove(&me()).await });
        }
        answers.join_all().await.into_iter().collect::<anyhow::Result<()>>()?;
        Ok(self.counted_issuer.take().exchanges)
    }

    /// Lets the member log in, and answers the password.
    ///
    /// # Errors
    /// A store that refuses.
    pub async fn password_of_member(&self) -> anyhow::Result<SecretString> {
        let password = SecretString::from(PASSWORD);
        let new = NewPassword::lasting(password.clone());
        self.store.set_password(&Actor::service(), &self.member.id, new).await?;
        Ok(password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{GROUPS_EACH, GROUPS_OF_MEMBER};

    #[tokio::test]
    async fn a_realm_is_as_large_as_asked() {
        let world = World::new(Size { users: 30, groups: 20 }).await.unwrap();
        let directory = world.store.directory();
        assert_eq!((directory.people_count(), world.groups.len()), (30, 20));
        let groups_of = |person: &UserId| directory.groups_of(person).count() - 1;
        assert_eq!(groups_of(&world.member.id), GROUPS_OF_MEMBER);
        assert_eq!(groups_of(&world.users[29]), GROUPS_EACH);
        assert!(directory.is_administrator(&world.administrator.id));
        assert!(!directory.is_administrator(&world.member.id));
    }
}
