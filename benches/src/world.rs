//! A realm of some size, and PrimeHub in front of it.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use primehub_core::identity::token::{TokenIssuer as _, TokenPolicy};
use primehub_core::identity::{Actor, Binding, IdentityStore as _, NewGroup, NewPassword, NewUser, Subject, attribute};
use primehub_core::names::{GroupId, UserId};
use primehub_graphql::{PlatformConfig, Server};
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
use primehub_tests::Counted;
use secrecy::SecretString;

use crate::client::Client;
use crate::issuer::CountedIssuer;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// People, the administrator among them.
    pub users: usize,
    /// Groups, that of everyone left out.
    pub groups: usize,
}

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

/// A realm in which everybody has names, an e-mail address and [`GROUPS_EACH`] groups, and every group has quotas and an
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
    /// A member of [`GROUPS_OF_MEMBER`] groups, without other rights.
    pub member: Person,
    /// The whole server.
    pub router: Router,
}

/// In how many groups everybody is, if there are so many.
pub const GROUPS_EACH: usize = 5;

/// In how many groups the member is whose requests are measured, if there are so many.
pub const GROUPS_OF_MEMBER: usize = 10;

/// The password of the measured member.
const PASSWORD: &str = "correct horse battery staple";

/// How many bindings are made in one call.
const BINDINGS_AT_ONCE: usize = 10_000;

impl World {
    /// Makes a realm of that size and a server in front of it.
    ///
    /// # Errors
    /// Fewer than two people, or a store that refuses.
    pub async fn new(size: Size) -> anyhow::Result<Self> {
        let realm = RealmSettings::new("primehub", CLIENT);
        let settings = ProviderSettings::new(&realm, "http://127.0.0.1:8180", "a secret of this bench".into());
        let store = Arc::new(MemoryIdentityStore::new(realm));
        let (users, groups) = fill(&store, size).await?;
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
        let asked = || self.counted_store.take().values().sum::<usize>() + self.counted_issuer.take();
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

/// PrimeHub's client at the provider.
const CLIENT: &str = "admin-ui";

/// Fills a store with people and groups.
async fn fill(store: &MemoryIdentityStore, size: Size) -> anyhow::Result<(Vec<UserId>, Vec<GroupId>)> {
    let by = Actor::service();
    let mut groups = Vec::with_capacity(size.groups);
    for number in 0..size.groups {
        groups.push(store.create_group(&by, new_group(number)?).await?.value.id.clone());
    }
    let mut users = Vec::with_capacity(size.users);
    for number in 0..size.users {
        users.push(store.create_user(&by, new_user(number)?).await?.value.id.clone());
    }
    let mut bindings = Vec::new();
    for (number, user) in users.iter().enumerate() {
        let many = if number == MEMBER { GROUPS_OF_MEMBER } else { GROUPS_EACH };
        for nth in 0..many.min(groups.len()) {
            bindings.push(Binding::Join { user: user.clone(), group: groups[(number + nth) % groups.len()].clone() });
        }
    }
    if let Some(administrator) = users.first() {
        let role = store.directory().administrator_role().clone();
        bindings.push(Binding::Grant { to: Subject::User(administrator.clone()), role });
    }
    for some in bindings.chunks(BINDINGS_AT_ONCE) {
        store.bind(&by, some).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    Ok((users, groups))
}

/// Which of the people is measured.
const MEMBER: usize = 1;

fn username(number: usize) -> String {
    format!("user-{number:06}")
}

fn new_user(number: usize) -> anyhow::Result<NewUser> {
    let mut new = NewUser::new(username(number).parse()?);
    new.email = Some(format!("{}@example.com", username(number)));
    (new.first_name, new.last_name) = (Some(format!("Given{number}")), Some(format!("Family{number}")));
    Ok(new)
}

fn new_group(number: usize) -> anyhow::Result<NewGroup> {
    let mut new = NewGroup::new(format!("group-{number:04}").parse()?);
    let admin = username(number + 2);
    let display_name = format!("Group {number}");
    let settings = [
        (attribute::DISPLAY_NAME, display_name.as_str()),
        (attribute::ADMINS, admin.as_str()),
        (attribute::QUOTA_CPU, "4"),
        (attribute::QUOTA_GPU, "1"),
        (attribute::QUOTA_MEMORY, "16G"),
        (attribute::PROJECT_QUOTA_CPU, "64"),
        (attribute::PROJECT_QUOTA_GPU, "8"),
        (attribute::PROJECT_QUOTA_MEMORY, "256G"),
    ];
    for (name, value) in settings {
        new.attributes.set_one(name, value);
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

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
