//! What a provider is started with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use primehub_core::clock::Clock;
use primehub_core::identity::{Actor, Binding, IdentityError, IdentityStore as _, Subject};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::authorization::{Codes, InvalidRedirectUri};
use super::client::Client;
use super::cookies::CookieJar;
use super::guard::Guard;
use super::keys::{KeyError, Keys};
use super::provider::{Inner, LOGINS_AT_ONCE, OpenIdProvider};
use super::revoked::RevokedTokens;
use crate::identity::{MemoryIdentityStore, RealmSettings};

/// What an [`OpenIdProvider`] is started with.
#[derive(Clone)]
#[non_exhaustive]
pub struct ProviderSettings {
    /// The realm's name.
    pub realm: String,
    /// Where the router is reached, without a slash at the end, such as `http://127.0.0.1:8180`. The issuer of all tokens follows from it:
    /// bind the port first.
    pub base_url: String,
    /// PrimeHub's own client. Its account is made an administrator of the realm.
    pub client: Client,
    /// Other applications.
    pub other_clients: Vec<Client>,
    /// What people accept who have `TERMS_AND_CONDITIONS` to do: plain text, paragraphs separated by empty lines. Who has that to do is for
    /// the store to say: [`RealmSettings::default_actions`] makes it everybody who is new.
    pub terms: Option<String>,
    /// Tells when a token was made, and what has expired.
    pub clock: Arc<dyn Clock>,
}

impl ProviderSettings {
    /// A provider for the realm of a store that was made with `realm`, reached at `base_url`, with PrimeHub's client and its secret.
    #[must_use]
    pub fn new(realm: &RealmSettings, base_url: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            realm: realm.realm.clone(),
            base_url: base_url.into().trim_end_matches('/').to_owned(),
            client: Client::prime_hub(&realm.client_id, client_secret, &realm.realm),
            other_clients: Vec::new(),
            terms: None,
            clock: realm.clock.clone(),
        }
    }
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("realm", &self.realm)
            .field("base_url", &self.base_url)
            .field("client", &self.client)
            .field("other_clients", &self.other_clients)
            .finish_non_exhaustive()
    }
}

/// Why a provider did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There are no keys.
    #[error("the signing keys could not be made")]
    Keys(#[from] KeyError),
    /// A client's own account could not be made.
    #[error("the account of client {client} could not be made")]
    ServiceAccount {
        /// The client's id.
        client: String,
        /// What was in the way.
        #[source]
        source: IdentityError,
    },
    /// A client's address could send people, and their codes, to somebody else.
    #[error("client {client} cannot have the address {uri:?}, which {problem}")]
    RedirectUri {
        /// The client's id.
        client: String,
        /// The refused address.
        uri: String,
        /// What is wrong with it.
        problem: InvalidRedirectUri,
    },
    /// Metadata cannot be published under the base URL.
    #[error("{base_url:?} cannot be the base of an issuer")]
    BaseUrl {
        /// The refused address.
        base_url: String,
        /// What is wrong with it.
        #[source]
        source: url::ParseError,
    },
}

impl OpenIdProvider {
    /// Makes the keys and the clients' own accounts, unless the store has them. Takes a few hundred milliseconds at most, on a thread where
    /// blocking is allowed: an RSA key has to be found.
    ///
    /// # Errors
    /// When there are no keys, a person has the name of a client's own account, a client has an impossible address, or the base URL is none.
    pub async fn start(store: Arc<MemoryIdentityStore>, settings: ProviderSettings) -> Result<Self, StartError> {
        let ProviderSettings { realm, base_url, client, other_clients, terms, clock } = settings;
        let issuer = format!("{base_url}/realms/{realm}");
        let address = match url::Url::parse(&issuer) {
            Ok(address) => address,
            Err(source) => return Err(StartError::BaseUrl { base_url, source }),
        };
        for client in other_clients.iter().chain([&client]) {
            client.check_addresses().map_err(|(uri, problem)| StartError::RedirectUri {
                client: client.id.clone(),
                uri: uri.to_owned(),
                problem,
            })?;
        }
        // Finding a key takes longest: it goes on beside the rest.
        let keys = tokio::spawn({
            let (store, now) = (store.clone(), clock.now());
            async move { Keys::of(&store, now).await }
        });
        let own_client = client.id.clone();
        let clients: BTreeMap<_, _> =
            other_clients.into_iter().chain([client]).map(|client| (client.id.clone(), client)).collect();
        for client in clients.values().filter(|client| client.service_account) {
            let failed = |source| StartError::ServiceAccount { client: client.id.clone(), source };
            let by = Actor::service();
            let account = store.ensure_service_account(&by, &client.id).await.map_err(failed)?.value;
            if client.id == own_client {
                let role = store.directory().administrator_role().clone();
                let grant = Binding::Grant { to: Subject::User(account.id.clone()), role };
                for outcome in store.bind(&by, &[grant]).await.map_err(failed)? {
                    outcome.map_err(failed)?;
                }
            }
        }
        let keys = keys.await.map_err(|error| KeyError::Generation(error.to_string()))??;
        Ok(Self(Arc::new(Inner {
            issuer,
            path: address.path().to_owned(),
            origin: address.origin().ascii_serialization(),
            cookies: CookieJar::of(&address),
            realm,
            store,
            guard: Guard::new(clock.clone()),
            codes: Codes::default(),
            clock,
            clients,
            own_client,
            terms,
            keys,
            revoked: RevokedTokens::default(),
            logins: Semaphore::new(LOGINS_AT_ONCE),
        })))
    }
}
