//! The OpenID provider in front of the in-memory identity store: a Keycloak realm's paths, claims, lifetimes and errors.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
//! use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
//!
//! let realm = RealmSettings::new("primehub", "admin-ui");
//! let settings = ProviderSettings::new(&realm, "http://127.0.0.1:8180", "a secret".into());
//! let provider = OpenIdProvider::start(Arc::new(MemoryIdentityStore::new(realm)), settings).await?;
//!
//! assert_eq!(provider.issuer(), "http://127.0.0.1:8180/realms/primehub");
//! let _routes: axum::Router = provider.router();
//! # Ok(())
//! # }
//! ```
//!
//! * People log in on pages, once for all clients of a browser; clients get a code (with PKCE), tokens for it, and end the login again, as they
//!   would at a realm. Everybody has an account page.
//! * Clients are registered at the start: [`ProviderSettings::other_clients`], [`Client::from_keycloak`].
//! * Sessions and signing keys are part of the store, and are kept if it keeps anything.
//!
//! Not offered: Keycloak's admin REST interface, of which PrimeHub itself needs nothing here, as the store is in the same process. Tools that
//! administer a realm need a real one. Nor consent, device codes, token exchange, identity brokering, second factors.

mod authorization;
mod bearer;
mod body;
mod browser;
mod claims;
mod client;
mod cookies;
mod cors;
mod discovery;
mod end_session;
mod error;
mod form;
mod forms;
mod grants;
mod guard;
mod http;
mod issuer;
mod keys;
mod logins;
mod pages;
mod provider;
mod revoked;
mod scope;
mod settings;
mod stored_keys;

pub use authorization::InvalidRedirectUri;
pub use client::{
    AccountField, ClaimMapper, ClaimSource, ClaimType, Client, ClientRepresentationError, GroupNames, PkcePolicy,
    TokenKinds,
};
pub use discovery::{DiscoveryDocument, OAuthMetadata};
pub use keys::{KeyError, KeyUse};
pub use provider::{MintError, OpenIdProvider};
pub use settings::{ProviderSettings, StartError};

#[cfg(test)]
mod tests;
